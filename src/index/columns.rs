//! What every column of every view means, and every function of ours: the source of the README's tables and of the
//! help. Tests hold them against the views themselves.

use findings::{CERTIFICATES, DNS, FINDINGS, HTTP, MAILS, OBJECTS, PROTOCOLS, TLS, TRANSFERS};

mod findings;

/// A view's name, and its columns in order with their meanings.
pub type View = (&'static str, &'static [(&'static str, &'static str)]);

/// Every view, and the virtual table `segments`.
pub const COLUMNS: &[View] = &[
    ("captures", CAPTURES),
    ("connections", CONNECTIONS),
    ("flows", FLOWS),
    ("segments", SEGMENTS),
    ("gaps", GAPS),
    ("conflicts", CONFLICTS),
    ("skipped", SKIPPED),
    ("continued_connections", CONTINUED),
    ("wifi_networks", WIFI_NETWORKS),
    ("findings", FINDINGS),
    ("objects", OBJECTS),
    ("protocols", PROTOCOLS),
    ("http", HTTP),
    ("tls", TLS),
    ("certificates", CERTIFICATES),
    ("dns", DNS),
    ("mails", MAILS),
    ("transfers", TRANSFERS),
    ("anomalies", ANOMALIES),
    ("timeline", TIMELINE),
];

/// Every function SQL has here besides SQLite's own, with what it gives.
pub const FUNCTIONS: &[(&str, &str)] = &[
    ("ip(text)", "the address as 16 bytes that sort as addresses do (IPv4 as `::ffff:a.b.c.d`); NULL if it is none"),
    ("in_subnet(text, cidr)", "1 if the address lies in the network, else 0; NULL if it is no address"),
    ("iso(ns)", "nanoseconds since 1970 as text, ISO 8601, UTC"),
    ("ns(text)", "a time, as `--since` takes it, as nanoseconds since 1970; NULL if it is none"),
    ("payload(flow_id)", "the bytes of a flow, holes as zeros; NULL if it has none"),
];

const CONTINUED: &[(&str, &str)] = &[
    ("connection_id", "a connection that was going on when this case was begun by `capture --roll`"),
    ("earlier_case", "the name of the case before"),
    ("earlier_id", "its number there"),
];

const CAPTURES: &[(&str, &str)] = &[
    ("id", "number of the capture, in the order of first frames"),
    ("path", "where the file was, as given"),
    ("sha256", "SHA-256 of the file as it lies, lower case hex; NULL if it could not be read"),
    ("size_bytes", "size of the file as it lies"),
    ("format", "`pcap`, `pcapng`, and the compression if any"),
    ("frames", "frames read; always `used_frames` plus the capture's rows in `skipped`"),
    ("used_frames", "frames of which a TCP segment was attributed to a connection"),
    ("first_ns", "time of the first frame, nanoseconds since 1970 UTC"),
    ("last_ns", "time of the last frame, nanoseconds since 1970 UTC"),
    ("status", "`complete`, `truncated` (ends inside a frame), `damaged` or `unreadable`"),
    ("stopped_at", "offset in the decompressed capture where reading stopped; NULL if complete"),
    ("filter", "the capture filter; NULL without one"),
    ("message", "why it is not complete"),
    ("first_time", "`first_ns` as text, ISO 8601, UTC"),
    ("last_time", "`last_ns` as text, ISO 8601, UTC"),
];

