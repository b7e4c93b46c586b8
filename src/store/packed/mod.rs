//! The packed store: payload in a few files that only grow, `packs/0`, `packs/1`, …
//!
//! A pack is zstd frames one behind the other (`zstd -dc` reads it), each decompressed on its own. Small writes of all
//! flows share a frame; a large one has frames of its own, so that reading from the middle of a flow decompresses one.
//! The index says where frames lie ([`PackFrame`]) and of which pieces of which frames a flow is made ([`pieces`]).
//!
//! Nothing in a pack is ever changed: bytes that replace others are a later piece, and a new base drops pieces. So a kill
//! is undone by cutting packs back to what the index says ([`recover`]); the journal only tells that there was a writer.

pub mod layout;
mod pack;
pub mod pieces;
pub mod reading;
pub mod recover;

use std::collections::HashMap;
use std::io;

use layout::{Frames, Layout};
use pack::Pack;
use pieces::{Piece, Pieces};

use super::beneath::Beneath;
use super::digest::Front;
use super::{Asleep, AtRest, Error, PayloadStore, Stored, asleep, at};
use crate::model::{Digests, FlowId, HashKind, PackFrame, Timestamp};

/// Where packs lie in the case.
pub const DIRECTORY: &str = "packs";
/// Packs of a case, at most.
pub const PACKS: u8 = 8;
/// Payload in a frame, at most. Larger ones compress no better (1 MiB: the same within 1 %), and each store holds some.
pub const FRAME: usize = 256 << 10;
/// A write this long has frames of its own.
const ALONE: usize = 64 << 10;
/// Flows whose digests are worth keeping: shorter ones are read again at less cost.
const PARK_FROM: u64 = 256 << 10;
/// Running digests kept of flows that were closed and may go on in this run.
const MAX_PARKED: usize = 512;

/// The path of a pack in the case.
pub fn path(pack: u8) -> String {
    format!("{DIRECTORY}/{pack}")
}

/// Says where a committed frame of the pack lies, by its number.
pub type Earlier = Box<dyn FnMut(u64) -> io::Result<Option<PackFrame>> + Send>;

/// Payload in one pack. Several of these, each with its own, make the store of a case.
pub struct Packed {
    hashes: Vec<HashKind>,
    number: u8,
    pack: Pack,
    flows: HashMap<FlowId, Flow, foldhash::fast::RandomState>,
    parked: HashMap<FlowId, Box<Front>>,
    /// A flow of an earlier commit that cannot go on.
    damaged: Option<String>,
}

/// Bytes of an open flow.
#[derive(Default)]
struct Flow {
    /// The name its file would have.
    path: String,
    base: i64,
    pieces: Pieces,
    /// None: nothing was fed yet, and the next byte to feed is that at `base`.
    front: Option<Box<Front>>,
    /// Bytes in front of `front` changed after they were fed: it has to begin anew.
    stale: bool,
}

impl Packed {
    /// A store in the case directory `beneath`, which keeps these digests and writes pack `pack`. Its next frame is
    /// number `next_frame`, and `committed_bytes` of it are committed; `earlier` finds frames in these.
    pub fn new(
        beneath: Beneath,
        hashes: Vec<HashKind>,
        pack: u8,
        next_frame: u64,
        committed_bytes: u64,
        earlier: Earlier,
    ) -> Result<Self, Error> {
        let made = Pack::new(beneath, pack, next_frame, committed_bytes, earlier);
        Ok(Packed {
            hashes,
            number: pack,
            pack: made.map_err(at(&path(pack)))?,
            flows: HashMap::default(),
            parked: HashMap::new(),
            damaged: None,
        })
    }

    fn flow(&mut self, flow: FlowId) -> &mut Flow {
        self.flows.get_mut(&flow).expect(BEGUN)
    }

    /// Stores bytes behind all that was stored, whatever was at their place.
    fn put(&mut self, id: FlowId, mut position: i64, mut bytes: &[u8]) -> Result<(), Error> {
        let Packed { flows, pack, .. } = self;
        let pieces = &mut flows.get_mut(&id).expect(BEGUN).pieces;
        while !bytes.is_empty() {
            let (now, rest) = bytes.split_at(bytes.len().min(FRAME));
            let (frame, start) = if now.len() >= ALONE { (pack.put_alone(now)?, 0) } else { pack.put(now)? };
            pieces::push(pieces, Piece { position, frame, start, length: now.len() as u32 });
            position += now.len() as i64;
            bytes = rest;
        }
        Ok(())
    }

    /// The digests of a whole flow; what they have not seen is read back.
    fn digest(&mut self, id: FlowId, flow: &mut Flow, length: u64) -> io::Result<Digests> {
        if self.hashes.is_empty() {
            return Ok(Digests::default());
        }
        let front = flow.front.take().filter(|_| !flow.stale);
        let mut front = front.unwrap_or_else(|| Box::new(Front::new(&self.hashes, flow.base)));
        if front.position < flow.base + length as i64 {
            Layout::new(self.number, &flow.pieces, flow.base, length).feed(&mut front, &mut self.pack)?;
        }
        if length >= PARK_FROM && self.parked.len() < MAX_PARKED {
            self.parked.insert(id, front.clone());
        }
        Ok(front.finish())
    }
}

