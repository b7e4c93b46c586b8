//! Mails that are fetched: POP3 (RFC 1939).

use super::super::lines::{Line, command, next_line};
use super::super::{Bytes, Error, Findings, Flow, text_of};
use super::letter::{Envelope, Letter};
use super::smtp::username;

/// Bytes of the longest line that is read.
const LONGEST: usize = 16 << 10;

/// Goes through what client and server say, a reply for each command.
pub fn run(client: &Flow<'_>, server: &Flow<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let (asks, says) = (Bytes::new(client.payload), Bytes::new(server.payload));
    let envelope = Envelope { protocol: "pop3", ..Default::default() };
    let mut pop3 = Pop3 { asks, says, server, envelope, mails: 0, method: None, found };
    if pop3.walk()? && !pop3.asks.is_at_end() && !pop3.says.is_at_end() {
        let (at, time) = (pop3.says.offset(), pop3.says.time());
        pop3.found.strange(server.id, at, time, "which reply is to which command is not known from here on")?;
    }
    Ok(())
}

struct Pop3<'a, 'p> {
    asks: Bytes<'p>,
    says: Bytes<'p>,
    server: &'a Flow<'p>,
    envelope: Envelope,
    mails: u32,
    /// What the client answers challenges of.
    method: Option<String>,
    found: &'a mut dyn Findings,
}

impl Pop3<'_, '_> {
    /// Goes on as long as each command has its reply; whether the rest could be read.
    fn walk(&mut self) -> Result<bool, Error> {
        if self.reply()?.is_none() {
            return Ok(true);
        }
        while let Line::Text(line) = next_line(&mut self.asks, LONGEST)? {
            let Some(reply) = self.reply()? else { break };
            if !self.command(&line, &reply)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The next reply: `+OK`, `-ERR` or a challenge. `None` if there is none.
    fn reply(&mut self) -> Result<Option<Vec<u8>>, Error> {
        let Line::Text(line) = next_line(&mut self.says, LONGEST)? else { return Ok(None) };
        Ok(Some(line).filter(|line| line.starts_with(b"+") || line.starts_with(b"-")))
    }

    /// Whether anything follows.
    fn command(&mut self, line: &[u8], reply: &[u8]) -> Result<bool, Error> {
        let ok = reply.starts_with(b"+OK");
        if let Some(method) = self.method.take() {
            self.answer(&method, line, reply);
            return Ok(true);
        }
        let (word, rest) = command(line);
        match word.as_str() {
            "USER" => self.envelope.username = Some(text_of(rest).into_owned()),
            "APOP" => {
                let name = rest.split(|&byte| byte == b' ').next().unwrap_or_default();
                self.envelope.username = Some(text_of(name).into_owned());
            }
            "AUTH" if !rest.is_empty() => {
                let (method, first) = command(rest);
                self.answer(&method, first, reply);
            }
            "RETR" if ok => self.mail()?,
            "TOP" | "CAPA" if ok => self.skip()?,
            "LIST" | "UIDL" | "AUTH" if ok && rest.is_empty() => self.skip()?,
            "STLS" => return Ok(!ok),
            _ => {}
        }
        Ok(true)
    }

    /// What the client says in answer to a challenge; another challenge may follow.
    fn answer(&mut self, method: &str, answer: &[u8], reply: &[u8]) {
        if self.envelope.username.is_none() && !answer.is_empty() {
            self.envelope.username = username(method, answer);
        }
        if reply.starts_with(b"+") && !reply.starts_with(b"+OK") {
            self.method = Some(method.to_owned());
        }
    }

    fn mail(&mut self) -> Result<(), Error> {
        self.mails += 1;
        let mut letter = Letter::begin(self.server, self.says.offset(), self.mails, self.found)?;
        letter.take_dotted(&mut self.says, self.found)?;
        letter.end(self.says.offset(), &self.envelope, self.found)
    }

    /// Passes over lines up to the one that ends them.
    fn skip(&mut self) -> Result<(), Error> {
        loop {
            match next_line(&mut self.says, LONGEST)? {
                Line::Text(line) if line == b"." => return Ok(()),
                Line::End => return Ok(()),
                _ => {}
            }
        }
    }
}
