//! One thing that is counted: how much is done, how fast it goes, how long it will take.
//!
//! The rate is that of the last seconds, not of the whole; an estimate is given only once there is ground for it.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use super::Unit;
use super::format::amount;

/// How far back the rate looks.
const WINDOW: Duration = Duration::from_secs(10);
/// How long must have been watched before a rate and an estimate are given.
const RATE_AFTER: Duration = Duration::from_secs(1);
const ESTIMATE_AFTER: Duration = Duration::from_secs(3);

#[derive(Debug, Clone)]
pub(super) struct Meter {
    pub(super) what: String,
    unit: Unit,
    done: u64,
    total: Option<u64>,
    seen: VecDeque<(Instant, u64)>,
}

impl Meter {
    pub(super) fn new(what: &str, unit: Unit, now: Instant) -> Self {
        Self { what: what.to_owned(), unit, done: 0, total: None, seen: VecDeque::from([(now, 0)]) }
    }

    /// Takes in a new count.
    pub(super) fn update(&mut self, now: Instant, done: u64, total: Option<u64>) {
        if done < self.done {
            // it began again
            self.seen.clear();
        }
        (self.done, self.total) = (done, total);
        // ten a second say as much as a thousand
        if self.seen.back().is_none_or(|(at, _)| now.duration_since(*at) >= Duration::from_millis(100)) {
            self.seen.push_back((now, done));
        }
        while self.seen.len() > 2 && now.duration_since(self.seen[1].0) >= WINDOW {
            self.seen.pop_front();
        }
    }

    pub(super) fn finished(&self) -> bool {
        self.total.is_some_and(|total| self.done >= total)
    }

    /// How much of it is done, 0 to 1, when the whole is known.
    pub(super) fn fraction(&self) -> Option<f64> {
        let total = self.total.filter(|total| *total > 0)?;
        Some((self.done as f64 / total as f64).min(1.0))
    }

    /// Per second, over the last seconds up to `now`; counts that stopped coming make it sink.
    fn rate(&self, now: Instant) -> Option<f64> {
        let (since, at_first) = self.seen.front()?;
        let span = now.duration_since(*since);
        (span >= RATE_AFTER).then(|| (self.done.saturating_sub(*at_first)) as f64 / span.as_secs_f64())
    }

    fn left(&self, now: Instant) -> Option<Duration> {
        let total = self.total?;
        let (since, _) = self.seen.front()?;
        let rate = self.rate(now).filter(|rate| *rate > 0.0)?;
        if now.duration_since(*since) < ESTIMATE_AFTER || self.finished() {
            return None;
        }
        let seconds = total.saturating_sub(self.done) as f64 / rate;
        // beyond a day it is a guess at nothing
        (seconds < 86_400.0).then(|| Duration::from_secs_f64(seconds))
    }

    /// `12.3 MB of 45.6 MB, 3.4 MB/s, about 10 s left`, as far as known.
    pub(super) fn numbers(&self, now: Instant) -> String {
        let mut text = match self.total {
            Some(total) => format!("{} of {}", amount(self.done, self.unit), amount(total, self.unit)),
            None => amount(self.done, self.unit),
        };
        if self.unit == Unit::Bytes
            && !self.finished()
            && let Some(rate) = self.rate(now)
        {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
            // a positive rate, shown rounded
            let rate = rate as u64;
            text = format!("{text}, {}/s", amount(rate, self.unit));
        }
        if let Some(left) = self.left(now) {
            text = format!("{text}, {}", about(left));
        }
        text
    }
}

/// An estimate, no finer than it deserves.
fn about(left: Duration) -> String {
    match left.as_secs() {
        0..5 => "a few seconds left".to_owned(),
        seconds @ 5..90 => format!("about {} s left", (seconds + 2) / 5 * 5),
        seconds @ 90..5400 => format!("about {} min left", (seconds + 30) / 60),
        seconds => format!("about {} h left", (seconds + 1800) / 3600),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_and_an_estimate_come_once_there_is_ground_for_them() {
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        let mut meter = Meter::new("pulling", Unit::Bytes, start);
        meter.update(start, 0, Some(100_000_000));
        assert_eq!(meter.numbers(start), "0 B of 100.0 MB");
        meter.update(at(2), 4_000_000, Some(100_000_000));
        assert_eq!(meter.numbers(at(2)), "4.0 MB of 100.0 MB, 2.0 MB/s");
        meter.update(at(4), 8_000_000, Some(100_000_000));
        assert_eq!(meter.numbers(at(4)), "8.0 MB of 100.0 MB, 2.0 MB/s, about 45 s left");
        assert_eq!(meter.fraction(), Some(0.08));
        meter.update(at(5), 100_000_000, Some(100_000_000));
        assert!(meter.finished());
        assert_eq!(meter.numbers(at(5)), "100.0 MB of 100.0 MB");
    }

    #[test]
    fn a_stall_shows_in_the_rate_and_old_counts_are_forgotten() {
        let start = Instant::now();
        let mut meter = Meter::new("copying", Unit::Bytes, start);
        for second in 0..=30 {
            meter.update(start + Duration::from_secs(second), second * 1_000_000, None);
        }
        let end = start + Duration::from_secs(30);
        assert_eq!(meter.numbers(end), "30.0 MB, 1.0 MB/s");
        assert_eq!(meter.numbers(end + Duration::from_secs(10)), "30.0 MB, 500.0 kB/s");
    }

    #[test]
    fn things_are_counted_without_a_rate() {
        let start = Instant::now();
        let mut meter = Meter::new("images", Unit::Items, start);
        meter.update(start + Duration::from_secs(2), 3, Some(7));
        assert_eq!(meter.numbers(start + Duration::from_secs(2)), "3 of 7");
        meter.update(start + Duration::from_secs(3), 0, None);
        assert_eq!(meter.numbers(start + Duration::from_secs(3)), "0");
    }
}
