//! Handshake messages out of records (RFC 8446 §5.1), up to where encryption or a hole begins.

use super::{Bytes, Error, Payload};

/// Bytes of a handshake that are kept of each side.
const MOST: usize = 1 << 20;
/// How far into a flow a hello is looked for behind what is not encrypted.
const PRELUDE: usize = 4096;
/// Bytes of records that are gone through for it, those of many short records and of alerts among them.
const FAR: u64 = 8 << 20;
/// The longest record: 2^14 and what compression and encryption may add.
const RECORD: usize = (1 << 14) + 2048;
const HEADER: usize = 5;

const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;

/// What one side said before it went on encrypted.
#[derive(Default)]
pub struct Handshake {
    bytes: Vec<u8>,
    /// Where parts of it lie: offset here, offset in the flow.
    parts: Vec<(usize, u64)>,
    /// Something contradicts the protocol: where, and what.
    pub strange: Option<(u64, &'static str)>,
}

/// One message.
pub struct Message<'a> {
    /// Its type.
    pub kind: u8,
    /// What follows its head.
    pub body: &'a [u8],
    /// The body is all there.
    pub whole: bool,
    /// Where the body begins in the handshake.
    pub body_at: usize,
    /// Where it begins in the flow.
    pub from: u64,
    /// Where it ends there.
    pub to: u64,
}

/// Where a record with a hello begins: at the front, or behind what client and server say before they encrypt (STARTTLS and its
/// like in mail, databases, remote desktops, a proxy's CONNECT or SOCKS): there it must look more like one.
pub fn start(payload: &dyn Payload) -> Result<Option<u64>, Error> {
    let mut bytes = Bytes::new(payload);
    let front = bytes.peek(PRELUDE)?;
    if matches!(front, [HANDSHAKE, 3, 0..=4, _, _, 1 | 2, 0, ..]) {
        return Ok(Some(0));
    }
    let found = |at: &usize| matches!(&front[*at..], [HANDSHAKE, 3, 0..=4, _, _, hello @ ..] if is_hello(hello));
    Ok((1..front.len()).find(found).map(|at| at as u64))
}

/// Begins like the hello of a client or a server, its version among it.
fn is_hello(message: &[u8]) -> bool {
    matches!(message, [1 | 2, 0, _, _, 3, 0..=3, ..])
}

impl Handshake {
    /// Reads records from `start` on.
    pub fn read(payload: &dyn Payload, start: u64) -> Result<Self, Error> {
        let (mut bytes, mut read, mut sealed) = (Bytes::new(payload), Handshake::default(), false);
        bytes.skip(start);
        while let Some((kind, length)) = record(&mut bytes)?.filter(|_| bytes.offset() - start < FAR) {
            match kind {
                // what one of both says again after it was asked to comes behind a change that changes nothing (RFC 8446 §D.4)
                HANDSHAKE if sealed && !is_hello(&bytes.peek(HEADER + 6)?[HEADER..]) => break,
                HANDSHAKE if read.bytes.len() + length > MOST => {
                    read.strange = Some((bytes.offset(), "a handshake longer than 1 MiB"));
                    break;
                }
                HANDSHAKE => {
                    bytes.skip(HEADER as u64);
                    read.parts.push((read.bytes.len(), bytes.offset()));
                    let taken = bytes.take(length)?;
                    read.bytes.extend_from_slice(&taken);
                    if taken.len() < length {
                        break;
                    }
                }
                ALERT if !sealed => bytes.skip((HEADER + length) as u64),
                CHANGE_CIPHER_SPEC => {
                    sealed = true;
                    bytes.skip((HEADER + length) as u64);
                }
                _ => break,
            }
        }
        Ok(read)
    }

    /// The messages; the last may be cut.
    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (&[kind, a, b, c], rest) = self.bytes[at..].split_first_chunk()?;
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            let body = &rest[..length.min(rest.len())];
            let (from, body_at, whole) = (self.begin(at), at + 4, body.len() == length);
            at = body_at + body.len();
            Some(Message { kind, body, whole, body_at, from, to: self.end(at) })
        })
    }

    /// Where in the flow the byte at `at` of the handshake lies.
    pub fn begin(&self, at: usize) -> u64 {
        self.place(at, self.parts.partition_point(|(start, _)| *start <= at))
    }

    /// Where in the flow what goes up to `at` of the handshake ends.
    pub fn end(&self, at: usize) -> u64 {
        self.place(at, self.parts.partition_point(|(start, _)| *start < at.max(1)))
    }

    fn place(&self, at: usize, parts: usize) -> u64 {
        let part = self.parts[..parts].last();
        part.map_or(0, |(start, offset)| offset + (at - start) as u64)
    }
}

/// Type and length of the next record; `None` where none begins.
fn record(bytes: &mut Bytes<'_>) -> Result<Option<(u8, usize)>, Error> {
    let head = bytes.peek(HEADER)?;
    let &[kind @ 20..=24, 3, 0..=4, a, b] = head else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([a, b]));
    Ok((length <= RECORD).then_some((kind, length)))
}
