//! What is strange in a case, for a page: anomalies, conflicts and gaps, each list with a bound.

use crate::index::list::{list, time, unsigned};
use crate::index::{Reader, Result};
use crate::model::{CaptureId, ConnectionId, FlowId, Timestamp};

/// An anomaly, a conflict or a gap, with what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The connection; `None`: of the capture.
    pub connection: Option<ConnectionId>,
    /// The flow likewise.
    pub flow: Option<FlowId>,
    /// Time of the frame.
    pub time: Option<Timestamp>,
    /// What there is to say.
    pub what: OddityKind,
}

/// What is strange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OddityKind {
    /// Strange input.
    Anomaly {
        /// Capture and frame where it first occurred, if it was in one.
        at: Option<(CaptureId, u64)>,
        /// Its name.
        kind: String,
        /// One clause about the first occurrence.
        detail: String,
        /// Occurrences.
        count: u64,
    },
    /// Bytes seen twice that differ.
    Conflict {
        /// In the payload file; negative before its beginning.
        offset: i64,
        /// Bytes.
        length: u64,
        /// Frame whose bytes are in the file, and its checksum.
        kept: (u64, String),
        /// Frame whose bytes are not, and its checksum.
        lost: (u64, String),
        /// The first of the bytes that lost.
        lost_bytes: Vec<u8>,
    },
    /// Bytes never captured.
    Gap {
        /// In the payload file.
        offset: u64,
        /// Bytes.
        length: u64,
    },
}

const ANOMALIES: &str =
    "SELECT connection_id, flow_id, time_ns, CAST(capture_id AS INTEGER), CAST(frame AS INTEGER), kind,
    CAST(coalesce(detail, '') AS TEXT), coalesce(CAST(count AS INTEGER), 1) FROM anomalies ORDER BY id LIMIT ?1";

const CONFLICTS: &str =
    "SELECT connection_id, flow_id, time_ns, \"offset\", length, kept_frame, kept_checksum, lost_frame,
    lost_checksum, substr(lost_bytes, 1, ?2) FROM conflicts ORDER BY flow_id, number LIMIT ?1";

const GAPS: &str = "SELECT connection_id, flow_id, NULL, \"offset\", gap.length FROM gap JOIN flow ON flow.id = flow_id
    ORDER BY gap.length DESC, flow_id, \"offset\" LIMIT ?1";

/// Bytes of a conflict's lost copy that are shown.
const LOST_BYTES: u32 = 32;

impl Reader {
    /// The first anomalies in the order of captures and frames, and the number of rows there are.
    pub fn first_anomalies(&self, most: u32) -> Result<(Vec<Oddity>, u64)> {
        Ok((list(&self.db, ANOMALIES, [most], anomaly)?, self.count("anomalies")?))
    }

    /// The first conflicts in the order of flows, and the number of conflicts.
    pub fn first_conflicts(&self, most: u32) -> Result<(Vec<Oddity>, u64)> {
        Ok((list(&self.db, CONFLICTS, [most, LOST_BYTES], conflict)?, self.count("conflict")?))
    }

    /// The largest gaps, and the number of gaps.
    pub fn largest_gaps(&self, most: u32) -> Result<(Vec<Oddity>, u64)> {
        Ok((list(&self.db, GAPS, [most], gap)?, self.count("gap")?))
    }
}

fn oddity(row: &rusqlite::Row<'_>, what: OddityKind) -> rusqlite::Result<Oddity> {
    let id = |i| row.get::<_, Option<i64>>(i).map(|id| id.map(|id| id as u64));
    Ok(Oddity { connection: id(0)?, flow: id(1)?, time: time(row, 2)?, what })
}

fn anomaly(row: &rusqlite::Row<'_>) -> rusqlite::Result<Oddity> {
    let capture: Option<CaptureId> = row.get(3)?;
    let at = capture.zip(row.get::<_, Option<i64>>(4)?.map(|frame| frame as u64));
    oddity(row, OddityKind::Anomaly { at, kind: row.get(5)?, detail: row.get(6)?, count: unsigned(row, 7)? })
}

fn conflict(row: &rusqlite::Row<'_>) -> rusqlite::Result<Oddity> {
    let frame = |i| Ok::<_, rusqlite::Error>((unsigned(row, i)?, row.get(i + 1)?));
    let (kept, lost) = (frame(5)?, frame(7)?);
    let (offset, length) = (row.get(3)?, unsigned(row, 4)?);
    oddity(row, OddityKind::Conflict { offset, length, kept, lost, lost_bytes: row.get(9)? })
}

fn gap(row: &rusqlite::Row<'_>) -> rusqlite::Result<Oddity> {
    oddity(row, OddityKind::Gap { offset: unsigned(row, 3)?, length: unsigned(row, 4)? })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::Case;

    #[test]
    fn what_is_strange_says_where() {
        let case = Case::full();
        let reader = case.reader();
        let (anomalies, all) = reader.first_anomalies(1).unwrap();
        assert_eq!((anomalies.len(), all, anomalies[0].connection), (1, 2, None));
        let (conflicts, all) = reader.first_conflicts(9).unwrap();
        let expected = OddityKind::Conflict {
            offset: 2,
            length: 2,
            kept: (1, "good".into()),
            lost: (9, "bad".into()),
            lost_bytes: b"ab".to_vec(),
        };
        assert_eq!((all, conflicts[0].connection, &conflicts[0].what), (1, Some(1), &expected));
        let (gaps, _) = reader.largest_gaps(9).unwrap();
        assert_eq!(gaps[0].what, OddityKind::Gap { offset: 4, length: 2 });
        assert_eq!(reader.gaps_before(1, 4).unwrap(), []);
        assert_eq!(reader.gaps_before(1, 5).unwrap(), [(4, 2)]);
    }
}
