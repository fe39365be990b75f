//! At most so many clusters at a time.

use std::sync::{Condvar, Mutex, PoisonError};
use std::time::Instant;

/// How many clusters may be there at once; `KIND_TEST_CLUSTERS` in the environment overrides it.
pub const LIMIT: usize = 3;

static FREE: Mutex<Option<usize>> = Mutex::new(None);
static CHANGED: Condvar = Condvar::new();

/// The right to have `n` clusters; given back when dropped.
pub struct Slots(usize);

fn limit() -> usize {
    std::env::var("KIND_TEST_CLUSTERS").ok().and_then(|n| n.parse().ok()).unwrap_or(LIMIT)
}

/// Waits until `n` more clusters may be made. Taken at once, so that two tests that need two each do not wait
/// for each other.
pub fn take(n: usize) -> Slots {
    // The shared cluster keeps its slot to the end, so no more than all others can be had.
    let start = Instant::now();
    let n = n.min(limit().saturating_sub(1)).max(1);
    let mut free = FREE.lock().unwrap_or_else(PoisonError::into_inner);
    while *free.get_or_insert_with(limit) < n {
        free = CHANGED.wait(free).unwrap_or_else(PoisonError::into_inner);
    }
    *free.get_or_insert_with(limit) -= n;
    super::times::waited(start);
    Slots(n)
}

impl Drop for Slots {
    fn drop(&mut self) {
        *FREE.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(limit) += self.0;
        CHANGED.notify_all();
    }
}
