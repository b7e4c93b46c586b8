//! Frames from interfaces, as they come.
//!
//! A thread listens on each interface and hands over what came within a tenth of a second, or a block of it; the kernel keeps what
//! comes meanwhile. Frames are numbered, and have the positions they would have in a capture file of libpcap. This is the one
//! part of the floor that reads a clock: somebody has to say when it is time to commit.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use pcap::{Active, Capture, Packet, Precision};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::block::BLOCK;
use super::{Ended, Status, Step, Stop};
use crate::model::{Batch, FrameHead, LinkType, Timestamp};

/// Time between two good moments to commit.
const COMMIT_EVERY: Duration = Duration::from_secs(4);
/// Longest time frames are held back, in milliseconds.
const HOLD: i32 = 100;
/// Batches on their way.
const AHEAD: usize = 16;
/// Bytes of the header of a capture file of libpcap, and of that of a frame in it.
const HEADERS: (u64, u64) = (24, 16);

/// How to listen.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listen {
    /// A filter that the kernel applies.
    pub filter: Option<String>,
    /// Bytes captured of each frame, at most.
    pub snap_length: u32,
    /// Bytes that the kernel keeps of an interface until they are read.
    pub buffer: u32,
    /// Ask the interface for frames of others.
    pub promiscuous: bool,
}

/// When it is enough.
#[derive(Clone, Debug, Default)]
pub struct Until {
    /// After so many frames.
    pub frames: Option<u64>,
    /// After so many captured bytes.
    pub bytes: Option<u64>,
    /// After this time.
    pub time: Option<Duration>,
    /// Once this is true.
    pub stop: Arc<AtomicBool>,
}

/// An interface that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("`{interface}`: {source}")]
pub struct Error {
    interface: String,
    source: pcap::Error,
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
}

/// Interfaces that are open: what privileges are for. Nothing is read of them yet, but the kernel keeps what comes.
pub struct Interfaces(Vec<(String, Capture<Active>)>);

impl Interfaces {
    /// Opens each interface.
    ///
    /// # Errors
    /// One of them is not there, may not be listened on, or the filter means nothing for it.
    pub fn open(names: &[String], how: &Listen) -> Result<Self, Error> {
        let open = |interface: &String| match open(interface, how) {
            Ok(capture) => Ok((interface.clone(), capture)),
            Err(source) => Err(Error { interface: interface.clone(), source }),
        };
        Ok(Interfaces(names.iter().map(open).collect::<Result<_, _>>()?))
    }

    /// Their names.
    pub fn names(&self) -> Vec<String> {
        self.0.iter().map(|(name, _)| name.clone()).collect()
    }
}

/// Interfaces that are listened on, as steps of an ingest.
pub struct Live {
    heard: Receiver<(usize, Heard)>,
    ears: Vec<Ear>,
    until: Until,
    begun: Instant,
    committed: Instant,
    frames: u64,
    bytes: u64,
    read: Arc<AtomicU64>,
    ready: VecDeque<Step>,
}

/// What is known of an interface.
#[derive(Default)]
struct Ear {
    frames: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    dropped: Dropped,
    /// Frames came since the last commit.
    news: bool,
    ended: bool,
}

/// What a thread says.
enum Heard {
    Frames(Batch, Dropped),
    Ended(Dropped, Option<Stop>),
}

impl Live {
    /// Begins to listen on each interface.
    ///
    /// # Errors
    /// The system gives no thread for one of them.
    pub fn listen(interfaces: Interfaces, until: Until) -> Result<Self, Error> {
        let (send, heard) = sync_channel(AHEAD);
        let ears = interfaces.0.iter().map(|_| Ear::default()).collect();
        for (number, (interface, capture)) in interfaces.0.into_iter().enumerate() {
            let (send, stop) = (send.clone(), Arc::clone(&until.stop));
            let thread = thread::Builder::new().name(format!("listen {number}"));
            let failed = |error: std::io::Error| Error { interface, source: pcap::Error::IoError(error.kind()) };
            thread.spawn(move || attend(capture, number, &send, &stop)).map_err(failed)?;
        }
        let (begun, read) = (Instant::now(), Arc::default());
        Ok(Live { heard, ears, until, begun, committed: begun, frames: 0, bytes: 0, read, ready: VecDeque::new() })
    }

