//! What becomes of a segment's bytes: stored where nothing was, compared where something was; and the index learns where
//! they came from.

use std::ops::Range;

use super::Error;
use super::live::Live;
use super::order::{Place, Source};
use super::scribe::Desk;
use super::shard::Shard;
use crate::index::rows::{ConflictRow, FrameRef, Row};
use crate::model::{Extent, FrameHead};

/// Bytes of a losing copy that a conflict row keeps.
const MAX_LOST_BYTES: usize = 4096;

impl Shard {
    /// Bytes that fill a hole.
    pub(super) fn store_new(&mut self, place: &Place, sources: &[Source], desk: &mut Desk) -> Result<(), Error> {
        let live = self.store.write(place.flow, place.position, place.bytes(sources))?;
        note_extent(live, place, 0..place.length, false, sources, desk)
    }

    /// Bytes seen before: if they differ, that is a conflict, and one copy loses.
    pub(super) fn compare(
        &mut self,
        place: &Place,
        prefer_later: bool,
        sources: &[Source],
        desk: &mut Desk,
    ) -> Result<(), Error> {
        let later = place.bytes(sources);
        self.earlier.resize(later.len(), 0);
        self.store.read(place.flow, place.position, &mut self.earlier)?;
        let differs = differing(&self.earlier, later);
        if differs.is_empty() {
            return Ok(());
        }
        let lost = if prefer_later { &self.earlier[..] } else { later };
        let lost = lost[differs.start..differs.end.min(differs.start + MAX_LOST_BYTES)].to_vec();
        let live = self.store.with(place.flow)?;
        note_conflict(live, place, differs.clone(), lost, prefer_later, sources, desk)?;
        if prefer_later {
            let range = differs.start as u32..differs.end as u32;
            self.store.replace(place.flow, place.position + differs.start as i64, &later[differs])?;
            note_extent(self.store.with(place.flow)?, place, range, true, sources, desk)?;
        }
        Ok(())
    }
}

impl Place {
    fn bytes<'a>(&self, sources: &'a [Source]) -> &'a [u8] {
        let bytes = &sources[self.source as usize].batch.bytes;
        &bytes[self.start as usize..(self.start + self.length) as usize]
    }

    fn frame<'a>(&self, sources: &'a [Source]) -> (&'a Source, &'a FrameHead) {
        let source = &sources[self.source as usize];
        (source, &source.batch.frames[self.frame as usize])
    }
}

/// Says where stored bytes came from: those of `range` in the placement.
fn note_extent(
    live: &mut Live,
    place: &Place,
    range: Range<u32>,
    replaces: bool,
    sources: &[Source],
    desk: &mut Desk,
) -> Result<(), Error> {
    let (source, frame) = place.frame(sources);
    let into = place.start - frame.at.start + range.start;
    live.extents += 1;
    live.replaced |= replaces;
    live.encoder.push(&Extent {
        position: place.position + i64::from(range.start),
        length: range.end - range.start,
        capture: source.capture,
        frame: frame.number,
        file_position: frame.position + u64::from(into),
        time: frame.time,
        ttl: place.ttl,
        checksum: place.checksum,
        replaces,
    });
    match live.encoder.take() {
        Some(chunk) => desk.put(Row::Extents(place.flow, chunk)),
        None => Ok(()),
    }
}

fn note_conflict(
    live: &mut Live,
    place: &Place,
    range: Range<usize>,
    lost_bytes: Vec<u8>,
    later_kept: bool,
    sources: &[Source],
    desk: &mut Desk,
) -> Result<(), Error> {
    if let Some(chunk) = live.encoder.finish() {
        desk.put(Row::Extents(place.flow, chunk))?;
    }
    let (source, frame) = place.frame(sources);
    let later = FrameRef { capture: source.capture, frame: frame.number, ttl: place.ttl, checksum: place.checksum };
    let (position, length) = (place.position + range.start as i64, range.len() as u64);
    let (flow, time, extents_before) = (place.flow, frame.time, live.extents);
    let row = ConflictRow { flow, position, length, later, time, later_kept, extents_before, lost_bytes };
    desk.put(Row::Conflict(Box::new(row)))
}

/// From the first to the last byte that differs; empty if none does.
fn differing(one: &[u8], other: &[u8]) -> Range<usize> {
    if one == other {
        return 0..0;
    }
    let differs = |(a, b): (&u8, &u8)| a != b;
    let first = one.iter().zip(other).position(differs).unwrap_or(0);
    let last = one.iter().zip(other).rposition(differs).map_or(0, |i| i + 1);
    first..last
}

#[cfg(test)]
mod tests {
    use super::differing;

    #[test]
    fn differing_runs_from_the_first_to_the_last_difference() {
        assert_eq!(differing(b"abcdef", b"abXdXf"), 2..5);
        assert!(differing(b"abc", b"abc").is_empty());
    }
}
