//! Numbers for pictures, against cases small enough to count by hand.

use super::super::fixture::*;
use super::super::rows::*;
use super::super::{Columns, Measure, OverTime, Reader, SIZES, Service, size_class};
use crate::model::{Path, Timestamp, Transport};

const HTTP: Service = Service { transport: 6, port: 80 };
const DNS: Service = Service { transport: 17, port: 53 };

/// Packets, bytes, first and last second.
type Sent = (u64, u64, Option<(i64, i64)>);

/// A connection whose sides have packets, bytes and, in seconds, first and last frame.
fn put(writer: &mut super::super::Writer, id: u64, ends: [&str; 2], udp: bool, sides: [Sent; 2]) {
    let span = |span: Option<(i64, i64)>| span.and_then(|(start, end)| at(start).zip(at(end)));
    let side = |i: usize| SideRow {
        endpoint: endpoint(ends[i]),
        flow: Some(2 * id - 1 + i as u64),
        has_file: sides[i].1 > 0,
        packets: sides[i].0,
        stored_bytes: sides[i].1,
        span: span(sides[i].2),
        isn: None,
        vlan: None,
        mac: None,
    };
    let row = ConnectionRow {
        id,
        transport: if udp { Transport::Udp } else { Transport::Tcp },
        path: Path::default(),
        span: span(sides[0].2),
        state: "SF",
        history: String::new(),
        retransmitted_bytes: 0,
        out_of_order: 0,
        rest: Rest::Over,
        sides: [side(0), side(1)],
    };
    writer.put(Row::Connection(Box::new(row))).unwrap();
}

/// Two of HTTP, one of DNS over UDP, one that was never answered, one without times.
fn case() -> (Case, Reader) {
    let (case, mut writer) = Case::new();
    let http = "192.0.2.1:80";
    put(&mut writer, 1, ["10.0.0.1:50000", http], false, [(4, 100, Some((0, 8))), (6, 1000, Some((2, 4)))]);
    put(&mut writer, 2, ["10.0.0.2:50001", http], false, [(1, 50, Some((9, 9))), (2, 500, Some((4, 5)))]);
    put(
        &mut writer,
        3,
        ["[2001:db8::5]:40000", "[2001:db8::53]:53"],
        true,
        [(1, 30, Some((1, 1))), (1, 70, Some((1, 1)))],
    );
    put(&mut writer, 4, ["10.0.0.1:50002", "192.0.2.9:22"], false, [(3, 0, Some((3, 6))), (0, 0, None)]);
    put(&mut writer, 5, ["10.0.0.3:50003", "192.0.2.1:8080"], false, [(5, 7, None), (0, 0, None)]);
    writer.commit().unwrap();
    writer.finish().unwrap();
    let reader = case.reader();
    (case, reader)
}

fn groups(gathered: &super::super::Gathered, measure: Measure) -> String {
    let group = |group: &super::super::Group| format!("{} {}", group.prefix, group.weight.by(measure));
    gathered.groups.iter().map(group).collect::<Vec<_>>().join(", ")
}

#[test]
fn the_heaviest_by_bytes_and_by_packets() {
    let (_case, reader) = case();
    let top = reader.top(Measure::Bytes, 10).unwrap();
    let services: Vec<_> =
        top.services.iter().map(|(service, weight)| (service.port, weight.bytes, weight.packets)).collect();
    assert_eq!(services, [(80, 1650, 13), (53, 100, 2), (8080, 7, 5), (22, 0, 3)]);
    assert_eq!((top.services[1].0, top.total.bytes, top.total.packets, top.total.connections), (DNS, 1757, 23, 5));
    assert_eq!(
        groups(&top.sources, Measure::Bytes),
        "192.0.2.1 1500, 10.0.0.1 100, 2001:db8::53 70, 10.0.0.2 50, 2001:db8::5 30, 10.0.0.3 7"
    );
    assert_eq!(
        groups(&top.destinations, Measure::Bytes),
        "10.0.0.1 1000, 10.0.0.2 500, 192.0.2.1 157, 2001:db8::5 70, 2001:db8::53 30, 192.0.2.9 0"
    );
    assert_eq!(groups(&top.resp_ports, Measure::Bytes), "80 1650, 53 100, 8080 7, 22 0");
    assert_eq!(groups(&top.orig_ports, Measure::Bytes), "50000 1100, 50001 550, 40000 100, 50003 7, 50002 0");
    let top = reader.top(Measure::Packets, 3).unwrap();
    assert_eq!(groups(&top.sources, Measure::Packets), "10.0.0.0/24 13, 192.0.2.1 8, 2001:db8::/64 2");
    assert_eq!(top.sources.groups[0].members, 3);
}

