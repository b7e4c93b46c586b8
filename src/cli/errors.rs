//! The one place that turns a cause into a sentence, a hint and an exit code.

use std::error::Error as _;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use crate::view::escape::printable;
use crate::{capture, case, index, ingest, plugin, view};

/// Every exit code and what it means: for the help, the manual and the README.
pub const EXIT_CODES: [(u8, &str); 4] = [
    (0, "done"),
    (1, "done, but something was left out, and it was said or recorded what"),
    (USAGE, "usage: something on the command line must be put right; nothing was done"),
    (NOT_DONE, "not done: no capture readable, case unusable; the case is as it was, or not made"),
];

/// [`EXIT_CODES`] as a paragraph.
pub fn exit_codes() -> String {
    let lines = EXIT_CODES.map(|(code, meaning)| format!("  {code}  {meaning}"));
    format!("Exit codes:\n{}", lines.join("\n"))
}

/// A command that came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// All of it: exit code 0.
    Whole,
    /// Something was left out, and it was said or recorded what: exit code 1.
    LeftOut,
}

impl Done {
    /// [`Done::LeftOut`] if `left_out`.
    pub fn but(left_out: bool) -> Self {
        if left_out { Done::LeftOut } else { Done::Whole }
    }

    /// Whole if both are.
    pub fn and(self, other: Done) -> Self {
        Done::but(self == Done::LeftOut || other == Done::LeftOut)
    }

    /// 0 or 1.
    pub fn exit_code(self) -> ExitCode {
        ExitCode::from(self as u8)
    }
}

