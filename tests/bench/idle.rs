//! What a frame costs while few or many connections are open: the same frames, less the handshakes before them.

use crate::contest::{contest, medians};
use crate::load::{IDLE_FRAMES, Load};
use crate::place::Place;
use crate::rows::{Asked, Run};

/// Connections of the smaller case.
const FEW: u64 = 10_000;

/// Prints a table with a line for few and for many connections.
pub fn compare(asked: &Asked, place: &mut Place, pairs: usize) {
    println!("\n| open connections | flowcase, CPU ns a frame | tcpflow |\n|---|---|---|");
    for size in [FEW, asked.size("idle")] {
        let [opened, idle] = ["opened", "idle"].map(|name| Load::new(name, size).expect("both are profiles"));
        let ours = [asked.ours(opened, ""), asked.ours(idle, "")];
        let theirs = asked.theirs(opened, "").zip(asked.theirs(idle, "")).map(|(opened, idle)| [opened, idle]);
        let cells = [Some(ours), theirs].map(|runs| runs.map(|runs| nanoseconds(&runs, place, pairs)));
        let [ours, theirs] = cells.map(|cell| cell.map_or("–".into(), |ns| format!("{ns:.0}")));
        println!("| {size} | {ours} | {theirs} |");
        [opened, idle].into_iter().for_each(|load| place.forget(load));
    }
}

/// Processor time of the second run beyond the first, a frame.
fn nanoseconds(runs: &[Run; 2], place: &mut Place, pairs: usize) -> f64 {
    let [opened, idle] = runs.each_ref().map(|run| place.words(run));
    let costs = contest(pairs, &opened, Some(&idle), &place.out());
    let (opened, idle): (Vec<_>, Vec<_>) = costs.into_iter().filter_map(|(a, b)| Some((a, b?))).unzip();
    (medians(&idle).cpu - medians(&opened).cpu) * 1e9 / IDLE_FRAMES as f64
}
