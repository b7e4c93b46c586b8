//! What crosses HTTP: bodies in chunks, compressed, in parts, and with a piece that was never captured.

use super::{Scene, staged, text};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server};
use crate::traffic::{Capture, Link, Situation};

/// Each of them.
pub fn all() -> Vec<Situation> {
    staged(201, &[http_bodies, http_lost])
}

/// Three times `<html><title>Ferries</title><p>The 07:00 to Kennacraig sails; the 09:45 does not.</p></html>` and a line end, as
/// gzip.
const FERRIES: &[u8] = &[
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0xff, 0xb3, 0xc9, 0x28, 0xc9, 0xcd, 0xb1, 0xb3, 0x29, 0xc9,
    0x2c, 0xc9, 0x49, 0xb5, 0x73, 0x4b, 0x2d, 0x2a, 0xca, 0x4c, 0x2d, 0xb6, 0xd1, 0x87, 0x70, 0x6d, 0x0a, 0xec, 0x42,
    0x32, 0x52, 0x15, 0x0c, 0xcc, 0xad, 0x0c, 0x0c, 0x14, 0x4a, 0xf2, 0x15, 0xbc, 0x53, 0xf3, 0xf2, 0x12, 0x93, 0x8b,
    0x12, 0x33, 0xd3, 0x15, 0x8a, 0x13, 0x33, 0x73, 0x8a, 0xad, 0x15, 0x4a, 0x40, 0xd2, 0x96, 0x56, 0x26, 0xa6, 0x0a,
    0x29, 0xf9, 0xa9, 0xc5, 0x0a, 0x79, 0xf9, 0x25, 0x7a, 0x36, 0xfa, 0x05, 0x76, 0x36, 0xfa, 0x60, 0x53, 0xb9, 0x6c,
    0x86, 0xac, 0xe1, 0x00, 0xcf, 0x0e, 0xcc, 0xf5, 0x17, 0x01, 0x00, 0x00,
];
const FORM: &str = "--tide\r\nContent-Disposition: form-data; name=\"boat\"\r\n\r\nFinlaggan\r\n\
    --tide\r\nContent-Disposition: form-data; name=\"list\"; filename=\"../../crew.csv\"\r\nContent-Type: text/csv\r\n\r\n\
    name,since\r\nAilsa,1892\r\n\r\n--tide--\r\n";

fn http_bodies(scene: &Scene) -> Situation {
    let (one, two) = FERRIES.split_at(60);
    let chunk = |bytes: &[u8]| [format!("{:x};part\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat();
    let page = [
        b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
        &*chunk(one),
        &chunk(two),
        b"0\r\nX-Checked: yes\r\n\r\n",
    ]
    .concat();
    let upload = format!(
        "{}Content-Type: multipart/form-data; boundary=tide\r\nContent-Length: {}\r\n\r\n{FORM}",
        request("POST", "/crew"),
        FORM.len()
    );
    let asks = [
        format!("{}\r\n", request("GET", "/ferries.html")),
        format!("{}\r\n{}\r\n", request("HEAD", "/map.png"), request("GET", "/none")),
        upload,
    ];
    let answers = [
        page,
        b"HTTP/1.1 200 OK\r\nContent-Type: image/png\r\nContent-Length: 40960\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n"
            .to_vec(),
        b"HTTP/1.1 201 Created\r\nContent-Type: text/plain\r\nContent-Length: 5\r\n\r\nsaved".to_vec(),
    ];
    let exchanges = asks.iter().zip(&answers);
    let told = exchanges.fold(scene.talk().mss(200).open(), |talk, (ask, answer)| {
        talk.says(Client, ask.as_bytes()).says(Server, answer)
    });
    let frames = told.close().frames();
    let used = frames.len() as u64;
    Situation {
        name: "http_bodies",
        about: "Over one connection: a page in chunks and compressed, HEAD and GET in one segment, of which neither answer has a\n\
                body, and a form of two fields, the second a file whose name would lead elsewhere.\n\n\
                Three bodies and, of the form, two parts.",
        captures: vec![CaptureFile::whole("capture.pcap", Capture::on(Link::Ethernet).frames(frames).pcap(), used)],
        flows: vec![scene.there("").then(asks.concat().as_bytes()), scene.back("").then(&answers.concat())],
    }
}

fn http_lost(scene: &Scene) -> Situation {
    let ask = format!("{}\r\n", request("GET", "/log.txt"));
    let log = text(3, 900);
    let head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 900\r\n\r\n";
    let (before, lost, after) = (&log[..300], &log[300..600], &log[600..]);
    let last = b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno";
    let told = scene.talk().open().says(Client, ask.as_bytes()).says(Server, &[head, before].concat());
    let told = told.loses(Server, lost).says(Server, after).says(Client, ask.as_bytes()).says(Server, last);
    let frames = told.close().frames();
    let used = frames.len() as u64;
    Situation {
        name: "http_lost",
        about: "A segment in the middle of a body is missing; another request follows.\n\n\
                The body keeps its length, with zeros where nothing was captured, and is marked as incomplete. The second answer is\n\
                where it has to be.",
        captures: vec![CaptureFile::whole("capture.pcap", Capture::on(Link::Ethernet).frames(frames).pcap(), used)],
        flows: vec![
            scene.there("").then(ask.as_bytes()).then(ask.as_bytes()),
            scene.back("").then(head).then(before).hole(lost.len()).then(after).then(last),
        ],
    }
}

fn request(method: &str, path: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nHost: pier.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n")
}
