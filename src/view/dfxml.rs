//! The case as Digital Forensics XML, schema version 2.0.0-beta.0
//! (<https://github.com/dfxml-working-group/dfxml_schema>), in the shape tcpflow gave its reports.
//!
//! A `fileobject` is a payload file. Its `byte_runs` tile it: `img_offset` is the offset of the run's first byte in the
//! (decompressed) capture `tcpflow:source`, brought by its frame `tcpflow:packet`; a run with `tcpflow:kind="gap"` was
//! never captured, and reads as zeros. What scanners found in the flow are its `tcpflow:result`s. Objects are file objects too, behind
//! those of the flows, with a `tcpflow:object` that says where each was found. What is tcpflow's own lies in a namespace of its own.
//!
//! In place of tcpflow ([`write_heard`]) the report also tells what was [`Heard`] of each flow, and sides without payload: file objects
//! without a name, behind those of the flows.

use std::borrow::Cow;
use std::io::{self, Write};

use quick_xml::events::{BytesDecl, BytesEnd, BytesStart, BytesText, Event};

use super::escape::hex;
use super::{Error, View};
use crate::case;
use crate::index::{ObjectRow, Reader, Run, SegmentInfo, Selection};
use crate::model::Timestamp;

mod heard;
mod object;

pub use heard::{Ear, Heard};
use object::Objects;

const NAMESPACE: &str = "http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML";
const TCPFLOW_NAMESPACE: &str = "http://www.forensicswiki.org/wiki/Category:Digital_Forensics_XML#tcpflow";
const DUBLIN_CORE: &str = "http://purl.org/dc/elements/1.1/";
const SCHEMA_VERSION: &str = "2.0.0-beta.0";
/// What `rusage` fields hold that were not measured (the schema wants them all).
const NOT_MEASURED: &str = "-1";

/// The whole case as DFXML.
pub struct Report;

impl View for Report {
    fn render(&self, case: &case::Reader, out: &mut dyn Write) -> Result<(), Error> {
        write(case, "", None, out)
    }
}

/// The whole case as DFXML, with sides that sent no payload, and what was heard of each flow. Names of files begin with `directory`,
/// unless that is empty.
pub fn write_heard(case: &case::Reader, directory: &str, ear: &Ear<'_>, out: &mut dyn Write) -> Result<(), Error> {
    let slash = if directory.is_empty() || directory.ends_with('/') { "" } else { "/" };
    write(case, &format!("{directory}{slash}"), Some(ear), out)
}

fn write(case: &case::Reader, before: &str, ear: Option<&Ear<'_>>, out: &mut dyn Write) -> Result<(), Error> {
    let index = case.index();
    let mut xml = Xml::new(out);
    let run = index.runs()?.pop();
    head(&mut xml, run.as_ref()).map_err(Error::Write)?;
    sources(&mut xml, index)?;
    let (mut objects, scanners) = (Objects::beneath(before), index.scanner_names()?);
    index.flows_with_segments(&Selection::default(), &mut |flow, segments| {
        let gaps = if flow.length > flow.stored_bytes { index.gaps(flow.id)? } else { Vec::new() };
        let results = if scanners.is_empty() { Vec::new() } else { index.findings_of(flow.connection_id, flow.id)? };
        let heard = ear.and_then(|ear| ear(flow));
        objects.write(xml.raw(), flow, &runs(segments, &gaps), &results, heard.as_ref()).map_err(Error::Write)
    })?;
    if let Some(ear) = ear {
        index.flows_without_file(&mut |flow| {
            objects.write_empty(xml.raw(), &flow, ear(&flow).as_ref()).map_err(Error::Write)
        })?;
    }
    index.objects(&mut |row| extracted(&mut xml, before, &row, &scanners).map_err(Error::Write))?;
    tail(&mut xml, index, run.as_ref())
}

