//! What became of every frame of every capture: used, or skipped for one reason.

use std::collections::{BTreeMap, HashMap};
use std::path::Path;

use super::plan::Plan;
use super::recorder::Recorder;
use super::{Error, Outcome, Progress, Summary};
use crate::capture::Ended;
use crate::capture::live::Dropped;
use crate::decode::Heard;
use crate::decode::fragments::{Bearer, Outcome as Came};
use crate::index::rows::{AnomalyRow, CaptureRow, RecountRow, Row, Status};
use crate::model::{AnomalyKind, CaptureId, FrameHead, Note, Skip, Timestamp, Unused, Wlan};
use crate::track::Stamp;

/// The accounts of this ingest's captures.
#[derive(Default)]
pub struct Ledger {
    next: CaptureId,
    /// Of the captures of this ingest.
    first: CaptureId,
    filter: String,
    paths: Vec<String>,
    open: HashMap<usize, Account>,
    /// Ended without a frame: they are numbered last.
    frameless: Vec<(Account, Box<Ended>)>,
    stored: HashMap<[u8; 32], Outcome>,
    unreadable_before: Vec<String>,
    summary: Summary,
}

/// One capture.
#[derive(Default)]
struct Account {
    id: CaptureId,
    used: u64,
    skipped: BTreeMap<Unused, (u64, u64)>,
    notes: BTreeMap<AnomalyKind, (Note, Option<Timestamp>, u64)>,
    networks: Vec<Wlan>,
}

impl Ledger {
    /// Accounts that number captures from `next` on.
    pub fn new(next: CaptureId, plan: &mut Plan, filter: String) -> Self {
        let already = std::mem::take(&mut plan.already);
        let left_out = already.iter().any(|outcome| outcome.status != Status::Complete);
        Ledger {
            next,
            first: next,
            filter,
            paths: plan.reading.iter().map(|probe| probe.path.to_string_lossy().into_owned()).collect(),
            open: HashMap::new(),
            frameless: Vec::new(),
            stored: std::mem::take(&mut plan.stored),
            unreadable_before: std::mem::take(&mut plan.unreadable_before),
            summary: Summary { captures: already, left_out, ..Summary::default() },
        }
    }

    /// A capture begins that was not planned; it is the last of all.
    pub fn begun(&mut self, path: &Path) {
        self.paths.push(path.to_string_lossy().into_owned());
    }

    /// The number of a capture, given when its first frame comes.
    pub fn number(&mut self, capture: usize) -> CaptureId {
        let account = self.open.entry(capture).or_default();
        if account.id == 0 {
            account.id = self.next;
            self.next += 1;
        }
        account.id
    }

    /// A segment of the frame was attributed to a connection.
    pub fn used(&mut self, capture: usize, frames: u64) {
        self.open.entry(capture).or_default().used += frames;
    }

    /// The frame was not used.
    pub fn skipped(&mut self, capture: usize, why: Unused, bytes: usize) {
        self.open.entry(capture).or_default().skip(why, bytes as u64);
    }

    /// Frames that were skipped, since they brought parts of an unfinished packet, came to something else: the packet is
    /// whole. Some may be of captures that were written before.
    pub fn recount(&mut self, bearers: &[Bearer], outcome: Came, recorder: &mut Recorder<'_>) -> Result<(), Error> {
        for Bearer { capture, bytes } in bearers {
            let bytes = u64::from(*bytes);
            if let Some(account) = self.open.values_mut().find(|account| account.id == *capture) {
                account.recount(outcome, bytes);
                continue;
            }
            if *capture >= self.first && outcome.is_none() {
                self.summary.used += 1;
                self.summary.skipped -= 1;
            }
            recorder.scribe().put(Row::Recount(RecountRow { capture: *capture, to: outcome, bytes }))?;
        }
        Ok(())
    }

    /// Something strange about a frame that belongs to no flow. All are counted.
    pub fn strange(&mut self, capture: usize, kind: AnomalyKind, at: Stamp, detail: String) {
        let notes = &mut self.open.entry(capture).or_default().notes;
        let note = || (Note { frame: at.frame, position: 0, kind, detail }, at.time, 0);
        notes.entry(kind).or_insert_with(note).2 += 1;
        self.summary.left_out |= kind.is_limit();
    }

