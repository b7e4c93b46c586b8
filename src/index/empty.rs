//! Flows that have no file: sides of connections that sent no payload.

use super::list::{each, endpoint, time, unsigned};
use super::{Error, FlowInfo, Reader};
use crate::model::Digests;

/// As the view `flows` tells them.
const EMPTY: &str = "SELECT orig_flow_id, id, 0, orig_ip, orig_port, resp_ip, resp_port, orig_vlan, orig_packets,
        orig_start_ns, orig_end_ns, orig_isn FROM connection WHERE bare & 1
    UNION ALL SELECT resp_flow_id, id, 1, resp_ip, resp_port, orig_ip, orig_port, resp_vlan, resp_packets,
        resp_start_ns, resp_end_ns, resp_isn FROM connection WHERE bare & 2
    ORDER BY 1";

impl Reader {
    /// The flows without a file, ascending by number; their paths are empty. An error of `each_flow` ends it.
    pub fn flows_without_file<E: From<Error>>(
        &self,
        each_flow: &mut dyn FnMut(FlowInfo) -> Result<(), E>,
    ) -> Result<(), E> {
        each(&self.db, EMPTY, [], flow, each_flow)
    }
}

fn flow(row: &rusqlite::Row<'_>) -> rusqlite::Result<FlowInfo> {
    Ok(FlowInfo {
        id: unsigned(row, 0)?,
        connection_id: unsigned(row, 1)?,
        side: row.get(2)?,
        part: 0,
        src: endpoint(row, 3)?,
        dst: endpoint(row, 5)?,
        vlan: row.get(7)?,
        path: String::new(),
        base: 0,
        length: 0,
        stored_bytes: 0,
        missing_tail_bytes: 0,
        packets: unsigned(row, 8)?,
        start: time(row, 9)?,
        end: time(row, 10)?,
        isn: row.get(11)?,
        digests: Digests::default(),
        pieces: None,
    })
}
