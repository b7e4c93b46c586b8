//! Where bodies end, and what becomes of those that lie or have holes.

use super::super::Http;
use super::{answer, ask, told, told_with_gap};
use crate::model::Transport;
use crate::scan::testing::{Memory, scan};

/// What is found of a response to `GET /a`.
fn respond(response: &[u8]) -> Vec<String> {
    told(&ask(&["GET"]), response)
}

#[test]
fn chunks_are_joined() {
    let chunked = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
        4;name=\"v;a\"\r\nWiki\r\n 05 \npedia\n0\r\nTrailer: x\r\n\r\n";
    let both = [chunked, answer("next").as_slice()].concat();
    let lines = told(&ask(&["GET", "GET"]), &both);
    assert_eq!(lines[0], r#"object 1 2 47..95 Some("a") None 9 true "Wikipedia""#);
    assert_eq!(lines[1], "1 0..28 GET h /a > 200 9#1 complete".replace("9#1", "0#- 9#1"));
    assert_eq!(lines[3], "1 28..56 GET h /b > 200 0#- 4#2 complete");
}

#[test]
fn chunks_that_lie_end_a_body() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let after = |chunks: &str| {
        let response = [head.as_bytes(), chunks.as_bytes(), &answer("next")].concat();
        told(&ask(&["GET", "GET"]), &response)
    };
    let strange = |lines: &[String]| {
        lines.iter().filter_map(|line| line.strip_prefix("strange 2 ")).map(str::to_owned).collect::<Vec<_>>()
    };
    let lines = after("2\r\nab\r\nxyz\r\n");
    assert_eq!(strange(&lines)[0], "59 a chunk does not begin with its size");
    assert!(lines[1].contains("2 false \"ab\""), "{lines:?}");
    let lines = after("2\r\nabcd\r\n0\r\n\r\n");
    assert_eq!(strange(&lines)[0], "52 a chunk does not end where it says");
    assert!(lines.last().unwrap().ends_with("> 200 0#- 4#2 complete"), "found again: {lines:?}");
    // 2^63 and 2^64 and more
    for size in ["8000000000000000", "ffffffffffffffff", "1ffffffffffffffffffffffff"] {
        let lines = respond(format!("{head}{size}\r\nabc").as_bytes());
        assert!(lines.iter().any(|line| line.ends_with("a body is shorter than said")), "{lines:?}");
        assert!(lines.last().unwrap().ends_with("> 200 0#- 3#1 incomplete"), "{lines:?}");
    }
    let lines = respond(format!("{head}-1\r\nabc").as_bytes());
    assert_eq!(lines[0], "strange 2 51 a chunk does not begin with its size");
    let early = respond(format!("{head}3\r\nabc\r\n").as_bytes());
    assert!(early[0].ends_with("a body in chunks ends early"), "{early:?}");
    let endless = respond(format!("{head}3{}", ";".repeat(20_000)).as_bytes());
    assert!(endless[0].ends_with("a chunk does not begin with a line"), "{endless:?}");
}

#[test]
fn lengths_that_lie_are_strange() {
    let with = |headers: &str| respond(format!("HTTP/1.1 200 OK\r\n{headers}\r\nabcdef").as_bytes());
    let ends = |lines: &[String], strange: &str, transaction: &str| {
        let said: Vec<_> = lines.iter().filter(|line| line.starts_with("strange")).collect();
        assert!(said.iter().any(|line| line.ends_with(strange)), "{lines:?}");
        assert!(lines.iter().any(|line| line.ends_with(transaction)), "{lines:?}");
    };
    ends(&with("Content-Length: 7\r\n"), "a body is shorter than said", "6#1 incomplete");
    ends(&with("Content-Length: 99999999999999999999999\r\n"), "shorter than said", "6#1 incomplete");
    ends(&with("Content-Length: 4\r\n"), "2 bytes belong to no message", "4#1 complete");
    ends(&with("Content-Length: -4\r\n"), "Content-Length is no number", "6#1 complete");
    ends(
        &with("Content-Length: 4\r\nContent-Length: 6\r\n"),
        "conflicting lengths in Content-Length: the first counts",
        "4#1 complete",
    );
    ends(
        &with("Content-Length: 4\r\nTransfer-Encoding: gzip\r\n"),
        "Content-Length beside Transfer-Encoding",
        "6#1 incomplete",
    );
    assert_eq!(with("Content-Length: 6, 6\r\n").len(), 2, "twice the same is none");
    assert_eq!(with("Content-Length: 6\r\nTransfer-Encoding: identity\r\n").len(), 2);
    let request = told(b"POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n", b"");
    assert_eq!(request[0], "strange 1 38 Content-Length is no number");
}

