//! Two visits to a web server, between other traffic.

use super::Scene;
use crate::traffic::situation::CaptureFile;
use crate::traffic::talk::{Client, Server, Talk};
use crate::traffic::{Capture, Frame, Link, Situation};

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
const FORM: &str = "email=ailsa%40tides.example&notify=spring+tides&key=wreck-of-1892";

/// The tour's capture.
pub fn web(scene: &Scene) -> Situation {
    let get_page = request("GET", "/", "");
    let page = response("200 OK", "Content-Type: text/html; charset=utf-8", PAGE);
    let get_style = request("GET", "/style.css", "");
    let style = response("200 OK", "Content-Type: text/css", STYLE);
    let post = request("POST", "/notify", FORM);
    let thanks = response("303 See Other", "Location: /", "");
    let first = visit(scene.talk(), &[(&get_page, &page)]);
    let again = scene.between("192.168.1.10:49153", &scene.server);
    let second = visit(again.talk().wait(3_500_000), &[(&get_style, &style), (&post, &thanks)]);
    let dns = ["192.168.1.10:53124", "192.168.1.1:53"].map(|end| end.parse().expect("an endpoint"));
    let question = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\x05tides\x07example\0\0\x01\0\x01";
    let others = [Frame::udp(scene.start - 40_000_000, dns, question), Frame::arp(scene.start - 20_000_000)];
    let used = (first.len() + second.len()) as u64;
    let capture = Capture::on(Link::Ethernet).frames(others).frames(first).frames(second).sorted();
    let file = CaptureFile { used, ..CaptureFile::whole("capture.pcap", capture.pcap(), used + 2) };
    Situation {
        name: "web",
        about: "A browser fetches a page over one connection; over another, which overlaps in time, its style sheet, and then\n\
                it sends a form. An ARP request and a DNS question come first.\n\n\
                Four flows, each complete, both connections in state SF. Two frames are skipped: one `not_tcp`, one `not_ip`.",
        captures: vec![file],
        flows: vec![
            scene.there("").then(get_page.as_bytes()),
            scene.back("").then(page.as_bytes()),
            again.there("").then([get_style, post].concat().as_bytes()),
            again.back("").then([style, thanks].concat().as_bytes()),
        ],
    }
}

/// One connection with its questions and answers; what is typed takes a while.
fn visit(talk: Talk, exchanges: &[(&str, &str)]) -> Vec<Frame> {
    let told = exchanges.iter().enumerate().fold(talk.mss(536).open(), |talk, (number, (request, response))| {
        let pause = if number == 0 { 0 } else { 4_200_000_000 };
        talk.wait(pause).says(Client, request.as_bytes()).says(Server, response.as_bytes())
    });
    told.close().frames()
}

fn request(method: &str, path: &str, form: &str) -> String {
    let kind = "Content-Type: application/x-www-form-urlencoded";
    let body = if form.is_empty() { String::new() } else { format!("{kind}\r\nContent-Length: {}\r\n", form.len()) };
    format!(
        "{method} {path} HTTP/1.1\r\nHost: tides.example\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n\
         Accept: text/html,text/css;q=0.9,*/*;q=0.8\r\n{body}\r\n{form}"
    )
}

fn response(status: &str, header: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nDate: Tue, 14 Nov 2023 22:18:20 GMT\r\nServer: shed/2.1\r\n{header}\r\n\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}
