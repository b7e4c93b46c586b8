//! The head of a message: start line and header fields (RFC 9112 §2 to §5), read as leniently as clients and servers do. What
//! is against the rules is read in the way that loses least: NULs, bare line feeds, folded lines, blanks before a colon or in
//! a target, any version.

use std::ops::Range;

use memchr::{memchr, memrchr};

use crate::model::Timestamp;

/// Bytes a head may have: servers refuse a quarter of it.
pub const LONGEST: usize = 256 << 10;
/// Bytes a method may have: longer than any that is registered.
const LONGEST_METHOD: usize = 24;

/// Header fields that are looked at.
const KNOWN: [&str; 12] = [
    "authorization",
    "content-disposition",
    "content-encoding",
    "content-length",
    "content-type",
    "expect",
    "host",
    "proxy-authorization",
    "referer",
    "transfer-encoding",
    "upgrade",
    "user-agent",
];

/// A start line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    /// `GET / HTTP/1.1`
    Request {
        /// As it is.
        method: Vec<u8>,
        /// The target as it is.
        uri: Vec<u8>,
        /// `HTTP/1.1`
        version: Vec<u8>,
    },
    /// `HTTP/1.1 200 OK`
    Response {
        /// `HTTP/1.1`, `ICY`
        version: Vec<u8>,
        /// 100 to 999.
        status: u16,
        /// What follows it.
        reason: Vec<u8>,
    },
}

/// A head.
#[derive(Clone, Debug)]
pub struct Head {
    /// Its bytes in the flow.
    pub range: Range<u64>,
    /// When its first byte was captured.
    pub time: Option<Timestamp>,
    /// Its first line.
    pub start: Start,
    /// Its header fields.
    pub headers: Headers,
    /// All of it is there.
    pub whole: bool,
}

impl Head {
    /// The method, of a request.
    pub fn method(&self) -> Option<&[u8]> {
        if let Start::Request { method, .. } = &self.start { Some(method) } else { None }
    }

    /// The target, of a request.
    pub fn uri(&self) -> Option<&[u8]> {
        if let Start::Request { uri, .. } = &self.start { Some(uri) } else { None }
    }

    /// The status, of a response.
    pub fn status(&self) -> Option<u16> {
        if let Start::Response { status, .. } = self.start { Some(status) } else { None }
    }
}

/// Header fields that are looked at, as they came.
#[derive(Clone, Debug, Default)]
pub struct Headers(Vec<(&'static str, Vec<u8>)>);

impl Headers {
    /// Fields out of lines, each of which ends with LF or CR LF.
    pub fn parse(lines: &[u8]) -> Self {
        let mut headers = Headers::default();
        let mut is_known = false;
        for line in lines.split(|&byte| byte == b'\n') {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if line.starts_with(b" ") || line.starts_with(b"\t") {
                if is_known {
                    headers.unfold(line.trim_ascii());
                }
                continue;
            }
            is_known = headers.add(line);
        }
        headers
    }

    /// The first field of this name, in small letters.
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.0.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_slice())
    }

    /// All fields of this name.
    pub fn all<'h>(&'h self, name: &'h str) -> impl DoubleEndedIterator<Item = &'h [u8]> {
        self.0.iter().filter(move |(known, _)| *known == name).map(|(_, value)| value.as_slice())
    }

    /// The members of a comma-separated list (RFC 9110 §5.6.1), in small letters.
    pub fn list(&self, name: &str) -> Vec<Vec<u8>> {
        let members = self.all(name).flat_map(|value| value.split(|&byte| byte == b','));
        members.map(|member| member.trim_ascii().to_ascii_lowercase()).filter(|member| !member.is_empty()).collect()
    }

    /// Adds a field if it is one that is looked at.
    fn add(&mut self, line: &[u8]) -> bool {
        let Some(colon) = memchr(b':', line) else { return false };
        let name = line[..colon].trim_ascii();
        let known = KNOWN.iter().find(|known| name.eq_ignore_ascii_case(known.as_bytes()));
        if let Some(known) = known {
            self.0.push((known, line[colon + 1..].trim_ascii().to_vec()));
        }
        known.is_some()
    }

    /// A folded line goes on after a blank (RFC 9112 §5.2).
    fn unfold(&mut self, more: &[u8]) {
        if let Some((_, value)) = self.0.last_mut() {
            value.push(b' ');
            value.extend_from_slice(more);
        }
    }
}

