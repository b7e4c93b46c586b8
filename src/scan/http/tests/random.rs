//! Any bytes: nothing panics, and no more comes out than may.

use fastrand::Rng;

use super::super::Http;
use super::codings::{coded, gzip};
use super::{answer, ask};
use crate::model::Transport;
use crate::scan::testing::{Memory, scan};

/// What two sides may say.
fn seeds() -> [Vec<Vec<u8>>; 2] {
    let form = b"POST /u HTTP/1.1\r\nContent-Type: multipart/form-data; boundary=b\r\nContent-Length: 32\r\n\r\n\
        --b\r\nContent-Type: x\r\n\r\nx\r\n--b--";
    let chunked =
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n10;x\r\n0123456789abcdef\r\n0\r\n\r\n";
    let text = b"again and again and again and again and again";
    [
        vec![ask(&["GET", "HEAD", "CONNECT"]), form.to_vec(), chunked.to_vec()],
        vec![
            answer("body"),
            chunked.to_vec(),
            coded("Content-Encoding: gzip", &gzip(text)),
            coded("Content-Encoding: zstd", &zstd::encode_all(&text[..], 1).unwrap()),
            coded("Content-Encoding: br\r\nContent-Encoding: deflate", text),
            b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\nto the end".to_vec(),
        ],
    ]
}

/// Messages one after the other, with bytes changed, lost and repeated.
fn mutant(seeds: &[Vec<u8>], rng: &mut Rng) -> Vec<u8> {
    let mut bytes: Vec<u8> = (0..rng.usize(1..5)).flat_map(|_| seeds[rng.usize(0..seeds.len())].clone()).collect();
    for _ in 0..rng.usize(0..6) {
        let at = rng.usize(0..bytes.len().max(1)).min(bytes.len());
        let to = (at + rng.usize(0..20)).min(bytes.len());
        match rng.u8(0..5) {
            0 => bytes[at..to].fill(rng.u8(..)),
            1 => drop(bytes.drain(at..to)),
            2 => bytes.splice(at..at, bytes[at..to].to_vec()).for_each(drop),
            3 => bytes.truncate(at.max(1)),
            _ => bytes.splice(at..at, b"\r\n".iter().copied()).for_each(drop),
        }
    }
    bytes
}

#[test]
fn mutants_are_survived() {
    let (seeds, mut rng) = (seeds(), Rng::with_seed(5));
    for _ in 0..4000 {
        let sides = seeds.each_ref().map(|seeds| mutant(seeds, &mut rng));
        let length = sides[0].len() + sides[1].len();
        let [orig, resp] = sides.map(|bytes| {
            let from = rng.u64(0..=bytes.len() as u64);
            let gap = from..rng.u64(from..=bytes.len() as u64);
            if rng.bool() || gap.is_empty() { Memory::new(&bytes) } else { Memory::with_gap(&bytes, gap) }
        });
        let lines = scan(&Http::default(), 80, Transport::Tcp, orig, resp);
        assert!(lines.len() <= length, "{lines:?}");
        assert!(!lines.iter().any(|line| line.starts_with("error")), "{lines:?}");
    }
}

#[test]
fn noise_after_a_head_is_survived() {
    let mut rng = Rng::with_seed(6);
    for _ in 0..300 {
        let noise: Vec<u8> = (0..rng.usize(0..3000)).map(|_| b"\r\n HTP/1.20:-a\xff\0"[rng.usize(0..16)]).collect();
        let [orig, resp] = [ask(&["GET"]), answer("x")].map(|head| Memory::new(&[head, noise.clone()].concat()));
        scan(&Http::default(), 80, Transport::Tcp, orig, resp);
    }
}
