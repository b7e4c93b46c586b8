//! What is in a case, on a page: for people, or as one JSON object.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Error;
use super::escape::printable;
use crate::case::{self, verify::size_on_disk};
use crate::index::{CaptureInfo, NetworkInfo, ScanInfo, Totals};
use crate::model::{AnomalyKind, Skip, Timestamp};
use crate::store::{objects, packed, template};

/// Captures beyond which those that could be read to their end are only counted for people.
const MANY: usize = 50;

/// 802.11 networks that people are shown, those heard most.
const MANY_NETWORKS: usize = 20;

/// Where payload lies in a case.
const PAYLOAD: [&str; 2] = [template::DIRECTORY, packed::DIRECTORY];

/// What lies beside payload where it lies in the case directory itself.
const BESIDE: [&str; 2] = [case::INDEX, objects::DIRECTORY];

/// Everything on the page.
pub struct Info {
    captures: Vec<CaptureInfo>,
    totals: Totals,
    networks: Vec<NetworkInfo>,
    scans: Vec<ScanInfo>,
    settings: std::collections::BTreeMap<String, String>,
    disk_bytes: u64,
    /// What lies in files or packs.
    payload_bytes: u64,
    /// Why the last run did not get to its end.
    failed: Option<String>,
}

impl Info {
    /// Gathers it.
    pub fn of(case: &case::Reader) -> Result<Self, Error> {
        let index = case.index();
        Ok(Info {
            captures: index.captures()?,
            totals: index.totals()?,
            networks: index.networks()?,
            scans: index.scans()?,
            settings: index.settings()?,
            disk_bytes: size_on_disk(case.root()),
            payload_bytes: payload_bytes(case, template::is_open(&index.settings()?)),
            failed: index.runs()?.pop().and_then(|run| run.message),
        })
    }

    /// For people.
    pub fn write_text(&self, out: &mut dyn Write) -> io::Result<()> {
        self.write_captures(out)?;
        self.write_totals(out)?;
        self.write_networks(out)?;
        self.write_scans(out)?;
        self.write_skipped(out)?;
        self.write_anomalies(out)
    }

