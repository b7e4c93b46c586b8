//! One `fileobject`, written as text at once: a case has millions, and most of each is the same as in the one before.
//! Nothing here goes through `std::fmt` but what is rare.

use std::io;

use quick_xml::escape::escape;

use super::{ByteRun, Heard, allowed};
use crate::index::{FindingInfo, FlowInfo};
use crate::model::Timestamp;
use crate::model::endpoint::push_ip;

/// Writes file objects, two blanks deep in a document.
#[derive(Default)]
pub struct Objects {
    /// What stands before the names of files.
    before: String,
    text: Vec<u8>,
    /// The last second told, and how it reads up to the fraction.
    second: Option<(i64, String)>,
}

impl Objects {
    /// Of files whose names begin so.
    pub fn beneath(before: &str) -> Self {
        Objects { before: escape(allowed(before)).into_owned(), ..Objects::default() }
    }

    /// Writes a payload file with its runs in order, each line after a line break.
    pub fn write(
        &mut self,
        out: &mut dyn io::Write,
        flow: &FlowInfo,
        runs: &[ByteRun<'_>],
        results: &[FindingInfo],
        heard: Option<&Heard>,
    ) -> io::Result<()> {
        self.text.clear();
        self.object(flow, runs);
        self.tcpflow(flow, heard);
        results.iter().for_each(|result| self.result(result));
        self.text.extend_from_slice(END);
        out.write_all(&self.text)
    }

    /// Writes a flow that has no file.
    pub fn write_empty(&mut self, out: &mut dyn io::Write, flow: &FlowInfo, heard: Option<&Heard>) -> io::Result<()> {
        self.text.clear();
        self.text.extend_from_slice(b"\n  <fileobject>\n    <id>");
        number(&mut self.text, flow.id);
        self.text.extend_from_slice(b"</id>\n    <filesize>0</filesize>");
        self.tcpflow(flow, heard);
        self.text.extend_from_slice(END);
        out.write_all(&self.text)
    }

    fn object(&mut self, flow: &FlowInfo, runs: &[ByteRun<'_>]) {
        let text = &mut self.text;
        text.extend_from_slice(b"\n  <fileobject>\n    <filename>");
        text.extend_from_slice(self.before.as_bytes());
        text.extend_from_slice(escape(allowed(&flow.path)).as_bytes());
        text.extend_from_slice(b"</filename>\n    <id>");
        number(text, flow.id);
        text.extend_from_slice(b"</id>\n    <filesize>");
        number(text, flow.length);
        text.extend_from_slice(b"</filesize>");
        if let Some(start) = flow.start {
            self.text.extend_from_slice(b"\n    <mtime>");
            self.time(start);
            self.text.extend_from_slice(b"</mtime>");
        }
        self.text.extend_from_slice(b"\n    <byte_runs>");
        runs.iter().for_each(|run| self.run(run));
        self.text.extend_from_slice(b"\n    </byte_runs>");
        self.digests(flow);
    }

    fn run(&mut self, run: &ByteRun<'_>) {
        let ByteRun { offset, length, segment } = *run;
        let text = &mut self.text;
        text.extend_from_slice(b"\n      <byte_run");
        attribute(text, "file_offset", offset);
        match segment {
            Some(segment) => {
                attribute(text, "img_offset", segment.file_position);
                attribute(text, "len", length);
                attribute(text, "tcpflow:source", segment.capture_id);
                attribute(text, "tcpflow:packet", segment.frame);
            }
            None => {
                attribute(text, "len", length);
                text.extend_from_slice(b" fill=\"0\" tcpflow:kind=\"gap\"");
            }
        }
        text.extend_from_slice(b"/>");
    }

    /// Those the schema has a name for; BLAKE3 is an attribute of the `tcpflow` element.
    fn digests(&mut self, flow: &FlowInfo) {
        let digests = &flow.digests;
        let (md5, sha1) = (digests.md5.as_ref().map(|d| &d[..]), digests.sha1.as_ref().map(|d| &d[..]));
        let sha256 = digests.sha256.as_ref().map(|digest| &digest[..]);
        for (kind, digest) in [("md5", md5), ("sha1", sha1), ("sha256", sha256)] {
            let Some(digest) = digest else { continue };
            self.text.extend_from_slice(b"\n    <hashdigest type=\"");
            self.text.extend_from_slice(kind.as_bytes());
            self.text.extend_from_slice(b"\">");
            push_hex(&mut self.text, digest);
            self.text.extend_from_slice(b"</hashdigest>");
        }
    }

    fn tcpflow(&mut self, flow: &FlowInfo, heard: Option<&Heard>) {
        self.text.extend_from_slice(b"\n    <tcpflow:tcpflow");
        for (name, time) in [("startime", flow.start), ("endtime", flow.end)] {
            let Some(time) = time else { continue };
            open(&mut self.text, name);
            self.time(time);
            self.text.push(b'"');
        }
        let text = &mut self.text;
        for (name, mac) in
            ["mac_saddr", "mac_daddr"].into_iter().zip(heard.and_then(|heard| heard.mac).iter().flatten())
        {
            open(text, name);
            push_mac(text, mac);
            text.push(b'"');
        }
        attribute(text, "family", if flow.src.ip.is_ipv4() { 2 } else { 10 });
        for (name, ip) in [("src_ipn", flow.src.ip), ("dst_ipn", flow.dst.ip)] {
            open(text, name);
            push_ip(ip, |part| text.extend_from_slice(part.as_bytes()));
            text.push(b'"');
        }
        attribute(text, "srcport", flow.src.port);
        attribute(text, "dstport", flow.dst.port);
        if let Some(vlan) = flow.vlan {
            attribute(text, "vlan", vlan);
        }
        attribute(text, "packets", flow.packets);
        heard.into_iter().for_each(|heard| push_heard(text, heard));
        attribute(text, "stored_bytes", flow.stored_bytes);
        attribute(text, "connection", flow.connection_id);
        attribute(text, "part", flow.part);
        if let Some(digest) = &flow.digests.blake3 {
            open(text, "blake3");
            push_hex(text, digest);
            text.push(b'"');
        }
        text.extend_from_slice(b"/>");
    }

    /// What a scanner found in it.
    fn result(&mut self, result: &FindingInfo) {
        let text = &mut self.text;
        text.extend_from_slice(b"\n    <tcpflow:result");
        for (name, value) in [("scan", &result.scanner), ("kind", &result.kind)] {
            open(text, name);
            text.extend_from_slice(escape(allowed(value)).as_bytes());
            text.push(b'"');
        }
        attribute(text, "offset", result.offset);
        attribute(text, "len", result.length);
        open(text, "value");
        text.extend_from_slice(escape(allowed(&result.value)).as_bytes());
        text.extend_from_slice(b"\">");
        let data = result.data.as_deref().unwrap_or_default();
        text.extend_from_slice(escape(allowed(data)).as_bytes());
        text.extend_from_slice(b"</tcpflow:result>");
    }

    /// As [`Timestamp`] reads; flows that follow each other often begin in the same second.
    fn time(&mut self, time: Timestamp) {
        let second = time.seconds();
        if self.second.as_ref().is_none_or(|(told, _)| *told != second) {
            let mut text = time.to_string();
            text.truncate(text.len() - FRACTION);
            self.second = Some((second, text));
        }
        self.text.extend_from_slice(self.second.as_ref().map_or(b"", |(_, text)| text.as_bytes()));
        // one second more, and its digit becomes the point
        let start = self.text.len();
        number(&mut self.text, 1_000_000_000 + time.subsecond_nanoseconds());
        self.text[start] = b'.';
        self.text.push(b'Z');
    }
}

/// Lengths and counts; as in tcpflow's reports the second of the lengths only if it is another, and counts of nothing not at all.
fn push_heard(text: &mut Vec<u8>, heard: &Heard) {
    for (name, count) in [("out_of_order_count", heard.out_of_order), ("violations", heard.violations)] {
        if count > 0 {
            attribute(text, name, count);
        }
    }
    attribute(text, "len", heard.length);
    if heard.captured != heard.length {
        attribute(text, "caplen", heard.captured);
    }
}

/// What ends a file object.
const END: &[u8] = b"\n  </fileobject>";

/// Characters of a time from the point on: nine digits and a `Z` behind it.
const FRACTION: usize = 11;

fn attribute(text: &mut Vec<u8>, name: &str, value: impl itoa::Integer) {
    open(text, name);
    number(text, value);
    text.push(b'"');
}

/// An attribute up to its value, which is escaped unless it is a number, an address or a time.
fn open(text: &mut Vec<u8>, name: &str) {
    text.push(b' ');
    text.extend_from_slice(name.as_bytes());
    text.extend_from_slice(b"=\"");
}

fn number(text: &mut Vec<u8>, value: impl itoa::Integer) {
    text.extend_from_slice(itoa::Buffer::new().format(value).as_bytes());
}

fn push_mac(text: &mut Vec<u8>, mac: &[u8; 6]) {
    for (place, byte) in mac.iter().enumerate() {
        text.extend_from_slice(if place > 0 { b":" } else { b"" });
        push_hex(text, &[*byte]);
    }
}

fn push_hex(text: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |nibble: u8| b"0123456789abcdef"[usize::from(nibble)];
    bytes.iter().for_each(|byte| text.extend_from_slice(&[digit(byte >> 4), digit(byte & 15)]));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_addresses_read_as_they_do_elsewhere() {
        let mut objects = Objects::default();
        for time in [0, 3_000, -1, 1_223_315_694_796_605_000, 1_223_315_694_000_000_001, i64::MIN, i64::MAX] {
            objects.text.clear();
            objects.time(Timestamp(time));
            assert_eq!(String::from_utf8_lossy(&objects.text), Timestamp(time).to_string());
        }
        for ip in ["0.0.0.0", "10.1.20.255", "::", "2001:db8::1", "::ffff:10.0.0.1"] {
            let mut text = Vec::new();
            push_ip(ip.parse().unwrap(), |part| text.extend_from_slice(part.as_bytes()));
            assert_eq!(String::from_utf8_lossy(&text), ip);
        }
    }
}
