//! `testdata/` is what the generator makes, and the core makes of it what the generator meant.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use flowcase::decode::fragments::{Bearer, Fragments, Taken};
use flowcase::decode::{Air, Found, Fragment, resume};
use flowcase::model::{FrameHead, Limits, LinkType, Segment, Timestamp};
use flowcase::reassemble::part::Kind;
use flowcase::store::names::Names;
use flowcase::store::template::{Facts, Template};
use flowcase::track::{Event, Stamp, Tracker};

use super::traffic::{self, Situation};

#[test]
fn the_folders_hold_what_the_generator_makes() {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    for situation in traffic::situations::all() {
        for (name, bytes) in situation.files() {
            let path = testdata.join(situation.name).join(name);
            let hint = "hint: cargo run --example make_testdata";
            let stored = fs::read(&path).unwrap_or_else(|error| panic!("`{}`: {error}; {hint}", path.display()));
            assert!(unpack(name, &stored) == unpack(name, &bytes), "`{}` is outdated; {hint}", path.display());
        }
    }
}

/// Compressors change from release to release; what they hold must not.
fn unpack(name: &str, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    match name.rsplit('.').next() {
        Some("gz") => drop(std::io::copy(&mut flate2::read::GzDecoder::new(bytes), &mut out).unwrap()),
        Some("zst") => out = zstd::decode_all(bytes).unwrap(),
        _ => out.extend(bytes),
    }
    out
}

#[test]
fn every_situation_comes_out_as_meant() {
    for situation in traffic::situations::all() {
        let mut expected: Vec<(String, Vec<u8>)> = Vec::new();
        expected.extend(situation.flows.iter().map(|flow| (flow.name.clone(), flow.bytes.clone())));
        expected.sort();
        let mut made = Core::run(&situation);
        made.sort();
        let names = |flows: &[(String, Vec<u8>)]| flows.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
        assert_eq!(names(&made), names(&expected), "{}", situation.name);
        for (made, expected) in made.iter().zip(&expected) {
            assert!(made == expected, "{}: `{}` differs: {}", situation.name, made.0, made.1.escape_ascii());
        }
    }
}

/// Decoder and tracker, with payload in memory.
struct Core {
    fragments: Fragments,
    /// Frames of captures before that became useful later.
    late: BTreeMap<u32, u64>,
    tracker: Tracker,
    names: Names,
    /// Name, base and bytes by stream position.
    flows: BTreeMap<u64, (String, i64, BTreeMap<i64, u8>)>,
}

impl Core {
    fn run(situation: &Situation) -> Vec<(String, Vec<u8>)> {
        let names = Names::new(Template::parse("%A.%a-%B.%b%V%v%C%c").unwrap());
        let limits = Limits::default();
        let (fragments, tracker) = (Fragments::new(&limits), Tracker::new(limits, 1, 1));
        let mut core = Core { fragments, late: BTreeMap::new(), tracker, names, flows: BTreeMap::new() };
        let mut used: Vec<u64> = Vec::new();
        for (number, capture) in (1..).zip(&situation.captures) {
            let frames = frames(&capture.bytes);
            assert_eq!(frames.len() as u64, capture.frames, "{}/{}", situation.name, capture.file);
            let mut air = Air::new(false, &Limits::default());
            used.push(frames.iter().zip(1..).map(|(frame, at)| core.take(&mut air, frame, number, at)).sum());
        }
        for ((number, capture), used) in (1..).zip(&situation.captures).zip(used) {
            let late = core.late.get(&number).copied().unwrap_or_default();
            assert_eq!(used + late, capture.used, "{}/{}", situation.name, capture.file);
        }
        core.flows.into_values().map(|(name, base, bytes)| (name, contents(base, &bytes))).collect()
    }

    /// How many frames this one makes useful.
    fn take(&mut self, air: &mut Air, frame: &Read, capture: u32, number: u64) -> u64 {
        let at = Stamp { time: Some(frame.time), capture, frame: number };
        let (original_len, link, length) = (frame.original, frame.link, frame.bytes.len() as u32);
        let head = FrameHead { number, position: 0, time: at.time, original_len, link, at: 0..length };
        air.decode(&head, frame.bytes).map_or(0, |found| self.found(at, found))
    }

    fn found(&mut self, at: Stamp, found: Found<'_>) -> u64 {
        match found {
            Found::Segment(segment) => self.observe(at, &segment),
            Found::Fragment(fragment) => self.put_together(at, *fragment),
            // one frame, however many packets are in it
            Found::Several(all) => all.into_iter().flatten().map(|one| self.found(at, one)).max().unwrap_or(0),
            Found::Datagram(..) | Found::Other(_) => 0,
        }
    }

