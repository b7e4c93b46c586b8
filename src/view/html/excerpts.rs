//! The beginnings of both sides of connections, in blocks that the page reads only when a connection is opened.
//!
//! Connections come in their order until the page is as long as it may be; each block says from which to which.

use std::collections::BTreeMap;
use std::io;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;

use super::Bounds;
use super::embed::Page;
use crate::case;
use crate::index::FlowInfo;
use crate::model::ConnectionId;
use crate::view::Error;
use crate::view::escape::hex;

/// Bytes of payload in a block: little enough to be read at a click.
const BLOCK: usize = 256 << 10;

/// The beginning of one side.
#[derive(Serialize)]
struct Excerpt {
    side: u8,
    flow: u64,
    path: String,
    length: u64,
    /// Files of this side; the first is shown.
    parts: usize,
    sha256: Option<String>,
    /// Base64; holes are zeros.
    bytes: String,
    /// Offset and length of holes that begin in it.
    gaps: Vec<(u64, u64)>,
    /// Why there are no bytes.
    unreadable: Option<String>,
}

type Block = BTreeMap<ConnectionId, Vec<Excerpt>>;

/// Writes excerpts of these connections, as many as fit.
pub fn write(case: &case::Reader, bounds: &Bounds, ids: &[ConnectionId], page: &mut Page<'_>) -> Result<(), Error> {
    let mut ids = ids.iter();
    while page.written() < bounds.page {
        let block = gather(case, bounds.excerpt, &mut ids)?;
        let (Some(first), Some(last)) = (block.keys().next(), block.keys().last()) else { break };
        page.begin(&format!("class=\"excerpts\" data-first=\"{first}\" data-last=\"{last}\""))?;
        page.value(&block)?;
        page.end()?;
    }
    Ok(())
}

/// The next block; empty behind the last connection.
fn gather<'i>(
    case: &case::Reader,
    most: u64,
    ids: &mut impl Iterator<Item = &'i ConnectionId>,
) -> Result<Block, Error> {
    let (mut block, mut length) = (Block::new(), 0);
    for id in ids {
        let excerpts = of_connection(case, *id, most)?;
        length += excerpts.iter().map(|excerpt| excerpt.bytes.len()).sum::<usize>();
        block.insert(*id, excerpts);
        if length >= BLOCK {
            break;
        }
    }
    Ok(block)
}

fn of_connection(case: &case::Reader, id: ConnectionId, most: u64) -> Result<Vec<Excerpt>, Error> {
    let flows = case.index().flows_of_connection(id)?;
    let of_side = |side: u8| flows.iter().filter(move |flow| flow.side == side);
    let firsts = [0, 1].into_iter().filter_map(|side| Some((of_side(side).next()?, of_side(side).count())));
    firsts.map(|(flow, parts)| excerpt(case, flow, parts, most)).collect()
}

fn excerpt(case: &case::Reader, flow: &FlowInfo, parts: usize, most: u64) -> Result<Excerpt, Error> {
    let gaps = case.index().gaps_before(flow.id, most)?;
    let (bytes, unreadable) = match beginning(case, flow, most) {
        Ok(bytes) => (STANDARD.encode(bytes), None),
        Err(error) => (String::new(), Some(error.to_string())),
    };
    let (path, sha256) = (flow.path.clone(), flow.digests.sha256.map(|digest| hex(&digest)));
    Ok(Excerpt { side: flow.side, flow: flow.id, path, length: flow.length, parts, sha256, bytes, gaps, unreadable })
}

fn beginning(case: &case::Reader, flow: &FlowInfo, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = vec![0; flow.length.min(most) as usize];
    case.payload(flow)?.read_at(0, &mut bytes)?;
    Ok(bytes)
}
