//! The engine trait against a real engine. Everything made here is removed, also when a test fails.
//!
//! `KIND_TEST_ENGINE=none` skips these tests; without an engine they fail otherwise.
#![allow(missing_docs, clippy::unwrap_used)]

#[path = "engine/support.rs"]
mod support;

#[path = "engine/containers.rs"]
mod containers;
#[path = "engine/exec.rs"]
mod exec;
#[path = "engine/files.rs"]
mod files;
#[path = "engine/images.rs"]
mod images;
#[path = "engine/networks.rs"]
mod networks;
#[path = "engine/unreachable.rs"]
mod unreachable;
