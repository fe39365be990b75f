//! Where the lines typed before are kept: per user, in the state folder (`$XDG_STATE_HOME/kind`, by default
//! `~/.local/state/kind`), readable by nobody else.
#![expect(clippy::disallowed_methods, reason = "the errors of this file name the path themselves")]

use std::path::PathBuf;

use etcetera::BaseStrategy;

/// How many lines are kept.
pub(super) const LINES: usize = 10_000;

/// The file; `None` when the user has no home. Its folder has been made.
pub(super) fn file() -> Option<PathBuf> {
    let places = etcetera::choose_base_strategy().ok()?;
    let folder = places.state_dir().unwrap_or_else(|| places.data_dir()).join("kind");
    // without a folder there is no history, which is no reason not to work
    std::fs::create_dir_all(&folder).ok()?;
    Some(folder.join("repl_history"))
}
