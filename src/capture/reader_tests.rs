//! Captures made by hand, byte by byte, and every kind of damage at its offset.

use std::io::{Cursor, Write};

use proptest::prelude::*;

use super::super::sink::Order;
use super::*;
use crate::capture::Status;
use crate::model::{FrameHead, Note};

/// File header: little-endian, microseconds, version 2.4, snap length 65535, Ethernet.
pub const PCAP: [u8; 24] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

/// A capture of frames given as (seconds, fraction, bytes).
pub fn pcap(frames: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut capture = PCAP.to_vec();
    frames.iter().for_each(|(seconds, fraction, data)| capture.extend(record(*seconds, *fraction, data)));
    capture
}

fn record(seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    [words(&[seconds, fraction, length, length + 1], Order::Little), data.to_vec()].concat()
}

fn words(words: &[u32], order: Order) -> Vec<u8> {
    let bytes = |word: &u32| if order == Order::Big { word.to_be_bytes() } else { word.to_le_bytes() };
    words.iter().flat_map(bytes).collect()
}

/// A block of the other format, with both lengths.
fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
    let length = padded.len() as u32 + 12;
    [words(&[kind, length], order), padded, words(&[length], order)].concat()
}

fn halves(low: u16, high: u16, order: Order) -> Vec<u8> {
    if order == Order::Big {
        [low.to_be_bytes(), high.to_be_bytes()].concat()
    } else {
        [low.to_le_bytes(), high.to_le_bytes()].concat()
    }
}

fn section(order: Order) -> Vec<u8> {
    let body = [words(&[0x1a2b_3c4d], order), halves(1, 0, order), words(&[u32::MAX, u32::MAX], order)].concat();
    block(order, 0x0a0d_0d0a, &body)
}

fn interface(order: Order, link: u16, snap_length: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[halves(link, 0, order), words(&[snap_length], order), options.to_vec()].concat())
}

fn enhanced(order: Order, interface: u32, time: u64, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let head = [interface, (time >> 32) as u32, time as u32, length, length + 1];
    block(order, 6, &[words(&head, order), data.to_vec()].concat())
}

/// Everything a capture gives: frames with their bytes, notes, how it ended.
#[derive(Debug, Default, PartialEq)]
struct All {
    frames: Vec<(FrameHead, Vec<u8>)>,
    notes: Vec<Note>,
    stop: Option<Stop>,
}

fn read(bytes: &[u8]) -> All {
    let (mut all, mut batch) = (All::default(), Batch::default());
    let opened = Input::over(Box::new(Cursor::new(bytes.to_vec())), true)
        .map_err(|error| Stop::unreadable(error.to_string()))
        .and_then(Reader::over);
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(stop) => return All { stop: Some(stop), ..all },
    };
    loop {
        match reader.fill(&mut batch) {
            Ok(more) => {
                let frames = batch.frames.iter().map(|frame| (frame.clone(), batch.data(frame).to_vec()));
                all.frames.extend(frames);
                all.notes.append(&mut batch.notes);
                if !more {
                    break;
                }
            }
            Err(stop) => {
                assert!(batch.frames.is_empty());
                all.stop = Some(stop);
                break;
            }
        }
    }
    assert_eq!(reader.frames(), all.frames.len() as u64);
    let identity = reader.finish();
    assert_eq!(identity.sha256, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes)));
    assert_eq!(identity.size, bytes.len() as u64);
    all
}

/// One line a frame: `number @position link time length/original bytes`, notes as `! kind frame`, the stop last.
fn text(bytes: &[u8]) -> String {
    let all = read(bytes);
    let mut lines: Vec<String> = all.frames.iter().map(|(frame, data)| line(frame, data)).collect();
    lines.extend(all.notes.iter().map(|note| format!("! {} {}: {}", note.kind.name(), note.frame, note.detail)));
    lines.extend(all.stop.iter().map(|stop| format!("{:?} {:?}: {stop}", stop.status, stop.offset)));
    lines.join("\n")
}

