//! Which earlier frame a conflict is with: looked for among the flow's extents as they were when the later copy came.
//!
//! Extents are decoded once and kept while conflicts of a flow come in order, so that a flood of them costs no more
//! than its own length.

use std::collections::{HashMap, VecDeque};
use std::ops::Range;

use rusqlite::Connection;

use super::extents;
use super::resolve::Tiles;
use crate::index::rows::{ConflictRow, FrameRef};
use crate::index::{Error, Result};
use crate::model::{Checksum, Extent, FlowId};

/// Extents kept over all flows (about 100 bytes each); past it, all are forgotten and read again when needed.
const MAX_KEPT: usize = 1 << 20;

/// Stands for an earlier frame the extents do not know. Only a damaged index has one.
const NOBODY: FrameRef = FrameRef { capture: 0, frame: 0, ttl: 0, checksum: Checksum::Unknown };

/// What is known of the flows that have conflicts.
#[derive(Debug, Default)]
pub struct Conflicts {
    flows: HashMap<FlowId, Known>,
    kept: usize,
}

#[derive(Debug, Default)]
struct Known {
    /// Number of the next conflict.
    next: u64,
    tiles: Tiles,
    applied: u64,
    waiting: VecDeque<Extent>,
    next_seq: i64,
}

/// One row: the range that one earlier and one later frame disagree about.
#[derive(Debug, PartialEq)]
pub struct Split {
    /// Number in the flow, from 0.
    pub number: u64,
    /// Stream positions.
    pub range: Range<i64>,
    /// The frame that brought the earlier copy.
    pub earlier: FrameRef,
}

impl Conflicts {
    /// Splits a conflict by earlier frames.
    pub fn split(&mut self, db: &Connection, row: &ConflictRow) -> Result<Vec<Split>> {
        if self.kept > MAX_KEPT {
            self.clear();
        }
        let mut known = self.take(db, row)?;
        let splits = known.split(db, row);
        self.kept += known.size();
        self.flows.insert(row.flow, known);
        splits
    }

    /// Forgets everything: what was known may have been rolled back.
    pub fn clear(&mut self) {
        *self = Self::default();
    }

    /// What is known of the flow, not past the moment of the conflict.
    fn take(&mut self, db: &Connection, row: &ConflictRow) -> Result<Known> {
        let Some(known) = self.flows.remove(&row.flow) else {
            let mut statement =
                db.prepare_cached("SELECT coalesce(max(number) + 1, 0) FROM conflict WHERE flow_id = ?1")?;
            let next = statement.query_row([row.flow as i64], |row| row.get::<_, i64>(0))?;
            return Ok(Known { next: next as u64, ..Known::default() });
        };
        self.kept -= known.size();
        let past = known.applied > row.extents_before;
        Ok(if past { Known { next: known.next, ..Known::default() } } else { known })
    }
}

impl Known {
    fn size(&self) -> usize {
        self.tiles.len() + self.waiting.len()
    }

    fn split(&mut self, db: &Connection, row: &ConflictRow) -> Result<Vec<Split>> {
        self.advance(db, row.flow, row.extents_before)?;
        let end = row.position.saturating_add_unsigned(row.length);
        let mut splits: Vec<Split> = Vec::new();
        let mut from = row.position;
        let tiles: Vec<Extent> = self.tiles.within(row.position..end).collect();
        for tile in tiles {
            let to = tile.position + i64::from(tile.length);
            self.push(&mut splits, from..tile.position, NOBODY);
            let earlier = FrameRef { capture: tile.capture, frame: tile.frame, ttl: tile.ttl, checksum: tile.checksum };
            self.push(&mut splits, tile.position..to, earlier);
            from = to;
        }
        self.push(&mut splits, from..end, NOBODY);
        Ok(splits)
    }

    /// Takes up extents until `count` have arrived.
    fn advance(&mut self, db: &Connection, flow: FlowId, count: u64) -> Result<()> {
        while self.applied < count {
            if self.waiting.is_empty() && !self.load(db, flow)? {
                return Ok(());
            }
            if let Some(extent) = self.waiting.pop_front() {
                self.tiles.add(extent);
                self.applied += 1;
            }
        }
        Ok(())
    }

    /// Reads the next chunk; false if there is none yet.
    fn load(&mut self, db: &Connection, flow: FlowId) -> Result<bool> {
        let mut statement = db.prepare_cached("SELECT data FROM extent WHERE flow_id = ?1 AND seq = ?2")?;
        let mut rows = statement.query((flow as i64, self.next_seq))?;
        let Some(row) = rows.next()? else { return Ok(false) };
        let chunk = row.get_ref(0)?.as_blob().map_err(|_| Error::Extents(flow))?;
        for extent in extents::decode(chunk) {
            self.waiting.push_back(extent.map_err(|_| Error::Extents(flow))?);
        }
        self.next_seq += 1;
        Ok(true)
    }

    /// Adds a range, joined to the one in front of it if the same frame brought both.
    fn push(&mut self, splits: &mut Vec<Split>, range: Range<i64>, earlier: FrameRef) {
        if range.is_empty() {
            return;
        }
        match splits.last_mut() {
            Some(last) if last.earlier == earlier && last.range.end == range.start => last.range.end = range.end,
            _ => {
                splits.push(Split { number: self.next, range, earlier });
                self.next += 1;
            }
        }
    }
}
