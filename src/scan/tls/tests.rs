//! Handshakes of OpenSSL 3 with itself (`recorded/`: what client and server sent, in TLS 1.2 and 1.3), and what becomes of them
//! when bytes are missing or changed.

use super::super::testing::{Memory, scan, scan_tcp};
use super::fingerprint::{ja4, md5};
use super::hello::ClientHello;
use super::*;

const CLIENT_12: &[u8] = include_bytes!("recorded/client12");
const SERVER_12: &[u8] = include_bytes!("recorded/server12");
const CLIENT_13: &[u8] = include_bytes!("recorded/client13");
const SERVER_13: &[u8] = include_bytes!("recorded/server13");

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
    assert!(line.starts_with("session 1 0.."), "{line}");
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
    assert!(session(&lines).starts_with("session 1 19.."), "{lines:?}");
    let client = [&[0, 0, 0, 8, 4, 0xd2, 0x16, 0x2f][..], CLIENT_12].concat();
    let lines = scan_tcp(&Tls, 5432, &client, &[&b"S"[..], SERVER_12].concat());
    assert_eq!(field(session(&lines), "server_offset"), 1);
    assert!(scan_tcp(&Tls, 443, b"GET / HTTP/1.1\r\n\r\n", b"\x16\x03").is_empty());
}

#[test]
fn a_hole_ends_what_is_known() {
    let hole = Memory::with_gap(SERVER_12, 200..260);
    let lines = scan(&Tls, 443, Transport::Tcp, Memory::new(CLIENT_12), hole);
    assert_eq!(field(session(&lines), "version"), "TLS 1.2");
    assert_eq!(field(session(&lines), "certificates"), 0);
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
        let [mut client, mut server] =
            if round % 2 == 0 { [CLIENT_12, SERVER_12] } else { [CLIENT_13, SERVER_13] }.map(<[u8]>::to_vec);
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
