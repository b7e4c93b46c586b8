//! What stands around the table of connections: sums, coverage, captures, the timeline, hosts, ports, and what is strange.

use serde_json::{Value, json};

use super::Bounds;
use super::embed::{Page, clipped};
use crate::case;
use crate::index::page::oddities::{Oddity, OddityKind};
use crate::index::page::{Share, Survey};
use crate::index::{CaptureInfo, NetworkInfo, Totals};
use crate::model::{AnomalyKind, Skip, Timestamp};
use crate::view::Error;
use crate::view::escape::hex;
use crate::view::info::totals_json;

/// Writes one block.
pub fn write(
    case: &case::Reader,
    bounds: &Bounds,
    totals: &Totals,
    survey: &Survey,
    page: &mut Page<'_>,
) -> Result<(), Error> {
    let (index, rows) = (case.index(), bounds.rows as usize);
    let (captures, networks) = (index.captures()?, index.networks()?);
    let block = json!({
        "totals": totals_json(totals),
        "bounds": {"connections": bounds.connections, "excerpt": bounds.excerpt, "rows": bounds.rows},
        "settings": index.settings()?,
        "captures": first(captures.iter().map(capture), rows, captures.len() as u64),
        "skipped": totals.skipped.iter().map(skipped).collect::<Vec<_>>(),
        "anomaly_kinds": totals.anomalies.iter().map(anomaly_kind).collect::<Vec<_>>(),
        "networks": first(networks.iter().map(network), rows, networks.len() as u64),
        "timeline": timeline(totals, survey),
        "hosts": listed(index.hosts(bounds.rows)?, share),
        "services": listed(index.services(bounds.rows)?, share),
        "anomalies": listed(index.first_anomalies(bounds.rows)?, oddity),
        "conflicts": listed(index.first_conflicts(bounds.rows)?, oddity),
        "gaps": listed(index.largest_gaps(bounds.rows)?, oddity),
    });
    page.block("overview", &block)
}

/// Rows, and how many there are of which these are the first.
fn first(rows: impl Iterator<Item = Value>, most: usize, all: u64) -> Value {
    json!({"rows": rows.take(most).collect::<Vec<_>>(), "all": all})
}

fn listed<T>((rows, all): (Vec<T>, u64), show: fn(&T) -> Value) -> Value {
    first(rows.iter().map(show), rows.len(), all)
}

/// Times as seconds and nanoseconds, so that the page can count with them.
fn timeline(totals: &Totals, survey: &Survey) -> Value {
    let moment = |time: Timestamp| json!([time.seconds(), time.subsecond_nanoseconds()]);
    json!({
        "first": totals.span.map(|(first, _)| moment(first)),
        "last": totals.span.map(|(_, last)| moment(last)),
        "bins": survey.bins,
        "timeless": survey.timeless,
    })
}

fn capture(capture: &CaptureInfo) -> Value {
    json!({
        "id": capture.id,
        "path": clipped(&capture.path),
        "sha256": capture.sha256,
        "size_bytes": capture.size_bytes,
        "format": capture.format,
        "filter": capture.filter.as_deref().map(clipped),
        "frames": capture.frames,
        "used_frames": capture.used_frames,
        "first_time": capture.first.map(|time| time.to_string()),
        "last_time": capture.last.map(|time| time.to_string()),
        "status": capture.status,
        "message": capture.message.as_deref().map(clipped),
    })
}

fn skipped((reason, frames, bytes): &(String, u64, u64)) -> Value {
    json!({"reason": reason, "frames": frames, "bytes": bytes, "why": Skip::from_name(reason).map(Skip::explanation)})
}

fn anomaly_kind((kind, count): &(String, u64)) -> Value {
    json!({"kind": kind, "count": count, "why": AnomalyKind::from_name(kind).map(AnomalyKind::explanation)})
}

fn network(network: &NetworkInfo) -> Value {
    json!({
        "bssid": network.bssid,
        "ssid": network.ssid.as_deref().map(clipped),
        "channel": network.channel,
        "security": network.security,
        "beacons": network.beacons,
        "data_frames": network.data_frames,
        "encrypted_frames": network.encrypted_frames,
    })
}

fn share(share: &Share) -> Value {
    json!([share.name, share.connections, share.sent_bytes, share.received_bytes])
}

fn oddity(oddity: &Oddity) -> Value {
    json!({
        "connection": oddity.connection,
        "flow": oddity.flow,
        "time": oddity.time.map(|time| time.to_string()),
        "what": what(&oddity.what),
    })
}

fn what(kind: &OddityKind) -> Value {
    match kind {
        OddityKind::Anomaly { at, kind, detail, count } => {
            json!({"at": at, "kind": kind, "detail": clipped(detail), "count": count})
        }
        OddityKind::Conflict { offset, length, kept, lost, lost_bytes } => {
            json!({"offset": offset, "length": length, "kept": kept, "lost": lost, "lost_bytes": hex(lost_bytes)})
        }
        OddityKind::Gap { offset, length } => json!({"offset": offset, "length": length}),
    }
}
