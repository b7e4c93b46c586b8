//! Heads, pairs, and where HTTP begins and ends.

use super::super::Http;
use super::{answer, ask, told, told_with_gap};
use crate::model::Transport;
use crate::scan::testing::{Memory, scan, scan_tcp};

#[test]
fn an_exchange_has_all_its_fields() {
    let request = "POST http://up.example/in/a%20b.txt?q=1 HTTP/1.1\r\nUser-Agent: curl/8\r\nReferer: http://r/\r\n\
        Content-Type: text/plain\r\nAuthorization: Basic YWlsYTpzZWNyZXQ=\r\nContent-Length: 3\r\n\r\nabc";
    let response = "HTTP/1.0 201 Made it\r\ncontent-TYPE:text/html \r\nContent-Encoding: identity\r\n\r\n<p>";
    assert_eq!(
        scan_tcp(&Http::default(), 9, request.as_bytes(), response.as_bytes()),
        [
            r#"object 1 1 176..179 Some("a b.txt") Some("text/plain") 3 true "abc""#,
            r#"object 2 2 77..80 None Some("text/html") 3 true "<p>""#.replace("None", r#"Some("a b.txt")"#).as_str(),
            concat!(
                "transaction 1 0..179 POST up.example http://up.example/in/a%20b.txt?q=1 ",
                r#"{"method":"POST","host":"up.example","uri":"http://up.example/in/a%20b.txt?q=1","version":"HTTP/1.1","#,
                r#""user_agent":"curl/8","referrer":"http://r/","request_type":"text/plain","username":"aila","#,
                r#""status":201,"reason":"Made it","response_type":"text/html","response_encoding":"identity","#,
                r#""request_flow_id":1,"request_offset":0,"request_bytes":3,"request_object":1,"#,
                r#""response_flow_id":2,"response_offset":0,"response_bytes":3,"response_object":2,"#,
                r#""response_time_ns":0,"complete":1}"#
            )
        ]
    );
}

#[test]
fn exchanges_follow_each_other() {
    let asks = ask(&["GET", "HEAD", "GET", "DELETE", "GET"]);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n".to_vec();
    let same = b"HTTP/1.1 304 Not Modified\r\nContent-Length: 999\r\n\r\n".to_vec();
    let none = b"HTTP/1.1 204 No Content\r\n\r\n".to_vec();
    let answers = [answer("one"), head, same, none, answer("five!")].concat();
    assert_eq!(
        told(&asks, &answers),
        [
            r#"object 1 2 38..41 Some("a") None 3 true "one""#,
            "1 0..28 GET h /a > 200 0#- 3#1 complete",
            "1 28..57 HEAD h /b > 200 0#- 0#- complete",
            "1 57..85 GET h /c > 304 0#- 0#- complete",
            "1 85..116 DELETE h /d > 204 0#- 0#- complete",
            r#"object 2 2 196..201 Some("e") None 5 true "five!""#,
            "1 116..144 GET h /e > 200 0#- 5#2 complete",
        ]
    );
}

#[test]
fn ten_thousand_pipelined_requests_are_recorded() {
    let asks = b"GET /x HTTP/1.1\r\nHost: h\r\n\r\n".repeat(10_000);
    let answers = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx".repeat(10_000);
    let lines = told(&asks, &answers);
    assert_eq!(lines.iter().filter(|line| line.ends_with(" complete")).count(), 10_000);
    assert_eq!(lines.len(), 20_000);
}

#[test]
fn interim_responses_belong_to_their_request() {
    let request = b"PUT /f HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nhi".repeat(2);
    let go_on = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n".to_vec();
    let done = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n".to_vec();
    let lines = told(&request, &[&go_on[..], &done, &done].concat());
    assert_eq!(lines[1], "1 0..71 PUT h /f > 200 2#1 0#- complete");
    assert_eq!(lines[3], "1 71..142 PUT h /f > 200 2#2 0#- complete");
    assert_eq!(told(&request[..71], &go_on[..25])[1], "1 0..71 PUT h /f > 100 2#1 0#- complete");
}

#[test]
fn a_body_nobody_asked_for_is_not_sent() {
    let request = b"PUT /f HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 20\r\n\r\n".to_vec();
    let request = [request, ask(&["GET"])].concat();
    let answers = [&b"HTTP/1.1 401 No\r\nContent-Length: 0\r\n\r\n"[..], &answer("x")].concat();
    let lines = told(&request, &answers);
    assert_eq!(lines[0], "1 0..70 PUT h /f > 401 0#- 0#- complete");
    assert_eq!(lines[2], "1 70..98 GET h /a > 200 0#- 1#1 complete");
}

