//! `cargo bench --bench compare`: the whole program over made-up captures, against tcpflow where it is installed.
//! Both run in turn, after a pair to warm up; figures are medians, ratios those of pairs. Captures and output lie on a
//! memory file system where there is one, so that no disk is measured, and captures are in memory before the first run.
#![allow(clippy::disallowed_methods, reason = "it measures time and makes files")]

mod contest;
mod directory;
mod idle;
mod load;
mod place;
mod questions;
mod rows;
mod table;
#[path = "../traffic/mod.rs"]
#[allow(dead_code, missing_docs, reason = "shared with the tests")]
mod traffic;

use std::path::PathBuf;
use std::process::{Command, Stdio};

use clap::Parser;
use place::{FLOWCASE, Place};
use rows::{Asked, GROUPS};

/// Measures flowcase over made-up captures, against tcpflow where it is installed.
#[derive(Debug, Parser)]
#[command(name = "compare", after_help = groups())]
struct Args {
    /// What to run, perhaps with another size: `web=20000` [default: everything]
    #[arg(value_name = "GROUP[=SIZE]")]
    groups: Vec<String>,
    /// How many pairs of runs count
    #[arg(long, default_value_t = 5)]
    pairs: usize,
    /// The sizes that count: wants 16 GB in the directory
    #[arg(long)]
    full: bool,
    /// Arguments for every run of flowcase
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    ours: String,
    /// Arguments for every run of tcpflow
    #[arg(long, default_value = "", allow_hyphen_values = true)]
    theirs: String,
    /// How flowcase stores payload, in every run
    #[arg(long)]
    store: Option<String>,
    /// Where captures and output go [default: /dev/shm if it is there, else the directory for temporary files]
    #[arg(long)]
    directory: Option<PathBuf>,
    /// Only make a capture: `--make FILE PROFILE=SIZE`
    #[arg(long, value_name = "FILE")]
    make: Option<PathBuf>,
    /// What `cargo bench` says
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let args = Args::parse();
    let done = match &args.make {
        Some(path) => make(&args.groups, path),
        None => measure(&args),
    };
    if let Err(error) = done {
        eprintln!("error: {error}");
        std::process::exit(2);
    }
}

fn make(loads: &[String], path: &std::path::Path) -> Result<(), String> {
    let [load] = loads else { return Err("--make takes one PROFILE=SIZE".into()) };
    let made = place::make(load.parse()?, path).map_err(|error| format!("`{}`: {error}", path.display()))?;
    println!("{}", place::tell(made));
    Ok(())
}

fn measure(args: &Args) -> Result<(), String> {
    let (groups, asked) = asked(args)?;
    let mut place = Place::new(args.directory.clone()).map_err(|error| format!("no place to measure in: {error}"))?;
    if asked.theirs.is_none() {
        eprintln!("tcpflow is not installed: flowcase alone");
    }
    let options = Command::new(FLOWCASE).args(["ingest", "--help"]).output().map_err(|error| error.to_string())?;
    let options = String::from_utf8_lossy(&options.stdout).into_owned();
    let mut in_table = false;
    for group in groups {
        match rows::wants(group).filter(|option| !options.contains(option)) {
            Some(option) => eprintln!("{group}: left out, as this flowcase has no {option}"),
            None => run(group, &asked, &mut place, args.pairs, &mut in_table),
        }
    }
    Ok(())
}

/// Groups in the order of the list, and what goes for all of them.
fn asked(args: &Args) -> Result<(Vec<&'static str>, Asked), String> {
    let mut asked = Asked { full: args.full, ours: words(&args.ours), ..Asked::default() };
    asked.ours.extend(args.store.iter().flat_map(|store| ["--store".to_owned(), store.clone()]));
    asked.theirs = has_tcpflow().then(|| words(&args.theirs));
    let mut named = Vec::new();
    for text in &args.groups {
        let (name, size) = text.split_once('=').map_or((text.as_str(), None), |(name, size)| (name, Some(size)));
        if let Some(size) = size {
            let size = size.parse().map_err(|error| format!("`{text}`: {error}"))?;
            asked.sizes.push((name.to_owned(), size));
        }
        named.push(GROUPS.iter().find(|(known, _)| *known == name).ok_or_else(|| format!("`{name}` is no group"))?.0);
    }
    let all = GROUPS.iter().map(|(name, _)| *name);
    Ok((all.filter(|name| named.is_empty() || named.contains(name)).collect(), asked))
}

fn run(group: &str, asked: &Asked, place: &mut Place, pairs: usize, in_table: &mut bool) {
    let own_table = matches!(group, "idle" | "queries" | "rest");
    if !own_table && !*in_table {
        println!("\n{}", table::HEAD);
    }
    *in_table = !own_table;
    match group {
        "idle" => idle::compare(asked, place, pairs),
        "queries" => questions::ask(asked, place, pairs),
        "rest" => questions::weigh(asked, place),
        _ => asked.rows(group).iter().for_each(|row| compare(row, place, pairs)),
    }
}

fn compare(row: &rows::Row, place: &mut Place, pairs: usize) {
    let (ours, theirs) = (place.words(&row.ours), row.theirs.as_ref().map(|run| place.words(run)));
    let megabytes = place::length(&place.capture(row.ours.load).0) as f64 / 1e6;
    let pairs = contest::contest(pairs, &ours, theirs.as_deref(), &place.out());
    println!("{}", table::line(&row.name, megabytes, &pairs));
}

fn has_tcpflow() -> bool {
    // it fails when asked for its version, and tells it
    Command::new("tcpflow").arg("-V").stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok()
}

fn words(text: &str) -> Vec<String> {
    text.split_whitespace().map(str::to_owned).collect()
}

fn groups() -> String {
    let line = |(name, what): &(&str, &str)| format!("  {name:8} {what}");
    let profiles = load::PROFILES.iter().map(line).collect::<Vec<_>>().join("\n");
    format!("Groups:\n{}\n\nProfiles:\n{profiles}", GROUPS.iter().map(line).collect::<Vec<_>>().join("\n"))
}
