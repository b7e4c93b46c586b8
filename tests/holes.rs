//! Flows that are mostly holes.

use crate::support::{Place, STORES, open, select, stderr};
use crate::traffic::packet::{ACK, PSH, Tcp};
use crate::traffic::{Capture, Frame, Link};

/// Under the default of `--max-jump`.
const STEP: u32 = (16 << 20) - 1;

/// A byte each time, and a hole before the next.
fn jumps(count: u32) -> Vec<Frame> {
    let ends = ["10.0.0.1:4000", "10.0.0.2:80"].map(|end| end.parse().unwrap());
    let jump = |number: u32| {
        let segment = Tcp { seq: number.wrapping_mul(STEP), ack: 1, flags: PSH | ACK, options: &[], payload: b"j" };
        Frame::ip(1_700_000_000_000_000_000 + i64::from(number) * 1000, true, ends, 64, 6, &segment.bytes(ends))
    };
    (0..count).map(jump).collect()
}

#[test]
fn what_is_mostly_holes_has_no_digests_and_says_so() {
    for place in STORES.map(Place::of) {
        let few = place.file("few.pcap", &Capture::on(Link::Ethernet).frames(jumps(3)).pcap());
        let many = place.file("many.pcap", &Capture::on(Link::Ethernet).frames(jumps(600)).pcap());
        let asked =
            "SELECT length, stored_bytes, sha256 IS NULL, (SELECT count(*) FROM anomalies WHERE kind = 'digest_limit')
            FROM flows";
        for (case, capture, says) in [("few", few, "33554431|3|0|0"), ("many", many, "10049551786|600|1|1")] {
            let output = place.ingest(case, &[capture]);
            assert_eq!(output.status.code(), Some(i32::from(case == "many")), "{}", stderr(&output));
            assert_eq!(select(&open(&place.path().join(case)), asked), [says]);
            assert!(place.run(&["verify", case]).status.success());
        }
    }
}
