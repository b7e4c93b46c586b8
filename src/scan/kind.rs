//! What protocol a flow speaks, by its first bytes, whatever its port. A protocol is named only where its bytes are hardly
//! anything else; a flow of which nothing is known has no finding.

use super::{Bytes, Connection, Error, Fields, Finding, Findings, Scanner};
use crate::model::Transport;

/// Bytes looked at.
const LOOK: usize = 64;

/// Finds the protocol of each flow: a finding `protocol`, its value the name.
pub struct Kind;

impl Scanner for Kind {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        for flow in connection.flows.iter().filter(|flow| flow.part == 0) {
            let mut bytes = Bytes::new(flow.payload);
            let Some(protocol) = protocol_of(bytes.peek(LOOK)?, connection.transport) else { continue };
            let (time, fields) = (bytes.time(), Fields::new());
            let range = (0, bytes.solid().min(LOOK as u64));
            found.finding(Finding {
                kind: "protocol",
                flow: flow.id,
                range,
                time,
                value: protocol,
                fields: &fields,
            })?;
        }
        Ok(())
    }
}

/// The protocol that begins with these bytes.
pub fn protocol_of(bytes: &[u8], transport: Transport) -> Option<&'static str> {
    let shapes = match transport {
        Transport::Tcp => STREAMS,
        Transport::Udp => DATAGRAMS,
    };
    let begins = || BEGINNINGS.iter().find(|(_, beginnings)| beginnings.iter().any(|start| bytes.starts_with(start)));
    let looks = || shapes.iter().find(|(_, looks)| looks(bytes));
    begins().map(|(name, _)| *name).or_else(|| looks().map(|(name, _)| *name))
}

/// Protocols that begin with one of a few texts, over either transport.
const BEGINNINGS: &[(&str, &[&[u8]])] = &[
    ("http2", &[b"PRI * HTTP/2"]),
    ("http", &[b"HTTP/1.", b"HTTP/0.9", b"ICY 200"]),
    ("rtsp", &[b"RTSP/1.0 ", b"RTSP/2.0 "]),
    ("sip", &[b"SIP/2.0 "]),
    ("ssdp", &[b"M-SEARCH * ", b"NOTIFY * "]),
    ("ssh", &[b"SSH-2.0-", b"SSH-1."]),
    ("smtp", &[b"EHLO ", b"HELO ", b"ehlo ", b"helo ", b"EHLO\r", b"LHLO "]),
    ("pop3", &[b"+OK"]),
    ("imap", &[b"* OK", b"* PREAUTH"]),
    ("bittorrent", &[b"\x13BitTorrent protocol"]),
    ("rfb", &[b"RFB 003.", b"RFB 004."]),
    ("rsync", &[b"@RSYNCD: "]),
    ("xmpp", &[b"<?xml version='1.0'?><stream:", b"<stream:stream"]),
    ("nats", &[b"INFO {\"server_id\""]),
    ("amqp", &[b"AMQP\x00", b"AMQP\x01", b"AMQP\x02", b"AMQP\x03"]),
    ("bgp", &[&[0xff; 16]]),
    ("git", &[b"0032git-upload-pack", b"003egit-upload-pack"]),
    ("adb", &[b"CNXN\x00\x00\x00\x01", b"CNXN\x01\x00\x00\x01"]),
    ("irc", &[b"NICK ", b":irc.", b"CAP LS"]),
    ("gnutella", &[b"GNUTELLA CONNECT/", b"GNUTELLA/"]),
    ("memcached", &[b"VALUE ", b"STORED\r\n"]),
    ("zmtp", &[b"\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f"]),
    ("iec104", &[&[0x68, 0x04, 0x07, 0x00, 0x00, 0x00], &[0x68, 0x04, 0x0b, 0x00, 0x00, 0x00]]),
];

/// Names, and whether bytes look like it.
type Shapes = &'static [(&'static str, fn(&[u8]) -> bool)];

