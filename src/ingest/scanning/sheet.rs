//! What one scanner says of one connection: rows for the index, and objects written as they come. Limits are kept here.

use super::Limits;
use super::subject::Deadline;
use crate::index::{FindingRow, ObjectRow};
use crate::model::{AnomalyKind, ConnectionId, FlowId, Timestamp};
use crate::scan::{Error, Fields, Finding, Findings, NewObject, Stored};
use crate::store::beneath::Beneath;
use crate::store::objects::Writing;

/// Different things that may be strange to a scanner in a connection; more are counted with the last.
const STRANGE: usize = 50;
/// Bytes of a name, type or line that are kept.
const LONGEST: usize = 4096;

/// What was found in a batch.
#[derive(Debug, Default)]
pub struct Found {
    /// Connections with payload that were looked at.
    pub connections: Vec<ConnectionId>,
    /// Findings, anomalies among them.
    pub findings: Vec<FindingRow>,
    /// Objects.
    pub objects: Vec<ObjectRow>,
    /// Findings that are anomalies.
    pub anomalies: u64,
    /// A scanner failed or reached a limit.
    pub left_out: bool,
}

/// One scanner, one connection.
pub struct Sheet<'a> {
    beneath: &'a Beneath,
    limits: &'a Limits,
    deadline: &'a Deadline,
    /// The scanner's number in the case, and its name.
    scanner: (u32, &'a str),
    connection: ConnectionId,
    /// Bytes of objects that may be written still, and that might be at first.
    bytes: (u64, u64),
    findings: Vec<FindingRow>,
    /// In order.
    pub objects: Vec<ObjectRow>,
    strange: Vec<Strange>,
    open: Option<(ObjectRow, Writing)>,
    /// The object that is looked at now.
    pub parent: Option<String>,
}

/// Something strange, and how often.
struct Strange {
    kind: AnomalyKind,
    flow: FlowId,
    offset: u64,
    time: Option<Timestamp>,
    what: String,
    count: u64,
}

impl<'a> Sheet<'a> {
    /// An empty one. `payload`: bytes the connection has.
    pub fn new(
        beneath: &'a Beneath,
        limits: &'a Limits,
        deadline: &'a Deadline,
        scanner: (u32, &'a str),
        connection: ConnectionId,
        payload: u64,
    ) -> Self {
        let most = limits.bytes.saturating_add(payload.saturating_mul(limits.bytes_per_byte));
        let (findings, objects, strange) = Default::default();
        let (bytes, open, parent) = ((most, most), None, None);
        Sheet { beneath, limits, deadline, scanner, connection, bytes, findings, objects, strange, open, parent }
    }

    /// The scanner ended, for this reason if it did not get to the end.
    pub fn ended(&mut self, why: Result<(), Error>, flow: FlowId) {
        let end = self.open.as_ref().map_or(0, |(row, _)| row.range.0);
        let closed = self.end_object(end, false).map(drop);
        for error in [why.err(), closed.err()].into_iter().flatten() {
            self.left_out(flow, &error);
        }
    }

    /// Adds what was found; `frame` tells which capture and frame brought a byte of a flow.
    pub fn add_to(self, found: &mut Found, frame: impl Fn(FlowId, u64) -> Option<(u32, u64)>) {
        let before = self.findings.len() as u32;
        found.anomalies += self.strange.len() as u64;
        found.left_out |= self.strange.iter().any(|one| one.kind != AnomalyKind::ScanStrange);
        found.findings.extend(self.findings);
        for (number, one) in (before + 1..).zip(self.strange) {
            let Strange { kind, flow, offset, time, what, count } = one;
            let mut fields = Fields::new();
            fields.text("detail", &format!("{}: {what}", self.scanner.1)).number("count", count);
            if let Some((capture, frame)) = frame(flow, offset) {
                fields.number("capture_id", capture.into()).number("frame", frame);
            }
            found.findings.push(FindingRow {
                scanner: self.scanner.0,
                connection: self.connection,
                number,
                kind: "anomaly".into(),
                flow,
                range: (offset, offset),
                time,
                value: kind.name().into(),
                data: Some(fields.to_json().into_owned()),
            });
        }
        found.objects.extend(self.objects);
    }

    fn note(&mut self, kind: AnomalyKind, flow: FlowId, offset: u64, time: Option<Timestamp>, what: &str) {
        let what = cut(what);
        let full = self.strange.len() >= STRANGE;
        let same = |one: &&mut Strange| one.kind == kind && (full || (one.flow == flow && one.what == what));
        match self.strange.iter_mut().find(same) {
            Some(one) => one.count += 1,
            None => self.strange.push(Strange { kind, flow, offset, time, what: what.to_owned(), count: 1 }),
        }
    }

    fn count(&self, what: &'static str, have: usize) -> Result<(), Error> {
        self.deadline.check()?;
        let most = self.limits.rows;
        if have < most as usize { Ok(()) } else { Err(Error::Limit { what, most: most.into() }) }
    }
}

impl Findings for Sheet<'_> {
    fn finding(&mut self, finding: Finding<'_>) -> Result<(), Error> {
        self.count("findings", self.findings.len())?;
        let data = if finding.fields.is_empty() { None } else { Some(finding.fields.to_json().into_owned()) };
        self.findings.push(FindingRow {
            scanner: self.scanner.0,
            connection: self.connection,
            number: self.findings.len() as u32 + 1,
            kind: cut(finding.kind).to_owned(),
            flow: finding.flow,
            range: finding.range,
            time: finding.time,
            value: cut(finding.value).to_owned(),
            data,
        });
        Ok(())
    }

