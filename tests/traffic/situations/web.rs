//! Two visits to a web server, between other traffic.

use super::{CLIENT, SERVER, START};
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Flow, Frame, Link, Situation};

const PAGE: &str = "<!DOCTYPE html>
<html lang=\"en\">
<head>
  <meta charset=\"utf-8\">
  <title>The tide tables of Port Ellen</title>
  <link rel=\"stylesheet\" href=\"/style.css\">
</head>
<body>
  <h1>Tides today</h1>
  <table>
    <tr><th>Time</th><th>Height</th></tr>
    <tr><td>03:12</td><td>0.9 m</td></tr>
    <tr><td>09:26</td><td>0.3 m</td></tr>
    <tr><td>15:41</td><td>1.0 m</td></tr>
    <tr><td>21:58</td><td>0.2 m</td></tr>
  </table>
  <p>Heights are above chart datum. Times are UTC.</p>
</body>
</html>
";
const STYLE: &str = "body { font: 16px/1.5 serif; margin: 2em auto; max-width: 40em }
table { border-collapse: collapse }
td, th { border-bottom: 1px solid #ccc; padding: 0.2em 1em; text-align: right }
";
const SECOND_CLIENT: &str = "192.168.1.10:49153";

/// The tour's capture.
pub fn web() -> Situation {
    let get_page = request("/");
    let get_style = request("/style.css");
    let page = response("text/html; charset=utf-8", PAGE);
    let style = response("text/css", STYLE);
    let first = visit(CLIENT, &get_page, &page, START);
    let second = visit(SECOND_CLIENT, &get_style, &style, START + 3_500_000);
    let dns = ["192.168.1.10:53124", "192.168.1.1:53"].map(|end| end.parse().expect("an endpoint"));
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05tides\x07example\0\0\x01\0\x01";
    let others = [Frame::udp(START - 40_000_000, dns, question), Frame::arp(START - 20_000_000)];
    let used = (first.len() + second.len()) as u64;
    let capture = Capture::on(Link::Ethernet).frames(others).frames(first).frames(second).sorted();
    let file = CaptureFile { used, ..CaptureFile::whole("capture.pcap", capture.pcap(), used + 2) };
    Situation {
        name: "web",
        about: "A browser fetches a page and its style sheet over two connections that overlap in time; an ARP request and a\n\
                DNS question come first.\n\n\
                Four flows, each complete, both connections in state SF. Two frames are skipped: one `not_tcp`, one `not_ip`.",
        captures: vec![file],
        flows: vec![
            Flow::new(CLIENT, SERVER, "").then(get_page.as_bytes()),
            Flow::new(SERVER, CLIENT, "").then(page.as_bytes()),
            Flow::new(SECOND_CLIENT, SERVER, "").then(get_style.as_bytes()),
            Flow::new(SERVER, SECOND_CLIENT, "").then(style.as_bytes()),
        ],
    }
}

fn visit(client: &str, request: &str, response: &str, start: i64) -> Vec<Frame> {
    let talk = Talk::new(client, SERVER, start).mss(536).open();
    talk.says(Client, request.as_bytes()).says(Server, response.as_bytes()).close().frames()
}

fn request(path: &str) -> String {
    format!(
        "GET {path} HTTP/1.1\r\nHost: tides.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
         Accept: text/html,text/css;q=0.9,*/*;q=0.8\r\nConnection: close\r\n\r\n"
    )
}

fn response(kind: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 200 OK\r\nDate: Tue, 14 Nov 2023 22:13:20 GMT\r\nServer: shed/2.1\r\nContent-Type: {kind}\r\n\
         Content-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )
}
