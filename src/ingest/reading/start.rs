//! How a reading begins and ends: what it takes from the case and the machine, and the threads around it.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::mpsc::sync_channel;
use std::thread;

use super::Reading;
use crate::capture::live::Live;
use crate::capture::{self, Filter, Merge, Step};
use crate::case::Writer;
use crate::decode::fragments::Fragments;
use crate::index::Hashes;
use crate::ingest::air::Airs;
use crate::ingest::budget::Budget;
use crate::ingest::carried::Carried;
use crate::ingest::ledger::Ledger;
use crate::ingest::paths::Given;
use crate::ingest::payload::Payload;
use crate::ingest::plan::Plan;
use crate::ingest::recorder::{Recorder, Start};
use crate::ingest::scribe::Scribe;
use crate::ingest::settings::Settings;
use crate::ingest::{Error, Options, Progress, Summary, Tap, run};

/// Captured bytes after which a group is committed at the next opportunity: keeps commits few and what a kill costs small.
const GROUP: u64 = 256 << 20;
/// Steps on their way from the reader: enough to even out its pace, and about 2 MiB.
const AHEAD: usize = 4;

/// Who is told how an ingest goes.
pub struct Watch<'p, 't> {
    pub progress: &'p mut dyn Progress,
    pub tap: Option<&'t mut dyn Tap>,
}

/// Where frames come from.
pub struct Feed<'f> {
    pub steps: Box<dyn Iterator<Item = Step> + Send + 'f>,
    /// Bytes read so far.
    pub read: Arc<AtomicU64>,
    /// Connections that go on from a case before.
    pub carried: Carried,
}

impl<'f> Feed<'f> {
    /// The captures of a plan.
    pub fn of_files(plan: &Plan, options: &Options) -> Self {
        let merge = Merge::new(capture::plan(&plan.reading)).shift(options.time_shift);
        let read = merge.bytes_read();
        Feed { steps: Box::new(merge), read, carried: Carried::default() }
    }

    /// What is heard on interfaces, until the case is full.
    pub fn of_interfaces(live: &'f mut Live, carried: Carried) -> Self {
        let read = Arc::clone(&live.counters().bytes);
        Feed { steps: Box::new(live), read, carried }
    }
}

/// Records what the feed gives: what the plan says. Gives back what no segment woke of the case before.
pub fn record(
    case: &mut Writer,
    settings: &Settings,
    mut plan: Plan,
    filter: Option<Filter>,
    options: &Options,
    watch: Watch<'_, '_>,
    feed: Feed<'_>,
) -> Result<(Summary, Carried), Error> {
    let Watch { progress, tap } = watch;
    let (next_capture, connection, flow) = case.index.next_ids()?;
    let waiting = case.index.fragments()?;
    progress.total(plan.bytes);
    let ledger = Ledger::new(next_capture, &mut plan, options.filter.clone().unwrap_or_default());
    case.index.set_sync(options.sync)?;
    let root = case.root().to_owned();
    let memory = options.memory.or(run::machine_memory().map(|bytes| bytes / 2)).unwrap_or_default();
    let budget = Budget::of(memory);
    let budget = if options.lasting { budget.without_end() } else { budget };
    let dormant = Hashes::with_capacity_and_hasher(budget.resting, Default::default());
    let (batch, dormant) = (case.index.batch()?, case.index.dormant_hashes(dormant)?);
    let mut limits = settings.limits.clone();
    limits.fragment_bytes = limits.fragment_bytes.min(budget.fragments);
    let fragments = match waiting.as_slice() {
        [] => Fragments::new(&limits),
        state => Fragments::resume(&limits, postcard::from_bytes(state)?),
    };
    case.index.set_cache(budget.cache)?;
    let given = options.lasting.then(|| Given::of_case(case)).transpose()?;
    let payload = Payload::new(case.beneath.clone(), settings, options);
    let stores = payload.stores(&case.index, settings)?;
    let Feed { steps: source, read, carried } = feed;
    thread::scope(|scope| {
        let scribe = Scribe::start(scope, &mut case.index)?;
        let workers = options.workers.unwrap_or_else(cores);
        let is_watched = tap.is_some();
        let start = Start { connection, flow, dormant, carried, batch, workers, budget, given, is_watched };
        let mut recorder = Recorder::new(scope, settings, payload, stores, scribe, start)?;
        let (send, steps) = sync_channel(AHEAD);
        let read_all = move || {
            let mut sent = source.map(|step| send.send(step));
            sent.all(|sent| sent.is_ok());
        };
        let reader = thread::Builder::new().name("reader".to_owned());
        let reader = reader.spawn_scoped(scope, read_all).map_err(Error::Thread)?;
        let group = options.group_bytes.unwrap_or(GROUP);
        let had_fragments = !waiting.is_empty();
        let reading = Reading {
            recorder: &mut recorder,
            ledger,
            fragments,
            airs: Airs::new(settings.check_fcs, &settings.limits),
            filter,
            progress,
            group,
            since_commit: 0,
            had_fragments,
            udp: settings.udp,
            known_only: options.known_only,
            root,
            // seen from here it lives as long as what is read
            tap: match tap {
                Some(tap) => Some(tap),
                None => None,
            },
        };
        let done = reading.all(&steps, &read, reader);
        drop(steps);
        // what ended the index's thread is the cause, whatever else went wrong because of it
        recorder.finish().and_then(|carried| Ok((done?, carried)))
    })
}

/// How many threads this machine runs at once.
fn cores() -> usize {
    thread::available_parallelism().map_or(1, usize::from)
}
