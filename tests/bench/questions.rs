//! What a case of many connections answers, and how fast; what its index weighs.

use crate::contest::{Cost, median, remove, run};
use crate::place::{FLOWCASE, Place, length};
use crate::rows::{Asked, Run};
use crate::{load::Load, table};

/// Questions, each a command with its words; `CASE` and `OUT` are put in.
const QUESTIONS: &[(&str, &[&str])] = &[
    ("opening the case: `query 'SELECT 1'`", &["query", "CASE", "SELECT 1"]),
    ("`info`", &["info", "CASE"]),
    ("`flows --host 10.0.0.9`", &["flows", "CASE", "--host", "10.0.0.9", "--format", "csv"]),
    ("`connections --port 41531`", &["connections", "CASE", "--port", "41531", "--format", "csv"]),
    ("`query 'SELECT … GROUP BY orig_ip'`", &["query", "CASE", GROUPED, "--format", "csv"]),
    (REPORT, &["report", "CASE", "dfxml", "-o", "OUT"]),
];

const REPORT: &str = "`report dfxml`";
const GROUPED: &str = "SELECT orig_ip, count(*), sum(resp_bytes) FROM connections GROUP BY orig_ip";

/// Times every question; one run to warm up, `runs` that count.
pub fn ask(asked: &Asked, place: &mut Place, runs: usize) {
    let load = Load::new("small", asked.size("queries")).expect("small is a profile");
    file(&asked.ours(load, ""), place);
    place.forget(load);
    println!("\n| {load}, answered by a new process | wall ms | CPU ms | peak MB |\n|---|---|---|---|");
    let mut reported = f64::NAN;
    for (name, words) in QUESTIONS {
        let costs = costs(words, place, runs);
        let of = |pick: fn(&Cost) -> f64| median(costs.iter().map(pick));
        let (wall, cpu) = (of(|cost| cost.wall) * 1e3, of(|cost| cost.cpu) * 1e3);
        println!("| {name} | {wall:.0} | {cpu:.0} | {:.0} |", of(|cost| cost.memory));
        if *name == REPORT {
            reported = wall / 1e3;
        }
    }
    println!("\n{REPORT}: {:.0} flows/s", 2.0 * load.size as f64 / reported);
    remove(&place.out());
}

fn costs(words: &[&str], place: &Place, runs: usize) -> Vec<Cost> {
    let (case, report) = (place.out(), place.out().with_extension("xml"));
    let word = |word: &&str| match *word {
        "CASE" => case.display().to_string(),
        "OUT" => report.display().to_string(),
        other => other.to_owned(),
    };
    let words: Vec<String> = [FLOWCASE].iter().chain(words).map(word).collect();
    (0..=runs).map(|_| run(&words, Some(&report))).skip(1).collect()
}

/// Ingests and leaves the case.
fn file(run_of: &Run, place: &mut Place) {
    let words = place.words(run_of);
    run(&words, None);
}

/// Bytes of the index by what it has to say.
pub fn weigh(asked: &Asked, place: &mut Place) {
    println!("\n| index | bytes of `case.sqlite` | each |\n|---|---|---|");
    for (profile, what) in [("small", "connection"), ("bulk", "segment")] {
        let load = asked.load(profile);
        let made = place.capture(load).1;
        file(&asked.ours(load, ""), place);
        let bytes = length(&place.out().join("case.sqlite"));
        let count = if what == "segment" { made.segments } else { made.connections };
        println!("| {load} | {} | {:.1} bytes a {what} |", table::grouped(bytes), bytes as f64 / count as f64);
        remove(&place.out());
    }
}
