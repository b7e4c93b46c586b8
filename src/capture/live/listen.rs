//! One interface: opened, and listened on by a thread of its own.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::SyncSender;

use pcap::{Active, Capture, Packet, Precision};
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::Dropped;
use crate::capture::block::BLOCK;
use crate::capture::{Status, Stop};
use crate::model::{Batch, FrameHead, LinkType, Timestamp};

/// Longest time frames are held back, in milliseconds, unless another is asked for.
const HOLD: u32 = 100;

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
    /// Longest time frames are held back, in milliseconds; `None`: a tenth of a second.
    pub hold: Option<u32>,
    /// Nanoseconds added to every time.
    pub time_shift: i64,
}

/// An interface that cannot be listened on.
#[derive(Debug, thiserror::Error)]
#[error("`{interface}`: {source}")]
pub struct Error {
    pub(super) interface: String,
    pub(super) source: pcap::Error,
}

/// What a thread says.
pub(super) enum Heard {
    /// Frames that came; they are not numbered.
    Frames(Batch, Dropped),
    Ended(Dropped, Option<Stop>),
}

/// Interfaces that are open: what privileges are for. Nothing is read of them yet, but the kernel keeps what comes.
pub struct Interfaces(pub(super) Vec<Open>);

/// An interface that is open.
pub(super) struct Open {
    pub name: String,
    pub capture: Capture<Active>,
    /// Milliseconds.
    hold: i32,
    time_shift: i64,
}

impl Interfaces {
    /// Opens each interface.
    ///
    /// # Errors
    /// One of them is not there, may not be listened on, or the filter means nothing for it.
    pub fn open(names: &[String], how: &Listen) -> Result<Self, Error> {
        let open = |interface: &String| match open(interface, how) {
            Ok(open) => Ok(open),
            Err(source) => Err(Error { interface: interface.clone(), source }),
        };
        Ok(Interfaces(names.iter().map(open).collect::<Result<_, _>>()?))
    }
}

/// The interface that libpcap would listen on where none is named.
///
/// # Errors
/// There is none, or interfaces may not be listed.
pub fn usual_interface() -> Result<String, Error> {
    let failed = |source| Error { interface: "no interface".into(), source };
    let found = pcap::Device::lookup().map_err(failed)?;
    found.map(|device| device.name).ok_or_else(|| failed(pcap::Error::PcapError("none can be listened on".into())))
}

fn open(interface: &str, how: &Listen) -> Result<Open, pcap::Error> {
    let hold = how.hold.unwrap_or(HOLD).clamp(1, 3_600_000) as i32;
    let wide = |bytes: u32| i32::try_from(bytes).unwrap_or(i32::MAX);
    let capture = Capture::from_device(interface)?.snaplen(wide(how.snap_length)).buffer_size(wide(how.buffer));
    let mut capture =
        capture.promisc(how.promiscuous).timeout(hold).precision(Precision::Nano).open()?.setnonblock()?;
    if let Some(filter) = &how.filter {
        capture.filter(filter, true)?;
    }
    Ok(Open { name: interface.to_owned(), capture, hold, time_shift: how.time_shift })
}

/// Hands over what comes, until it is to stop or the interface is gone.
pub(super) fn attend(open: Open, number: usize, send: &SyncSender<(usize, Heard)>, stop: &AtomicBool) {
    let Open { mut capture, hold, time_shift, .. } = open;
    let link = LinkType(capture.get_datalink().0.unsigned_abs());
    loop {
        // what the kernel has kept until then is read, too
        let was_stopped = stop.load(Ordering::Relaxed);
        let mut batch = Batch::default();
        let idle = loop {
            match capture.next_packet() {
                Ok(packet) => add(&mut batch, &packet, link, time_shift),
                Err(pcap::Error::TimeoutExpired) => break Ok(true),
                Err(error) => break Err(error),
            }
            if batch.bytes.len() >= BLOCK || is_old(&batch, hold) {
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
                    rest(&capture, hold);
                }
                continue;
            }
            Err(error) => Some(Stop { status: Status::Truncated, offset: None, message: error.to_string() }),
        };
        // nobody may be left to hear it
        let _ = send.send((number, Heard::Ended(dropped, stop)));
        return;
    }
}

/// Sleeps until there is something to read, or somebody may have said to stop. (The time-out of libpcap itself is none where no
/// frame comes.)
fn rest(capture: &Capture<Active>, hold: i32) {
    let hold = i64::from(hold);
    let time = Timespec { tv_sec: hold / 1000, tv_nsec: hold % 1000 * 1_000_000 };
    // whatever is wrong is said by the next attempt to read
    let _ = poll(&mut [PollFd::new(capture, PollFlags::IN)], Some(&time));
}

fn add(batch: &mut Batch, packet: &Packet<'_>, link: LinkType, time_shift: i64) {
    let start = batch.bytes.len() as u32;
    batch.bytes.extend_from_slice(packet.data);
    let header = packet.header;
    batch.frames.push(FrameHead {
        number: 0,
        position: 0,
        // with this precision libpcap gives nanoseconds for microseconds
        time: Timestamp::new(header.ts.tv_sec, header.ts.tv_usec.saturating_add(time_shift)),
        original_len: header.len,
        link,
        at: start..batch.bytes.len() as u32,
    });
}

/// The first frame has waited long enough, by the times of the frames.
fn is_old(batch: &Batch, hold: i32) -> bool {
    let time = |frame: Option<&FrameHead>| frame.and_then(|frame| frame.time);
    let (first, last) = (time(batch.frames.first()), time(batch.frames.last()));
    first.zip(last).is_some_and(|(first, last)| last.0.saturating_sub(first.0) > i64::from(hold) * 1_000_000)
}

fn dropped(capture: &mut Capture<Active>) -> Dropped {
    let stats = capture.stats();
    stats.map_or(Dropped::default(), |stats| Dropped {
        kernel: stats.dropped.into(),
        interface: stats.if_dropped.into(),
    })
}
