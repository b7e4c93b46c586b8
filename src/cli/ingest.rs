//! `flowcase ingest`: captures into a case.

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};

use super::errors::{Done, Error};
use super::output::counted;
use super::plugins::Plugins;
use super::{progress, scan, size};
use crate::index::rows::Status;
use crate::ingest::scanning::Limits;
use crate::ingest::{self, Options, Outcome, Summary};
use crate::model::HashKind;
use crate::scan::Chosen;
use crate::store;
use crate::view::escape::printable;

/// File captures into a case, which is made if it is missing
///
/// Reads pcap, pcapng and snoop, also compressed with gzip, zstd, xz, bzip2 or lz4. Directories are searched for captures; other
/// files in them are passed over and counted, hidden ones left alone. Several captures are merged by time, and a
/// connection may go on from one to the next, now or in a later ingest. A capture that is in the case already is passed
/// over.
///
/// What --overlap, --max-jump, --max-bytes, --udp, --check-fcs, --store, --template and --hash say is fixed when the case is made.
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
    /// Digests to keep of each flow [default for a new case: sha256]
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_enum)]
    hash: Vec<Hash>,
    /// Names of payload files, in tcpflow's letters [default for a new case: %A.%a-%B.%b%V%v%C%c, binned]
    #[arg(long, value_name = "T")]
    template: Option<String>,
    /// Which copy is kept of bytes captured twice that differ [default for a new case: first]
    #[arg(long, value_name = "COPY", value_enum)]
    overlap: Option<Overlap>,
    /// How far a sequence number may jump before another file is begun [default for a new case: 16M]
    #[arg(long, value_name = "N", value_parser = size::parse)]
    max_jump: Option<u64>,
    /// Store at most this much of each flow [default for a new case: all]
    #[arg(long, value_name = "N", value_parser = size::parse)]
    max_bytes: Option<u64>,
    /// Store datagrams of UDP too, in order of arrival [default for a new case: TCP only]
    #[arg(long)]
    udp: bool,
    /// Skip 802.11 frames whose check sequence is wrong, where it was captured [default for a new case: they count]
    #[arg(long)]
    check_fcs: bool,
    /// Only go on with connections that are in the case, and open none
    #[arg(long)]
    known_only: bool,
    /// Add so many seconds to every time: the clock of who captured is known to be wrong
    #[arg(long, value_name = "SECONDS", default_value_t = 0, allow_negative_numbers = true)]
    time_shift: i32,
    /// Threads that record connections, at most 8; with 1 all is recorded by the thread that decodes [default: as many as the
    /// machine runs at once]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    workers: Option<u16>,
    /// How payload is kept: a file a flow, or a few packs of compressed frames [default for a new case: files]
    #[arg(long, value_name = "KIND", value_enum)]
    store: Option<Store>,
    /// Memory to make do with, at least 64M: past it, connections idle longest rest in the index until their next segment
    /// [default: half of what the machine has]
    #[arg(long, value_name = "SIZE", value_parser = memory)]
    memory: Option<u64>,
    /// Have everything on disk before each commit, so that a power loss costs nothing committed
    #[arg(long)]
    sync: bool,
    /// Scan what is stored afterwards with these scanners, or all: see `flowcase scan`
    #[arg(long, value_name = "NAMES", value_delimiter = ',', value_parser = scan_names())]
    scan: Vec<String>,
    #[command(flatten)]
    plugins: Plugins,
    /// Show how far it is
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = progress::When::Auto)]
    progress: progress::When,
}

const EXAMPLES: &str = "\
Examples:
  flowcase ingest case monday.pcap tuesday.pcapng.gz
  flowcase ingest case captures/ --hash sha256,md5 --filter 'port 80'
  tcpdump -w - -U | flowcase ingest case -";

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Hash {
    Sha256,
    Md5,
    Sha1,
    Blake3,
    /// No digests
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Overlap {
    /// The first, unless only the later has a good checksum
    First,
    /// The last, as tcpflow does
    Last,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
enum Store {
    /// One file a flow, beneath flows/
    Files,
    /// A few files in packs/, smaller and faster where flows are many
    Packed,
}

/// Ingests, and says on stderr what became of it.
pub fn run(args: Args) -> Result<Done, Error> {
    let scanners = scanners(&args.scan, &args.plugins)?;
    let options = Options {
        hashes: kinds(&args.hash)?,
        filter: args.filter,
        template: args.template,
        overlap_last: args.overlap.map(|copy| copy == Overlap::Last),
        max_jump: args.max_jump,
        max_bytes: args.max_bytes,
        udp: args.udp.then_some(true),
        check_fcs: args.check_fcs.then_some(true),
        store: args.store.map(kind),
        known_only: args.known_only,
        time_shift: i64::from(args.time_shift) * 1_000_000_000,
        sync: args.sync,
        workers: args.workers.map(usize::from),
        memory: args.memory,
        command_line: command_line(std::env::args_os()),
        ..Options::default()
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
    Ok(done.and(scan::scan(&args.case, scanners, args.workers, false, Limits::default())?))
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

fn kind(store: Store) -> store::Kind {
    match store {
        Store::Files => store::Kind::Files,
        Store::Packed => store::Kind::Packed,
    }
}

fn memory(text: &str) -> Result<u64, String> {
    let bytes = size::parse(text)?;
    if bytes < ingest::LEAST_MEMORY { Err("less than 64M is too little".into()) } else { Ok(bytes) }
}

/// Which digests, or `None` where the command line does not say.
fn kinds(names: &[Hash]) -> Result<Option<Vec<HashKind>>, Error> {
    if names.contains(&Hash::None) && names.iter().any(|name| *name != Hash::None) {
        return Err(Error::Usage("--hash none stands alone".into()));
    }
    let kind = |name: &Hash| match name {
        Hash::Sha256 => Some(HashKind::Sha256),
        Hash::Md5 => Some(HashKind::Md5),
        Hash::Sha1 => Some(HashKind::Sha1),
        Hash::Blake3 => Some(HashKind::Blake3),
        Hash::None => None,
    };
    Ok((!names.is_empty()).then(|| names.iter().filter_map(kind).collect()))
}

fn say(summary: &Summary) {
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

/// The words as a shell would take them back.
pub fn command_line(words: impl Iterator<Item = std::ffi::OsString>) -> String {
    let quoted = words.map(|word| quoted(&word.to_string_lossy()));
    quoted.collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=@%+^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn none_stands_alone() {
        assert_eq!(kinds(&[]).unwrap(), None);
        assert_eq!(kinds(&[Hash::None]).unwrap(), Some(vec![]));
        assert_eq!(kinds(&[Hash::Md5, Hash::Sha256]).unwrap(), Some(vec![HashKind::Md5, HashKind::Sha256]));
        assert!(kinds(&[Hash::Md5, Hash::None]).is_err());
    }

    #[test]
    fn a_command_line_can_be_run_again() {
        let words = ["flowcase", "ingest", "a case", "it's.pcap", "--filter", "port 80", ""];
        let line = command_line(words.iter().map(Into::into));
        assert_eq!(line, r"flowcase ingest 'a case' 'it'\''s.pcap' --filter 'port 80' ''");
    }
}
