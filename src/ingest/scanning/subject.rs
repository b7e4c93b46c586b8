//! Payload of a case as scanners read it: opened when it is first read, its holes and frames looked up when they are first asked
//! for, and no longer than its time lasts.

use std::cell::{Cell, OnceCell};
use std::io;
use std::ops::Range;
use std::time::Instant;

use crate::case::{self, Payload as Stored};
use crate::index::{FlowInfo, ObjectRow, SegmentInfo};
use crate::model::Timestamp;
use crate::scan::{Error, Payload};

/// The time a scanner has; told anew for each.
#[derive(Debug)]
pub struct Deadline {
    until: Cell<Instant>,
    seconds: u64,
}

impl Deadline {
    /// So many seconds, from [`restart`](Self::restart) on.
    pub fn new(time: std::time::Duration) -> Self {
        let deadline = Deadline { until: Cell::new(Instant::now()), seconds: time.as_secs().max(1) };
        deadline.restart();
        deadline
    }

    /// The next scanner begins.
    pub fn restart(&self) {
        self.until.set(Instant::now() + std::time::Duration::from_secs(self.seconds));
    }

    /// # Errors
    /// Once the time is over.
    pub fn check(&self) -> Result<(), Error> {
        if Instant::now() < self.until.get() {
            return Ok(());
        }
        Err(Error::Limit { what: "seconds", most: self.seconds })
    }
}

/// What a payload is read from.
#[derive(Clone, Copy)]
pub enum Of<'a> {
    Flow(&'a FlowInfo),
    Object(&'a ObjectRow),
}

/// The payload of a flow, or the bytes of an object.
pub struct Subject<'a> {
    case: &'a case::Reader,
    of: Of<'a>,
    deadline: &'a Deadline,
    opened: OnceCell<Stored<'a>>,
    gaps: OnceCell<Vec<(u64, u64)>>,
    segments: OnceCell<Vec<SegmentInfo>>,
}

impl<'a> Subject<'a> {
    /// Nothing of it is read before it is asked for.
    pub fn new(case: &'a case::Reader, of: Of<'a>, deadline: &'a Deadline) -> Self {
        Subject { case, of, deadline, opened: OnceCell::new(), gaps: OnceCell::new(), segments: OnceCell::new() }
    }

    /// The capture and frame that brought a byte.
    pub fn frame_at(&self, offset: u64) -> Option<&SegmentInfo> {
        let known = self.known();
        let after = known.partition_point(|segment| segment.offset <= offset);
        let segment = known.get(after.checked_sub(1)?)?;
        (offset < segment.offset + u64::from(segment.length)).then_some(segment)
    }

    /// Of an object nothing is known.
    fn known(&self) -> &[SegmentInfo] {
        self.segments.get_or_init(|| match self.of {
            Of::Flow(flow) => self.case.index().segments(flow.id).unwrap_or_default(),
            Of::Object(_) => Vec::new(),
        })
    }

    fn open(&self) -> Result<&Stored<'a>, Error> {
        if let Some(opened) = self.opened.get() {
            return Ok(opened);
        }
        let opened = match self.of {
            Of::Flow(flow) => self.case.payload(flow)?,
            Of::Object(object) => Stored::of_file(self.case.object(&object.path)?)?,
        };
        Ok(self.opened.get_or_init(|| opened))
    }
}

impl Payload for Subject<'_> {
    fn length(&self) -> u64 {
        match self.of {
            Of::Flow(flow) => flow.length,
            Of::Object(object) => object.size,
        }
    }

    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        self.deadline.check()?;
        if offset.saturating_add(into.len() as u64) > self.length() {
            return Err(io::Error::from(io::ErrorKind::UnexpectedEof).into());
        }
        Ok(self.open()?.read_at(offset, into)?)
    }

    fn gap_from(&self, offset: u64) -> Option<Range<u64>> {
        let Of::Flow(flow) = self.of else { return None };
        if flow.stored_bytes == flow.length {
            return None;
        }
        let gaps = self.gaps.get_or_init(|| self.case.index().gaps(flow.id).unwrap_or_default());
        let next = gaps.partition_point(|(start, length)| start + length <= offset);
        gaps.get(next).map(|(start, length)| *start..start + length)
    }

    fn time_at(&self, offset: u64) -> Option<Timestamp> {
        self.frame_at(offset)?.time
    }

    fn segments(&self) -> Vec<Range<u64>> {
        self.known().iter().map(|one| one.offset..one.offset + u64::from(one.length)).collect()
    }
}
