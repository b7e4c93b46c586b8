//! Frames from interfaces, as they come.
//!
//! A thread listens on each interface (`listen`) and hands over what came within a tenth of a second, or a block of it; the kernel
//! keeps what comes meanwhile. Frames are numbered, and have the positions they have in captures in the format of libpcap, which are
//! written if that is wanted (`ear`). This is the one part of the floor that reads a clock: somebody has to say when it is time to
//! commit, or to begin another capture or case.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use super::write;
use super::{Step, Stop};
use crate::model::{Batch, FrameHead};

mod ear;
mod listen;

use ear::Ear;
pub use ear::Keep;
pub use listen::{Error, Interfaces, Listen, usual_interface};
use listen::{Heard, attend};

/// Time between two good moments to commit.
const COMMIT_EVERY: Duration = Duration::from_secs(3);
/// Batches on their way: few, since the kernel keeps what comes in the meantime.
const AHEAD: usize = 2;

/// When it is enough, and when the next case is begun.
#[derive(Clone, Debug)]
pub struct Until {
    /// After so many frames.
    pub frames: Option<u64>,
    /// After so many captured bytes.
    pub bytes: Option<u64>,
    /// After this time.
    pub time: Option<Duration>,
    /// Once this is true.
    pub stop: Arc<AtomicBool>,
    /// The case ends here, and another begins.
    pub roll: Every,
    /// Time between two commits.
    pub commit: Duration,
}

impl Default for Until {
    fn default() -> Self {
        let (frames, bytes, time, stop, roll) = Default::default();
        Until { frames, bytes, time, stop, roll, commit: COMMIT_EVERY }
    }
}

/// A size or a time, whichever is reached first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Every {
    /// So many bytes.
    pub bytes: Option<u64>,
    /// So long.
    pub time: Option<Duration>,
}

impl Every {
    /// One of them is reached.
    pub fn is_reached(self, bytes: u64, time: Duration) -> bool {
        self.bytes.is_some_and(|most| bytes >= most) || self.time.is_some_and(|most| time >= most)
    }
}

/// Frames lost before they could be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Dropped {
    /// By the kernel: its buffer was full.
    pub kernel: u64,
    /// By the interface or its driver.
    pub interface: u64,
}

impl Dropped {
    /// All of them.
    pub fn sum(self) -> u64 {
        self.kernel + self.interface
    }

    /// Those lost since.
    pub fn since(self, earlier: Dropped) -> Dropped {
        let Dropped { kernel, interface } = earlier;
        Dropped { kernel: self.kernel.saturating_sub(kernel), interface: self.interface.saturating_sub(interface) }
    }
}

/// How much was heard: for whoever asks meanwhile.
#[derive(Debug, Default)]
pub struct Counters {
    /// Frames.
    pub frames: AtomicU64,
    /// Captured bytes.
    pub bytes: Arc<AtomicU64>,
    /// Frames lost.
    pub dropped: AtomicU64,
}

/// Interfaces that are listened on, as steps of ingests: one into each case.
pub struct Live {
    heard: Receiver<(usize, Heard)>,
    ears: Vec<Ear>,
    until: Until,
    begun: Instant,
    committed: Instant,
    frames: u64,
    bytes: u64,
    counters: Arc<Counters>,
    case: Case,
    ready: VecDeque<Step>,
}

/// The case that steps go into now.
struct Case {
    begun: Instant,
    bytes: u64,
    /// Number of the next capture in it.
    next: usize,
    /// No step comes behind those that are ready.
    is_full: bool,
}

impl Case {
    fn new() -> Self {
        Case { begun: Instant::now(), bytes: 0, next: 0, is_full: false }
    }
}

impl Live {
    /// Begins to listen on each interface.
    ///
    /// # Errors
    /// The system gives no thread for one of them.
    pub fn listen(interfaces: Interfaces, until: Until, keep: Option<Keep>) -> Result<Self, Error> {
        let (send, heard) = sync_channel(AHEAD);
        let mut ears = Vec::new();
        for (number, open) in interfaces.0.into_iter().enumerate() {
            let interface = open.name.clone();
            ears.push(Ear::new(interface.clone(), keep.clone()));
            let (send, stop) = (send.clone(), Arc::clone(&until.stop));
            let thread = thread::Builder::new().name(format!("listen {number}"));
            let failed = |error: std::io::Error| Error { interface, source: pcap::Error::IoError(error.kind()) };
            thread.spawn(move || attend(open, number, &send, &stop)).map_err(failed)?;
        }
        let (begun, counters, case) = (Instant::now(), Arc::default(), Case::new());
        let ready = VecDeque::new();
        Ok(Live { heard, ears, until, begun, committed: begun, frames: 0, bytes: 0, counters, case, ready })
    }

    /// How much was heard.
    pub fn counters(&self) -> Arc<Counters> {
        Arc::clone(&self.counters)
    }

    /// Nothing comes any more, in no case.
    pub fn is_over(&self) -> bool {
        self.ready.is_empty() && self.ears.iter().all(|ear| ear.is_over)
    }

