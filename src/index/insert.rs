//! Rows as ingest says them become rows of the tables.

use super::cells::{ANOMALY, CAPTURE, CONFLICT, CONNECTION, DORMANT, EXTENT, FLOW, GAP, SKIP, cells};
use super::rows::{AnomalyRow, CaptureRow, ConflictRow, ConnectionRow, DormantRow, FlowRow, FrameRef, Row};
use super::{Result, Writer, community_id};
use crate::model::{Checksum, FlowId, Timestamp};

impl Writer {
    /// Puts a row into the current transaction, opening it if need be.
    ///
    /// # Errors
    /// A key that is taken (of an anomaly: the count is renewed), or a failing database. Roll back then.
    pub fn put(&mut self, row: Row) -> Result<()> {
        self.begin()?;
        match row {
            Row::Connection(row) => self.put_connection(&row),
            Row::Flow(row) => self.put_flow(&row),
            Row::Extents(flow, chunk) => self.put_extents(flow, &chunk),
            Row::Conflict(row) => self.put_conflict(&row),
            Row::Anomaly(row) => self.put_anomaly(&row),
            Row::Frame(row) => self.put_frame(&row),
            Row::Dormant(row) => self.put_dormant(&row),
            Row::Capture(row) => self.put_capture(&row),
        }
    }

    fn put_connection(&mut self, row: &ConnectionRow) -> Result<()> {
        let [orig, resp] = &row.sides;
        let (orig_ip, resp_ip) = (orig.endpoint.ip.to_string(), resp.endpoint.ip.to_string());
        let (vlans, tunnel) = (row.path.vlans(), row.path.tunnel());
        let community = community_id(orig.endpoint, resp.endpoint);
        let [orig_mac, resp_mac] = [orig.mac, resp.mac].map(|mac| mac.map(|pair| pair.concat()));
        let (start, end) = (row.span.map(|span| span.0), row.span.map(|span| span.1));
        let [orig_span, resp_span] = [orig.span.unzip(), resp.span.unzip()];
        self.insert_new(
            &CONNECTION,
            &cells![
                row.id,
                "tcp",
                &orig_ip,
                orig.endpoint.port,
                &resp_ip,
                resp.endpoint.port,
                row.path.vlan(),
                vlans.as_ref(),
                tunnel.as_ref(),
                start,
                end,
                row.state,
                &row.history,
                &community,
                row.retransmitted_bytes,
                row.out_of_order,
                orig.flow,
                orig.packets,
                orig.stored_bytes,
                orig_span.0,
                orig_span.1,
                orig.isn,
                orig.vlan,
                orig_mac.as_ref(),
                resp.flow,
                resp.packets,
                resp.stored_bytes,
                resp_span.0,
                resp_span.1,
                resp.isn,
                resp.vlan,
                resp_mac.as_ref(),
            ],
        )
    }

    fn put_flow(&mut self, row: &FlowRow) -> Result<()> {
        let (start, end): (Option<Timestamp>, Option<Timestamp>) = row.span.unzip();
        let stored = row.length - row.gaps.iter().map(|(_, length)| length).sum::<u64>();
        let digests = &row.digests;
        self.insert_new(
            &FLOW,
            &cells![
                row.id,
                row.connection,
                row.side,
                row.part,
                &row.path,
                row.base,
                row.length,
                stored,
                row.missing_tail_bytes,
                row.packets,
                start,
                end,
                row.replaced,
                digests.sha256.as_ref(),
                digests.md5.as_ref(),
                digests.sha1.as_ref(),
                digests.blake3.as_ref(),
                row.pieces.as_ref(),
            ],
        )?;
        for (offset, length) in &row.gaps {
            self.insert_new(&GAP, &cells![row.id, *offset, *length])?;
        }
        Ok(())
    }

    fn put_extents(&mut self, flow: FlowId, chunk: &[u8]) -> Result<()> {
        if self.insert(&EXTENT, &cells![flow, 0u8, chunk])? {
            return Ok(()); // most flows have one chunk
        }
        let mut last = self.db.prepare_cached("SELECT max(seq) + 1 FROM extent WHERE flow_id = ?1")?;
        let seq: i64 = last.query_row([flow as i64], |row| row.get(0))?;
        drop(last);
        self.insert_new(&EXTENT, &cells![flow, seq, chunk])
    }

    fn put_conflict(&mut self, row: &ConflictRow) -> Result<()> {
        for split in self.conflicts.split(&self.db, row)? {
            let length = (split.range.end - split.range.start) as u64;
            let (kept, lost) = if row.later_kept { (&row.later, &split.earlier) } else { (&split.earlier, &row.later) };
            let bytes = part(&row.lost_bytes, (split.range.start - row.position) as usize, length as usize);
            let [of_kept, of_lost] = [kept, lost].map(frame);
            self.insert_new(
                &CONFLICT,
                &cells![
                    row.flow,
                    split.number,
                    split.range.start,
                    length,
                    of_kept.0,
                    of_kept.1,
                    of_kept.2,
                    of_kept.3,
                    of_lost.0,
                    of_lost.1,
                    of_lost.2,
                    of_lost.3,
                    bytes,
                    row.time,
                    row.later_kept,
                ],
            )?;
        }
        Ok(())
    }

    fn put_anomaly(&mut self, row: &AnomalyRow) -> Result<()> {
        let (flow, connection) = row.flow.unwrap_or((0, 0));
        let kind = row.kind.name();
        let cells = cells![row.capture, row.frame, kind, flow, connection, &row.detail, row.time, row.count];
        if !self.insert(&ANOMALY, &cells)? {
            let condition = "capture_id = ?1 AND frame = ?2 AND kind = ?3 AND flow_id = ?4";
            self.delete(&ANOMALY, condition, &cells[..4])?;
            self.insert_new(&ANOMALY, &cells)?;
        }
        Ok(())
    }

    fn put_dormant(&mut self, row: &DormantRow) -> Result<()> {
        self.insert_new(&DORMANT, &cells![row.connection, row.tuple_hash, row.until, &row.state])
    }

    fn put_capture(&mut self, row: &CaptureRow) -> Result<()> {
        self.insert_new(
            &CAPTURE,
            &cells![
                row.id,
                &row.path,
                row.sha256.as_ref(),
                row.head_sha256.as_ref(),
                &row.filter,
                row.size,
                row.format.as_ref(),
                row.frames,
                row.used,
                row.first,
                row.last,
                row.status.name(),
                row.stopped_at,
                row.message.as_ref(),
            ],
        )?;
        for (reason, frames, bytes) in &row.skipped {
            self.insert_new(&SKIP, &cells![row.id, reason.name(), *frames, *bytes])?;
        }
        Ok(())
    }
}

fn frame(frame: &FrameRef) -> (u32, u64, u8, &'static str) {
    (frame.capture, frame.frame, frame.ttl, checksum(frame.checksum))
}

/// The name in the views.
pub(super) fn checksum(state: Checksum) -> &'static str {
    match state {
        Checksum::Good => "good",
        Checksum::Bad => "bad",
        Checksum::Unknown => "unknown",
    }
}

/// `length` bytes from `start`, as far as they are there.
fn part(bytes: &[u8], start: usize, length: usize) -> &[u8] {
    let start = start.min(bytes.len());
    &bytes[start..start.saturating_add(length).min(bytes.len())]
}