    /// Captured bytes so far.
    pub fn bytes_read(&self) -> Arc<AtomicU64> {
        Arc::clone(&self.read)
    }

    /// Waits for the next thing to happen, or until it is time to commit.
    fn wait(&mut self) {
        let commit_in = COMMIT_EVERY.saturating_sub(self.committed.elapsed());
        let end_in = self.until.time.map(|time| time.saturating_sub(self.begun.elapsed()));
        match self.heard.recv_timeout(end_in.map_or(commit_in, |end| end.min(commit_in))) {
            Ok((number, Heard::Frames(batch, dropped))) => self.take(number, batch, dropped),
            Ok((number, Heard::Ended(dropped, stop))) => {
                self.ears[number].dropped = dropped;
                self.ears[number].ended = true;
                let ended = self.ended(number, stop);
                self.ready.push_back(Step::Ended(ended));
            }
            Err(RecvTimeoutError::Timeout) => {}
            // a thread that broke down said nothing
            Err(RecvTimeoutError::Disconnected) => self.ears.iter_mut().for_each(|ear| ear.ended = true),
        }
        if self.until.time.is_some_and(|time| self.begun.elapsed() >= time) {
            self.until.stop.store(true, Ordering::Relaxed);
        }
        if self.committed.elapsed() >= COMMIT_EVERY {
            self.committed = Instant::now();
            self.commit();
        }
    }

    fn take(&mut self, number: usize, mut batch: Batch, dropped: Dropped) {
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
        let ear = &mut self.ears[number];
        ear.dropped = dropped;
        let times = || batch.frames.iter().filter_map(|frame| frame.time);
        ear.first = ear.first.or(times().next());
        ear.last = times().next_back().or(ear.last);
        ear.frames += batch.frames.len() as u64;
        ear.news |= !batch.frames.is_empty();
        self.frames += batch.frames.len() as u64;
        self.bytes += taken;
        self.read.fetch_add(taken, Ordering::Relaxed);
        let is_over = |limit: Option<u64>, used: u64| limit.is_some_and(|limit| used >= limit);
        if is_over(self.until.frames, self.frames) || is_over(self.until.bytes, self.bytes) {
            self.until.stop.store(true, Ordering::Relaxed);
        }
        if !batch.frames.is_empty() {
            let all = 0..batch.frames.len();
            self.ready.push_back(Step::Frames(Arc::new(batch), all));
        }
    }

    /// Says how far each interface is, and that this is a good moment to commit.
    fn commit(&mut self) {
        let news: Vec<usize> = (0..self.ears.len()).filter(|&number| self.ears[number].news).collect();
        for &number in &news {
            self.ears[number].news = false;
            if !self.ears[number].ended {
                let so_far = self.ended(number, None);
                self.ready.push_back(Step::SoFar(so_far));
            }
        }
        if !news.is_empty() {
            self.ready.push_back(Step::Quiet);
        }
    }

    fn ended(&self, capture: usize, stop: Option<Stop>) -> Box<Ended> {
        let Ear { frames, first, last, dropped, .. } = self.ears[capture];
        Box::new(Ended { capture, identity: None, live: Some(dropped), frames, first, last, stop })
    }
}

fn captured(frame: &FrameHead) -> u64 {
    u64::from(frame.at.end - frame.at.start)
}

impl Iterator for Live {
    type Item = Step;

    fn next(&mut self) -> Option<Step> {
        loop {
            if let Some(step) = self.ready.pop_front() {
                return Some(step);
            }
            if self.ears.iter().all(|ear| ear.ended) {
                return None;
            }
            self.wait();
        }
    }
}

