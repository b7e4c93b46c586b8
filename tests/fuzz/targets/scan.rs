//! Any payload of two sides, with a hole, into every built-in scanner: what it says lies inside the flows, its fields are
//! JSON, and no more comes out than may.
//!
//! Four bytes come first: how many of the rest the originator says, where a hole begins, how long it is, in which side and over
//! what.

use std::ops::Range;

use flowcase::model::{Digests, Endpoint, FlowId, Timestamp, Transport};
use flowcase::scan::{
    Connection, Error, Finding, Findings, Flow, NewObject, Object, Payload, SCANNERS, Scanner, Stored,
};

/// Objects in objects that are looked at.
const DEEPEST: u32 = 4;
/// Bytes an object may have: more than inflates from any input.
const LARGEST: usize = 20 << 20;

pub fn run(data: &[u8]) {
    let &[cut, from, length, bits, ref rest @ ..] = data else { return };
    let sides = rest.split_at(rest.len() * usize::from(cut) / 256);
    let [orig, resp] = [(sides.0, 0), (sides.1, 1)].map(|(bytes, side)| {
        let from = (bytes.len() * usize::from(from) / 256) as u64;
        let gap = from..(from + u64::from(length)).min(bytes.len() as u64);
        Memory::new(bytes, if bits & 1 == side { gap } else { 0..0 })
    });
    let transport = if bits & 2 == 0 { Transport::Tcp } else { Transport::Udp };
    for entry in SCANNERS {
        look(&*(entry.make)(), entry.name, transport, [&orig, &resp]);
    }
}

fn look(scanner: &dyn Scanner, name: &str, transport: Transport, sides: [&Memory; 2]) {
    let digests = Digests::default();
    let ends = [1, 2].map(|n| Endpoint { ip: [10, 0, 0, n].into(), port: 1000 * u16::from(n) });
    let flow = |side: u8| Flow {
        id: side.into(),
        side,
        part: 0,
        src: ends[usize::from(side)],
        dst: ends[1 - usize::from(side)],
        path: "flows/a",
        digests: &digests,
        payload: sides[usize::from(side)],
    };
    let flows = [0, 1].map(flow).into_iter().filter(|flow| flow.payload.length() > 0).collect();
    let mut found = Found { lengths: sides.map(|side| side.bytes.len() as u64), ..Found::default() };
    // a scanner may give up, but not panic
    let _ = scanner.scan(&Connection { id: 1, transport, start: None, flows }, &mut found);
    found.end_object(0, false).expect("objects end");
    for depth in 1..=DEEPEST {
        for kept in std::mem::take(&mut found.kept) {
            let memory = Memory::new(&kept.bytes, 0..0);
            let object = Object {
                connection: 1,
                flow: kept.flow,
                range: kept.range.clone(),
                scanner: name,
                time: None,
                name: kept.name.as_deref(),
                said_type: kept.said_type.as_deref(),
                stored: &kept.stored,
                payload: &memory,
            };
            let _ = scanner.scan_object(&object, &mut found);
            found.end_object(0, false).expect("objects end");
        }
        assert!(depth < DEEPEST || found.kept.len() < 1 << 16);
    }
}

/// Payload in memory.
struct Memory {
    bytes: Vec<u8>,
    gap: Range<u64>,
}

impl Memory {
    fn new(bytes: &[u8], gap: Range<u64>) -> Self {
        let mut bytes = bytes.to_vec();
        bytes[gap.start as usize..gap.end as usize].fill(0);
        Memory { bytes, gap }
    }
}

impl Payload for Memory {
    fn length(&self) -> u64 {
        self.bytes.len() as u64
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let range = offset as usize..offset as usize + into.len();
        assert!(
            range.is_empty() || self.gap.is_empty() || offset >= self.gap.end || range.end as u64 <= self.gap.start,
            "reads a hole"
        );
        into.copy_from_slice(&self.bytes[range]);
        Ok(())
    }
    fn gap_from(&self, offset: u64) -> Option<Range<u64>> {
        (!self.gap.is_empty() && self.gap.end > offset).then(|| self.gap.clone())
    }
    fn time_at(&self, offset: u64) -> Option<Timestamp> {
        Some(Timestamp(offset as i64))
    }
    fn segments(&self) -> Vec<Range<u64>> {
        (0..self.length()).step_by(100).map(|from| from..(from + 100).min(self.length())).collect()
    }
}

/// An object that was stored.
struct Kept {
    flow: FlowId,
    range: Range<u64>,
    name: Option<String>,
    said_type: Option<String>,
    stored: Stored,
    bytes: Vec<u8>,
}

/// What was found.
#[derive(Default)]
struct Found {
    lengths: [u64; 2],
    kept: Vec<Kept>,
    open: Option<Kept>,
    objects: u32,
}

impl Findings for Found {
    fn finding(&mut self, finding: Finding<'_>) -> Result<(), Error> {
        let (from, to) = finding.range;
        assert!(from <= to && to <= self.lengths[finding.flow as usize], "{from}..{to}");
        let fields = finding.fields.to_json();
        serde_json::from_str::<serde_json::Value>(&fields).expect("fields are JSON");
        Ok(())
    }
    fn begin_object(&mut self, object: NewObject<'_>) -> Result<(), Error> {
        self.end_object(object.offset, false)?;
        let [name, said_type] = [object.name, object.said_type].map(|text| text.map(str::to_owned));
        self.objects += 1;
        let stored = Stored { number: self.objects, size: 0, sha256: [0; 32], found_type: None, complete: false };
        let range = object.offset..object.offset;
        self.open = Some(Kept { flow: object.flow, range, name, said_type, stored, bytes: Vec::new() });
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let kept = self.open.as_mut().expect("an object is open");
        kept.bytes.extend_from_slice(bytes);
        assert!(kept.bytes.len() <= LARGEST, "too much comes out");
        Ok(())
    }
    fn end_object(&mut self, end: u64, complete: bool) -> Result<Option<Stored>, Error> {
        let Some(mut kept) = self.open.take().filter(|kept| !kept.bytes.is_empty()) else { return Ok(None) };
        kept.range.end = end.max(kept.range.start);
        kept.stored.size = kept.bytes.len() as u64;
        kept.stored.complete = complete;
        let stored = kept.stored.clone();
        self.kept.push(kept);
        Ok(Some(stored))
    }
    fn strange(&mut self, flow: FlowId, _: u64, _: Option<Timestamp>, _: &str) -> Result<(), Error> {
        assert!(flow < 2);
        Ok(())
    }
    fn left_out(&mut self, flow: FlowId, _: &Error) {
        assert!(flow < 2);
    }
}
