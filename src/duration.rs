//! Durations as Go writes them (`5m`, `1h30m`, `1.5s`, `0`), since `--wait` has always been written that way.
//!
//! Source: the grammar of Go's `time.ParseDuration`. Negative values are refused: nothing here can wait for less
//! than no time.

use std::time::Duration;

/// Nanoseconds in each unit, longest name first where one is the start of another.
const UNITS: [(&str, f64); 8] =
    [("ns", 1.0), ("us", 1e3), ("µs", 1e3), ("μs", 1e3), ("ms", 1e6), ("s", 1e9), ("m", 6e10), ("h", 3.6e12)];

/// Reads a Go duration.
///
/// # Errors
/// A lower-case message that names what is wrong, without the text itself (clap shows that).
pub fn parse(text: &str) -> Result<Duration, String> {
    let unsigned = text.strip_prefix('+').unwrap_or(text);
    if unsigned.starts_with('-') {
        return Err("a negative duration makes no sense here".to_owned());
    }
    if unsigned == "0" {
        return Ok(Duration::ZERO);
    }
    if unsigned.is_empty() {
        return Err("no duration given; write for example 30s or 5m".to_owned());
    }
    let mut nanos = 0.0;
    let mut rest = unsigned;
    while !rest.is_empty() {
        let (value, unit, after) = part(rest)?;
        nanos += value * unit;
        rest = after;
    }
    // what Go can hold in its 64 bits
    if nanos > i64::MAX as f64 {
        return Err("the duration is longer than 292 years".to_owned());
    }
    Ok(Duration::from_secs_f64(nanos / 1e9))
}

/// One number with its unit: `1.5h`, and what comes after it.
fn part(text: &str) -> Result<(f64, f64, &str), String> {
    let digits = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, rest) = text.split_at(digits);
    let value: f64 = number.parse().map_err(|_| "not a duration; write for example 30s or 5m".to_owned())?;
    let end = rest.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(rest.len());
    let (unit, rest) = rest.split_at(end);
    if unit.is_empty() {
        return Err(format!("the unit is missing; write {number}s for seconds or {number}m for minutes"));
    }
    match UNITS.iter().find(|(name, _)| *name == unit) {
        Some((_, nanos)) => Ok((value, *nanos, rest)),
        None => Err(format!("unknown unit \"{unit}\"; the units are h, m, s, ms, us, ns")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_go_accepts_is_accepted() {
        for (text, millis) in [
            ("0", 0),
            ("0s", 0),
            ("30s", 30_000),
            ("5m", 300_000),
            ("1h30m", 5_400_000),
            ("1.5s", 1_500),
            (".5s", 500),
            ("+2m3s", 123_000),
            ("250ms", 250),
            ("1h0m0.5s", 3_600_500),
            ("2000us", 2),
            ("2000µs", 2),
        ] {
            assert_eq!(parse(text), Ok(Duration::from_millis(millis)), "{text}");
        }
    }

    #[test]
    fn what_is_wrong_is_named() {
        for (text, part) in [
            ("5", "write 5s"),
            ("", "no duration"),
            ("5x", "unknown unit \"x\""),
            ("five", "not a duration"),
            ("-5s", "negative"),
            ("1.2.3s", "not a duration"),
            (".s", "not a duration"),
            ("9999999h", "longer than"),
            ("5 m", "unknown unit \" m\""),
        ] {
            let message = parse(text).expect_err(text);
            assert!(message.contains(part), "{text}: {message}");
        }
    }
}
