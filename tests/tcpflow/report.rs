//! report.xml in place of tcpflow's: the same flows with the same attributes, those without payload too.

use crate::support::Place;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Link};

/// A flow as a report tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Row {
    /// Empty where there is no file.
    pub name: String,
    /// Seconds as text, and microseconds.
    pub start: String,
    pub end: String,
    /// Addresses, ports, counts of what was strange, in the order of [`ATTRIBUTES`].
    pub attributes: Vec<String>,
    /// Sender and receiver, where the link has such addresses.
    pub macs: [String; 2],
    pub md5: String,
    pub packets: u64,
    /// Bytes of frames, on the wire and captured.
    pub length: u64,
    pub captured: u64,
}

const ATTRIBUTES: [&str; 7] =
    ["family", "src_ipn", "dst_ipn", "srcport", "dstport", "out_of_order_count", "violations"];

/// Where violations stand among the attributes.
pub const VIOLATIONS: usize = 6;

/// Bytes of the smallest frame with a segment: IPv4 without anything beneath.
const LEAST: u64 = 40;

/// The flows of a report, sorted.
pub fn rows(text: &str) -> Vec<Row> {
    let mut rows: Vec<Row> = text.split("<fileobject>").filter(|text| text.contains("startime")).map(row).collect();
    rows.sort();
    rows
}

/// What stands behind a tag, up to the next; nothing if there is no such tag.
fn between(text: &str, tag: &str) -> String {
    text.split_once(tag).map_or(String::new(), |(_, text)| text.split('<').next().unwrap().to_owned())
}

fn row(text: &str) -> Row {
    let element = text.rsplit("startime=").next().unwrap().split("/>").next().unwrap();
    let element = format!(" startime={element}");
    let attribute = |name: &str| -> String {
        let Some((_, value)) = element.split_once(&format!(" {name}=")) else { return String::new() };
        value[1..].split(&value[..1]).next().unwrap().to_owned()
    };
    let number = |name: &str| attribute(name).parse().unwrap_or_default();
    // tcpflow leaves out a fraction of zero, and has six digits
    let time = |name: &str| {
        let time = attribute(name);
        let (second, fraction) = time.trim_end_matches('Z').split_once('.').unwrap_or((time.trim_end_matches('Z'), ""));
        format!("{second}.{:0<6}", &fraction[..fraction.len().min(6)])
    };
    let length = number("len");
    Row {
        name: between(text, "<filename>"),
        start: time("startime"),
        end: time("endtime"),
        attributes: ATTRIBUTES.iter().map(|name| attribute(name)).collect(),
        macs: ["mac_saddr", "mac_daddr"].map(attribute),
        md5: between(text, "type=\"md5\">") + &between(text, "type='MD5'>"),
        packets: number("packets"),
        length,
        captured: if element.contains("caplen=") { number("caplen") } else { length },
    }
}

/// Makes ours be theirs where they may differ: frames before the first payload and behind the end of a connection count, and ends
/// that sent neither a SYN nor payload are told. Of what tcpflow does not store it says that it is empty.
pub fn settle(ours: &mut Vec<Row>, theirs: &[Row], stores: bool) {
    if theirs.is_empty() && !stores {
        return ours.clear();
    }
    let mut left = std::mem::take(ours);
    for row in theirs {
        if let Some(place) = left.iter().position(|other| other.tells(row, stores)) {
            left.remove(place);
            ours.push(row.clone());
        }
    }
    ours.extend(left.into_iter().filter(|row| !row.name.is_empty()));
    ours.sort();
}

impl Row {
    /// Whether it says of a flow what tcpflow says, or more.
    fn tells(&self, theirs: &Row, stores: bool) -> bool {
        let same_name = self.name == theirs.name || theirs.name.is_empty() && !stores;
        // of links without addresses tcpflow tells what lies where Ethernet has them
        let same_macs = self.macs == theirs.macs || self.macs.concat().is_empty();
        // tcpflow digests some flows that do not end, and others not; and with -FM none
        let same_digest = self.md5 == theirs.md5 || theirs.md5.is_empty();
        let is_all = self.has(theirs) && theirs.has(self) || self.has(theirs) && self.packets > theirs.packets;
        // segments without payload count with the first file of a flow, not with that of the last jump
        let is_part = self.name.rsplit_once('c').is_some_and(|(_, count)| count.parse::<u32>().is_ok());
        let is_less = is_part && self.packets < theirs.packets && theirs.has(self);
        same_name && same_macs && same_digest && self.attributes == theirs.attributes && (is_all || is_less)
    }

    /// Whether it counts the frames of another, and perhaps some before and behind.
    fn has(&self, other: &Row) -> bool {
        let further = self.packets.saturating_sub(other.packets) * LEAST;
        let is_longer = self.length >= other.length + further && self.captured >= other.captured + further;
        self.packets >= other.packets && self.start <= other.start && self.end >= other.end && is_longer
    }
}

#[test]
fn the_report_tells_frames_and_flows_without_payload() {
    let place = Place::new();
    let start = 1_700_000_000_000_000_000;
    let talk = |client: &str| Talk::new(client, "10.0.0.2:80", start);
    let late = talk("10.0.0.1:40000")
        .open()
        .says(Client, b"one ")
        .puts(Client, 8, b"three")
        .puts(Client, 4, b"two ")
        .puts(Client, -9, b"before")
        .close();
    let jumps = talk("10.0.0.3:40001").open().says(Server, b"here").puts(Server, 40_000_000, b"there").close();
    let quiet = talk("10.0.0.4:40002").syn();
    let more = quiet.clone().acknowledges(Client).frames().split_off(1);
    let frames = [late.frames(), jumps.frames(), quiet.frames()].concat();
    place.file("a.pcap", &Capture::on(Link::Ethernet).snap_len(60).frames(frames).pcap());
    place.stdout(&["tcpflow", "-q", "-o", "out", "-r", "a.pcap"]);
    let text = std::fs::read_to_string(place.path().join("out/report.xml")).unwrap();
    let told = |row: &Row| {
        let Row { name, packets, length, captured, attributes, macs, .. } = row;
        let strange = attributes[5..].join(",");
        format!("{name} {} {packets} frames {length} {captured} {strange} {}", attributes[3], macs[0])
    };
    let told: Vec<String> = rows(&text).iter().map(told).collect();
    // the SYN has 62 bytes, all others are padded to 60
    let expected = [
        " 40002 1 frames 62 60 , 02:00:00:00:00:01",
        " 40001 5 frames 302 300 , 02:00:00:00:00:01",
        " 80 4 frames 242 240 , 02:00:00:00:00:02",
        "out/010.000.000.001.40000-010.000.000.002.00080 40000 8 frames 482 480 1,1 02:00:00:00:00:01",
        "out/010.000.000.002.00080-010.000.000.003.40001 80 4 frames 242 240 , 02:00:00:00:00:02",
        "out/010.000.000.002.00080-010.000.000.003.40001c1 80 1 frames 60 60 , 02:00:00:00:00:02",
    ];
    assert_eq!(told, expected, "{text}");
    // a run that goes on with flows of another does not know all of their frames
    place.file("b.pcap", &Capture::on(Link::Ethernet).frames(more).pcap());
    place.stdout(&["tcpflow", "-q", "-o", "out", "-r", "b.pcap"]);
    let text = std::fs::read_to_string(place.path().join("out/report.xml")).unwrap();
    let told: Vec<(u64, u64)> = rows(&text).iter().map(|row| (row.packets, row.length)).collect();
    assert_eq!(told, [(2, 0), (5, 0), (4, 0), (8, 0), (4, 0), (1, 0)], "{text}");
}
