//! 802.11 in every form: what radios put in front, the headers of frames, and the air over several of them. A frame's parts
//! are laid here by hand; `tests/traffic/wifi.rs` lays whole captures.

use proptest::prelude::*;

use super::*;
use crate::decode::{Found, decode};
use crate::model::{FrameHead, Limits, LinkType, Segment, Timestamp};

const STATION: [u8; 6] = [2, 0, 0, 0, 0, 1];
const ROUTER: [u8; 6] = [2, 0, 0, 0, 0, 2];
const AP: [u8; 6] = [2, 0, 0, 0, 0, 0xa];
const OTHER: [u8; 6] = [2, 0, 0, 0, 0, 0xb];
const PAYLOAD: &[u8] = b"hello, air";

/// LLC, SNAP and a TCP segment.
fn body() -> Vec<u8> {
    let mut out = vec![0xaa, 0xaa, 3, 0, 0, 0, 8, 0];
    let builder = etherparse::PacketBuilder::ipv4([10, 0, 0, 1], [10, 0, 0, 2], 64).tcp(1234, 80, 1, 512);
    builder.write(&mut out, PAYLOAD).unwrap();
    out
}

/// A data frame: subtype, flags, addresses, what follows sequence control.
fn data(subtype: u8, flags: u8, addresses: [[u8; 6]; 3], behind: &[u8]) -> Vec<u8> {
    [&[subtype << 4 | 8, flags, 0, 0][..], &addresses.concat(), &[0x30, 2], behind].concat()
}

/// From the station to the access point.
fn plain() -> Vec<u8> {
    data(0, 1, [AP, STATION, ROUTER], &body())
}

fn checked(frame: &[u8]) -> Vec<u8> {
    let mut crc = flate2::Crc::new();
    crc.update(frame);
    [frame, &crc.sum().to_le_bytes()].concat()
}

fn found(link: LinkType, frame: &[u8]) -> Result<Found<'_>, Skip> {
    decode(link, frame, frame.len() as u32)
}

#[track_caller]
fn segment(link: LinkType, frame: &[u8]) -> Segment<'_> {
    let segment = found(link, frame).unwrap_or_else(|skip| panic!("{}", skip.name())).segment().expect("a segment");
    assert_eq!((segment.payload, segment.missing), (PAYLOAD, 0));
    segment
}

fn skipped(frame: &[u8]) -> &'static str {
    found(LinkType::IEEE802_11, frame).expect_err("nothing of use").name()
}

/// Radiotap with these words, fields behind them, and a frame.
fn radiotap(words: &[u32], fields: &[u8], frame: &[u8]) -> Vec<u8> {
    let words: Vec<u8> = words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let length = (4 + words.len() + fields.len()) as u16;
    [&[0, 0][..], &length.to_le_bytes(), &words, fields, frame].concat()
}

#[test]
fn addresses_in_every_direction() {
    let mac = |flags: u8, addresses, behind: &[u8]| {
        let frame = data(0, flags, addresses, &[behind, &body()].concat());
        segment(LinkType::IEEE802_11, &frame).mac
    };
    let expected = Some([STATION, ROUTER]);
    assert_eq!(mac(0, [ROUTER, STATION, AP], &[]), expected);
    assert_eq!(mac(1, [AP, STATION, ROUTER], &[]), expected);
    assert_eq!(mac(2, [ROUTER, AP, STATION], &[]), expected);
    assert_eq!(mac(3, [OTHER, AP, ROUTER], &STATION), expected);
}

#[test]
fn qos_and_ht_control() {
    let plain = [AP, STATION, ROUTER];
    let behind = |control: &[u8]| [control, &body()].concat();
    segment(LinkType::IEEE802_11, &data(8, 1, plain, &behind(&[5, 0])));
    segment(LinkType::IEEE802_11, &data(8, 0x81, plain, &behind(&[5, 0, 1, 2, 3, 4])));
    // without QoS the bit is another
    segment(LinkType::IEEE802_11, &data(0, 0x81, plain, &body()));
    // with data and acknowledgement, and asked for
    segment(LinkType::IEEE802_11, &data(3, 1, plain, &body()));
}

