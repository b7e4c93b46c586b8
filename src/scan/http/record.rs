//! A request and what answered it as one finding.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::{Error, Fields, Finding, Findings, text_of};
use super::body::Taken;
use super::head::{Head, Headers, Start};
use crate::model::FlowId;

/// A message.
#[derive(Debug)]
pub struct Message {
    /// Where.
    pub flow: FlowId,
    /// Its head.
    pub head: Head,
    /// Its body.
    pub body: Taken,
    /// Where it ends.
    pub end: u64,
}

impl Message {
    fn is_complete(&self) -> bool {
        self.head.whole && self.body.complete
    }
}

/// Says a request, a response, or both; at least one is there.
///
/// # Errors
/// Those of `found`.
pub fn transaction(
    request: Option<&Message>,
    response: Option<&Message>,
    found: &mut dyn Findings,
) -> Result<(), Error> {
    let Some(first) = request.or(response) else { return Ok(()) };
    let (mut fields, mut value) = (Fields::new(), String::new());
    if let Some(request) = request {
        value = asked(&request.head, &mut fields);
    }
    if let Some(response) = response {
        answered(&response.head, &mut fields, request.is_none());
        if request.is_none() {
            value = status_line(&response.head);
        }
    }
    [("request", request), ("response", response)]
        .into_iter()
        .filter_map(|(side, message)| Some((side, message?)))
        .for_each(|(side, message)| place(side, message, &mut fields));
    fields.flag("complete", [request, response].iter().all(|message| message.is_some_and(Message::is_complete)));
    found.finding(Finding {
        kind: "transaction",
        flow: first.flow,
        range: (first.head.range.start, first.end),
        time: first.head.time,
        value: &value,
        fields: &fields,
    })
}

/// What a request asks: fields, and the line that says it.
fn asked(head: &Head, fields: &mut Fields) -> String {
    let headers = &head.headers;
    let Start::Request { method, uri, version } = &head.start else { return String::new() };
    let host = headers.get("host").filter(|host| !host.is_empty()).or_else(|| host_of(uri));
    fields.bytes("method", method);
    some(fields, "host", host);
    fields.bytes("uri", uri).bytes("version", version);
    some(fields, "user_agent", headers.get("user-agent"));
    some(fields, "referrer", headers.get("referer"));
    some(fields, "request_type", headers.get("content-type"));
    some(fields, "username", username(headers).as_deref());
    let words = [Some(&method[..]), host, Some(uri)];
    words.into_iter().flatten().map(text_of).collect::<Vec<_>>().join(" ")
}

fn answered(head: &Head, fields: &mut Fields, alone: bool) {
    let Start::Response { version, status, reason } = &head.start else { return };
    if alone {
        fields.bytes("version", version);
    }
    fields.number("status", (*status).into());
    some(fields, "reason", Some(&reason[..]).filter(|reason| !reason.is_empty()));
    some(fields, "response_type", head.headers.get("content-type"));
    some(fields, "response_encoding", head.headers.get("content-encoding"));
}

fn status_line(head: &Head) -> String {
    let Start::Response { version, status, reason } = &head.start else { return String::new() };
    format!("{} {status} {}", text_of(version), text_of(reason)).trim_end().to_owned()
}

/// Where a message is, and what its body became.
fn place(side: &str, message: &Message, fields: &mut Fields) {
    let object = message.body.object.as_ref();
    fields.number(&format!("{side}_flow_id"), message.flow);
    fields.number(&format!("{side}_offset"), message.head.range.start);
    fields.number(&format!("{side}_bytes"), message.body.wire);
    fields.some_number(&format!("{side}_object"), object.map(|object| object.number.into()));
    if side == "response" {
        fields.some_number("response_time_ns", message.head.time.and_then(|time| u64::try_from(time.0).ok()));
        fields.some_text("found_type", object.and_then(|object| object.found_type.as_deref()));
    }
}

fn some(fields: &mut Fields, name: &str, value: Option<&[u8]>) {
    if let Some(value) = value {
        fields.bytes(name, value);
    }
}

/// The authority of an absolute target, or of CONNECT's (RFC 9112 §3.2), without the user.
fn host_of(uri: &[u8]) -> Option<&[u8]> {
    let after = match uri.windows(3).position(|part| part == b"://") {
        Some(at) => &uri[at + 3..],
        None if uri.starts_with(b"/") || uri == b"*" => return None,
        None => uri,
    };
    let authority = after.split(|byte| b"/?#".contains(byte)).next()?;
    authority.rsplit(|&byte| byte == b'@').next().filter(|host| !host.is_empty())
}

/// The user of Basic authentication (RFC 7617).
fn username(headers: &Headers) -> Option<Vec<u8>> {
    let said = headers.all("authorization").chain(headers.all("proxy-authorization"));
    let mut basic = said.filter(|value| value.len() > 6 && value[..6].eq_ignore_ascii_case(b"basic "));
    let decoded = STANDARD.decode(basic.next()?[6..].trim_ascii()).ok()?;
    decoded.split(|&byte| byte == b':').next().map(<[u8]>::to_vec)
}
