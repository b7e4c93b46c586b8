//! Statements from a person or a file.

use std::io::BufRead;

use super::errors::{self, Done, Error};
use crate::index::columns::{COLUMNS, FUNCTIONS};

const HELP: &str = "\
SQL statements end with a semicolon. Besides:
  .tables           the views
  .columns VIEW     the columns of a view, and what they mean
  .functions        the functions besides those of SQLite
  .help             this
  .quit             leave (so does the end of input)";

/// Reads statements line by line until `.quit` or the end, and passes each to `answer`. One that fails is told and costs
/// nothing more.
pub fn converse(input: &mut impl BufRead, mut answer: impl FnMut(&str) -> Result<Done, Error>) -> Result<Done, Error> {
    eprintln!("`.help` helps, `.quit` leaves");
    let mut text = String::new();
    loop {
        eprint!("{}", if text.is_empty() { "flowcase> " } else { "     ...> " });
        if input.read_line(&mut text)? == 0 {
            eprintln!();
            return Ok(Done::Whole);
        }
        if text.trim() == ".quit" || text.trim() == ".exit" {
            return Ok(Done::Whole);
        }
        if text.trim_start().starts_with('.') {
            eprintln!("{}", command(text.trim()));
            text.clear();
        } else if is_complete(&text) {
            statements(&text).into_iter().try_for_each(|sql| forgive(answer(sql)))?;
            text.clear();
        } else if text.trim().is_empty() {
            text.clear();
        }
    }
}

/// Tells an error; only one of the streams themselves ends the conversation.
fn forgive(answered: Result<Done, Error>) -> Result<(), Error> {
    match answered {
        Err(error @ Error::Stream(_)) => Err(error),
        Err(error) => {
            errors::tell(&error);
            Ok(())
        }
        Ok(_) => Ok(()),
    }
}

fn command(text: &str) -> String {
    let mut words = text.split_whitespace();
    match (words.next(), words.next()) {
        (Some(".help"), _) => HELP.to_owned(),
        (Some(".tables"), _) => COLUMNS.iter().map(|(view, _)| *view).collect::<Vec<_>>().join("\n"),
        (Some(".columns"), Some(view)) => columns(view.trim_end_matches(';')),
        (Some(".functions"), _) => aligned(FUNCTIONS),
        _ => "no such command: `.help` lists them".to_owned(),
    }
}

fn columns(view: &str) -> String {
    let Some((_, columns)) = COLUMNS.iter().find(|(name, _)| *name == view) else {
        return "no such view: `.tables` lists them".to_owned();
    };
    aligned(columns)
}

fn aligned(list: &[(&str, &str)]) -> String {
    list.iter().map(|(name, meaning)| format!("{name:22} {meaning}")).collect::<Vec<_>>().join("\n")
}

/// The statements of a text, without the semicolons between them; those of nothing but space and comments left out.
pub fn statements(text: &str) -> Vec<&str> {
    let (mut found, mut start) = (Vec::new(), 0);
    let mut empty = true;
    for token in tokens(text) {
        match token {
            Token::End(at) => {
                found.extend((!empty).then(|| text[start..at].trim()));
                (start, empty) = (at + 1, true);
            }
            Token::Other => empty = false,
        }
    }
    found.extend((!empty).then(|| text[start..].trim()));
    found
}

/// The last thing but space and comments is a semicolon.
fn is_complete(text: &str) -> bool {
    matches!(tokens(text).last(), Some(Token::End(_)))
}

enum Token {
    /// A semicolon, and where.
    End(usize),
    Other,
}

/// Just enough of SQL's tokens to see the semicolons that end statements: strings, quoted names and comments are skipped.
struct Tokens<'a> {
    text: &'a str,
    at: usize,
}

fn tokens(text: &str) -> Tokens<'_> {
    Tokens { text, at: 0 }
}

impl Iterator for Tokens<'_> {
    type Item = Token;

    fn next(&mut self) -> Option<Token> {
        loop {
            let rest = &self.text[self.at..];
            let first = rest.chars().next()?;
            let (length, token) = match first {
                ';' => (1, Some(Token::End(self.at))),
                '\'' | '"' | '`' => (through(&rest[1..], &first.to_string()) + 1, Some(Token::Other)),
                '[' => (through(rest, "]"), Some(Token::Other)),
                '-' if rest.starts_with("--") => (through(rest, "\n"), None),
                '/' if rest.starts_with("/*") => (through(&rest[2..], "*/") + 2, None),
                c if c.is_whitespace() => (c.len_utf8(), None),
                c => (c.len_utf8(), Some(Token::Other)),
            };
            self.at += length;
            if token.is_some() {
                return token;
            }
        }
    }
}

/// Length up to and with the end mark, or all.
fn through(text: &str, mark: &str) -> usize {
    text.find(mark).map_or(text.len(), |at| at + mark.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn splits_where_statements_end_and_nowhere_else() {
        let text = "SELECT ';', \"a;b\", [c;d] -- no; end\n FROM flows; /* ; */ ;\nSELECT 'it''s;' ; -- done;";
        let found = statements(text);
        assert_eq!(found.len(), 2);
        assert!(found[0].starts_with("SELECT ';'") && found[0].ends_with("FROM flows"));
        assert_eq!(found[1], "SELECT 'it''s;'");
        assert_eq!(statements(" -- nothing\n"), Vec::<&str>::new());
        assert_eq!(statements("SELECT 1"), ["SELECT 1"]);
    }

    #[test]
    fn waits_for_the_semicolon() {
        for (text, complete) in [
            ("SELECT 1;\n", true),
            ("SELECT 1\n", false),
            ("SELECT ';\n", false),
            ("SELECT 1; -- x\n", true),
            ("-- ;\n", false),
        ] {
            assert_eq!(is_complete(text), complete, "{text}");
        }
    }

    #[test]
    fn the_lists_are_at_hand() {
        assert!(command(".tables").contains("timeline"));
        assert!(command(".columns gaps;").starts_with("flow_id "));
        assert!(command(".functions").contains("payload(flow_id) "));
        assert!(command(".columns").starts_with("no such command"));
    }

    #[test]
    fn a_conversation_goes_on_after_an_error_until_it_is_left() {
        let mut input = std::io::Cursor::new("SELECT\n1;\n.help\n\nbad; SELECT 2;\n.quit\nSELECT 3;\n");
        let mut asked = Vec::new();
        let done = converse(&mut input, |sql| {
            asked.push(sql.to_owned());
            if sql == "bad" { Err(Error::Usage("bad".into())) } else { Ok(Done::Whole) }
        });
        assert_eq!(done.unwrap(), Done::Whole);
        assert_eq!(asked, ["SELECT\n1", "bad", "SELECT 2"]);
    }
}