#[test]
fn a_body_without_length_goes_on_to_the_end() {
    let lines = respond(b"HTTP/1.0 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\nall of it");
    assert!(lines[1].ends_with("> 200 0#- 28#1 complete"), "{lines:?}");
}

#[test]
fn a_hole_keeps_its_place_and_is_no_data() {
    let answers = [answer("0123456789"), answer("next")].concat();
    let lines = told_with_gap(&ask(&["GET", "GET"]), &answers, 41..45);
    assert_eq!(
        lines,
        [
            "strange 2 41 a hole of 4 bytes in a body: zeros in its place",
            r#"object 1 2 39..49 Some("a") None 10 false "01\\x00\\x00\\x00\\x006789""#,
            "1 0..28 GET h /a > 200 0#- 6#1 incomplete",
            r#"object 2 2 87..91 Some("b") None 4 true "next""#,
            "1 28..56 GET h /b > 200 0#- 4#2 complete",
        ]
    );
    // nothing of the body follows: no zeros
    let lines = told_with_gap(&ask(&["GET", "GET"]), &answers, 45..49);
    assert_eq!(lines[0], "strange 2 45 a hole of 4 bytes in a body: cut there");
    assert_eq!(lines[1], r#"object 1 2 39..49 Some("a") None 6 false "012345""#);
    assert!(lines.last().unwrap().ends_with("4#2 complete"), "the next message is where it has to be: {lines:?}");
    let lines = told_with_gap(&ask(&["GET", "GET"]), &answers, 45..60);
    assert_eq!(lines[3], "strange 2 49 42 bytes belong to no message");
}

#[test]
fn long_holes_are_not_filled() {
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 3000000\r\n\r\n";
    let response = [&head[..], &b"x".repeat(3_000_000)].concat();
    let said = |gap| told_with_gap(&ask(&["GET"]), &response, gap);
    assert_eq!(said(1_000..2_000_000)[0], "strange 2 1000 a hole of 1999000 bytes in a body: cut there");
    assert_eq!(
        said(1_000_000..2_000_000)[0],
        "strange 2 1000000 a hole of 1000000 bytes in a body: zeros in its place"
    );
    assert!(said(1_000..2_000_000)[1].contains(" 956 false "), "what came before stays");
}

#[test]
fn holes_in_chunks_and_coded_bodies() {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let response = format!("{head}a\r\n0123456789\r\n3\r\nabc\r\n0\r\n\r\n");
    let inside = told_with_gap(&ask(&["GET"]), response.as_bytes(), 52..54);
    assert!(inside[1].contains(r#" 13 false "01\\x00\\x00456789abc""#), "{inside:?}");
    assert_eq!(inside.len(), 3, "{inside:?}");
    let between = told_with_gap(&ask(&["GET"]), response.as_bytes(), 60..64);
    assert!(between.iter().any(|line| line.ends_with("a hole between chunks: the body is cut there")), "{between:?}");
    assert!(between.iter().any(|line| line.contains(r#" 10 false "0123456789""#)), "{between:?}");
}

#[test]
fn requests_have_bodies_too() {
    let post = b"POST /in HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n".repeat(2);
    let lines = told(&post, &[answer("x"), answer("y")].concat());
    assert_eq!(lines[0], r#"object 1 1 49..62 Some("in") None 3 true "abc""#);
    assert_eq!(lines[5], "1 62..124 POST /in > 200 3#3 1#4 complete");
    let gap = scan(&Http::default(), 80, Transport::Tcp, Memory::with_gap(&post, 52..53), Memory::new(b""));
    assert!(gap[1].contains(r#"3 false "\\x00bc""#), "{gap:?}");
}
