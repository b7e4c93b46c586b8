//! What a page shows of a case: each part with a bound, read as it comes, so that memory does not grow with the case.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::list::{self, list, time, unsigned};
use super::{Error, Reader, Result};
use crate::model::{ConnectionId, Timestamp};

pub(super) mod bodies;
pub mod oddities;
pub(super) mod transactions;

/// A connection: a row of the `connections` view, with how often something was strange about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PageConnection {
    /// Its number.
    pub id: ConnectionId,
    /// `tcp` or `udp`.
    pub protocol: String,
    /// Address and port of the originator.
    pub orig: (String, u16),
    /// Address and port of the responder.
    pub resp: (String, u16),
    /// All VLAN tags of its first frame.
    pub vlans: Option<String>,
    /// Tunnels it came through.
    pub tunnel: Option<String>,
    /// Time of its first frame.
    pub start: Option<Timestamp>,
    /// Nanoseconds from its first frame to its last.
    pub duration_ns: Option<i64>,
    /// Zeek's conn_state.
    pub state: String,
    /// Zeek's history.
    pub history: String,
    /// Stored bytes of the originator, the responder.
    pub bytes: [u64; 2],
    /// Frames of the originator, the responder.
    pub packets: [u64; 2],
    /// Bytes in holes.
    pub gap_bytes: u64,
    /// Bytes known to be missing at the ends.
    pub missing_tail_bytes: u64,
    /// Bytes captured again.
    pub retransmitted_bytes: u64,
    /// Kinds of anomaly of each of its flows.
    pub anomalies: u64,
    /// Overlaps whose bytes differ.
    pub conflicts: u64,
    /// What its flows carry, as far as that was recognised: `http`, or several as `http,tls`.
    pub carries: Option<String>,
}

/// Which connections a page lists: those with at least so many bytes, and of those with just so many the first ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut {
    bytes: u64,
    last: ConnectionId,
}

impl Cut {
    /// Every connection.
    const NONE: Cut = Cut { bytes: 0, last: ConnectionId::MAX };
}

/// What one look at every connection finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// Those with most bytes, as many as asked for.
    pub cut: Cut,
    /// Connections that began and bytes of them, in equal stretches of the time from the earliest to the latest frame.
    pub bins: Vec<(u64, u64)>,
    /// Connections without a time.
    pub timeless: u64,
}

/// What an address or a responder's port has part in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// Address, or protocol and port (`tcp/80`).
    pub name: String,
    /// Connections.
    pub connections: u64,
    /// Of an address: bytes it sent. Of a port: bytes of originators.
    pub sent_bytes: u64,
    /// Of an address: bytes it was sent. Of a port: bytes of responders.
    pub received_bytes: u64,
}

const CONNECTION: &str = "SELECT id, protocol, orig_ip, orig_port, resp_ip, resp_port, vlans, tunnel, start_ns, duration_ns,
    state, history, orig_bytes, resp_bytes, orig_packets, resp_packets, gap_bytes, missing_tail_bytes, retransmitted_bytes,
    (SELECT count(*) FROM anomaly WHERE connection_id = connections.id)
        + (SELECT count(*) FROM scanner JOIN finding ON scanner_id = scanner.id WHERE connection_id = connections.id AND kind = 'anomaly'
            AND NOT EXISTS (SELECT 1 FROM rescan WHERE rescan.connection_id = connections.id AND rescan.scanner_id = scanner.id)),
    (SELECT count(*) FROM flow JOIN conflict ON flow_id = flow.id WHERE connection_id = connections.id),
    (SELECT group_concat(DISTINCT protocol) FROM protocols WHERE connection_id = connections.id)
    FROM connections WHERE orig_bytes + resp_bytes > ?1 OR (orig_bytes + resp_bytes = ?1 AND id <= ?2) ORDER BY id";

