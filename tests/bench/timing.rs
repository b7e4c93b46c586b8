//! How long a piece of work takes: repeated until the clock can be trusted, the best and the median of several rounds.

use std::hint::black_box;
use std::time::{Duration, Instant};

const ROUNDS: usize = 9;
/// A round lasts at least so long.
const ROUND: Duration = Duration::from_millis(60);

/// The head of the table that [`report`] fills.
pub const HEAD: &str = "| what | best | median | a second |\n|---|---|---|---|";

/// Times `work`, which deals with `count` things each time, and prints a line. Things of 1 byte are told in MB.
pub fn report<T>(name: &str, thing: &str, count: u64, mut work: impl FnMut() -> T) {
    let once = time(1, &mut work);
    let times = (ROUND.as_secs_f64() / once.max(1e-9)).ceil() as u32;
    let mut rounds: Vec<f64> = (0..ROUNDS).map(|_| time(times, &mut work) / count as f64).collect();
    rounds.sort_by(f64::total_cmp);
    let (best, median) = (rounds[0], rounds[ROUNDS / 2]);
    println!("| {name} | {} | {} | {} |", each(best, thing), each(median, thing), rate(1.0 / median, thing));
}

/// Seconds of one repetition.
fn time<T>(times: u32, work: &mut impl FnMut() -> T) -> f64 {
    let start = Instant::now();
    for _ in 0..times {
        black_box(work());
    }
    start.elapsed().as_secs_f64() / f64::from(times)
}

fn each(seconds: f64, thing: &str) -> String {
    if thing == "byte" { format!("{:.2} ns/byte", seconds * 1e9) } else { format!("{:.0} ns/{thing}", seconds * 1e9) }
}

fn rate(things: f64, thing: &str) -> String {
    if thing == "byte" { format!("{:.0} MB", things / 1e6) } else { format!("{:.2} M {thing}s", things / 1e6) }
}
