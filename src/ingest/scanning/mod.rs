//! Scanners over a stored case: workers take connections in batches, look at their payload and write objects (`subject`,
//! `sheet`); this thread puts what they found into the index, in the order of connections, and commits now and then. What was
//! committed is not looked at again: a scan that is killed goes on where it was.
#![allow(clippy::disallowed_methods, reason = "scanners are held to limits of the wall clock")]

use std::path::Path;
use std::time::Duration;

use super::{Error, run};
use crate::case;
use crate::index::{ScannerState, Writer};
use crate::model::ConnectionId;
use crate::scan::Chosen;

mod connection;
mod crew;
mod sheet;
mod subject;

use crew::{Batch, Job};
use sheet::Found;

/// Connections in a batch: what one worker looks at before it says what it found.
const BATCH: u64 = 256;
/// Batches in a commit.
const COMMIT: usize = 64;

/// How to scan.
#[derive(Default)]
pub struct Options {
    /// What to run, in this order.
    pub scanners: Vec<Chosen>,
    /// Threads; `None`: as many as the machine runs at once.
    pub workers: Option<usize>,
    /// Scanners look at everything again.
    pub again: bool,
    /// What a scanner may take.
    pub limits: Limits,
    /// For the record of runs.
    pub command_line: String,
}

/// What one scanner may take of one connection.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Time.
    pub time: Duration,
    /// Findings, and objects.
    pub rows: u32,
    /// Bytes of objects, and for each byte of payload so many more.
    pub bytes: u64,
    /// See [`bytes`](Self::bytes).
    pub bytes_per_byte: u64,
    /// Objects found in objects found in objects.
    pub depth: u32,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { time: Duration::from_secs(60), rows: 100_000, bytes: 256 << 20, bytes_per_byte: 16, depth: 4 }
    }
}

/// What became of a scan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// Connections with payload that at least one scanner looked at.
    pub connections: u64,
    /// Findings.
    pub findings: u64,
    /// Objects.
    pub objects: u64,
    /// Things that were strange to scanners, failures and limits among them.
    pub anomalies: u64,
    /// A scanner failed or reached a limit, and it is recorded.
    pub left_out: bool,
}

/// Runs scanners over the connections of the case at `root` that they have not looked at. `progress` is told how many
/// connections are done, and how many there are.
///
/// # Errors
/// A case that cannot be used. What was committed stays.
pub fn scan(root: &Path, options: &Options, progress: &mut dyn FnMut(u64, u64)) -> Result<Summary, Error> {
    let mut case = case::Writer::open(root)?;
    let number = run::begin(&mut case.index, &options.command_line)?;
    case.begin_objects()?;
    match scan_open(root, &mut case, options, progress) {
        Ok((summary, sweep)) => {
            case.end_objects(sweep)?;
            run::end(&mut case.index, number)?;
            case.index.finish()?;
            Ok(summary)
        }
        Err(error) => {
            case.index.rollback()?;
            case.end_objects(true)?;
            case.index.finish()?;
            Err(error)
        }
    }
}

/// The same, and whether rows of objects went.
fn scan_open(
    root: &Path,
    case: &mut case::Writer,
    options: &Options,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(Summary, bool), Error> {
    let index = &mut case.index;
    let begin = |Chosen { name, version, .. }: &Chosen| match options.again {
        true => index.begin_scanner_anew(name, version),
        false => index.begin_scanner(name, version),
    };
    let states = options.scanners.iter().map(begin).collect::<Result<Vec<_>, _>>()?;
    let sweep = states.iter().any(|state| state.dropped || !state.again.is_empty());
    index.commit()?;
    let last = index.next_ids()?.1 - 1;
    let batches = batches(&states, last);
    let (mut summary, mut done) = (Summary::default(), 0);
    let job = Job { root, beneath: &case.beneath, options, states: &states, batches: &batches };
    crew::run(&job, &mut |number, found: Found| {
        put(index, &states, found, &mut summary)?;
        done += batches[number].count();
        progress(done, last);
        if (number + 1) % COMMIT == 0 || number + 1 == batches.len() {
            commit(index, &states, batches[number].reaches())?;
        }
        Ok(())
    })?;
    Ok((summary, sweep))
}

/// Connections to look at again first, then those no scanner or not every scanner has seen.
fn batches(states: &[ScannerState], last: ConnectionId) -> Vec<Batch> {
    let mut again: Vec<ConnectionId> = states.iter().flat_map(|state| state.again.iter().copied()).collect();
    again.sort_unstable();
    again.dedup();
    let first = states.iter().map(|state| state.upto).min().unwrap_or(last) + 1;
    again.retain(|connection| *connection < first);
    let mut batches: Vec<Batch> = again.chunks(BATCH as usize).map(|some| Batch::Some(some.to_vec())).collect();
    batches.extend((first..=last).step_by(BATCH as usize).map(|from| Batch::Range(from, (from + BATCH - 1).min(last))));
    batches
}

fn put(index: &mut Writer, states: &[ScannerState], found: Found, summary: &mut Summary) -> Result<(), Error> {
    for connection in &found.connections {
        for state in states.iter().filter(|state| state.again.binary_search(connection).is_ok()) {
            index.forget_scan(state.id, *connection)?;
        }
    }
    summary.connections += found.connections.len() as u64;
    summary.objects += found.objects.len() as u64;
    summary.findings += found.findings.len() as u64 - found.anomalies;
    summary.anomalies += found.anomalies;
    summary.left_out |= found.left_out;
    found.objects.iter().try_for_each(|row| index.put_object(row))?;
    Ok(found.findings.iter().try_for_each(|row| index.put_finding(row))?)
}

fn commit(index: &mut Writer, states: &[ScannerState], upto: Option<ConnectionId>) -> Result<(), Error> {
    for state in states {
        if let Some(upto) = upto.filter(|upto| *upto > state.upto) {
            index.scanned_upto(state.id, upto)?;
        }
    }
    Ok(index.commit()?)
}
