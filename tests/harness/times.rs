//! How long tests take, without what they wait for a place. The longest are told at the end: they decide how long a run
//! takes.

use std::cell::Cell;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How many are told.
const TOLD: usize = 15;

static TIMES: Mutex<Vec<(Duration, String)>> = Mutex::new(Vec::new());

thread_local! {
    static WAITED: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Notes that this thread's test has waited for others since `start`.
pub fn waited(start: Instant) {
    WAITED.set(WAITED.get() + start.elapsed());
}

/// Runs a test's body and notes how long it took, also when it fails.
pub fn timed(name: &str, body: impl FnOnce()) {
    struct Note<'a>(&'a str, Instant);
    impl Drop for Note<'_> {
        fn drop(&mut self) {
            let took = self.1.elapsed().saturating_sub(WAITED.get());
            TIMES.lock().unwrap_or_else(PoisonError::into_inner).push((took, self.0.to_owned()));
        }
    }
    WAITED.set(Duration::ZERO);
    let _note = Note(name, Instant::now());
    body();
}

/// Tells the longest of many tests.
pub fn tell() {
    let mut times = std::mem::take(&mut *TIMES.lock().unwrap_or_else(PoisonError::into_inner));
    if times.len() <= TOLD {
        return;
    }
    times.sort_unstable_by(|a, b| b.cmp(a));
    let sum: Duration = times.iter().map(|(took, _)| *took).sum();
    eprintln!("tests: {} took {} s in sum; the longest:", times.len(), sum.as_secs());
    for (took, name) in times.iter().take(TOLD) {
        eprintln!("{:6} s  {name}", took.as_secs());
    }
}
