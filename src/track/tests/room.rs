//! What a connection takes: in memory, of which a million may be open, and at rest.

use super::*;

const CLOSED: &str = "1>2 S 3000000000
    2>1 SA 2000000000 ack=3000000001
    1>2 A 3000000001 ack=2000000001
    1>2 PA 3000000001 ack=2000000001 =ask
    2>1 PA 2000000001 ack=3000000004 =answer
    2>1 A 2000000007 ack=3000000004
    1>2 FA 3000000004 ack=2000000007
    2>1 FA 2000000007 ack=3000000005
    1>2 A 3000000005 ack=2000000008";

/// The only connection of a script, its ports and addresses as long as they get.
fn connection(script: &str) -> Connection {
    let (mut tracker, mut events) = (Tracker::new(Limits::default(), 1_000_000, 1_500_000), Vec::new());
    for (frame, text) in (1..).zip(script.lines().map(str::trim)) {
        let time = Timestamp::new(1_700_000_000 + frame, 123_456_789).unwrap();
        let line = Line::parse(text, time);
        let [src, dst] = line.ends.map(|n| Endpoint { ip: [250, 251, 252, n].into(), port: 50_000 + u16::from(n) });
        let mac = if line.ends[0] == 1 { [[2; 6], [3; 6]] } else { [[3; 6], [2; 6]] };
        let segment = Segment { src, dst, mac: Some(mac), ..line.segment() };
        let at = Stamp { time: Some(time), capture: 1, frame: frame as u64 };
        tracker.observe(at, &segment, &mut events);
    }
    *tracker.finish().next().unwrap().0
}

#[test]
fn a_connection_takes_little_memory() {
    // what a table adds to it: see `slab`
    assert!(size_of::<Connection>() <= 216, "{}", size_of::<Connection>());
    assert!(connection(CLOSED).rare.get().is_none());
}

#[test]
fn a_connection_at_rest_takes_few_bytes() {
    let bytes = |script| postcard::to_stdvec(&connection(script)).unwrap().len();
    let (syn, closed) = (bytes("1>2 S 3000000000"), bytes(CLOSED));
    assert!(syn <= 90 && closed <= 150, "{syn} {closed}");
}
