//! A language server for scripts (LSP 3.17 over standard input and output): what `kind check` finds, and what the
//! records know. It answers from the text as it is typed; nothing is run.

mod answers;
mod completion;
mod documents;
mod server;
mod uri;

pub use server::serve;