const HOSTS: &str = "SELECT ip, sum(n), sum(sent), sum(received) FROM (
        SELECT orig_ip AS ip, 1 AS n, orig_stored AS sent, resp_stored AS received FROM connection
        UNION ALL SELECT resp_ip, orig_ip <> resp_ip, resp_stored, orig_stored FROM connection)
    GROUP BY ip ORDER BY sum(sent) + sum(received) DESC, sum(n) DESC, ip LIMIT ?1";

const PORTS: &str = "SELECT CASE protocol WHEN 6 THEN 'tcp' WHEN 17 THEN 'udp' END || '/' || resp_port, count(*),
    sum(orig_stored), sum(resp_stored) FROM connection GROUP BY protocol, resp_port
    ORDER BY count(*) DESC, sum(orig_stored) + sum(resp_stored) DESC, resp_port, protocol LIMIT ?1";

impl Reader {
    /// Looks at every connection: which `most` have most bytes, and what begins in each of `bins` stretches of `span`.
    pub fn survey(&self, most: usize, span: Option<(Timestamp, Timestamp)>, bins: usize) -> Result<Survey> {
        let mut statement = self.db.prepare("SELECT id, start_ns, orig_stored + resp_stored FROM connection")?;
        let mut rows = statement.query([])?;
        let mut largest = Largest { most, heap: BinaryHeap::new(), all: true };
        let mut survey = Survey { cut: Cut::NONE, bins: vec![(0, 0); bins], timeless: 0 };
        while let Some(row) = rows.next()? {
            let (id, start, bytes) = (unsigned(row, 0)?, time(row, 1)?, unsigned(row, 2)?);
            largest.add(bytes, id);
            match bin(start, span, bins).and_then(|at| survey.bins.get_mut(at)) {
                Some(bin) => *bin = (bin.0 + 1, bin.1.saturating_add(bytes)),
                None => survey.timeless += 1,
            }
        }
        survey.cut = largest.cut();
        Ok(survey)
    }

    /// The connections of a cut, ascending by number. An error of `each` ends it.
    pub fn page_connections<E: From<Error>>(
        &self,
        cut: Cut,
        each: &mut dyn FnMut(PageConnection) -> Result<(), E>,
    ) -> Result<(), E> {
        let parameters = [cut.bytes as i64, i64::try_from(cut.last).unwrap_or(i64::MAX)];
        list::each(&self.db, CONNECTION, parameters, connection, each)
    }

    /// The addresses with most bytes, and the number of addresses.
    pub fn hosts(&self, most: u32) -> Result<(Vec<Share>, u64)> {
        let sql = "SELECT count(*) FROM (SELECT orig_ip FROM connection UNION SELECT resp_ip FROM connection)";
        let all = self.db.query_row(sql, [], |row| unsigned(row, 0))?;
        Ok((list(&self.db, HOSTS, [most], share)?, all))
    }

    /// The responders' ports with most connections, and the number of such ports.
    pub fn services(&self, most: u32) -> Result<(Vec<Share>, u64)> {
        let sql = "SELECT count(*) FROM (SELECT DISTINCT protocol, resp_port FROM connection)";
        let all = self.db.query_row(sql, [], |row| unsigned(row, 0))?;
        Ok((list(&self.db, PORTS, [most], share)?, all))
    }

    pub(super) fn count(&self, table: &str) -> Result<u64> {
        Ok(self.db.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| unsigned(row, 0))?)
    }
}

/// The connections with most bytes so far; of equals the first.
struct Largest {
    most: usize,
    heap: BinaryHeap<Reverse<(u64, Reverse<ConnectionId>)>>,
    all: bool,
}

impl Largest {
    fn add(&mut self, bytes: u64, id: ConnectionId) {
        self.heap.push(Reverse((bytes, Reverse(id))));
        if self.heap.len() > self.most {
            self.heap.pop();
            self.all = false;
        }
    }

    fn cut(&self) -> Cut {
        match self.heap.peek() {
            Some(Reverse((bytes, Reverse(last)))) if !self.all => Cut { bytes: *bytes, last: *last },
            _ => Cut::NONE,
        }
    }
}

