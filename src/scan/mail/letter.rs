//! A mail on its way to an object, whatever protocol carries it, and the finding about it.

use mail_parser::{Address, MessageParser};

use super::super::{Bytes, Error, Fields, Finding, Findings, Flow, NewObject};
use crate::model::{FlowId, Timestamp};

/// Bytes at the front in which headers are looked for.
const HEAD: usize = 64 << 10;
/// Receivers that are told.
const MOST_RECEIVERS: usize = 1000;
/// Bytes taken at once.
const STEP: usize = 32 << 10;

/// What the protocol says about a mail.
#[derive(Clone, Debug, Default)]
pub struct Envelope {
    /// `smtp`, `pop3`, `imap`.
    pub protocol: &'static str,
    /// Sender, if the protocol says it.
    pub from: Option<String>,
    /// Receivers likewise.
    pub to: Vec<String>,
    /// What the client calls itself.
    pub helo: Option<String>,
    /// As whom the client logged in.
    pub username: Option<String>,
    /// The server's answer to the mail.
    pub reply: Option<u16>,
}

impl Envelope {
    /// Another mail begins.
    pub fn clear(&mut self) {
        (self.from, self.reply) = (None, None);
        self.to.clear();
    }

    /// One more receiver.
    pub fn add(&mut self, to: String) {
        if self.to.len() < MOST_RECEIVERS {
            self.to.push(to);
        }
    }
}

/// A mail that has begun: an object is open.
pub struct Letter {
    flow: FlowId,
    from: u64,
    time: Option<Timestamp>,
    /// Its first bytes.
    head: Vec<u8>,
    size: u64,
    /// All of it came until now.
    pub whole: bool,
}

impl Letter {
    /// Begins the `number`th mail of the connection.
    pub fn begin(flow: &Flow<'_>, from: u64, number: u32, found: &mut dyn Findings) -> Result<Self, Error> {
        let (name, time) = (format!("mail-{number}.eml"), flow.payload.time_at(from));
        let (name, said_type) = (Some(name.as_str()), Some("message/rfc822"));
        found.begin_object(NewObject { flow: flow.id, offset: from, time, name, said_type })?;
        Ok(Letter { flow: flow.id, from, time, head: Vec::new(), size: 0, whole: true })
    }

    /// Adds bytes.
    pub fn write(&mut self, bytes: &[u8], found: &mut dyn Findings) -> Result<(), Error> {
        let room = HEAD.saturating_sub(self.head.len());
        self.head.extend_from_slice(&bytes[..room.min(bytes.len())]);
        self.size += bytes.len() as u64;
        found.write(bytes)
    }

    /// Adds the next `count` bytes of the wire, less those of holes.
    pub fn take(&mut self, bytes: &mut Bytes<'_>, count: u64, found: &mut dyn Findings) -> Result<(), Error> {
        let end = bytes.offset().saturating_add(count);
        self.whole &= end <= bytes.end();
        let end = end.min(bytes.end());
        while bytes.offset() < end {
            let left = end - bytes.offset();
            if let Some(hole) = bytes.hole() {
                self.hole(bytes, hole.min(left), found)?;
                continue;
            }
            let taken = bytes.take(left.min(STEP as u64) as usize)?;
            self.write(&taken, found)?;
        }
        Ok(())
    }

    /// Adds what comes up to a line with nothing but a dot, the dots that were put before others taken away (RFC 5321 §4.5.2).
    pub fn take_dotted(&mut self, bytes: &mut Bytes<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        let mut before = *b"\r\n";
        while !bytes.is_at_end() {
            if let Some(hole) = bytes.hole() {
                self.hole(bytes, hole, found)?;
                before = [0; 2];
                continue;
            }
            if before[1] == b'\n' && bytes.starts_with(b".")? {
                let (next, clean) = (bytes.peek(3)?.to_vec(), before == *b"\r\n");
                if clean && next == b".\r\n" {
                    bytes.skip(3);
                    return Ok(());
                }
                if next == b".\r\n" || next.starts_with(b".\n") {
                    let what = "a line with a dot alone, not all ends of lines CR LF: some servers end the mail here";
                    found.strange(self.flow, bytes.offset(), bytes.time(), what)?;
                }
                if clean {
                    bytes.skip(1);
                    before = [0; 2];
                    continue;
                }
            }
            // up to where a dot begins a line, or else what is there, at least one byte
            let chunk = bytes.peek(STEP)?;
            let dot = chunk.windows(2).position(|two| two == b"\n.");
            let taken = chunk[..dot.map_or(chunk.len(), |at| at + 1)].to_vec();
            bytes.skip(taken.len() as u64);
            let last = [before[0], before[1]].iter().chain(&taken).rev().take(2).copied().collect::<Vec<u8>>();
            before = [last[1], last[0]];
            self.write(&taken, found)?;
        }
        self.whole = false;
        Ok(())
    }

    fn hole(&mut self, bytes: &mut Bytes<'_>, length: u64, found: &mut dyn Findings) -> Result<(), Error> {
        if self.whole {
            found.strange(self.flow, bytes.offset(), bytes.time(), "a hole in a mail")?;
        }
        self.whole = false;
        bytes.skip(length);
        Ok(())
    }

    /// It ends before `end`: the finding.
    pub fn end(self, end: u64, envelope: &Envelope, found: &mut dyn Findings) -> Result<(), Error> {
        let stored = found.end_object(end, self.whole)?;
        let parsed = MessageParser::default().parse_headers(&self.head);
        let header = parsed.as_ref();
        let subject = header.and_then(|mail| mail.subject()).unwrap_or_default();
        let (from, to) = (header.and_then(|mail| mail.from()), header.and_then(|mail| mail.to()));
        let from = envelope.from.clone().or_else(|| addresses(from).into_iter().next());
        let named = envelope.from.is_some() || !envelope.to.is_empty();
        let to = if named { envelope.to.clone() } else { addresses(to) };
        let mut fields = Fields::new();
        fields.some_text("from", from.as_deref()).list("to", to.iter().map(String::as_str));
        fields.text("subject", subject);
        let date = header.and_then(|mail| mail.date()).map(|date| date.to_rfc3339());
        fields.some_text("date", date.as_deref());
        fields.some_text("message_id", header.and_then(|mail| mail.message_id())).number("size", self.size);
        fields.some_text("helo", envelope.helo.as_deref()).some_text("username", envelope.username.as_deref());
        fields.some_number("reply", envelope.reply.map(u64::from));
        fields.some_number("object", stored.map(|stored| stored.number.into()));
        fields.text("protocol", envelope.protocol).flag("complete", self.whole);
        let (flow, range, time) = (self.flow, (self.from, end), self.time);
        found.finding(Finding { kind: "mail", flow, range, time, value: subject, fields: &fields })
    }
}

fn addresses(header: Option<&Address<'_>>) -> Vec<String> {
    let each = header.into_iter().flat_map(|header| header.iter()).filter_map(|one| one.address());
    each.take(MOST_RECEIVERS).map(str::to_owned).collect()
}
