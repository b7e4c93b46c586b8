//! The sessions in README.md are real: every command in a ```` ```console ```` block is run, block after block in one
//! directory, and what it prints is put below it. Questions in ```` ```sql ```` blocks are only asked.

use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

/// The text with every session held again.
pub fn retold(text: &str) -> String {
    let place = tempfile::tempdir().unwrap();
    symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata"), place.path().join("testdata")).unwrap();
    let mut out = String::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        out += &format!("{line}\n");
        if line == "```console" {
            let session: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            commands(&session)
                .iter()
                .for_each(|command| out += &format!("$ {command}\n{}", run(place.path(), command)));
            out += "```\n";
        } else if line == "```sql" {
            let questions: Vec<&str> = lines.by_ref().take_while(|line| *line != "```").collect();
            ask(place.path(), &questions.join("\n"));
            out += &format!("{}\n```\n", questions.join("\n"));
        }
    }
    out
}

/// The commands of a session; one that ends with a backslash goes on in the next line.
fn commands(session: &[&str]) -> Vec<String> {
    let mut commands: Vec<String> = Vec::new();
    let mut unfinished = false;
    for line in session {
        match line.strip_prefix("$ ") {
            Some(command) => commands.push(command.to_owned()),
            None if unfinished => commands.last_mut().unwrap().push_str(&format!("\n{line}")),
            None => continue,
        }
        unfinished = line.ends_with('\\');
    }
    commands
}

/// Asks the case of the sessions; fails the test unless it answers.
fn ask(directory: &Path, questions: &str) {
    let answer =
        run(directory, &format!("flowcase query case - --format csv <<'END' || echo FAILED\n{questions}\nEND"));
    assert!(!answer.contains("FAILED"), "{answer}");
}

/// What a person would see on the terminal, with the built program under its name.
fn run(directory: &Path, command: &str) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_flowcase")).parent().unwrap();
    let path = format!("{}:{}", program.display(), std::env::var("PATH").unwrap());
    let script = format!("exec 2>&1; {command}");
    let output = Command::new("bash").args(["-c", &script]).current_dir(directory).env("PATH", path).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    if text.is_empty() || text.ends_with('\n') { text } else { text + "\n" }
}
