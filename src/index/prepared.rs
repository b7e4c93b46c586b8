//! Rows made ready on whatever thread has them: cells as the tables hold them, one after the other in one buffer, and
//! the sums of their digests. What is left for the writer is to hand them to SQLite.

use super::cells::{CONNECTION, Cell, FLOW, GAP, Table, cells};
use super::resting::{Chunk, Compressor, Packed, Sleeper};
use super::rows::{
    AnomalyRow, CaptureRow, ConflictRow, ConnectionRow, ContinuedRow, DormantRow, FlowRow, RecountRow, Rest, Row,
    path_key,
};
use super::seal::digest;
use super::sql::community::push_community_id;
use super::{Result, ends, macs};
use crate::model::endpoint::push_ip;
use crate::model::{FlowId, PackFrame, Timestamp};

/// Tables whose rows are plain: by their place here.
pub(super) static PLAIN: [&Table; 3] = [&CONNECTION, &FLOW, &GAP];
const CONNECTIONS: u8 = 0;
const FLOWS: u8 = 1;
const GAPS: u8 = 2;
/// The next of the special rows.
const SPECIAL: u8 = 3;

/// Rows for [`Writer::put_rows`](super::Writer::put_rows), in order. Clear it and use it again: it keeps its memory.
#[derive(Default)]
pub struct Rows {
    /// Plain rows: the table, then the cells.
    pub(super) bytes: Vec<u8>,
    /// Sums of digests by table.
    pub(super) sums: [u128; PLAIN.len()],
    /// Rows the writer has to look into the database for, in order.
    pub(super) special: Vec<Special>,
    /// Where connections may be found: see `ends`.
    pub(super) ends: Vec<u8>,
    /// Connections at rest that do not fill a row yet: open ones, closed ones.
    pub(super) resting: [Chunk; 2],
    /// The latest frame of a connection.
    pub(super) last: Option<Timestamp>,
    count: usize,
    compressor: Compressor,
    text: String,
}

/// A row that is not plain.
#[derive(Debug)]
pub(super) enum Special {
    Extents(FlowId, Vec<u8>),
    Continued(Box<ContinuedRow>),
    Conflict(Box<ConflictRow>),
    Anomaly(Box<AnomalyRow>),
    Capture(Box<CaptureRow>),
    Frame(PackFrame),
    Recount(RecountRow),
    Fragments(Vec<u8>),
    Resting(Packed),
}

/// What comes next.
pub(super) enum Next<'a> {
    /// A row of a plain table, by its place: its cells are to be taken.
    Plain(usize),
    Special(&'a Special),
}

impl Rows {
    /// None.
    pub fn new() -> Self {
        Self::default()
    }

    /// Rows so far.
    pub fn len(&self) -> usize {
        self.count
    }

    /// There are none.
    pub fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// Adds a row.
    ///
    /// # Errors
    /// No memory to compress connections at rest.
    pub fn put(&mut self, row: Row) -> Result<()> {
        self.count += 1;
        match row {
            Row::Connection(row) => self.connection(&row),
            Row::Flow(row) => self.flow(&row),
            Row::Dormant(row) => return self.dormant(&row),
            Row::Extents(flow, chunk) => self.special(Special::Extents(flow, chunk)),
            Row::Continued(row) => self.special(Special::Continued(row)),
            Row::Conflict(row) => self.special(Special::Conflict(row)),
            Row::Anomaly(row) => self.special(Special::Anomaly(row)),
            Row::Capture(row) => self.special(Special::Capture(row)),
            Row::Frame(row) => self.special(Special::Frame(row)),
            Row::Recount(row) => self.special(Special::Recount(row)),
            Row::Fragments(state) => self.special(Special::Fragments(state)),
        }
        Ok(())
    }

    /// Forgets the rows.
    pub fn clear(&mut self) {
        self.bytes.clear();
        self.special.clear();
        self.ends.clear();
        self.resting.iter_mut().for_each(Chunk::clear);
        (self.sums, self.last, self.count) = (Default::default(), None, 0);
    }

