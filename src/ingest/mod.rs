//! F5: the only loop that joins pure and I/O: frames in, decoded, tracked, placed; payload to the store, rows to the index.
//!
//! One thread reads captures ([`capture::Merge`]); this one decodes, tracks, and gives numbers and names (`recorder`);
//! a fixed number of *shards* of the connections (`shard`: payload to the store, rows for the index) is dealt to as many
//! workers as there are (`crew`, `worker`); one thread writes the index (`scribe`). A *group* of captures is one commit: it ends where everything read so far has ended before the
//! next capture begins. At its end every flow is whole on disk and connections that may go on are put to rest in the
//! index, so a kill costs at most a group, and going on later equals never having stopped.

use std::path::{Path, PathBuf};

use crate::capture::live::Live;
use crate::capture::{self, Filter};
use crate::index::rows::Status;
use crate::model::HashKind;
#[cfg(doc)]
use crate::model::Limits;
use crate::store;
use crate::{case, index};

mod air;
mod budget;
mod bytes;
mod carried;
mod crew;
mod dormant;
mod ledger;
mod live;
mod order;
mod packets;
mod paths;
mod payload;
mod plan;
mod reading;
mod recorder;
mod resting;
mod rolling;
mod rows;
mod run;
pub mod scanning;
mod scribe;
mod settings;
mod shard;
pub mod tap;
mod worker;

pub use budget::LEAST as LEAST_MEMORY;
use plan::Plan;
use reading::{Feed, Watch};
pub use rolling::Cases;
use settings::Settings;
pub use tap::Tap;

/// How to ingest. `None`: as the case was made, or the default for a new one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// A pcap-filter expression: frames it rejects are skipped.
    pub filter: Option<String>,
    /// Digests to keep of each flow.
    pub hashes: Option<Vec<HashKind>>,
    /// Names of payload files.
    pub template: Option<String>,
    /// Payload files lie in the case directory itself, which may hold other files: see [`Template::open`](store::template::Template::open).
    pub open: bool,
    /// How payload is kept.
    pub store: Option<store::Kind>,
    /// The later copy of an overlap wins.
    pub overlap_last: Option<bool>,
    /// See [`Limits::max_jump`].
    pub max_jump: Option<u64>,
    /// See [`Limits::max_bytes`].
    pub max_bytes: Option<u64>,
    /// Seconds that an open connection may be silent before it is over; 0: for ever. See [`Limits::idle_ns`].
    pub idle: Option<u64>,
    /// Datagrams of UDP are stored too.
    pub udp: Option<bool>,
    /// 802.11 frames whose check sequence is wrong are skipped.
    pub check_fcs: Option<bool>,
    /// Connections that are known go on; none is opened.
    pub known_only: bool,
    /// Nanoseconds added to the time of every frame.
    pub time_shift: i64,
    /// Payload files kept open at once; `None`: some hundred.
    pub open_files: Option<usize>,
    /// Everything is on disk before a commit: survives power loss.
    pub sync: bool,
    /// Captured bytes after which a group is committed at the next opportunity.
    pub group_bytes: Option<u64>,
    /// Threads that record connections; `None`: as many as the machine runs at once. A case does not show how many.
    pub workers: Option<usize>,
    /// Bytes of memory to make do with; `None`: half of what the machine has. Less than [`LEAST_MEMORY`] counts as that.
    pub memory: Option<u64>,
    /// See [`Limits::settle_after`].
    pub settle_after: Option<u64>,
    /// See [`Limits::awake_flows`].
    pub awake_flows: Option<usize>,
    /// Goes on without end: what is committed is not kept in memory. A case does not show it.
    pub lasting: bool,
    /// For the record of runs.
    pub command_line: String,
}