#[test]
fn what_follows_an_upgrade_or_a_tunnel_is_not_http() {
    let web_socket = [&ask(&["GET"])[..], b"\x81\x05GET / HTTP/1.1\r\n\r\n"].concat();
    let switched = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n\x81\x05HTTP/1.1 200 OK\r\n\r\n";
    assert_eq!(told(&web_socket, switched), ["1 0..28 GET h /a > 101 0#- 0#- complete"]);
    let connect = b"CONNECT tls.example:443 HTTP/1.1\r\n\r\n\x16\x03\x01\x02\0\x01\0";
    let established = b"HTTP/1.1 200 Connection established\r\n\r\n\x16\x03\x03";
    let tunnel = "1 0..36 CONNECT tls.example:443 tls.example:443 > 200 0#- 0#- complete";
    assert_eq!(told(connect, established), [tunnel]);
    assert_eq!(told(connect, b""), ["1 0..36 CONNECT tls.example:443 tls.example:443 > - 0#- -#- incomplete"]);
    let refused = told(connect, b"HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno");
    assert_eq!(refused[1], "1 0..36 CONNECT tls.example:443 tls.example:443 > 403 0#- 2#1 complete");
}

#[test]
fn other_protocols_say_nothing() {
    let tls = b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_eq!(told(tls, b"\x16\x03\x03HTTP/1.1 200 OK\r\n\r\n"), [""; 0]);
    assert_eq!(told(b"EHLO here\r\n", b"220 mail ESMTP\r\n"), [""; 0]);
    assert_eq!(told(b"OPTIONS rtsp://c/ RTSP/1.0\r\nCSeq: 1\r\n\r\n", b"RTSP/1.0 200 OK\r\n\r\n"), [""; 0]);
    assert_eq!(told(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b""), [""; 0]);
    assert_eq!(told(b"NICK a b HTTP\r\n", b""), [""; 0]);
    let datagrams = [ask(&["GET"]), answer("x")].map(|bytes| Memory::datagrams(&[&bytes]));
    let [orig, resp] = datagrams;
    assert_eq!(scan(&Http::default(), 80, Transport::Udp, orig, resp), [""; 0]);
}

#[test]
fn proxies_are_asked_first() {
    let five = [b"\x05\x01\0\x05\x01\0\x03\x01h\0\x50".as_slice(), &ask(&["GET", "HEAD"])].concat();
    let answers = [b"\x05\0\x05\0\0\x01\x0a\0\0\x01\x04\x38".as_slice(), &answer("one"), &answer("")].concat();
    assert_eq!(
        told(&five, &answers),
        [
            r#"object 1 2 50..53 Some("a") None 3 true "one""#,
            "1 11..39 GET h /a > 200 0#- 3#1 complete",
            "1 39..68 HEAD h /b > 200 0#- 0#- complete",
        ]
    );
    let four = [b"\x04\x01\0\x50\x0a\0\0\x02me\0".as_slice(), &ask(&["GET"])].concat();
    let granted = [b"\0\x5a\0\0\0\0\0\0".as_slice(), &answer("x")].concat();
    // here the time of a byte is its place, so that this answer comes before its question
    let lines = told(&four, &granted);
    assert!(lines.iter().any(|line| line.starts_with("1 11..39 GET h /a")), "{lines:?}");
    let later = [b"\x05\x01\0".as_slice(), &[0; 4096], &ask(&["GET"])].concat();
    assert_eq!(told(&later, b"\x05\0"), [""; 0], "too far from the beginning");
}

#[test]
fn roles_come_from_what_is_said() {
    assert_eq!(told(&answer("x"), &ask(&["GET"]))[1], "2 0..28 GET h /a > 200 0#- 1#1 complete");
    assert_eq!(told(b"", &answer("x"))[1], "2 0..39 HTTP/1.1 200 OK > 200 -#- 1#1 incomplete");
    assert_eq!(told(&ask(&["GET"]), b""), ["1 0..28 GET h /a > - 0#- -#- incomplete"]);
}

#[test]
fn heads_are_read_leniently() {
    let first = |request: &[u8]| told(request, b"").remove(0);
    assert_eq!(first(b"GET /a b\tc HTTP/1.1\nhOsT :  h \n\n"), "1 0..32 GET h /a b\tc > - 0#- -#- incomplete");
    assert_eq!(first(b"\r\n\nGET / HTTP/1.2\r\nHost: n\0l\r\n\r\n"), r"1 3..32 GET n\x00l / > - 0#- -#- incomplete");
    assert_eq!(
        first(b"GET /\xff HTTP/1.0\r\nno colon\r\nHost: a\r\n\tb\r\n\r\n"),
        r"1 0..42 GET a b /\xff > - 0#- -#- incomplete"
    );
    let icy = told(b"GET / HTTP/1.0\r\n\r\n", b"ICY 200 OK\r\nicy-name: radio\r\n\r\nmp3");
    assert_eq!(icy[1], "1 0..18 GET / > 200 0#- 3#1 complete");
}