    /// Waits for the next thing to happen, or until it is time for something.
    fn wait(&mut self) {
        let left = |time: Option<Duration>, since: Instant| time.map(|time| time.saturating_sub(since.elapsed()));
        let times = [
            left(Some(self.until.commit), self.committed),
            left(self.until.time, self.begun),
            left(self.until.roll.time, self.case.begun),
        ];
        let nothing = Duration::from_millis(10);
        match self.heard.recv_timeout(times.into_iter().flatten().min().unwrap_or_default().max(nothing)) {
            Ok((number, heard)) => self.hear(number, heard),
            Err(RecvTimeoutError::Timeout) => {}
            // a thread that broke down said nothing
            Err(RecvTimeoutError::Disconnected) => self.ears.iter_mut().for_each(|ear| ear.is_over = true),
        }
        if self.until.time.is_some_and(|time| self.begun.elapsed() >= time) {
            self.until.stop.store(true, Ordering::Relaxed);
        }
        if self.committed.elapsed() >= self.until.commit {
            self.committed = Instant::now();
            self.commit();
        }
        let is_full = self.until.roll.is_reached(self.case.bytes, self.case.begun.elapsed());
        if is_full && self.ears.iter().any(Ear::has_frames) {
            self.case.is_full = true;
            (0..self.ears.len())
                .filter(|&number| !self.ears[number].is_over)
                .collect::<Vec<_>>()
                .into_iter()
                .for_each(|number| self.end(number, None));
        }
    }

    fn hear(&mut self, number: usize, heard: Heard) {
        let (Heard::Frames(_, dropped) | Heard::Ended(dropped, _)) = &heard;
        self.ears[number].dropped = *dropped;
        let lost = self.ears.iter().map(|ear| ear.dropped.sum()).sum();
        self.counters.dropped.store(lost, Ordering::Relaxed);
        match heard {
            Heard::Frames(batch, _) => self.take(number, batch),
            Heard::Ended(_, stop) => {
                self.end(number, stop);
                self.ears[number].is_over = true;
            }
        }
    }

    fn take(&mut self, number: usize, mut batch: Batch) {
        let room = |limit: Option<u64>, used: u64| limit.map_or(u64::MAX, |limit| limit.saturating_sub(used));
        let (frames, bytes) = (room(self.until.frames, self.frames), room(self.until.bytes, self.bytes));
        let mut taken = 0;
        let fitting = (0..frames).zip(&batch.frames).take_while(|(_, frame)| {
            let fits = taken < bytes;
            taken += if fits { captured(frame) } else { 0 };
            fits
        });
        let fitting = fitting.count();
        batch.frames.truncate(fitting);
        self.frames += batch.frames.len() as u64;
        self.bytes += taken;
        self.case.bytes += taken;
        self.counters.frames.store(self.frames, Ordering::Relaxed);
        self.counters.bytes.store(self.bytes, Ordering::Relaxed);
        let is_over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used >= limit);
        if is_over(self.until.frames, self.frames) || is_over(self.until.bytes, self.bytes) {
            self.until.stop.store(true, Ordering::Relaxed);
        }
        if batch.frames.is_empty() {
            return;
        }
        let Live { ears, case, ready, .. } = self;
        let taken = ears[number].take(&mut batch, &mut case.next, ready);
        if let Err(error) = taken {
            return self.fail(number, &error);
        }
        if batch.frames.is_empty() {
            return;
        }
        let all = 0..batch.frames.len();
        self.ready.push_back(Step::Frames(Arc::new(batch), all));
    }

    /// Says how far each interface is, and that this is a good moment to commit.
    fn commit(&mut self) {
        let mut news = false;
        for number in 0..self.ears.len() {
            match self.ears[number].so_far() {
                Ok(Some(so_far)) => {
                    self.ready.push_back(so_far);
                    news = true;
                }
                Ok(None) => {}
                Err(error) => self.fail(number, &error),
            }
        }
        if news {
            self.ready.push_back(Step::Quiet);
        }
    }

    fn end(&mut self, number: usize, stop: Option<Stop>) {
        let Live { ears, case, ready, .. } = self;
        let ended = ears[number].end(stop, &mut case.next, ready);
        if let Err(error) = ended {
            self.fail(number, &error);
        }
    }

    /// Frames cannot be kept: what was heard until then is recorded, and that is all.
    fn fail(&mut self, number: usize, error: &write::Error) {
        self.ears[number].fail(error, &mut self.ready);
        self.until.stop.store(true, Ordering::Relaxed);
    }
}

fn captured(frame: &FrameHead) -> u64 {
    u64::from(frame.at.end - frame.at.start)
}

impl Iterator for Live {
    type Item = Step;

    /// The next step into this case; behind `None` come those into the next, unless it is over.
    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            if self.case.is_full {
                self.case = Case::new();
                return None;
            }
            if self.ears.iter().all(|ear| ear.is_over) {
                return None;
            }
            self.wait();
        }
    }
}
