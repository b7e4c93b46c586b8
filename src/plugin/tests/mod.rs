//! Plug-ins that behave, and those that do not.

mod command;
mod hashset;
mod python;

use std::path::Path;
use std::time::Duration;

use super::{Limits, checked_name, name_of};
use crate::scan::testing::{Memory, scan, scan_tcp};
use crate::scan::{Chosen, Connection, Error, Findings, NewObject, Object, Scanner};

/// Little time.
fn short() -> Limits {
    Limits { time: Duration::from_millis(300), ..Limits::default() }
}

/// What a plug-in says of a connection whose originator sent this.
fn says(plugin: &Chosen, payload: &[u8]) -> Vec<String> {
    scan_tcp(&*plugin.scanner, 80, payload, b"")
}

/// What it says, on one line.
fn line(plugin: &Chosen, payload: &[u8]) -> String {
    says(plugin, payload).join(" / ")
}

/// Whether a process is there, be it dead and not reaped.
fn is_there(pid: &str) -> bool {
    Path::new("/proc").join(pid).exists()
}

/// The number behind `"pid":` in a finding.
fn pid_in(line: &str) -> String {
    let at = line.find("\"pid\":").unwrap_or_else(|| panic!("no pid in {line}")) + 6;
    line[at..].chars().take_while(char::is_ascii_digit).collect()
}

/// Extracts one object from each flow, from its third byte on, and lets a plug-in look at it.
struct Extracting<'a>(&'a Chosen);

impl Scanner for Extracting<'_> {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        self.0.scanner.scan(connection, found)?;
        for flow in &connection.flows {
            let (name, said_type) = (Some("a\0b.txt"), Some("text/plain"));
            found.begin_object(NewObject { flow: flow.id, offset: 2, time: None, name, said_type })?;
            found.write(b"inside")?;
            found.end_object(flow.payload.length(), true)?;
        }
        Ok(())
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), Error> {
        self.0.scanner.scan_object(object, found)
    }
}

/// What a plug-in says of a connection and of the object `inside` in it, without the line of the object itself.
fn says_of_objects(plugin: &Chosen, payload: &[u8]) -> String {
    let (orig, resp) = (Memory::new(payload), Memory::new(b""));
    let lines = scan(&Extracting(plugin), 80, crate::model::Transport::Tcp, orig, resp);
    lines.into_iter().filter(|line| !line.starts_with("object ")).collect::<Vec<_>>().join(" / ")
}

#[test]
fn names_are_words() {
    for name in ["a", "known_bad", "x86", &"a".repeat(32)] {
        assert_eq!(checked_name(name).unwrap(), name);
    }
    for name in ["", "A", "1a", "a-b", "a b", "ä", "_", &"a".repeat(33)] {
        assert!(checked_name(name).is_err(), "{name}");
    }
    assert_eq!(name_of(Path::new("/x/Known-Bad.2.txt")).unwrap(), "known_bad_2");
    assert!(name_of(Path::new("/x/…")).is_err());
}
