//! Tests of the scanner: what two sides say, and in short what was found.

use std::ops::Range;

use super::Http;
use crate::model::Transport;
use crate::scan::testing::{Memory, scan, scan_tcp};

mod bodies;
mod codings;
mod floods;
mod messages;
mod names;
mod parts;
mod random;

/// Runs the scanner on what two sides say; see [`short`].
fn told(orig: &[u8], resp: &[u8]) -> Vec<String> {
    scan_tcp(&Http::default(), 8080, orig, resp).iter().map(|line| short(line)).collect()
}

/// The same with a hole in what the server says.
fn told_with_gap(orig: &[u8], resp: &[u8], gap: Range<u64>) -> Vec<String> {
    let lines = scan(&Http::default(), 8080, Transport::Tcp, Memory::new(orig), Memory::with_gap(resp, gap));
    lines.iter().map(|line| short(line)).collect()
}

/// Transactions as `flow from..to value > status request-bytes#object response-bytes#object complete`; other lines as they are.
fn short(line: &str) -> String {
    let Some(rest) = line.strip_prefix("transaction ") else { return line.to_owned() };
    let (said, fields) = rest.split_once(" {").expect("fields");
    let fields: serde_json::Value = serde_json::from_str(&format!("{{{fields}")).expect("JSON");
    let number = |name: &str| fields.get(name).map_or("-".to_owned(), ToString::to_string);
    let side = |side: &str| format!("{}#{}", number(&format!("{side}_bytes")), number(&format!("{side}_object")));
    let complete = if fields["complete"] == 1 { "complete" } else { "incomplete" };
    format!("{said} > {} {} {} {complete}", number("status"), side("request"), side("response"))
}

/// Asks for `/a`, `/b`, … with a method each.
fn ask(methods: &[&str]) -> Vec<u8> {
    let one = |(method, path)| format!("{method} /{path} HTTP/1.1\r\nHost: h\r\n\r\n");
    methods.iter().zip('a'..).map(one).collect::<String>().into_bytes()
}

/// A response with a body of known length.
fn answer(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}
