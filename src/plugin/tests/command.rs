//! Commands.

use std::time::Instant;

use super::{Limits, is_there, line, pid_in, says, says_of_objects, short};
use crate::model::Transport;
use crate::plugin::command::{command, heard};
use crate::plugin::{Error, Of};
use crate::scan::Chosen;
use crate::scan::testing::{Memory, scan};

fn with(line: &str, limits: &Limits) -> Chosen {
    command("x", line, Of::Flows, limits).unwrap()
}

fn run(line: &str) -> Chosen {
    with(line, &short())
}

#[test]
fn lines_become_findings() {
    let count =
        run(r#"sh -c 'printf "{\"kind\":\"size\",\"value\":\"%s\",\"offset\":1,\"length\":2}\n\n{}\n" $(wc -c)'"#);
    let lines = says(&count, b"12345");
    assert_eq!(lines, ["size 1 1..3 5 {}", "finding 1 0..5  {}"]);
    let fields = run(r#"echo '{"value":7,"a":-1.5,"b":[true,null],"c":{"d":"\u0000"},"offset":-3,"kind":9}'"#);
    let expected = r#"finding 1 0..1 7 {"a":-1.5,"b":[1,null],"c":{"d":"\\x00"},"kind":9,"offset":-3}"#;
    assert_eq!(line(&fields, b"x"), expected, "what has no meaning is a field");
    let past = run(r#"echo '{"offset":4,"length":99}{"offset":6}' | sed 's/}{/}\n{/'"#);
    assert!(line(&past, b"12345").contains("is no JSON object"), "there is no shell");
    let past = run(r#"printf '{"offset":4,"length":99}\n{"offset":6}'"#);
    assert_eq!(line(&past, b"12345"), r#"finding 1 4..5  {} / finding 1 0..5  {"offset":6}"#);
    let strange = run(r#"echo '{"kind":"anomaly","value":"odd","offset":2}'"#);
    assert_eq!(line(&strange, b"12345"), "strange 1 2 odd");
}

#[test]
fn facts_are_in_the_environment() {
    let tell = run(r#"sh -c 'env | sed -n "s/^FLOWCASE_\(.*\)=\(.*\)/{\"value\":\"\1 \2\"}/p" | sort'"#);
    let (orig, resp) = (Memory::with_gap(b"a    b  ", 1..5), Memory::new(b""));
    let lines = scan(&*tell.scanner, 443, Transport::Udp, orig, resp);
    let told: Vec<&str> =
        lines.iter().map(|line| line.split_once("0..8 ").unwrap().1.trim_end_matches(" {}")).collect();
    let expected = "CONNECTION 1, DST_IP 10.0.0.2, DST_PORT 443, FLOW 1, GAPS 1+4, LENGTH 8, PART 0, PATH flows/a, PROTOCOL udp, \
        SIDE orig, SRC_IP 10.0.0.1, SRC_PORT 40000";
    assert_eq!(told.join(", "), expected);
}

#[test]
fn objects_are_looked_at_too() {
    let line = r#"sh -c 'printf "{\"value\":\"$(cat)\",\"offset\":3,\"is\":\"$FLOWCASE_SAID_TYPE $FLOWCASE_OBJECT $FLOWCASE_LENGTH\"}"'"#;
    let objects = command("x", line, Of::Objects, &short()).unwrap();
    let expected = r#"finding 1 2..8 inside {"object_id":"test-1-1","is":"text/plain test-1-1 6","offset":3}"#;
    assert_eq!(says_of_objects(&objects, b"12345678"), expected);
    assert_eq!(says_of_objects(&run("echo '{}'"), b"1"), "finding 1 0..1  {}", "of flows alone");
}

#[test]
fn failures_are_told_and_findings_before_stay() {
    let exit =
        run(r#"sh -c 'echo "{\"value\":\"kept\"}"; echo " " >&2; echo "no such thing" >&2; echo more >&2; exit 3'"#);
    assert_eq!(line(&exit, b"x"), "finding 1 0..1 kept {} / left out 1 exit status 3: no such thing");
    assert_eq!(line(&run("sh -c 'kill -SEGV $$'"), b"x"), "left out 1 ended by signal 11");
    let garbage = run(r#"printf 'a\377\0{\n[]\n{"value":"kept"}\n"x"'"#);
    let expected = r"finding 1 0..1 kept {} / left out 1 line 1 of its output is no JSON object: `a\xff\x00{`";
    assert_eq!(line(&garbage, b"x"), expected);
    let (gone, limits) = (std::env::temp_dir().join(format!("flowcase_gone_{}", std::process::id())), short());
    std::fs::copy("/bin/true", &gone).unwrap();
    let missing = command("x", gone.to_str().unwrap(), Of::Flows, &limits).unwrap();
    std::fs::remove_file(&gone).unwrap();
    assert!(line(&missing, b"x").starts_with("left out 1 cannot be started: No such file"));
}

#[test]
fn one_flow_is_nothing_to_the_next() {
    let plugin = run(r#"sh -c 'test "$FLOWCASE_SIDE" = resp && echo "{}"'"#);
    let lines = scan(&*plugin.scanner, 1, Transport::Tcp, Memory::new(b"a"), Memory::new(b"b"));
    assert_eq!(lines, ["left out 1 exit status 1", "finding 2 0..1  {}"]);
}

#[test]
fn what_hangs_is_killed_with_all_it_started() {
    let clock = Instant::now();
    let hang = run(r#"sh -c 'sleep 60 & printf "{\"pid\":%d}\n{\"pid\":%d}\n{\"kind\"" $$ $!; wait'"#);
    let lines = says(&hang, b"x");
    assert!(clock.elapsed().as_secs() < 5);
    assert_eq!(lines.len(), 3, "{lines:?}");
    assert_eq!(lines[2], "left out 1 more than 1 seconds");
    assert!(!is_there(&pid_in(&lines[0])));
    gone_soon(&pid_in(&lines[1]));
}

#[test]
fn what_was_left_running_ends_too() {
    let clock = Instant::now();
    let leave = with(r#"sh -c 'sleep 60 & printf "{\"pid\":%d}\n" $!'"#, &Limits::default());
    let lines = says(&leave, b"x");
    assert_eq!(lines.len(), 1, "{lines:?}");
    assert!(clock.elapsed().as_secs() < 5);
    gone_soon(&pid_in(&lines[0]));
}

/// A grandchild that was killed is reaped by another.
#[track_caller]
fn gone_soon(pid: &str) {
    let state = || std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let dead = || state().rsplit(')').next().is_none_or(|rest| rest.is_empty() || rest.trim().starts_with(['Z', 'X']));
    for _ in 0..100 {
        if dead() {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{pid} runs still: {}", state());
}

#[test]
fn floods_are_cut() {
    let flood = line(&run("yes"), b"x");
    assert_eq!(flood, "left out 1 more than 1000 lines of output");
    let limits = Limits { findings: 3, bytes: 100, ..Limits::default() };
    let lines = says(&with(r#"yes '{"value":1}'"#, &limits), b"x");
    assert_eq!(lines[..3], ["finding 1 0..1 1 {}"; 3]);
    assert_eq!(lines[3..], ["left out 1 more than 3 lines of output"]);
    let limits = Limits { bytes: 40, ..Limits::default() };
    let lines = says(&with(r#"yes '{"value":"sixteen"}'"#, &limits), b"x");
    assert_eq!(
        lines,
        ["finding 1 0..1 sixteen {}"; 2]
            .into_iter()
            .chain(["left out 1 more than 40 bytes of output"])
            .collect::<Vec<_>>()
    );
    assert_eq!(line(&run("cat /dev/zero"), b"x"), "left out 1 more than 1048576 bytes of output");
    let aside = line(&run("sh -c 'yes >&2'"), b"x");
    assert_eq!(aside, "left out 1 more than 1 seconds");
}

#[test]
fn payload_that_nobody_reads_blocks_nothing() {
    let large = vec![b'a'; 20 << 20];
    assert_eq!(line(&run("true"), &large), "");
    assert_eq!(line(&run("sleep 60"), &large), "left out 1 more than 1 seconds");
    let first = run(r#"sh -c 'head -c 3 >/dev/null; exec <&-; echo "{}"'"#);
    assert_eq!(line(&first, &large), format!("finding 1 0..{}  {{}}", 20 << 20));
}

#[test]
fn reading_and_writing_do_not_wait_for_each_other() {
    let limits = Limits { bytes: 64 << 20, findings: usize::MAX, ..Limits::default() };
    let echo = with("cat", &limits);
    let payload = "{\"value\":\"x\"}\n".repeat(40_000);
    assert_eq!(says(&echo, payload.as_bytes()).len(), 40_000);
    assert_eq!(says(&echo, b"").len(), 0, "a flow without payload is none");
}

#[test]
fn results_bear_a_stamp() {
    let version = |line: &str| run(line).version;
    assert_eq!(version("echo a").len(), 16);
    assert_eq!(version("echo a"), version("echo a"));
    assert_ne!(version("echo a"), version("echo b"));
    let script = tempfile::NamedTempFile::new().unwrap();
    let line = format!("sh '{}'", script.path().display());
    let before = version(&line);
    std::fs::write(script.path(), "echo").unwrap();
    assert_ne!(version(&line), before, "a file it names is part of it");
}

#[test]
fn what_cannot_be_run_is_said_at_once() {
    let fails = |name: &str, line: &str| command(name, line, Of::Flows, &short()).err().unwrap();
    assert!(matches!(fails("X", "cat"), Error::Name(_)));
    assert!(matches!(fails("x", ""), Error::Words(_)));
    assert!(matches!(fails("x", "echo 'a"), Error::Words(_)));
    assert!(matches!(fails("x", "no_such_program_here a"), Error::NoProgram(_)));
    assert!(matches!(fails("x", "/etc/passwd"), Error::NoProgram(_)));
}

#[test]
fn limits_do_not_depend_on_pieces() {
    let output = b"{\"value\":1}\n".repeat(5);
    let exact = Limits { findings: 5, bytes: 60, ..Limits::default() };
    for (bytes, findings, says, kept) in
        [(60, 4, "lines", 4), (59, 5, "bytes", 4), (59, 4, "lines", 4), (48, 5, "bytes", 4), (12, 2, "bytes", 1)]
    {
        let limits = Limits { bytes, findings, ..exact.clone() };
        for piece in 1..=output.len() {
            assert_eq!(heard(&output, piece, &exact), "5 ", "pieces of {piece}");
            let expected =
                format!("{kept} more than {} {says} of output", if says == "lines" { findings } else { bytes });
            assert_eq!(heard(&output, piece, &limits), expected, "pieces of {piece}");
        }
    }
}
