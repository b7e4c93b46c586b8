//! README.md says what the code does: its lists are the code's, and its sessions are what the program prints.
//! `FLOWCASE_README=write cargo test readme` writes it again.

mod blocks;
mod tour;

use std::fs;
use std::path::Path;

use flowcase::store::template::Template;

fn readme() -> (std::path::PathBuf, String) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("README.md");
    let text = fs::read_to_string(&path).unwrap();
    (path, text)
}

#[test]
fn lists_and_sessions_are_up_to_date() {
    let (path, text) = readme();
    let made = tour::retold(&blocks::refreshed(&text));
    if std::env::var_os("FLOWCASE_README").is_some_and(|what| what == "write") {
        return fs::write(path, made).unwrap();
    }
    let different = text.lines().zip(made.lines()).enumerate().find(|(_, (old, new))| steady(old) != steady(new));
    if let Some((at, (old, new))) = different {
        panic!(
            "README.md:{}\n  says      {old}\n  should be {new}\nhint: FLOWCASE_README=write cargo test readme",
            at + 1
        );
    }
    assert_eq!(text.lines().count(), made.lines().count(), "hint: FLOWCASE_README=write cargo test readme");
}

/// A line without what depends on the file system.
fn steady(line: &str) -> &str {
    line.find("size on disk").map_or(line, |at| &line[..at])
}

#[test]
fn the_letters_are_those_of_templates() {
    let (_, text) = readme();
    let listed =
        |letter: char| text.lines().any(|line| line.starts_with('|') && line.contains(&format!("`%{letter}`")));
    for letter in ('!'..='~').filter(|letter| *letter != '`') {
        let known = Template::parse(&format!("x%{letter}")).is_ok();
        assert_eq!(known, listed(letter), "`%{letter}`");
    }
}

#[test]
fn both_set_up_commands_are_one_line_each() {
    let (_, text) = readme();
    let lines: Vec<&str> = text.lines().filter(|line| line.starts_with("sudo apt-get ")).collect();
    assert_eq!(lines.len(), 2, "{lines:?}");
    assert!(lines[0].contains("ingest") && lines[0].contains("testdata") && lines[1].ends_with("cargo test"));
}