fn open(interface: &str, how: &Listen) -> Result<Capture<Active>, pcap::Error> {
    let wide = |bytes: u32| i32::try_from(bytes).unwrap_or(i32::MAX);
    let capture = Capture::from_device(interface)?.snaplen(wide(how.snap_length)).buffer_size(wide(how.buffer));
    let mut capture =
        capture.promisc(how.promiscuous).timeout(HOLD).precision(Precision::Nano).open()?.setnonblock()?;
    if let Some(filter) = &how.filter {
        capture.filter(filter, true)?;
    }
    Ok(capture)
}

/// Hands over what comes, until it is to stop or the interface is gone.
fn attend(mut capture: Capture<Active>, number: usize, send: &SyncSender<(usize, Heard)>, stop: &AtomicBool) {
    let link = LinkType(capture.get_datalink().0.unsigned_abs());
    let (mut frame, mut position) = (0, HEADERS.0);
    loop {
        // what the kernel has kept until then is read, too
        let was_stopped = stop.load(Ordering::Relaxed);
        let mut batch = Batch { capture: number, ..Batch::default() };
        let idle = loop {
            match capture.next_packet() {
                Ok(packet) => {
                    frame += 1;
                    position += HEADERS.1;
                    add(&mut batch, &packet, frame, position, link);
                    position += packet.data.len() as u64;
                }
                Err(pcap::Error::TimeoutExpired) => break Ok(true),
                Err(error) => break Err(error),
            }
            if batch.bytes.len() >= BLOCK || is_old(&batch) {
                break Ok(false);
            }
        };
        let dropped = dropped(&mut capture);
        if !batch.frames.is_empty() && send.send((number, Heard::Frames(batch, dropped))).is_err() {
            return;
        }
        let stop = match idle {
            Ok(true) if was_stopped => None,
            Ok(idle) => {
                if idle {
                    rest(&capture);
                }
                continue;
            }
            Err(error) => Some(Stop { status: Status::Truncated, offset: Some(position), message: error.to_string() }),
        };
        // nobody may be left to hear it
        let _ = send.send((number, Heard::Ended(dropped, stop)));
        return;
    }
}

/// Sleeps until there is something to read, or somebody may have said to stop. (The time-out of libpcap itself is none where no
/// frame comes.)
fn rest(capture: &Capture<Active>) {
    let time = Timespec { tv_sec: 0, tv_nsec: i64::from(HOLD) * 1_000_000 };
    // whatever is wrong is said by the next attempt to read
    let _ = poll(&mut [PollFd::new(capture, PollFlags::IN)], Some(&time));
}

fn add(batch: &mut Batch, packet: &Packet<'_>, number: u64, position: u64, link: LinkType) {
    let start = batch.bytes.len() as u32;
    batch.bytes.extend_from_slice(packet.data);
    let header = packet.header;
    batch.frames.push(FrameHead {
        number,
        position,
        // with this precision libpcap gives nanoseconds for microseconds
        time: Timestamp::new(header.ts.tv_sec, header.ts.tv_usec),
        original_len: header.len,
        link,
        at: start..batch.bytes.len() as u32,
    });
}

/// The first frame has waited long enough, by the times of the frames.
fn is_old(batch: &Batch) -> bool {
    let time = |frame: Option<&FrameHead>| frame.and_then(|frame| frame.time);
    let (first, last) = (time(batch.frames.first()), time(batch.frames.last()));
    first.zip(last).is_some_and(|(first, last)| last.0.saturating_sub(first.0) > i64::from(HOLD) * 1_000_000)
}

fn dropped(capture: &mut Capture<Active>) -> Dropped {
    let stats = capture.stats();
    stats.map_or(Dropped::default(), |stats| Dropped {
        kernel: stats.dropped.into(),
        interface: stats.if_dropped.into(),
    })
}
