//! Segments in, events and judgements out, as text.
//!
//! A line is one segment: `1>2 PA 101 =hello ack=501 -> f1 new 0..5`. Endpoint *n* is 10.0.0.*n*:*n*; then flags, sequence
//! number, and any of `=payload`, `ack=`, `win=`, `vlan=`, `missing=`, `bad` (checksum), `udp`, `t=` (seconds). Behind `->`
//! stand the events, ` / ` between them. Lines with `=` in front are what the connections are at the end: number, state,
//! history, and the anomalies. Segments are a second apart.

use proptest::prelude::*;

use super::*;
use crate::model::{Checksum, Endpoint, Flags, Hop, Limits, Path, Segment, Timestamp, Transport};

mod dormant;
mod judgement;
mod room;

#[derive(Clone, Debug)]
struct Line {
    time: Timestamp,
    ends: [u8; 2],
    flags: Flags,
    seq: u32,
    ack: u32,
    window: u16,
    vlan: Option<u16>,
    missing: u32,
    checksum: Checksum,
    transport: Transport,
    payload: String,
}

impl Line {
    fn parse(text: &str, time: Timestamp) -> Line {
        let mut words = text.split_whitespace();
        let mut word = || words.next().unwrap_or_else(|| panic!("too short: {text}"));
        let (src, dst) = word().split_once('>').unwrap();
        let ends = [src, dst].map(|end| end.parse().unwrap());
        let (flags, seq) = (flags(word()), word().parse().unwrap());
        let (vlan, missing, checksum, transport) = (None, 0, Checksum::Good, Transport::Tcp);
        let (ack, window, payload) = (0, 8192, String::new());
        let mut line = Line { time, ends, flags, seq, ack, window, vlan, missing, checksum, transport, payload };
        words.for_each(|word| line.option(word));
        line
    }

    fn option(&mut self, word: &str) {
        match word.split_once('=') {
            Some(("", payload)) => self.payload = payload.to_owned(),
            Some(("ack", ack)) => self.ack = ack.parse().unwrap(),
            Some(("win", window)) => self.window = window.parse().unwrap(),
            Some(("vlan", id)) => self.vlan = Some(id.parse().unwrap()),
            Some(("missing", bytes)) => self.missing = bytes.parse().unwrap(),
            Some(("t", seconds)) => self.time = Timestamp::new(seconds.parse().unwrap(), 0).unwrap(),
            _ if word == "bad" => self.checksum = Checksum::Bad,
            _ if word == "udp" => self.transport = Transport::Udp,
            _ => panic!("no option: {word}"),
        }
    }

    fn segment(&self) -> Segment<'_> {
        let [src, dst] = self.ends.map(|n| Endpoint { ip: [10, 0, 0, n].into(), port: n.into() });
        Segment {
            transport: self.transport,
            src,
            dst,
            path: Path(self.vlan.map(Hop::Vlan).into_iter().collect()),
            mac: None,
            seq: self.seq,
            ack: self.ack,
            flags: self.flags,
            window: self.window,
            window_scale: None,
            ttl: 64,
            checksum: self.checksum,
            payload: self.payload.as_bytes(),
            missing: self.missing,
        }
    }
}

fn flags(letters: &str) -> Flags {
    letters.chars().fold(Flags(0), |flags, letter| {
        flags
            | match letter {
                'S' => Flags::SYN,
                'F' => Flags::FIN,
                'R' => Flags::RST,
                'P' => Flags::PSH,
                'A' => Flags::ACK,
                _ => Flags(0),
            }
    })
}

/// Runs a script and compares events line by line, then the judgements.
#[track_caller]
fn check(script: &str) {
    check_with(Limits::default(), script);
}

#[track_caller]
fn check_with(limits: Limits, script: &str) {
    let (mut tracker, mut ended, mut made) = (Tracker::new(limits, 1, 1), Vec::new(), Vec::new());
    let (mut time, mut frame) = (Timestamp(0), 0);
    let lines: Vec<&str> = script.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    for line in lines.iter().filter(|line| !line.starts_with('=')) {
        let text = line.split("->").next().unwrap_or_default().trim();
        let parsed = Line::parse(text, Timestamp::new(time.seconds() + 1, 0).unwrap());
        time = parsed.time;
        frame += 1;
        let mut events = Vec::new();
        tracker.observe(Stamp { time: Some(time), capture: 1, frame }, &parsed.segment(), &mut events);
        let told: Vec<String> = events.iter().map(without_addresses).collect();
        made.push(format!("{text}{}{}", if told.is_empty() { "" } else { " -> " }, told.join(" / ")));
        ended.extend(events.into_iter().filter_map(|event| match event {
            Event::Ended(connection) => Some(connection),
            _ => None,
        }));
    }
    ended.extend(tracker.finish().map(|(connection, _)| connection));
    ended.sort_by_key(|connection| connection.id);
    made.extend(ended.iter().map(|connection| format!("= {}", judged(connection))));
    let squeeze = |line: &str| line.split_whitespace().collect::<Vec<_>>().join(" ");
    let expected: Vec<String> = lines.iter().map(|line| squeeze(line)).collect();
    let made: Vec<String> = made.iter().map(|line| squeeze(line)).collect();
    assert!(made == expected, "expected:\n{}\nmade:\n{}", expected.join("\n"), made.join("\n"));
}

