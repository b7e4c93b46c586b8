//! What is made to take all memory or all time.

use std::ops::Range;

use super::super::Http;
use super::ask;
use super::codings::{coded, gzip};
use crate::model::{Digests, Endpoint, FlowId, Timestamp, Transport};
use crate::scan::testing::Memory;
use crate::scan::{Connection, Error, Finding, Findings, Flow, NewObject, Payload, Scanner, Stored};

/// Findings that are counted.
#[derive(Default)]
pub struct Counted {
    pub findings: usize,
    pub strange: Vec<String>,
    /// Size, and whether it is complete.
    pub objects: Vec<(u64, bool)>,
    open: u64,
}

impl Findings for Counted {
    fn finding(&mut self, _: Finding<'_>) -> Result<(), Error> {
        self.findings += 1;
        Ok(())
    }
    fn begin_object(&mut self, _: NewObject<'_>) -> Result<(), Error> {
        self.open = 0;
        Ok(())
    }
    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.open += bytes.len() as u64;
        Ok(())
    }
    fn end_object(&mut self, _: u64, complete: bool) -> Result<Option<Stored>, Error> {
        let size = std::mem::take(&mut self.open);
        if size == 0 {
            return Ok(None);
        }
        self.objects.push((size, complete));
        Ok(Some(Stored { number: self.objects.len() as u32, size, sha256: [0; 32], found_type: None, complete }))
    }
    fn strange(&mut self, _: FlowId, _: u64, _: Option<Timestamp>, what: &str) -> Result<(), Error> {
        self.strange.push(what.to_owned());
        Ok(())
    }
    fn left_out(&mut self, _: FlowId, why: &Error) {
        self.strange.push(why.to_string());
    }
}

/// A beginning, and then a pattern again and again.
struct Made {
    begins: Vec<u8>,
    pattern: Vec<u8>,
    length: u64,
}

impl Payload for Made {
    fn length(&self) -> u64 {
        self.length
    }
    fn read_at(&self, offset: u64, into: &mut [u8]) -> Result<(), Error> {
        let begins = self.begins.get(offset as usize..).unwrap_or_default();
        let here = begins.len().min(into.len());
        into[..here].copy_from_slice(&begins[..here]);
        let shift = (offset + here as u64).saturating_sub(self.begins.len() as u64) as usize % self.pattern.len();
        let rest = &mut into[here..];
        // whole patterns after the first piece of one
        let first = (self.pattern.len() - shift).min(rest.len());
        rest[..first].copy_from_slice(&self.pattern[shift..][..first]);
        for part in rest[first..].chunks_mut(self.pattern.len()) {
            part.copy_from_slice(&self.pattern[..part.len()]);
        }
        Ok(())
    }
    fn gap_from(&self, _: u64) -> Option<Range<u64>> {
        None
    }
    fn time_at(&self, offset: u64) -> Option<Timestamp> {
        Some(Timestamp(offset as i64))
    }
    fn segments(&self) -> Vec<Range<u64>> {
        std::iter::once(0..self.length).collect()
    }
}

fn count(orig: &dyn Payload, resp: &dyn Payload) -> Counted {
    let (mut counted, digests) = (Counted::default(), Digests::default());
    let end = Endpoint { ip: [10, 0, 0, 1].into(), port: 80 };
    let flow = |side: u8, payload| Flow {
        id: side.into(),
        side,
        part: 0,
        src: end,
        dst: end,
        path: "flows/a",
        digests: &digests,
        payload,
    };
    let flows = vec![flow(0, orig), flow(1, resp)];
    Http::default().scan(&Connection { id: 1, transport: Transport::Tcp, start: None, flows }, &mut counted).unwrap();
    counted
}

/// `megabytes` of zeros, as gzip.
fn zeros(megabytes: usize) -> Vec<u8> {
    use std::io::Write as _;
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    for _ in 0..megabytes {
        encoder.write_all(&vec![0; 1 << 20]).unwrap();
    }
    encoder.finish().unwrap()
}

#[test]
fn ten_kilobytes_that_inflate_to_gigabytes_are_cut() {
    // gzip of gzip: within zeros coded there are zeros, each byte of which inflates to a thousand; here are 10 MiB of them
    let member = zeros(1);
    let middle = member.len() / 2;
    let inner = [&member[..middle], &vec![0; 10 << 20], &member[middle..]].concat();
    assert_eq!(member[middle - 99..middle + 99], [0; 198]);
    let bomb = gzip(&inner);
    assert!(bomb.len() < 10_500, "{}", bomb.len());
    let response = coded("Content-Encoding: gzip, gzip", &bomb);
    let counted = count(&Memory::new(&ask(&["GET"])), &Memory::new(&response));
    assert_eq!(counted.objects, [((16 << 20) + 256 * bomb.len() as u64, false)]);
    assert_eq!(counted.strange, ["a body inflates beyond the limit: cut there"]);
    assert_eq!(counted.findings, 1);
}

#[test]
fn a_bomb_does_not_hide_what_follows() {
    let response = [coded("Content-Encoding: gzip", &zeros(64)), super::answer("next")].concat();
    let counted = count(&Memory::new(&ask(&["GET", "GET"])), &Memory::new(&response));
    assert!(counted.objects[0].0 < 34 << 20 && counted.objects[1] == (4, true), "{:?}", counted.objects);
    assert_eq!(counted.findings, 2);
}

#[test]
fn heads_without_end_are_bounded() {
    let begins = b"GET / HTTP/1.1\r\nHost: h\r\nX: ".to_vec();
    let patterns = ["a", "a: b\r\n", "GET / HTTP/1.1\r\nno field ", " HTTP/1.1", "GET x HTTP/1.1\n", "HTTP/1.1 200 "];
    for (number, pattern) in patterns.into_iter().enumerate() {
        // a machine looks at a gigabyte of the others just as well, but a test should not take so long
        let length = if number == 0 { 1 << 30 } else { 64 << 20 };
        let made = Made { begins: begins.clone(), pattern: pattern.repeat(4096).into_bytes(), length };
        let counted = count(&made, &Memory::new(b""));
        assert_eq!(counted.findings, 1, "{pattern}");
        assert_eq!(counted.strange[0], "the head of a message is longer than the limit", "{pattern}");
        assert_eq!(counted.strange.len(), 2, "{pattern}");
    }
}

#[test]
fn a_line_without_end_is_bounded() {
    let made = Made { begins: b"GET /".to_vec(), pattern: b"a".repeat(4096), length: 1 << 30 };
    let counted = count(&made, &Memory::new(b""));
    assert_eq!((counted.findings, counted.strange.len()), (0, 2));
}

#[test]
fn gigabytes_go_through() {
    let begins = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000000\r\n\r\n".to_vec();
    let length = begins.len() as u64 + 3_000_000_000;
    let counted = count(&Memory::new(&ask(&["GET"])), &Made { begins, pattern: b"x".repeat(4096), length });
    assert_eq!((counted.findings, &counted.objects[..]), (1, &[(3_000_000_000, true)][..]));
}
