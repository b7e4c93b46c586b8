//! Packets that came in parts, on their way to the recorder: once one is whole, it lies in a small batch of its own, whose
//! frames are the parts of frames that its bytes came from.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::order::Origin;
use super::recorder::Recorder;
use crate::decode::fragments::{Bearer, Piece, Whole};
use crate::model::{Batch, CaptureId, FrameHead, LinkType};

/// A whole packet among the sources of orders.
pub struct Packet {
    /// Its bytes, and a frame for each piece.
    pub batch: Arc<Batch>,
    /// Where its bytes came from, to tell of what lies in it.
    pub pieces: Vec<Piece>,
    /// All frames that brought parts of it, the last one last.
    pub bearers: Vec<Bearer>,
    /// For each piece, where it lies.
    parts: Vec<Part>,
}

/// Bytes of a packet that one frame brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which.
    pub at: Range<u32>,
    /// Index of the batch among the sources, once for each capture.
    source: u32,
    /// Index of the piece in the batch.
    frame: u32,
}

impl Part {
    /// The origin of bytes of this part: payload of the packet begins at `payload`.
    pub fn origin(&self, payload: u32) -> Origin {
        Origin { source: self.source, frame: self.frame, payload }
    }
}

impl Packet {
    /// Puts a packet among the sources of a recorder's orders. Takes its bytes and bearers.
    pub fn new(whole: &mut Whole, recorder: &mut Recorder<'_>) -> Self {
        let pieces = whole.pieces.clone();
        let frames = pieces.iter().map(frame).collect();
        let bytes = std::mem::take(&mut whole.bytes);
        let batch = Arc::new(Batch { bytes, frames, ..Batch::default() });
        let mut sources: BTreeMap<CaptureId, u32> = BTreeMap::new();
        let parts = pieces.iter().zip(0..).map(|(piece, frame)| {
            let capture = piece.capture;
            let source =
                *sources.entry(capture).or_insert_with(|| recorder.crew.another_source(Arc::clone(&batch), capture));
            Part { at: piece.at.clone(), source, frame }
        });
        let parts = parts.collect();
        Packet { batch, pieces, bearers: std::mem::take(&mut whole.bearers), parts }
    }

    /// For each piece, where it lies.
    pub fn parts(&self) -> &[Part] {
        &self.parts
    }
}

/// A piece as a frame of its own.
fn frame(piece: &Piece) -> FrameHead {
    FrameHead {
        number: piece.frame,
        position: piece.position,
        time: piece.time,
        original_len: 0,
        link: LinkType::RAW,
        at: piece.at.clone(),
    }
}
