//! Results of `kind test` in the forms that people and machines read.

mod github;
mod junit;
mod text;

pub use github::annotations;
pub use junit::junit;
pub use text::{failure, summary};
