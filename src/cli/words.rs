//! The command line for the record of runs.

use std::ffi::OsString;

/// The words this program was started with, as a shell would take them back.
pub fn command_line() -> String {
    as_words(std::env::args_os())
}

fn as_words(words: impl Iterator<Item = OsString>) -> String {
    let quoted = words.map(|word| quoted(&word.to_string_lossy()));
    quoted.collect::<Vec<_>>().join(" ")
}

fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./,:=@%+^".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_run_again() {
        let words = ["flowcase", "ingest", "a case", "it's.pcap", "--filter", "port 80", ""];
        let line = as_words(words.iter().map(Into::into));
        assert_eq!(line, r"flowcase ingest 'a case' 'it'\''s.pcap' --filter 'port 80' ''");
    }
}
