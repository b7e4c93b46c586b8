//! One `fileobject`, written as text at once: a case has hundreds of thousands, and most of each is the same as in the
//! one before.

use std::fmt::{self, Display, Write as _};
use std::io;

use quick_xml::escape::escape;

use super::{ByteRun, allowed};
use crate::index::FlowInfo;
use crate::model::Timestamp;

/// Writes file objects, two blanks deep in a document.
#[derive(Default)]
pub struct Objects {
    text: String,
    /// The last second told, and how it reads up to the fraction.
    second: Option<(i64, String)>,
}

impl Objects {
    /// Writes a payload file with its runs in order, each line after a line break.
    pub fn write(&mut self, out: &mut dyn io::Write, flow: &FlowInfo, runs: &[ByteRun<'_>]) -> io::Result<()> {
        self.text.clear();
        self.object(flow, runs).map_err(io::Error::other)?;
        out.write_all(self.text.as_bytes())
    }

    fn object(&mut self, flow: &FlowInfo, runs: &[ByteRun<'_>]) -> fmt::Result {
        self.text.push_str("\n  <fileobject>");
        let path = allowed(&flow.path);
        self.element("filename", escape(path.as_str()))?;
        self.element("id", flow.id)?;
        self.element("filesize", flow.length)?;
        if let Some(start) = flow.start {
            self.text.push_str("\n    <mtime>");
            self.time(start)?;
            self.text.push_str("</mtime>");
        }
        self.text.push_str("\n    <byte_runs>");
        runs.iter().try_for_each(|run| self.run(run))?;
        self.text.push_str("\n    </byte_runs>");
        self.digests(flow);
        self.tcpflow(flow)?;
        self.text.push_str("\n  </fileobject>");
        Ok(())
    }

    fn element(&mut self, name: &str, value: impl Display) -> fmt::Result {
        write!(self.text, "\n    <{name}>{value}</{name}>")
    }

    fn run(&mut self, run: &ByteRun<'_>) -> fmt::Result {
        let ByteRun { offset, length, segment } = run;
        let text = &mut self.text;
        text.push_str("\n      <byte_run");
        attribute(text, "file_offset", offset)?;
        match segment {
            Some(segment) => {
                attribute(text, "img_offset", segment.file_position)?;
                attribute(text, "len", length)?;
                attribute(text, "tcpflow:source", segment.capture_id)?;
                attribute(text, "tcpflow:packet", segment.frame)?;
            }
            None => {
                attribute(text, "len", length)?;
                text.push_str(" fill=\"0\" tcpflow:kind=\"gap\"");
            }
        }
        text.push_str("/>");
        Ok(())
    }

    /// Those the schema has a name for; BLAKE3 is an attribute of the `tcpflow` element.
    fn digests(&mut self, flow: &FlowInfo) {
        let digests = &flow.digests;
        let (md5, sha1) = (digests.md5.as_ref().map(|d| &d[..]), digests.sha1.as_ref().map(|d| &d[..]));
        let sha256 = digests.sha256.as_ref().map(|digest| &digest[..]);
        for (kind, digest) in [("md5", md5), ("sha1", sha1), ("sha256", sha256)] {
            let Some(digest) = digest else { continue };
            self.text.push_str("\n    <hashdigest type=\"");
            self.text.push_str(kind);
            self.text.push_str("\">");
            push_hex(&mut self.text, digest);
            self.text.push_str("</hashdigest>");
        }
    }

    fn tcpflow(&mut self, flow: &FlowInfo) -> fmt::Result {
        self.text.push_str("\n    <tcpflow:tcpflow");
        for (name, time) in [("startime", flow.start), ("endtime", flow.end)] {
            let Some(time) = time else { continue };
            write!(self.text, " {name}=\"")?;
            self.time(time)?;
            self.text.push('"');
        }
        let text = &mut self.text;
        attribute(text, "family", if flow.src.ip.is_ipv4() { 2 } else { 10 })?;
        attribute(text, "src_ipn", flow.src.ip)?;
        attribute(text, "dst_ipn", flow.dst.ip)?;
        attribute(text, "srcport", flow.src.port)?;
        attribute(text, "dstport", flow.dst.port)?;
        flow.vlan.map_or(Ok(()), |vlan| attribute(text, "vlan", vlan))?;
        attribute(text, "packets", flow.packets)?;
        attribute(text, "stored_bytes", flow.stored_bytes)?;
        attribute(text, "connection", flow.connection_id)?;
        attribute(text, "part", flow.part)?;
        if let Some(digest) = &flow.digests.blake3 {
            text.push_str(" blake3=\"");
            push_hex(text, digest);
            text.push('"');
        }
        text.push_str("/>");
        Ok(())
    }

    /// As [`Timestamp`] reads; flows that follow each other often begin in the same second.
    fn time(&mut self, time: Timestamp) -> fmt::Result {
        let second = time.seconds();
        if self.second.as_ref().is_none_or(|(told, _)| *told != second) {
            let mut text = time.to_string();
            text.truncate(text.len() - FRACTION);
            self.second = Some((second, text));
        }
        let whole = self.second.as_ref().map_or("", |(_, text)| text);
        write!(self.text, "{whole}.{:09}Z", time.subsecond_nanoseconds())
    }
}

/// Characters of a time from the point on: nine digits and a `Z` behind it.
const FRACTION: usize = 11;

/// Values are numbers and addresses: nothing in them needs escaping.
fn attribute(text: &mut String, name: &str, value: impl Display) -> fmt::Result {
    write!(text, " {name}=\"{value}\"")
}

fn push_hex(text: &mut String, bytes: &[u8]) {
    let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
    bytes.iter().for_each(|byte| text.extend([digit(byte >> 4), digit(byte & 15)]));
}