fn head(xml: &mut Xml<'_>, run: Option<&Run>) -> io::Result<()> {
    xml.event(Event::Decl(BytesDecl::new("1.0", Some("UTF-8"), None)))?;
    let names = [
        ("xmlns", NAMESPACE),
        ("xmlns:dc", DUBLIN_CORE),
        ("xmlns:tcpflow", TCPFLOW_NAMESPACE),
        ("version", SCHEMA_VERSION),
    ];
    xml.open("dfxml", &names)?;
    xml.open("metadata", &[])?;
    xml.text("dc:type", &[], "Feature Extraction")?;
    xml.close("metadata")?;
    xml.open("creator", &[])?;
    xml.text("program", &[], env!("CARGO_PKG_NAME"))?;
    xml.text("version", &[], env!("CARGO_PKG_VERSION"))?;
    if let Some(run) = run {
        xml.open("execution_environment", &[])?;
        xml.text("command_line", &[], &run.command_line)?;
        xml.text("start_time", &[], &Timestamp(run.started_ns).to_string())?;
        xml.close("execution_environment")?;
    }
    xml.close("creator")
}

fn sources(xml: &mut Xml<'_>, index: &Reader) -> Result<(), Error> {
    let captures = index.captures()?;
    let mut write = || {
        xml.open("source", &[])?;
        for capture in &captures {
            let id = capture.id.to_string();
            let mut attributes = vec![("tcpflow:id", id.as_str())];
            attributes.extend(capture.sha256.as_deref().map(|digest| ("tcpflow:sha256", digest)));
            xml.text("image_filename", &attributes, &capture.path)?;
        }
        xml.close("source")
    };
    write().map_err(Error::Write)
}

/// A file that a scanner extracted.
fn extracted(xml: &mut Xml<'_>, before: &str, row: &ObjectRow, scanners: &[(u32, String)]) -> io::Result<()> {
    let scanner = scanners.iter().find(|(id, _)| *id == row.scanner).map_or("", |(_, name)| name);
    let text = |text: &Option<String>| text.as_deref().map(|text| allowed(text).into_owned());
    let said = [("name", text(&row.name)), ("said_type", text(&row.said_type)), ("found_type", text(&row.found_type))];
    let [connection, flow, offset] = [row.connection, row.flow, row.range.0].map(|number| number.to_string());
    let (length, number) = ((row.range.1 - row.range.0).to_string(), row.number.to_string());
    let mut attributes = vec![
        ("scan", scanner),
        ("connection", &connection),
        ("number", &number),
        ("flow", &flow),
        ("offset", &offset),
        ("length", &length),
        ("complete", if row.complete { "1" } else { "0" }),
    ];
    attributes.extend(said.iter().filter_map(|(name, text)| Some((*name, text.as_deref()?))));
    xml.open("fileobject", &[])?;
    xml.text("filename", &[], &format!("{before}{}", row.path))?;
    xml.text("filesize", &[], &row.size.to_string())?;
    if let Some(time) = row.time {
        xml.text("mtime", &[], &time.to_string())?;
    }
    xml.text("hashdigest", &[("type", "sha256")], &hex(&row.sha256))?;
    xml.empty("tcpflow:object", &attributes)?;
    xml.close("fileobject")
}

/// A run of a payload file; without a segment, of bytes never captured.
struct ByteRun<'a> {
    offset: u64,
    length: u64,
    segment: Option<&'a SegmentInfo>,
}

/// Segments and gaps in order of their offsets.
fn runs<'a>(segments: &'a [SegmentInfo], gaps: &[(u64, u64)]) -> Vec<ByteRun<'a>> {
    let stored = segments.iter().map(|segment| ByteRun {
        offset: segment.offset,
        length: u64::from(segment.length),
        segment: Some(segment),
    });
    let missing = gaps.iter().map(|&(offset, length)| ByteRun { offset, length, segment: None });
    let mut runs: Vec<ByteRun<'_>> = stored.chain(missing).collect();
    runs.sort_by_key(|run| run.offset);
    runs
}

