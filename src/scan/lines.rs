//! What protocols of lines share: commands a line each, and replies that begin with three digits (RFC 5321 §4.2, RFC 959 §4.2).

use super::{Bytes, Connection, Error, Findings, Flow, Payload};
use crate::model::Timestamp;

/// What comes next.
pub enum Line {
    /// A line, without its end.
    Text(Vec<u8>),
    /// A hole, a line cut by one, or a line that is too long: it was passed over.
    Lost,
    /// Nothing; a last line that does not end counts as nothing.
    End,
}

/// Takes the next line, at most `most` bytes long.
///
/// # Errors
/// Those of the payload.
pub fn next_line(bytes: &mut Bytes<'_>, most: usize) -> Result<Line, Error> {
    if let Some(hole) = bytes.hole() {
        bytes.skip(hole);
        return Ok(Line::Lost);
    }
    if let Some(line) = bytes.line(most)? {
        return Ok(Line::Text(line));
    }
    loop {
        let rest = bytes.peek(most)?;
        let end = rest.iter().position(|&byte| byte == b'\n').map(|at| at + 1);
        let taken = end.unwrap_or(rest.len());
        bytes.skip(taken as u64);
        if bytes.is_at_end() {
            return Ok(Line::End);
        }
        if end.is_some() || bytes.solid() == 0 {
            return Ok(Line::Lost);
        }
    }
}

/// A reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// Its three digits.
    pub code: u16,
    /// What follows them in its last line.
    pub text: Vec<u8>,
    /// Where it begins.
    pub offset: u64,
    /// When it was captured.
    pub time: Option<Timestamp>,
}

/// The replies of a server, one for each command, as long as they can be told apart.
pub struct Replies<'a> {
    bytes: Option<Bytes<'a>>,
}

impl<'a> Replies<'a> {
    /// Those behind the greeting (code 220); none if there is none, as then it is not known which reply is to which command.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn new(payload: Option<&'a dyn Payload>) -> Result<Self, Error> {
        let mut replies = Replies { bytes: payload.map(Bytes::new) };
        let mut greeting = replies.take()?;
        if greeting.as_ref().is_some_and(|reply| reply.code == 120) {
            greeting = replies.take()?;
        }
        if greeting.is_none_or(|reply| reply.code != 220) {
            replies.bytes = None;
        }
        Ok(replies)
    }

    /// The next one; `None` at the end, and for good once something is missing or makes no sense.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn take(&mut self) -> Result<Option<Reply>, Error> {
        let Some(bytes) = &mut self.bytes else { return Ok(None) };
        let reply = reply(bytes)?;
        if reply.is_none() {
            self.lose();
        }
        Ok(reply)
    }

    /// From here on it is not known which reply is to which command.
    pub fn lose(&mut self) {
        self.bytes = None;
    }
}

fn reply(bytes: &mut Bytes<'_>) -> Result<Option<Reply>, Error> {
    let (offset, time) = (bytes.offset(), bytes.time());
    let mut first: Option<u16> = None;
    loop {
        let Line::Text(line) = next_line(bytes, 4096)? else { return Ok(None) };
        let (code, more) = (code_of(&line), line.get(3) == Some(&b'-'));
        match (code, first) {
            (Some(code), None) if more => first = Some(code),
            (Some(code), None) => return Ok(Some(Reply { code, text: line[3..].to_vec(), offset, time })),
            (None, None) => return Ok(None),
            (Some(code), Some(begun)) if code == begun && !more => {
                return Ok(Some(Reply { code, text: line[3..].to_vec(), offset, time }));
            }
            _ => {}
        }
    }
}

/// The number a line of a reply begins with, a blank, `-` or nothing behind it.
fn code_of(line: &[u8]) -> Option<u16> {
    let digits = line.get(..3).filter(|digits| digits.iter().all(u8::is_ascii_digit))?;
    let ends = matches!(line.get(3), None | Some(b' ' | b'-'));
    ends.then(|| digits.iter().fold(0, |number, digit| number * 10 + u16::from(digit - b'0')))
}

/// A command's first word in upper case, and what follows it.
pub fn command(line: &[u8]) -> (String, &[u8]) {
    let end = line.iter().position(|&byte| byte == b' ').unwrap_or(line.len());
    let word = String::from_utf8_lossy(&line[..end]).to_ascii_uppercase();
    (word, line[end..].trim_ascii())
}

/// The first payload files of client and server, where `client` is the side of the client.
pub fn ends<'c, 'p>(connection: &'c Connection<'p>, client: u8) -> [Option<&'c Flow<'p>>; 2] {
    [client, 1 - client].map(|side| connection.side(side).find(|flow| flow.part == 0))
}

/// Says of payload files behind jumps that they are not looked at.
///
/// # Errors
/// Those of `found`.
pub fn pass_over_jumps(connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    for flow in connection.flows.iter().filter(|flow| flow.part > 0) {
        found.strange(flow.id, 0, flow.payload.time_at(0), "what comes behind a jump is not looked at")?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::Memory;
    use super::*;

    #[test]
    fn lines_are_lost_with_holes_and_length() {
        let memory = Memory::with_gap(b"one\ntw    \nthree\nlonger than ten\nfour\nfi", 6..10);
        let mut bytes = Bytes::new(&memory);
        let mut seen = Vec::new();
        loop {
            match next_line(&mut bytes, 10).unwrap() {
                Line::Text(line) => seen.push(String::from_utf8(line).unwrap()),
                Line::Lost => seen.push("LOST".into()),
                Line::End => break,
            }
        }
        assert_eq!(seen, ["one", "LOST", "LOST", "", "three", "LOST", "four"]);
    }

    #[test]
    fn replies_have_several_lines() {
        let memory =
            Memory::new(b"220-hello\r\n220 there\r\n250-a\r\n 250 b\r\n251 c\r\n250 d\r\n331\r\nnonsense\r\n250 e\r\n");
        let mut replies = Replies::new(Some(&memory)).unwrap();
        let mut next = || replies.take().unwrap().map(|reply| (reply.code, reply.text, reply.offset));
        assert_eq!(next(), Some((250, b" d".to_vec(), 22)));
        assert_eq!(next(), Some((331, b"".to_vec(), 51)));
        assert_eq!((next(), next()), (None, None));
        assert!(Replies::new(Some(&Memory::new(b"250 x\r\n250 y\r\n"))).unwrap().take().unwrap().is_none());
    }
}
