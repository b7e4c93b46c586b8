//! Sections, interfaces, times, and every kind of damage at its offset.

use super::super::fixtures::{block, enhanced, halves, interface, section, text, words};
use super::super::sink::Order;

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
