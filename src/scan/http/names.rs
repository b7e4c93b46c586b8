//! Names of bodies as the wire says them. None of them is a path: who stores an object makes a name that is safe.

use percent_encoding::percent_decode;

use super::super::text_of;
use super::head::Headers;

/// Bytes of a name that are kept.
const LONGEST: usize = 4096;

/// The name that Content-Disposition says (RFC 6266), else the last part of the path of `uri`.
pub fn of_body(headers: &Headers, uri: Option<&[u8]>) -> Option<String> {
    said(headers).or_else(|| last_part(uri?))
}

/// The name that Content-Disposition says: `filename*` before `filename`.
pub fn said(headers: &Headers) -> Option<String> {
    let value = headers.get("content-disposition")?;
    let extended = parameter(value, "filename*").and_then(|value| extended(&value));
    let name = extended.or_else(|| parameter(value, "filename").map(|name| text(&name)))?;
    (!name.is_empty()).then_some(name)
}

/// What follows the last slash of the path, percent-decoded.
fn last_part(uri: &[u8]) -> Option<String> {
    let path = uri.split(|&byte| byte == b'?' || byte == b'#').next()?;
    let path = match path.windows(3).position(|part| part == b"://") {
        Some(at) => &path[at + 3..],
        None => path,
    };
    let slash = path.iter().rposition(|&byte| byte == b'/')?;
    let name: Vec<u8> = percent_decode(&path[slash + 1..]).collect();
    (!name.is_empty()).then(|| text(&name))
}

fn text(name: &[u8]) -> String {
    text_of(&name[..name.len().min(LONGEST)]).into_owned()
}

/// `UTF-8''na%C3%AFve` (RFC 8187).
fn extended(value: &[u8]) -> Option<String> {
    let mut parts = value.splitn(3, |&byte| byte == b'\'');
    let (charset, _, name) = (parts.next()?, parts.next()?, parts.next()?);
    let name: Vec<u8> = percent_decode(name).collect();
    if charset.eq_ignore_ascii_case(b"iso-8859-1") {
        let latin: String = name.iter().map(|&byte| char::from(byte)).collect();
        return Some(text(latin.as_bytes()));
    }
    Some(text(&name))
}

/// A parameter of a field (RFC 9110 §5.6.6); its name in small letters.
pub fn parameter(value: &[u8], name: &str) -> Option<Vec<u8>> {
    let mut rest = value;
    loop {
        let (_, after) = token_or_quoted(rest, b";");
        rest = after.split_first()?.1;
        let (key, after) = token_or_quoted(rest, b"=;");
        if !after.starts_with(b"=") {
            rest = after;
            continue;
        }
        let (found, after) = token_or_quoted(after[1..].trim_ascii_start(), b";");
        if key.eq_ignore_ascii_case(name.as_bytes()) {
            return Some(found);
        }
        rest = after;
    }
}

/// Bytes up to one of `ends`, and the rest: in quotes these do not count, and `\"` is a quote. Backslashes before anything
/// else are part of paths that some browsers send.
fn token_or_quoted<'v>(value: &'v [u8], ends: &[u8]) -> (Vec<u8>, &'v [u8]) {
    let (mut text, mut quoted, mut at) = (Vec::new(), false, 0);
    while let Some(&byte) = value.get(at) {
        match byte {
            b'\\' if quoted && value.get(at + 1) == Some(&b'"') => {
                text.push(b'"');
                at += 1;
            }
            b'"' => quoted = !quoted,
            _ if !quoted && ends.contains(&byte) => break,
            _ => text.push(byte),
        }
        at += 1;
    }
    (text.trim_ascii().to_vec(), &value[at..])
}