    fn begin_object(&mut self, object: NewObject<'_>) -> Result<(), Error> {
        self.end_object(object.offset, false)?;
        self.count("objects", self.objects.len())?;
        let text = |text: Option<&str>| text.map(|text| cut(text).to_owned());
        let row = ObjectRow {
            scanner: self.scanner.0,
            connection: self.connection,
            number: self.objects.len() as u32 + 1,
            flow: object.flow,
            range: (object.offset, object.offset),
            time: object.time,
            parent: self.parent.clone(),
            path: String::new(),
            name: text(object.name),
            said_type: text(object.said_type),
            found_type: None,
            size: 0,
            sha256: [0; 32],
            complete: false,
        };
        self.open = Some((row, Writing::default()));
        Ok(())
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.deadline.check()?;
        let Some((_, writing)) = &mut self.open else { return Err(Error::Failed("no object is open".into())) };
        let allowed = self.bytes.0.min(bytes.len() as u64);
        writing.write(&bytes[..allowed as usize], self.beneath)?;
        self.bytes.0 -= allowed;
        let most = self.bytes.1;
        if allowed < bytes.len() as u64 { Err(Error::Limit { what: "bytes of objects", most }) } else { Ok(()) }
    }

    fn end_object(&mut self, end: u64, complete: bool) -> Result<Option<Stored>, Error> {
        let Some((mut row, writing)) = self.open.take().filter(|(_, writing)| writing.size() > 0) else {
            return Ok(None);
        };
        let written = writing.finish(row.said_type.as_deref(), self.beneath)?;
        row.range.1 = end.max(row.range.0);
        row.found_type.clone_from(&written.found_type);
        (row.path, row.size, row.sha256, row.complete) = (written.path, written.size, written.sha256, complete);
        let stored =
            Stored { number: row.number, size: row.size, sha256: row.sha256, found_type: written.found_type, complete };
        self.objects.push(row);
        Ok(Some(stored))
    }

    fn strange(&mut self, flow: FlowId, offset: u64, time: Option<Timestamp>, what: &str) -> Result<(), Error> {
        self.deadline.check()?;
        self.note(AnomalyKind::ScanStrange, flow, offset, time, what);
        Ok(())
    }

    fn left_out(&mut self, flow: FlowId, why: &Error) {
        let limit = matches!(why, Error::Limit { .. });
        let kind = if limit { AnomalyKind::ScanLimit } else { AnomalyKind::ScanFailed };
        self.note(kind, flow, 0, None, &why.to_string());
    }
}

/// No more than [`LONGEST`] bytes of a text.
fn cut(text: &str) -> &str {
    let end = (0..=LONGEST.min(text.len())).rev().find(|end| text.is_char_boundary(*end)).unwrap_or(0);
    &text[..end]
}
