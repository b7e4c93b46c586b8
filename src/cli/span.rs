//! Spans of time on the command line: plain seconds, or with a suffix; and what happens every so often or so many bytes.

use std::time::Duration;

use super::size;
use crate::capture::live::Every;

/// Reads `90`, `90s`, `15m`, `2h`, `7d`, or `never` as 0: seconds. For clap: the error is a sentence.
pub fn parse(text: &str) -> Result<u64, String> {
    let expected = || "expected a span of time, such as 90s, 15m, 2h, 7d or never".to_owned();
    if text == "never" {
        return Ok(0);
    }
    let digits = text.len() - text.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let (number, suffix) = text.split_at(digits);
    let unit = match suffix {
        "" | "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86400,
        _ => return Err(expected()),
    };
    let seconds = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit)).ok_or_else(expected)?;
    if seconds == 0 { Err("no time at all: say never".into()) } else { Ok(seconds) }
}

/// Reads a size, a time, or both with a comma between: `10G`, `1h`, `1h,10G`. A small m is minutes.
pub fn every(text: &str) -> Result<Every, String> {
    let mut every = Every::default();
    for one in text.split(',') {
        match parse(one) {
            Ok(0) => return Err("that would never be".into()),
            Ok(seconds) if one.ends_with(char::is_alphabetic) => every.time = Some(Duration::from_secs(seconds)),
            _ => every.bytes = Some(size::parse(one).ok().filter(|&bytes| bytes > 0).ok_or(EVERY)?),
        }
    }
    Ok(every)
}

const EVERY: &str = "expected a time or a size, such as 1h, 10G or 1h,10G";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans() {
        for (text, seconds) in [("never", 0), ("7", 7), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for bad in ["", "m", "-1", "1.5h", "1 h", "1w", "0", "99999999999999999999", "18446744073709551615h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times_and_sizes() {
        let (hour, gigabyte) = (Some(Duration::from_secs(3600)), Some(1 << 30));
        assert_eq!(every("1h"), Ok(Every { time: hour, bytes: None }));
        assert_eq!(every("60m"), Ok(Every { time: hour, bytes: None }));
        assert_eq!(every("1G"), Ok(Every { time: None, bytes: gigabyte }));
        assert_eq!(every("1024M,1h"), Ok(Every { time: hour, bytes: gigabyte }));
        assert_eq!(every("3600"), Ok(Every { time: None, bytes: Some(3600) }));
        for bad in ["", "never", "1w", "0", "1h,", "0G"] {
            assert!(every(bad).is_err(), "{bad}");
        }
    }
}