#[test]
fn what_brings_no_data_has_its_reason() {
    let plain = [AP, STATION, ROUTER];
    assert_eq!(skipped(&data(4, 1, plain, &[])), "no_data");
    assert_eq!(skipped(&data(12, 1, plain, &[0, 0])), "no_data");
    assert_eq!(skipped(&data(0, 1, plain, &[])), "no_data");
    assert_eq!(skipped(&[0xd4, 0, 0, 0, 2, 0, 0, 0, 0, 1]), "no_data");
    assert_eq!(skipped(&[&[0x80, 0, 0, 0][..], &[0; 32]].concat()), "no_data");
    assert_eq!(skipped(&[0x0c, 0, 0, 0]), "no_data");
    assert_eq!(skipped(&data(0, 0x41, plain, &body())), "encrypted");
    assert_eq!(skipped(&[0x09, 0, 0, 0]), "malformed");
    assert_eq!(skipped(&data(0, 1, plain, &[0x42, 0x42, 3, 0])), "not_ip");
    assert_eq!(found(LinkType::RADIOTAP, &radiotap(&[0], &[], &[])).err(), Some(Skip::NoData));
}

#[test]
fn mesh_control_is_known_by_what_follows() {
    let mesh = |flags: u8, control: &[u8]| {
        let behind = [&STATION[..], &[0, 1], control, &body()].concat();
        segment(LinkType::IEEE802_11, &data(8, flags, [OTHER, AP, ROUTER], &behind)).mac
    };
    let counted = |mode: u8, addresses: &[u8]| [&[mode, 31, 1, 0, 0, 0][..], addresses].concat();
    assert_eq!(mesh(3, &counted(0, &[])), Some([STATION, ROUTER]));
    assert_eq!(mesh(3, &counted(2, &[STATION, ROUTER].concat())), Some([ROUTER, STATION]));
    let to_group = [&[0, 1][..], &counted(1, &OTHER), &body()].concat();
    let frame = data(8, 2, [[0xff; 6], AP, STATION], &to_group);
    assert_eq!(segment(LinkType::IEEE802_11, &frame).mac, Some([OTHER, [0xff; 6]]));
    // the same bit where there is no mesh
    assert_eq!(mesh(3, &[]), Some([STATION, ROUTER]));
}

#[test]
fn several_packets_in_one_frame() {
    let to =
        |receiver: [u8; 6], length: usize| [&receiver[..], &STATION, &(length as u16).to_be_bytes(), &body()].concat();
    let part = |length| to(ROUTER, length);
    let whole = part(body().len());
    let padded = [&whole[..], &vec![0; whole.len().next_multiple_of(4) - whole.len()]].concat();
    let frame = |parts: &[u8]| data(8, 1, [AP, OTHER, AP], &[&[0x80, 0], parts].concat());
    let one = frame(&whole);
    assert_eq!(segment(LinkType::IEEE802_11, &one).mac, Some([STATION, ROUTER]));
    let results = |parts: &[u8]| match found(LinkType::IEEE802_11, &frame(parts)) {
        Ok(Found::Several(all)) => all
            .into_iter()
            .map(|one| one.map_or_else(Skip::name, |found| if found.segment().is_some() { "used" } else { "other" }))
            .collect(),
        Ok(_) => vec!["one"],
        Err(reason) => vec![reason.name()],
    };
    assert_eq!(results(&[&padded[..], &padded, &whole].concat()), ["used", "used", "used"]);
    let both = frame(&[&padded[..], &to(OTHER, body().len())].concat());
    let Ok(Found::Several(all)) = found(LinkType::IEEE802_11, &both) else { panic!("not several") };
    let macs: Vec<_> = all.into_iter().map(|one| one.unwrap().segment().unwrap().mac).collect();
    assert_eq!(macs, [Some([STATION, ROUTER]), Some([STATION, OTHER])]);
    assert_eq!(results(&[&padded[..], &[0; 13]].concat()), ["one"]);
    assert_eq!(results(&[&padded[..], &part(9999)].concat()), ["used", "malformed"]);
    assert_eq!(results(&part(9999)), ["malformed"]);
    assert_eq!(results(&[&padded[..], &[0; 64]].concat())[..2], ["used", "malformed"]);
    assert_eq!(results(&[1, 2, 3]), ["malformed"]);
}

