//! The page as a whole: what no capture may do to it, and what must be on it.

use std::collections::HashMap;

use quick_xml::Reader;
use quick_xml::events::Event;

use super::facts::Facts;
use super::{calendar, font, page};
use crate::index::{CaptureInfo, Measure, OverTime, SIZES, Service, Top, Totals, Weight};
use crate::model::Timestamp;

/// A capture of that path.
fn capture(path: &str) -> CaptureInfo {
    CaptureInfo {
        id: 1,
        path: path.to_owned(),
        sha256: None,
        size_bytes: Some(1_234_567),
        format: Some("pcap".to_owned()),
        filter: None,
        frames: 100,
        used_frames: 90,
        first: None,
        last: None,
        status: "complete".to_owned(),
        stopped_at: None,
        message: None,
    }
}

/// A page with one service, or with nothing at all.
fn facts(captures: Vec<CaptureInfo>, span: Option<(i64, i64)>) -> Facts {
    let span = span.map(|(first, last)| (Timestamp(first), Timestamp(last)));
    let service = Service { transport: 6, port: 443 };
    let weight = Weight { bytes: 3000, packets: 30, connections: 2 };
    let totals = Totals {
        captures: captures.len() as u64,
        frames: 100,
        used_frames: 90,
        stored_bytes: 3000,
        connections: 2,
        skipped: vec![("not_tcp".to_owned(), 7, 700), ("<not_ip>".to_owned(), 3, 300)],
        anomalies: vec![("a&b".to_owned(), 4)],
        span,
        ..Totals::default()
    };
    let time = span.map(|(first, last)| {
        let columns = calendar::columns(first, last);
        let mut over = OverTime {
            services: vec![vec![0.0; columns.count]; 2],
            fall: vec![[0.0; SIZES]; columns.count],
            untimed: 0,
        };
        over.services[0][3] = 3000.0;
        over.fall[3][11] = 30.0;
        (columns, over)
    });
    let top = Top { services: vec![(service, weight)], total: weight, ..Top::default() };
    Facts { captures, totals, measure: Measure::Bytes, top, services: vec![service], time }
}

/// Elements by name, and all text; fails unless it is XML.
fn read(svg: &str) -> (HashMap<String, usize>, String) {
    let (mut elements, mut texts) = (HashMap::new(), String::new());
    let mut reader = Reader::from_str(svg);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) | Event::Empty(tag) => {
                tag.attributes().for_each(|attribute| drop(attribute.unwrap()));
                *elements.entry(tag.name().as_ref().to_owned()).or_default() += 1;
            }
            Event::Text(text) => texts.push_str(&text),
            Event::GeneralRef(entity) => texts.push_str(&format!("&{};", &*entity)),
            Event::Eof => return (elements, texts),
            _ => {}
        }
    }
}

#[test]
fn nothing_from_a_capture_breaks_out() {
    let name = "/x/</text><script>alert(1)</script>\"'&\u{1b}\u{202e}\0\u{ffff}.pcap";
    let many = (0..300).map(|i| capture(&format!("/x/{i}<b>{}", "long".repeat(2000)))).collect();
    for facts in [facts(vec![capture(name)], Some((0, 1 << 40))), facts(many, Some((0, 1 << 40)))] {
        let (elements, text) = read(&page::draw(&facts).finish(Some(&font::style())));
        let known = ["svg", "title", "style", "rect", "text", "line", "path", "polyline"];
        assert!(elements.keys().all(|name| known.contains(&name.as_str())), "{elements:?}");
        assert!(text.contains("https 443 100 %") && text.contains("3.00 kB") && text.contains("90.0 %"), "{text}");
        assert!(text.len() < 400_000);
    }
}

#[test]
fn every_page_is_drawn() {
    let spans = [None, Some((0, 0)), Some((i64::MIN, i64::MAX)), Some((-3_000_000_000, 5)), Some((i64::MAX, i64::MAX))];
    for span in spans {
        for captures in [vec![], vec![capture("a.pcap")], vec![capture("a"), capture("b")]] {
            let facts = facts(captures, span);
            let svg = page::draw(&facts).finish(None);
            assert!(!svg.contains("NaN") && !svg.contains("inf"), "{span:?}");
            let (elements, text) = read(&svg);
            assert_eq!(text.contains("no frame of a connection has a time"), span.is_none());
            assert_eq!(elements.contains_key("polyline"), span.is_some());
        }
    }
}

#[cfg(feature = "pictures")]
fn last(group: &resvg::usvg::Group) -> &resvg::usvg::Node {
    match group.children().last() {
        Some(resvg::usvg::Node::Group(group)) => last(group),
        Some(node) => node,
        None => panic!("nothing drawn"),
    }
}

/// What is measured here is as wide there.
#[cfg(feature = "pictures")]
#[test]
fn text_is_as_wide_as_measured() {
    use super::canvas::{Canvas, Style};
    for (style, weight) in [(Style::of(20.0), font::Weight::Regular), (Style::of(20.0).bold(), font::Weight::SemiBold)]
    {
        for text in ["0123456789 MB, 99.9 %", "Traffic over time", "2001:db8::53/64", "Жук ßé"] {
            let mut canvas = Canvas::new("");
            canvas.text(0.0, 100.0, style, text);
            let tree = super::print::tree(&canvas.finish(None)).unwrap();
            let node = last(tree.root());
            let drawn = f64::from(node.bounding_box().width());
            let measured = font::width(text, 20.0, weight);
            assert!((measured * 0.94..measured * 1.01).contains(&drawn), "{text}: {drawn}, measured {measured}");
        }
    }
}
