//! What was done, for plans and tests.

use crate::engine::{ContainerSpec, ExecSpec, NetworkSpec};
use std::fmt;
use std::time::Duration;

/// A file in a container.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct File {
    /// What it holds.
    pub content: Vec<u8>,
    /// Permission bits, such as 0o644.
    pub mode: u32,
}

/// Something that changed the engine, or may have. Displays as one line of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs)] // names say it
pub enum Deed {
    CreateContainer(Box<ContainerSpec>),
    StartContainer(String),
    StopContainer { name: String, grace: Duration },
    KillContainer { name: String, signal: String },
    PauseContainer(String),
    UnpauseContainer(String),
    RemoveContainer(String),
    CreateNetwork(NetworkSpec),
    RemoveNetwork(String),
    CreateVolume(String),
    RemoveVolume(String),
    PullImage { reference: String, platform: Option<String> },
    TagImage { reference: String, new_reference: String },
    PushImage(String),
    SaveImages(Vec<String>),
    LoadImages(Vec<String>),
    ImportImage { reference: String, changes: Vec<String> },
    CommitContainer { container: String, reference: String, changes: Vec<String> },
    RemoveImage(String),
    Exec { container: String, spec: Box<ExecSpec>, stdin: Vec<u8> },
    Upload { container: String, files: Vec<(String, File)> },
}

impl fmt::Display for Deed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateContainer(spec) => write!(f, "create container {} from {}", spec.name, spec.image),
            Self::StartContainer(name) => write!(f, "start {name}"),
            Self::StopContainer { name, .. } => write!(f, "stop {name}"),
            Self::KillContainer { name, signal } => write!(f, "send {signal} to {name}"),
            Self::PauseContainer(name) => write!(f, "pause {name}"),
            Self::UnpauseContainer(name) => write!(f, "unpause {name}"),
            Self::RemoveContainer(name) => write!(f, "remove container {name}"),
            Self::CreateNetwork(spec) => write!(f, "create network {}", spec.name),
            Self::RemoveNetwork(name) => write!(f, "remove network {name}"),
            Self::CreateVolume(name) => write!(f, "create volume {name}"),
            Self::RemoveVolume(name) => write!(f, "remove volume {name}"),
            Self::PullImage { reference, .. } => write!(f, "pull {reference}"),
            Self::TagImage { reference, new_reference } => {
                write!(f, "name image {reference} {new_reference}")
            }
            Self::PushImage(reference) => write!(f, "push {reference}"),
            Self::SaveImages(references) => write!(f, "save {}", references.join(", ")),
            Self::LoadImages(references) => write!(f, "load {}", references.join(", ")),
            Self::ImportImage { reference, .. } => write!(f, "import {reference}"),
            Self::CommitContainer { container, reference, .. } => {
                write!(f, "make image {reference} of {container}")
            }
            Self::RemoveImage(reference) => write!(f, "remove image {reference}"),
            Self::Exec { container, spec, stdin } => {
                let command = shlex::try_join(spec.command.iter().map(String::as_str)).unwrap_or_default();
                write!(f, "on {container}: {command}")?;
                if stdin.is_empty() { Ok(()) } else { write!(f, " (with {} bytes of input)", stdin.len()) }
            }
            Self::Upload { container, files } => {
                write!(f, "on {container}: write")?;
                for (path, file) in files {
                    write!(f, " {path} ({} bytes)", file.content.len())?;
                }
                Ok(())
            }
        }
    }
}
