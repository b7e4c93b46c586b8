//! `cat`, `show`, `info` and `verify`.

use super::case::{REQUEST, REQUEST_BYTES, RESPONSE, RESPONSE_BYTES};
use super::made_by_hand;
use crate::support::assert_fails;

#[test]
fn cat_takes_ids_and_paths() {
    let place = made_by_hand();
    let in_case = format!("case/{RESPONSE}");
    for (flow, expected) in
        [("1", REQUEST_BYTES), ("2", RESPONSE_BYTES), (REQUEST, REQUEST_BYTES), (&in_case, RESPONSE_BYTES)]
    {
        let output = place.run(&["cat", "case", flow]);
        assert_eq!(output.status.code(), Some(0));
        assert_eq!(output.stdout, expected, "{flow}");
    }
    assert_eq!(place.stdout(&["cat", "case", "3"]), "", "a flow without payload");
    for missing in ["4", "flows/nothing", "../secret"] {
        assert_fails(&place.run(&["cat", "case", missing]), 3, "error: no flow `");
    }
}

#[test]
fn show_interleaves_both_directions() {
    let place = made_by_hand();
    let expected = "\
--- 2008-10-06T17:54:58.000000000Z  10.0.0.1:5000 > 10.0.0.2:80  flow 1, bytes 0..18
GET / HTTP/1.0

--- 2008-10-06T17:54:59.000000000Z  10.0.0.2:80 > 10.0.0.1:5000  flow 2, bytes 0..31
HTTP/1.0 200
[10 bytes never captured]
\\x1b[31mtail
";
    assert_eq!(place.stdout(&["show", "case", "1"]), expected);
    let hex = place.stdout(&["show", "case", "1", "--hex"]);
    assert!(hex.contains("00000016  1b5b3331 6d746169 6c                 .[31mtail\n"), "{hex}");
    assert_fails(&place.run(&["show", "case", "3"]), 3, "no connection `3`");
}

#[test]
fn info_says_what_is_there() {
    let place = made_by_hand();
    let text = place.stdout(&["info", "case"]);
    for part in [
        "a\\x1b[2J & b.pcap",
        "10 frames, 8 used, truncated",
        "39 bytes stored, 10 in gaps (79.59 %)",
        "not_tcp",
        "jump",
    ] {
        assert!(text.contains(part), "{part}\n{text}");
    }
    let json: serde_json::Value = serde_json::from_str(&place.stdout(&["info", "case", "--format", "json"])).unwrap();
    assert_eq!(json["anomalies"][0]["count"], 3);
    assert_eq!(json["captures"][0]["stopped_at"], 8990);
}

#[test]
fn verify_finds_a_changed_byte() {
    let place = made_by_hand();
    let sound = place.run(&["verify", "case"]);
    assert_eq!((sound.status.code(), sound.stdout.as_slice()), (Some(0), b"".as_slice()));
    let path = place.path().join("case").join(REQUEST);
    std::fs::write(&path, [b"P", &REQUEST_BYTES[1..]].concat()).unwrap();
    let changed = place.run(&["verify", "case"]);
    assert_fails(&changed, 1, "1 fault\n");
    assert!(String::from_utf8_lossy(&changed.stdout).starts_with(REQUEST));
}