fn tail(xml: &mut Xml<'_>, index: &Reader, run: Option<&Run>) -> Result<(), Error> {
    let totals = index.totals()?;
    let mut write = || {
        run.map_or(Ok(()), |run| rusage(xml, run))?;
        let (packets, flows) = (totals.frames.to_string(), totals.flows.to_string());
        xml.empty("tcpflow:summary", &[("total_packets", &packets), ("total_flows", &flows)])?;
        xml.close("dfxml")?;
        xml.finish()
    };
    write().map_err(Error::Write)
}

/// Nothing if the run did not come to its end.
fn rusage(xml: &mut Xml<'_>, run: &Run) -> io::Result<()> {
    let (Some(user), Some(system), Some(peak)) = (run.user_seconds, run.system_seconds, run.peak_memory_bytes) else {
        return Ok(());
    };
    xml.open("rusage", &[])?;
    xml.text("utime", &[], &user.to_string())?;
    xml.text("stime", &[], &system.to_string())?;
    xml.text("maxrss", &[], &(peak / 1024).to_string())?;
    for name in ["minflt", "majflt", "nswap", "inblock", "oublock"] {
        xml.text(name, &[], NOT_MEASURED)?;
    }
    xml.close("rusage")
}

/// An indented document in the making.
struct Xml<'a> {
    writer: quick_xml::Writer<&'a mut dyn Write>,
}

impl<'a> Xml<'a> {
    fn new(out: &'a mut dyn Write) -> Self {
        Xml { writer: quick_xml::Writer::new_with_indent(out, b' ', 2) }
    }

    /// For lines that are made elsewhere, whole and each after its line break.
    fn raw(&mut self) -> &mut dyn Write {
        self.writer.get_mut()
    }

    fn event(&mut self, event: Event<'_>) -> io::Result<()> {
        self.writer.write_event(event)
    }

    fn open(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.event(Event::Start(start(name, attributes)))
    }

    fn close(&mut self, name: &str) -> io::Result<()> {
        self.event(Event::End(BytesEnd::new(name)))
    }

    fn empty(&mut self, name: &str, attributes: &[(&str, &str)]) -> io::Result<()> {
        self.event(Event::Empty(start(name, attributes)))
    }

    fn text(&mut self, name: &str, attributes: &[(&str, &str)], text: &str) -> io::Result<()> {
        self.open(name, attributes)?;
        self.event(Event::Text(BytesText::new(&allowed(text))))?;
        self.close(name)
    }

    fn finish(&mut self) -> io::Result<()> {
        self.writer.get_mut().write_all(b"\n")
    }
}

/// Values of attributes that come from the wire are cleaned before; escaped are all.
fn start<'n>(name: &'n str, attributes: &[(&str, &str)]) -> BytesStart<'n> {
    BytesStart::new(name).with_attributes(attributes.iter().copied())
}

/// XML 1.0 forbids most control characters, even escaped (section 2.2): each becomes U+FFFD.
fn allowed(text: &str) -> Cow<'_, str> {
    let forbidden = |c: char| (c < ' ' && !matches!(c, '\t' | '\n' | '\r')) || matches!(c, '\u{fffe}' | '\u{ffff}');
    if text.contains(forbidden) { text.replace(forbidden, "\u{fffd}").into() } else { text.into() }
}

#[cfg(test)]
mod tests {
    use quick_xml::events::Event;

    use super::*;
    use crate::index::{FindingInfo, FlowInfo};
    use crate::model::{Checksum, Digests, Endpoint};

    fn flow(path: &str) -> FlowInfo {
        let end = |text: &str, port| Endpoint { ip: text.parse().unwrap(), port };
        FlowInfo {
            id: 17,
            connection_id: 9,
            side: 1,
            part: 0,
            src: end("74.125.19.101", 80),
            dst: end("192.168.1.102", 50956),
            vlan: Some(5),
            path: path.into(),
            base: 0,
            length: 136,
            stored_bytes: 100,
            missing_tail_bytes: 0,
            packets: 3,
            start: Some(Timestamp(1_223_315_694_796_605_000)),
            end: None,
            isn: None,
            digests: Digests { md5: Some([0xab; 16]), blake3: Some([1; 32]), ..Digests::default() },
            pieces: None,
        }
    }

