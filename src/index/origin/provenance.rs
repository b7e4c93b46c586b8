//! Where the bytes of a flow came from: the last chunk of its extents lies in its row, and of most flows there is no
//! other; those before it are read only if it does not account for all that is stored.

use rusqlite::{Connection, Row};

use super::{extents, resolve};
use crate::index::list::unsigned;
use crate::index::{Error, Result};
use crate::model::{CaptureId, Checksum, Extent, FlowId, Timestamp};

/// Bytes of a flow that one frame brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentInfo {
    /// Offset in the payload file.
    pub offset: u64,
    /// Bytes.
    pub length: u32,
    /// The capture.
    pub capture_id: CaptureId,
    /// The frame, from 1.
    pub frame: u64,
    /// Offset of the first byte in the decompressed capture.
    pub file_position: u64,
    /// Time of the frame.
    pub time: Option<Timestamp>,
    /// TTL or hop limit.
    pub ttl: u8,
    /// Checksum state.
    pub checksum: Checksum,
}

/// What a flow's row says.
struct Flow<'a> {
    id: FlowId,
    base: i64,
    length: u64,
    stored: u64,
    replaced: bool,
    last_chunk: &'a [u8],
}

/// See [`Reader::segments`](super::Reader::segments).
pub fn of_flow(db: &Connection, flow: FlowId) -> Result<Vec<SegmentInfo>> {
    let sql = "SELECT id, base, length, stored_bytes, replaced, extents FROM flow WHERE id = ?1";
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query([flow as i64])?;
    let Some(row) = rows.next()? else { return Ok(Vec::new()) };
    let (base, length, stored) = (row.get(1)?, unsigned(row, 2)?, unsigned(row, 3)?);
    segments(db, &Flow { id: flow, base, length, stored, replaced: row.get(4)?, last_chunk: chunk(row, 5, flow)? })
}

/// The same for a row of a typed flow, which has `replaced` and `extents` behind its other columns.
pub fn of_row(db: &Connection, row: &Row<'_>, columns: usize) -> Result<Vec<SegmentInfo>> {
    let id = unsigned(row, 0)?;
    let (base, length, stored) = (row.get(10)?, unsigned(row, 11)?, unsigned(row, 12)?);
    let (replaced, last_chunk) = (row.get(columns)?, chunk(row, columns + 1, id)?);
    segments(db, &Flow { id, base, length, stored, replaced, last_chunk })
}

fn segments(db: &Connection, flow: &Flow<'_>) -> Result<Vec<SegmentInfo>> {
    let mut found = Vec::new();
    decode(flow.last_chunk, flow.id, &mut found)?;
    let tiles = |extents| resolve::tiles(extents, flow.base, flow.length, flow.replaced);
    let mut tiled = if flow.replaced { Vec::new() } else { tiles(found) };
    if tiled.iter().map(|extent| u64::from(extent.length)).sum::<u64>() != flow.stored {
        tiled = tiles(all_extents(db, flow)?);
    }
    let segment = |extent: Extent| SegmentInfo {
        offset: extent.position.wrapping_sub(flow.base) as u64,
        length: extent.length,
        capture_id: extent.capture,
        frame: extent.frame,
        file_position: extent.file_position,
        time: extent.time,
        ttl: extent.ttl,
        checksum: extent.checksum,
    };
    Ok(tiled.into_iter().map(segment).collect())
}

fn all_extents(db: &Connection, flow: &Flow<'_>) -> Result<Vec<Extent>> {
    let mut statement = db.prepare_cached("SELECT data FROM extent WHERE flow_id = ?1 ORDER BY seq")?;
    let mut rows = statement.query([flow.id as i64])?;
    let mut found = Vec::new();
    while let Some(row) = rows.next()? {
        decode(chunk(row, 0, flow.id)?, flow.id, &mut found)?;
    }
    decode(flow.last_chunk, flow.id, &mut found)?;
    Ok(found)
}

fn chunk<'row>(row: &'row Row<'_>, i: usize, flow: FlowId) -> Result<&'row [u8]> {
    Ok(row.get_ref(i)?.as_blob_or_null().map_err(|_| Error::Extents(flow))?.unwrap_or_default())
}

fn decode(chunk: &[u8], flow: FlowId, found: &mut Vec<Extent>) -> Result<()> {
    for extent in extents::decode(chunk) {
        found.push(extent.map_err(|_| Error::Extents(flow))?);
    }
    Ok(())
}
