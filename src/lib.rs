//! Kubernetes clusters whose nodes are containers, with the whole lifecycle in scripts.
//!
//! Rust gives the verbs (start a container, run a command in it, merge a kubeconfig); the order of things is
//! in `stdlib/*.rhai` and nowhere else. See `docs/design.md`.

pub mod cli;
pub mod cluster;
pub mod config;
pub mod containerd;
pub mod duration;
pub mod engine;
pub mod error;
pub mod event;
pub mod host;
pub mod image;
pub mod kube;
pub mod kubeadm;
pub mod kubeconfig;
pub mod lsp;
pub mod node;
pub mod repl;
pub mod script;
pub mod yaml;

pub use error::{Error, Result};
