//! A moment of capture time: nanoseconds since 1970-01-01T00:00:00 UTC in an `i64` (years 1677 to 2262).

use std::fmt;

const SECOND: i64 = 1_000_000_000;

/// Nanoseconds since the Unix epoch, as a capture says them. Never the wall clock.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// From whole seconds and a fraction in nanoseconds (which may exceed one second); `None` outside `i64`.
    pub fn new(seconds: i64, nanoseconds: i64) -> Option<Self> {
        seconds.checked_mul(SECOND)?.checked_add(nanoseconds).map(Self)
    }

    /// Nanoseconds since the epoch.
    pub fn nanoseconds(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, rounded down.
    pub fn seconds(self) -> i64 {
        self.0.div_euclid(SECOND)
    }

    /// Nanoseconds past [`seconds`](Self::seconds), `0..1_000_000_000`.
    pub fn subsecond_nanoseconds(self) -> u32 {
        self.0.rem_euclid(SECOND) as u32
    }

    /// For names: ISO 8601 without separators, in whole seconds: `20081006T175454Z`.
    pub fn compact(self) -> String {
        let whole = Timestamp(self.seconds().saturating_mul(SECOND)).to_string();
        whole.chars().take_while(|c| *c != '.').filter(|c| *c != '-' && *c != ':').chain(['Z']).collect()
    }

    /// Nanoseconds from `earlier` to `self`, negative if it is later; saturates.
    pub fn since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }
}

/// ISO 8601, UTC, nine digits: `2008-10-06T17:54:54.796605000Z`.
impl fmt::Display for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let civil = jiff::Timestamp::from_nanosecond(self.0.into()).map_err(|_| fmt::Error)?;
        write!(f, "{civil:.9}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_has_nine_digits_before_and_after_the_epoch() {
        let text = |s, n| Timestamp::new(s, n).unwrap().to_string();
        assert_eq!(text(1_223_315_694, 796_605_000), "2008-10-06T17:54:54.796605000Z");
        assert_eq!(Timestamp::new(1_223_315_694, 796_605_000).unwrap().compact(), "20081006T175454Z");
        assert_eq!(text(0, -1), "1969-12-31T23:59:59.999999999Z");
        assert_eq!(text(0, 3_000_000_000), "1970-01-01T00:00:03.000000000Z");
    }

    #[test]
    fn out_of_range_is_none() {
        assert_eq!(Timestamp::new(i64::MAX, 0), None);
    }
}
