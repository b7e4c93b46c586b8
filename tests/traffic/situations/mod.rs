//! The situations of `testdata/`.

mod files;
mod links;
mod numbers;
mod web;

use super::Situation;

/// Client, server and beginning of most conversations; the nanoseconds show what a clock of microseconds loses.
const CLIENT: &str = "192.168.1.10:49152";
const SERVER: &str = "10.0.0.1:80";
const START: i64 = 1_700_000_000_123_456_789;

/// Each of them, in alphabetical order.
pub fn all() -> Vec<Situation> {
    let mut all = vec![web::web()];
    all.extend(links::all());
    all.extend(numbers::all());
    all.extend(files::all());
    all.sort_by_key(|situation| situation.name);
    all
}

/// `length` bytes that differ from place to place, and from `seed` to `seed`.
fn text(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + ((at * 7 + at / 26 + usize::from(seed) * 11) % 26) as u8).collect()
}