#[test]
fn parts_are_handed_on() {
    let part = |flags: u8, number: u8, payload: &[u8]| {
        let mut frame = data(8, flags, [AP, STATION, ROUTER], &[&[6, 0], payload].concat());
        frame[22] |= number;
        frame
    };
    let (first, last) = (part(5, 0, &body()[..20]), part(1, 1, &body()[20..]));
    for (frame, place, more) in [(&first, 0, true), (&last, 1, false)] {
        let Ok(Found::Fragment(fragment)) = found(LinkType::IEEE802_11, frame) else { panic!("no fragment") };
        assert_eq!(fragment.key, Key::Wifi(STATION, AP, 0x23, 6));
        assert_eq!((fragment.place, fragment.more, fragment.cut), (Place::Number(place), more, false));
        assert_eq!(fragment.onward.layer(), Layer::Llc);
        let whole = body();
        let resumed = crate::decode::resume(&fragment.onward, &whole).unwrap().segment().unwrap();
        assert_eq!((resumed.payload, resumed.mac), (PAYLOAD, Some([STATION, ROUTER])));
    }
    let Ok(Found::Fragment(cut)) = decode(LinkType::IEEE802_11, &first[..40], first.len() as u32) else { panic!() };
    assert!(cut.cut && cut.payload == &body()[..14]);
}

#[test]
fn radiotap_in_its_forms() {
    let (frame, next, more) = (plain(), 1u32 << 29, 1u32 << 31);
    segment(LinkType::RADIOTAP, &radiotap(&[0], &[], &frame));
    // flags behind the clock, which is aligned to 8 bytes
    let clocked = [&[0; 8][..], &[0x10]].concat();
    segment(LinkType::RADIOTAP, &radiotap(&[3], &clocked, &checked(&frame)));
    let shifted = [&[0; 4][..], &clocked].concat();
    segment(LinkType::RADIOTAP, &radiotap(&[3 | next | more, 0], &shifted[..13], &checked(&frame)));
    // flags in the second word
    segment(LinkType::RADIOTAP, &radiotap(&[0x20 | next | more, 2], &[0xc8, 0x10], &checked(&frame)));
    // a vendor's fields between
    let vendors = [&[0, 0x90, 0x4c, 1, 3, 0][..], &[9; 3], &[0x10]].concat();
    let words = [(1 << 30) | more, 0xffff | next | more, 2];
    segment(LinkType::RADIOTAP, &radiotap(&words, &vendors, &checked(&frame)));
    // fields that are not there
    segment(LinkType::RADIOTAP, &radiotap(&[0xffff], &[], &frame));
    segment(LinkType::RADIOTAP, &radiotap(&[more, more], &[], &frame));
    assert_eq!(found(LinkType::RADIOTAP, &[1, 0, 8, 0, 0, 0, 0, 0]).err(), Some(Skip::Malformed));
    assert_eq!(found(LinkType::RADIOTAP, &[0, 0, 7, 0, 0, 0, 0, 0]).err(), Some(Skip::Malformed));
    assert_eq!(decode(LinkType::RADIOTAP, &[0, 0, 9, 0, 0, 0, 0, 0], 100).err(), Some(Skip::CutHeader));
}

#[test]
fn a_padded_header() {
    let header = data(8, 1, [AP, STATION, ROUTER], &[0, 0]);
    let padded = [&header[..], &[0xee, 0xee], &body()].concat();
    segment(LinkType::RADIOTAP, &radiotap(&[2], &[0x20], &padded));
    // the check sequence is that of what was sent
    let sequence = checked(&[&header[..], &body()].concat());
    let padded = [&padded[..], sequence.last_chunk::<4>().unwrap()].concat();
    segment(LinkType::RADIOTAP, &radiotap(&[2], &[0x30], &padded));
    assert_eq!(heard(true, &radiotap(&[2], &[0x30], &padded)), "used");
}

/// The packet's own length is 0: it ends with the frame, and so a check sequence left on would be data.
fn without_length(mut frame: Vec<u8>) -> Vec<u8> {
    let total = frame.len() - body().len() + 8 + 2;
    frame[total..total + 2].fill(0);
    frame
}

