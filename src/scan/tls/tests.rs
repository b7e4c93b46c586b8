//! Handshakes of OpenSSL 3 with itself (`recorded/`: what client and server sent, in TLS 1.2 and 1.3, resumed, with certificates of
//! both, and where the server asks for another hello), and what becomes of them when bytes are missing or changed.

use super::super::testing::{Memory, scan, scan_tcp};
use super::fingerprint::{ja4, md5};
use super::hello::ClientHello;
use super::*;

const CLIENT_12: &[u8] = include_bytes!("recorded/client12");
const SERVER_12: &[u8] = include_bytes!("recorded/server12");
const CLIENT_13: &[u8] = include_bytes!("recorded/client13");
const SERVER_13: &[u8] = include_bytes!("recorded/server13");

/// What client and server sent.
macro_rules! recorded {
    ($client:literal, $server:literal) => {
        [include_bytes!(concat!("recorded/", $client)), include_bytes!(concat!("recorded/", $server))]
    };
}
const AGAIN: [&[u8]; 2] = recorded!("client_again", "server_again");
const MUTUAL: [&[u8]; 2] = recorded!("client_mutual", "server_mutual");
const RESUMED_12: [&[u8]; 2] = recorded!("client12_resumed", "server12_resumed");
const RESUMED_13: [&[u8]; 2] = recorded!("client13_resumed", "server13_resumed");

fn field(line: &str, name: &str) -> serde_json::Value {
    let json = &line[line.find('{').unwrap()..];
    serde_json::from_str::<serde_json::Value>(json).unwrap()[name].clone()
}

fn session(lines: &[String]) -> &str {
    lines.iter().find(|line| line.starts_with("session")).unwrap()
}

#[test]
fn a_session_says_who_wanted_what() {
    let lines = scan_tcp(&Tls, 8443, CLIENT_12, SERVER_12);
    let line = session(&lines);
    assert!(line.starts_with("session 1 5.."), "{line}");
    for (name, value) in [
        ("sni", "tides.example"),
        ("version", "TLS 1.2"),
        ("client_version", "TLS 1.2"),
        ("alpn", "http/1.1"),
        ("cipher", "TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384"),
        ("subject", "CN=tides.example, O=Harbour"),
    ] {
        assert_eq!(field(line, name), value, "{line}");
    }
    assert_eq!(field(line, "client_alpn"), serde_json::json!(["h2", "http/1.1"]));
    assert_eq!(field(line, "ja3"), md5(field(line, "ja3_string").as_str().unwrap()));
    assert_eq!((field(line, "certificates"), field(line, "certificate_object")), (1.into(), 1.into()));
}

