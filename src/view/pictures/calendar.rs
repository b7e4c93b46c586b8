//! Time as an axis: columns of a sensible width, and where the marks go. All in UTC; from microseconds to centuries,
//! before 1970 too.

use jiff::tz::TimeZone;

use crate::index::Columns;
use crate::model::Timestamp;

/// Columns of a chart, at most.
const MOST_COLUMNS: i128 = 120;
/// Columns of a chart, at least: a moment is drawn as one of some.
const LEAST_COLUMNS: i128 = 40;
/// Marks of an axis, at most.
const MOST_MARKS: i128 = 8;

const MICRO: i64 = 1_000;
const MILLI: i64 = 1_000_000;
const SECOND: i64 = 1_000_000_000;
const MINUTE: i64 = 60 * SECOND;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// Widths that divide time as people do.
#[rustfmt::skip]
const WIDTHS: &[i64] = &[
    10 * MICRO, 20 * MICRO, 50 * MICRO, 100 * MICRO, 200 * MICRO, 500 * MICRO,
    MILLI, 2 * MILLI, 5 * MILLI, 10 * MILLI, 20 * MILLI, 50 * MILLI, 100 * MILLI, 200 * MILLI, 500 * MILLI,
    SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 15 * SECOND, 30 * SECOND,
    MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE, 15 * MINUTE, 30 * MINUTE,
    HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 7 * DAY, 14 * DAY,
    30 * DAY, 60 * DAY, 120 * DAY, 180 * DAY, 365 * DAY, 730 * DAY, 1826 * DAY,
];

/// Months between marks, where days are too narrow.
const MONTHS: [i64; 10] = [1, 2, 3, 6, 12, 24, 60, 120, 240, 600];

/// Columns from the first moment to the last: at least 40, at most 120 unless that is more than all time.
pub fn columns(first: Timestamp, last: Timestamp) -> Columns {
    let [first, last] = [first.nanoseconds(), last.nanoseconds().max(first.nanoseconds())];
    let start_of = |width: i64| first.div_euclid(width).saturating_mul(width);
    let count_of = |width: i64| (i128::from(last) - i128::from(start_of(width))) / i128::from(width) + 1;
    let least = if first == last { MILLI } else { 0 };
    let mut fitting = WIDTHS.iter().copied().filter(|width| *width >= least && count_of(*width) <= MOST_COLUMNS);
    let width_ns = fitting.next().unwrap_or(1826 * DAY);
    let count = count_of(width_ns).clamp(LEAST_COLUMNS, MOST_COLUMNS + 1) as usize;
    Columns { start_ns: start_of(width_ns), width_ns, count }
}

/// A mark of an axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Mark {
    /// Where, as a share of the axis.
    pub at: f64,
    /// `17:54`, `6 Oct`, `2008`.
    pub label: String,
    /// What the label leaves out, where it is new: `6 Oct 2008`.
    pub above: Option<String>,
}

/// The marks of an axis.
pub fn marks(columns: &Columns) -> Vec<Mark> {
    let start = i128::from(columns.start_ns);
    let length = i128::from(columns.width_ns) * columns.count as i128;
    let fixed = WIDTHS.iter().copied().take_while(|step| *step <= 14 * DAY);
    let Some(step) = fixed.into_iter().find(|step| length / i128::from(*step) < MOST_MARKS) else {
        return months(start, length);
    };
    let step = i128::from(step);
    let first = start.div_euclid(step) + i128::from(start.rem_euclid(step) != 0);
    let moments = (first..=(start + length).div_euclid(step)).map(|i| i * step);
    let (label, above) = formats(step as i64);
    labelled(moments, start, length, &label, above)
}

/// How a mark and its context are written, where marks are so far apart.
fn formats(step: i64) -> (String, &'static str) {
    match step {
        DAY.. => ("%-d %b".to_owned(), "%Y"),
        MINUTE.. => ("%H:%M".to_owned(), "%-d %b %Y"),
        SECOND.. => ("%H:%M:%S".to_owned(), "%-d %b %Y"),
        _ => (format!("%H:%M:%S.%{}f", 9 - step.ilog10()), "%-d %b %Y"),
    }
}

fn months(start: i128, length: i128) -> Vec<Mark> {
    let month = i128::from(30 * DAY);
    let step = MONTHS.into_iter().find(|step| length / (month * i128::from(*step)) < MOST_MARKS).unwrap_or(1200);
    let first = civil(start).map_or(0, |date| i64::from(date.year()) * 12 + i64::from(date.month()) - 1);
    let beginnings = (first.div_euclid(step)..).map(|i| beginning(i * step));
    let moments = beginnings.map_while(|moment| moment).skip_while(|moment| *moment < start);
    let moments = moments.take_while(|moment| *moment <= start + length);
    let (label, above) = if step < 12 { ("%b", "%Y") } else { ("%Y", "") };
    labelled(moments, start, length, label, above)
}