#[test]
fn the_check_sequence_is_no_data() {
    let frame = without_length(plain());
    segment(LinkType::IEEE802_11, &frame);
    segment(LinkType::IEEE802_11, &checked(&frame));
    segment(LinkType::RADIOTAP, &radiotap(&[2], &[0x10], &checked(&frame)));
    segment(LinkType::RADIOTAP, &radiotap(&[2], &[0x10], &[&frame[..], b"any?"].concat()));
    segment(LinkType::RADIOTAP, &radiotap(&[2], &[0], &frame));
    // cut in the check sequence, cut in front of it
    let whole = radiotap(&[2], &[0x10], &checked(&frame));
    let cut = |bytes: usize| {
        let frame = &whole[..whole.len() - bytes];
        let segment = decode(LinkType::RADIOTAP, frame, whole.len() as u32).unwrap().segment().unwrap();
        (segment.payload.len(), segment.missing)
    };
    assert_eq!([cut(1), cut(4), cut(5)], [(PAYLOAD.len(), 0), (PAYLOAD.len(), 0), (PAYLOAD.len() - 1, 1)]);
}

#[test]
fn other_headers_in_front() {
    let frame = plain();
    let prism = |word: fn(u32) -> [u8; 4]| {
        let item = |name: u32, value: u32| [&word(name)[..], &[0, 0, 4, 0], &word(value)].concat();
        let items = [item(0x1041, 5), item(0x3041, 11)].concat();
        [&word(0x44)[..], &word(48), &[0; 16], &items, &frame].concat()
    };
    segment(LinkType::PRISM, &prism(u32::to_le_bytes));
    segment(LinkType::PRISM, &prism(u32::to_be_bytes));
    let avs = |version: u32| {
        [&version.to_be_bytes()[..], &64u32.to_be_bytes(), &[0; 20], &2462u32.to_be_bytes(), &[0; 32], &frame].concat()
    };
    for version in [0x8021_1001, 0x8021_1002] {
        segment(LinkType::AVS, &avs(version));
        segment(LinkType::PRISM, &avs(version));
    }
    let ppi = |link: u32, fields: &[u8], behind: &[u8]| {
        let length = (8 + fields.len()) as u16;
        [&[0, 0][..], &length.to_le_bytes(), &link.to_le_bytes(), fields, behind].concat()
    };
    let common = [&[2, 0, 20, 0][..], &[0; 8], &[1, 0, 0, 0], &2437u16.to_le_bytes(), &[0; 6]].concat();
    segment(LinkType::PPI, &ppi(105, &[], &frame));
    segment(LinkType::PPI, &ppi(105, &[&[9, 0, 1, 0, 0][..], &common].concat(), &checked(&frame)));
    segment(LinkType::PPI, &ppi(101, &[], &body()[8..]));
    segment(LinkType::PPI, &ppi(192, &[], &ppi(105, &[0xff; 7], &frame)));
    let deep = (0..100).fold(frame.clone(), |inner, _| ppi(192, &[], &inner));
    assert_eq!(found(LinkType::PPI, &deep).err(), Some(Skip::TooDeep));
    assert_eq!(found(LinkType::AVS, &[0; 80]).err(), Some(Skip::Malformed));
    assert_eq!(found(LinkType::PRISM, &[0; 80]).err(), Some(Skip::Malformed));
    assert_eq!(found(LinkType::PPI, &[1; 80]).err(), Some(Skip::Malformed));
    for (kind, behind) in [(801u16, frame.clone()), (803, radiotap(&[0], &[], &frame)), (802, prism(u32::to_le_bytes))]
    {
        let [k0, k1] = kind.to_be_bytes();
        segment(LinkType::LINUX_SLL, &[&[0, 0, k0, k1][..], &[0; 12], &behind].concat());
        segment(LinkType::LINUX_SLL2, &[&[0, 0, 0, 0, 0, 0, 0, 3, k0, k1][..], &[0; 10], &behind].concat());
    }
}

fn head(length: usize, number: u64) -> FrameHead {
    let time = Timestamp::new(number as i64, 0);
    let (link, at) = (LinkType::RADIOTAP, 0..length as u32);
    FrameHead { number, position: 0, time, original_len: length as u32, link, at }
}