/// What became of an ingest.
#[derive(Clone, Debug, Default)]
pub struct Summary {
    /// Each capture, in the order it was read.
    pub captures: Vec<Outcome>,
    /// Frames read, by this ingest.
    pub frames: u64,
    /// Frames used.
    pub used: u64,
    /// Frames skipped.
    pub skipped: u64,
    /// Connections begun.
    pub connections: u64,
    /// Payload files begun.
    pub flows: u64,
    /// Payload bytes stored.
    pub bytes: u64,
    /// Something was left out or strange, and is recorded.
    pub left_out: bool,
}

impl Summary {
    /// Adds what became of another.
    fn add(&mut self, other: Summary) {
        self.captures.extend(other.captures);
        self.frames += other.frames;
        self.used += other.used;
        self.skipped += other.skipped;
        self.connections += other.connections;
        self.flows += other.flows;
        self.bytes += other.bytes;
        self.left_out |= other.left_out;
    }
}

/// What became of a capture.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// As given.
    pub path: String,
    /// How far it could be read.
    pub status: Status,
    /// Why not to its end.
    pub message: Option<String>,
    /// Offset in the decompressed capture where reading stopped.
    pub stopped_at: Option<u64>,
    /// The case had it before: nothing was done.
    pub already: bool,
    /// Its frames.
    pub frames: u64,
}

/// Told how far an ingest is.
pub trait Progress {
    /// Bytes of all captures as they lie; 0 if unknown.
    fn total(&mut self, bytes: u64);
    /// Bytes read so far, and payload files begun.
    fn at(&mut self, bytes: u64, flows: u64);
    /// Something to say about a capture.
    fn note(&mut self, message: &str);
}

