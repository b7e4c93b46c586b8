//! `flowcase ingest`: captures into a case.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::confine::Unconfined;
use super::errors::{Done, Error};
use super::output::counted;
use super::plugins::Plugins;
use super::privileges::Privileges;
use super::recording::Recording;
use super::{progress, scan};
use crate::index::rows::Status;
use crate::ingest::scanning::Limits;
use crate::ingest::{self, Options, Outcome, Summary};
use crate::scan::Chosen;
use crate::view::escape::printable;

/// File captures into a case, which is made if it is missing
///
/// Reads pcap, pcapng and snoop, also compressed with gzip, zstd, xz, bzip2 or lz4. Directories are searched for captures; other
/// files in them are passed over and counted, hidden ones left alone. Several captures are merged by time, and a
/// connection may go on from one to the next, now or in a later ingest. A capture that is in the case already is passed
/// over.
///
/// What --overlap, --max-jump, --max-bytes, --idle, --udp, --check-fcs, --store, --template and --hash say is fixed when the case is made.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The case directory, made if it is missing
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// Captures, directories of captures, or - for standard input
    #[arg(value_name = "CAPTURE", required = true)]
    captures: Vec<PathBuf>,
    /// Take only frames that pass this filter, in the language of tcpdump (pcap-filter(7))
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    #[command(flatten)]
    recording: Recording,
    /// Only go on with connections that are in the case, and open none
    #[arg(long)]
    known_only: bool,
    /// Add so many seconds to every time: the clock of who captured is known to be wrong
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    time_shift: i32,
    /// Scan what is stored afterwards with these scanners, or all: see `flowcase scan`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = scan_names())]
    scan: Vec<String>,
    #[command(flatten)]
    plugins: Plugins,
    #[command(flatten)]
    privileges: Privileges,
    /// Show how far it is
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = progress::When::Auto)]
    progress: progress::When,
}

const EXAMPLES: &str = "\
Examples:
  flowcase ingest case monday.pcap tuesday.pcapng.gz
  flowcase ingest case captures/ --hash sha256,md5 --filter 'port 80'
  tcpdump -w - -U | flowcase ingest case -";

/// Ingests, and says on stderr what became of it.
pub fn run(args: Args, unconfined: Unconfined) -> Result<Done, Error> {
    let _room = args.privileges.give_up(&args.case, None, unconfined)?;
    let scanners = scanners(&args.scan, &args.plugins)?;
    let options = Options {
        filter: args.filter,
        known_only: args.known_only,
        time_shift: i64::from(args.time_shift) * 1_000_000_000,
        ..args.recording.options()?
    };
    let mut progress = progress::Capture::new(args.progress);
    let done = ingest::ingest(&args.case, &args.captures, &options, &mut progress);
    progress.end();
    let summary = done.inspect_err(|error| {
        if let ingest::Error::NothingReadable(captures) = error {
            captures.iter().for_each(say_capture);
        }
    })?;
    say(&summary);
    let done = Done::but(summary.left_out);
    if scanners.is_empty() {
        return Ok(done);
    }
    Ok(done.and(scan::scan(&args.case, scanners, args.recording.workers, false, Limits::default())?))
}

/// What is to be run over what was ingested: found out first, so that nothing is ingested if it cannot be.
fn scanners(names: &[String], plugins: &Plugins) -> Result<Vec<Chosen>, Error> {
    let mut scanners = match names {
        [] => Vec::new(),
        _ if names.iter().any(|name| name == ALL) => scan::chosen(&[], &[]),
        _ => scan::chosen(names, &[]),
    };
    scanners.extend(plugins.load()?);
    Ok(scanners)
}

/// Every scanner.
const ALL: &str = "all";

fn scan_names() -> PossibleValuesParser {
    let all = PossibleValue::new(ALL).help("every scanner");
    std::iter::once(all).chain(scan::values()).collect::<Vec<_>>().into()
}

/// Says what became of each capture that was not read to its end, and how much was read and stored.
pub fn say(summary: &Summary) {
    summary.captures.iter().for_each(say_capture);
    say_counts(summary);
}

/// Says how much was read and stored.
pub fn say_counts(summary: &Summary) {
    let read = summary.captures.iter().filter(|capture| !capture.already && capture.status != Status::Unreadable);
    let (captures, frames) = (counted(read.count() as u64, "capture"), counted(summary.frames, "frame"));
    let (connections, flows) = (counted(summary.connections, "connection"), counted(summary.flows, "flow"));
    let (used, skipped, bytes) = (summary.used, summary.skipped, counted(summary.bytes, "byte"));
    eprintln!(
        "{captures}: {frames}, {used} used and {skipped} skipped; {connections} and {flows} begun, {bytes} stored"
    );
}

/// Says why a capture was not read to its end; nothing of one that was.
pub fn say_capture(capture: &Outcome) {
    let (path, status) = (printable(&capture.path), capture.status.name());
    let why = capture.message.as_deref().map(printable).unwrap_or_default();
    if capture.already {
        return eprintln!("`{path}`: in the case already ({status}), passed over");
    }
    match capture.status {
        Status::Complete => {}
        Status::Unreadable => eprintln!("`{path}`: {status}: {why}"),
        _ => eprintln!("`{path}`: {status} after {}: {why}", counted(capture.frames, "frame")),
    }
}