fn line(frame: &FrameHead, data: &[u8]) -> String {
    let time = frame.time.map_or("-".to_owned(), |time| time.nanoseconds().to_string());
    let data = String::from_utf8_lossy(data);
    format!("{} @{} {} {time} {data}/{}", frame.number, frame.position, frame.link.0, frame.original_len)
}

#[test]
fn pcap_in_both_orders_and_resolutions() {
    let expected = "1 @40 1 7000005000 abc/4\n2 @59 1 7000005000 /1";
    assert_eq!(text(&pcap(&[(7, 5, b"abc"), (7, 5, b"")])), expected);
    let mut big = words(&[0xa1b2_3c4d, 0x0002_0004, 0, 0, 65535, 0xf400_0001, 7, 5, 3, 4], Order::Big);
    big.extend(b"abc");
    assert_eq!(text(&big), "1 @40 1 7000000005 abc/4");
    let modified = words(&[0xa1b2_cd34, 0x0002_0004, 0, 0, 0, 113, u32::MAX, 5, 0, 4, 9, 9], Order::Big);
    assert_eq!(text(&modified), "1 @48 113 4294967295000005000 /4");
}

#[test]
fn old_pcap_versions_have_the_lengths_in_another_order() {
    let mut capture = pcap(&[(7, 5, b"abc")]);
    (capture[6], capture[32], capture[36]) = (2, 4, 3);
    assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
    capture[6] = 3;
    assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
    (capture[32], capture[36]) = (3, 4);
    assert_eq!(text(&capture), "1 @40 1 7000005000 abc/4");
}

#[test]
fn strange_times_and_lengths_are_noted() {
    let mut capture = pcap(&[(7, 2_000_000, b"a"), (6, 999_999, b"b"), (6, 999_998, b"c")]);
    assert_eq!(
        text(&capture),
        "1 @40 1 9000000000 a/2\n2 @57 1 6999999000 b/2\n3 @74 1 6999998000 c/2\n\
         ! time_out_of_range 1: fraction of 2000000000 ns\n\
         ! time_backwards 2: time 2.000001000 s before that of frame 1\n\
         ! time_backwards 3: time 0.000001000 s before that of frame 2"
    );
    capture.truncate(24 + 17);
    capture[16..20].copy_from_slice(&[0xff; 4]);
    capture[28..32].copy_from_slice(&[0; 4]);
    assert_eq!(text(&capture), "1 @40 1 7000000000 a/2\n! snap_length_huge 0: snap length 4294967295");
    let mut short = pcap(&[(7, 0, b"abc")]);
    (short[16], short[17]) = (2, 0);
    assert_eq!(text(&short), "1 @40 1 7000000000 abc/4\n! longer_than_snap_length 1: 3 bytes, snap length 2");
}

#[test]
fn no_capture() {
    let unreadable = |bytes: &[u8], message: &str| assert_eq!(text(bytes), format!("Unreadable None: {message}"));
    unreadable(b"", "empty file");
    unreadable(&PCAP[..5], "file header cut short, 5 of 24 bytes");
    unreadable(&PCAP[..2], "file header cut short, 2 of 24 bytes");
    unreadable(b"GET / HTTP/1.1\r\n", "not a capture: begins with 47 45 54 20");
    let mut version = PCAP;
    version[4] = 9;
    unreadable(&version, "pcap version 9.4 is not known");
    unreadable(&section(Order::Little)[..20], "file header cut short, 20 of 28 bytes");
    let mut version = section(Order::Little);
    version[12] = 2;
    unreadable(&version, "section header at offset 0 has the unknown version 2.0");
    version[8] = 0;
    unreadable(&version, "section header at offset 0 has no known byte order");
}