fn without_addresses(event: &Event) -> String {
    event
        .to_string()
        .replace("10.0.0.", "")
        .replace("1:1>", "1>")
        .replace("2:2>", "2>")
        .replace(">1:1", ">1")
        .replace(">2:2", ">2")
}

/// `c1 SF ShADadFf`, and behind it the anomalies: `f1 jump x2`.
fn judged(connection: &Connection) -> String {
    let mut text = format!("c{} {} {}", connection.id, connection.state(), connection.history());
    for strange in connection.strange() {
        text += &format!(" f{} {}", strange.flow, strange.kind.name());
        if strange.count > 1 {
            text += &format!(" x{}", strange.count);
        }
    }
    text
}

#[test]
fn a_syn_with_another_number_opens_a_new_generation() {
    check(
        "1>2 S  100
         1>2 PA 101 =one     -> f1 begun 1>2 / f1 base 0 / f1 new 0..3
         1>2 S  900
         1>2 PA 901 =two     -> f2 begun 1>2 / f2 base 0 / f2 new 0..3
         1>2 PA 104 =more    -> f1 new 3..7
         = c1 S0 SD
         = c2 S0 SD",
    );
}

#[test]
fn a_syn_sent_again_opens_nothing() {
    check(
        "1>2 S 100
         1>2 S 100
         2>1 SA 500 ack=101
         2>1 SA 500 ack=101
         = c1 S1 Sh",
    );
}

#[test]
fn a_closed_connection_gives_way_to_the_same_syn() {
    check(
        "1>2 S 100
         2>1 RA 0 ack=101
         1>2 S 100
         = c1 REJ Sr
         = c2 S0 S",
    );
    check(
        "1>2 FA 100 ack=500
         2>1 FA 500 ack=101
         1>2 S 99
         = c1 OTH Ff
         = c2 S0 S",
    );
}

#[test]
fn a_connection_that_was_silent_too_long_is_over() {
    let idle = |seconds: i64| Limits { idle_ns: Some(seconds * 1_000_000_000), ..Limits::default() };
    check_with(
        idle(600),
        "1>2 S  100
         2>1 SA 500 ack=101
         1>2 PA 101 =one t=602 -> f1 begun 1>2 / f1 base 0 / f1 new 0..3
         1>2 PA 104 =two t=1203 -> c1 ended S1 / f3 begun 1>2 / f3 base 0 / f3 new 0..3
         = c1 S1 ShD
         = c2 OTH D",
    );
    // one that nobody answered is over sooner
    check_with(
        idle(600),
        "1>2 S  100
         1>2 PA 101 =one t=122 -> c1 ended S0 / f2 begun 1>2 / f2 base 0 / f2 new 0..3
         = c1 S0 S
         = c2 OTH D",
    );
}

#[test]
fn a_late_syn_fixes_position_zero() {
    check(
        "1>2 PA 111 =world -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 S 100         -> f1 base -10
         1>2 PA 101 =0123456789 -> f1 new -10..0
         = c1 S0 DS",
    );
}

#[test]
fn bytes_before_a_late_syn_are_no_data() {
    check(
        "1>2 PA 101 =world -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 S 102         -> f1 base 2
         = c1 S0 DS f1 data_before_syn",
    );
}

#[test]
fn without_a_syn_earlier_bytes_move_the_base() {
    check(
        "1>2 PA 111 =world -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 PA 106 =hello -> f1 base -5 / f1 new -5..0
         = c1 OTH D",
    );
}

#[test]
fn payload_of_a_syn_is_data() {
    check(
        "1>2 S 100 =fast -> f1 begun 1>2 / f1 base 0 / f1 new 0..4
         2>1 SA 500 ack=105
         1>2 PA 105 ack=501 =open -> f1 new 4..8
         = c1 S1 SDh",
    );
}

#[test]
fn overlaps_are_told_and_wrap_with_the_numbers() {
    check(
        "1>2 PA 4294967290 =hello -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 PA 4 =world          -> f1 new 10..15
         1>2 PA 4294967293 =loXXXXXXXX -> f1 again 3..5 / f1 new 5..10 / f1 again 10..13
         = c1 OTH DT",
    );
}

#[test]
fn a_good_copy_is_better_than_a_bad_one() {
    check(
        "1>2 PA 1 =hello bad -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 PA 1 =hello     -> f1 better 0..5
         1>2 PA 1 =hello     -> f1 again 0..5
         = c1 OTH CDT",
    );
}

#[test]
fn a_rst_out_of_the_window_ends_nothing() {
    check(
        "1>2 S 100
         2>1 SA 500 ack=101 win=100
         1>2 A 101 ack=501
         1>2 R 90000
         1>2 PA 101 ack=501 =on -> f1 begun 1>2 / f1 base 0 / f1 new 0..2
         = c1 S1 ShARD f1 rst_out_of_window",
    );
}

