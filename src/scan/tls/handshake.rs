//! Handshake messages out of records (RFC 8446 §5.1), up to where encryption or a hole begins.

use super::{Bytes, Error, Payload};

/// Bytes of a handshake that are kept of each side.
const MOST: usize = 1 << 20;
/// How far into a flow a hello is looked for behind plain text (STARTTLS).
const PRELUDE: usize = 4096;
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
    /// Where the body begins in the handshake.
    pub body_at: usize,
    /// Where it begins in the flow.
    pub from: u64,
    /// Where it ends there.
    pub to: u64,
}

/// Where a record with a hello begins: at the front, behind the answer to a request for encryption, or behind a line.
pub fn start(payload: &dyn Payload) -> Result<Option<u64>, Error> {
    let mut bytes = Bytes::new(payload);
    let front = bytes.peek(PRELUDE + HEADER + 4)?;
    let is_hello = |at: usize| matches!(front[at..], [HANDSHAKE, 3, 0..=4, _, _, 1 | 2, 0, ..]);
    let may_begin = |at: usize| at == 0 || (at <= 8 && front[0] != HANDSHAKE) || front[at - 1] == b'\n';
    Ok((0..front.len().min(PRELUDE)).find(|&at| may_begin(at) && is_hello(at)).map(|at| at as u64))
}

impl Handshake {
    /// Reads records from `start` on.
    pub fn read(payload: &dyn Payload, start: u64) -> Result<Self, Error> {
        let (mut bytes, mut read) = (Bytes::new(payload), Handshake::default());
        bytes.skip(start);
        while let Some((kind, length)) = record(&mut bytes)? {
            match kind {
                HANDSHAKE if read.bytes.len() + length > MOST => {
                    read.strange = Some((bytes.offset(), "a handshake longer than 1 MiB"));
                    break;
                }
                HANDSHAKE if bytes.solid() >= (HEADER + length) as u64 => {
                    bytes.skip(HEADER as u64);
                    read.parts.push((read.bytes.len(), bytes.offset()));
                    read.bytes.extend(bytes.take(length)?);
                }
                ALERT => bytes.skip((HEADER + length) as u64),
                CHANGE_CIPHER_SPEC => break,
                _ => break,
            }
        }
        Ok(read)
    }

    /// The messages that are whole.
    pub fn messages(&self) -> impl Iterator<Item = Message<'_>> {
        let mut at = 0;
        std::iter::from_fn(move || {
            let (&[kind, a, b, c], rest) = self.bytes[at..].split_first_chunk()?;
            let body = rest.get(..u32::from_be_bytes([0, a, b, c]) as usize)?;
            let (from, body_at) = (self.offset(at), at + 4);
            at = body_at + body.len();
            Some(Message { kind, body, body_at, from, to: self.offset(at) })
        })
    }

    /// Where a byte of the handshake lies in the flow.
    pub fn offset(&self, at: usize) -> u64 {
        let part = self.parts.partition_point(|(start, _)| *start < at.max(1)).saturating_sub(1);
        self.parts.get(part).map_or(0, |(start, offset)| offset + (at - start) as u64)
    }
}

/// Type and length of the next record; `None` where none begins.
fn record(bytes: &mut Bytes<'_>) -> Result<Option<(u8, usize)>, Error> {
    let head = bytes.peek(HEADER)?;
    let &[kind @ 20..=24, 3, 0..=4, a, b] = head else { return Ok(None) };
    let length = usize::from(u16::from_be_bytes([a, b]));
    Ok((length <= RECORD).then_some((kind, length)))
}