impl Flow {
    /// All of it, if that is little.
    fn asleep(&self, pack: u8) -> Option<Asleep> {
        let (base, end) = (self.base, self.pieces.iter().map(|piece| piece.range().end).max()?);
        let length = end.checked_sub(base)?.try_into().ok()?;
        let digests = asleep::digests(self.front.as_deref(), self.stale, end, length)?;
        let (path, pieces) = (self.path.clone(), Some(pieces::encode(pack, &self.pieces)));
        Some(Asleep { path, base, length, first: None, committed: None, changed: false, digests, pieces })
    }
}

impl PayloadStore for Packed {
    /// Packs only grow: there is nothing to undo but their growth.
    fn announce(&self, _: &mut dyn Iterator<Item = &str>) -> Result<(), Error> {
        Ok(())
    }

    fn prepare(&mut self) -> Result<Vec<PackFrame>, Error> {
        if let Some(path) = self.damaged.take() {
            return Err(Error::Pieces(path));
        }
        self.pack.flush()?;
        Ok(self.pack.made().to_vec())
    }

    fn settle(&mut self) -> Result<(), Error> {
        self.pack.settle();
        Ok(())
    }

    fn begin(&mut self, flow: FlowId, path: String, _first: Option<Timestamp>) {
        self.flows.insert(flow, Flow { path, ..Flow::default() });
    }

    fn resume(&mut self, flow: FlowId, rest: AtRest) {
        let end = rest.base + rest.length as i64;
        let front = self.parked.remove(&flow).filter(|front| front.position == end);
        let found = rest.pieces.as_deref().and_then(pieces::decode).filter(|(pack, _)| *pack == self.number);
        if found.is_none() {
            self.damaged = Some(rest.path.clone());
        }
        let pieces = found.map(|(_, pieces)| pieces).unwrap_or_default();
        self.flows.insert(flow, Flow { path: rest.path, base: rest.base, pieces, front, stale: false });
    }

    fn rebase(&mut self, flow: FlowId, base: i64) {
        let flow = self.flow(flow);
        (flow.base, flow.front, flow.stale) = (base, None, false);
    }

    fn write(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let Packed { flows, hashes, .. } = self;
        let flow = flows.get_mut(&id).expect(BEGUN);
        let next = flow.front.as_ref().map_or(flow.base, |front| front.position);
        flow.stale |= position < next;
        if position == next && !flow.stale && !hashes.is_empty() {
            flow.front.get_or_insert_with(|| Box::new(Front::new(hashes, position))).feed(bytes);
        }
        self.put(id, position, bytes)
    }

    fn read(&mut self, id: FlowId, position: i64, into: &mut [u8]) -> Result<(), Error> {
        into.fill(0);
        let (pieces, number) = (&self.flows[&id].pieces, self.number);
        let frames: &mut dyn Frames = &mut self.pack;
        let read = pieces::visit(pieces, position..position + into.len() as i64, |piece| {
            let bytes = layout::bytes(frames, number, &piece)?;
            into[(piece.position - position) as usize..][..bytes.len()].copy_from_slice(bytes);
            Ok(())
        });
        read.map_err(at(&path(number)))
    }

    fn replace(&mut self, id: FlowId, position: i64, bytes: &[u8]) -> Result<(), Error> {
        let flow = self.flow(id);
        flow.stale |= flow.front.as_ref().is_some_and(|front| position < front.position);
        self.put(id, position, bytes)
    }

    fn rest(&mut self, _: FlowId) -> Result<(), Error> {
        Ok(())
    }

    fn sleep(&mut self, id: FlowId) -> Result<Option<Asleep>, Error> {
        let asleep = self.flows.get(&id).and_then(|flow| flow.asleep(self.number));
        if asleep.is_some() {
            self.flows.remove(&id);
        }
        Ok(asleep)
    }

    fn wake(&mut self, id: FlowId, asleep: Asleep) {
        let Asleep { path, base, length, first, pieces, .. } = asleep;
        self.resume(id, AtRest { path, base, length, first, pieces });
    }

    fn close(&mut self, id: FlowId, length: u64, digested: bool) -> Result<Stored, Error> {
        let mut flow = self.flows.remove(&id).expect(BEGUN);
        let digests = match digested {
            true => self.digest(id, &mut flow, length).map_err(at(&path(self.number)))?,
            false => Digests::default(),
        };
        let counts = flow.pieces.iter().filter(|piece| piece.range().end > flow.base);
        let pieces = Some(pieces::encode(self.number, counts));
        Ok(Stored { path: flow.path, digests, pieces })
    }
}

const BEGUN: &str = "a flow is begun or resumed before it is used, and closed last";

#[cfg(test)]
mod tests;