/// A command that did not.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The case could not be opened or read.
    #[error(transparent)]
    Case(#[from] case::Error),
    /// Nothing was ingested.
    #[error(transparent)]
    Ingest(#[from] ingest::Error),
    /// The index said no.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// A plug-in cannot be used.
    #[error(transparent)]
    Plugin(#[from] plugin::Error),
    /// An interface could not be listened on.
    #[error(transparent)]
    Listen(#[from] capture::live::Error),
    /// A capture could not be written.
    #[error(transparent)]
    Written(#[from] capture::write::Error),
    /// A view could not be made.
    #[error(transparent)]
    View(#[from] view::Error),
    /// A file outside the case.
    #[error("`{}`: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file that must not be overwritten.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// What was asked for is not in the case.
    #[error("no {what} `{name}` in this case")]
    Missing {
        /// `flow`, `connection`.
        what: &'static str,
        /// As it was asked for.
        name: String,
    },
    /// The process could not be kept from what it should not do.
    #[error("{0}")]
    Confinement(String),
    /// Arguments that clap cannot judge.
    #[error("{0}")]
    Usage(String),
    /// Standard output or input.
    #[error("{0}")]
    Stream(#[from] io::Error),
}

/// Names the file outside the case that an I/O error belongs to.
pub fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::File { path: path.to_owned(), source }
}

/// Says on stderr what went wrong and what may help; returns the exit code. A reader that went away (`| head`) is no error.
pub fn tell(error: &Error) -> ExitCode {
    if is_closed_pipe(error) {
        return ExitCode::SUCCESS;
    }
    eprintln!("error: {}", lines(&error.to_string()));
    if let Some(hint) = hint(error) {
        eprintln!("hint: {hint}");
    }
    ExitCode::from(exit_code(error))
}

/// 2 for what the user can put right on the command line, 3 otherwise.
fn exit_code(error: &Error) -> u8 {
    use ingest::Error as Ingest;
    match (error, index_error(error)) {
        (Error::Usage(_) | Error::Exists(_) | Error::Plugin(_), _) => USAGE,
        (Error::Ingest(Ingest::Fixed { .. } | Ingest::Template(_) | Ingest::Capture(_)), _) => USAGE,
        (_, Some(index::Error::Refused(_) | index::Error::User(_))) => USAGE,
        _ => NOT_DONE,
    }
}

const USAGE: u8 = 2;
const NOT_DONE: u8 = 3;

fn hint(error: &Error) -> Option<&'static str> {
    use ingest::Error as Ingest;
    match error {
        Error::Listen(_) => Some("`ip link` lists interfaces; to listen takes root or CAP_NET_RAW"),
        Error::Exists(_) => Some("choose another place with -o, or allow it with --overwrite"),
        Error::Confinement(_) => Some("--unconfined does without, but for privileges"),
        Error::Missing { what: "flow", .. } => Some("`flowcase flows CASE` lists ids and paths"),
        Error::Missing { .. } => Some("`flowcase connections CASE` lists ids"),
        Error::Ingest(Ingest::Fixed { .. }) => Some("leave the option out, or ingest into a new case"),
        Error::Ingest(Ingest::NoCaptures) => Some("hidden files in directories are not read; name them to read them"),
        Error::Ingest(Ingest::Template(_)) => Some("the letters are AaBbEeVvTtCc#NKMGS, and %% is a percent sign"),
        Error::Plugin(plugin::Error::Name(_)) => Some("give it a name: NAME=…"),
        Error::Case(error) | Error::Ingest(Ingest::Case(error)) => case_hint(error),
        _ => index_error(error).and_then(index_hint),
    }
}

fn case_hint(error: &case::Error) -> Option<&'static str> {
    match error {
        case::Error::NotACase(_) => Some("`flowcase ingest CASE CAPTURE` makes a case"),
        case::Error::Locked(_) => Some("wait until it has ended"),
        case::Error::NotEmpty(_) => Some("name a directory that does not exist yet"),
        case::Error::Index(error) => index_hint(error),
        _ => None,
    }
}

fn index_hint(error: &index::Error) -> Option<&'static str> {
    match error {
        index::Error::Newer { .. } => Some("use the newer flowcase"),
        index::Error::Older { .. } => Some("any `flowcase ingest` into it brings it up to date"),
        index::Error::Damaged { .. } | index::Error::Extents(_) => {
            Some("keep it as it is, and ingest the captures into a new case")
        }
        index::Error::User(_) => Some("`flowcase query CASE` without SQL helps with `.tables` and `.columns VIEW`"),
        index::Error::Busy => Some("wait until it has ended"),
        index::Error::Refused(_) => Some("a question is one SELECT"),
        _ => None,
    }
}

fn index_error(error: &Error) -> Option<&index::Error> {
    match error {
        Error::Index(error) | Error::View(view::Error::Index(error)) => Some(error),
        Error::Case(case::Error::Index(error)) => Some(error),
        Error::Ingest(ingest::Error::Case(case::Error::Index(error))) => Some(error),
        _ => None,
    }
}

/// Line breaks of a message stay, so that SQLite can point at a place in a statement.
fn lines(message: &str) -> String {
    message.lines().map(printable).collect::<Vec<_>>().join("\n")
}

fn is_closed_pipe(error: &Error) -> bool {
    let closed = |error: &(dyn std::error::Error + 'static)| {
        error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
    };
    let direct = matches!(error, Error::Stream(error) if closed(error));
    direct || std::iter::successors(error.source(), |cause| (*cause).source()).any(closed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_closed_pipe_is_found_however_deep() {
        let closed = || io::Error::from(io::ErrorKind::BrokenPipe);
        let full = || io::Error::from(io::ErrorKind::StorageFull);
        assert!(is_closed_pipe(&Error::Stream(closed())));
        assert!(is_closed_pipe(&Error::Index(index::Error::Output(closed()))));
        assert!(is_closed_pipe(&Error::View(view::Error::Index(index::Error::Output(closed())))));
        assert!(is_closed_pipe(&Error::View(view::Error::Write(closed()))));
        assert!(!is_closed_pipe(&Error::View(view::Error::Write(full()))));
        assert!(!is_closed_pipe(&Error::Stream(full())));
    }

    #[test]
    fn what_the_command_line_can_put_right_is_usage() {
        let sql = || index::Error::User("no such column: x".into());
        let fixed = ingest::Error::Fixed { name: "hash", stored: "md5".into(), given: "sha1".into() };
        for usage in [Error::Index(sql()), Error::View(sql().into()), fixed.into(), Error::Exists("x".into())] {
            assert_eq!(exit_code(&usage), 2, "{usage}");
            assert!(hint(&usage).is_some(), "{usage}");
        }
        for not_done in [Error::Case(case::Error::NotACase("x".into())), ingest::Error::NoCaptures.into()] {
            assert_eq!(exit_code(&not_done), 3, "{not_done}");
        }
    }

    #[test]
    fn messages_cannot_move_the_cursor() {
        assert_eq!(lines("`a\u{1b}[2Jb`\nx"), "`a\\x1b[2Jb`\nx");
    }
}