const STREAMS: Shapes = &[
    ("tls", is_tls),
    ("http", is_http_request),
    ("rtsp", |bytes| ends_line(bytes, b" RTSP/1.0")),
    ("sip", |bytes| ends_line(bytes, b" SIP/2.0")),
    ("smtp", |bytes| is_greeting(bytes, &[b"SMTP", b"smtp"])),
    ("ftp", |bytes| is_greeting(bytes, &[b"FTP", b"ftp"])),
    ("smb", |bytes| bytes.first() == Some(&0) && matches!(bytes.get(4..8), Some(b"\xffSMB" | b"\xfeSMB" | b"\xfdSMB"))),
    ("netbios", |bytes| matches!(bytes, [0x81, 0, 0, 0x44, 0x20, ..])),
    ("rdp", |bytes| matches!(bytes, [3, 0, a, b, len, 0xe0 | 0xd0, ..] if be(*a, *b) == usize::from(*len) + 5)),
    ("dcerpc", |bytes| matches!(bytes, [5, 0 | 1, 0..=19, _, 0x10, 0, 0, 0, ..])),
    ("mysql", |bytes| matches!(bytes, [_, _, 0, 0, 0x0a, b'3'..=b'9', b'.' | b'0'..=b'9', ..])),
    ("postgresql", |bytes| matches!(bytes, [0, 0, _, _, 0, 3, 0, 0, ..] | [0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f, ..])),
    ("mongodb", |bytes| {
        matches!(bytes.get(12..16), Some([0xdd, 7, 0, 0] | [0xd4, 7, 0, 0] | [1, 0, 0, 0])) && little_length(bytes)
    }),
    ("redis", |bytes| matches!(bytes, [b'*', b'1'..=b'9', b'\r', b'\n', b'$', ..])),
    ("mqtt", |bytes| matches!(bytes.get(2..8), Some(b"\0\x04MQTT" | b"\0\x06MQIs")) && bytes[0] == 0x10),
    ("dns", is_dns_stream),
    ("ldap", |bytes| {
        matches!(
            bytes,
            [0x30, _, 2, 1, _, 0x60 | 0x61 | 0x63, ..] | [0x30, 0x84, _, _, _, _, 2, 1, _, 0x60 | 0x61 | 0x63, ..]
        )
    }),
    ("kerberos", |bytes| matches!(bytes, [0, 0, _, _, 0x6a..=0x6e | 0x7e, 0x81 | 0x82, ..])),
    (
        "socks5",
        |bytes| matches!(bytes, [5, n @ 1..=9, rest @ ..] if rest.len() == usize::from(*n) && rest.iter().all(|m| *m < 10)),
    ),
    ("socks4", |bytes| matches!(bytes, [4, 1 | 2, _, _, _, _, _, _, ..] if bytes.contains(&0) && bytes.len() < LOOK)),
    ("telnet", |bytes| matches!(bytes, [0xff, 0xfb..=0xfe, 0..=50, 0xfb..=0xff, ..])),
    (
        "modbus",
        |bytes| matches!(bytes, [_, _, 0, 0, 0, len @ 2..=253, _, 1..=43, ..] if bytes.len() == usize::from(*len) + 6),
    ),
    ("rtmp", |bytes| matches!(bytes, [3, _, _, _, _, 0, 0, 0, 0, ..] if bytes.len() == LOOK)),
    ("x11", |bytes| matches!(bytes, [b'l', 0, 11, 0, 0, 0, ..] | [b'B', 0, 0, 11, 0, 0, ..])),
    ("diameter", |bytes| matches!(bytes, [1, 0, _, _, 0x80 | 0xc0 | 0, 0, 1, _, ..])),
    ("openvpn", |bytes| matches!(bytes, [0, 0x0e, 0x38, ..])),
];

