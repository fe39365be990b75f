//! The folders of the XDG base directory specification, on every system alike.

use etcetera::BaseStrategy;
use std::path::PathBuf;

fn base(pick: impl FnOnce(&etcetera::base_strategy::Xdg) -> PathBuf) -> PathBuf {
    match etcetera::base_strategy::Xdg::new() {
        Ok(xdg) => pick(&xdg).join("kind"),
        // Without a home folder there is only the working directory.
        Err(_) => PathBuf::from(".kind"),
    }
}

/// `$XDG_DATA_HOME/kind`: the private engine.
pub fn data() -> PathBuf {
    base(BaseStrategy::data_dir)
}
/// `$XDG_CACHE_HOME/kind`: what can be made again.
pub fn cache() -> PathBuf {
    base(BaseStrategy::cache_dir)
}
/// `$XDG_CONFIG_HOME/kind`: the user's stdlib overrides.
pub fn config() -> PathBuf {
    base(BaseStrategy::config_dir)
}
/// `$XDG_STATE_HOME/kind`: the REPL's history.
pub fn state() -> PathBuf {
    base(|b| b.state_dir().unwrap_or_else(|| b.data_dir()))
}
/// The user's home folder.
pub fn home() -> Option<PathBuf> {
    etcetera::home_dir().ok()
}
