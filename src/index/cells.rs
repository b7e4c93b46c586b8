//! Tables as the writer and the seals see them: one list of names and columns, and rows as typed cells.

use std::sync::OnceLock;

use rusqlite::ToSql;
use rusqlite::types::{ToSqlOutput, ValueRef};
use twox_hash::XxHash3_128;

/// A private table of the record.
pub struct Table {
    /// Its name in `migrations/`.
    pub name: &'static str,
    /// Its columns, comma separated, in the order of the cells.
    pub columns: &'static str,
    /// The columns of its key.
    pub key: &'static str,
    /// A column the seal leaves out, by its place in `columns`.
    pub unsealed: Option<usize>,
    insert: OnceLock<String>,
    seed: OnceLock<u64>,
}

macro_rules! tables {
    ($($constant:ident = $name:literal ($columns:literal) key ($key:literal) $(unsealed $unsealed:literal)?;)*) => {
        $(
            #[doc = concat!("`", $name, "`")]
            pub static $constant: Table = Table {
                name: $name, columns: $columns, key: $key,
                unsealed: tables!(@option $($unsealed)?),
                insert: OnceLock::new(), seed: OnceLock::new(),
            };
        )*
        /// Every sealed table.
        pub static TABLES: &[&Table] = &[$(&$constant,)*];
    };
    (@option) => { None };
    (@option $value:literal) => { Some($value) };
}

tables! {
    SETTING = "setting" ("name, value") key ("name");
    BATCH = "batch" ("id, number, last_ns") key ("id");
    CAPTURE = "capture" (
        "id, path, sha256, head_sha256, filter, size_bytes, format, frames, used_frames, first_ns, last_ns, \
        status, stopped_at, message"
    ) key ("id") unsealed 1;
    SKIP = "skip" ("capture_id, reason, protocol, frames, bytes") key ("capture_id, reason, protocol");
    WIFI_NETWORK = "wifi_network" (
        "capture_id, bssid, ssid, channel, security, beacons, probe_responses, data_frames, encrypted_frames, first_ns, last_ns"
    ) key ("bssid, capture_id");
    FRAGMENTS = "fragments" ("id, state") key ("id") unsealed 0;
    CONNECTION = "connection" (
        "id, protocol, orig_ip, orig_port, resp_ip, resp_port, start_ns, end_ns, state, history, community_id, \
        retransmitted_bytes, out_of_order, vlan, vlans, tunnel, rests, until_ns, bare, macs, \
        orig_flow_id, orig_packets, orig_stored, orig_start_ns, orig_end_ns, orig_isn, orig_vlan, \
        resp_flow_id, resp_packets, resp_stored, resp_start_ns, resp_end_ns, resp_isn, resp_vlan"
    ) key ("id");
    CONTINUED = "continued" ("connection_id, earlier_case, earlier_id") key ("connection_id");
    ENDS = "ends" ("id, data") key ("id") unsealed 0;
    FLOW = "flow" (
        "id, connection_id, side, part, path_key, path, base, length, stored_bytes, missing_tail_bytes, packets, \
        start_ns, end_ns, replaced, sha256, md5, sha1, blake3, extents, pieces"
    ) key ("id");
    EXTENT = "extent" ("flow_id, seq, data") key ("flow_id, seq");
    GAP = "gap" ("flow_id, \"offset\", length") key ("flow_id, \"offset\"");
    CONFLICT = "conflict" (
        "flow_id, number, position, length, kept_capture_id, kept_frame, kept_ttl, kept_checksum, \
        lost_capture_id, lost_frame, lost_ttl, lost_checksum, lost_bytes, time_ns, later_kept"
    ) key ("flow_id, number");
    ANOMALY = "anomaly" (
        "capture_id, frame, kind, flow_id, connection_id, detail, time_ns, count"
    ) key ("capture_id, frame, kind, flow_id");
    PACK_FRAME = "pack_frame" ("pack, number, \"offset\", stored_bytes, length") key ("pack, number");
    SCANNER = "scanner" ("id, name, version, upto") key ("id");
    RESCAN = "rescan" ("connection_id, scanner_id") key ("connection_id, scanner_id");
    FINDING = "finding" (
        "scanner_id, connection_id, number, kind, flow_id, \"offset\", length, time_ns, value, data"
    ) key ("scanner_id, connection_id, number");
    OBJECT = "object" (
        "scanner_id, connection_id, number, flow_id, \"offset\", length, time_ns, parent, path, name, said_type, \
        found_type, size_bytes, sha256, complete"
    ) key ("scanner_id, connection_id, number");
    DORMANT = "dormant" ("id, until_ns, hashes, state") key ("id");
    DORMANT_TAKEN = "dormant_taken" ("id, taken") key ("id");
}

impl Table {
    /// `INSERT` with one parameter a column. Made once: rows are many.
    pub fn insert(&self) -> &str {
        self.insert.get_or_init(|| {
            let parameters = vec!["?"; self.columns.split(',').count()].join(", ");
            format!("INSERT INTO {} ({}) VALUES ({parameters})", self.name, self.columns)
        })
    }

    /// A number of the name: rows of different tables that read the same are told apart by it.
    pub fn seed(&self) -> u64 {
        *self.seed.get_or_init(|| XxHash3_128::oneshot(self.name.as_bytes()) as u64)
    }

    /// `SELECT` of every column.
    pub fn select(&self) -> String {
        format!("SELECT {} FROM {}", self.columns, self.name)
    }
}

