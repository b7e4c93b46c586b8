//! `flowcase scan`: scanners over what is stored.

use std::path::Path;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::confine::Unconfined;
use super::errors::{Done, Error};
use super::output::counted;
use super::plugins::Plugins;
use super::privileges::Privileges;
use super::words::command_line;
use super::{CaseArg, progress};
use crate::ingest::scanning::{self, Limits, Options, Summary};
use crate::scan::{Chosen, SCANNERS};

/// Look into the payload of a case: protocols, HTTP, extracted files
///
/// Runs scanners over the connections they have not looked at yet, or not since they went on, and puts what they find into
/// the index (views `findings`, `objects`, `protocols`, `http`, …) and the files they extract into objects/. A scan that is killed
/// goes on where it was. What is strange to a scanner, and a scanner that fails or reaches a limit, is an anomaly.
///
/// Plug-ins are run after the built-in scanners that are named with -e; where none is named, they are run alone.
#[derive(Debug, clap::Args)]
#[command(after_long_help = scanners())]
pub struct Args {
    #[command(flatten)]
    case: CaseArg,
    #[command(flatten)]
    which: Which,
    #[command(flatten)]
    plugins: Plugins,
    #[command(flatten)]
    privileges: Privileges,
    /// Let the scanners look at everything again
    #[arg(long)]
    again: bool,
    /// Threads that scan [default: as many as the machine runs at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// Seconds that a scanner may take of one connection
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u32).range(1..))]
    max_time: u32,
}

/// Which scanners are to run.
#[derive(Debug, clap::Args)]
struct Which {
    /// Run only these scanners [default: all, or none if there are plug-ins]
    #[arg(short = 'e', long, value_name = "NAMES", value_delimiter = ',', value_parser = names())]
    enable: Vec<String>,
    /// Leave these out
    #[arg(short = 'x', long, value_name = "NAMES", value_delimiter = ',', value_parser = names())]
    disable: Vec<String>,
}

impl Which {
    /// The built-in ones: all where nothing is named.
    fn chosen(&self, plugins: &Plugins) -> Vec<Chosen> {
        let unnamed = self.enable.is_empty() && self.disable.is_empty();
        if unnamed && !plugins.is_empty() { Vec::new() } else { chosen(&self.enable, &self.disable) }
    }
}

/// The names of the built-in scanners, for arguments that take them.
pub fn values() -> impl Iterator<Item = PossibleValue> {
    SCANNERS.iter().map(|entry| PossibleValue::new(entry.name).help(entry.about))
}

fn names() -> PossibleValuesParser {
    values().collect::<Vec<_>>().into()
}

/// The scanners as a list for the help.
fn scanners() -> String {
    let lines = SCANNERS.iter().map(|entry| format!("  {:<8}  {}", entry.name, entry.about));
    format!("Scanners:\n{}", lines.collect::<Vec<_>>().join("\n"))
}

/// The scanners with these names, in the order of the registry.
pub fn chosen(enabled: &[String], disabled: &[String]) -> Vec<Chosen> {
    let named = |names: &[String], name: &str| names.iter().any(|one| one == name);
    let runs = |name: &str| (enabled.is_empty() || named(enabled, name)) && !named(disabled, name);
    SCANNERS.iter().filter(|entry| runs(entry.name)).map(Chosen::from).collect()
}

/// Scans, and says on stderr what was found.
pub fn run(args: &Args, unconfined: Unconfined) -> Result<Done, Error> {
    let _room = args.privileges.give_up(&args.case.path, None, unconfined)?;
    let mut scanners = args.which.chosen(&args.plugins);
    scanners.extend(args.plugins.load()?);
    if scanners.is_empty() {
        return Err(Error::Usage("no scanner is left to run".into()));
    }
    let limits = Limits { time: Duration::from_secs(args.max_time.into()), ..Limits::default() };
    scan(&args.case.path, scanners, args.workers, args.again, limits)
}

/// Scans a case with a bar on a terminal.
pub fn scan(
    root: &Path,
    scanners: Vec<Chosen>,
    workers: Option<u16>,
    again: bool,
    limits: Limits,
) -> Result<Done, Error> {
    let workers = workers.map(usize::from);
    let options = Options { scanners, workers, again, limits, command_line: command_line() };
    let bar = progress::connections();
    let done = scanning::scan(root, &options, &mut |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let summary = done?;
    say(&summary);
    Ok(Done::but(summary.left_out))
}

fn say(summary: &Summary) {
    let Summary { connections, findings, objects, anomalies, .. } = *summary;
    let (connections, findings) = (counted(connections, "connection"), counted(findings, "finding"));
    let strange = if anomalies == 1 { "1 anomaly".to_owned() } else { format!("{anomalies} anomalies") };
    eprintln!("{connections} scanned: {findings}, {}, {strange}", counted(objects, "object"));
}
