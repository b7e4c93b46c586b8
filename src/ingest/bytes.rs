//! What becomes of a segment's bytes: stored where nothing was, compared where something was; and the index learns where
//! they came from.

use std::ops::Range;

use super::Error;
use super::recorder::{BEGUN, Place, Recorder};
use crate::index::rows::{ConflictRow, FrameRef, Row};
use crate::model::{Extent, FlowId, Segment};
use crate::reassemble::Placement;
use crate::track::Stamp;

/// Bytes of a losing copy that a conflict row keeps.
const MAX_LOST_BYTES: usize = 4096;

impl Recorder<'_> {
    /// Bytes that fill a hole.
    pub(super) fn store_new(
        &mut self,
        flow: FlowId,
        placement: &Placement,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let bytes = bytes(segment, placement);
        self.store.write(flow, placement.position, bytes)?;
        self.totals.bytes += bytes.len() as u64;
        self.note_extent(flow, placement.position, placement.payload.clone(), false, place, segment)
    }

    /// Says where stored bytes came from.
    fn note_extent(
        &mut self,
        flow: FlowId,
        position: i64,
        payload: Range<u32>,
        replaces: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let extent = Extent {
            position,
            length: payload.end - payload.start,
            capture: place.at.capture,
            frame: place.at.frame,
            file_position: place.position + u64::from(payload.start),
            time: place.at.time,
            ttl: segment.ttl,
            checksum: segment.checksum,
            replaces,
        };
        let live = self.live.get_mut(&flow).expect(BEGUN);
        live.extents += 1;
        live.replaced |= replaces;
        live.encoder.push(&extent);
        if let Some(chunk) = live.encoder.take() {
            self.scribe.put(Row::Extents(flow, chunk))?;
        }
        Ok(())
    }

    /// Bytes seen before: if they differ, that is a conflict, and one copy loses.
    pub(super) fn compare(
        &mut self,
        flow: FlowId,
        placement: &Placement,
        prefer_later: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let later = bytes(segment, placement);
        let mut earlier = std::mem::take(&mut self.earlier);
        earlier.resize(later.len(), 0);
        self.store.read(flow, placement.position, &mut earlier)?;
        let differs = differing(&earlier, later);
        if !differs.is_empty() {
            let position = placement.position + differs.start as i64;
            let lost = if prefer_later { &earlier[..] } else { later };
            let lost = &lost[differs.start..differs.end.min(differs.start + MAX_LOST_BYTES)];
            self.note_conflict(flow, position, differs.len(), lost.to_vec(), prefer_later, place, segment)?;
            if prefer_later {
                self.store.replace(flow, position, &later[differs.clone()])?;
                let first = placement.payload.start + differs.start as u32;
                self.note_extent(flow, position, first..first + differs.len() as u32, true, place, segment)?;
            }
        }
        self.earlier = earlier;
        Ok(())
    }

    #[expect(clippy::too_many_arguments, reason = "a row's columns")]
    fn note_conflict(
        &mut self,
        flow: FlowId,
        position: i64,
        length: usize,
        lost_bytes: Vec<u8>,
        later_kept: bool,
        place: Place,
        segment: &Segment<'_>,
    ) -> Result<(), Error> {
        let live = self.live.get_mut(&flow).expect(BEGUN);
        if let Some(chunk) = live.encoder.finish() {
            self.scribe.put(Row::Extents(flow, chunk))?;
        }
        let Stamp { capture, frame, time } = place.at;
        let later = FrameRef { capture, frame, ttl: segment.ttl, checksum: segment.checksum };
        let (length, extents_before) = (length as u64, live.extents);
        let row = ConflictRow { flow, position, length, later, time, later_kept, extents_before, lost_bytes };
        Ok(self.scribe.put(Row::Conflict(Box::new(row)))?)
    }
}

fn bytes<'a>(segment: &Segment<'a>, placement: &Placement) -> &'a [u8] {
    &segment.payload[placement.payload.start as usize..placement.payload.end as usize]
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