#[test]
fn pcap_damage_has_an_offset() {
    let start = pcap(&[(7, 5, b"abc")]);
    let after = |rest: &[u8]| text(&[&start, rest].concat());
    let expect = |rest: &[u8], stop: &str| assert_eq!(after(rest), format!("1 @40 1 7000005000 abc/4\n{stop}"));
    expect(&[1; 5], "Truncated Some(43): header of frame 2 at offset 43 is cut short: 5 of 16 bytes");
    expect(&record(8, 0, b"0123456789")[..20], "Truncated Some(43): frame 2 at offset 43 is cut short: 4 of 10 bytes");
    expect(
        &words(&[8, 0, 0xf000_0000, 0xf000_0000], Order::Little),
        "Damaged Some(43): frame 2 at offset 43 claims 4026531840 bytes",
    );
    // Longer than usual: believed only where the bytes are.
    let long = words(&[8, 0, 300_000, 300_000], Order::Little);
    expect(&long, "Damaged Some(43): frame 2 at offset 43 claims 300000 bytes");
    let longer_than_wire = words(&[8, 0, 300_000, 60], Order::Little);
    expect(
        &[longer_than_wire, vec![0; 300_000]].concat(),
        "Damaged Some(43): frame 2 at offset 43 claims 300000 bytes",
    );
}

#[test]
fn frames_larger_than_a_block() {
    let large: Vec<u8> = (0..3_000_000u32).map(|i| (i % 253) as u8).collect();
    let bytes = pcap(&[(1, 0, b"x"), (2, 0, &large), (3, 0, b"y")]);
    let all = read(&bytes);
    assert_eq!(all.stop, None);
    assert!(all.frames.iter().map(|(_, data)| data.len()).eq([1, 3_000_000, 1]));
    assert_eq!(all.frames[1].1, large);
    assert_eq!(all.frames[2].0.position, 24 + 17 + 16 + 3_000_000 + 16);
}

#[test]
fn pcapng_sections_interfaces_and_resolutions() {
    let mut bytes = Vec::new();
    for order in [Order::Little, Order::Big] {
        let nine = [halves(9, 1, order), vec![9, 0, 0, 0], words(&[0], order)].concat();
        let binary = [halves(2, 3, order), b"eth0".to_vec(), halves(9, 1, order), vec![0x81, 0, 0, 0]].concat();
        bytes.extend(section(order));
        bytes.extend(interface(order, 1, 0, &nine));
        bytes.extend(interface(order, 101, 3, &[]));
        bytes.extend(interface(order, 113, 0, &binary));
        bytes.extend(enhanced(order, 0, 5_000_000_007, b"abcde"));
        bytes.extend(block(order, 5, b"statistics"));
        bytes.extend(enhanced(order, 1, 7_000_001, b"abcd"));
        bytes.extend(enhanced(order, 2, 15, b""));
        bytes.extend(block(order, 3, &[words(&[6], order), b"simple".to_vec()].concat()));
        bytes.extend(block(
            order,
            2,
            &[halves(1, 9, order), words(&[0, 8_000_000, 1, 2], order), b"o".to_vec()].concat(),
        ));
    }
    let once = |base: u64, first: u64| {
        [
            (0, "1 5000000007 abcde/6"),
            (64, "101 7000001000 abcd/5"),
            (100, "113 7500000000 /1"),
            (116, "1 - simple/6"),
            (156, "101 8000000000 o/2"),
        ]
        .iter()
        .enumerate()
        .map(|(i, (at, rest))| format!("{} @{} {rest}", first + i as u64, base + at))
        .collect::<Vec<_>>()
        .join("\n")
    };
    let half = bytes.len() as u64 / 2;
    let notes = "! longer_than_snap_length 2: 4 bytes, snap length 3\n\
                 ! time_backwards 6: time 2.999999993 s before that of frame 5\n\
                 ! longer_than_snap_length 7: 4 bytes, snap length 3";
    let base = (28 + 32 + 20 + 36 + 28) as u64;
    assert_eq!(text(&bytes), format!("{}\n{}\n{notes}", once(base, 1), once(base + half, 6)));
}

