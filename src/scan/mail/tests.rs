//! Mails found in sessions made here.

use super::super::testing::{Memory, scan, scan_tcp};
use super::*;

/// Findings of mails, as JSON.
fn mails(lines: &[String]) -> Vec<serde_json::Value> {
    let fields = |line: &String| serde_json::from_str(&line[line.find('{').unwrap()..]).unwrap();
    lines.iter().filter(|line| line.starts_with("mail ")).map(fields).collect()
}

fn objects(lines: &[String]) -> Vec<&str> {
    lines.iter().filter(|line| line.starts_with("object ")).map(String::as_str).collect()
}

const SERVER: &[u8] = b"220 mx.example ESMTP\r\n250-mx.example\r\n250 AUTH PLAIN LOGIN\r\n235 ok\r\n250 ok\r\n550 no\r\n250 ok\r\n354 go\r\n250 queued\r\n221 bye\r\n";
const CLIENT: &[u8] = b"EHLO me.example\r\nAUTH PLAIN AGpvZQBzZWNyZXQ=\r\nMAIL FROM:<joe@a.example> SIZE=9\r\nRCPT TO:<no@b.example>\r\nRCPT TO:<ann@b.example>\r\nDATA\r\nSubject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMessage-ID: <1@a>\r\nDate: Mon, 5 Oct 2009 11:36:07 +0530\r\nFrom: other@a.example\r\n\r\n..dot\r\n.x\r\n.\r\nQUIT\r\n";

#[test]
fn a_mail_is_sent() {
    let lines = scan_tcp(&Mail, 25, CLIENT, SERVER);
    let expected = serde_json::json!({
        "from": "joe@a.example", "to": ["ann@b.example"], "subject": "Grüße", "date": "2009-10-05T11:36:07+05:30",
        "message_id": "1@a", "size": 129, "helo": "me.example", "username": "joe", "reply": 250, "object": 1,
        "protocol": "smtp", "complete": 1,
    });
    assert_eq!(mails(&lines), [expected]);
    let text = r#""Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\r\nMe""#;
    let object = format!(r#"object 1 1 135..269 Some("mail-1.eml") Some("message/rfc822") 129 true {text}"#);
    assert_eq!(objects(&lines), [object]);
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[1].starts_with("mail 1 135..269 Grüße {"), "{lines:?}");
}

/// What the one object of an SMTP message is, and whether it is complete.
fn sent(data: &[u8]) -> (String, bool) {
    let client = [b"HELO a\r\nDATA\r\n", data].concat();
    let lines = scan_tcp(&Mail, 25, &client, b"220 x SMTP\r\n250 a\r\n354 b\r\n250 c\r\n");
    let object = objects(&lines)[0];
    (object[object.find(" \"").unwrap() + 1..].to_owned(), object.contains(" true "))
}

