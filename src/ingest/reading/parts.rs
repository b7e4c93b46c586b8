//! Packets that come in parts: a part waits for the others, and the last has the packet recorded.

use super::{Ahead, Here, Reading};
use crate::decode::fragments::{Bearer, Outcome, Piece, Taken};
use crate::decode::{Fragment, resume};
use crate::index::rows::Row;
use crate::ingest::Error;
use crate::ingest::packets::Packet;
use crate::model::Skip;
use crate::track::Stamp;

impl Reading<'_, '_> {
    /// A part of a packet, which it may complete: then what the packet holds is recorded at once.
    pub(super) fn part<'f>(
        &mut self,
        fragment: Fragment<'f>,
        here: &Here<'f>,
        ahead: &mut Ahead<'f>,
    ) -> Result<Outcome, Error> {
        let bearer = [Bearer { capture: here.at.capture, bytes: here.length }];
        let bearers = match here.packet {
            _ if !here.is_alone => &[][..],
            Some(packet) => &packet.bearers,
            None => &bearer[..],
        };
        let (pieces, mut notes) = (here.pieces(fragment.payload), Vec::new());
        let taken = self.fragments.take(here.at.time, fragment, &pieces, bearers, &mut notes);
        notes.iter().for_each(|note| self.ledger.strange(here.capture, note.kind(), here.at, note.to_string()));
        let mut whole = match taken {
            Taken::Waits => return Ok(Some(Skip::IncompleteFragment.into())),
            Taken::Again(outcome) => return Ok(outcome),
            Taken::Whole(whole) => whole,
        };
        self.observe(ahead, here.batch)?;
        let packet = Packet::new(&mut whole, self.recorder);
        let bytes = &packet.batch.bytes;
        let inner = Here { bytes, packet: Some(&packet), ..*here };
        let mut within = Ahead::new();
        let outcome = match resume(&whole.onward, bytes) {
            Ok(found) => self.take(found, &inner, &mut within)?,
            Err(reason) => Some(reason.into()),
        };
        self.observe(&mut within, here.batch)?;
        if outcome != Some(Skip::IncompleteFragment.into()) {
            // this frame, the last, is counted where it is read
            let earlier = packet.bearers.len() - usize::from(here.is_alone);
            self.ledger.recount(&packet.bearers[..earlier], outcome, self.recorder)?;
        }
        self.fragments.remember(*whole, outcome);
        Ok(outcome)
    }

    /// Puts what waits for more into the next commit.
    pub(super) fn rest_fragments(&mut self) -> Result<(), Error> {
        let has_fragments = !self.fragments.is_empty();
        if has_fragments || self.had_fragments {
            let state = if has_fragments { postcard::to_stdvec(&self.fragments.at_rest())? } else { Vec::new() };
            self.recorder.scribe().put(Row::Fragments(state))?;
        }
        self.had_fragments = has_fragments;
        Ok(())
    }
}

impl Here<'_> {
    /// Where the bytes of payload came from.
    fn pieces(&self, payload: &[u8]) -> Vec<Piece> {
        let start = self.place(payload);
        let at = start..start + payload.len() as u32;
        if let Some(packet) = self.packet {
            return packet.pieces.iter().filter_map(|piece| piece.within(&at)).collect();
        }
        let Stamp { time, capture, frame } = self.at;
        vec![Piece { at: 0..at.end - start, capture, frame, position: self.position.wrapping_add(start.into()), time }]
    }
}
