//! The machine this program runs on: its files, folders, programs and ports. Every error carries its path.

pub mod archive;
pub mod cache;
pub mod dirs;
pub mod download;
pub mod fs;
pub mod id;
pub mod kernel;
pub mod kubectl;
pub mod process;
