//! The rows of the table of connections: one array a row, in the order of page/data.js.

use serde::Serialize;

use super::embed::{Page, clipped};
use crate::index::Reader;
use crate::index::page::{PageConnection, Survey};
use crate::model::ConnectionId;
use crate::view::Error;

/// Connections whose payload may be shown: more than fit on a page.
const WITH_PAYLOAD: usize = 50_000;

/// A row; a moment is whole seconds and nanoseconds, since JavaScript's numbers do not hold one.
#[derive(Serialize)]
struct Row<'a>(
    ConnectionId,
    &'a str,
    &'a str,
    u16,
    &'a str,
    u16,
    Option<i64>,
    u32,
    Option<i64>,
    &'a str,
    String,
    [u64; 2],
    [u64; 2],
    [u64; 3],
    [u64; 2],
    Option<String>,
    Option<String>,
    Option<String>,
);

/// Writes the listed connections; the numbers of the first of them that have payload.
pub fn write(index: &Reader, survey: &Survey, page: &mut Page<'_>) -> Result<Vec<ConnectionId>, Error> {
    let (mut with_payload, mut first) = (Vec::new(), true);
    page.begin("id=\"data-connections\"")?;
    page.text("[")?;
    index.page_connections(survey.cut, &mut |connection| {
        page.text(if first { "\n" } else { ",\n" })?;
        first = false;
        if connection.bytes != [0, 0] && with_payload.len() < WITH_PAYLOAD {
            with_payload.push(connection.id);
        }
        page.value(&row(&connection))
    })?;
    page.text("\n]")?;
    page.end()?;
    Ok(with_payload)
}

fn row(connection: &PageConnection) -> Row<'_> {
    let PageConnection { orig, resp, start, gap_bytes, missing_tail_bytes, retransmitted_bytes, .. } = connection;
    Row(
        connection.id,
        &connection.protocol,
        &orig.0,
        orig.1,
        &resp.0,
        resp.1,
        start.map(|start| start.seconds()),
        start.map_or(0, |start| start.subsecond_nanoseconds()),
        connection.duration_ns,
        &connection.state,
        clipped(&connection.history),
        connection.bytes,
        connection.packets,
        [*gap_bytes, *missing_tail_bytes, *retransmitted_bytes],
        [connection.anomalies, connection.conflicts],
        connection.vlans.as_deref().map(clipped),
        connection.tunnel.as_deref().map(clipped),
        connection.carries.as_deref().map(clipped),
    )
}
