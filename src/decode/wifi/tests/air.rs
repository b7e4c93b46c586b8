//! The air over several frames: what was captured before, and the networks that are heard.

use super::*;
use crate::model::{FrameHead, Limits, Timestamp};

pub fn head(length: usize, number: u64) -> FrameHead {
    let time = Timestamp::new(number as i64, 0);
    let (link, at) = (LinkType::RADIOTAP, 0..length as u32);
    FrameHead { number, position: 0, time, original_len: length as u32, link, at }
}

fn outcome(found: Result<Found<'_>, Skip>) -> &'static str {
    found.map_or_else(Skip::name, |_| "used")
}

/// What becomes of a frame that is heard alone.
pub fn heard(check_fcs: bool, frame: &[u8]) -> &'static str {
    outcome(Air::new(check_fcs, &Limits::default()).decode(&head(frame.len(), 1), frame))
}

#[test]
fn a_wrong_check_sequence_counts_only_where_asked_for() {
    let (good, bad) = (checked(&plain()), [&plain()[..], b"bad!"].concat());
    let told = |flags: u8, frame: &[u8]| radiotap(&[2], &[flags], frame);
    assert_eq!([heard(true, &told(0x10, &good)), heard(true, &told(0x10, &bad))], ["used", "bad_fcs"]);
    assert_eq!([heard(false, &told(0x10, &bad)), heard(true, &told(0x50, &good))], ["used", "bad_fcs"]);
    // it is not said that there is one
    assert_eq!([heard(true, &told(0, &bad)), heard(true, &radiotap(&[0], &[], &bad))], ["used", "used"]);
}

#[test]
fn what_is_sent_again_is_no_news() {
    let frame = |retry: u8, number: u16, last: &[u8]| {
        let mut frame = data(8, 1 | retry, [AP, STATION, ROUTER], &[&[0, 0], &body()[..], last].concat());
        frame[22..24].copy_from_slice(&(number << 4).to_le_bytes());
        radiotap(&[0], &[], &frame)
    };
    let mut air = Air::new(false, &Limits::default());
    let mut take = |frame: &[u8]| outcome(air.decode(&head(frame.len(), 1), frame));
    assert_eq!(take(&frame(8, 1, &[])), "used", "the first copy was not captured");
    assert_eq!(take(&frame(8, 1, &[])), "retry");
    assert_eq!(take(&frame(0, 1, &[])), "used", "it does not say that it is a copy");
    assert_eq!(take(&frame(0, 2, &[])), "used");
    assert_eq!(take(&frame(8, 1, &[])), "retry", "another came between");
    assert_eq!(take(&frame(8, 2, b"x")), "used", "it says something else");
    assert_eq!((3..1100).map(|number| take(&frame(0, number, &[]))).filter(|what| *what == "used").count(), 1097);
    assert_eq!(take(&frame(8, 1, &[])), "used", "that was too long ago");
}

pub fn announcement(subtype: u8, bssid: [u8; 6], capabilities: u8, elements: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 0, 100, 0, capabilities, 0];
    let addresses = [[0xff; 6], bssid, bssid].concat();
    let frame = [&[subtype << 4, 0, 0, 0][..], &addresses, &[0, 0], &fixed, elements].concat();
    radiotap(&[8], &[0x85, 9, 0, 0], &frame)
}

/// The networks that are heard in frames.
pub fn networks(frames: &[Vec<u8>], cut: usize) -> Heard {
    let mut air = Air::new(false, &Limits { max_networks: 3, ..Limits::default() });
    for (frame, number) in frames.iter().zip(1..) {
        let _ = air.decode(&head(frame.len(), number), &frame[..frame.len() - cut]);
    }
    air.end()
}

#[test]
fn a_hidden_network_is_named_by_whoever_says_it() {
    let hidden = announcement(8, AP, 1, &[0, 0]);
    let (asked, joins) = (announcement(5, AP, 1, &[0, 1, b'n']), announcement(0, AP, 0, &[]));
    let mut joining = joins[..joins.len() - 12].to_vec();
    joining.extend([1, 0, 10, 0, 0, 1, b'j']);
    let names = |frames: &[Vec<u8>]| networks(frames, 0).networks[0].ssid_text();
    assert_eq!(names(&[hidden.clone(), asked.clone()]).as_deref(), Some("n"));
    assert_eq!(names(&[joining, hidden.clone(), asked.clone()]).as_deref(), Some("j"));
    assert_eq!(names(&[announcement(8, AP, 1, &[0, 2, 0, 0])]), None);
    let heard = networks(&[hidden.clone(), hidden, asked], 0).networks;
    assert_eq!((heard[0].beacons, heard[0].probe_responses, heard[0].channel), (2, 1, Some(6)));
    assert_eq!(heard[0].span, Timestamp::new(1, 0).zip(Timestamp::new(3, 0)));
}

#[test]
fn security_is_what_is_offered() {
    let rsn = |ways: &[u8]| {
        let ways: Vec<u8> = ways.iter().flat_map(|way| [0, 0x0f, 0xac, *way]).collect();
        let list = [&[1, 0, 0, 0x0f, 0xac, 4, 1, 0, 0, 0x0f, 0xac, 4, (ways.len() / 4) as u8, 0][..], &ways].concat();
        [&[48, list.len() as u8][..], &list].concat()
    };
    let wpa = [221, 6, 0, 0x50, 0xf2, 1, 1, 0];
    let security = |capabilities: u8, elements: &[u8], cut: usize| {
        let heard = networks(&[announcement(8, AP, capabilities, elements)], cut);
        heard.networks[0].security.map_or("?".to_owned(), |security| security.to_string())
    };
    assert_eq!([security(1, &[], 0), security(0x11, &[], 0), security(0x11, &wpa, 0)], ["open", "WEP", "WPA"]);
    assert_eq!([security(0x11, &rsn(&[2]), 0), security(0x11, &rsn(&[2, 8]), 0)], ["WPA2", "WPA2/WPA3"]);
    assert_eq!([security(0x11, &rsn(&[8, 24]), 0), security(1, &rsn(&[18]), 0)], ["WPA3", "WPA3"]);
    assert_eq!(security(0x11, &[&wpa[..], &rsn(&[1])].concat(), 0), "WPA/WPA2");
    // an element that leaves out what is usual, and elements cut off by the snap length
    assert_eq!([security(0x11, &[48, 2, 1, 0], 0), security(0x11, &rsn(&[8]), 3)], ["WPA2", "?"]);
    assert_eq!(security(0x11, &[&wpa[..], &rsn(&[8])].concat(), 3), "WPA");
}

#[test]
fn made_up_networks_cost_no_memory() {
    let frames: Vec<Vec<u8>> = (0..100).map(|i| announcement(8, [2, 0, 0, 0, 1, i], 1, &[0, 1, b'x'])).collect();
    let heard = networks(&frames, 0);
    assert_eq!(heard.networks.len(), 3);
    let unlisted = heard.unlisted.unwrap();
    assert_eq!((unlisted.frame, unlisted.count), (4, 97));
}

#[test]
fn data_counts_for_its_network() {
    let frame = |flags: u8| radiotap(&[0], &[], &data(0, flags, [AP, STATION, ROUTER], &body()));
    let heard = networks(&[frame(1), frame(0x41), announcement(4, AP, 0, &[]), announcement(8, [0xff; 6], 0, &[])], 0);
    assert_eq!(heard.networks.len(), 1);
    let network = &heard.networks[0];
    assert_eq!((network.bssid, network.data_frames, network.encrypted_frames), (AP, 2, 1));
    assert_eq!((network.security, network.channel), (None, None));
}
