//! One capture file as a [`Source`]: its format is known by how it begins, its bytes are read straight into the
//! batch, and the part of a record that did not fit is carried into the next one.
//!
//! ```text
//! batch n    [carried | read ............ | part of a record]
//!                                                  └─ carried ─┐
//! batch n+1                                  [part of a record | read ............]
//! ```

use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use super::block::{BLOCK, Input};
use super::pcap::{self, Pcap};
use super::pcapng::{self, Pcapng};
use super::sink::{Clock, Cut, Sink};
use super::snoop::{self, Snoop};
use super::{Source, Stop};
use crate::model::Batch;

/// What a file is, whatever could be read of its frames.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// SHA-256 of the file as it lies.
    pub sha256: [u8; 32],
    /// SHA-256 of its first MiB.
    pub head_sha256: [u8; 32],
    /// Its size in bytes, as it lies.
    pub size: u64,
    /// `pcap`, `pcapng`, `snoop`, `pcap, gzip`, …
    pub format: String,
}

/// Frames of one file or of standard input.
pub struct Reader {
    input: Input,
    format: Format,
    /// Bytes read already that belong to the next batch.
    carry: Vec<u8>,
    /// Offset of the first byte of `carry` in the decompressed capture.
    position: u64,
    /// Bytes from there on that the next record takes, as far as known.
    wants: usize,
    clock: Clock,
    end: Option<Result<(), Stop>>,
}

enum Format {
    Pcap(Pcap),
    Pcapng(Pcapng),
    Snoop(Snoop),
}

impl Reader {
    /// Opens `path` (standard input for `-`) and reads as far as the file header.
    ///
    /// # Errors
    /// An unreadable capture: it cannot be opened, is empty, or is no capture.
    pub fn open(path: &Path) -> Result<Self, Stop> {
        let input = Input::open(path).map_err(|error| Stop::unreadable(system(&error)))?;
        Self::over(input)
    }

    /// Reads the file header from any input.
    ///
    /// # Errors
    /// As [`open`](Self::open).
    pub fn over(mut input: Input) -> Result<Self, Stop> {
        let mut start = [0; pcap::FILE_HEADER];
        let read = read_start(&mut input, &mut start).map_err(|error| unreadable(&input, &error))?;
        let mut reader = Reader {
            input,
            format: Format::new(&start[..read])?,
            carry: start[..read].to_vec(),
            position: 0,
            wants: 0,
            clock: Clock::default(),
            end: None,
        };
        let header = reader.format.header().min(read);
        reader.carry.drain(..header);
        reader.position = header as u64;
        Ok(reader)
    }

    /// Frames given out so far.
    pub fn frames(&self) -> u64 {
        self.clock.frames()
    }

    /// Adds the bytes of the file that are read from now on to `read`.
    pub(super) fn count_in(&mut self, read: Arc<AtomicU64>) {
        self.input.count_in(read);
    }

    /// Reads what is left of the file, and says what it is.
    pub fn finish(self) -> Identity {
        let name = match self.format {
            Format::Pcap(_) => "pcap",
            Format::Pcapng(_) => "pcapng",
            Format::Snoop(_) => "snoop",
        };
        let format = match self.input.compression() {
            Some(compression) => format!("{name}, {compression}"),
            None => name.to_owned(),
        };
        let seen = self.input.finish();
        let size = seen.size();
        let (sha256, head_sha256) = seen.digests();
        Identity { sha256, head_sha256, size, format }
    }

    /// Fills `bytes` from `filled` on; returns how far it came, and why not further.
    fn read(&mut self, bytes: &mut [u8], mut filled: usize) -> (usize, Option<Result<(), Stop>>) {
        while filled < bytes.len() {
            match self.input.read(&mut bytes[filled..]) {
                Ok(0) => return (filled, Some(Ok(()))),
                Ok(read) => filled += read,
                Err(error) => {
                    let reached = self.position + filled as u64;
                    return (filled, Some(Err(broken(&self.input, &error, reached))));
                }
            }
        }
        (filled, None)
    }

    /// Puts what was carried into `bytes` and fills them up; `bytes` then end where the reading did.
    fn load(&mut self, bytes: &mut Vec<u8>) -> Option<Result<(), Stop>> {
        let size = self.wants.max(BLOCK);
        if bytes.capacity() < size {
            // Zeros from the system: pages that a small capture does not fill are never touched.
            *bytes = vec![0; size];
        }
        bytes.resize(size, 0);
        bytes[..self.carry.len()].copy_from_slice(&self.carry);
        let (filled, end) = self.read(bytes, self.carry.len());
        bytes.truncate(filled);
        end
    }

