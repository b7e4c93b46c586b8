//! Functions of Python scripts.

use std::io::Write;
use std::sync::OnceLock;
use std::thread;
use std::time::Duration;

use super::{Limits, is_there, line, pid_in, says, says_of_objects};
use crate::plugin::python::python;
use crate::plugin::{Error, Of};
use crate::scan::Chosen;

/// Nothing hangs.
fn limits() -> Limits {
    Limits::default()
}

fn load(source: &str, function: &str, of: Of, limits: &Limits) -> Result<Chosen, Error> {
    let mut script = tempfile::Builder::new().suffix(".py").tempfile().unwrap();
    script.write_all(source.as_bytes()).unwrap();
    python("x", script.path(), function, of, limits)
}

/// One script for most tests: the payload is the expression to return.
fn evaluates() -> &'static Chosen {
    static PLUGIN: OnceLock<Chosen> = OnceLock::new();
    let source = "import os, sys, time\n\ndef boom():\n    raise ValueError('no\\nway')\n\ndef scan(payload, flow):\n    return eval(payload)\n";
    PLUGIN.get_or_init(|| load(source, "scan", Of::Flows, &limits()).unwrap())
}

/// What the scan says of an expression, its length left out.
#[track_caller]
fn check(expression: &str, expected: &str) {
    let range = format!(" 1 0..{}", expression.len());
    assert_eq!(line(evaluates(), expression.as_bytes()).replace(&range, ""), expected, "{expression}");
}

#[test]
fn what_a_function_returns_becomes_findings() {
    check("None", "");
    check("'a value'", "finding a value {}");
    check("b'a\\xff'", r"finding a\xff {}");
    check("7", "finding 7 {}");
    check("'half \\ud800 \\0'", r"finding half \ud800 \x00 {}");
    check(
        "{'kind': 'k', 'value': 'v', 'n': 1.5, 'b': True, 'l': ('x', b'y'), 'd': {1: None}, 'none': None}",
        r#"k v {"b":1,"d":{"1":null},"l":["x","y"],"n":1.5}"#,
    );
    check("['a', None, {'value': 'b'}]", "finding a {} / finding b {}");
    check("(str(i) for i in range(2))", "finding 0 {} / finding 1 {}");
    check(
        "{'a': float('nan'), 'b': -float('inf'), 'c': 1 << 70, 'd': object}",
        r#"finding  {"a":"nan","b":"-inf","c":"1180591620717411303424","d":"<class 'object'>"}"#,
    );
    check(
        "(flow.src_ip, flow.dst_port, flow.side, flow.gaps, flow.sha256)",
        "finding 10.0.0.1 {} / finding 80 {} / finding orig {} / finding [] {}",
    );
    assert_eq!(line(evaluates(), b"{'offset':2,'length':3}   "), "finding 1 2..5  {}");
}

#[test]
fn failures_are_told_and_the_interpreter_goes_on() {
    check("boom()", "left out 1 ValueError: no\nway (line 4)");
    check("1 +", "left out 1 SyntaxError: invalid syntax (line 7)");
    check("sys.exit(3)", "left out 1 SystemExit: 3 (line 7)");
    check("print('{}') or os.write(1, b'xxxxxxxxxxxxxxxx') and 'said'", "finding said {}");
    check("os.system('echo; cat') or None", "");
    check("sys.stdin.read()", "finding  {}");
    check("('a' if i < 1 else boom() for i in range(3))", "finding a {} / left out 1 ValueError: no\nway (line 4)");
    check("os.fork() and 'the parent answers'", "finding the parent answers {}");
    check(
        "setattr(sys, 'x', flow) or (lambda l: l.append(l) or l)([])",
        "left out 1 RecursionError: maximum recursion depth exceeded",
    );
}

#[test]
fn an_interpreter_that_ends_is_replaced() {
    let plugin = load("import os\ndef scan(p, f):\n  if p == b'exit': os._exit(4)\n  if p == b'abort': os.abort()\n  return {'pid': os.getpid()}", "scan", Of::Flows, &limits()).unwrap();
    let first = pid_in(&line(&plugin, b"x"));
    assert_eq!(pid_in(&line(&plugin, b"x")), first, "it lives on");
    assert_eq!(line(&plugin, b"exit"), "left out 1 the interpreter ended, exit status 4");
    assert!(!is_there(&first));
    assert_eq!(line(&plugin, b"abort"), "left out 1 the interpreter ended, ended by signal 6");
    let last = pid_in(&line(&plugin, b"x"));
    assert!(is_there(&last));
    drop(plugin);
    assert!(!is_there(&last));
}

#[test]
fn what_hangs_is_killed() {
    let limits = Limits { time: Duration::from_millis(300), ..Limits::default() };
    let source = "import time\ndef scan(p):\n  while p == b'hang': pass\n  return 'fine'";
    let plugin = load(source, "scan", Of::Flows, &limits).unwrap();
    assert_eq!(line(&plugin, b"hang"), "left out 1 more than 1 seconds");
    assert_eq!(line(&plugin, b"x"), "finding 1 0..1 fine {}");
}