#[test]
fn dots_are_taken_away_and_ends_found() {
    let whole = |text: &str| (text.to_owned(), true);
    assert_eq!(sent(b"a\r\n..\r\n..b\r\n.\r\nQUIT\r\n"), whole(r#""a\r\n.\r\n.b\r\n""#));
    assert_eq!(sent(b"..a.\r\n.\r\n"), whole(r#"".a.\r\n""#));
    assert_eq!(sent(b"a\n.\r\nb\n.\nc\r\n.\r\n"), whole(r#""a\n.\r\nb\n.\nc\r\n""#));
    assert_eq!(sent(b"a\r\n."), (r#""a\r\n""#.into(), false));
    // the dot begins what is read next
    let long = [b"HELO a\r\nDATA\r\n".to_vec(), b"x".repeat((32 << 10) - 2), b"\r\n..\r\n.\r\n".to_vec()].concat();
    let long = scan_tcp(&Mail, 25, &long, b"");
    assert!(objects(&long)[0].contains(" 32771 true "), "{long:?}");
    let smuggled = scan_tcp(&Mail, 25, b"HELO a\r\nDATA\r\na\n.\nb\r\n.\r\n", b"");
    assert!(smuggled.iter().any(|line| line.starts_with("strange 1 16 a line with a dot alone")), "{smuggled:?}");
}

#[test]
fn what_is_refused_is_no_mail() {
    let client = b"HELO a\r\nMAIL FROM:<a>\r\nDATA\r\nQUIT\r\n";
    assert_eq!(scan_tcp(&Mail, 25, client, b"220 x SMTP\r\n250 a\r\n250 b\r\n503 c\r\n221 d\r\n"), [""; 0]);
    let client = b"EHLO a\r\nSTARTTLS\r\nDATA\r\n\r\n.\r\n";
    assert_eq!(scan_tcp(&Mail, 25, client, b"220 x SMTP\r\n250 a\r\n220 go\r\n"), [""; 0]);
}

#[test]
fn chunks_make_one_mail() {
    let client =
        b"EHLO a\r\nMAIL FROM:<a>\r\nRCPT TO:<b>\r\nBDAT 12\r\nSubject: x\r\nBDAT 9 LAST\r\n\r\n.\r\nBDAT\r\n.QUIT\r\n";
    let lines = scan_tcp(&Mail, 25, client, b"220 x\r\n250 a\r\n250 b\r\n250 c\r\n250 d\r\n250 e\r\n221 f\r\n");
    assert_eq!(
        objects(&lines),
        [r#"object 1 1 45..79 Some("mail-1.eml") Some("message/rfc822") 21 true "Subject: x\r\n\r\n.\r\nBDAT""#]
    );
    let cut = scan_tcp(&Mail, 25, b"EHLO a\r\nBDAT 18446744073709551615 LAST\r\nSubject: x\r\n\r\nb", b"");
    assert!(objects(&cut)[0].contains(" 15 false "), "{cut:?}");
    let open = scan_tcp(&Mail, 25, b"EHLO a\r\nBDAT 3\r\nabcQUIT\r\n", b"");
    assert!(objects(&open)[0].contains(" 3 false "), "{open:?}");
}

#[test]
fn holes_make_mails_incomplete() {
    let gap = 250..260;
    let lines = scan(&Mail, 25, Transport::Tcp, Memory::with_gap(CLIENT, gap), Memory::new(SERVER));
    assert_eq!(lines[0], "strange 1 250 a hole in a mail");
    assert!(objects(&lines)[0].contains(" 120 false "), "{lines:?}");
}

#[test]
fn mails_are_fetched_with_pop3() {
    let client = b"USER joe\r\nPASS x\r\nLIST\r\nTOP 1 0\r\nRETR 1\r\nRETR 2\r\nRETR 3\r\nQUIT\r\n";
    let server = b"+OK hi\r\n+OK\r\n+OK\r\n+OK 2\r\n1 9\r\n.\r\n+OK\r\nSubject: t\r\n\r\n.\r\n+OK\r\nSubject: a\r\nFrom: x <x@x>\r\nTo: a@a, b@b\r\n\r\n..\r\n.\r\n-ERR\r\n+OK\r\nSubject: b\r\n";
    let lines = scan_tcp(&Mail, 110, client, server);
    let told: Vec<String> = mails(&lines)
        .iter()
        .map(|mail| {
            ["username", "protocol", "from", "to", "subject", "complete"].map(|name| mail[name].to_string()).join(" ")
        })
        .collect();
    let expected = [r#""joe" "pop3" "x@x" ["a@a","b@b"] "a" 1"#, r#""joe" "pop3" null [] "b" 0"#];
    assert_eq!(told, expected);
    assert!(objects(&lines)[0].ends_with(r#" true "Subject: a\r\nFrom: x <x@x>\r\nTo: a@a, b@b\r""#), "{lines:?}");
}

#[test]
fn mails_are_fetched_with_imap() {
    let client = b"a LOGIN \"jo\\\"e\" x\r\nb FETCH 1:3 (FLAGS BODY[])\r\n";
    let server = b"* OK hi\r\na OK\r\n* 1 FETCH (FLAGS () BODY[] {14}\r\nSubject: a\r\n\r\n)\r\n* 2 FETCH (BODY[HEADER] {23}\r\n* 9 FETCH (BODY[] {3}\r\n)\r\n* 3 FETCH (RFC822 {99}\r\nSubject: b\r\n\r\n";
    let lines = scan_tcp(&Mail, 143, client, server);
    let told: Vec<String> = mails(&lines)
        .iter()
        .map(|mail| format!("{} {} {}", mail["subject"], mail["username"], mail["complete"]))
        .collect();
    assert_eq!(told, [r#""a" "jo\"e" 1"#, r#""b" "jo\"e" 0"#]);
}

const ATTACHED: &str = "From: a@b\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\nContent-Type: text/plain\r\n\r\nhello\r\n--B\r\nContent-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-Disposition: attachment; filename=\"../p.png\"\r\n\r\niVBORw0KGgo=\r\n--B\r\nContent-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\nContent-Disposition: attachment; filename*=utf-8''%C3%BC.txt\r\n\r\nGr=FC=DFe\r\n--B\r\nContent-Type: message/rfc822\r\nContent-Disposition: attachment\r\n\r\nSubject: inner\r\nContent-Type: application/x-y; name=z.bin\r\nContent-Disposition: attachment\r\nContent-Transfer-Encoding: base64\r\n\r\nAAEC\r\n--B--\r\n";

#[test]
fn attachments_are_objects() {
    let client = format!("EHLO a\r\nDATA\r\n{ATTACHED}.\r\n");
    let lines = scan_tcp(&Mail, 25, client.as_bytes(), b"");
    let objects = objects(&lines);
    let ends: Vec<&str> =
        objects.iter().skip(1).map(|line| &line[line.find("Some").or(line.find("None")).unwrap()..]).collect();
    assert_eq!(ends[0], r#"Some("../p.png") Some("image/png") 8 true "\\x89PNG\r\n\u{1a}\n""#);
    assert_eq!(ends[1], r#"Some("ü.txt") Some("text/plain") 5 true "Gr\\xfc\\xdfe""#);
    assert!(ends[2].contains(r#"Some("message/rfc822") "#) && ends[2].contains(r#" true "Subject: inner"#), "{ends:?}");
    assert_eq!(ends[3], r#"Some("z.bin") Some("application/x-y") 3 true "\\x00\u{1}\u{2}""#);
    assert_eq!(ends.len(), 4, "{ends:?}");
}

#[test]
fn any_bytes_are_looked_at_without_harm() {
    let mut random = fastrand::Rng::with_seed(5);
    let seeds: [(u16, Vec<u8>, &[u8]); 3] = [
        (25, [CLIENT, format!("DATA\r\n{ATTACHED}.\r\nBDAT 9\r\n").as_bytes()].concat(), SERVER),
        (
            110,
            b"USER joe\r\nAUTH PLAIN\r\nx\r\nRETR 1\r\nRETR 2\r\n".to_vec(),
            b"+OK hi\r\n+OK\r\n+ \r\n+OK\r\n+OK\r\nSubject: b\r\n\r\n.\r\n",
        ),
        (
            143,
            b"a LOGIN {3}\r\nb AUTHENTICATE PLAIN\r\n".to_vec(),
            b"* OK hi\r\n* 1 FETCH (BODY[] {14}\r\nSubject: a\r\n\r\n)\r\n",
        ),
    ];
    for i in 0..3000 {
        let (port, client, server) = &seeds[i % 3];
        let mut sides = [client.clone(), server.to_vec()];
        for side in &mut sides {
            for _ in 0..random.usize(..10) {
                let at = random.usize(..side.len());
                let byte = random.u8(..);
                side[at] = *random.choice([b'\n', b'.', b' ', b'=', b'-', b'{', byte].iter()).unwrap();
            }
        }
        let at = random.u64(..client.len() as u64);
        let gap = at..(at + random.u64(1..30)).min(client.len() as u64);
        let orig = if random.bool() { Memory::with_gap(&sides[0], gap) } else { Memory::new(&sides[0]) };
        scan(&Mail, *port, Transport::Tcp, orig, Memory::new(&sides[1]));
    }
}
