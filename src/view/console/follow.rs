//! Payload printed while it is captured: after each commit, what it brought.

use std::collections::HashMap;
use std::io::Write;

use super::{Piece, Style, print_pieces};
use crate::case;
use crate::index::SegmentInfo;
use crate::model::{ConnectionId, FlowId};
use crate::view::Error;

/// Prints what comes into a case, once.
pub struct Follower {
    style: Style,
    /// Of each flow the stream position up to which it is printed.
    printed: HashMap<FlowId, i64>,
    /// Of each capture the last frame that is printed, where segments are printed as they come.
    frames: HashMap<u32, u64>,
}

impl Follower {
    /// Nothing is printed yet.
    pub fn new(style: Style) -> Self {
        Follower { style, printed: HashMap::new(), frames: HashMap::new() }
    }

    /// Prints what is new of connections. Bytes behind a hole wait for those in it, unless these can no longer come: their connection
    /// is over, or it is the `last` time.
    pub fn print(
        &mut self,
        case: &case::Reader,
        connections: &[ConnectionId],
        last: bool,
        out: &mut dyn Write,
    ) -> Result<(), Error> {
        let (mut flows, mut pieces) = (Vec::new(), Vec::new());
        for &id in connections {
            let is_over = case.index().connection(id)?.is_some_and(|connection| connection.is_closed());
            for flow in case.index().flows_of_connection(id)? {
                let segments = case.index().segments(flow.id)?;
                let number = flows.len() as u32;
                let new = self.new_of(flow.id, flow.base, &segments, last || is_over);
                pieces.extend(new.into_iter().map(|segment| Piece::of(number, segment)));
                flows.push(flow);
            }
        }
        for piece in &pieces {
            let known = self.frames.entry(piece.capture).or_default();
            *known = (*known).max(piece.frame);
        }
        print_pieces(case, &flows, pieces, &self.style, out)
    }

    /// Nothing more comes into this case: the next begins anew.
    pub fn forget(&mut self) {
        self.printed.clear();
        self.frames.clear();
    }

    fn new_of<'s>(
        &mut self,
        flow: FlowId,
        base: i64,
        segments: &'s [SegmentInfo],
        with_holes: bool,
    ) -> Vec<&'s SegmentInfo> {
        if self.style.by_arrival {
            let is_new = |segment: &&SegmentInfo| {
                self.frames.get(&segment.capture_id).is_none_or(|frame| segment.frame > *frame)
            };
            return segments.iter().filter(is_new).collect();
        }
        let printed = self.printed.entry(flow).or_insert(base);
        let mut new = Vec::new();
        for segment in segments {
            let start = base + segment.offset as i64;
            if start < *printed {
                continue;
            }
            if start > *printed && !with_holes {
                break;
            }
            *printed = start + segment.length as i64;
            new.push(segment);
        }
        new
    }
}
