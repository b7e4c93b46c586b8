//! A second opinion on TLS: names, fingerprints and serial numbers of certificates that tshark sees in the same connections. Where no
//! captures are given, they are handshakes of OpenSSL.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::opinion::{Opinion, fields};
use crate::support::Place;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Link};

/// What client and server sent.
macro_rules! recorded {
    ($client:literal, $server:literal) => {
        [
            include_bytes!(concat!("../src/scan/tls/recorded/", $client)),
            include_bytes!(concat!("../src/scan/tls/recorded/", $server)),
        ]
    };
}
const SESSIONS: [[&[u8]; 2]; 6] = [
    recorded!("client12", "server12"),
    recorded!("client13", "server13"),
    recorded!("client_again", "server_again"),
    recorded!("client_mutual", "server_mutual"),
    recorded!("client12_resumed", "server12_resumed"),
    recorded!("client13_resumed", "server13_resumed"),
];

/// Lines of ports, name, JA3, JA3S and the serial numbers of certificates.
const OURS: &str = "SELECT orig_port, resp_port, coalesce(sni, ''), coalesce(ja3, ''), coalesce(ja3s, ''), (
        SELECT coalesce(group_concat(serial, ' '), '') FROM (
            SELECT replace(serial, ':', '') AS serial FROM certificates
            WHERE certificates.connection_id = connections.id ORDER BY serial))
    FROM tls JOIN connections ON connections.id = connection_id";

#[test]
fn tshark_sees_the_same_sessions() {
    let (least, ours) = (SESSIONS.len() + 1, (&["--scan", "tls"][..], OURS));
    Opinion { capture, differences: &[], least, ours, theirs }.compare();
}

/// Each session on the port of HTTPS, and one more behind STARTTLS.
fn capture(place: &Place) -> PathBuf {
    let start = |number: usize| 1_700_000_000_000_000_000 + number as i64 * 1_000_000_000;
    let talk = |number: usize, port| {
        Talk::new(&format!("10.0.0.1:{}", 40_000 + number), &format!("10.0.0.2:{port}"), start(number)).mss(500).open()
    };
    let mut frames = Vec::new();
    for (number, [client, server]) in SESSIONS.iter().enumerate() {
        frames.extend(talk(number, 443).says(Client, client).says(Server, server).close().frames());
    }
    let [client, server] = SESSIONS[0];
    let mail = talk(SESSIONS.len(), 25).says(Server, b"220 tides.example ESMTP\r\n").says(Client, b"EHLO me\r\n");
    let mail = mail.says(Server, b"250-tides.example\r\n250 STARTTLS\r\n").says(Client, b"STARTTLS\r\n");
    let mail = mail.says(Server, b"220 go ahead\r\n").says(Client, client).says(Server, server).close();
    frames.extend(mail.frames());
    let name = place.file("sessions.pcap", &Capture::on(Link::Ethernet).frames(frames).pcap());
    place.path().join(name)
}

/// What one connection says.
#[derive(Default)]
struct Session {
    ports: String,
    name: String,
    ja3: String,
    ja3s: String,
    serials: Vec<String>,
}

/// The same of tshark: of the client its first hello, of the server its last, as one before it only asks for another.
fn theirs(capture: &Path) -> Vec<String> {
    let (name, serial) = ("tls.handshake.extensions_server_name", "x509af.serialNumber");
    let (ja3, ja3s) = ("tls.handshake.ja3", "tls.handshake.ja3s");
    let names = ["tcp.stream", "tcp.srcport", "tcp.dstport", name, ja3, ja3s, serial];
    let mut sessions = BTreeMap::<String, Session>::new();
    for [stream, from, to, name, ja3, ja3s, serials] in fields(capture, "tls.handshake.type && tcp", names) {
        let session = sessions.entry(stream).or_default();
        if session.ports.is_empty() {
            session.ports = if ja3.is_empty() { format!("{to}|{from}") } else { format!("{from}|{to}") };
        }
        if session.ja3.is_empty() {
            session.ja3 = ja3.split('|').next().unwrap().to_owned();
            session.name = name.split('|').next().unwrap().to_owned();
        }
        if let Some(last) = ja3s.rsplit('|').next().filter(|last| !last.is_empty()) {
            session.ja3s = last.to_owned();
        }
        session.serials.extend(serials.split('|').filter(|serial| !serial.is_empty()).map(str::to_owned));
    }
    let line = |mut session: Session| {
        session.serials.sort();
        let Session { ports, name, ja3, ja3s, serials } = session;
        format!("{ports}|{name}|{ja3}|{ja3s}|{}", serials.join(" "))
    };
    sessions.into_values().map(line).collect()
}