/// One value on its way into a table. Integers above `i64::MAX` do not occur (offsets and counts of bytes) or wrap
/// (hashes).
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Cell<'a> {
    /// NULL.
    Null,
    /// INTEGER.
    Integer(i64),
    /// TEXT.
    Text(&'a str),
    /// BLOB.
    Blob(&'a [u8]),
}

impl<'a> Cell<'a> {
    /// Appends the cell: a type, then the value, after its length where that varies. Most are small numbers, which are their
    /// own type. A value has one encoding, and no two rows encode alike.
    pub fn encode(self, buffer: &mut Vec<u8>) {
        match self {
            Cell::Null => buffer.push(NULL),
            Cell::Integer(value) => integer(value, buffer),
            Cell::Text(text) => counted(TEXT, text.as_bytes(), buffer),
            Cell::Blob(bytes) => counted(BLOB, bytes, buffer),
        }
    }

    /// Takes the next cell off encoded ones, as SQLite takes it; `None` at the end.
    pub fn decode(rest: &mut &'a [u8]) -> Option<ValueRef<'a>> {
        let [kind] = take(rest)?;
        Some(match kind {
            NULL => ValueRef::Null,
            WIDE => ValueRef::Integer(i64::from_le_bytes(take(rest)?)),
            HALF => ValueRef::Integer(u32::from_le_bytes(take(rest)?).into()),
            TEXT => ValueRef::Text(take_counted(rest)?),
            BLOB => ValueRef::Blob(take_counted(rest)?),
            small => ValueRef::Integer((small - SMALL).into()),
        })
    }
}

const NULL: u8 = 0;
/// An integer of eight bytes.
const WIDE: u8 = 1;
/// One of four bytes, not negative.
const HALF: u8 = 2;
const TEXT: u8 = 3;
const BLOB: u8 = 4;
/// The integer 0; those that follow count on from it.
const SMALL: u8 = 5;
/// A length that does not fit into one byte follows, in four.
const LONG: u8 = u8::MAX;

fn integer(value: i64, buffer: &mut Vec<u8>) {
    if (0..=i64::from(u8::MAX - SMALL)).contains(&value) {
        buffer.push(value as u8 + SMALL);
    } else if let Ok(half) = u32::try_from(value) {
        let [a, b, c, d] = half.to_le_bytes();
        buffer.extend_from_slice(&[HALF, a, b, c, d]);
    } else {
        let [a, b, c, d, e, f, g, h] = value.to_le_bytes();
        buffer.extend_from_slice(&[WIDE, a, b, c, d, e, f, g, h]);
    }
}

fn counted(kind: u8, bytes: &[u8], buffer: &mut Vec<u8>) {
    match bytes.len() {
        short if short < LONG.into() => buffer.extend_from_slice(&[kind, short as u8]),
        long => {
            buffer.extend_from_slice(&[kind, LONG]);
            buffer.extend_from_slice(&(long as u32).to_le_bytes());
        }
    }
    buffer.extend_from_slice(bytes);
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}

fn take_counted<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let length = match take(rest)? {
        [LONG] => u32::from_le_bytes(take(rest)?) as usize,
        [short] => short.into(),
    };
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

impl ToSql for Cell<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match *self {
            Cell::Null => ValueRef::Null,
            Cell::Integer(value) => ValueRef::Integer(value),
            Cell::Text(value) => ValueRef::Text(value.as_bytes()),
            Cell::Blob(value) => ValueRef::Blob(value),
        }))
    }
}

macro_rules! integers {
    ($($kind:ty)*) => { $(impl From<$kind> for Cell<'_> {
        fn from(value: $kind) -> Self { Cell::Integer(value as i64) }
    })* };
}
integers!(u8 u16 u32 u64 i64 bool);

impl From<crate::model::Timestamp> for Cell<'_> {
    fn from(time: crate::model::Timestamp) -> Self {
        Cell::Integer(time.nanoseconds())
    }
}

impl<'a> From<&'a str> for Cell<'a> {
    fn from(text: &'a str) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a String> for Cell<'a> {
    fn from(text: &'a String) -> Self {
        Cell::Text(text)
    }
}

impl<'a> From<&'a [u8]> for Cell<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Cell::Blob(bytes)
    }
}

impl<'a, const N: usize> From<&'a [u8; N]> for Cell<'a> {
    fn from(bytes: &'a [u8; N]) -> Self {
        Cell::Blob(bytes)
    }
}

impl<'a> From<&'a Vec<u8>> for Cell<'a> {
    fn from(bytes: &'a Vec<u8>) -> Self {
        Cell::Blob(bytes)
    }
}

impl<'a, T: Into<Cell<'a>>> From<Option<T>> for Cell<'a> {
    fn from(value: Option<T>) -> Self {
        value.map_or(Cell::Null, Into::into)
    }
}

/// The cells of a row, each converted: `cells![id, path, None::<u8>]`.
macro_rules! cells {
    ($($value:expr),* $(,)?) => { [$(crate::index::cells::Cell::from($value)),*] };
}
pub(super) use cells;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_decoded_as_they_were() {
        let texts = [0, 1, 254, 255, 256, 70_000].map(|length| "x".repeat(length));
        let integers = [0, 1, 250, 251, 255, 1 << 31, (1 << 32) - 1, 1 << 32, i64::MAX, -1, i64::MIN];
        let cells = integers.into_iter().map(Cell::Integer);
        let cells =
            cells.chain(texts.iter().flat_map(|text| [Cell::Text(text), Cell::Blob(text.as_bytes()), Cell::Null]));
        let mut buffer = Vec::new();
        let cells: Vec<Cell<'_>> = cells.collect();
        cells.iter().for_each(|cell| cell.encode(&mut buffer));
        let mut rest = &buffer[..];
        for cell in &cells {
            assert_eq!(cell.to_sql().unwrap(), ToSqlOutput::Borrowed(Cell::decode(&mut rest).unwrap()));
        }
        assert!(rest.is_empty() && Cell::decode(&mut rest).is_none());
    }
}