    /// What was heard on the air in a capture that has ended.
    pub fn heard(&mut self, capture: usize, heard: Heard) {
        if heard.networks.is_empty() {
            return;
        }
        let account = self.open.entry(capture).or_default();
        account.networks = heard.networks;
        if let Some(unlisted) = heard.unlisted {
            let (kind, detail) = (AnomalyKind::NetworkLimit, format!("{} are listed", account.networks.len()));
            let note = Note { frame: unlisted.frame, position: 0, kind, detail };
            account.notes.insert(kind, (note, unlisted.time, unlisted.count));
            self.summary.left_out = true;
        }
    }

    /// Something strange about the capture itself. The first of a kind is said, all are counted.
    pub fn note(&mut self, capture: usize, note: &Note, frames: &[FrameHead], progress: &mut dyn Progress) {
        let notes = &mut self.open.entry(capture).or_default().notes;
        if let Some((_, _, count)) = notes.get_mut(&note.kind) {
            *count += 1;
            return;
        }
        let time = frames.iter().find(|frame| frame.number == note.frame).and_then(|frame| frame.time);
        notes.insert(note.kind, (note.clone(), time, 1));
        let Note { frame, position, detail, .. } = note;
        let frame = if *frame == 0 { "header".to_owned() } else { format!("frame {frame}") };
        progress.note(&format!("`{}`: {frame} at offset {position}: {detail}", self.paths[capture]));
        self.summary.left_out = true;
    }

    /// A capture was read as far as it goes: its row is written, or waits until those with frames are numbered.
    pub fn ended(&mut self, ended: Box<Ended>, recorder: &mut Recorder<'_>) -> Result<(), Error> {
        let path = &self.paths[ended.capture];
        if let Some(known) = ended.identity.as_ref().and_then(|identity| self.stored.get(&identity.sha256)) {
            return Err(Error::Already(Box::new(Outcome { path: path.clone(), ..known.clone() })));
        }
        self.forget_unreadable(ended.capture, recorder)?;
        let account = self.open.remove(&ended.capture).unwrap_or_default();
        if account.id == 0 {
            self.frameless.push((account, ended));
            return Ok(());
        }
        self.write(account, ended, recorder)
    }

    /// A capture goes on; its row is written as if nothing more were heard of it.
    pub fn so_far(&mut self, ended: &Ended, recorder: &mut Recorder<'_>) -> Result<(), Error> {
        match self.open.get(&ended.capture) {
            Some(account) if account.id != 0 => {
                let lost = ended.live.and_then(|lost| dropped(account.id, lost));
                let (status, message) = (Status::Truncated, Some("was still going on".to_owned()));
                put(self.row(account, ended, status, message, None), lost, recorder)
            }
            _ => Ok(()),
        }
    }

    /// Writes the rows of captures without frames, and sums up.
    pub fn finish(mut self, recorder: &mut Recorder<'_>) -> Result<Summary, Error> {
        let mut frameless = std::mem::take(&mut self.frameless);
        frameless.sort_by_key(|(_, ended)| {
            let unreadable = status(ended) == Status::Unreadable;
            let sha256 = ended.identity.as_ref().map(|identity| identity.sha256);
            (unreadable, sha256, self.paths[ended.capture].clone())
        });
        for (mut account, ended) in frameless {
            account.id = self.next;
            self.next += 1;
            self.write(account, ended, recorder)?;
        }
        if self.summary.captures.iter().all(|outcome| outcome.status == Status::Unreadable) {
            return Err(Error::NothingReadable(self.summary.captures));
        }
        Ok(self.summary)
    }

    fn forget_unreadable(&mut self, capture: usize, recorder: &mut Recorder<'_>) -> Result<(), Error> {
        let path = &self.paths[capture];
        match self.unreadable_before.iter().position(|known| known == path) {
            Some(at) => Ok(recorder.scribe().replace_unreadable(self.unreadable_before.swap_remove(at))?),
            None => Ok(()),
        }
    }

    fn write(&mut self, account: Account, ended: Box<Ended>, recorder: &mut Recorder<'_>) -> Result<(), Error> {
        let (status, frames) = (status(&ended), ended.frames);
        let stop = ended.stop.as_ref();
        let (message, stopped_at) = (stop.map(|stop| stop.message.clone()), stop.and_then(|stop| stop.offset));
        let lost = ended.live.and_then(|lost| dropped(account.id, lost));
        self.summary.frames += frames;
        self.summary.used += account.used;
        self.summary.skipped += account.skipped.values().map(|(frames, _)| frames).sum::<u64>();
        self.summary.left_out |= status != Status::Complete || lost.is_some();
        let anomalies = anomalies(&account, status, frames, message.as_deref());
        let row = self.row(&account, &ended, status, message.clone(), stopped_at);
        let path = row.path.clone();
        self.summary.captures.push(Outcome { path, status, message, stopped_at, already: false, frames });
        put(row, anomalies.into_iter().chain(lost), recorder)
    }