#[test]
fn pcapng_times_out_of_range_are_none() {
    let order = Order::Little;
    let offset = [halves(14, 8, order), (-10i64).to_le_bytes().to_vec()].concat();
    let finest = [halves(9, 1, order), vec![127, 0, 0, 0]].concat();
    let bytes = [
        section(order),
        interface(order, 1, 0, &offset),
        interface(order, 1, 0, &finest),
        enhanced(order, 0, 3_000_000, b""),
        enhanced(order, 0, u64::MAX, b""),
        enhanced(order, 1, u64::MAX, b""),
    ]
    .concat();
    assert_eq!(
        text(&bytes),
        "1 @116 1 -7000000000 /1\n2 @148 1 - /1\n3 @180 1 0 /1\n\
         ! time_out_of_range 2: time 18446744073709551615 of interface 0"
    );
}

#[test]
fn pcapng_damage_has_an_offset() {
    let order = Order::Little;
    let start = [section(order), interface(order, 1, 0, &[]), enhanced(order, 0, 1_000_000, b"ab")].concat();
    let at = start.len();
    assert_eq!(at, 84);
    let expect = |rest: &[u8], stop: &str| {
        assert_eq!(text(&[&start, rest].concat()), format!("1 @76 1 1000000000 ab/3\n{stop}"));
    };
    expect(&[0; 12], "Damaged Some(84): block at offset 84 claims 0 bytes");
    expect(&words(&[9, 14, 0], order), "Damaged Some(84): block at offset 84 claims 14 bytes");
    expect(&words(&[6, 1 << 25, 0], order), "Damaged Some(84): block at offset 84 claims 33554432 bytes");
    expect(&words(&[9, 1 << 25, 0], order), "Truncated Some(84): block at offset 84 is cut short by 33554420 bytes");
    expect(&words(&[9, 12, 16], order), "Damaged Some(84): block at offset 84 begins with length 12 and ends with 16");
    expect(&words(&[9, 16, 0], order), "Truncated Some(84): block at offset 84 is cut short: 12 of 16 bytes");
    expect(&enhanced(order, 1, 0, b""), "Damaged Some(84): frame 2 at offset 84 names interface 1, which is not there");
    let mut claims = enhanced(order, 0, 0, b"abc");
    claims[20] = 5;
    expect(&claims, "Damaged Some(84): frame 2 at offset 84 claims 5 bytes, its block has 4");
    // A section has its own interfaces.
    expect(
        &[section(order), enhanced(order, 0, 0, b"")].concat(),
        "Damaged Some(112): frame 2 at offset 112 names interface 0, which is not there",
    );
}

#[test]
fn large_blocks_without_frames_are_passed_over() {
    let order = Order::Little;
    let start = [section(order), interface(order, 1, 0, &[])].concat();
    let bytes = [start, block(order, 10, &vec![7; 20 << 20]), enhanced(order, 0, 1_000_000, b"ab")].concat();
    let position = bytes.len() - 8;
    assert_eq!(text(&bytes), format!("1 @{position} 1 1000000000 ab/3"));
}

fn compressed(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gzip.write_all(bytes).unwrap();
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(bytes).unwrap();
    let mut bzip2 = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bzip2.write_all(bytes).unwrap();
    let blocks =
        lz4_flex::frame::FrameInfo::new().block_size(lz4_flex::frame::BlockSize::Max64KB).block_checksums(true);
    let mut lz4 = lz4_flex::frame::FrameEncoder::with_frame_info(blocks, Vec::new());
    lz4.write_all(bytes).unwrap();
    vec![
        ("gzip", gzip.finish().unwrap()),
        ("zstd", zstd::encode_all(bytes, 1).unwrap()),
        ("xz", xz.finish().unwrap()),
        ("bzip2", bzip2.finish().unwrap()),
        ("lz4", lz4.finish().unwrap()),
    ]
}

/// Frames that do not compress to nothing, many blocks of them.
fn noise() -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(7);
    let frames: Vec<Vec<u8>> = (0..900).map(|_| (0..random.usize(..1500)).map(|_| random.u8(..16)).collect()).collect();
    let frames: Vec<(u32, u32, &[u8])> = frames.iter().enumerate().map(|(i, f)| (i as u32, 0, &f[..])).collect();
    pcap(&frames)
}