    /// The rows, in order; connections that do not fill a row are not among them.
    pub(super) fn iter(&self) -> Iter<'_> {
        Iter { rest: &self.bytes, special: self.special.iter() }
    }

    fn connection(&mut self, row: &ConnectionRow) {
        let [orig, resp] = &row.sides;
        let mut text = std::mem::take(&mut self.text);
        let [orig_ip, resp_ip, community] = texts(&mut text, row);
        let (vlans, tunnel) = (row.path.vlans(), row.path.tunnel());
        let mut buffer = [0; 24];
        let (start, end) = row.span.unzip();
        let [orig_span, resp_span] = [orig.span.unzip(), resp.span.unzip()];
        self.last = self.last.max(end);
        let until = if let Rest::Until(until) = row.rest { Some(until) } else { None };
        let [orig_bare, resp_bare] = [orig, resp].map(|side| side.flow.is_some() && !side.has_file);
        let cells = cells![
            row.id,
            row.transport.number(),
            orig_ip,
            orig.endpoint.port,
            resp_ip,
            resp.endpoint.port,
            start,
            end,
            row.state,
            &row.history,
            community,
            row.retransmitted_bytes,
            row.out_of_order,
            row.path.vlan(),
            vlans.as_ref(),
            tunnel.as_ref(),
            row.rest != Rest::Over,
            until,
            u8::from(orig_bare) | u8::from(resp_bare) << 1,
            macs::together(&mut buffer, orig.mac.as_ref(), resp.mac.as_ref()),
            orig.flow,
            orig.packets,
            orig.stored_bytes,
            orig_span.0,
            orig_span.1,
            orig.isn,
            orig.vlan,
            resp.flow,
            resp.packets,
            resp.stored_bytes,
            resp_span.0,
            resp_span.1,
            resp.isn,
            resp.vlan,
        ];
        self.plain(CONNECTIONS, &cells);
        ends::push(&mut self.ends, row.id, [orig.endpoint, resp.endpoint]);
        self.text = text;
    }

    fn flow(&mut self, row: &FlowRow) {
        let (start, end) = row.span.unzip();
        let stored = row.length - row.gaps.iter().map(|(_, length)| length).sum::<u64>();
        let digests = &row.digests;
        let cells = cells![
            row.id,
            row.connection,
            row.side,
            row.part,
            path_key(&row.path),
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
            Some(&row.extents).filter(|extents| !extents.is_empty()),
            row.pieces.as_ref(),
        ];
        self.plain(FLOWS, &cells);
        for (offset, length) in &row.gaps {
            self.plain(GAPS, &cells![row.id, *offset, *length]);
        }
    }

    fn dormant(&mut self, row: &DormantRow) -> Result<()> {
        let chunk = &mut self.resting[usize::from(row.is_closed)];
        chunk.push(Sleeper::of(row));
        if chunk.is_full() {
            let packed = chunk.pack(&mut self.compressor)?;
            chunk.clear();
            packed.into_iter().for_each(|row| self.special(Special::Resting(row)));
        }
        Ok(())
    }

    fn plain(&mut self, table: u8, cells: &[Cell<'_>]) {
        self.bytes.push(table);
        let start = self.bytes.len();
        cells.iter().for_each(|cell| cell.encode(&mut self.bytes));
        let place = usize::from(table);
        let digest = digest(PLAIN[place], &self.bytes[start..]);
        self.sums[place] = self.sums[place].wrapping_add(digest);
    }

    fn special(&mut self, row: Special) {
        self.bytes.push(SPECIAL);
        self.special.push(row);
    }
}

/// Both addresses and the Community ID.
fn texts<'a>(text: &'a mut String, row: &ConnectionRow) -> [&'a str; 3] {
    let [orig, resp] = row.sides.each_ref().map(|side| side.endpoint);
    text.clear();
    push_ip(orig.ip, |part| text.push_str(part));
    let first = text.len();
    push_ip(resp.ip, |part| text.push_str(part));
    let second = text.len();
    push_community_id(text, row.transport, orig, resp);
    [&text[..first], &text[first..second], &text[second..]]
}

/// See [`Rows::iter`].
pub(super) struct Iter<'a> {
    rest: &'a [u8],
    special: std::slice::Iter<'a, Special>,
}

impl<'a> Iter<'a> {
    /// The next row. Its cells are to be taken with [`Iter::cells`] before the one after it.
    pub fn next(&mut self) -> Option<Next<'a>> {
        let (&table, rest) = self.rest.split_first()?;
        self.rest = rest;
        if table == SPECIAL {
            return self.special.next().map(Next::Special);
        }
        Some(Next::Plain(table.into()))
    }

    /// What is left, to take cells off.
    pub fn cells(&mut self) -> &mut &'a [u8] {
        &mut self.rest
    }
}
