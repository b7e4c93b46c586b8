//! The floor from outside: what a writer puts, readers see.

use super::fixture::{self, Case, Text};
use super::{End, QueryLimits};

mod holding;
mod reading;
mod scans;
mod traffic;
mod writing;

/// What a query gives, one text a row.
fn rows(case: &Case, sql: &str) -> Vec<String> {
    let mut text = Text::default();
    assert_eq!(case.reader().query(sql, &QueryLimits::default(), &mut text).unwrap(), End::Complete);
    text.rows
}

#[track_caller]
fn check(case: &Case, sql: &str, expected: &[&str]) {
    assert_eq!(rows(case, sql), expected, "{sql}");
}
