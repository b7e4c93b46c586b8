//! `flowcase tcpflow`, and the program under the name `tcpflow`: the command line of tcpflow 1.6.1.
//!
//! [`Args`] are its letters, `asked` what they ask for, `outputs` what is made of the case once it is filed. Payload files and
//! reports lie directly in the output directory, and beside them the index of a case: every other command takes that directory.

use std::path::{Path, PathBuf};

use clap::{ArgAction, ArgMatches, CommandFactory};

use super::confine::{Places, Unconfined};
use super::errors::{Done, Error};
use super::progress;
use super::words::command_line;
use crate::case;
use crate::index::rows::Status;
use crate::ingest::{self, Summary, Tap, scanning};
use asked::{Asked, Keep};
use frames::Frames;
use outputs::Listeners;
use tally::Tally;

mod after;
mod asked;
mod frames;
mod histogram;
mod live;
mod lock;
mod outputs;
mod settings;
mod tally;

/// Everything tcpflow's command line takes, with the same meaning
///
/// Captures are read with -r, -R or -l; the other words are a filter in the language of tcpdump. Payload files, reports and the index
/// of a case (case.sqlite) are put into the directory -o. What of tcpflow is mended here is listed in the README.
#[derive(Debug, clap::Args)]
#[command(disable_help_flag = true, disable_version_flag = true, args_override_self = true)]
pub struct Args {
    /// Do all post-processing: -e all
    #[arg(short = 'a')]
    everything: bool,
    /// Store at most so many bytes of each flow
    #[arg(short = 'b', value_name = "N")]
    max_bytes: Option<u64>,
    /// Print bytes as they are, even with -c or -C
    #[arg(short = 'B')]
    raw: bool,
    /// Print payload instead of storing it, each segment behind the name of its flow
    #[arg(short = 'c')]
    console: bool,
    /// The same without names
    #[arg(short = 'C')]
    console_bare: bool,
    /// How much to say on stderr: 10 and more tell what was filed
    #[arg(short = 'd', value_name = "LEVEL", default_value_t = 1, allow_negative_numbers = true)]
    debug: i64,
    /// Print offsets, hexadecimal digits and ASCII, 32 bytes a line
    #[arg(short = 'D')]
    hex: bool,
    /// Enable a scanner, or all of them
    #[arg(short = 'e', value_name = "SCANNER", action = ArgAction::Append)]
    enable: Vec<String>,
    /// Run this scanner alone
    #[arg(short = 'E', value_name = "SCANNER", action = ArgAction::Append)]
    only: Vec<String>,
    /// Keep at most so many payload files open
    #[arg(short = 'f', value_name = "N")]
    max_files: Option<usize>,
    /// Names of payload files: c counted, t or T with the time before, k, m or g in directories; X no files, M with MD5
    #[arg(short = 'F', value_name = "LETTERS", action = ArgAction::Append)]
    names: Vec<String>,
    /// Print what clients sent in blue, what servers sent in red
    #[arg(short = 'g')]
    colours: bool,
    /// Print help; twice, more of it
    #[arg(short = 'h', long = "help", action = ArgAction::Count)]
    help: u8,
    /// Print what the scanners do
    #[arg(short = 'H')]
    scanners: bool,
    /// Capture from this interface, where no capture is to be read; without it, from the first that can be captured from
    #[arg(short = 'i', value_name = "INTERFACE")]
    interface: Option<String>,
    /// Write when bytes were captured, for each flow in a file more: NAME.findx
    #[arg(short = 'I')]
    findx: bool,
    /// Print a JSON object for each segment
    #[arg(short = 'J')]
    json: bool,
    /// Write the frames of each flow as captures instead of payload
    #[arg(short = 'K')]
    pcap: bool,
    /// Take the words for captures, not for a filter
    #[arg(short = 'l')]
    words_are_captures: bool,
    /// Lock what is printed with this named semaphore
    #[arg(short = 'L', value_name = "NAME")]
    semaphore: Option<String>,
    /// How far a sequence number may jump before another file is begun
    #[arg(short = 'm', value_name = "BYTES")]
    max_jump: Option<u64>,
    /// Where files go, made if it is missing
    #[arg(short = 'o', value_name = "DIR", default_value = ".")]
    out: PathBuf,
    /// Do not ask the interface for frames of others
    #[arg(short = 'p')]
    not_promiscuous: bool,
    /// Keep what is known of connections that are over: always so here
    #[arg(short = 'P')]
    keep_over: bool,
    /// Say nothing that is no error
    #[arg(short = 'q')]
    quiet: bool,
    /// Read this capture; - is standard input
    #[arg(short = 'r', value_name = "FILE", action = ArgAction::Append)]
    captures: Vec<PathBuf>,
    /// Read this capture afterwards, to go on with connections that are known: none is opened
    #[arg(short = 'R', value_name = "FILE", action = ArgAction::Append)]
    continuing: Vec<PathBuf>,
    /// Print dots for what is not printable: always so unless -B says otherwise
    #[arg(short = 's')]
    strip: bool,
    /// Settings: -hh lists them
    #[arg(short = 'S', value_name = "NAME=VALUE", action = ArgAction::Append)]
    settings: Vec<String>,
    /// Names of payload files
    #[arg(short = 'T', value_name = "TEMPLATE", action = ArgAction::Append)]
    template: Vec<String>,
    /// Be this user once the interface is open, or before captures are read
    #[arg(short = 'U', long = "relinquish-privileges", value_name = "USER")]
    user: Option<String>,
    /// Tell what was filed: -d 10
    #[arg(short = 'v', long = "verbose")]
    verbose: bool,
    /// Print the version
    #[arg(short = 'V', long = "version")]
    version: bool,
    /// Write frames that are no TCP to this capture
    #[arg(short = 'w', value_name = "FILE")]
    unused: Option<PathBuf>,
    /// Disable a scanner
    #[arg(short = 'x', value_name = "SCANNER", action = ArgAction::Append)]
    disable: Vec<String>,
    /// Where the report goes instead of report.xml in the directory
    #[arg(short = 'X', value_name = "FILE")]
    report: Option<PathBuf>,
    /// Take this directory for all there is; needs -U
    #[arg(short = 'z', long = "chroot", value_name = "DIR")]
    chroot: Option<PathBuf>,
    /// Leave bodies of HTTP as they were sent: compressed
    #[arg(short = 'Z')]
    raw_bodies: bool,
    /// No line break after each segment
    #[arg(short = '0')]
    no_breaks: bool,
    /// A filter in the language of tcpdump (pcap-filter(7)), or captures with -l
    #[arg(value_name = "EXPRESSION")]
    words: Vec<String>,
}