    /// One object: `captures`, `totals`, `networks`, `scanners`, `skipped`, `anomalies`, `settings`, `store`, `disk_bytes`, `failed`.
    pub fn write_json(&self, out: &mut dyn Write) -> io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, &self.json())?;
        out.write_all(b"\n")
    }

    fn write_captures(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "captures")?;
        let many = self.captures.len() > MANY;
        if many {
            let complete = self.captures.iter().filter(|capture| is_complete(capture)).count();
            writeln!(out, "       {} in all, {complete} complete; the others:", self.captures.len())?;
        }
        for capture in self.captures.iter().filter(|capture| !(many && is_complete(capture))) {
            let CaptureInfo { id, path, frames, used_frames, status, .. } = capture;
            let format = capture.format.as_deref().unwrap_or("unknown format");
            writeln!(out, "{id:>5}  {}", printable(path))?;
            writeln!(out, "       {format}, {frames} frames, {used_frames} used, {status}")?;
            if let (Some(first), Some(last)) = (capture.first, capture.last) {
                writeln!(out, "       {first} to {last}")?;
            }
            if let Some(filter) = &capture.filter {
                writeln!(out, "       filter: {}", printable(filter))?;
            }
            if let Some(message) = &capture.message {
                writeln!(out, "       {}", printable(message))?;
            }
        }
        Ok(())
    }

    fn write_totals(&self, out: &mut dyn Write) -> io::Result<()> {
        let totals = &self.totals;
        writeln!(out, "\ntotals")?;
        let mut line = |name: &str, value: String| writeln!(out, "{name:<16}  {value}");
        line("  frames", format!("{}, of them {} used", totals.frames, totals.used_frames))?;
        line("  connections", format!("{}, of them {} may go on", totals.connections, totals.open))?;
        line("  flows", format!("{} with payload", totals.flows))?;
        line("  coverage", coverage(totals))?;
        line("  cut ends", format!("{} bytes known to be missing", totals.missing_tail_bytes))?;
        line("  conflicts", totals.conflicts.to_string())?;
        line("  time", span(totals.span))?;
        line("  ports", ports(&totals.ports))?;
        line("  store", format!("{}, size on disk {} bytes", self.store(), self.payload_bytes))?;
        line("  size on disk", format!("{} bytes", self.disk_bytes))?;
        self.failed.as_ref().map_or(Ok(()), |why| line("  last run", format!("failed: {}", printable(why))))
    }

    /// Nothing where there are none: few captures are of 802.11.
    fn write_networks(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.networks.is_empty() {
            return Ok(());
        }
        writeln!(out, "\n802.11 networks")?;
        for network in self.networks.iter().take(MANY_NETWORKS) {
            let NetworkInfo { bssid, beacons, probe_responses, data_frames, encrypted_frames, .. } = network;
            let channel = network.channel.map_or("-".to_owned(), |channel| channel.to_string());
            let security = network.security.as_deref().unwrap_or("-");
            let name = network.ssid.as_deref().map_or("-".into(), printable);
            writeln!(out, "{bssid:>19}  channel {channel:<3}  {security:<9}  {name}")?;
            writeln!(
                out,
                "                     {beacons} beacons, {probe_responses} probe responses, {data_frames} data frames, \
                 of them {encrypted_frames} encrypted"
            )?;
        }
        match self.networks.len().saturating_sub(MANY_NETWORKS) {
            0 => Ok(()),
            more => writeln!(out, "           and {more} more: see the view wifi_networks"),
        }
    }

    /// Nothing where none was run.
    fn write_scans(&self, out: &mut dyn Write) -> io::Result<()> {
        if self.scans.is_empty() {
            return Ok(());
        }
        writeln!(out, "\nscanners")?;
        for ScanInfo { name, version, findings, objects, left } in &self.scans {
            let left = if *left > 0 { format!(", {left} connections to be scanned") } else { String::new() };
            writeln!(
                out,
                "  {:<14}  {findings} findings, {objects} objects{left} (version {version})",
                printable(name)
            )?;
        }
        Ok(())
    }

    fn store(&self) -> &str {
        self.settings.get("store").map_or("files", String::as_str)
    }

    fn write_skipped(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nframes skipped")?;
        for (reason, frames, bytes) in &self.totals.skipped {
            let why = explain_skip(reason);
            writeln!(out, "{frames:>9}  {:<22} {bytes} bytes. {why}", printable(reason))?;
        }
        nothing(self.totals.skipped.is_empty(), out)
    }

    fn write_anomalies(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "\nanomalies")?;
        for (kind, count) in &self.totals.anomalies {
            writeln!(out, "{count:>9}  {:<22} {}", printable(kind), explain_anomaly(kind))?;
        }
        nothing(self.totals.anomalies.is_empty(), out)
    }

    fn json(&self) -> Value {
        let totals = &self.totals;
        let skipped = totals.skipped.iter().map(|(reason, frames, bytes)| {
            json!({"reason": reason, "frames": frames, "bytes": bytes, "explanation": explain_skip(reason)})
        });
        let anomalies = totals
            .anomalies
            .iter()
            .map(|(kind, count)| json!({"kind": kind, "count": count, "explanation": explain_anomaly(kind)}));
        json!({
            "captures": self.captures.iter().map(capture_json).collect::<Vec<_>>(),
            "totals": totals_json(totals),
            "networks": self.networks.iter().map(network_json).collect::<Vec<_>>(),
            "scanners": self.scans.iter().map(scan_json).collect::<Vec<_>>(),
            "skipped": skipped.collect::<Vec<_>>(),
            "anomalies": anomalies.collect::<Vec<_>>(),
            "settings": self.settings,
            "store": {"kind": self.store(), "disk_bytes": self.payload_bytes},
            "disk_bytes": self.disk_bytes,
            "failed": self.failed,
        })
    }
}

fn is_complete(capture: &CaptureInfo) -> bool {
    capture.status == "complete"
}

/// The sums over a case, for programs.
pub fn totals_json(totals: &Totals) -> Value {
    json!({
        "captures": totals.captures,
        "frames": totals.frames,
        "used_frames": totals.used_frames,
        "connections": totals.connections,
        "open_connections": totals.open,
        "flows": totals.flows,
        "stored_bytes": totals.stored_bytes,
        "gap_bytes": totals.gap_bytes,
        "missing_tail_bytes": totals.missing_tail_bytes,
        "conflicts": totals.conflicts,
        "start_time": totals.span.map(|(start, _)| start.to_string()),
        "end_time": totals.span.map(|(_, end)| end.to_string()),
        "ports": totals.ports.iter().map(|(port, count)| json!({"port": port, "connections": count})).collect::<Vec<_>>(),
    })
}

