//! Lookups found in messages made here.

use super::super::testing::{Memory, scan, scan_tcp};
use super::*;

const NAME: &[u8] = b"\x03www\x07example\0";

/// A message: number, flags, questions with their classes, answers.
fn message(id: u16, flags: u16, questions: &[&[u8]], answers: &[&[u8]]) -> Vec<u8> {
    let counts = [id, flags, questions.len() as u16, answers.len() as u16, 0, 0];
    let head: Vec<u8> = counts.iter().flat_map(|count| count.to_be_bytes()).collect();
    [head, questions.concat(), answers.concat()].concat()
}

fn asks(id: u16, kind: u8) -> Vec<u8> {
    message(id, 0x0100, &[&[NAME, &[0, kind, 0, 1]].concat()], &[])
}

/// Two addresses, the name a pointer to the question's.
fn answers(id: u16) -> Vec<u8> {
    let address = |last, ttl| vec![0xc0, 12, 0, 1, 0, 1, 0, 0, 0, ttl, 0, 4, 192, 0, 2, last];
    message(id, 0x8580, &[&[NAME, &[0, 1, 0, 1]].concat()], &[&address(1, 60), &address(2, 30)])
}

fn framed(messages: &[Vec<u8>]) -> Vec<u8> {
    messages.iter().flat_map(|one| [(one.len() as u16).to_be_bytes().to_vec(), one.clone()].concat()).collect()
}