#[test]
fn payload_is_spread_from_first_frame_to_last() {
    let (_case, reader) = case();
    let columns = Columns { start_ns: 0, width_ns: 2_000_000_000, count: 5 };
    let over = reader.over_time(&columns, &[HTTP, DNS], Measure::Bytes).unwrap();
    // 100 bytes in 8 s, 1000 in 2 s, 500 in 1 s, 50 at once; each column is 2 s
    assert_eq!(over.services[0], [25.0, 1025.0, 525.0, 25.0, 50.0]);
    assert_eq!(over.services[1], [100.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(over.services[2], [0.0; 5], "no payload, or no time");
    assert_eq!(over.untimed, 7);
    // the connection without payload: 3 packets from 3 s to 6 s
    assert_eq!(class(&over, 0), [0.0, 1.0, 2.0, 0.0, 0.0]);
    assert_eq!(class(&over, 100), [2.0, 0.0, 0.0, 0.0, 0.0]);
    assert_eq!(class(&over, 550), [0.0, 0.0, 2.0, 0.0, 1.0]);
    assert_eq!(class(&over, 1100), [1.0, 7.0, 1.0, 1.0, 0.0]);
    let all: f64 = over.fall.iter().flatten().sum();
    assert!((all - 18.0).abs() < 1e-9, "{all}");
}

fn class(over: &OverTime, bytes: u64) -> Vec<f64> {
    over.fall.iter().map(|cells| cells[size_class(bytes)]).collect()
}

#[test]
fn what_lies_outside_goes_to_the_ends_and_nothing_overflows() {
    let (case, mut writer) = Case::new();
    let ends = ["10.0.0.1:1", "10.0.0.2:80"];
    put(&mut writer, 1, ends, false, [(1, 8, Some((-5, 50))), (1, u64::MAX >> 1, Some((7, 3)))]);
    writer.commit().unwrap();
    writer.finish().unwrap();
    let reader = case.reader();
    for columns in [
        Columns { start_ns: 0, width_ns: 1_000_000_000, count: 10 },
        Columns { start_ns: i64::MIN, width_ns: 1, count: 3 },
        Columns { start_ns: i64::MAX, width_ns: i64::MAX, count: 1 },
    ] {
        let over = reader.over_time(&columns, &[HTTP], Measure::Packets).unwrap();
        assert!((over.services[0].iter().sum::<f64>() - 2.0).abs() < 1e-9, "{columns:?}");
    }
    assert_eq!(
        reader.totals().unwrap().span,
        at(-5).zip(at(50)).map(|(first, last): (Timestamp, Timestamp)| (first, last))
    );
}

#[test]
fn classes_of_size_are_at_1_2_5_10() {
    let floors = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000];
    for (i, floor) in floors.into_iter().enumerate() {
        assert_eq!((size_class(floor), size_class(floor - 1)), (i + 1, i), "{floor}");
    }
    assert_eq!((size_class(0), size_class(u64::MAX)), (0, SIZES - 1));
}

#[test]
fn an_empty_case_has_nothing_heavy() {
    let (case, mut writer) = Case::new();
    writer.commit().unwrap();
    writer.finish().unwrap();
    let top = case.reader().top(Measure::Packets, 8).unwrap();
    assert!(top.services.is_empty() && top.sources.groups.is_empty() && top.orig_ports.groups.is_empty());
}