#[test]
fn compressed_captures_whole_concatenated_and_cut() {
    let plain = noise();
    let whole = read(&plain);
    let (one, other) = plain.split_at(plain.len() / 3);
    let halves = compressed(one).into_iter().zip(compressed(other));
    for ((name, bytes), ((_, one), (_, other))) in compressed(&plain).into_iter().zip(halves) {
        let same = |bytes: &[u8]| assert_eq!(read(bytes), whole, "{name}");
        same(&bytes);
        same(&[one, other].concat());
        let cut = read(&bytes[..bytes.len() * 4 / 5]);
        let stop = cut.stop.unwrap();
        assert_eq!(stop.status, Status::Truncated, "{name}: {stop}");
        assert!(stop.message.contains(name), "{name}: {stop}");
        assert_eq!(cut.frames, whole.frames[..cut.frames.len()]);
        let (kept, reached) = (cut.frames.last().unwrap().0.position, stop.offset.unwrap());
        assert!(kept > plain.len() as u64 / 3, "{name} keeps what comes before: {kept} of {reached}");
        let mut damaged = bytes;
        let middle = damaged.len() / 2;
        damaged[middle..middle + 64].fill(0xff);
        let damaged = read(&damaged);
        assert_eq!(damaged.stop.map(|stop| stop.status), Some(Status::Damaged), "{name}");
    }
}

#[test]
fn format_names_the_compression() {
    let plain = pcap(&[(1, 0, b"a")]);
    for (name, bytes) in compressed(&plain) {
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), bytes).unwrap();
        assert_eq!(Reader::open(file.path()).unwrap().finish().format, format!("pcap, {name}"));
    }
    assert!(Reader::open(Path::new("/")).is_err_and(|stop| stop.message == "is a directory"));
}

/// Both formats, small frames.
fn any_capture() -> impl Strategy<Value = Vec<u8>> {
    let frames = proptest::collection::vec((0..9u32, proptest::collection::vec(any::<u8>(), 0..40)), 0..12);
    (frames, any::<bool>()).prop_map(|(frames, ng)| {
        let order = Order::Big;
        if !ng {
            return pcap(&frames.iter().map(|(time, data)| (*time, 0, &data[..])).collect::<Vec<_>>());
        }
        let blocks = frames.iter().flat_map(|(time, data)| enhanced(order, 0, (*time).into(), data));
        [section(order), interface(order, 1, 0, &[])].concat().into_iter().chain(blocks).collect()
    })
}

proptest! {
    #[test]
    fn cutting_anywhere_yields_a_prefix(bytes in any_capture(), cut in any::<proptest::sample::Index>()) {
        let (whole, cut) = (read(&bytes), read(&bytes[..cut.index(bytes.len())]));
        prop_assert_eq!(whole.stop, None);
        prop_assert_eq!(&cut.frames[..], &whole.frames[..cut.frames.len()]);
        prop_assert!(cut.stop.is_none_or(|stop| stop.status != Status::Damaged));
    }

    #[test]
    fn changing_a_byte_anywhere_keeps_what_comes_before(bytes in any_capture(), at in any::<proptest::sample::Index>(), to: u8) {
        let (at, mut changed) = (at.index(bytes.len()), bytes.clone());
        changed[at] = to;
        let (whole, changed) = (read(&bytes), read(&changed));
        let before = whole.frames.iter().filter(|(frame, data)| frame.position as usize + data.len() + 8 <= at).count();
        prop_assert!(at < 60 || changed.frames.len() >= before);
        prop_assert!(at < 60 || changed.frames[..before] == whole.frames[..before]);
    }

    #[test]
    fn random_bytes_never_panic(start in 0..8usize, rest in proptest::collection::vec(any::<u8>(), 0..300)) {
        let starts = [&PCAP[..], &PCAP[..4], &[0x0a, 0x0d, 0x0d, 0x0a], &[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd], &[0xfd, b'7', b'z', b'X', b'Z', 0], b"BZh9", &[0x04, 0x22, 0x4d, 0x18]];
        read(&[starts[start], &rest].concat());
    }
}
