//! The bodies of HTTP responses, flow by flow.

use crate::index::list::each;
use crate::index::{Error, Reader};
use crate::model::FlowId;

/// The body of a response.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// Flow of the response.
    pub flow: FlowId,
    /// Which response of the flow, from 1; those without body count.
    pub number: u64,
    /// Its file, relative to the case.
    pub path: String,
    /// Type the response says.
    pub said_type: Option<String>,
}

const BODIES: &str = "SELECT response_flow_id, number, response_object, response_type FROM (
        SELECT response_flow_id, response_object, response_type,
            row_number() OVER (PARTITION BY response_flow_id ORDER BY response_offset) AS number
        FROM http WHERE response_flow_id IS NOT NULL)
    WHERE response_object IS NOT NULL ORDER BY response_flow_id, number";

impl Reader {
    /// The bodies that the scanner `http` extracted from responses, in order of flows. An error of `each` ends it.
    pub fn bodies<E: From<Error>>(&self, each_body: &mut dyn FnMut(Body) -> Result<(), E>) -> Result<(), E> {
        each(&self.db, BODIES, [], body, each_body)
    }
}

fn body(row: &rusqlite::Row<'_>) -> rusqlite::Result<Body> {
    let (flow, number) = (row.get::<_, i64>(0)? as FlowId, row.get::<_, i64>(1)? as u64);
    Ok(Body { flow, number, path: row.get(2)?, said_type: row.get(3)? })
}