#[test]
fn heads_are_read_as_httparse_reads_them() {
    let heads: [&[u8]; 3] = [
        b"GET /x?y HTTP/1.1\r\nHost: a.example\r\nUser-Agent: x y  z\r\nReferer:\r\n\r\n",
        b"POST * HTTP/1.0\nContent-Length: 5\nContent-Length: 6\n\n",
        b"M-SEARCH http://a/ HTTP/1.1\r\nX: 1\r\nEXPECT: \t100-continue \r\nTransfer-Encoding: a, b\r\n\r\n",
    ];
    for bytes in heads {
        let mut fields = [httparse::EMPTY_HEADER; 8];
        let mut theirs = httparse::Request::new(&mut fields);
        let end = theirs.parse(bytes).unwrap().unwrap();
        assert_eq!(super::super::head::end_of(bytes), Some(end));
        let Some(super::super::head::Start::Request { method, uri, version }) = super::super::head::start_of(bytes)
        else {
            panic!("no request")
        };
        assert_eq!(
            (method.as_slice(), uri.as_slice()),
            (theirs.method.unwrap().as_bytes(), theirs.path.unwrap().as_bytes())
        );
        assert_eq!(version, format!("HTTP/1.{}", theirs.version.unwrap()).as_bytes());
        let lines = &bytes[bytes.iter().position(|&byte| byte == b'\n').unwrap() + 1..];
        let ours = super::super::head::Headers::parse(lines);
        for field in theirs.headers.iter().filter(|field| field.name.len() > 1) {
            assert!(ours.all(&field.name.to_ascii_lowercase()).any(|value| value == field.value), "{}", field.name);
        }
    }
}

#[test]
fn a_connection_may_begin_in_the_middle() {
    let tail = [b"tail of a page</html>".as_slice(), &answer("one")].concat();
    // the first answer came before what was captured of the requests
    let lines = told(&ask(&["GET"]), &tail);
    assert_eq!(lines[0], "strange 2 0 21 bytes belong to no message");
    assert_eq!(lines.last().unwrap(), "1 0..28 GET h /a > 200 0#- 3#1 complete");
    let cut = [b"l=1; x=2\r\n\r\n".as_slice(), &b"x".repeat(60), &ask(&["GET"])].concat();
    let lines = told(&cut, &[answer("one"), b" ".repeat(100), answer("two")].concat());
    assert_eq!(
        lines,
        [
            "strange 1 0 72 bytes belong to no message",
            r#"object 1 2 38..41 None None 3 true "one""#,
            "2 0..41 HTTP/1.1 200 OK > 200 -#- 3#1 incomplete",
            "strange 2 41 100 bytes belong to no message",
            "strange 2 141 messages are missing: responses are matched with requests by time from here on",
            r#"object 2 2 179..182 Some("a") None 3 true "two""#,
            "1 72..100 GET h /a > 200 0#- 3#2 complete",
        ]
    );
    let only = told(b"", &[b"\0\x01 HTTP/1.1 is a protocol</html>".as_slice(), &answer("one")].concat());
    assert_eq!(only.last().unwrap(), "2 32..73 HTTP/1.1 200 OK > 200 -#- 3#1 incomplete");
}

#[test]
fn later_parts_of_a_flow_are_scanned() {
    use crate::scan::{Connection, Flow, Payload, Scanner};
    let payload =
        [ask(&["GET"]), answer("one"), [b"ne".as_slice(), &answer("three")].concat()].map(|b| Memory::new(&b));
    let end = crate::model::Endpoint { ip: [10, 0, 0, 1].into(), port: 80 };
    let digests = crate::model::Digests::default();
    let flow = |id: u64, side, part, payload| Flow {
        id,
        side,
        part,
        src: end,
        dst: end,
        path: "flows/a",
        digests: &digests,
        payload,
    };
    let flows = [(0, 0), (1, 0), (1, 1)].into_iter().zip(&payload).zip(1..);
    let flows = flows.map(|(((side, part), payload), id)| flow(id, side, part, payload as &dyn Payload)).collect();
    let mut counted = super::floods::Counted::default();
    Http::default().scan(&Connection { id: 1, transport: Transport::Tcp, start: None, flows }, &mut counted).unwrap();
    assert_eq!((counted.findings, counted.objects.len(), counted.strange.len()), (2, 2, 1));
}

#[test]
fn holes_between_and_in_heads_lose_what_is_in_them() {
    let asks = ask(&["GET", "GET", "GET"]);
    let answers = [answer("one"), answer("two"), answer("three")].concat();
    // of 41 bytes each
    let lines = told_with_gap(&asks, &answers, 41..82);
    assert_eq!(lines[2], "strange 2 41 a hole of 41 bytes between messages");
    // every request came before every answer: times say the last of them
    assert_eq!(lines.last().unwrap(), "1 56..84 GET h /c > 200 0#- 5#2 complete");
    let lines = told_with_gap(&asks, &answers, 62..66);
    assert_eq!(lines[2], "strange 2 41 a hole in the head of a message");
    assert!(lines.iter().any(|line| line.ends_with("> 200 0#- 0#- incomplete")), "{lines:?}");
    assert!(lines.last().unwrap().ends_with("> 200 0#- 5#2 complete"), "{lines:?}");
}

#[test]
fn an_unanswered_request_is_skipped_by_time() {
    let (asks, mut answers) = (ask(&["GET", "GET"]), answer("one"));
    answers.extend(b".".repeat(50));
    answers.extend(answer("two"));
    // the second request came at 28, the second response at 91; the first one was answered at 0
    let lines = told(&asks, &answers);
    assert_eq!(lines.last().unwrap(), "1 28..56 GET h /b > 200 0#- 3#2 complete");
}
