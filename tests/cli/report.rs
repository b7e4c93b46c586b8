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
    for (format, name) in
        [("dfxml", "report.xml"), ("csv", "report.csv"), ("json", "report.json"), ("html", "report.html")]
    {
        place.stdout(&["report", "case", format]);
        let first = std::fs::read(place.path().join("case").join(name)).unwrap();
        place.stdout(&["report", "case", format]);
        assert_eq!(std::fs::read(place.path().join("case").join(name)).unwrap(), first, "{format}");
        place.stdout(&["report", "case", format, "-o", "elsewhere"]);
        assert_eq!(std::fs::read(place.path().join("elsewhere")).unwrap(), first, "{format}");
    }
    assert_eq!(place.run(&["verify", "case"]).status.code(), Some(0), "reports are no part of the record");
}