fn capture_json(capture: &CaptureInfo) -> Value {
    json!({
        "id": capture.id,
        "path": capture.path,
        "sha256": capture.sha256,
        "size_bytes": capture.size_bytes,
        "format": capture.format,
        "filter": capture.filter,
        "frames": capture.frames,
        "used_frames": capture.used_frames,
        "first_time": capture.first.map(|time| time.to_string()),
        "last_time": capture.last.map(|time| time.to_string()),
        "status": capture.status,
        "stopped_at": capture.stopped_at,
        "message": capture.message,
    })
}

fn scan_json(scan: &ScanInfo) -> Value {
    json!({
        "name": scan.name,
        "version": scan.version,
        "findings": scan.findings,
        "objects": scan.objects,
        "connections_left": scan.left,
    })
}

fn network_json(network: &NetworkInfo) -> Value {
    json!({
        "bssid": network.bssid,
        "ssid": network.ssid,
        "channel": network.channel,
        "security": network.security,
        "beacons": network.beacons,
        "probe_responses": network.probe_responses,
        "data_frames": network.data_frames,
        "encrypted_frames": network.encrypted_frames,
    })
}

fn coverage(totals: &Totals) -> String {
    let (stored, missing) = (totals.stored_bytes, totals.gap_bytes);
    let whole = stored.saturating_add(missing);
    let percent = if whole == 0 { 100.0 } else { stored as f64 * 100.0 / whole as f64 };
    format!("{stored} bytes stored, {missing} in gaps ({percent:.2} %)")
}

fn span(span: Option<(Timestamp, Timestamp)>) -> String {
    span.map_or("-".to_owned(), |(start, end)| format!("{start} to {end}"))
}

fn ports(ports: &[(u16, u64)]) -> String {
    if ports.is_empty() {
        return "-".to_owned();
    }
    ports.iter().map(|(port, count)| format!("{port} ({count})")).collect::<Vec<_>>().join(", ")
}

fn explain_skip(reason: &str) -> &'static str {
    Skip::from_name(reason).map_or("", Skip::explanation)
}

fn explain_anomaly(kind: &str) -> &'static str {
    AnomalyKind::from_name(kind).map_or("", AnomalyKind::explanation)
}

fn nothing(is_empty: bool, out: &mut dyn Write) -> io::Result<()> {
    if is_empty { writeln!(out, "           none") } else { Ok(()) }
}

/// Bytes on disk that payload takes: all but what is known to be something else where it lies in the case directory itself.
fn payload_bytes(case: &case::Reader, is_open: bool) -> u64 {
    let sum = |names: &[&str]| names.iter().map(|name| size_on_disk(&case.root().join(name))).sum();
    if is_open { size_on_disk(case.root()).saturating_sub(sum(&BESIDE)) } else { sum(&PAYLOAD) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info() -> Info {
        let totals = Totals {
            stored_bytes: 75,
            gap_bytes: 25,
            skipped: vec![("not_tcp".into(), 12, 900)],
            ports: vec![(80, 3)],
            ..Totals::default()
        };
        let (captures, networks, settings) = (Vec::new(), Vec::new(), Default::default());
        let (name, version) = ("http".to_owned(), "1".to_owned());
        let scans = vec![ScanInfo { name, version, findings: 7, objects: 3, left: 2 }];
        Info { captures, totals, networks, scans, settings, disk_bytes: 4096, payload_bytes: 512, failed: None }
    }

    #[test]
    fn people_are_told_what_a_reason_means() {
        let mut out = Vec::new();
        info().write_text(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.contains("75 bytes stored, 25 in gaps (75.00 %)"), "{text}");
        assert!(text.contains("7 findings, 3 objects, 2 connections to be scanned"), "{text}");
        assert!(text.contains("12  not_tcp                900 bytes. The IP packet carries"), "{text}");
        assert!(text.ends_with("anomalies\n           none\n"), "{text}");
    }

    #[test]
    fn the_same_as_json() {
        let mut out = Vec::new();
        info().write_json(&mut out).unwrap();
        let value: Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(value["totals"]["stored_bytes"], 75);
        assert_eq!(value["skipped"][0]["reason"], "not_tcp");
    }
}
