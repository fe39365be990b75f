//! Kubeconfig files: which ones count, how an entry gets in, how it gets out again.
//!
//! A file is shared with kubectl and with every other tool: it is changed under the lock they use, in one
//! move, readable by its owner alone, and what is not understood is kept. Nothing a file holds gets into an
//! error, for it may be a key.

mod file;
mod lock;
mod merge;
mod model;
mod paths;

pub use file::write;
pub use merge::{merge, remove};
pub use model::{Kubeconfig, render};
pub use paths::{destination, paths};
