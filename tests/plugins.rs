//! Plug-ins from outside: the examples over a capture, and those that fail.

use std::path::Path;
use std::process::Output;

use crate::support::{Place, STORES, assert_fails, open, select, stderr, testdata};

/// The path of an example.
fn example(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/plugins").join(name);
    path.to_str().unwrap().to_owned()
}

/// A case of a browser that fetches a page.
fn web() -> Place {
    let place = Place::new();
    place.ingest("case", &[testdata("web/capture.pcap")]);
    place
}

fn rows(place: &Place, sql: &str) -> Vec<String> {
    select(&open(&place.path().join("case")), sql)
}

/// Scans with something left out.
#[track_caller]
fn scan_leaves_out(place: &Place, words: &[&str]) -> Output {
    let output = place.run(&[&["scan", "case"], words].concat());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    place.assert_whole("case");
    output
}

#[test]
fn the_examples_say_what_is_in_a_capture() {
    for store in STORES {
        let place = Place::of(store);
        place.ingest("case", &[testdata("web/capture.pcap")]);
        let lines = format!("lines=sh '{}'", example("lines.sh"));
        let page = rows(&place, "SELECT sha256 FROM flows WHERE side = 'resp' ORDER BY id LIMIT 1").remove(0);
        let list = place.file("Known-Good.txt", format!("{page}  the first page\n").as_bytes());
        let words = ["scan", "case", "--python", &example("addresses.py"), "--command", &lines, "--hashset", &list];
        place.stdout(&words);
        place.assert_whole("case");
        assert_eq!(rows(&place, "SELECT count(*) FROM anomalies"), ["0"]);
        let flows = rows(&place, "SELECT count(*) FROM flows WHERE length > 0");
        assert_eq!(rows(&place, "SELECT count(DISTINCT flow_id) FROM findings WHERE scanner = 'lines'"), flows);
        let shape = "scanner = 'addresses' AND kind = 'shape' AND data ->> 'printable' = 1 AND data ->> 'entropy' BETWEEN 3 AND 6";
        assert_eq!(rows(&place, &format!("SELECT count(*) FROM findings WHERE {shape}")), flows);
        let said = "SELECT sum(data ->> 'lines') FROM findings WHERE scanner = 'lines'";
        let counted = "SELECT sum(length - length(replace(CAST(payload(id) AS TEXT), char(10), ''))) > 0 FROM flows";
        let counted = place.stdout(&["query", "case", counted, "--format", "csv"]);
        assert!(counted.ends_with("1\n") && rows(&place, said) != ["0"], "{counted}");
        let known =
            "SELECT scanner, kind, value, data ->> 'list', data ->> 'algorithm' FROM findings WHERE kind = 'match'";
        assert_eq!(rows(&place, known), ["known_good|match|the first page|Known-Good.txt|sha256"]);
        let before = rows(&place, "SELECT * FROM findings ORDER BY scanner, connection_id, number");
        place.stdout(&[&words[..], &["--again", "--workers", "7"]].concat());
        assert_eq!(rows(&place, "SELECT * FROM findings ORDER BY scanner, connection_id, number"), before);
    }
}

#[test]
fn addresses_are_found_where_they_are() {
    let place = web();
    place.stdout(&["scan", "case", "--python", &example("addresses.py")]);
    let text = "place: http://shop.example/a?b=c, mail: a.b@mail.example, again: a.b@mail.example";
    place.file("text", text.as_bytes());
    let script = "import sys; sys.path.insert(0, sys.argv[1]); import addresses; \
        [print(f.get('offset'), f['value'] if isinstance(f['value'], str) else f['value'].decode()) for f in addresses.scan(open('text', 'rb').read(), None)]";
    let directory = Path::new(&example("addresses.py")).parent().unwrap().to_owned();
    let mut python = std::process::Command::new("python3");
    let output = python.current_dir(place.path()).args(["-B", "-c", script]).arg(directory).output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout).into_owned();
    let at = |part: &str| text.find(part).unwrap();
    let expected = format!("{} a.b@mail.example\n{} http://shop.example/a?b=c,\n", at("a.b@"), at("http"));
    assert_eq!(told.split_once('\n').unwrap().1, expected, "{}", stderr(&output));
}

#[test]
fn commands_that_fail_are_contained_and_recorded() {
    let place = web();
    let words = [
        ["--command", "crash=sh -c 'echo \"{\\\"value\\\":\\\"kept\\\"}\"; echo oh no >&2; exit 3'"],
        ["--command", "killed=sh -c 'kill -KILL $$'"],
        ["--command", "hang=sleep 60"],
        ["--command", "flood=yes"],
        ["--command", "garbage=echo this is no JSON"],
        ["--command", "fine=echo {}"],
        ["--plugin-time", "1"],
    ];
    scan_leaves_out(&place, &words.concat());
    let flows: usize = rows(&place, "SELECT count(*) FROM flows WHERE length > 0")[0].parse().unwrap();
    let anomalies =
        "SELECT kind, detail, sum(count), count(DISTINCT flow_id) FROM anomalies GROUP BY kind, detail ORDER BY detail";
    let expected = [
        "scan_failed|crash: exit status 3: oh no",
        "scan_limit|flood: more than 1000 lines of output",
        "scan_failed|garbage: line 1 of its output is no JSON object: `this is no JSON`",
        "scan_limit|hang: more than 1 seconds",
        "scan_failed|killed: ended by signal 9",
    ];
    assert_eq!(rows(&place, anomalies), expected.map(|line| format!("{line}|{flows}|{flows}")));
    let findings = "SELECT scanner, value, count(*) FROM findings GROUP BY scanner, value ORDER BY scanner";
    assert_eq!(rows(&place, findings), [format!("crash|kept|{flows}"), format!("fine||{flows}")]);
}