/// The command line of a program called `tcpflow`.
#[derive(Debug, clap::Parser)]
#[command(name = "tcpflow")]
struct Alone {
    #[command(flatten)]
    args: Args,
    #[command(flatten)]
    unconfined: Unconfined,
}

/// As the program called `tcpflow`.
pub fn main() -> Result<Done, Error> {
    let matches = Alone::command().get_matches();
    let alone = <Alone as clap::FromArgMatches>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
    run(alone.args, &matches, alone.unconfined)
}

/// Does what tcpflow would. The matches are those of the arguments: they tell the order of -F and -T.
pub fn run(args: Args, matches: &ArgMatches, unconfined: Unconfined) -> Result<Done, Error> {
    if let Some(text) = help(&args) {
        print!("{text}");
        return Ok(Done::Whole);
    }
    let mut asked = Asked::of(args, matches)?;
    if asked.out.exists() && !asked.out.is_dir() {
        return Err(Error::Usage(format!("`{}` is no directory", asked.out.display())));
    }
    let interfaces = if asked.is_live() { Some(live::open(&asked)?) } else { None };
    let mut printer = outputs::printer(asked.semaphore.take());
    let mut listeners = Listeners { flows: asked.after_flow.ready()?, bodies: asked.after_body.ready()? };
    let user = asked.privileges.enter()?;
    // it stays, even if nothing is put into it
    user.room(&asked.out)?.stays();
    let apart = if asked.keep == Keep::Files { None } else { Some(tempfile::tempdir()?) };
    apart.as_ref().map_or(Ok(()), |apart| user.give(apart.path()))?;
    let root = apart.as_ref().map_or(asked.out.as_path(), |apart| apart.path());
    let mut done = Done::Whole;
    let mut taps = (Frames::new(asked.unused.clone(), asked.pcap)?, Tally::new(asked.options.max_jump));
    user.become_for_good()?;
    listeners.start()?;
    let files = asked.unused.iter().chain(&asked.report);
    let places = files.fold(Places::passing(root).directory(&asked.out), |places, path| places.file(path));
    places.confine(unconfined)?;
    if let Some(interfaces) = interfaces {
        let summary = live::capture(root, interfaces, &asked, &mut taps, &mut listeners, &mut *printer)?;
        done = said(&summary, &asked);
    }
    for (captures, known_only) in [(&asked.captures, false), (&asked.continuing, true)] {
        if !captures.is_empty() {
            done = done.and(file(root, captures, known_only, &asked, &mut taps)?);
        }
    }
    if let Some(http) = asked.scanner() {
        let options = scanning::Options { scanners: vec![http], command_line: command_line(), ..Default::default() };
        scanning::scan(root, &options, &mut |_, _| ())?;
    }
    let case = case::Reader::open(root)?;
    let (frames, tally) = taps;
    frames.end(&case, &asked, &tally)?;
    outputs::write(&case, &asked, &tally, listeners, &mut *printer)?;
    Ok(done)
}

/// Files captures. Only what could not be read leaves something out: whatever was strange is in the index.
fn file(
    root: &Path,
    captures: &[PathBuf],
    known_only: bool,
    asked: &Asked,
    taps: &mut (Frames, Tally),
) -> Result<Done, Error> {
    let options = ingest::Options { known_only, ..asked.options.clone() };
    let when = if asked.quiet { progress::When::Never } else { progress::When::Auto };
    let mut progress = progress::Capture::new(when);
    let is_seen = asked.report.is_some() || asked.histogram.is_some() || taps.0.is_wanted();
    let tap = is_seen.then_some(taps as &mut dyn Tap);
    let done = ingest::ingest_with(root, captures, &options, &mut progress, tap);
    progress.end();
    let summary: Summary = done.inspect_err(|error| {
        if let ingest::Error::NothingReadable(captures) = error {
            captures.iter().for_each(super::ingest::say_capture);
        }
    })?;
    Ok(said(&summary, asked))
}

/// Says what became of captures.
fn said(summary: &Summary, asked: &Asked) -> Done {
    summary.captures.iter().for_each(super::ingest::say_capture);
    if asked.verbose {
        eprint!("{}", asked.prefix);
        super::ingest::say_counts(summary);
    }
    Done::but(summary.captures.iter().any(|capture| capture.status != Status::Complete))
}

/// What is printed instead of anything done.
fn help(args: &Args) -> Option<String> {
    let (name, version) = (env!("CARGO_PKG_NAME"), env!("CARGO_PKG_VERSION"));
    let mut command = Alone::command();
    match args.help {
        _ if args.version => Some(format!("{name} {version}, with the command line of TCPFLOW 1.6.1\n")),
        _ if args.scanners => Some(asked::scanners()),
        0 => None,
        1 => Some(command.render_help().to_string()),
        _ => Some(format!("{}\n{}", command.render_long_help(), asked::letters_and_settings())),
    }
}
