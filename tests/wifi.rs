//! 802.11 through the built program: what is listed of networks, what is skipped and why, and that captures keep out of each
//! other's air.

use std::fs;

use crate::support::{Place, assert_fails, open, select, testdata};

/// The capture of a situation.
fn capture(name: &str) -> String {
    testdata(&format!("{name}/capture.pcap"))
}

fn skipped(place: &Place, case: &str) -> Vec<String> {
    select(&open(&place.path().join(case)), "SELECT reason, sum(frames) FROM skipped GROUP BY 1 ORDER BY 1")
}

#[test]
fn networks_are_listed_with_what_they_say_of_themselves() {
    let place = Place::new();
    place.ingest("case", &[capture("wifi_networks")]);
    let sql = "SELECT bssid, ssid, channel, security, beacons, probe_responses, data_frames, encrypted_frames, captures
        FROM wifi_networks ORDER BY bssid";
    let listed = select(&open(&place.path().join("case")), sql);
    let expected = [
        "02:00:00:00:00:a1|harbour|6|open|1|0|11|0|1",
        r"02:00:00:00:01:01|Café\\|1|WPA2|1|0|0|0|1",
        "02:00:00:00:01:02|hidden|11|WPA2/WPA3|1|1|0|0|1",
        r"02:00:00:00:01:03|\xff\x01|6|WPA3|1|0|0|0|1",
        "02:00:00:00:01:04|old|13|WEP|1|0|0|0|1",
        "02:00:00:00:01:05|older|6|WPA/WPA2|1|0|0|0|1",
        "02:00:00:00:01:06|NULL|6|WPA|1|0|0|0|1",
    ];
    assert_eq!(listed, expected);
    assert_eq!(skipped(&place, "case"), ["no_data|10"]);
    let info = place.stdout(&["info", "case"]);
    assert!(info.contains("802.11 networks\n  02:00:00:00:00:a1  channel 6    open       harbour\n"), "{info}");
    let json: serde_json::Value = serde_json::from_str(&place.stdout(&["info", "case", "--format", "json"])).unwrap();
    assert_eq!(json["networks"].as_array().unwrap().len(), 7);
}

#[test]
fn each_capture_has_its_own_air() {
    let place = Place::new();
    // the same frames twice, an hour apart: none of the second capture is a copy
    let first = fs::read(capture("wifi_retry")).unwrap();
    let mut second = first.clone();
    let mut at = 24;
    while at < second.len() {
        let number = |at: usize| u32::from_le_bytes(second[at..at + 4].try_into().unwrap());
        let (seconds, length) = (number(at) + 3600, number(at + 8));
        second[at..at + 4].copy_from_slice(&seconds.to_le_bytes());
        at += 16 + length as usize;
    }
    let all = [place.file("first.pcap", &first), capture("wifi_networks"), place.file("second.pcap", &second)];
    place.ingest("at_once", &all);
    all.iter().for_each(|capture| drop(place.ingest("in_turn", &[capture])));
    assert_eq!(skipped(&place, "at_once"), ["no_data|10", "retry|20"]);
    let together = "SELECT captures, data_frames FROM wifi_networks WHERE ssid = 'harbour'";
    assert_eq!(select(&open(&place.path().join("at_once")), together), ["3|53"]);
    place.contents("in_turn").assert_equals(&place.contents("at_once"), "in turn");
}

#[test]
fn check_sequences_are_looked_at_where_asked_for() {
    let place = Place::new();
    let mut damaged = fs::read(capture("wifi_radiotap")).unwrap();
    let last = damaged.len() - 1;
    damaged[last] ^= 1;
    let damaged = &*place.file("damaged.pcap", &damaged);
    place.ingest("all", &[damaged]);
    assert_eq!(skipped(&place, "all"), [""; 0]);
    place.ingest("right", &[damaged, "--check-fcs"]);
    assert_eq!(skipped(&place, "right"), ["bad_fcs|1"]);
    place.ingest("right", &[&capture("wifi_avs")]);
    assert_fails(&place.run(&["ingest", "all", damaged, "--check-fcs"]), 2, "check_fcs");
    for case in ["all", "right"] {
        place.assert_whole(case);
    }
}
