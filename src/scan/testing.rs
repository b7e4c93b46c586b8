//! What tests of scanners need: payload in memory, and findings as lines of text.

use std::ops::Range;

use sha2::{Digest, Sha256};

use super::{Connection, Error, Finding, Findings, Flow, NewObject, Object, Payload, Scanner, Stored, text_of};
use crate::model::{Digests, Endpoint, FlowId, Timestamp, Transport};

/// Payload in memory. The byte at offset `n` was captured `n` nanoseconds after 1970.
pub struct Memory {
    bytes: Vec<u8>,
    gaps: Vec<Range<u64>>,
    segments: Vec<Range<u64>>,
}

impl Memory {
    /// Bytes without a hole.
    pub fn new(bytes: &[u8]) -> Self {
        let all = 0..bytes.len() as u64;
        Memory { bytes: bytes.to_vec(), gaps: Vec::new(), segments: vec![all] }
    }

    /// Bytes with a hole.
    pub fn with_gap(bytes: &[u8], gap: Range<u64>) -> Self {
        let mut memory = Memory::new(bytes);
        memory.bytes[gap.start as usize..gap.end as usize].fill(0);
        memory.gaps.push(gap);
        memory
    }

    /// Datagrams.
    pub fn datagrams(datagrams: &[&[u8]]) -> Self {
        let mut memory = Memory::new(&datagrams.concat());
        let mut at = 0;
        memory.segments = datagrams.iter().map(|one| (at, at += one.len() as u64).0..at).collect();
        memory
    }
}

impl Payload for Memory {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let range = offset as usize..offset as usize + into.len();
        into.copy_from_slice(self.bytes.get(range).ok_or(std::io::Error::from(std::io::ErrorKind::UnexpectedEof))?);
        Ok(())
    }
    fn gap_from(&self, offset: u64) -> Option<Range<u64>> {
        self.gaps.iter().find(|gap| gap.end > offset).cloned()
    }
    fn time_at(&self, offset: u64) -> Option<Timestamp> {
        Some(Timestamp(offset as i64))
    }
    fn segments(&self) -> Vec<Range<u64>> {
        self.segments.clone()
    }
}

/// Runs a scanner over a connection from 10.0.0.1 port 40000 to 10.0.0.2 port `port`; what it found, a line each:
/// `kind flow from..to value {fields}`, `object number flow from..to name type size complete text`, `strange flow offset what`.
pub fn scan(scanner: &dyn Scanner, port: u16, transport: Transport, orig: Memory, resp: Memory) -> Vec<String> {
    let ends = [("10.0.0.1", 40000), ("10.0.0.2", port)].map(|(ip, port)| Endpoint { ip: ip.parse().unwrap(), port });
    let digests = Digests::default();
    let flow = |side: u8, payload| Flow {
        id: u64::from(side) + 1,
        side,
        part: 0,
        src: ends[usize::from(side)],
        dst: ends[1 - usize::from(side)],
        path: "flows/a",
        digests: &digests,
        payload,
    };
    let flows = [flow(0, &orig as &dyn Payload), flow(1, &resp as &dyn Payload)];
    let flows = flows.into_iter().filter(|flow| flow.payload.length() > 0).collect();
    let mut lines = Lines::default();
    let done = scanner.scan(&Connection { id: 1, transport, start: None, flows }, &mut lines);
    let mut next = 0;
    while let Some(kept) = lines.objects.get(next).cloned() {
        let memory = Memory::new(&kept.bytes);
        let object = Object {
            connection: 1,
            flow: kept.flow,
            range: kept.range.clone(),
            scanner: "test",
            time: None,
            name: kept.name.as_deref(),
            said_type: kept.said_type.as_deref(),
            stored: &kept.stored,
            payload: &memory,
        };
        scanner.scan_object(&object, &mut lines).unwrap();
        next += 1;
    }
    if let Err(error) = done {
        lines.lines.push(format!("error {error}"));
    }
    lines.lines
}

/// The same over TCP and without holes.
pub fn scan_tcp(scanner: &dyn Scanner, port: u16, orig: &[u8], resp: &[u8]) -> Vec<String> {
    scan(scanner, port, Transport::Tcp, Memory::new(orig), Memory::new(resp))
}

/// What a scanner finds in a connection made elsewhere, objects not looked at.
pub fn scan_connection(scanner: &dyn Scanner, connection: &Connection<'_>) -> Vec<String> {
    let mut lines = Lines::default();
    if let Err(error) = scanner.scan(connection, &mut lines) {
        lines.lines.push(format!("error {error}"));
    }
    lines.lines
}

/// An object that was stored.
#[derive(Clone)]
struct Kept {
    flow: FlowId,
    range: Range<u64>,
    name: Option<String>,
    said_type: Option<String>,
    stored: Stored,
    bytes: Vec<u8>,
}

/// An object that is not.
struct Open {
    flow: FlowId,
    offset: u64,
    name: Option<String>,
    said_type: Option<String>,
    bytes: Vec<u8>,
}

/// Findings as lines. Objects over 16 MiB reach a limit.
#[derive(Default)]
struct Lines {
    lines: Vec<String>,
    objects: Vec<Kept>,
    open: Option<Open>,
}

impl Findings for Lines {
    fn finding(&mut self, finding: Finding<'_>) -> Result<(), Error> {
        let Finding { kind, flow, range: (from, to), value, fields, .. } = finding;
        self.lines.push(format!("{kind} {flow} {from}..{to} {value} {}", fields.to_json()));
        Ok(())
    }
    fn begin_object(&mut self, object: NewObject<'_>) -> Result<(), Error> {
        self.end_object(object.offset, false)?;
        let [name, said] = [object.name, object.said_type].map(|text| text.map(str::to_owned));
        let (flow, offset) = (object.flow, object.offset);
        self.open = Some(Open { flow, offset, name, said_type: said, bytes: Vec::new() });
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let held = &mut self.open.as_mut().expect("an object is open").bytes;
        held.extend_from_slice(bytes);
        if held.len() > 16 << 20 { Err(Error::Limit { what: "bytes", most: 16 << 20 }) } else { Ok(()) }
    }
    fn end_object(&mut self, end: u64, complete: bool) -> Result<Option<Stored>, Error> {
        let Some(Open { flow, offset, name, said_type, bytes }) = self.open.take() else { return Ok(None) };
        if bytes.is_empty() {
            return Ok(None);
        }
        let number = self.objects.len() as u32 + 1;
        let (sha256, size) = (Sha256::digest(&bytes).into(), bytes.len() as u64);
        let stored = Stored { number, size, sha256, found_type: None, complete };
        let shown = text_of(&bytes[..bytes.len().min(40)]).into_owned();
        self.lines
            .push(format!("object {number} {flow} {offset}..{end} {name:?} {said_type:?} {size} {complete} {shown:?}"));
        self.objects.push(Kept { flow, range: offset..end, name, said_type, stored: stored.clone(), bytes });
        Ok(Some(stored))
    }
    fn strange(&mut self, flow: FlowId, offset: u64, _: Option<Timestamp>, what: &str) -> Result<(), Error> {
        self.lines.push(format!("strange {flow} {offset} {what}"));
        Ok(())
    }
    fn left_out(&mut self, flow: FlowId, why: &Error) {
        self.lines.push(format!("left out {flow} {why}"));
    }
}
