//! Any segments: the payload that is placed is, byte for byte, what a naive map of each flow has.
//!
//! Each segment takes twelve bytes: ends and transport, flags, sequence number, acknowledgement, length, checksum and the
//! like, time.

use std::collections::BTreeMap;

use flowcase::model::{Checksum, Endpoint, Flags, FlowId, Limits, Path, Segment, Timestamp, Transport};
use flowcase::reassemble::part::Kind;
use flowcase::track::{Event, Stamp, Tracker};

/// A flow as the store would have it.
#[derive(Default)]
struct Flow {
    base: i64,
    covered: BTreeMap<i64, ()>,
}

pub fn run(data: &[u8]) {
    let limits = Limits { max_jump: 1 << 16, max_parts: 4, max_ranges: 16, max_generations: 4, ..Limits::default() };
    let mut tracker = Tracker::new(limits, 1, 1);
    let mut flows: BTreeMap<FlowId, Flow> = BTreeMap::new();
    let (mut seconds, mut number) = (0, 0);
    for &[ends, flags, s0, s1, s2, s3, a0, a1, length, bits, cut, later] in data.as_chunks().0 {
        number += 1;
        seconds += i64::from(later >> 2);
        let payload = vec![length; usize::from(length)];
        let end = |n: u8| Endpoint { ip: [10, 0, 0, n].into(), port: n.into() };
        let segment = Segment {
            transport: if ends & 0x80 == 0 { Transport::Tcp } else { Transport::Udp },
            src: end(ends & 3),
            dst: end(ends >> 2 & 3),
            path: Path::default(),
            mac: None,
            seq: u32::from_be_bytes([s0 & 0x80, s1, s2, s3]),
            ack: u32::from_be_bytes([0, a0 & 1, a0, a1]),
            flags: Flags(flags),
            window: u16::from(bits) << 4,
            window_scale: (bits & 1 == 1).then_some(bits >> 4),
            ttl: 64,
            checksum: [Checksum::Good, Checksum::Bad, Checksum::Unknown][usize::from(bits % 3)],
            payload: &payload,
            missing: u32::from(cut & 7 == 7) * u32::from(cut),
        };
        let mut events = Vec::new();
        let at = Stamp { time: Timestamp::new(seconds, 0), capture: 1, frame: number };
        tracker.observe(at, &segment, &mut events);
        events.drain(..).for_each(|event| follow(event, &mut flows, payload.len()));
        if later & 3 == 3 {
            tracker.rest_idlest(&mut events);
            for event in events {
                if let Event::Rests(connection) = event {
                    let state = postcard::to_stdvec(&connection).unwrap();
                    tracker.resume(postcard::from_bytes(&state).unwrap());
                }
            }
        }
    }
    for (connection, _) in tracker.finish() {
        for direction in &connection.directions {
            let parts = direction.flows().zip(direction.stream.parts());
            for (flow, part) in parts.filter(|(_, part)| part.stored() > 0) {
                let known = &flows[&flow.id];
                assert_eq!(part.base(), known.base);
                assert_eq!(part.stored() as usize, known.covered.len());
                let gaps: u64 = part.gaps().iter().map(|(_, length)| length).sum();
                assert_eq!(part.stored() + gaps, part.length());
            }
        }
    }
}

fn follow(event: Event, flows: &mut BTreeMap<FlowId, Flow>, length: usize) {
    match event {
        Event::Begun(begun) => drop(flows.entry(begun.flow).or_default()),
        Event::Rebased { flow, base } => {
            let flow = flows.get_mut(&flow).expect("begun before");
            flow.base = base;
            flow.covered = flow.covered.split_off(&base);
        }
        Event::Placed { flow, placement } => {
            let flow = flows.get_mut(&flow).expect("begun before");
            assert!(placement.payload.start < placement.payload.end && placement.payload.end as usize <= length);
            assert!(placement.position >= flow.base);
            for position in (placement.position..).take(placement.payload.len()) {
                let was_there = flow.covered.insert(position, ()).is_some();
                assert_eq!(was_there, placement.kind != Kind::New);
            }
        }
        Event::Settled(_) | Event::Unsettled(_) | Event::Rests(_) | Event::Ended(_) => {}
    }
}