const CONNECTIONS: &[(&str, &str)] = &[
    ("id", "number of the connection, in the order of first frames"),
    ("protocol", "`tcp`, or `udp` where it was asked for (`--udp`)"),
    ("orig_ip", "address of the originator: who sent the SYN, or else the first segment"),
    ("orig_port", "port of the originator"),
    ("resp_ip", "address of the responder"),
    ("resp_port", "port of the responder"),
    ("vlan", "VLAN id of the first frame (the outermost tag nearest the connection); NULL untagged"),
    ("tunnel", "tunnels the connection came through, outermost first; NULL without"),
    ("start_ns", "earliest frame, nanoseconds since 1970 UTC"),
    ("end_ns", "latest frame, nanoseconds since 1970 UTC"),
    ("start_time", "`start_ns` as text, ISO 8601, UTC"),
    ("end_time", "`end_ns` as text, ISO 8601, UTC"),
    ("duration_ns", "`end_ns` less `start_ns`"),
    ("state", "Zeek's conn_state: `SF`, `S0`, `RSTO`, …"),
    ("history", "Zeek's history letters: `ShADadFf`, …"),
    ("community_id", "Community ID version 1, seed 0"),
    ("orig_bytes", "payload bytes stored of the originator, all parts"),
    ("resp_bytes", "payload bytes stored of the responder, all parts"),
    ("orig_packets", "frames of the originator"),
    ("resp_packets", "frames of the responder"),
    ("retransmitted_bytes", "payload bytes captured again, both sides"),
    ("out_of_order", "segments with payload that came after later ones without being retransmissions, both sides"),
    ("gap_bytes", "bytes in holes, both sides"),
    ("missing_tail_bytes", "bytes that FIN or snap length prove to be missing at the ends, both sides"),
    ("orig_flow_id", "first flow of the originator; NULL if no frame of it was seen"),
    ("resp_flow_id", "first flow of the responder; NULL if no frame of it was seen"),
    ("vlans", "all VLAN tags of the first frame, outermost first: `100/200`; NULL untagged"),
    ("open", "1 if a later ingest may continue the connection, else 0"),
];

const FLOWS: &[(&str, &str)] = &[
    ("id", "number of the flow, in the order of first frames"),
    ("connection_id", "its connection"),
    ("side", "`orig` or `resp`: who sent it"),
    ("part", "0, 1, … where jumps of the sequence numbers split a side"),
    ("src_ip", "address of the sender"),
    ("src_port", "port of the sender"),
    ("dst_ip", "address of the receiver"),
    ("dst_port", "port of the receiver"),
    ("vlan", "VLAN id of the side's first frame; NULL untagged"),
    ("path", "payload file, relative to the case; NULL without payload"),
    ("length", "bytes of the payload file, holes counted"),
    ("stored_bytes", "bytes of it that were captured: `length` less `gap_bytes`"),
    ("gap_bytes", "bytes in holes"),
    ("missing_tail_bytes", "bytes that FIN or snap length prove to be missing at the end"),
    ("packets", "frames, those without payload included"),
    ("start_ns", "first frame, nanoseconds since 1970 UTC"),
    ("end_ns", "last frame, nanoseconds since 1970 UTC"),
    ("start_time", "`start_ns` as text, ISO 8601, UTC"),
    ("end_time", "`end_ns` as text, ISO 8601, UTC"),
    ("isn", "initial sequence number; NULL if the SYN was not seen"),
    ("sha256", "SHA-256 of the payload file, holes read as zeros, lower case hex; NULL if not kept"),
    ("md5", "MD5 likewise"),
    ("sha1", "SHA-1 likewise"),
    ("blake3", "BLAKE3 likewise"),
    ("base", "stream position of offset 0 (byte 0 is the first after the SYN); NULL without payload"),
    ("vlans", "all VLAN tags of the connection's first frame, outermost first"),
    ("src_mac", "MAC address of the sender in the side's first frame, 12 hex digits; NULL where the link has none"),
    ("dst_mac", "MAC address of the receiver likewise"),
];

