//! 802.11 in every form: what radios put in front, and the headers of frames; the air over several of them; anything. A frame's parts
//! are laid here by hand; `tests/traffic/wifi.rs` lays whole captures.

use super::*;
use crate::decode::{Found, decode};
use crate::model::{LinkType, Segment};

mod air;
mod any;

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
    assert_eq!(air::heard(true, &radiotap(&[2], &[0x30], &padded)), "used");
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
