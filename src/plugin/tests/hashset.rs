//! Lists of digests.

use std::io::Write;

use super::{line, says_of_objects};
use crate::model::Transport;
use crate::plugin::Error;
use crate::plugin::hashset::{Hashset, hex_digest};
use crate::scan::testing::{Memory, scan};
use crate::scan::{Chosen, Error as ScanError};

/// Digests of `hello`, `inside` and `wo\0\0ld`, by sha256sum, sha1sum and md5sum.
const HELLO: [&str; 3] = [
    "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
    "aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d",
    "5d41402abc4b2a76b9719d911017c592",
];
const INSIDE_MD5: &str = "335cf4508dd597be4bfc9caa3e08b901";
const HOLES_SHA1: &str = "6eb672d32bf0b05ca95c0188612030f53a3947a3";

fn read(text: &str) -> Result<Hashset, Error> {
    let mut list = tempfile::Builder::new().prefix("list").tempfile().unwrap();
    list.write_all(text.as_bytes()).unwrap();
    Hashset::read(list.path())
}

fn plugin(text: &str) -> Chosen {
    read(text).unwrap().scanner("known").unwrap()
}

/// What a list says of `hello`: the value, and the algorithm.
#[track_caller]
fn check(text: &str, value: &str, algorithm: &str) {
    let told = line(&plugin(text), b"hello");
    assert!(told.starts_with(&format!("match 1 0..5 {value} {{\"digest\":\"")), "{text}: {told}");
    assert!(told.contains(&format!("\"algorithm\":\"{algorithm}\",\"list\":\"list")), "{text}: {told}");
}

#[test]
fn lists_of_every_form_are_read() {
    let [sha256, sha1, md5] = HELLO;
    check(&format!("# a list\n\n{sha256}\n"), sha256, "sha256");
    check(&sha1.to_uppercase(), sha1, "sha1");
    check(&format!("{md5}  a, b.txt\r\n"), "a, b.txt", "md5");
    check(&format!("{sha256} *a b.bin"), "a b.bin", "sha256");
    check(&format!("SHA1 (a (1).txt) = {sha1}"), "a (1).txt", "sha1");
    check(&format!("{md5},bad.exe\n{},x", "0".repeat(32)), "bad.exe", "md5");
    check(&format!("name;x\n{}\nrubbish\n{sha1}\tc", "0".repeat(40)), "c", "sha1");
    let nsrl = format!(
        "\"SHA-1\",\"MD5\",\"CRC32\",\"FileName\",\"FileSize\"\n\"{}\",\"{}\",\"0\",\"other\",1\n\
        \"{sha1}\",\"{md5}\",\"3610A686\",\"hello, \"\"you\"\".txt\",5,362,\"358\",\"\"\n",
        "1".repeat(40),
        "2".repeat(32)
    );
    check(&nsrl, "hello, \"you\".txt", "sha1");
    assert_eq!(read(&nsrl).unwrap().len(), 4);
    check(&format!("file,SHA256\nx,{sha256}\n"), "x", "sha256");
}

#[test]
fn lines_without_a_digest_are_counted() {
    let set = read(&format!("{}  a\nnot one\n{}\n# fine\n\n{}x\n", HELLO[0], HELLO[0], HELLO[1])).unwrap();
    assert_eq!((set.len(), set.passed_over), (1, 2));
    let set = read(&format!("md5,name\n{},a\nxyz,b\n", HELLO[2])).unwrap();
    assert_eq!((set.len(), set.passed_over), (1, 1));
    assert!(matches!(read("a\nb\n"), Err(Error::NoDigests(_))));
    assert!(matches!(read(""), Err(Error::NoDigests(_))));
    assert!(matches!(Hashset::read("/nowhere".as_ref()), Err(Error::File { .. })));
}

#[test]
fn what_is_not_listed_is_not_found() {
    assert_eq!(line(&plugin(&HELLO.join("\n")), b"hellO"), "");
}

#[test]
fn holes_read_as_zeros_and_objects_are_looked_up() {
    let plugin = plugin(&format!("{HOLES_SHA1}  with holes\n{INSIDE_MD5}  an object\n"));
    let (orig, resp) = (Memory::new(b"x"), Memory::with_gap(b"wo  ld", 2..4));
    let lines = scan(&*plugin.scanner, 1, Transport::Tcp, orig, resp);
    assert!(lines.len() == 1 && lines[0].starts_with("match 2 0..6 with holes "), "{lines:?}");
    let told = says_of_objects(&plugin, b"123456789");
    assert!(told.starts_with("match 1 2..9 an object ") && told.contains(r#""object_id":"test-1-1""#), "{told}");
}

#[test]
fn digests_of_the_case_spare_reading() {
    use crate::model::{Digests, Endpoint};
    use crate::scan::{Connection, Flow, Payload};
    struct Unreadable;
    impl Payload for Unreadable {
        fn length(&self) -> u64 {
            5
        }
        fn read_at(&self, _: u64, _: &mut [u8]) -> Result<(), ScanError> {
            Err(ScanError::Failed("read".into()))
        }
        fn gap_from(&self, _: u64) -> Option<std::ops::Range<u64>> {
            None
        }
        fn time_at(&self, _: u64) -> Option<crate::model::Timestamp> {
            None
        }
        fn segments(&self) -> Vec<std::ops::Range<u64>> {
            Vec::new()
        }
    }
    let sha256 = hex_digest(HELLO[0].as_bytes()).and_then(|digest| digest.try_into().ok());
    let digests = Digests { sha256, ..Digests::default() };
    let end = Endpoint { ip: [10, 0, 0, 1].into(), port: 1 };
    let flow = Flow { id: 7, side: 0, part: 0, src: end, dst: end, path: "p", digests: &digests, payload: &Unreadable };
    let connection = Connection { id: 1, transport: Transport::Tcp, start: None, flows: vec![flow] };
    let of = |list: &str| crate::scan::testing::scan_connection(&*plugin(list).scanner, &connection);
    assert!(of(HELLO[0])[0].starts_with("match 7 0..5"));
    assert_eq!(of(&"0".repeat(64)), [""; 0]);
    assert_eq!(of(HELLO[1]), ["left out 7 read"], "a digest the case does not keep is computed");
}

#[test]
fn results_bear_the_stamp_of_the_list() {
    let (one, other) = (plugin(HELLO[0]), plugin(HELLO[1]));
    assert_eq!((one.name.as_str(), one.version.len()), ("known", 16));
    assert_ne!(one.version, other.version);
    assert_eq!(one.version, plugin(HELLO[0]).version);
}
