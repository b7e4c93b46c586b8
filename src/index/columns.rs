//! What every column of every view means, and every function of ours: the source of the README's tables and of the
//! help. Tests hold them against the views themselves.

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
    ("wifi_networks", WIFI_NETWORKS),
    ("findings", FINDINGS),
    ("objects", OBJECTS),
    ("protocols", PROTOCOLS),
    ("http", HTTP),
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

const FINDINGS: &[(&str, &str)] = &[
    ("scanner", "the scanner that found it"),
    ("version", "that scanner's version; of a plug-in the beginning of its SHA-256"),
    ("connection_id", "the connection"),
    ("number", "number among the scanner's findings in the connection, from 1"),
    ("flow_id", "the flow; NULL: of the connection as a whole"),
    ("offset", "where it begins in the flow"),
    ("length", "bytes of the flow it is about"),
    ("time_ns", "when it was captured, nanoseconds since 1970 UTC; NULL if that is not known"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("kind", "what sort of finding: a word of the scanner's"),
    ("value", "what matters most, one line"),
    ("data", "the rest: a JSON object (`data ->> 'name'` takes a field); NULL if there is none"),
];

const OBJECTS: &[(&str, &str)] = &[
    ("id", "its name in this index: scanner, connection and number"),
    ("scanner", "the scanner that found it"),
    ("connection_id", "the connection"),
    ("flow_id", "the flow it was found in"),
    ("offset", "where it begins in the flow"),
    ("length", "bytes of the flow it takes, framing and holes counted"),
    ("time_ns", "when its first byte was captured, nanoseconds since 1970 UTC; NULL if that is not known"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("parent", "`id` of the object it was found in; NULL: in the flow itself"),
    ("path", "the file, relative to the case: named by its SHA-256, so that equal ones share it"),
    ("name", "its name as the wire says it"),
    ("said_type", "its media type as the wire says it"),
    ("found_type", "its media type by its first bytes; NULL if they say nothing"),
    ("size_bytes", "size of the file"),
    ("sha256", "SHA-256 of the file, lower case hex"),
    ("complete", "1 if all of it was captured and understood, else 0"),
];

const PROTOCOLS: &[(&str, &str)] = &[
    ("connection_id", "the connection"),
    ("flow_id", "the flow whose first bytes say so"),
    ("protocol", "its name: `http`, `tls`, `ssh`, …"),
];

const HTTP: &[(&str, &str)] = &[
    ("connection_id", "the connection"),
    ("number", "number among the scanner's findings in the connection"),
    ("time_ns", "when the first byte of the request (or else the response) was captured, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("method", "method of the request; NULL throughout the request's columns if it was not captured"),
    ("host", "host asked for"),
    ("uri", "target of the request"),
    ("version", "version of the request, or else of the response"),
    ("status", "status of the response; NULL throughout the response's columns if it was not captured"),
    ("reason", "reason phrase"),
    ("user_agent", "what the client says it is"),
    ("referrer", "where the client says it comes from"),
    ("request_type", "media type of the request's body as said"),
    ("response_type", "media type of the response's body as said"),
    ("found_type", "media type of the response's body by its first bytes"),
    ("request_bytes", "bytes of the request's body that were captured"),
    ("response_bytes", "bytes of the response's body that were captured, before codings were undone"),
    ("response_encoding", "codings of the response's body: `gzip`, …"),
    ("request_object", "file of the request's body, relative to the case"),
    ("response_object", "file of the response's body, codings undone, relative to the case"),
    ("request_flow_id", "flow of the request"),
    ("request_offset", "where the request begins in its flow"),
    ("response_flow_id", "flow of the response"),
    ("response_offset", "where the response begins in its flow"),
    ("response_time_ns", "when the first byte of the response was captured, nanoseconds since 1970 UTC"),
    ("username", "user name of basic authentication"),
    ("complete", "1 if both were captured whole and understood, else 0"),
];

const DNS: &[(&str, &str)] = &[
    ("connection_id", "the connection"),
    ("number", "number among the scanner's findings in the connection"),
    ("time_ns", "when the question (or else the answer) was captured, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("id", "number that question and answer share"),
    ("query", "name asked for, or else of the first record answered; odd bytes as in zone files: `\\046`"),
    ("type", "type asked for: `A`, `AAAA`, …; `TYPE65280` if it has no name"),
    ("class", "class asked for: `IN`, …"),
    ("rcode", "`NOERROR`, `NXDOMAIN`, …; NULL throughout the answer's columns if it was not captured"),
    ("answers", "records of the answer, a JSON array of type and data: `[\"A 192.0.2.1\"]`"),
    ("answer_count", "how many there are, as the answer says"),
    ("authoritative", "1 if the server answers of its own knowledge, else 0"),
    ("truncated", "1 if the answer says that it did not fit, else 0"),
    ("recursion_desired", "1 if the server is to ask others, else 0"),
    ("recursion_available", "1 if the server would ask others, else 0"),
    ("ttl", "least time the records of the answer may be kept, seconds"),
    ("rtt_ns", "from the question to the answer, nanoseconds"),
    ("query_flow_id", "flow of the question"),
    ("query_offset", "where the question begins in its flow"),
    ("answer_flow_id", "flow of the answer"),
    ("answer_offset", "where the answer begins in its flow"),
];

const MAILS: &[(&str, &str)] = &[
    ("connection_id", "the connection"),
    ("number", "number among the scanner's findings in the connection"),
    ("time_ns", "when the first byte of the mail was captured, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("protocol", "`smtp`, `pop3` or `imap`"),
    ("from", "sender: as SMTP says it, or else as the mail does"),
    ("to", "receivers likewise, those the server refused left out: a JSON array"),
    ("subject", "subject, its encoding undone"),
    ("date", "date the mail says, ISO 8601"),
    ("message_id", "identifier the mail says"),
    ("size", "bytes of the mail that were captured"),
    ("helo", "what the client of SMTP calls itself"),
    ("username", "as whom the client logged in, where that was not encrypted"),
    ("reply", "what the server of SMTP answered to the mail: 250 is yes"),
    ("object", "file of the mail, relative to the case"),
    ("flow_id", "flow of the mail"),
    ("offset", "where the mail begins in its flow"),
    ("complete", "1 if all of it was captured, else 0"),
];

const TRANSFERS: &[(&str, &str)] = &[
    ("connection_id", "the control connection"),
    ("number", "number among the scanner's findings in the connection"),
    ("time_ns", "when the command was captured, nanoseconds since 1970 UTC"),
    ("time", "`time_ns` as text, ISO 8601, UTC"),
    ("command", "`RETR` fetches, `STOR` and `APPE` send a file, `LIST` and `MLSD` ask for a list, …"),
    ("name", "name of the file or directory as the client says it"),
    ("username", "as whom the client logged in"),
    ("reply", "what the server said in the end: 226 or 250 is done; NULL if that was not captured"),
    ("data_ip", "address of the end that listens for the data; NULL if neither end said it"),
    ("data_port", "its port"),
    (
        "data_connection_id",
        "connection that carried the data: that with this end (or the server and this port) which begins nearest in time; its flows are the file",
    ),
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
