//! What could stand at the cursor: names, methods of what stands before a dot, keys of maps, and inside of texts
//! whatever the function around them is about: clusters, nodes, images, modules, files here and on nodes.
//!
//! Nothing is run to find out. Values of variables are known, what calls would return is read from the records, and
//! what the engine has is asked in the background ([`live`]).

mod context;
mod live;
mod names;
mod paths;
mod value;

pub use context::open_call;
pub use live::Live;
pub use names::{Import, Names, called};

use crate::repl::Candidate;

/// Files of this machine that begin with what is typed.
pub fn files(typed: &str) -> Vec<Candidate> {
    paths::here(std::path::Path::new(""), typed, "")
}

/// Files of a node that begin with what is typed.
pub fn paths_on_node(live: &Live, node: &str, typed: &str) -> Vec<Candidate> {
    let entries = live.folder(node, paths::split(typed).0);
    paths::matching(typed, entries.iter().map(String::as_str))
}