/// An ingest that was not done. The case is as it was.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The case failed.
    #[error(transparent)]
    Case(#[from] case::Error),
    /// Bad filter, or stdin among others.
    #[error(transparent)]
    Capture(#[from] capture::Error),
    /// Bad template.
    #[error(transparent)]
    Template(#[from] store::template::Error),
    /// A setting that was fixed when the case was made.
    #[error("the case was made with {name} `{stored}`, not `{given}`")]
    Fixed {
        /// Which.
        name: &'static str,
        /// The case's.
        stored: String,
        /// The other.
        given: String,
    },
    /// A setting no version of this program writes.
    #[error("the case's {0} makes no sense: `{1}`")]
    Setting(&'static str, String),
    /// Nothing to ingest.
    #[error("no captures found in what was given")]
    NoCaptures,
    /// Not one of the captures could be read.
    #[error("no capture could be read")]
    NothingReadable(Vec<Outcome>),
    /// The system gives no thread.
    #[error("no thread could be started: {0}")]
    Thread(std::io::Error),
    /// The thread that writes the index ended; replaced by its own error before anyone sees it.
    #[error("the index can no longer be written")]
    IndexEnded,
    /// A thread that records connections ended; replaced by its own error before anyone sees it.
    #[error("payload can no longer be recorded")]
    WorkerEnded,
    /// What came from standard input was in the case before.
    #[error("`{}` is in the case already", .0.path)]
    Already(Box<Outcome>),
    /// Whoever sees what is recorded could not take it.
    #[error("{0}")]
    Tap(#[source] std::io::Error),
    /// A connection put to rest by an earlier ingest that cannot be understood.
    #[error("the state of a connection at rest cannot be read: {0}")]
    Dormant(#[from] postcard::Error),
}

impl From<index::Error> for Error {
    fn from(error: index::Error) -> Self {
        Error::Case(error.into())
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Error::Case(error.into())
    }
}

/// Files the captures into the case at `root`, which is made if it is missing.
pub fn ingest(
    root: &Path,
    captures: &[PathBuf],
    options: &Options,
    progress: &mut dyn Progress,
) -> Result<Summary, Error> {
    ingest_with(root, captures, options, progress, None)
}

/// The same, with somebody who sees the frames.
pub fn ingest_with(
    root: &Path,
    captures: &[PathBuf],
    options: &Options,
    progress: &mut dyn Progress,
    tap: Option<&mut dyn Tap>,
) -> Result<Summary, Error> {
    let asked = Settings::asked(options)?;
    let filter = options.filter.as_deref().map(Filter::new).transpose()?;
    let found = capture::walk(captures)?;
    match found.passed_over {
        0 => {}
        1 => progress.note("1 file that is no capture passed over"),
        more => progress.note(&format!("{more} files that are no captures passed over")),
    }
    if found.captures.is_empty() {
        return Err(Error::NoCaptures);
    }
    let done = into_case(root, options, &asked, |case, settings| {
        let plan =
            Plan::new(found.captures, case.index.stored_captures()?, options.filter.as_deref().unwrap_or_default());
        if plan.reading.is_empty() {
            return Ok(plan.unchanged());
        }
        let feed = Feed::of_files(&plan, options);
        let done = reading::record(case, settings, plan, filter, options, Watch { progress, tap }, feed);
        done.map(|(summary, _)| summary)
    });
    match done {
        Err(Error::Already(outcome)) => Ok(Summary { captures: vec![*outcome], ..Summary::default() }),
        done => done,
    }
}

/// Seconds of silence after which a connection is over, in a case that is made from interfaces.
const IDLE_LIVE: u64 = 3600;

/// Files what is heard on interfaces into a case, which is made if it is missing, or into several, until that is enough. What was
/// heard is committed every few seconds; the case can be read meanwhile. The filter of the options is told, not applied: the
/// interfaces know it.
pub fn capture(
    cases: &Cases,
    mut live: Live,
    options: &Options,
    progress: &mut dyn Progress,
    mut tap: Option<&mut dyn Tap>,
) -> Result<Summary, Error> {
    let options = Options { group_bytes: Some(1), lasting: true, ..options.clone() };
    let asked = Settings::asked(&Options { idle: options.idle.or(Some(IDLE_LIVE)), ..options.clone() })?;
    let (mut carried, mut summary) = (cases.carried()?, Summary::default());
    loop {
        let root = cases.next()?;
        let done = into_case(&root, &options, &asked, |case, settings| {
            let feed = Feed::of_interfaces(&mut live, std::mem::take(&mut carried));
            // for this case only
            let tap: Option<&mut dyn Tap> = match &mut tap {
                Some(tap) => Some(&mut **tap),
                None => None,
            };
            let watch = Watch { progress, tap };
            let (summary, left) = reading::record(case, settings, Plan::unknown(), None, &options, watch, feed)?;
            if !live.is_over() {
                carried = left.on(&root, &mut case.index)?;
            }
            Ok(summary)
        });
        summary.add(done?);
        cases.tidy(progress)?;
        if live.is_over() {
            return Ok(summary);
        }
    }
}

/// Opens the case, or makes it, has it filled, and closes it.
fn into_case(
    root: &Path,
    options: &Options,
    asked: &Settings,
    fill: impl FnOnce(&mut case::Writer, &Settings) -> Result<Summary, Error>,
) -> Result<Summary, Error> {
    let mut case = case::Writer::open_or_make(root, &asked.to_map(), asked.template.is_open())?;
    let run = run::begin(&mut case.index, &options.command_line)?;
    let settings = case.index.settings().map_err(Error::from).and_then(|stored| Settings::of_case(&stored, options));
    let done = settings.and_then(|settings| fill(&mut case, &settings));
    finish(case, run, done)
}

/// Closes the case; after an error it is brought back to its last commit, or goes again if there was none.
fn finish(mut case: case::Writer, run: i64, done: Result<Summary, Error>) -> Result<Summary, Error> {
    match done {
        Ok(summary) => {
            run::end(&mut case.index, run)?;
            case.index.finish()?;
            Ok(summary)
        }
        Err(error) => {
            case.index.rollback()?;
            case::undo_or_redo(&case.beneath, &case.index)?;
            run::fail(&mut case.index, run, &error);
            let unused = case.index.batch()? == 0;
            case.index.finish()?;
            if unused {
                case.hold.abandon();
            }
            Err(error)
        }
    }
}