const DATAGRAMS: Shapes = &[
    ("dns", is_dns),
    ("quic", |bytes| {
        matches!(bytes, [0xc0..=0xff, 0, 0, 0, 1, 0..=20, ..] | [0xc0..=0xff, 0x6b, 0x33, 0x43, 0xcf, 0..=20, ..])
    }),
    ("stun", |bytes| matches!(bytes, [0 | 1, _, _, _, 0x21, 0x12, 0xa4, 0x42, ..])),
    ("dhcp", |bytes| matches!(bytes, [1 | 2, 1, 6, ..] if bytes.len() == LOOK)),
    ("dhcpv6", |bytes| matches!(bytes, [1..=13, _, _, _, 0, 1..=39, 0, ..])),
    ("tftp", |bytes| matches!(bytes, [0, 1 | 2, 0x20..=0x7e, ..]) && has_any(bytes, &[b"octet", b"netascii"])),
    ("snmp", |bytes| {
        matches!(
            bytes,
            [0x30, _, 2, 1, 0 | 1 | 3, ..]
                | [0x30, 0x81, _, 2, 1, 0 | 1 | 3, ..]
                | [0x30, 0x82, _, _, 2, 1, 0 | 1 | 3, ..]
        )
    }),
    ("ntp", |bytes| {
        bytes.len() >= 48 && matches!(bytes[0], 0x1b | 0x1c | 0x23 | 0x24 | 0xe3 | 0xdb | 0x19 | 0x1a) && bytes[1] < 17
    }),
    ("dtls", |bytes| matches!(bytes, [20..=23, 0xfe, 0xfd | 0xff, ..])),
    ("syslog", |bytes| {
        matches!(bytes, [b'<', b'0'..=b'9', b'0'..=b'9' | b'>', ..]) && bytes[2..bytes.len().min(5)].contains(&b'>')
    }),
    ("sip", |bytes| ends_line(bytes, b" SIP/2.0")),
    ("ssdp", |bytes| bytes.starts_with(b"HTTP/1.1 200") && has_any(bytes, &[b"ST:", b"CACHE-CONTROL"])),
    ("wireguard", |bytes| matches!(bytes, [1 | 2, 0, 0, 0, ..] if bytes.len() == LOOK)),
];

/// A record of TLS (RFC 8446 §5.1) with a hello in it, or the hello of SSL 2 for later versions.
fn is_tls(bytes: &[u8]) -> bool {
    let record = matches!(bytes, [22, 3, 0..=4, _, _, 1 | 2, 0, ..]);
    record || matches!(bytes, [0x80, _, 1, 3, 0..=3, 0, ..] | [0x15, 3, 0..=4, 0, 2, 1 | 2, ..])
}

/// A method (RFC 9110 §9, and of WebDAV), a blank and what may be a target.
fn is_http_request(bytes: &[u8]) -> bool {
    const METHODS: &[&[u8]] = &[
        b"GET",
        b"POST",
        b"HEAD",
        b"PUT",
        b"DELETE",
        b"OPTIONS",
        b"CONNECT",
        b"TRACE",
        b"PATCH",
        b"PROPFIND",
        b"PROPPATCH",
        b"MKCOL",
        b"COPY",
        b"MOVE",
        b"LOCK",
        b"UNLOCK",
        b"REPORT",
        b"SEARCH",
        b"BCOPY",
        b"SUBSCRIBE",
        b"RPC_IN_DATA",
        b"RPC_OUT_DATA",
    ];
    let Some(blank) = bytes.iter().position(|&byte| byte == b' ') else { return false };
    let target = bytes.get(blank + 1).copied();
    let other = bytes.windows(6).any(|part| part == b" RTSP/" || part == b" SIP/2");
    METHODS.contains(&&bytes[..blank]) && target.is_some_and(|byte| byte.is_ascii_graphic()) && !other
}

/// `220` or `220-`, and one of the words.
fn is_greeting(bytes: &[u8], words: &[&[u8]]) -> bool {
    bytes.starts_with(b"220") && has_any(bytes, words)
}

/// The first line ends so.
fn ends_line(bytes: &[u8], end: &[u8]) -> bool {
    let line = bytes.split(|&byte| byte == b'\r' || byte == b'\n').next().unwrap_or_default();
    line.len() < bytes.len() && line.ends_with(end)
}

