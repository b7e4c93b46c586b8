//! The body of a message, taken out of its framing and codings into an object, piece by piece.
//!
//! A hole inside a body keeps its place as zeros, so that what follows stays where it belongs, as in payload files; the object
//! is incomplete, and the hole is said as strange. Where a body is coded nothing after a hole can be undone, and where holes
//! are longer than what was captured they would only fill the disk: the body is cut at the hole then.

use memchr::memchr;

use super::super::{Bytes, Error, Findings, NewObject, Stored, text_of};
use super::coding::Chain;
use super::framing::{Framing, Plan, number};
use super::head::LONGEST;
use crate::model::FlowId;

/// Bytes taken at once.
const PIECE: u64 = 64 << 10;
/// Bytes of holes any body may have, beside as many as were captured of it.
const HOLES: u64 = 64 << 10;
/// Bytes a line that frames chunks may have, extensions and all.
const LONGEST_LINE: usize = 16 << 10;

/// What was taken of a body.
#[derive(Debug)]
pub struct Taken {
    /// Its bytes that were captured, codings not undone.
    pub wire: u64,
    /// The object it became, if it has bytes.
    pub object: Option<Stored>,
    /// All of it was captured and understood.
    pub complete: bool,
    /// The next message is expected where it ends.
    pub framed: bool,
    /// What stopped it.
    pub stopped: Option<Error>,
}

/// Takes a body that begins here.
pub fn take(
    bytes: &mut Bytes<'_>,
    found: &mut dyn Findings,
    flow: FlowId,
    plan: &Plan,
    name: Option<&str>,
    said_type: Option<&[u8]>,
) -> Taken {
    let said_type = said_type.map(text_of);
    let (offset, time) = (bytes.offset(), bytes.time());
    let mut body = Body {
        chain: Chain::new(&plan.codings),
        bytes,
        found,
        flow,
        wire: 0,
        zeros: 0,
        complete: !plan.unknown,
        cut: false,
    };
    let object = NewObject { flow, offset, time, name, said_type: said_type.as_deref() };
    let framed = body.all(plan, object);
    let (framed, mut stopped) = match framed {
        Ok(framed) => (framed, None),
        Err(error) => (false, Some(error)),
    };
    let complete = body.complete && framed && stopped.is_none();
    let (end, wire) = (body.bytes.offset(), body.wire);
    let object = body.found.end_object(end, complete).unwrap_or_else(|error| {
        stopped.get_or_insert(error);
        None
    });
    Taken { wire, object, complete, framed, stopped }
}

/// A body on its way.
struct Body<'a, 'p> {
    bytes: &'a mut Bytes<'p>,
    found: &'a mut dyn Findings,
    flow: FlowId,
    chain: Chain,
    wire: u64,
    /// Bytes of holes kept as zeros.
    zeros: u64,
    complete: bool,
    /// What follows is left out.
    cut: bool,
}

impl Body<'_, '_> {
    /// All of it: whether it ended where its framing says.
    fn all(&mut self, plan: &Plan, object: NewObject<'_>) -> Result<bool, Error> {
        for what in &plan.odd {
            self.strange(what)?;
        }
        if matches!(plan.framing, Framing::None | Framing::Length(0)) {
            return Ok(true);
        }
        self.found.begin_object(object)?;
        let framed = match plan.framing {
            Framing::None => true,
            Framing::Length(length) => self.data(length)?,
            Framing::Chunked => self.chunks()?,
            Framing::UntilClose => {
                self.data(u64::MAX)?;
                true
            }
        };
        if !self.cut {
            let Body { chain, found, .. } = self;
            let fault = chain.finish(&mut |made| found.write(made))?;
            self.fault(fault)?;
        }
        Ok(framed)
    }