/// The first moment of a month, counted from that of year 0.
fn beginning(month: i64) -> Option<i128> {
    let (year, month) = (i16::try_from(month.div_euclid(12)).ok()?, (month.rem_euclid(12) + 1) as i8);
    let date = jiff::civil::Date::new(year, month, 1).ok()?;
    Some(date.to_zoned(TimeZone::UTC).ok()?.timestamp().as_nanosecond())
}

fn labelled(moments: impl Iterator<Item = i128>, start: i128, length: i128, label: &str, above: &str) -> Vec<Mark> {
    let mut last = String::new();
    let mark = |moment| {
        let context = text(moment, above);
        let above = (context != last).then(|| context.clone());
        last = context;
        Mark { at: (moment - start) as f64 / length as f64, label: text(moment, label), above }
    };
    moments.map(mark).collect()
}

/// `6 Oct 2008 17:54:54 – 18:03:11 UTC`; fractions of a second where it is over in less than ten.
pub fn range(first: Timestamp, last: Timestamp) -> String {
    let [first, last] = [first, last].map(|moment| i128::from(moment.nanoseconds()));
    let clock = if last - first < i128::from(10 * SECOND) { "%H:%M:%S.%3f" } else { "%H:%M:%S" };
    let day = |moment| text(moment, "%-d %b %Y");
    let end = if day(first) == day(last) { String::new() } else { format!("{} ", day(last)) };
    format!("{} {} – {end}{} UTC", day(first), text(first, clock), text(last, clock))
}

fn civil(nanoseconds: i128) -> Option<jiff::civil::DateTime> {
    Some(jiff::Timestamp::from_nanosecond(nanoseconds).ok()?.to_zoned(TimeZone::UTC).datetime())
}

fn text(nanoseconds: i128, format: &str) -> String {
    civil(nanoseconds).map_or(String::new(), |civil| civil.strftime(format).to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(first: i64, last: i64) -> (Columns, String) {
        let columns = columns(Timestamp(first), Timestamp(last));
        let mark = |mark: &Mark| match mark.above.as_deref() {
            None | Some("") => mark.label.clone(),
            Some(above) => format!("{} ({above})", mark.label),
        };
        (columns, marks(&columns).iter().map(mark).collect::<Vec<_>>().join(", "))
    }

    #[test]
    fn columns_and_marks_are_round() {
        let (columns, marks) = axis(1_223_315_694_796_605_000, 1_223_316_191_000_000_000);
        assert_eq!((columns.width_ns, columns.count, columns.start_ns % (5 * SECOND)), (5 * SECOND, 101, 0));
        assert_eq!(marks, "17:56 (6 Oct 2008), 17:58, 18:00, 18:02");
        let (columns, marks) = axis(-3 * SECOND, 2 * SECOND);
        assert_eq!((columns.width_ns, columns.start_ns, columns.count), (50 * MILLI, -3 * SECOND, 101));
        assert_eq!(marks, "23:59:57 (31 Dec 1969), 23:59:58, 23:59:59, 00:00:00 (1 Jan 1970), 00:00:01, 00:00:02");
        let (_, marks) = axis(0, 400 * DAY);
        assert_eq!(marks, "Jan (1970), Mar, May, Jul, Sep, Nov, Jan (1971)");
    }

    #[test]
    fn a_moment_and_all_time_have_an_axis() {
        let (columns, marks) = axis(0, 0);
        assert_eq!((columns.width_ns, columns.count), (MILLI, 40));
        assert_eq!(marks, "00:00:00.00 (1 Jan 1970), 00:00:00.01, 00:00:00.02, 00:00:00.03, 00:00:00.04");
        let (columns, marks) = axis(i64::MIN, i64::MAX);
        assert!(columns.count <= 121);
        assert_eq!(marks, "1700, 1800, 1900, 2000, 2100, 2200");
        for exponent in 1..63 {
            let (columns, _) = axis(7, 7 + (1 << exponent));
            assert!((40..=121).contains(&columns.count), "{exponent}: {columns:?}");
            let count = self::marks(&columns).len();
            assert!((2..=9).contains(&count), "{exponent}: {count}");
        }
    }

    #[test]
    fn ranges_say_no_more_than_needed() {
        let of = |first, last| range(Timestamp(first), Timestamp(last));
        assert_eq!(of(0, 90 * SECOND), "1 Jan 1970 00:00:00 – 00:01:30 UTC");
        assert_eq!(of(-SECOND, SECOND / 2), "31 Dec 1969 23:59:59.000 – 1 Jan 1970 00:00:00.500 UTC");
    }
}