#[test]
fn floods_are_cut() {
    let few = Limits { findings: 3, bytes: 300, payload: 5, ..limits() };
    let source = "def scan(p):\n  n = int(p)\n  return ('x' * (n % 100) for _ in range(n // 100))";
    let plugin = load(source, "scan", Of::Flows, &few).unwrap();
    assert_eq!(says(&plugin, b"301"), ["finding 1 0..3 x {}"; 3]);
    assert_eq!(says(&plugin, b"99901")[2..], ["finding 1 0..5 x {}", "left out 1 more than 3 findings"]);
    let lines = says(&plugin, b"399");
    assert_eq!((lines.len(), lines[2].as_str()), (3, "left out 1 more than 300 bytes of findings"));
    let expected = "left out 1 more than 5 bytes of payload, the rest was not given to the script";
    assert_eq!(line(&plugin, b"000019"), expected);
    let huge = load("def scan(p):\n  return 'x' * (4 << 20)", "scan", Of::Flows, &limits()).unwrap();
    assert_eq!(line(&huge, b"x"), "left out 1 more than 1048576 bytes of findings");
}

#[test]
fn a_script_cannot_answer_for_the_driver() {
    let source = "import os\ndef scan(p):\n  for fd in range(3, 20):\n    try: os.write(fd, p * 1000)\n    except OSError: pass\n";
    let plugin = load(source, "scan", Of::Flows, &limits()).unwrap();
    let told = line(&plugin, b"\0\0\0\0\0\0\0\x04{}}}");
    assert!(told.starts_with("left out 1 the interpreter's answer cannot be read"), "{told}");
    let told = line(&plugin, b"\xff");
    assert!(told.starts_with("left out 1 the interpreter's answer cannot be read"), "{told}");
}

#[test]
fn large_payload_arrives_whole_and_objects_are_looked_at() {
    let source = "import hashlib\ndef tcpflow(buffer):\n  return hashlib.sha256(buffer).hexdigest()\ndef named(p, o):\n  return '%s %s %s %d' % (o.name, p.decode(), o.src_ip, o.length)";
    let plugin = load(source, "tcpflow", Of::Flows, &Limits::default()).unwrap();
    let payload: Vec<u8> = (0..20_000_000u32).map(|i| (i % 251) as u8).collect();
    let digest = crate::plugin::hex(&<sha2::Sha256 as sha2::Digest>::digest(&payload));
    assert_eq!(line(&plugin, &payload), format!("finding 1 0..20000000 {digest} {{}}"));
    let objects = load(source, "named", Of::Objects, &limits()).unwrap();
    let expected = r#"finding 1 2..4 a\x00b.txt inside None 6 {"object_id":"test-1-1"}"#;
    assert_eq!(says_of_objects(&objects, b"1234"), expected);
}

#[test]
fn threads_have_an_interpreter_each() {
    let source = "import os, time\ndef scan(p):\n  time.sleep(0.05)\n  return {'value': p, 'pid': os.getpid()}";
    let plugin = load(source, "scan", Of::Flows, &Limits::default()).unwrap();
    let look = |byte: u8| {
        let lines: Vec<String> = (0..3).map(|_| line(&plugin, &[byte])).collect();
        assert!(
            lines.iter().all(|line| line.starts_with(&format!("finding 1 0..1 {} ", char::from(byte)))),
            "{lines:?}"
        );
        lines.iter().map(|line| pid_in(line)).collect::<Vec<_>>()
    };
    let pids: Vec<String> = thread::scope(|scope| {
        let threads: Vec<_> = (b'a'..b'd').map(|byte| scope.spawn(move || look(byte))).collect();
        threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect()
    });
    let different: std::collections::HashSet<&String> = pids.iter().collect();
    assert!((1..=3).contains(&different.len()), "{pids:?}");
}

#[test]
fn scripts_that_cannot_be_loaded_are_said_at_once() {
    let fails = |source: &str| load(source, "scan", Of::Flows, &limits()).err().unwrap().to_string();
    assert!(fails("def scan(:").contains("SyntaxError: invalid syntax (line 1)"), "{}", fails("def scan(:"));
    assert!(fails("x = 1").ends_with("NameError: no function `scan`"));
    assert!(fails("import nothing_such").contains("No module named 'nothing_such' (line 1)"));
    assert!(matches!(python("x", "/nowhere/x.py".as_ref(), "scan", Of::Flows, &limits()), Err(Error::File { .. })));
}

#[test]
fn results_bear_a_stamp() {
    let version = |source: &str, function: &str| load(source, function, Of::Flows, &limits()).unwrap().version;
    let (one, other) = ("def scan(p): pass\nother = scan", "def scan(p): 1\nother = scan");
    assert_eq!(version(one, "scan"), version(one, "scan"));
    assert_ne!(version(one, "scan"), version(one, "other"));
    assert_ne!(version(one, "scan"), version(other, "scan"));
}
