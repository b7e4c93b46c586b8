//! `report`.

use super::made_by_hand;

#[test]
fn dfxml_says_where_every_byte_came_from() {
    let place = made_by_hand();
    let text = place.stdout(&["report", "case", "dfxml", "-o", "-"]);
    for part in [
        r#"<image_filename tcpflow:id="1" tcpflow:sha256="abababababababababababababababababababababababababababababababab">"#,
        "a\u{fffd}[2J &amp; b.pcap</image_filename>",
        "<command_line>flowcase ingest case &apos;a b.pcap&apos;</command_line>",
        "<start_time>2023-11-14T22:13:20.000000000Z</start_time>",
        r#"<byte_run file_offset="0" img_offset="5000" len="12" tcpflow:source="1" tcpflow:packet="5"/>"#,
        r#"<byte_run file_offset="12" len="10" fill="0" tcpflow:kind="gap"/>"#,
        r#"<byte_run file_offset="22" img_offset="7000" len="9" tcpflow:source="1" tcpflow:packet="7"/>"#,
        "<maxrss>1024</maxrss>",
        r#"<tcpflow:summary total_packets="10" total_flows="2"/>"#,
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    assert_eq!(text.matches("<fileobject>").count(), 2, "flows without payload are no files");
}

#[test]
fn json_nests_flows_in_connections() {
    let place = made_by_hand();
    let json: serde_json::Value = serde_json::from_str(&place.stdout(&["report", "case", "json", "-o", "-"])).unwrap();
    assert_eq!(json["case"]["hash"], "sha256");
    assert_eq!(json["captures"][0]["status"], "truncated");
    let flows = |connection: usize| json["connections"][connection]["flows"].as_array().unwrap().len();
    assert_eq!((flows(0), flows(1)), (2, 1));
    assert_eq!(json["connections"][0]["flows"][1]["gap_bytes"], 10);
}

#[test]
fn reports_go_into_the_case_and_are_the_same_each_time() {
    let place = made_by_hand();
    let mut reports = vec![
        ("dfxml", "report.xml"),
        ("csv", "report.csv"),
        ("json", "report.json"),
        ("html", "report.html"),
        ("svg", "report.svg"),
    ];
    if cfg!(feature = "pictures") {
        reports.extend([("png", "report.png"), ("pdf", "report.pdf")]);
    }
    for (format, name) in reports {
        place.stdout(&["report", "case", format]);
        let first = std::fs::read(place.path().join("case").join(name)).unwrap();
        place.stdout(&["report", "case", format]);
        assert_eq!(std::fs::read(place.path().join("case").join(name)).unwrap(), first, "{format}");
        place.stdout(&["report", "case", format, "-o", "elsewhere"]);
        assert_eq!(std::fs::read(place.path().join("elsewhere")).unwrap(), first, "{format}");
    }
    assert_eq!(place.run(&["verify", "case"]).status.code(), Some(0), "reports are no part of the record");
}

#[test]
fn the_picture_shows_the_case_and_stands_alone() {
    let place = made_by_hand();
    let svg = place.stdout(&["report", "case", "svg", "-o", "-"]);
    let mut reader = quick_xml::Reader::from_str(&svg);
    while reader.read_event().unwrap() != quick_xml::events::Event::Eof {}
    assert_eq!(svg.matches("src:url(data:font/ttf;base64,").count(), 2);
    assert_eq!(svg.replace("http://www.w3.org/2000/svg", "").matches("://").count(), 0, "nothing is fetched");
    let shown = [
        "flowcase 0.1.0",
        "\\x1b[2J &amp; b.pcap",
        "6 Oct 2008 17:54:54.000 – 17:55:03.000 UTC",
        "used 80.0 %",
        ">39 bytes<",
        "http 80 100 %",
        "10.0.0.2",
        "10.0.0.1",
        ">21 B<",
        ">18 B<",
        "Packetfall",
    ];
    for part in shown {
        assert!(svg.contains(part), "{part}");
    }
}

#[cfg(feature = "pictures")]
#[test]
fn the_png_is_the_page_and_not_blank() {
    let place = made_by_hand();
    place.stdout(&["report", "case", "png"]);
    let png = std::fs::read(place.path().join("case/report.png")).unwrap();
    let picture = resvg::tiny_skia::Pixmap::decode_png(&png).unwrap();
    assert_eq!((picture.width(), picture.height()), (1653, 2339));
    let count = |r, g, b| picture.pixels().iter().filter(|p| (p.red(), p.green(), p.blue()) == (r, g, b)).count();
    let (all, white, http, ink) = (1653 * 2339, count(255, 255, 255), count(0, 0x72, 0xb2), count(0x1a, 0x1f, 0x26));
    assert!((all * 7 / 10..all).contains(&white), "{white}");
    assert!(http > 10_000 && ink > 5_000, "columns and letters: {http}, {ink}");
}

#[cfg(feature = "pictures")]
#[test]
fn the_pdf_has_one_page_and_its_fonts() {
    let place = made_by_hand();
    place.stdout(&["report", "case", "pdf"]);
    let pdf = std::fs::read(place.path().join("case/report.pdf")).unwrap();
    let text = String::from_utf8_lossy(&pdf).replace([' ', '\n'], "");
    assert!(pdf.starts_with(b"%PDF-") && text.contains("/Count1") && text.ends_with("%%EOF"), "one page");
    assert!(text.contains("/MediaBox[00595842]"), "A4");
    assert!(text.contains("Inter") && text.contains("/FontFile"), "fonts within");
    assert!(!text.contains("/CreationDate"), "no clock");
}
