//! Which captures are to be read: all but those the case has, each once.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use super::{Outcome, Summary};
use crate::capture::{Probe, file_sha256, probe};
use crate::index::StoredCapture;
use crate::index::rows::Status;

/// What an ingest has to do.
pub struct Plan {
    /// Captures to read.
    pub reading: Vec<Probe>,
    /// Captures the case has, or that are given twice.
    pub already: Vec<Outcome>,
    /// Bytes to read, as the files lie.
    pub bytes: u64,
    /// Captures of the case read with the same filter, by digest: what comes from standard input may be one.
    pub stored: HashMap<[u8; 32], Outcome>,
    /// Captures that an earlier ingest could not read.
    pub unreadable_before: Vec<String>,
}

/// Files of the same size with the same first MiB may be the same.
type Likeness = (u64, [u8; 32]);

/// What may be the same as what.
#[derive(Default)]
struct Alike {
    /// Digests of whole files, stored or given.
    known: HashMap<Likeness, Vec<[u8; 32]>>,
    /// How many of those given are alike.
    given: HashMap<Likeness, usize>,
}

impl Alike {
    /// The digest of a whole file, if it may be the same as another.
    fn digest(&self, probe: &Probe) -> Option<(Likeness, [u8; 32])> {
        let likeness = likeness(probe.size, probe.head_sha256)?;
        let suspect = self.known.contains_key(&likeness) || self.given.get(&likeness).is_some_and(|&given| given > 1);
        if suspect { Some((likeness, file_sha256(&probe.path).ok()?)) } else { None }
    }
}

impl Plan {
    /// Compares the captures given with those stored. Only where size and first MiB agree is a whole file digested.
    pub fn new(paths: Vec<PathBuf>, stored: Vec<StoredCapture>, filter: &str) -> Self {
        let stored: Vec<StoredCapture> = stored.into_iter().filter(|capture| capture.filter == filter).collect();
        let mut plan = Plan {
            reading: Vec::new(),
            already: Vec::new(),
            bytes: 0,
            unreadable_before: stored
                .iter()
                .filter(|known| known.sha256.is_none())
                .map(|known| known.path.clone())
                .collect(),
            stored: stored.iter().filter_map(|known| Some((known.sha256?, outcome(known)))).collect(),
        };
        let mut alike = Alike::default();
        for known in &stored {
            if let (Some(likeness), Some(sha256)) = (likeness(known.size, known.head_sha256), known.sha256) {
                alike.known.entry(likeness).or_default().push(sha256);
            }
        }
        let probes: Vec<Probe> = paths.iter().map(|path| probe(path)).collect();
        for likeness in probes.iter().filter_map(|probe| likeness(probe.size, probe.head_sha256)) {
            *alike.given.entry(likeness).or_default() += 1;
        }
        probes.into_iter().for_each(|probe| plan.add(probe, &mut alike));
        plan
    }

    /// Nothing is known of what will come.
    pub fn unknown() -> Self {
        Plan {
            reading: Vec::new(),
            already: Vec::new(),
            bytes: 0,
            stored: HashMap::new(),
            unreadable_before: Vec::new(),
        }
    }

    /// The summary of an ingest that has nothing to read.
    pub fn unchanged(self) -> Summary {
        let left_out = self.already.iter().any(|outcome| outcome.status != Status::Complete);
        Summary { captures: self.already, left_out, ..Summary::default() }
    }

    fn add(&mut self, probe: Probe, alike: &mut Alike) {
        if let Some((likeness, sha256)) = alike.digest(&probe) {
            let known = alike.known.entry(likeness).or_default();
            if known.contains(&sha256) {
                return self.already.push(self.known(&probe.path, &sha256));
            }
            known.push(sha256);
        }
        self.bytes += probe.size.unwrap_or(0);
        self.reading.push(probe);
    }

    /// What became of a capture when it was read; of one given twice, only that.
    fn known(&self, path: &Path, sha256: &[u8; 32]) -> Outcome {
        let path = path.to_string_lossy().into_owned();
        match self.stored.get(sha256) {
            Some(stored) => Outcome { path, ..stored.clone() },
            None => {
                Outcome { path, status: Status::Complete, message: None, stopped_at: None, already: true, frames: 0 }
            }
        }
    }
}

fn likeness(size: Option<u64>, head: Option<[u8; 32]>) -> Option<Likeness> {
    size.zip(head)
}

fn outcome(stored: &StoredCapture) -> Outcome {
    let StoredCapture { path, status, message, stopped_at, frames, .. } = stored.clone();
    Outcome { path, status, message, stopped_at, already: true, frames }
}