#[test]
fn certificates_are_objects() {
    let lines = scan_tcp(&Tls, 8443, CLIENT_12, SERVER_12);
    assert!(lines[0].starts_with("object 1 2 "), "{}", lines[0]);
    assert!(lines[0].contains(r#"Some("certificate-1.der") Some("application/pkix-cert")"#), "{}", lines[0]);
    let certificate = &lines[1];
    assert!(certificate.starts_with("certificate 2 "), "{certificate}");
    assert_eq!(field(certificate, "names"), serde_json::json!(["tides.example", "*.tides.example", "192.0.2.7"]));
    assert_eq!(field(certificate, "key"), "EC 256");
    assert_eq!((field(certificate, "self_signed"), field(certificate, "side")), (1.into(), 1.into()));
    assert!(field(certificate, "not_after").as_str().unwrap().ends_with('Z'));
}

#[test]
fn the_version_is_the_one_agreed_on() {
    let lines = scan_tcp(&Tls, 443, CLIENT_13, SERVER_13);
    assert_eq!(lines.len(), 1, "certificates are encrypted: {lines:?}");
    assert_eq!(field(&lines[0], "version"), "TLS 1.3");
    assert_eq!(field(&lines[0], "cipher"), "TLS_AES_256_GCM_SHA384");
    let lines = scan_tcp(&Tls, 443, b"", SERVER_12);
    assert_eq!(field(session(&lines), "version"), "TLS 1.2");
    assert!(field(session(&lines), "ja3").is_null(), "the client was not captured");
}

/// The example of JA4's specification.
#[test]
fn ja4_is_as_published() {
    let hello = ClientHello {
        version: 0x0303,
        versions: vec![0x7a7a, 0x0304, 0x0303],
        ciphers: vec![
            0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f, 0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014, 0x009c,
            0x009d, 0x002f, 0x0035,
        ],
        extensions: vec![
            0x2a2a, 0x001b, 0x0000, 0x0033, 0x0010, 0x4469, 0x0017, 0x002d, 0x000d, 0x0005, 0x0023, 0x0012, 0x002b,
            0xff01, 0x000b, 0x000a, 0x0015,
        ],
        signatures: vec![0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601],
        protocols: vec![b"h2".to_vec(), b"http/1.1".to_vec()],
        ..ClientHello::default()
    };
    assert_eq!(ja4(&hello), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

#[test]
fn tls_is_found_behind_plain_text() {
    let client = [&b"EHLO me\r\nSTARTTLS\r\n"[..], CLIENT_12].concat();
    let server = [&b"220 mail ESMTP\r\n250 STARTTLS\r\n220 go ahead\r\n"[..], SERVER_12].concat();
    let lines = scan_tcp(&Tls, 25, &client, &server);
    assert!(session(&lines).starts_with("session 1 24.."), "{lines:?}");
    let client = [&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f][..], CLIENT_12].concat();
    let lines = scan_tcp(&Tls, 5432, &client, &[&b"S"[..], SERVER_12].concat());
    assert_eq!(field(session(&lines), "server_offset"), 6);
    assert!(scan_tcp(&Tls, 443, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03").is_empty());
}

/// What clients say before they encrypt: a proxy's CONNECT and SOCKS 5, XMPP, LDAP, MySQL, RDP.
#[test]
fn hellos_are_found_behind_whatever_asks_for_encryption() {
    let preludes: [&[u8]; 6] = [
        b"CONNECT tides.example:443 HTTP/1.1\r\nHost: tides.example\r\n\r\n",
        b"\x05\x01\x00\x05\x01\x00\x03\x0dtides.example\x01\xbb",
        b"<stream:stream to='tides.example'><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
        b"0\x1d\x02\x01\x01w\x18\x80\x161.3.6.1.4.1.1466.20037",
        b"\x20\0\0\x01\x85\xae\xff\x19\0\0\0\x01\x2d\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        b"\x03\0\0\x13\x0e\xe0\0\0\0\0\0\x01\0\x08\0\x0b\0\0\0",
    ];
    for prelude in preludes {
        let lines = scan_tcp(&Tls, 9999, &[prelude, CLIENT_13].concat(), b"");
        assert_eq!(field(&lines[0], "client_offset"), prelude.len() + 5, "{prelude:?}");
        assert_eq!(field(&lines[0], "sni"), "tides.example");
    }
    let far = [&[b' '; 5000][..], CLIENT_13].concat();
    let unlike = [&b"text"[..], &[22, 3, 1, 0, 9, 1, 0, 0, 5, 9, 9], b"text"].concat();
    for nothing in [far, unlike] {
        assert_eq!(scan_tcp(&Tls, 9999, &nothing, b""), [""; 0]);
    }
}

#[test]
fn a_hole_ends_what_is_known() {
    let hole = Memory::with_gap(SERVER_12, 200..260);
    let lines = scan(&Tls, 443, Transport::Tcp, Memory::new(CLIENT_12), hole);
    assert_eq!(field(session(&lines), "version"), "TLS 1.2");
    assert_eq!(field(session(&lines), "certificates"), 0);
    assert_eq!(lines[0], "strange 2 200 a handshake message is not captured whole");
    let leaf_only = Memory::with_gap(MUTUAL[1], 600..610);
    let lines = scan(&Tls, 443, Transport::Tcp, Memory::new(b""), leaf_only);
    assert_eq!(field(session(&lines), "subject"), "O=Harbour, CN=pier.example");
    assert_eq!(field(session(&lines), "certificates"), 1, "{lines:?}");
}

#[test]
fn a_hello_that_is_cut_says_what_it_can() {
    let name = CLIENT_13.windows(13).position(|window| window == b"tides.example").unwrap() as u64 + 13;
    let hole = Memory::with_gap(CLIENT_13, name..name + 9);
    let lines = scan(&Tls, 443, Transport::Tcp, hole, Memory::new(SERVER_13));
    assert_eq!(lines[0], format!("strange 1 {name} a handshake message is not captured whole"));
    let line = session(&lines);
    assert_eq!((field(line, "sni"), field(line, "version")), ("tides.example".into(), "TLS 1.3".into()));
    assert!(field(line, "ja3").is_null() && field(line, "ja4").is_null(), "{line}");
}

#[test]
fn an_extension_that_makes_no_sense_spoils_no_other() {
    let name = CLIENT_12.windows(13).position(|window| window == b"tides.example").unwrap();
    let mut client = CLIENT_12.to_vec();
    client[name - 2] = 0x7f;
    let lines = scan_tcp(&Tls, 443, &client, b"");
    assert_eq!(lines[0], "strange 1 5 a handshake message contradicts itself");
    assert!(field(&lines[1], "sni").is_null());
    assert_eq!(field(&lines[1], "ja3"), field(session(&scan_tcp(&Tls, 443, CLIENT_12, b"")), "ja3"));
}

#[test]
fn the_answer_is_what_the_server_says_when_it_does_not_ask_again() {
    let [client, server] = AGAIN;
    let lines = scan_tcp(&Tls, 443, client, server);
    let line = session(&lines);
    assert_eq!((field(line, "server_offset"), field(line, "client_offset")), (104.into(), 5.into()));
    assert_eq!((field(line, "resumed"), field(line, "ja3s_string")), (0.into(), "771,4866,43-51".into()));
    let asked = scan_tcp(&Tls, 443, client, &server[..93]);
    let line = session(&asked);
    assert_eq!((field(line, "server_offset"), field(line, "version")), (5.into(), "TLS 1.3".into()));
    assert!(field(line, "resumed").is_null());
}

#[test]
fn sessions_that_are_resumed_say_so() {
    for ([client, server], resumed) in
        [(RESUMED_12, 1), (RESUMED_13, 1), ([CLIENT_12, SERVER_12], 0), ([CLIENT_13, SERVER_13], 0)]
    {
        let lines = scan_tcp(&Tls, 443, client, server);
        assert_eq!(field(session(&lines), "resumed"), resumed, "{lines:?}");
    }
    assert!(field(session(&scan_tcp(&Tls, 443, b"", RESUMED_12[1])), "resumed").is_null(), "nobody knows");
}

#[test]
fn both_sides_may_show_certificates() {
    let lines = scan_tcp(&Tls, 443, MUTUAL[0], MUTUAL[1]);
    let shown: Vec<String> = lines
        .iter()
        .filter(|line| line.starts_with("certificate "))
        .map(|line| {
            ["side", "position", "object", "subject", "self_signed"].map(|name| field(line, name).to_string()).join(" ")
        })
        .collect();
    let ca = r#""O=Harbour, CN=Harbour CA" 1"#;
    assert_eq!(
        shown,
        [
            r#"0 0 1 "O=Harbour, CN=skipper" 0"#,
            &format!("0 1 2 {ca}"),
            r#"1 0 3 "O=Harbour, CN=pier.example" 0"#,
            &format!("1 1 4 {ca}"),
        ]
    );
    let line = session(&lines);
    assert_eq!((field(line, "certificates"), field(line, "certificate_object")), (4.into(), 3.into()));
    assert_eq!(field(line, "issuer"), "O=Harbour, CN=Harbour CA");
}

#[test]
fn handshakes_may_lie_across_records() {
    let message = &CLIENT_12[5..5 + usize::from(u16::from_be_bytes([CLIENT_12[3], CLIENT_12[4]]))];
    let divided: Vec<u8> =
        message.chunks(7).flat_map(|part| [&[22, 3, 1, 0, part.len() as u8][..], part].concat()).collect();
    let (whole, parts) = (scan_tcp(&Tls, 443, CLIENT_12, b""), scan_tcp(&Tls, 443, &divided, b""));
    assert_eq!(field(&whole[0], "ja4"), field(&parts[0], "ja4"));
}

#[test]
fn no_bytes_do_harm() {
    let mut random = fastrand::Rng::with_seed(11);
    for round in 0..4000 {
        let pairs = [[CLIENT_12, SERVER_12], [CLIENT_13, SERVER_13], MUTUAL, AGAIN];
        let [mut client, mut server] = pairs[round % 4].map(<[u8]>::to_vec);
        for _ in 0..random.usize(1..6) {
            for side in [&mut client, &mut server] {
                let at = random.usize(..side.len());
                side[at] = random.u8(..);
            }
        }
        server.truncate(random.usize(1..server.len() + 1));
        scan_tcp(&Tls, 443, &client, &server);
    }
}
