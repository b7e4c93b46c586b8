//! What is known of an interface, and the captures its frames are in: one for all that is heard, or files that take turns.

use std::io;
use std::path::PathBuf;
use std::time::Instant;

use super::{Dropped, Every};
use crate::capture::write::{Error, HEADERS, Writer};
use crate::capture::{Ended, Identity, Status, Step, Stop};
use crate::model::{Batch, FrameHead, LinkType, Timestamp};

/// Where the frames themselves are kept.
#[derive(Clone, Debug)]
pub struct Keep {
    /// Captures are made in this directory.
    pub directory: PathBuf,
    /// When the next one is begun.
    pub rotate: Every,
}

/// An interface.
pub(super) struct Ear {
    name: String,
    keep: Option<Keep>,
    /// Frames lost since it is listened on.
    pub dropped: Dropped,
    /// Nothing comes any more.
    pub is_over: bool,
    /// A capture could not be written: nothing more is taken.
    has_failed: bool,
    current: Option<Current>,
}

/// The capture that its frames are in now.
struct Current {
    /// Its number to the ingest.
    capture: usize,
    file: Option<Writer>,
    begun: Instant,
    /// Frames lost before it began.
    dropped: Dropped,
    frames: u64,
    /// Position of the next frame's header.
    position: u64,
    first: Option<Timestamp>,
    last: Option<Timestamp>,
    /// Frames came since the last commit.
    news: bool,
}

impl Ear {
    pub fn new(name: String, keep: Option<Keep>) -> Self {
        Ear { name, keep, dropped: Dropped::default(), is_over: false, has_failed: false, current: None }
    }

    /// Numbers frames that came, and keeps them if that is wanted. `next` is the number of the next capture.
    pub fn take(&mut self, batch: &mut Batch, next: &mut usize, steps: &mut impl Extend<Step>) -> Result<(), Error> {
        if self.has_failed {
            batch.frames.clear();
            return Ok(());
        }
        let is_full = self.current.as_ref().zip(self.keep.as_ref()).is_some_and(|(current, keep)| {
            let size = current.file.as_ref().map_or(0, Writer::size);
            keep.rotate.is_reached(size, current.begun.elapsed())
        });
        if is_full {
            self.end(None, next, steps)?;
        }
        if self.current.is_none() {
            let file = batch.frames.first().map(|frame| self.file(frame)).transpose()?.flatten();
            self.begin(file, next, steps);
        }
        let Some(current) = &mut self.current else { return Ok(()) };
        batch.capture = current.capture;
        current.news |= !batch.frames.is_empty();
        let Batch { frames, bytes, .. } = batch;
        for frame in frames {
            current.frames += 1;
            current.position += HEADERS.1;
            (frame.number, frame.position) = (current.frames, current.position);
            current.position += u64::from(frame.at.end - frame.at.start);
            current.first = current.first.or(frame.time);
            current.last = frame.time.or(current.last);
            if let Some(file) = &mut current.file {
                file.write(frame, &bytes[frame.at.start as usize..frame.at.end as usize])?;
            }
        }
        Ok(())
    }

    /// The capture ends; so do all that may come, if there is a reason.
    pub fn end(&mut self, stop: Option<Stop>, next: &mut usize, steps: &mut impl Extend<Step>) -> Result<(), Error> {
        if self.current.is_none() && !self.has_failed {
            self.begin(None, next, steps);
        }
        let Some(mut current) = self.current.take() else { return Ok(()) };
        let identity = current.file.take().map(Writer::end).transpose()?;
        let stop = stop.map(|stop| Stop { offset: stop.offset.or(Some(current.position)), ..stop });
        steps.extend([Step::Ended(current.ended(self.dropped, identity, stop))]);
        Ok(())
    }

    /// The capture ends since it cannot be written.
    pub fn fail(&mut self, error: &Error, steps: &mut impl Extend<Step>) {
        self.has_failed = true;
        if let Some(current) = self.current.take() {
            let (status, offset) = (Status::Truncated, Some(current.position));
            let stop = Stop { status, offset, message: format!("cannot be written: {error}") };
            steps.extend([Step::Ended(current.ended(self.dropped, None, Some(stop)))]);
        }
    }

    /// How far it is, if something came since the last commit; that is in the file then.
    pub fn so_far(&mut self) -> Result<Option<Step>, Error> {
        let Some(current) = self.current.as_mut().filter(|current| current.news) else { return Ok(None) };
        current.news = false;
        current.file.as_mut().map_or(Ok(()), Writer::flush)?;
        Ok(Some(Step::SoFar(current.ended(self.dropped, None, None))))
    }

    /// Something was heard that is not ended.
    pub fn has_frames(&self) -> bool {
        self.current.as_ref().is_some_and(|current| current.frames > 0)
    }

    fn begin(&mut self, file: Option<Writer>, next: &mut usize, steps: &mut impl Extend<Step>) {
        let path = file.as_ref().map_or_else(|| PathBuf::from(&self.name), |file| file.path().to_owned());
        let capture = *next;
        *next += 1;
        self.current = Some(Current {
            capture,
            file,
            begun: Instant::now(),
            dropped: self.dropped,
            frames: 0,
            position: HEADERS.0,
            first: None,
            last: None,
            news: false,
        });
        steps.extend([Step::Begun { capture, path }]);
    }

    /// A file for frames from this one on: INTERFACE-20261128T201500Z.pcap, with a number behind if there is one.
    fn file(&self, first: &FrameHead) -> Result<Option<Writer>, Error> {
        let Some(Keep { directory, .. }) = &self.keep else { return Ok(None) };
        let name = self.name.replace(|c: char| !c.is_ascii_alphanumeric() && !"-_.".contains(c), "_");
        let stem = format!("{name}-{}", first.time.unwrap_or_default().compact());
        create(directory, &stem, first.link).map(Some)
    }
}

fn create(directory: &std::path::Path, stem: &str, link: LinkType) -> Result<Writer, Error> {
    let mut number = 1;
    loop {
        let name = if number == 1 { format!("{stem}.pcap") } else { format!("{stem}-{number}.pcap") };
        match Writer::create_new(&directory.join(name), link) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => number += 1,
            made => return made,
        }
    }
}

impl Current {
    fn ended(&self, dropped: Dropped, identity: Option<Identity>, stop: Option<Stop>) -> Box<Ended> {
        let Current { capture, frames, first, last, .. } = *self;
        let live = Some(dropped.since(self.dropped));
        Box::new(Ended { capture, identity, live, frames, first, last, stop })
    }
}