    fn cut(&mut self, bytes: &[u8], batch: &mut Batch) -> Result<Cut, Stop> {
        let mut sink = Sink { frames: &mut batch.frames, notes: &mut batch.notes, clock: &mut self.clock };
        match &mut self.format {
            Format::Pcap(format) => format.cut(bytes, self.position, &mut sink),
            Format::Pcapng(format) => format.cut(bytes, self.position, &mut sink),
            Format::Snoop(format) => format.cut(bytes, self.position, &mut sink),
        }
    }

    /// Goes on behind the records that were cut. `end` says that the file ends with `bytes`.
    fn advance(&mut self, bytes: &[u8], cut: &Cut, end: Option<Result<(), Stop>>) {
        self.carry.clear();
        self.wants = 0;
        if cut.used > bytes.len() {
            let start = self.position + cut.wants as u64;
            self.position += bytes.len() as u64;
            self.end = self.skip(cut.used - bytes.len(), start, end);
            return;
        }
        self.position += cut.used as u64;
        let rest = &bytes[cut.used..];
        match end {
            Some(Ok(())) if !rest.is_empty() => self.end = Some(Err(self.cut_short(rest, cut.wants))),
            Some(end) => self.end = Some(end),
            None => {
                self.carry.extend_from_slice(rest);
                self.wants = cut.wants;
            }
        }
    }

    fn cut_short(&self, rest: &[u8], wants: usize) -> Stop {
        match &self.format {
            Format::Pcap(format) => format.cut_short(rest, self.position, self.clock.frames() + 1),
            Format::Pcapng(_) => pcapng::cut_short(rest.len(), wants, self.position),
            Format::Snoop(format) => format.cut_short(rest, self.position, self.clock.frames() + 1),
        }
    }

    /// Reads past the rest of a block that is of no use and larger than a buffer should be.
    fn skip(&mut self, mut left: usize, start: u64, mut end: Option<Result<(), Stop>>) -> Option<Result<(), Stop>> {
        let mut scratch = vec![0; BLOCK];
        while left > 0 && end.is_none() {
            let piece = left.min(BLOCK);
            let (read, stopped) = self.read(&mut scratch[..piece], 0);
            self.position += read as u64;
            left -= read;
            end = stopped;
        }
        match end {
            Some(Ok(())) if left > 0 => {
                Some(Err(Stop::truncated(start, format!("block at offset {start} is cut short by {left} bytes"))))
            }
            end => end,
        }
    }
}

impl Source for Reader {
    fn fill(&mut self, batch: &mut Batch) -> Result<bool, Stop> {
        batch.frames.clear();
        batch.notes.clear();
        if self.end.is_none() {
            let mut bytes = std::mem::take(&mut batch.bytes);
            let end = self.load(&mut bytes);
            match self.cut(&bytes, batch) {
                Ok(cut) => self.advance(&bytes, &cut, end),
                Err(stop) => self.end = Some(Err(stop)),
            }
            batch.bytes = bytes;
        }
        match &self.end {
            Some(Err(stop)) if batch.frames.is_empty() && batch.notes.is_empty() => Err(stop.clone()),
            end => Ok(!matches!(end, Some(Ok(())))),
        }
    }
}

impl Format {
    /// By the first bytes of the decompressed capture.
    fn new(start: &[u8]) -> Result<Self, Stop> {
        match start {
            [] => Err(Stop::no_capture(0, "empty file: it ends at offset 0")),
            [0x0a, 0x0d, 0x0d, 0x0a, ..] => Ok(Format::Pcapng(Pcapng::default())),
            start if start.starts_with(snoop::MAGIC) => Snoop::begin(start).map(Format::Snoop),
            _ => Pcap::begin(start).map(Format::Pcap),
        }
    }

    /// Bytes in front of the first record.
    fn header(&self) -> usize {
        match self {
            Format::Pcap(_) => pcap::FILE_HEADER,
            Format::Pcapng(_) => 0,
            Format::Snoop(_) => snoop::FILE_HEADER,
        }
    }
}

fn read_start(input: &mut Input, into: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < into.len() {
        match input.read(&mut into[filled..])? {
            0 => break,
            read => filled += read,
        }
    }
    Ok(filled)
}

fn unreadable(input: &Input, error: &io::Error) -> Stop {
    Stop::no_capture(0, broken(input, error, 0).message)
}

fn broken(input: &Input, error: &io::Error, reached: u64) -> Stop {
    match (input.compression(), error.kind()) {
        (Some(name), io::ErrorKind::UnexpectedEof) => {
            Stop::truncated(reached, format!("the {name} stream is cut short after {reached} bytes of the capture"))
        }
        (Some(name), _) => Stop::damaged(
            reached,
            format!("the {name} stream is damaged after {reached} bytes of the capture: {error}"),
        ),
        (None, _) => Stop::damaged(reached, format!("reading failed at offset {reached}: {}", system(error))),
    }
}

/// The system's words, without the number that std appends.
pub(super) fn system(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_lowercase(),
        None => text,
    }
}

#[cfg(test)]
#[path = "reader_tests.rs"]
mod tests;
