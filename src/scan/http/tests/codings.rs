//! Codings undone, damaged and endless.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};

use super::{ask, told, told_with_gap};

/// `brotli brotli brotli brotli`, coded by the reference implementation.
const BROTLI: &[u8] = &[
    0x1b, 0x1a, 0x00, 0xf8, 0x8d, 0x54, 0xb5, 0xbf, 0x06, 0x11, 0x93, 0xa3, 0x93, 0x69, 0x6c, 0x6f, 0x31, 0x4f, 0x24,
    0x50, 0xfb, 0x00,
];

pub fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn zlib(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn deflate(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A response with this body, coded as `headers` say.
pub fn coded(headers: &str, body: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\n{headers}\r\nContent-Length: {}\r\n\r\n", body.len());
    [head.as_bytes(), body].concat()
}

/// What is found of such a response.
fn respond(headers: &str, body: &[u8]) -> Vec<String> {
    told(&ask(&["GET"]), &coded(headers, body))
}

#[test]
fn every_coding_is_undone() {
    let text = b"the same, the same, the same, the same";
    let bodies = [
        ("gzip", gzip(text)),
        ("X-GZIP", gzip(text)),
        ("deflate", zlib(text)),
        ("deflate", deflate(text)),
        ("zstd", zstd::encode_all(&text[..], 3).unwrap()),
        ("gzip", [gzip(&text[..9]), gzip(&text[9..])].concat()),
        ("zstd", [zstd::encode_all(&text[..9], 3).unwrap(), zstd::encode_all(&text[9..], 3).unwrap()].concat()),
        ("deflate, gzip, identity", gzip(&zlib(text))),
        ("gzip, zstd", zstd::encode_all(&gzip(text)[..], 3).unwrap()),
    ];
    for (name, body) in bodies {
        let lines = respond(&format!("Content-Encoding: {name}"), &body);
        assert!(lines[0].contains(r#" 38 true "the same, the same, the same, the same""#), "{name}: {lines:?}");
        assert!(lines[1].ends_with(&format!("> 200 0#- {}#1 complete", body.len())), "{name}: {lines:?}");
    }
}

#[test]
fn brotli_is_undone() {
    let lines = respond("Content-Encoding: br", BROTLI);
    assert!(lines[0].contains(r#" 27 true "brotli brotli brotli brotli""#), "{lines:?}");
}

#[test]
fn transfer_codings_are_undone() {
    let body = gzip(b"of the transfer");
    let head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n";
    let (one, two) = body.split_at(7);
    let chunks = |parts: &[&[u8]]| {
        parts
            .iter()
            .flat_map(|part| [format!("{:x}\r\n", part.len()).as_bytes(), part, b"\r\n"].concat())
            .collect::<Vec<_>>()
    };
    let response = [&head[..], &chunks(&[one, two]), b"0\r\n\r\n"].concat();
    let lines = told(&ask(&["GET"]), &response);
    assert!(lines[0].contains(r#" 15 true "of the transfer""#), "{lines:?}");
    let each: Vec<&[u8]> = body.chunks(1).collect();
    let response = [&head[..], &chunks(&each), b"0\r\n\r\n"].concat();
    assert!(told(&ask(&["GET"]), &response)[0].contains(r#" 15 true "#), "byte by byte");
}

#[test]
fn what_came_before_the_damage_stays() {
    let text: String = (0..100_000u32).map(|i| format!("{} ", i.wrapping_mul(0x9e37_79b9))).collect();
    let text = text.as_bytes();
    let mut zstd = zstd::Encoder::new(Vec::new(), 3).unwrap();
    zstd.include_checksum(true).unwrap();
    zstd.write_all(text).unwrap();
    for (name, body) in [("gzip", gzip(text)), ("deflate", zlib(text)), ("zstd", zstd.finish().unwrap())] {
        let early = respond(&format!("Content-Encoding: {name}"), &body[..body.len() / 2]);
        assert!(early[0].ends_with("a coded body ends early"), "{name}: {early:?}");
        let size: usize = early[1].split(' ').nth(6).unwrap().parse().unwrap();
        assert!(size > 300_000 && early[1].contains(" false "), "{name}: {early:?}");
        let mut damaged = body.clone();
        damaged[body.len() * 3 / 4..][..32].fill(0xff);
        let lines = respond(&format!("Content-Encoding: {name}"), &damaged);
        assert!(lines[0].ends_with("a coded body is damaged: cut there"), "{name}: {lines:?}");
        let size: usize = lines[1].split(' ').nth(6).unwrap().parse().unwrap();
        assert!(size > 400_000 && lines[1].contains(" false "), "{name}: {lines:?}");
    }
}

#[test]
fn a_hole_in_a_coded_body_cuts_it() {
    let response =
        coded("Content-Encoding: gzip", &gzip(&(0..50_000u32).flat_map(u32::to_le_bytes).collect::<Vec<_>>()));
    let middle = response.len() as u64 / 2;
    let lines = told_with_gap(&ask(&["GET"]), &response, middle..middle + 10);
    assert!(lines[0].ends_with("a hole of 10 bytes in a body: cut there"), "{lines:?}");
    assert!(lines[1].contains(" false ") && lines.len() == 3, "{lines:?}");
}

#[test]
fn bodies_that_are_not_what_they_say_are_kept() {
    for name in ["gzip", "br", "zstd", "deflate"] {
        let lines = respond(&format!("Content-Encoding: {name}"), b"<html>not coded at all</html>");
        assert!(lines[0].ends_with("a body is not coded as it says: kept as it came"), "{name}: {lines:?}");
        assert!(lines[1].contains(r#" 29 false "<html>not coded at all</html>""#), "{name}: {lines:?}");
    }
    let lines = respond("Content-Encoding: compress", b"\x1f\x9d");
    assert!(lines[0].ends_with("a body is coded in a way that is not known: kept as it came"), "{lines:?}");
    let lines = respond(
        &format!("Content-Encoding: gzip{}", ", gzip".repeat(8)),
        &(0..9).fold(b"deep".to_vec(), |body, _| gzip(&body)),
    );
    assert!(lines[0].ends_with("a body is coded more often than the limit: the innermost codings stay"), "{lines:?}");
    assert!(lines[1].contains(&format!(" {} false ", gzip(b"deep").len())), "{lines:?}");
    let lines = respond("Content-Encoding: gzip", &[gzip(b"abc"), b"junk".to_vec()].concat());
    assert!(lines[0].ends_with("bytes follow the end of a coded body: left out"), "{lines:?}");
    assert!(lines[1].contains(r#" 3 false "abc""#), "{lines:?}");
}
