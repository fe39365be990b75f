//! Image archives (docker-archive layout, one layer) made without an engine, and images on their way into a
//! node's container runtime.

mod flatten;
mod layer;
mod load;
mod pack;
mod runtime;

pub use flatten::flatten;
pub use load::{Loaded, Source, load, whiteouts};
pub use pack::{Config, Spec, from_layer, pack};
pub use runtime::from_node;