fn outcome(found: Result<Found<'_>, Skip>) -> &'static str {
    found.map_or_else(Skip::name, |_| "used")
}

/// What becomes of a frame that is heard alone.
fn heard(check_fcs: bool, frame: &[u8]) -> &'static str {
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

fn announcement(subtype: u8, bssid: [u8; 6], capabilities: u8, elements: &[u8]) -> Vec<u8> {
    let fixed = [0, 0, 0, 0, 0, 0, 0, 0, 100, 0, capabilities, 0];
    let addresses = [[0xff; 6], bssid, bssid].concat();
    let frame = [&[subtype << 4, 0, 0, 0][..], &addresses, &[0, 0], &fixed, elements].concat();
    radiotap(&[8], &[0x85, 9, 0, 0], &frame)
}

/// The networks that are heard in frames.
fn networks(frames: &[Vec<u8>], cut: usize) -> Heard {
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

prop_compose! {
    /// Any kind of data frame that can be read, with radiotap in front; and where its payload begins.
    fn framed()(
        ds in 0..4u8, qos: bool, ht_control: bool, padded: bool, check: bool, mesh in 0..3u8, payload_only: bool,
    ) -> (Vec<u8>, usize) {
        let mut behind = if ds == 3 { STATION.to_vec() } else { Vec::new() };
        let has_mesh = qos && ds >= 2 && !payload_only;
        if qos {
            behind.extend([0, u8::from(has_mesh)]);
            behind.extend(vec![7; if ht_control { 4 } else { 0 }]);
        }
        let flags = ds | if ht_control { 0x80 } else { 0 };
        let header = data(if qos { 8 } else { 0 }, flags, [AP, STATION, ROUTER], &behind);
        let mut sent = Vec::new();
        if has_mesh {
            sent.extend([mesh, 1, 2, 3, 4, 5]);
            sent.extend(vec![9; usize::from(mesh) * 6]);
        }
        sent.extend(body());
        let sequence = checked(&[&header[..], &sent].concat());
        let mut frame = header;
        if padded {
            frame.resize(frame.len().next_multiple_of(4), 0xee);
        }
        frame.extend(sent);
        let flags = u8::from(check) * 0x10 + u8::from(padded) * 0x20;
        let mut whole = radiotap(&[2], &[flags], &frame);
        let payload = whole.len() - PAYLOAD.len();
        if check {
            whole.extend(sequence.last_chunk::<4>().unwrap());
        }
        (whole, payload)
    }
}

proptest! {
    #[test]
    fn any_cut_is_a_reason_or_a_prefix((frame, payload) in framed()) {
        for cut in 1..=frame.len() {
            match decode(LinkType::RADIOTAP, &frame[..cut], frame.len() as u32) {
                Err(skip) => prop_assert!(skip == Skip::CutHeader && cut < payload, "{skip:?} at {cut}"),
                Ok(found) => {
                    let segment = found.segment().unwrap();
                    let captured = cut.saturating_sub(payload).min(PAYLOAD.len());
                    prop_assert_eq!(segment.payload, &PAYLOAD[..captured]);
                    prop_assert_eq!(segment.missing as usize, PAYLOAD.len() - captured);
                }
            }
        }
    }

    #[test]
    fn noise_is_survived(
        link in prop::sample::select(vec![105u32, 113, 119, 127, 163, 192, 276]),
        data in prop::collection::vec(any::<u8>(), 0..160), length: u32,
    ) {
        let _ = decode(LinkType(link), &data, length);
        let mut air = Air::new(true, &Limits::default());
        let _ = air.decode(&FrameHead { link: LinkType(link), original_len: length, ..head(data.len(), 1) }, &data);
    }

    #[test]
    fn damaged_frames_are_survived(
        (mut frame, _) in framed(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in 0..2000u32,
    ) {
        hits.iter().for_each(|(at, byte)| *at.get_mut(&mut frame) = *byte);
        let within = |payload: &[u8]| payload.is_empty() || frame.as_ptr_range().contains(&payload.as_ptr());
        match decode(LinkType::RADIOTAP, &frame, length) {
            Ok(Found::Segment(segment)) => prop_assert!(within(segment.payload)),
            Ok(Found::Fragment(fragment)) => prop_assert!(within(fragment.payload)),
            _ => {}
        }
    }

    #[test]
    fn damaged_beacons_are_survived(
        elements in prop::collection::vec(any::<u8>(), 0..120), subtype in 0..16u8, cut in 0..60usize,
    ) {
        let frame = announcement(subtype, AP, 0x11, &elements);
        let heard = networks(std::slice::from_ref(&frame), cut.min(frame.len()));
        prop_assert!(heard.networks.len() <= 1);
    }
}
