//! Numbers as people read them: `12.3 MB`, `1,234`, `4.2 %`, `8 min 17 s`. Decimal prefixes throughout.

use crate::index::Measure;

const PREFIXES: [&str; 7] = ["", "k", "M", "G", "T", "P", "E"];

/// In seconds, on the average.
const YEAR: u64 = 31_556_952;

/// Three digits at least, where there are so many: `999 B`, `1.23 MB`.
pub fn bytes(bytes: u64) -> String {
    let (number, prefix) = scaled(bytes as f64);
    format!("{number} {prefix}B")
}

/// Of what is compared on this page.
pub fn amount(amount: u64, measure: Measure) -> String {
    match measure {
        Measure::Bytes => bytes(amount),
        Measure::Packets => format!("{} pkt", short(amount)),
    }
}

/// A figure on an axis: `0`, `20 kB`, `1.5 M`.
pub fn tick(value: f64, measure: Measure) -> String {
    if value == 0.0 {
        return "0".to_owned();
    }
    let power = (value.log10() / 3.0 + 1e-9).floor().clamp(0.0, 6.0) as usize;
    let number = value / 1000f64.powi(power as i32);
    let unit = if measure == Measure::Bytes { format!("{}B", PREFIXES[power]) } else { PREFIXES[power].to_owned() };
    format!("{} {unit}", (number * 100.0).round() / 100.0).trim_end().to_owned()
}

/// All digits up to a million, then `12.3 M`.
pub fn short(count: u64) -> String {
    if count < 1_000_000 {
        return grouped(count);
    }
    let (number, prefix) = scaled(count as f64);
    format!("{number} {prefix}")
}

/// All digits, in threes.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// `100 %` and `0 %` only if it is all or nothing.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".to_owned();
    }
    let percent = part as f64 * 100.0 / whole as f64;
    match percent {
        _ if part == 0 => "0 %".to_owned(),
        _ if part == whole => "100 %".to_owned(),
        percent if percent < 0.1 => "<0.1 %".to_owned(),
        percent if percent > 99.9 => ">99.9 %".to_owned(),
        percent => format!("{percent:.1} %"),
    }
}

/// The two largest units: `3.5 years`, `3 d 4 h`, `8 min 17 s`, `1.25 s`, `300 ms`.
pub fn duration(nanoseconds: u64) -> String {
    let seconds = nanoseconds / 1_000_000_000;
    if seconds >= 2 * YEAR {
        return format!("{:.1} years", seconds as f64 / YEAR as f64);
    }
    for (unit, name, next, next_name) in [(86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s")] {
        if seconds >= unit {
            let rest = seconds % unit / next;
            let rest = if rest > 0 { format!(" {rest} {next_name}") } else { String::new() };
            return format!("{} {name}{rest}", grouped(seconds / unit));
        }
    }
    let (unit, name) = match nanoseconds {
        1_000_000_000.. => (1e9, "s"),
        1_000_000.. => (1e6, "ms"),
        1_000.. => (1e3, "µs"),
        _ => (1.0, "ns"),
    };
    format!("{} {name}", (nanoseconds as f64 / unit * 100.0).round() / 100.0)
}

/// `1 capture`, `1,234 captures`.
pub fn counted(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

fn scaled(value: f64) -> (String, &'static str) {
    let (mut value, mut power) = (value, 0);
    while value >= 999.5 && power + 1 < PREFIXES.len() {
        (value, power) = (value / 1000.0, power + 1);
    }
    let text = match (power, value) {
        (0, _) => format!("{value:.0}"),
        (_, value) if value < 9.995 => format!("{value:.2}"),
        (_, value) if value < 99.95 => format!("{value:.1}"),
        (_, value) => format!("{value:.0}"),
    };
    (text, PREFIXES[power])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(
            [0, 999, 1000, 999_499, 999_999, 12_345_678].map(bytes),
            ["0 B", "999 B", "1.00 kB", "999 kB", "1.00 MB", "12.3 MB"]
        );
        assert_eq!(bytes(u64::MAX), "18.4 EB");
        assert_eq!([7, 1234, 999_999, 1_500_000].map(short), ["7", "1,234", "999,999", "1.50 M"]);
        assert_eq!(
            [percent(0, 9), percent(9, 9), percent(1, 100_000), percent(99_999, 100_000), percent(1, 3), percent(0, 0)],
            ["0 %", "100 %", "<0.1 %", ">99.9 %", "33.3 %", "–"]
        );
        assert_eq!(
            [0.0, 500.0, 20_000.0, 1_500_000.0].map(|v| tick(v, Measure::Bytes)),
            ["0", "500 B", "20 kB", "1.5 MB"]
        );
        assert_eq!([500.0, 20_000.0, 0.5].map(|v| tick(v, Measure::Packets)), ["500", "20 k", "0.5"]);
        let s = 1_000_000_000;
        assert_eq!(
            [5, 1_500, 300_000_000, 5 * s / 4, 497 * s, 3600 * s, 90_000 * s, 5 * 86_400 * 365 * s].map(duration),
            ["5 ns", "1.5 µs", "300 ms", "1.25 s", "8 min 17 s", "1 h", "1 d 1 h", "5.0 years"]
        );
    }
}
