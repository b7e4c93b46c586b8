//! What is no capture, compressed captures, and captures cut and changed anywhere.

use std::io::Write;

use proptest::prelude::*;

use super::super::fixtures::{PCAP, enhanced, interface, pcap, read, section, text};
use super::super::sink::Order;
use super::*;
use crate::capture::Status;

#[test]
fn no_capture() {
    let unreadable =
        |bytes: &[u8], at: u64, message: &str| assert_eq!(text(bytes), format!("Unreadable Some({at}): {message}"));
    unreadable(b"", 0, "empty file: it ends at offset 0");
    unreadable(&PCAP[..5], 0, "file header at offset 0 is cut short: 5 of 24 bytes");
    unreadable(&PCAP[..2], 0, "file header at offset 0 is cut short: 2 of 24 bytes");
    unreadable(b"GET / HTTP/1.1\r\n", 0, "not a capture: 47 45 54 20 at offset 0");
    let mut version = PCAP;
    version[4] = 9;
    unreadable(&version, 4, "pcap version 9.4 at offset 4 is not known");
    unreadable(&section(Order::Little)[..20], 0, "file header at offset 0 is cut short: 20 of 28 bytes");
    let mut version = section(Order::Little);
    version[12] = 2;
    unreadable(&version, 0, "section header at offset 0 has the unknown version 2.0");
    version[8] = 0;
    unreadable(&version, 0, "section header at offset 0 has no known byte order");
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
fn an_lz4_stream_without_its_end_mark_is_cut_short() {
    let plain = pcap(&[(1, 0, b"a"), (2, 0, b"b")]);
    let mut lz4 = lz4_flex::frame::FrameEncoder::new(Vec::new());
    lz4.write_all(&plain).unwrap();
    lz4.flush().unwrap();
    let all = read(lz4.get_ref());
    assert_eq!(all.frames, read(&plain).frames);
    assert_eq!(all.stop.map(|stop| (stop.status, stop.offset)), Some((Status::Truncated, Some(plain.len() as u64))));
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
