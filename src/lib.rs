//! Kubernetes clusters whose nodes are containers, with the whole lifecycle in scripts.
//!
//! Rust gives the verbs (start a container, run a command in it, merge a kubeconfig); the order of things is
//! in `stdlib/*.rhai` and nowhere else. See `docs/design.md`.

pub mod cli;
pub mod config;
pub mod engine;
pub mod error;
pub mod event;
pub mod kube;
pub mod kubeadm;
pub mod kubeconfig;
pub mod repl;
pub mod yaml;

pub use error::{Error, Result};
