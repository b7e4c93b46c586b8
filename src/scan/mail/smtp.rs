//! Mails that are sent: SMTP (RFC 5321), with chunks (RFC 3030) and authentication (RFC 4954), and LMTP likewise.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::super::lines::{Line, Replies, command, next_line};
use super::super::{Bytes, Error, Findings, Flow, text_of};
use super::letter::{Envelope, Letter};

/// Bytes of the longest command that is read.
const LONGEST: usize = 16 << 10;

/// What a client says.
pub struct Smtp<'a, 'p> {
    flow: &'a Flow<'p>,
    bytes: Bytes<'p>,
    replies: Replies<'p>,
    envelope: Envelope,
    /// A mail of which more chunks come.
    open: Option<Letter>,
    mails: u32,
    found: &'a mut dyn Findings,
}

impl<'a, 'p> Smtp<'a, 'p> {
    /// Ready to go from the beginning.
    pub fn new(client: &'a Flow<'p>, server: Option<&'a Flow<'p>>, found: &'a mut dyn Findings) -> Result<Self, Error> {
        let replies = Replies::new(server.map(|flow| flow.payload))?;
        let envelope = Envelope { protocol: "smtp", ..Default::default() };
        let bytes = Bytes::new(client.payload);
        Ok(Smtp { flow: client, bytes, replies, envelope, open: None, mails: 0, found })
    }

    /// Goes through all of it.
    pub fn run(mut self) -> Result<(), Error> {
        loop {
            match next_line(&mut self.bytes, LONGEST)? {
                Line::Text(line) => {
                    if !self.command(&line)? {
                        break;
                    }
                }
                Line::Lost => self.replies.lose(),
                Line::End => break,
            }
        }
        self.end_open()
    }

    /// Whether anything follows.
    fn command(&mut self, line: &[u8]) -> Result<bool, Error> {
        let (word, rest) = command(line);
        if word == "BDAT" {
            return self.chunk(rest).map(|()| true);
        }
        let reply = self.reply()?;
        let refused = reply.is_some_and(|code| code >= 400);
        match word.as_str() {
            "EHLO" | "HELO" | "LHLO" => {
                self.end_open()?;
                self.envelope.clear();
                self.envelope.helo = Some(text_of(rest).into_owned());
            }
            "MAIL" if !refused => {
                self.envelope.clear();
                self.envelope.from = Some(path(rest));
            }
            "RCPT" if !refused => self.envelope.add(path(rest)),
            "RSET" => {
                self.end_open()?;
                self.envelope.clear();
            }
            "AUTH" => self.authenticate(rest, reply)?,
            "DATA" if reply.is_none_or(|code| code == 354) => self.data()?,
            "STARTTLS" => return Ok(!(reply == Some(220) || self.bytes.starts_with(&[22, 3])?)),
            _ => {}
        }
        Ok(true)
    }

    fn reply(&mut self) -> Result<Option<u16>, Error> {
        Ok(self.replies.take()?.map(|reply| reply.code))
    }

    fn begin(&mut self) -> Result<Letter, Error> {
        self.end_open()?;
        self.mails += 1;
        Letter::begin(self.flow, self.bytes.offset(), self.mails, self.found)
    }

    fn data(&mut self) -> Result<(), Error> {
        let mut letter = self.begin()?;
        letter.take_dotted(&mut self.bytes, self.found)?;
        self.envelope.reply = self.reply()?;
        self.end(letter)
    }

    fn chunk(&mut self, rest: &[u8]) -> Result<(), Error> {
        let mut words = rest.split(|&byte| byte == b' ').filter(|word| !word.is_empty());
        let count = words.next().and_then(|word| std::str::from_utf8(word).ok()).and_then(|word| word.parse().ok());
        let last = words.next().is_some_and(|word| word.eq_ignore_ascii_case(b"LAST"));
        let Some(count) = count else {
            self.found.strange(self.flow.id, self.bytes.offset(), self.bytes.time(), "a chunk without length")?;
            return self.reply().map(drop);
        };
        let mut letter = match self.open.take() {
            Some(letter) => letter,
            None => self.begin()?,
        };
        letter.take(&mut self.bytes, count, self.found)?;
        let reply = self.reply()?;
        if last {
            self.envelope.reply = reply;
            return self.end(letter);
        }
        self.open = Some(letter);
        Ok(())
    }

    fn end(&mut self, letter: Letter) -> Result<(), Error> {
        letter.end(self.bytes.offset(), &self.envelope, self.found)?;
        self.envelope.clear();
        Ok(())
    }

    /// Ends a mail whose last chunk never came.
    fn end_open(&mut self) -> Result<(), Error> {
        let Some(mut letter) = self.open.take() else { return Ok(()) };
        letter.whole = false;
        self.end(letter)
    }

    /// What the client answers to the server's challenges; a user name, where it can be read.
    fn authenticate(&mut self, rest: &[u8], mut reply: Option<u16>) -> Result<(), Error> {
        let (method, first) = command(rest);
        let mut answers: Vec<Vec<u8>> = if first.is_empty() { Vec::new() } else { vec![first.to_vec()] };
        let expected = if method == "LOGIN" { 2 } else { 1 };
        while reply == Some(334) || (reply.is_none() && answers.len() < expected) {
            let Line::Text(line) = next_line(&mut self.bytes, LONGEST)? else {
                self.replies.lose();
                break;
            };
            // nobody answers more often
            if answers.len() < 8 {
                answers.push(line);
            }
            reply = self.reply()?;
        }
        if let Some(name) = answers.first().and_then(|answer| username(&method, answer)) {
            self.envelope.username = Some(name);
        }
        Ok(())
    }
}

/// The user name in the first answer of a client to a challenge (RFC 4616, RFC 2195).
pub fn username(method: &str, answer: &[u8]) -> Option<String> {
    let answer = BASE64_STANDARD.decode(answer).ok()?;
    let name = match method {
        "PLAIN" => answer.split(|&byte| byte == 0).nth(1)?,
        "LOGIN" => &answer,
        "CRAM-MD5" => &answer[..answer.iter().rposition(|&byte| byte == b' ')?],
        _ => return None,
    };
    Some(text_of(name).into_owned())
}

/// The address in `FROM:<a@b> SIZE=1`.
fn path(rest: &[u8]) -> String {
    let from = rest.iter().position(|&byte| byte == b':').map_or(rest, |at| &rest[at + 1..]).trim_ascii();
    let inner = from.strip_prefix(b"<").and_then(|inner| inner.split(|&byte| byte == b'>').next());
    text_of(inner.unwrap_or_else(|| from.split(|&byte| byte == b' ').next().unwrap_or_default())).into_owned()
}
