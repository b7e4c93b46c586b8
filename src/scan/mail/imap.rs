//! Mails that are fetched: IMAP (RFC 9051 §7.5.2). What a client appends is not looked at.

use super::super::lines::{Line, command, next_line};
use super::super::{Bytes, Error, Findings, Flow, text_of};
use super::letter::{Envelope, Letter};
use super::smtp::username;

/// Bytes of the longest line that is read: those about the structure of mails are long.
const LONGEST: usize = 256 << 10;
/// Lines of a client in which its login is looked for.
const LOGIN: usize = 64;

/// Goes through what the server says.
pub fn run(client: Option<&Flow<'_>>, server: &Flow<'_>, found: &mut dyn Findings) -> Result<(), Error> {
    let name = client.map(login).transpose()?.flatten();
    let envelope = Envelope { protocol: "imap", username: name, ..Default::default() };
    let (mut bytes, mut mails) = (Bytes::new(server.payload), 0);
    loop {
        let line = match next_line(&mut bytes, LONGEST)? {
            Line::Text(line) => line,
            Line::Lost => continue,
            Line::End => return Ok(()),
        };
        let Some((before, length)) = literal(&line) else {
            if bytes.starts_with(&[22, 3])? {
                return Ok(());
            }
            continue;
        };
        let item = last_word(before).to_ascii_uppercase();
        if item == b"BODY[]" || item == b"RFC822" {
            mails += 1;
            let mut letter = Letter::begin(server, bytes.offset(), mails, found)?;
            letter.take(&mut bytes, length, found)?;
            letter.end(bytes.offset(), &envelope, found)?;
            continue;
        }
        if item.starts_with(b"BODY[]<") {
            let what = "a mail that is fetched in parts is not put together";
            found.strange(server.id, bytes.offset(), bytes.time(), what)?;
        }
        bytes.skip(length);
    }
}

/// What stands before the length of a literal with which a line ends, and the length: `BODY[] {345}`.
fn literal(line: &[u8]) -> Option<(&[u8], u64)> {
    let inner = line.strip_suffix(b"}")?;
    let at = inner.iter().rposition(|&byte| byte == b'{')?;
    let digits = inner[at + 1..].strip_suffix(b"+").unwrap_or(&inner[at + 1..]);
    let length = std::str::from_utf8(digits).ok().filter(|digits| digits.bytes().all(|byte| byte.is_ascii_digit()));
    Some((inner[..at].trim_ascii_end(), length?.parse().ok()?))
}

fn last_word(text: &[u8]) -> &[u8] {
    text.rsplit(|&byte| byte == b' ' || byte == b'(').next().unwrap_or_default()
}

/// The user name a client logs in with.
fn login(client: &Flow<'_>) -> Result<Option<String>, Error> {
    let mut bytes = Bytes::new(client.payload);
    for _ in 0..LOGIN {
        let line = match next_line(&mut bytes, LONGEST)? {
            Line::Text(line) => line,
            Line::Lost => continue,
            Line::End => break,
        };
        let (word, rest) = command(command(&line).1);
        if word == "LOGIN" {
            return Ok(Some(first_string(rest)));
        }
        if word != "AUTHENTICATE" {
            continue;
        }
        let (method, first) = command(rest);
        let answer = match next_line(&mut bytes, LONGEST)? {
            _ if !first.is_empty() => first.to_vec(),
            Line::Text(answer) => answer,
            _ => continue,
        };
        return Ok(username(&method, &answer));
    }
    Ok(None)
}

/// The first of several strings, in quotes or without.
fn first_string(text: &[u8]) -> String {
    let Some(quoted) = text.strip_prefix(b"\"") else {
        return text_of(text.split(|&byte| byte == b' ').next().unwrap_or_default()).into_owned();
    };
    let (mut name, mut rest) = (Vec::new(), quoted.iter());
    while let Some(&byte) = rest.next().filter(|&&byte| byte != b'"') {
        name.push(if byte == b'\\' { *rest.next().unwrap_or(&byte) } else { byte });
    }
    text_of(&name).into_owned()
}
