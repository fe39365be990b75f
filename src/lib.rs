//! Kubernetes clusters whose nodes are containers, with the whole lifecycle in scripts.
//!
//! Rust gives the verbs (start a container, run a command in it, merge a kubeconfig); the order of things is
//! in `stdlib/*.rhai` and nowhere else. See `docs/design.md`.
//!
//! A program uses [`Kind`]: it creates, lists and deletes clusters, runs commands on nodes, loads images. What a run
//! tells comes as [`event::Event`]s. These, [`Error`] and what their items name are what `docs/library.md` promises to
//! keep; all that is hidden here is the program's own and may change with any release.

mod arch;
#[doc(hidden)]
pub mod cli;
#[doc(hidden)]
pub mod cluster;
#[doc(hidden)]
pub mod config;
#[doc(hidden)]
pub mod containerd;
#[doc(hidden)]
pub mod duration;
#[doc(hidden)]
pub mod engine;
pub mod error;
pub mod event;
#[doc(hidden)]
pub mod host;
#[doc(hidden)]
pub mod image;
#[doc(hidden)]
pub mod kube;
#[doc(hidden)]
pub mod kubeadm;
#[doc(hidden)]
pub mod kubeconfig;
mod library;
#[doc(hidden)]
pub mod lsp;
#[doc(hidden)]
pub mod node;
#[doc(hidden)]
pub mod repl;
mod rfc6902;
#[doc(hidden)]
pub mod script;
#[doc(hidden)]
pub mod yaml;

pub use error::{Error, Result};
pub use library::{CreateOptions, Kind, NodeInfo};
pub use node::Output;