/// Where a head that begins here ends, its empty line counted; `None` if it does not.
pub fn end_of(bytes: &[u8]) -> Option<usize> {
    let mut at = 0;
    loop {
        at += memchr(b'\n', &bytes[at..])? + 1;
        match &bytes[at..] {
            [b'\n', ..] => return Some(at + 1),
            [b'\r', b'\n', ..] => return Some(at + 2),
            _ => {}
        }
    }
}

/// The start line that these bytes begin with; `None` if they do not, or if it does not end.
pub fn start_of(bytes: &[u8]) -> Option<Start> {
    let line = &bytes[..memchr(b'\n', bytes)?];
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    if is_status(line) { response(line) } else { request(line) }
}

/// Whether a start line may begin so, as far as a few bytes say.
pub fn may_begin(bytes: &[u8]) -> bool {
    is_status(bytes)
        || method_of(bytes).is_some_and(|method| bytes.get(method.len() + 1).is_none_or(|&byte| byte > b' '))
}

/// Whether a method there is, and a usual target begin it.
pub fn is_sure_request(bytes: &[u8]) -> bool {
    let is_known = |method: &&[u8]| METHODS.contains(&std::str::from_utf8(method).unwrap_or_default());
    let Some(method) = method_of(bytes).filter(is_known) else { return false };
    let target = &bytes[method.len() + 1..];
    [&b"/"[..], b"*", b"http://", b"https://"].iter().any(|usual| target.starts_with(usual)) || method == b"CONNECT"
}

/// Methods in use (RFC 9110 §9, WebDAV, UPnP, RPC over HTTP).
pub const METHODS: [&str; 37] = [
    "GET",
    "HEAD",
    "POST",
    "PUT",
    "DELETE",
    "CONNECT",
    "OPTIONS",
    "TRACE",
    "PATCH",
    "PROPFIND",
    "PROPPATCH",
    "MKCOL",
    "COPY",
    "MOVE",
    "LOCK",
    "UNLOCK",
    "REPORT",
    "SEARCH",
    "MKCALENDAR",
    "MKACTIVITY",
    "CHECKOUT",
    "MERGE",
    "VERSION-CONTROL",
    "BCOPY",
    "BMOVE",
    "BDELETE",
    "BPROPFIND",
    "POLL",
    "SUBSCRIBE",
    "UNSUBSCRIBE",
    "NOTIFY",
    "M-SEARCH",
    "PURGE",
    "QUERY",
    "RPC_IN_DATA",
    "RPC_OUT_DATA",
    "SOURCE",
];

/// The word before the first blank, if it may be a method (RFC 9110 §5.6.2).
fn method_of(bytes: &[u8]) -> Option<&[u8]> {
    let blank = memchr(b' ', &bytes[..bytes.len().min(LONGEST_METHOD + 1)])?;
    (blank > 0 && bytes[..blank].iter().all(|&byte| is_token(byte))).then(|| &bytes[..blank])
}

/// Whether a byte may be in a name.
pub fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// `HTTP/1.1 200`, `HTTP/1.1 200 OK`, `ICY 200 OK`
fn is_status(bytes: &[u8]) -> bool {
    let rest = match bytes {
        [b'H', b'T', b'T', b'P', b'/', b'0' | b'1', b'.', b'0'..=b'9', rest @ ..] => rest,
        [b'I', b'C', b'Y', rest @ ..] => rest,
        _ => return false,
    };
    let code = rest.trim_ascii_start();
    code.len() < rest.len()
        && matches!(code, [b'1'..=b'9', b'0'..=b'9', b'0'..=b'9', after @ ..] if after.first().is_none_or(u8::is_ascii_whitespace))
}

fn response(line: &[u8]) -> Option<Start> {
    let blank = memchr(b' ', line).or_else(|| memchr(b'\t', line))?;
    let rest = line[blank..].trim_ascii_start();
    let status = std::str::from_utf8(rest.get(..3)?).ok()?.parse().ok()?;
    Some(Start::Response { version: line[..blank].to_vec(), status, reason: rest[3..].trim_ascii().to_vec() })
}

/// The first word is the method, the last the version; whatever stands between is the target.
fn request(line: &[u8]) -> Option<Start> {
    let line = line.trim_ascii_end();
    let method = method_of(line)?;
    let blank = memrchr(b' ', line)?;
    let version = &line[blank + 1..];
    let uri = line.get(method.len() + 1..blank)?.trim_ascii();
    let is_version = matches!(version, [b'H', b'T', b'T', b'P', b'/', b'0' | b'1', b'.', b'0'..=b'9']);
    (is_version && !uri.is_empty()).then(|| Start::Request {
        method: method.to_vec(),
        uri: uri.to_vec(),
        version: version.to_vec(),
    })
}