    /// The row of a capture.
    fn row(
        &self,
        account: &Account,
        ended: &Ended,
        status: Status,
        message: Option<String>,
        stopped_at: Option<u64>,
    ) -> CaptureRow {
        let identity = ended.identity.as_ref();
        let live = ended.live.map(|_| "live".to_owned());
        // a file that was written here has all its frames in the case
        let filter = if live.is_some() && identity.is_some() { String::new() } else { self.filter.clone() };
        CaptureRow {
            id: account.id,
            path: self.paths[ended.capture].clone(),
            sha256: identity.map(|identity| identity.sha256),
            head_sha256: identity.map(|identity| identity.head_sha256),
            filter,
            size: identity.map(|identity| identity.size),
            format: identity.map(|identity| identity.format.clone()).or(live),
            frames: ended.frames,
            used: account.used,
            first: ended.first,
            last: ended.last,
            status,
            stopped_at,
            message,
            skipped: account.skipped.iter().map(|(why, (frames, bytes))| (*why, *frames, *bytes)).collect(),
            networks: account.networks.clone(),
        }
    }
}

/// Puts the rows of a capture, in place of those put of it before.
fn put(
    row: CaptureRow,
    anomalies: impl IntoIterator<Item = AnomalyRow>,
    recorder: &mut Recorder<'_>,
) -> Result<(), Error> {
    for anomaly in anomalies {
        recorder.scribe().put(Row::Anomaly(Box::new(anomaly)))?;
    }
    recorder.scribe().put(Row::Capture(Box::new(row)))
}

impl Account {
    fn skip(&mut self, why: Unused, bytes: u64) {
        let (frames, sum) = self.skipped.entry(why).or_default();
        *frames += 1;
        *sum += bytes;
    }

    fn recount(&mut self, outcome: Came, bytes: u64) {
        let waiting = Unused::from(Skip::IncompleteFragment);
        if let Some((frames, sum)) = self.skipped.get_mut(&waiting) {
            *frames -= 1;
            *sum -= bytes;
            if *frames == 0 {
                self.skipped.remove(&waiting);
            }
        }
        match outcome {
            Some(why) => self.skip(why, bytes),
            None => self.used += 1,
        }
    }
}

/// The capture's own anomalies, and that it ended before its end.
fn anomalies(account: &Account, status: Status, frames: u64, message: Option<&str>) -> Vec<AnomalyRow> {
    let row = |kind, frame, detail: &str, time, count| AnomalyRow {
        capture: account.id,
        frame,
        kind,
        flow: None,
        detail: detail.to_owned(),
        time,
        count,
    };
    let notes = account.notes.iter();
    let mut rows: Vec<AnomalyRow> =
        notes.map(|(&kind, (note, time, count))| row(kind, note.frame, &note.detail, *time, *count)).collect();
    let kind = match status {
        Status::Truncated => Some(AnomalyKind::CaptureTruncated),
        Status::Damaged => Some(AnomalyKind::CaptureDamaged),
        Status::Complete | Status::Unreadable => None,
    };
    rows.extend(kind.map(|kind| row(kind, frames, message.unwrap_or_default(), None, 1)));
    rows
}

/// That frames were lost, if any were: one row, renewed as long as the capture goes on.
fn dropped(capture: CaptureId, lost: Dropped) -> Option<AnomalyRow> {
    let Dropped { kernel, interface } = lost;
    let detail = format!("{kernel} by the kernel, {interface} by the interface");
    let (kind, count) = (AnomalyKind::FramesDropped, lost.sum());
    let row = AnomalyRow { capture, frame: 0, kind, flow: None, detail, time: None, count };
    (count > 0).then_some(row)
}

fn status(ended: &Ended) -> Status {
    ended.stop.as_ref().map_or(Status::Complete, |stop| match stop.status {
        crate::capture::Status::Truncated => Status::Truncated,
        crate::capture::Status::Damaged => Status::Damaged,
        crate::capture::Status::Unreadable => Status::Unreadable,
    })
}