fn has_any(bytes: &[u8], words: &[&[u8]]) -> bool {
    words.iter().any(|word| bytes.windows(word.len()).any(|part| part == *word))
}

/// A message of DNS (RFC 1035 §4.1.1): an opcode there is, few records, and a name to begin with.
fn is_dns(bytes: &[u8]) -> bool {
    let [_, _, flags, codes, 0, 0..=4, 0, _, 0, _, 0, _, label, rest @ ..] = bytes else { return false };
    let (opcode, asks) = ((flags >> 3) & 15, bytes[5] > 0);
    let name = &rest[..rest.len().min(usize::from(*label))];
    let named = *label == 0 || name.iter().all(|byte| byte.is_ascii_graphic());
    matches!(opcode, 0 | 2 | 4 | 5)
        && codes & 0x40 == 0
        && codes & 15 <= 10
        && *label < 64
        && named
        && (asks || flags & 0x80 != 0)
}

/// The same behind its length (RFC 1035 §4.2.2).
fn is_dns_stream(bytes: &[u8]) -> bool {
    matches!(bytes, [a, b, message @ ..] if be(*a, *b) >= 17 && message.len() >= 12.min(be(*a, *b)) && is_dns(message))
}

/// Begins with its length, least byte first, as far as that can be told.
fn little_length(bytes: &[u8]) -> bool {
    matches!(bytes, [_, _, _, 0, ..]) && bytes[0] >= 16
}

fn be(high: u8, low: u8) -> usize {
    usize::from(u16::from_be_bytes([high, low]))
}

#[cfg(test)]
mod tests {
    use super::super::testing::scan_tcp;
    use super::*;

    #[test]
    fn first_bytes_tell() {
        let tcp = |bytes: &[u8]| protocol_of(bytes, Transport::Tcp);
        assert_eq!(tcp(b"GET /index.html HTTP/1.1\r\n"), Some("http"));
        assert_eq!(tcp(b"GET me out of here"), Some("http"), "a prefix of a long line looks the same");
        assert_eq!(tcp(b"OPTIONS rtsp://x/ RTSP/1.0\r\n"), Some("rtsp"));
        assert_eq!(tcp(b"HTTP/1.1 200 OK\r\n"), Some("http"));
        assert_eq!(tcp(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"), Some("tls"));
        assert_eq!(tcp(b"220 mail.example ESMTP ready\r\n"), Some("smtp"));
        assert_eq!(tcp(b"220 (vsFTPd 3.0.3)\r\n"), Some("ftp"));
        assert_eq!(tcp(b"\0\x1d\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01"), Some("dns"));
        assert_eq!(tcp(b"SSH-2.0-OpenSSH_9.2\r\n"), Some("ssh"));
        for nothing in [&b""[..], b"\0", b"GETTING /x", b"hello world", &[0; 64], &[0xaa; 64], b"220"] {
            assert_eq!(tcp(nothing), None, "{nothing:?}");
        }
        let udp = |bytes: &[u8]| protocol_of(bytes, Transport::Udp);
        assert_eq!(udp(b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x07example\x03com\0\0\x01\0\x01"), Some("dns"));
        assert_eq!(udp(b"\0\x01boot.img\0octet\0"), Some("tftp"));
        assert_eq!(udp(&[0; 64]), None);
    }

    #[test]
    fn any_bytes_are_looked_at_without_harm() {
        let mut random = fastrand::Rng::with_seed(7);
        for _ in 0..20_000 {
            let bytes: Vec<u8> = (0..random.usize(..LOOK + 1)).map(|_| random.u8(..)).collect();
            protocol_of(&bytes, Transport::Tcp);
            protocol_of(&bytes, Transport::Udp);
        }
    }

    #[test]
    fn each_flow_has_its_finding() {
        let lines = scan_tcp(&Kind, 8000, b"GET / HTTP/1.0\r\n\r\n", b"nothing known");
        assert_eq!(lines, ["protocol 1 0..18 http {}"]);
    }
}