    fn segment(offset: u64, length: u32) -> SegmentInfo {
        let (capture_id, frame, file_position) = (1, 12, 1234 + offset);
        SegmentInfo { offset, length, capture_id, frame, file_position, time: None, ttl: 64, checksum: Checksum::Good }
    }

    fn result(text: &str) -> FindingInfo {
        let (scanner, kind, value, data) = ("python".into(), text.into(), text.into(), Some(r#"{"a":"<"}"#.into()));
        FindingInfo { connection: 9, time: None, scanner, kind, value, data, offset: 3, length: 4 }
    }

    fn object(name: &str) -> ObjectRow {
        ObjectRow {
            scanner: 1,
            connection: 9,
            number: 2,
            flow: 17,
            range: (5, 9),
            time: None,
            parent: None,
            path: "objects/ab/ab.png".into(),
            name: Some(name.into()),
            said_type: None,
            found_type: Some("image/png".into()),
            size: 3,
            sha256: [0xcd; 32],
            complete: true,
        }
    }

    fn written(path: &str) -> String {
        let mut out: Vec<u8> = Vec::new();
        let mut xml = Xml::new(&mut out);
        head(&mut xml, None).unwrap();
        let segments = [segment(0, 60), segment(96, 40)];
        Objects::default().write(xml.raw(), &flow(path), &runs(&segments, &[(60, 36)]), &[result(path)], None).unwrap();
        extracted(&mut xml, "", &object(path), &[(1, "http".into())]).unwrap();
        xml.close("dfxml").unwrap();
        xml.finish().unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn runs_tile_the_file_and_gaps_say_what_they_are() {
        let text = written("flows/a");
        let runs: Vec<&str> = text.lines().filter(|line| line.contains("<byte_run ")).map(str::trim).collect();
        assert_eq!(
            runs,
            [
                r#"<byte_run file_offset="0" img_offset="1234" len="60" tcpflow:source="1" tcpflow:packet="12"/>"#,
                r#"<byte_run file_offset="60" len="36" fill="0" tcpflow:kind="gap"/>"#,
                r#"<byte_run file_offset="96" img_offset="1330" len="40" tcpflow:source="1" tcpflow:packet="12"/>"#,
            ]
        );
        assert!(text.contains(r#"<hashdigest type="md5">abababababababababababababababab</hashdigest>"#), "{text}");
        let result = r#"<tcpflow:result scan="python" kind="flows/a" offset="3" len="4" value="flows/a">{&quot;a&quot;:&quot;&lt;&quot;}</tcpflow:result>"#;
        assert!(text.contains(result), "{text}");
        let object = r#"<tcpflow:object scan="http" connection="9" number="2" flow="17" offset="5" length="4" complete="1" name="flows/a" found_type="image/png"/>"#;
        assert!(text.contains(object), "{text}");
        assert!(text.contains(r#"<tcpflow:tcpflow startime="2008-10-06T17:54:54.796605000Z" family="2" "#), "{text}");
    }

    #[test]
    fn any_path_makes_well_formed_xml() {
        for path in ["a<b>&\"'", "nul\0 esc\u{1b} \u{fffe}\u{ffff}", "ä ]]>"] {
            let text = written(path);
            assert!(!text.contains(['\0', '\u{1b}', '\u{fffe}', '\u{ffff}']), "{text}");
            let mut reader = quick_xml::Reader::from_str(&text);
            let mut depth = 0;
            loop {
                match reader.read_event().unwrap() {
                    Event::Start(_) => depth += 1,
                    Event::End(_) => depth -= 1,
                    Event::Eof => break,
                    _ => {}
                }
            }
            assert_eq!(depth, 0);
        }
    }
}