    fn observe(&mut self, at: Stamp, segment: &Segment<'_>) -> u64 {
        let mut events = Vec::new();
        self.tracker.observe(at, segment, &mut events);
        events.into_iter().for_each(|event| self.apply(event, segment.payload));
        1
    }

    fn put_together(&mut self, at: Stamp, fragment: Fragment<'_>) -> u64 {
        let bearer = Bearer { capture: at.capture, bytes: 0 };
        match self.fragments.take(at.time, fragment, &[], &[bearer], &mut Vec::new()) {
            Taken::Waits => 0,
            Taken::Again(_) => 1,
            Taken::Whole(whole) => {
                let used = whole.bearers.iter().map(|bearer| self.used_earlier(at, *bearer)).sum();
                let segment = resume(&whole.onward, &whole.bytes).unwrap().segment().unwrap();
                self.observe(at, &segment);
                self.fragments.remember(*whole, None);
                used
            }
        }
    }

    /// Counts a frame here, or where it is from.
    fn used_earlier(&mut self, at: Stamp, bearer: Bearer) -> u64 {
        if bearer.capture == at.capture {
            return 1;
        }
        *self.late.entry(bearer.capture).or_default() += 1;
        0
    }

    fn apply(&mut self, event: Event, payload: &[u8]) {
        match event {
            Event::Begun(begun) => {
                let (ends, mac) = ([begun.src, begun.dst], begun.mac.as_ref());
                let (flow, connection) = (begun.flow, begun.connection);
                let (vlan, first, transport) = (begun.vlan, begun.first, begun.transport);
                let facts = Facts { flow, connection, ends, mac, vlan, first, transport };
                let path = self.names.next(&facts, |_| Ok::<_, ()>(false)).unwrap();
                self.flows.insert(begun.flow, (path["flows/".len()..].to_owned(), 0, BTreeMap::new()));
            }
            Event::Rebased { flow, base } => self.flows.get_mut(&flow).unwrap().1 = base,
            Event::Placed { flow, placement } if placement.kind != (Kind::Again { prefer_later: false }) => {
                let bytes = &payload[placement.payload.start as usize..placement.payload.end as usize];
                self.flows.get_mut(&flow).unwrap().2.extend((placement.position..).zip(bytes.iter().copied()));
            }
            Event::Placed { .. } | Event::Settled(_) | Event::Unsettled(_) | Event::Rests(_) | Event::Ended(_) => {}
        }
    }
}

/// What the payload file holds: from the base on, zeros in the gaps.
fn contents(base: i64, bytes: &BTreeMap<i64, u8>) -> Vec<u8> {
    let end = bytes.last_key_value().map_or(base, |(last, _)| last + 1);
    (base..end).map(|position| bytes.get(&position).copied().unwrap_or(0)).collect()
}

/// A frame as a capture file gives it.
struct Read<'a> {
    time: Timestamp,
    link: LinkType,
    original: u32,
    bytes: &'a [u8],
}

/// The frames of a capture, up to where it is cut or makes no sense.
fn frames(file: &[u8]) -> Vec<Read<'_>> {
    if file.starts_with(&[0x0a, 0x0d, 0x0d, 0x0a]) { pcapng(file) } else { pcap(file) }
}

fn pcap(file: &[u8]) -> Vec<Read<'_>> {
    let big = file[0] == 0xa1;
    let number = |at: usize| number(&file[at..], big);
    let unit = if number(0) == 0xa1b2_3c4d { 1 } else { 1000 };
    let (mut at, mut frames) = (24, Vec::new());
    while let Some(bytes) =
        (at + 16 <= file.len()).then(|| file.get(at + 16..at + 16 + number(at + 8) as usize)).flatten()
    {
        let time = Timestamp::new(number(at).into(), i64::from(number(at + 4)) * unit).unwrap();
        frames.push(Read { time, link: LinkType(number(20)), original: number(at + 12), bytes });
        at += 16 + bytes.len();
    }
    frames
}

/// Little-endian, with clocks of nanoseconds.
fn pcapng(file: &[u8]) -> Vec<Read<'_>> {
    let number = |at: usize| number(&file[at..], false);
    let (mut at, mut frames, mut links) = (0, Vec::new(), Vec::new());
    while at < file.len() {
        match number(at) {
            1 => links.push(LinkType(number(at + 8) & 0xffff)),
            6 => {
                let time = Timestamp(i64::from(number(at + 12)) << 32 | i64::from(number(at + 16)));
                let bytes = &file[at + 28..at + 28 + number(at + 20) as usize];
                frames.push(Read { time, link: links[number(at + 8) as usize], original: number(at + 24), bytes });
            }
            _ => {}
        }
        at += number(at + 4) as usize;
    }
    frames
}

fn number(bytes: &[u8], big: bool) -> u32 {
    let bytes = bytes[..4].try_into().unwrap();
    if big { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
}