#[test]
fn scripts_that_fail_are_contained_and_recorded() {
    let place = web();
    let crash = place
        .file("crash.py", b"import os\ndef scan(p, f):\n    if f.side == 'orig': os._exit(7)\n    return 1 // 0\n");
    let hang = place.file(
        "hang.py",
        b"def scan(p, f):\n    print('{}' * 100)\n    while f.side == 'orig': pass\n    return 'fine'\n",
    );
    let flood = place.file("flood.py", b"def scan(p):\n    while True: yield 'x'\n");
    let words = ["--python", &crash, "--python", &hang, "--python", &flood, "--plugin-time", "1"];
    scan_leaves_out(&place, &words);
    let anomalies = "SELECT kind, detail, sum(count) FROM anomalies GROUP BY kind, detail ORDER BY detail";
    let expected = [
        "scan_failed|crash: ZeroDivisionError: integer division or modulo by zero (line 4)|2",
        "scan_failed|crash: the interpreter ended, exit status 7|2",
        "scan_limit|flood: more than 1000 findings|4",
        "scan_limit|hang: more than 1 seconds|2",
    ];
    assert_eq!(rows(&place, anomalies), expected);
    assert_eq!(rows(&place, "SELECT count(*) FROM findings WHERE scanner = 'flood'"), ["4000"]);
    assert_eq!(rows(&place, "SELECT count(*) FROM findings WHERE scanner = 'hang' AND value = 'fine'"), ["2"]);
}

#[test]
fn plugins_run_at_ingest_and_beside_built_in_scanners() {
    let place = Place::new();
    let lines = format!("lines=sh '{}'", example("lines.sh"));
    place.ingest("case", &[testdata("web/capture.pcap"), "--scan".into(), "kind".into(), "--command".into(), lines]);
    assert_eq!(rows(&place, "SELECT DISTINCT scanner FROM findings ORDER BY 1"), ["kind", "lines"]);
    place.stdout(&["scan", "case", "-e", "kind", "--command", "again=echo {}"]);
    assert_eq!(rows(&place, "SELECT DISTINCT scanner FROM findings ORDER BY 1"), ["again", "kind", "lines"]);
    let other = web();
    other.stdout(&["scan", "case", "--command", "alone=echo {}"]);
    assert_eq!(rows(&other, "SELECT DISTINCT scanner FROM findings"), ["alone"]);
}

#[test]
fn extracted_files_are_looked_at_now_or_later() {
    let place = Place::new();
    let digests = r#"digests=sh -c 'printf "{\"value\":\"%s\",\"id\":\"%s\"}" "$(sha256sum)" "$FLOWCASE_OBJECT"'"#;
    let words =
        [testdata("web/capture.pcap"), "--scan".into(), "http".into(), "--object-command".into(), digests.into()];
    place.ingest("case", &words);
    let objects = rows(&place, "SELECT id, sha256 || '  -' FROM objects ORDER BY id");
    assert!(!objects.is_empty());
    let told = |name: &str, id: &str| {
        rows(
            &place,
            &format!("SELECT data ->> '{id}', value FROM findings WHERE scanner = '{name}' ORDER BY data ->> '{id}'"),
        )
    };
    assert_eq!(told("digests", "id"), objects);
    assert_eq!(told("digests", "object_id"), objects);
    let script = b"import hashlib\ndef scan(p, o):\n    return hashlib.sha256(p).hexdigest() + '  -'\n";
    let script = place.file("later.py", script);
    place.stdout(&["scan", "case", "--object-python", &script]);
    assert_eq!(told("later", "object_id"), objects);
    place.assert_whole("case");
}

#[test]
fn what_cannot_be_run_leaves_the_case_as_it_was() {
    let place = web();
    let script = place.file("broken.py", b"def scan(:\n");
    let list = place.file("empty.txt", b"nothing\n");
    let wrong: [(&[&str], &str); 7] = [
        (&["--command", "x=no_such_program"], "no program `no_such_program`"),
        (&["--command", "true"], "is not NAME=COMMAND"),
        (&["--command", "Not-A-Name=true"], "is no name for a plug-in"),
        (&["--command", "kind=true"], "there is a scanner `kind` already"),
        (&["--python", &script], "SyntaxError: invalid syntax (line 1)"),
        (&["--python", "nowhere.py"], "`nowhere.py`: No such file"),
        (&["--hashset", &list], "no SHA-256, SHA-1 or MD5 digest"),
    ];
    for (words, says) in wrong {
        assert_fails(&place.run(&[&["scan", "case"], words].concat()), 2, says);
        assert_fails(&place.run(&[&["ingest", "new", &testdata("web/capture.pcap")], words].concat()), 2, says);
        assert!(!place.path().join("new").exists());
    }
    assert_eq!(rows(&place, "SELECT count(*) FROM findings"), ["0"]);
}
