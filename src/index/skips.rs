//! Tables `skip` and `fragments`: frames that were not used, and those of them that a later one may make useful.

use rusqlite::OptionalExtension;

use super::cells::{CAPTURE, FRAGMENTS, SKIP, cells};
use super::resting::decompressed;
use super::rows::RecountRow;
use super::{Error, Result, Writer};
use crate::model::{CaptureId, Skip, Unused};

/// Speed matters more than size: it is written with each commit.
const LEVEL: i32 = 1;
/// No more is believed to be the state of fragments: a few times what may be held.
const MAX_STATE: usize = 1 << 28;

impl Writer {
    /// Parts of packets that earlier ingests left unfinished, serialized; empty if there are none.
    ///
    /// # Errors
    /// A failing database, or a row that makes no sense.
    pub fn fragments(&self) -> Result<Vec<u8>> {
        let sql = "SELECT state FROM fragments";
        let state: Option<Vec<u8>> = self.db.query_row(sql, [], |row| row.get(0)).optional()?;
        let Some(state) = state else { return Ok(Vec::new()) };
        decompressed(&state, MAX_STATE).ok_or_else(|| Error::Sqlite("table fragments: its row makes no sense".into()))
    }

    /// Puts the state of fragments in place of the one before.
    pub(super) fn put_fragments(&mut self, state: &[u8]) -> Result<()> {
        self.delete(&FRAGMENTS, "id = 1", &[])?;
        if state.is_empty() {
            return Ok(());
        }
        let state = zstd::bulk::compress(state, LEVEL).map_err(|error| Error::Sqlite(error.to_string()))?;
        self.insert_new(&FRAGMENTS, &cells![1u8, &state])
    }

    /// Puts a row of frames that were skipped for one reason.
    pub(super) fn put_skip(&mut self, capture: CaptureId, why: Unused, frames: u64, bytes: u64) -> Result<()> {
        self.insert_new(&SKIP, &cells![capture, why.reason.name(), protocol(why), frames, bytes])
    }

    /// A frame counts elsewhere.
    pub(super) fn recount(&mut self, row: &RecountRow) -> Result<()> {
        let RecountRow { capture, to, bytes } = *row;
        let from = Skip::IncompleteFragment.into();
        let (frames, sum) = self.skips(capture, from)?;
        self.put_skips(capture, from, frames.saturating_sub(1), sum.saturating_sub(bytes))?;
        match to {
            Some(why) => {
                let (frames, sum) = self.skips(capture, why)?;
                self.put_skips(capture, why, frames + 1, sum + bytes)
            }
            None => {
                let used = "UPDATE capture SET used_frames = used_frames + 1 WHERE id = ?1";
                self.update(&CAPTURE, "id = ?1", &cells![capture], used)
            }
        }
    }

    /// Frames and bytes that were skipped for a reason.
    fn skips(&self, capture: CaptureId, why: Unused) -> Result<(u64, u64)> {
        let sql = "SELECT frames, bytes FROM skip WHERE capture_id = ?1 AND reason = ?2 AND protocol = ?3";
        let key = (capture, why.reason.name(), protocol(why));
        let counted = self.db.prepare_cached(sql)?.query_row(key, |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (frames, bytes): (i64, i64) = counted.unwrap_or_default();
        Ok((frames as u64, bytes as u64))
    }

    /// Puts a row in place of the one with the same key; none if no frames are left.
    fn put_skips(&mut self, capture: CaptureId, why: Unused, frames: u64, bytes: u64) -> Result<()> {
        let key = cells![capture, why.reason.name(), protocol(why)];
        self.delete(&SKIP, "capture_id = ?1 AND reason = ?2 AND protocol = ?3", &key)?;
        if frames > 0 { self.put_skip(capture, why, frames, bytes) } else { Ok(()) }
    }
}

/// As the table has it.
fn protocol(why: Unused) -> i64 {
    why.protocol.map_or(-1, i64::from)
}