const SEGMENTS: &[(&str, &str)] = &[
    ("flow_id", "the flow"),
    ("offset", "offset in the payload file"),
    ("length", "bytes; the segments of a flow add up to its `stored_bytes`"),
    ("capture_id", "the capture they came from"),
    ("frame", "number of the frame in it, from 1"),
    ("file_position", "offset of the first of them in the decompressed capture"),
    ("time_ns", "time of the frame, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("ttl", "TTL or hop limit of the packet"),
    ("checksum", "TCP checksum: `good`, `bad`, or `unknown` where the frame was cut"),
];

const GAPS: &[(&str, &str)] =
    &[("flow_id", "the flow"), ("offset", "offset in the payload file"), ("length", "bytes that were never captured")];

const CONFLICTS: &[(&str, &str)] = &[
    ("flow_id", "the flow"),
    ("offset", "offset in the payload file of the first byte that differs"),
    ("length", "bytes from there to the last that differs"),
    ("kept_frame", "frame whose bytes are in the file"),
    ("lost_frame", "frame whose bytes are not"),
    ("lost_bytes", "the bytes that lost, at most the first 4096"),
    ("kept_capture_id", "capture of `kept_frame`"),
    ("kept_ttl", "TTL or hop limit of `kept_frame`"),
    ("kept_checksum", "checksum of `kept_frame`: `good`, `bad` or `unknown`"),
    ("lost_capture_id", "capture of `lost_frame`"),
    ("lost_ttl", "TTL or hop limit of `lost_frame`"),
    ("lost_checksum", "checksum of `lost_frame`: `good`, `bad` or `unknown`"),
    ("time_ns", "time of the later of the two frames, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("later_kept", "1 if the later frame's bytes were kept, else 0"),
    ("connection_id", "the flow's connection"),
    ("number", "number of the conflict in its flow, in the order of the later frames, from 0"),
];

const SKIPPED: &[(&str, &str)] = &[
    ("capture_id", "the capture"),
    ("reason", "why its frames were not used"),
    ("frames", "how many, never 0"),
    ("bytes", "captured bytes of these frames"),
    ("protocol", "what their IP packets carry, where the reason is `not_tcp`: a name, or the number IP gives it"),
];

const WIFI_NETWORKS: &[(&str, &str)] = &[
    ("bssid", "address of the network's access point (BSSID)"),
    ("ssid", "its name; `\\xNN` for bytes that are no text; NULL if nobody said it"),
    ("channel", "the channel it said it is on, or else the one it was received on"),
    (
        "security",
        "what it offers: `open`, `WEP`, `WPA`, `WPA2`, `WPA3`, or several as `WPA2/WPA3`; NULL if it did not say",
    ),
    ("beacons", "its beacons"),
    ("probe_responses", "its answers to probes"),
    ("data_frames", "frames with data of it, encrypted or not, those sent again included"),
    ("encrypted_frames", "those of them that are encrypted"),
    ("captures", "captures it was heard in"),
    ("first_ns", "time of the earliest of these frames, nanoseconds since 1970 UTC"),
    ("last_ns", "time of the latest of them, nanoseconds since 1970 UTC"),
    ("first_time", "`first_ns` as text, ISO 8601, UTC"),
    ("last_time", "`last_ns` as text, ISO 8601, UTC"),
];

const ANOMALIES: &[(&str, &str)] = &[
    ("id", "number, in the order of capture, frame and kind"),
    ("capture_id", "capture of the first occurrence"),
    ("frame", "frame of the first occurrence; 0: the file as a whole; NULL if a scanner cannot say"),
    ("flow_id", "the flow; NULL: of the capture"),
    ("kind", "what is strange"),
    ("detail", "one clause about the first occurrence"),
    ("time_ns", "time of the first occurrence, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("count", "occurrences of this kind in this flow or capture"),
    ("connection_id", "the connection; NULL: of the capture"),
];

const TIMELINE: &[(&str, &str)] = &[
    ("time_ns", "when, nanoseconds since 1970 UTC; NULL if the frame has no time"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    (
        "kind",
        "`capture begins`, `capture ends`, `connection begins`, `connection ends`, `conflict`, `anomaly` or a scanner's name",
    ),
    ("connection_id", "the connection, if it is about one"),
    ("flow_id", "the flow, if it is about one"),
    ("capture_id", "the capture, if it is about one"),
    ("detail", "one clause for people"),
];