fn datagrams(messages: &[Vec<u8>]) -> Memory {
    Memory::datagrams(&messages.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

#[test]
fn a_question_has_its_answer() {
    let lines = scan(&Dns, 53, Transport::Udp, datagrams(&[asks(7, 1)]), datagrams(&[answers(7)]));
    assert_eq!(
        lines,
        [concat!(
            r#"lookup 1 0..29 www.example {"id":7,"query":"www.example","type":"A","class":"IN","recursion_desired":1,"#,
            r#""rcode":"NOERROR","answers":["A 192.0.2.1","A 192.0.2.2"],"answer_count":2,"authoritative":1,"truncated":0,"#,
            r#""recursion_available":1,"ttl":30,"rtt_ns":0,"query_flow_id":1,"query_offset":0,"answer_flow_id":2,"answer_offset":0}"#
        )]
    );
}

/// The values, and the offsets of question and answer.
fn pairs(lines: &[String]) -> Vec<(String, Option<u64>, Option<u64>)> {
    let lookup = |line: &String| {
        let mut words = line.splitn(5, ' ').skip(3);
        let value = words.next().unwrap().to_owned();
        let fields: serde_json::Value = serde_json::from_str(words.next().unwrap()).unwrap();
        (value, fields["query_offset"].as_u64(), fields["answer_offset"].as_u64())
    };
    lines.iter().filter(|line| line.starts_with("lookup")).map(lookup).collect()
}

#[test]
fn answers_go_to_the_questions_they_repeat() {
    // the same number for two types, an answer in other letters, one that nobody asked for, one without question
    let mut shouted = answers(2);
    shouted[13..16].copy_from_slice(b"WWW");
    let orig = framed(&[asks(1, 28), asks(1, 1), asks(2, 1), asks(4, 1), asks(5, 1)]);
    let refused = message(5, 0x8005, &[], &[]);
    // what comes first is as long as the questions, which are captured before any answer to them
    let text = [b"\xc0\x0c\0\x10\0\x01\0\0\0\0\0\xc8\xc7".to_vec(), vec![b'x'; 199]].concat();
    let first = message(9, 0x8000, &[&[NAME, &[0, 16, 0, 1]].concat()], &[&text]);
    let lines = scan_tcp(&Dns, 4000, &orig, &framed(&[first, shouted, answers(1), answers(3), refused]));
    let www = |query, answer| ("www.example".to_owned(), query, answer);
    let mut found = pairs(&lines);
    found.sort();
    assert_eq!(
        found,
        [
            www(None, Some(2)),
            www(None, Some(371)),
            www(Some(2), None),
            www(Some(33), Some(308)),
            www(Some(64), Some(245)),
            www(Some(95), None),
            www(Some(126), Some(434)),
        ]
    );
    assert!(lines.iter().any(|line| line.contains(r#""rcode":"REFUSED","answers":[],"answer_count":0"#)), "{lines:?}");
}

#[test]
fn both_sides_of_mdns_are_told() {
    let record = |end: &[u8]| [b"\x04_ipp\xc0\x0c", end].concat();
    let pointer = record(b"\0\x0c\x80\x01\0\0\x11\x94\0\x07\x05a b\xff.\0");
    let answer = message(0, 0x8400, &[], &[b"\x05local\0\0\x10\x80\x01\0\0\0\x78\0\x02\x01x", &pointer]);
    let two = message(0, 0, &[b"\x01a\0\0\x0c\x80\x01", b"\xc0\x0c\0\xff\0\x01"], &[]);
    let lines = scan(&Dns, 5353, Transport::Udp, datagrams(&[two, answer]), Memory::new(b""));
    let expected = [
        r#"lookup 1 0..25 a {"id":0,"query":"a","type":"PTR","class":"IN","questions":["PTR a","ANY a"],"recursion_desired":0,"query_flow_id":1,"query_offset":0}"#,
        r#"lookup 1 25..80 local {"id":0,"query":"local","type":"TXT","class":"IN","recursion_desired":0,"rcode":"NOERROR","answers":["TXT \"x\"","PTR a\\032b\\255\\046"],"answer_count":2,"authoritative":1,"truncated":0,"recursion_available":0,"ttl":120,"answer_flow_id":1,"answer_offset":25}"#,
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_is_cut_is_told_as_far_as_it_goes() {
    let whole = answers(7);
    let cut = whole[..whole.len() - 3].to_vec();
    let lines = scan(&Dns, 53, Transport::Udp, Memory::new(b""), datagrams(&[cut, [whole, vec![0]].concat()]));
    assert_eq!(lines[0], "strange 2 0 a message ends, or makes no sense, before its last record");
    assert!(lines[1].contains(r#""answers":["A 192.0.2.1"],"answer_count":2"#), "{lines:?}");
    assert_eq!(lines[2], "strange 2 58 bytes follow the last record of a message");
    assert!(lines[3].contains(r#""answers":["A 192.0.2.1","A 192.0.2.2"]"#), "{lines:?}");
}

#[test]
fn holes_end_what_is_known() {
    // a hole in the first message: the length says where the second begins
    let bytes = framed(&[answers(1), answers(2), answers(3)]);
    let hole = |gap| scan(&Dns, 53, Transport::Tcp, Memory::new(b""), Memory::with_gap(&bytes, gap));
    let lines = hole(50..63);
    assert_eq!(lines[0], "strange 2 2 a message is not captured whole");
    assert_eq!(pairs(&lines).len(), 3);
    assert!(lines.iter().any(|line| line.contains(r#""answers":["A 192.0.2.1"],"answer_count":2"#)), "{lines:?}");
    let lines = hole(50..64);
    assert_eq!(lines[1], "strange 2 63 where messages begin behind a hole is not known");
    assert_eq!(pairs(&lines).len(), 1);
}

#[test]
fn other_protocols_are_left_alone() {
    assert_eq!(scan_tcp(&Dns, 80, b"GET / HTTP/1.1\r\n\r\n", b"HTTP/1.1 200 OK\r\n"), [""; 0]);
    assert_eq!(
        scan_tcp(&Dns, 53, b"GET / HTTP/1.1\r\n\r\n", b""),
        ["strange 1 2 a message is not captured whole", "strange 1 2 this is no DNS message",]
    );
}

#[test]
fn any_bytes_are_looked_at_without_harm() {
    let mut random = fastrand::Rng::with_seed(11);
    for _ in 0..3000 {
        let mut bytes = framed(&[
            asks(1, 1),
            answers(1),
            message(0, 0x8400, &[], &[b"\xc0\x0c\0\x41\0\x01\0\0\0\0\0\x05\0\0\0\0\x01"]),
        ]);
        for _ in 0..random.usize(1..12) {
            let at = random.usize(..bytes.len());
            bytes[at] = random.u8(..);
        }
        bytes.truncate(random.usize(..=bytes.len()));
        scan_tcp(&Dns, 53, &bytes, &framed(&[bytes.clone()]));
        scan(
            &Dns,
            53,
            Transport::Udp,
            datagrams(&[bytes.clone(), bytes[bytes.len() / 2..].to_vec()]),
            Memory::new(b""),
        );
    }
}

#[test]
fn floods_are_bounded() {
    let questions = datagrams(&vec![asks(1, 1); MOST + 2]);
    let lines = scan(&Dns, 53, Transport::Udp, questions, datagrams(&[answers(1)]));
    let flood = format!("strange 1 {} there are more messages than are looked at", 29 * MOST);
    assert_eq!(lines.iter().filter(|line| line.starts_with("strange")).collect::<Vec<_>>(), [&flood]);
    assert_eq!(lines.iter().filter(|line| line.starts_with("lookup")).count(), MOST);
    assert_eq!(pairs(&lines).last().unwrap().2, None, "the answer is one to the oldest question that waits");
    assert_eq!(pairs(&lines).iter().filter(|(_, _, answer)| answer.is_some()).count(), 1);
}