/// Which of `bins` equal stretches of `span` a moment is in.
fn bin(time: Option<Timestamp>, span: Option<(Timestamp, Timestamp)>, bins: usize) -> Option<usize> {
    let ((first, last), time) = (span?, time?);
    let width = i128::from(last.nanoseconds()) - i128::from(first.nanoseconds()) + 1;
    let at = (i128::from(time.nanoseconds()) - i128::from(first.nanoseconds())) * bins as i128 / width;
    usize::try_from(at).ok()
}

fn connection(row: &rusqlite::Row<'_>) -> rusqlite::Result<PageConnection> {
    Ok(PageConnection {
        id: unsigned(row, 0)?,
        protocol: row.get(1)?,
        orig: (row.get(2)?, row.get(3)?),
        resp: (row.get(4)?, row.get(5)?),
        vlans: row.get(6)?,
        tunnel: row.get(7)?,
        start: time(row, 8)?,
        duration_ns: row.get(9)?,
        state: row.get(10)?,
        history: row.get(11)?,
        bytes: [unsigned(row, 12)?, unsigned(row, 13)?],
        packets: [unsigned(row, 14)?, unsigned(row, 15)?],
        gap_bytes: unsigned(row, 16)?,
        missing_tail_bytes: unsigned(row, 17)?,
        retransmitted_bytes: unsigned(row, 18)?,
        anomalies: unsigned(row, 19)?,
        conflicts: unsigned(row, 20)?,
        carries: row.get(21)?,
    })
}

fn share(row: &rusqlite::Row<'_>) -> rusqlite::Result<Share> {
    let (connections, sent_bytes, received_bytes) = (unsigned(row, 1)?, unsigned(row, 2)?, unsigned(row, 3)?);
    Ok(Share { name: row.get(0)?, connections, sent_bytes, received_bytes })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::index::fixture::{self, Case, at};

    fn ids(reader: &Reader, most: usize) -> Vec<u64> {
        let mut ids = Vec::new();
        let cut = reader.survey(most, None, 1).unwrap().cut;
        let mut each = |connection: PageConnection| {
            ids.push(connection.id);
            Ok::<_, Error>(())
        };
        reader.page_connections(cut, &mut each).unwrap();
        ids
    }

    #[test]
    fn the_largest_are_kept_and_of_equals_the_first() {
        let (case, mut writer) = Case::new();
        (1..=5).for_each(|id| writer.put(fixture::connection(id)).unwrap());
        writer.commit().unwrap();
        writer.finish().unwrap();
        case.plain().execute("UPDATE connection SET orig_stored = 99 WHERE id = 4", []).unwrap();
        let reader = case.reader();
        assert_eq!(ids(&reader, 3), [1, 2, 4]);
        assert_eq!(ids(&reader, 5), [1, 2, 3, 4, 5]);
        assert_eq!(ids(&reader, 1), [4]);
    }

    #[test]
    fn every_connection_is_in_one_stretch_of_time() {
        let case = Case::full();
        let survey = case.reader().survey(10, at(0).zip(at(3)), 3).unwrap();
        assert_eq!((survey.bins, survey.timeless), (vec![(1, 8), (0, 0), (0, 0)], 0));
        let nowhere = case.reader().survey(10, None, 3).unwrap();
        assert_eq!(nowhere.timeless, 1);
        let (first, last) = (Some(Timestamp(i64::MIN)), Some(Timestamp(i64::MAX)));
        assert_eq!(bin(last, first.zip(last), 7), Some(6), "the widest span there is");
        assert_eq!(bin(at(5), at(5).zip(at(5)), 7), Some(0), "no width");
    }

    #[test]
    fn hosts_and_services_are_counted() {
        let case = Case::full();
        let reader = case.reader();
        let share = |name: &str, sent, received| Share {
            name: name.into(),
            connections: 1,
            sent_bytes: sent,
            received_bytes: received,
        };
        assert_eq!(reader.hosts(9).unwrap(), (vec![share("10.0.0.1", 8, 0), share("2001:db8::1", 0, 8)], 2));
        assert_eq!(reader.services(9).unwrap(), (vec![share("tcp/80", 8, 0)], 1));
    }
}