    /// Takes so many bytes, up to the end of the flow if they are [`u64::MAX`]: whether the message goes on right behind them.
    fn data(&mut self, length: u64) -> Result<bool, Error> {
        let mut left = length;
        while left > 0 && !self.bytes.is_at_end() {
            let Some(hole) = self.bytes.hole() else {
                left -= self.piece(left)?;
                continue;
            };
            let inside = hole.min(left);
            self.hole(inside, hole < left)?;
            self.bytes.skip(inside);
            left -= inside;
        }
        if left > 0 && length < u64::MAX {
            self.strange("a body is shorter than said")?;
        }
        Ok(left == 0)
    }

    /// Takes some bytes that are there.
    fn piece(&mut self, most: u64) -> Result<u64, Error> {
        let Body { bytes, chain, found, .. } = self;
        let taken = if self.cut {
            bytes.solid().min(most)
        } else {
            let piece = bytes.peek(most.min(PIECE) as usize)?;
            chain.push(piece, &mut |made| found.write(made))?;
            piece.len() as u64
        };
        self.wire += taken;
        self.bytes.skip(taken);
        Ok(taken)
    }

    /// A hole of which so many bytes are in the body; zeros are written if bytes of it follow.
    fn hole(&mut self, length: u64, goes_on: bool) -> Result<(), Error> {
        self.complete = false;
        let fits = self.zeros.saturating_add(length) <= HOLES.saturating_add(self.wire);
        let is_kept = self.chain.is_plain() && fits && goes_on;
        if self.cut {
            return Ok(());
        }
        if !is_kept {
            let what = format!("a hole of {length} bytes in a body: cut there");
            let Body { chain, found, .. } = self;
            chain.finish(&mut |made| found.write(made))?;
            self.cut = true;
            return self.strange(&what);
        }
        self.strange(&format!("a hole of {length} bytes in a body: zeros in its place"))?;
        self.zeros += length;
        let zeros = [0; 4096];
        let mut left = length;
        while left > 0 {
            let some = left.min(zeros.len() as u64);
            self.found.write(&zeros[..some as usize])?;
            left -= some;
        }
        Ok(())
    }

    /// Takes chunks: whether they and the trailer after them ended.
    fn chunks(&mut self) -> Result<bool, Error> {
        loop {
            let Some(line) = self.bytes.line(LONGEST_LINE)? else {
                return self.broken("a chunk does not begin with a line");
            };
            let digits = line.split(|&byte| byte == b';').next().unwrap_or_default().trim_ascii();
            match number(digits, 16) {
                None => return self.broken("a chunk does not begin with its size"),
                Some(0) => return self.trailer(),
                Some(size) if !self.data(size)? => return Ok(false),
                Some(_) => {}
            }
            let end = match self.bytes.peek(2)? {
                b"\r\n" => 2,
                [b'\n', ..] => 1,
                _ => return self.broken("a chunk does not end where it says"),
            };
            self.bytes.skip(end);
        }
    }

    /// Lines up to an empty one.
    fn trailer(&mut self) -> Result<bool, Error> {
        let most = self.bytes.offset().saturating_add(LONGEST as u64);
        while self.bytes.offset() < most {
            match self.bytes.line(LONGEST_LINE)? {
                Some(line) if line.is_empty() => return Ok(true),
                Some(line) if memchr(b':', &line).is_none() => return self.broken("a trailer is none"),
                Some(_) => {}
                None if self.bytes.is_at_end() => return Ok(true),
                None => break,
            }
        }
        self.broken("a trailer does not end")
    }

    fn broken(&mut self, what: &str) -> Result<bool, Error> {
        let what = match self.bytes.hole() {
            Some(_) => "a hole between chunks: the body is cut there",
            None if self.bytes.is_at_end() => "a body in chunks ends early",
            None => what,
        };
        self.strange(what)?;
        Ok(false)
    }

    fn fault(&mut self, fault: Option<&str>) -> Result<(), Error> {
        let Some(fault) = fault else { return Ok(()) };
        self.complete = false;
        self.strange(fault)
    }

    fn strange(&mut self, what: &str) -> Result<(), Error> {
        self.found.strange(self.flow, self.bytes.offset(), self.bytes.time(), what)
    }
}
