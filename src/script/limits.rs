//! How much a script may take: values, calls, memory. Time is limited by `--time-limit`.

use crate::error::Error;
use rhai::Engine;

/// Memory of this process, in bytes, at which a script is ended.
const MEMORY: u64 = 4 << 30;

/// Limits what one value and one chain of calls may take.
pub fn set(engine: &mut Engine) {
    engine.set_max_call_levels(128);
    engine.set_max_expr_depths(128, 64);
    engine.set_max_string_size(256 << 20);
    engine.set_max_array_size(1 << 20);
    engine.set_max_map_size(1 << 20);
    engine.set_max_modules(256);
}

/// Whether this process has taken more memory than a script may; always false where that cannot be told.
pub fn too_much_memory() -> bool {
    resident().is_some_and(|bytes| bytes > MEMORY)
}

#[cfg(target_os = "linux")]
fn resident() -> Option<u64> {
    let text = crate::host::fs::read_to_string(std::path::Path::new("/proc/self/statm")).ok()?;
    let pages: u64 = text.split_whitespace().nth(1)?.parse().ok()?;
    Some(pages * rustix::param::page_size() as u64)
}

#[cfg(not(target_os = "linux"))]
fn resident() -> Option<u64> {
    None
}

/// What a script that took too much is told.
pub fn memory_error() -> Error {
    Error::script(
        "script.memory",
        format!("the script took more than {} GiB of memory and was ended", MEMORY >> 30),
    )
    .hint("large data is better kept in files, or on a node")
}
