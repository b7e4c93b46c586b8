//! Spans of time on the command line: plain seconds, or with a suffix.

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

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn spans() {
        for (text, seconds) in [("never", 0), ("7", 7), ("90s", 90), ("15m", 900), ("2h", 7200), ("1d", 86400)] {
            assert_eq!(parse(text), Ok(seconds), "{text}");
        }
        for bad in ["", "m", "-1", "1.5h", "1 h", "1w", "0", "99999999999999999999", "18446744073709551615h"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