#[test]
fn payload_of_a_rst_and_bytes_past_a_fin_are_no_data() {
    check(
        "1>2 S 100
         2>1 SA 500 ack=101
         1>2 FA 101 ack=501
         1>2 PA 102 ack=501 =more
         2>1 RA 501 ack=102 =because
         = c1 RSTR ShFDr f1 data_past_fin f2 rst_payload",
    );
}

#[test]
fn a_keep_alive_places_nothing() {
    check(
        "1>2 S 100
         1>2 PA 101 =hello -> f1 begun 1>2 / f1 base 0 / f1 new 0..5
         1>2 A 105 =x
         1>2 A 105
         1>2 PA 105 =ox -> f1 again 4..5 / f1 new 5..6
         = c1 S0 SDAT",
    );
}

#[test]
fn a_jump_opens_another_part() {
    check_with(
        Limits { max_jump: 1000, ..Limits::default() },
        "1>2 S 100
         1>2 PA 101 =near  -> f1 begun 1>2 / f1 base 0 / f1 new 0..4
         1>2 PA 5000 =far  -> f2 begun 1>2 / f2 base 0 / f2 new 0..3
         1>2 PA 5003 =away -> f2 new 3..7
         1>2 PA 105 =by    -> f1 new 4..6
         1>2 PA 1107 =hole -> f1 new 1006..1010
         1>2 PA 4100 =low  -> f2 base -900 / f2 new -900..-897
         = c1 S0 SDG f2 jump",
    );
}

#[test]
fn a_closed_connection_takes_stragglers_for_120_seconds() {
    check(
        "1>2 FA 100 ack=500
         2>1 FA 500 ack=101 t=10
         1>2 PA 95 =early t=130 -> f1 begun 1>2 / f1 base -5 / f1 new -5..0
         1>2 PA 90 =later t=131 -> c1 ended OTH / f3 begun 1>2 / f3 base 0 / f3 new 0..5
         = c1 OTH FfD
         = c2 OTH D",
    );
}

#[test]
fn a_segment_on_another_path_joins_what_it_continues() {
    check(
        "1>2 S 100 vlan=1
         2>1 SA 500 ack=101 vlan=2
         1>2 PA 101 ack=501 =ask vlan=1 -> f1 begun 1>2 / f1 base 0 / f1 new 0..3
         1>2 PA 104 ack=501 =on vlan=3  -> f1 new 3..5
         = c1 S1 ShD f1 path_changed",
    );
}

#[test]
fn datagrams_follow_each_other_and_are_no_part_of_a_tcp_connection() {
    check(
        "1>2 S 100
         1>2 . 0 udp =ask          -> f2 begun 1>2 / f2 base 0 / f2 new 0..3
         2>1 . 0 udp =yes          -> f3 begun 2>1 / f3 base 0 / f3 new 0..3
         1>2 . 0 udp =on missing=4 -> f2 new 3..5
         1>2 . 0 udp =and          -> f2 new 9..12
         1>2 . 0 udp vlan=7 =two   -> f4 begun 1>2 / f4 base 0 / f4 new 0..3
         = c1 S0 S
         = c2 SF DdG
         = c3 S0 D",
    );
}

#[test]
fn a_syn_of_its_own_on_another_path_is_another_connection() {
    check(
        "1>2 S 100 vlan=1
         1>2 S 100 vlan=2
         2>1 SA 500 ack=101 vlan=1
         2>1 SA 700 ack=101 vlan=2
         = c1 S1 Sh
         = c2 S1 Sh",
    );
}

#[test]
fn one_endpoint_can_talk_to_itself() {
    check(
        "1>1 S 100
         1>1 PA 101 =echo -> f1 begun 1>1 / f1 base 0 / f1 new 0..4
         = c1 S0 SD",
    );
}

#[test]
fn flags_of_bad_checksums_count_until_a_good_one_was_shown() {
    check(
        "1>2 S 100 bad
         1>2 FA 101 bad
         = c1 SH CSF",
    );
    check(
        "1>2 S 100
         1>2 FA 101 bad
         = c1 S0 SCA f1 bad_checksum_flags",
    );
}

#[test]
fn a_later_syn_corrects_the_roles() {
    check(
        "2>1 PA 501 ack=101 =hello -> f1 begun 2>1 / f1 base 0 / f1 new 0..5
         1>2 S 100
         2>1 SA 500 ack=101 -> f1 base 0
         = c1 S1 ^dSh",
    );
}

#[test]
fn snap_length_leaves_holes_and_a_missing_tail() {
    check(
        "1>2 S 100
         1>2 PA 101 =cut missing=7 -> f1 begun 1>2 / f1 base 0 / f1 new 0..3
         1>2 PA 111 =cut missing=7 -> f1 new 10..13
         = c1 S0 SDG",
    );
}
