//! The Internet checksum (RFC 1071) over a TCP segment or UDP datagram and its pseudo header (RFC 9293 §3.1, RFC 768,
//! RFC 8200 §8.1).
//!
//! A one's complement sum does not care about byte order nor about how many 16-bit words are added at once, so bytes
//! are added 4 at a time as the machine reads them, in 64 bits, which no segment can overflow, and folded at the end.

use std::net::IpAddr;

use super::frame::Frame;
use crate::model::{Checksum, Transport};

/// Whether the checksum of the segment or datagram that a frame begins with is right.
#[inline]
pub fn verify(protocol: Transport, frame: &Frame<'_>) -> Checksum {
    if frame.ip.routed || !frame.rest.is_complete() {
        return Checksum::Unknown;
    }
    match is_good(protocol, frame.ip.src, frame.ip.dst, frame.rest.seen()) {
        true => Checksum::Good,
        false => Checksum::Bad,
    }
}

fn is_good(protocol: Transport, src: IpAddr, dst: IpAddr, segment: &[u8]) -> bool {
    let protocol = u64::from(u32::from(protocol.number()).to_be());
    let length = u64::from((segment.len() as u32).to_be());
    fold(address(src) + address(dst) + protocol + length + sum(segment)) == 0xffff
}

fn address(ip: IpAddr) -> u64 {
    match ip {
        IpAddr::V4(ip) => u64::from(u32::from_ne_bytes(ip.octets())),
        IpAddr::V6(ip) => sum(&ip.octets()),
    }
}

/// Sum of the bytes as 32-bit words in the machine's order, the last one filled up with zeros.
fn sum(bytes: &[u8]) -> u64 {
    let (words, tail) = bytes.as_chunks::<4>();
    let words: u64 = words.iter().map(|word| u64::from(u32::from_ne_bytes(*word))).sum();
    let last = match *tail {
        [] => [0; 4],
        [a] => [a, 0, 0, 0],
        [a, b] => [a, b, 0, 0],
        [a, b, c, ..] => [a, b, c, 0],
    };
    words + u64::from(u32::from_ne_bytes(last))
}

fn fold(sum: u64) -> u16 {
    let sum = (sum >> 32) + (sum & 0xffff_ffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    let sum = (sum >> 16) + (sum & 0xffff);
    sum as u16
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 1071 as it reads: 16 bits after 16 bits, end-around carry.
    fn naive(bytes: &[u8]) -> u16 {
        bytes.chunks(2).fold(0u16, |sum, pair| {
            let word = u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]);
            let (sum, carry) = sum.overflowing_add(word);
            sum + u16::from(carry)
        })
    }

    proptest! {
        #[test]
        fn sums_as_the_naive_twin(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(fold(sum(&bytes)).to_be(), naive(&bytes));
        }
    }

    #[test]
    fn a_long_segment_of_ones_does_not_overflow() {
        let bytes = vec![0xff; 1 << 20];
        assert_eq!(fold(sum(&bytes)), naive(&bytes));
    }
}
