//! `flowcase query`: SQL, read-only.

use std::io::{IsTerminal, Read, Write};
use std::time::Duration;

use super::errors::{Done, Error};
use super::output::Format;
use super::{CaseArg, output, prompt};
use crate::case;
use crate::index::columns::{COLUMNS, FUNCTIONS};
use crate::index::{End, QueryLimits};

/// Ask the case a question in SQL
///
/// What can be asked are the views below; what can be called are the functions below and those of SQLite. Nothing can be
/// written, attached or loaded. The prompt explains columns (`.columns flows`).
#[derive(Debug, clap::Args)]
#[command(after_long_help = manual())]
pub struct Args {
    #[command(flatten)]
    pub(super) case: CaseArg,
    /// The statement; - reads statements from stdin; none: an interactive prompt
    #[arg(value_name = "SQL")]
    sql: Option<String>,
    /// How to write rows
    #[arg(long, value_name = "FORMAT", value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Stop after so many rows, with exit code 1
    #[arg(long, value_name = "N")]
    max_rows: Option<u64>,
    /// Stop after so long, with exit code 1
    #[arg(long, value_name = "SECONDS", value_parser = seconds)]
    max_time: Option<Duration>,
}

const EXAMPLES: &str = "\
Examples:
  flowcase query case 'SELECT * FROM segments(17)' --format csv
  flowcase query case \"SELECT count(*) FROM flows WHERE in_subnet(src_ip, '10.0.0.0/8')\"
  flowcase query case - < questions.sql";

/// What there is to ask, from the lists the README is made of.
fn manual() -> String {
    let views: Vec<&str> = COLUMNS.iter().map(|(view, _)| *view).collect();
    let functions = FUNCTIONS.iter().map(|(function, gives)| format!("  {function:22} {gives}\n"));
    format!("Views:\n  {}\n\nFunctions:\n{}\n{EXAMPLES}", views.join(", "), functions.collect::<String>())
}

impl Args {
    fn limits(&self) -> QueryLimits {
        QueryLimits { rows: self.max_rows, time: self.max_time }
    }
}

/// Runs one statement, several from stdin, or a prompt.
pub fn run(args: &Args) -> Result<Done, Error> {
    let case = args.case.open()?;
    match args.sql.as_deref() {
        None if std::io::stdin().is_terminal() => {
            prompt::converse(&mut std::io::stdin().lock(), |sql| answer(&case, args, sql))
        }
        None | Some("-") => {
            let mut text = String::new();
            std::io::stdin().read_to_string(&mut text)?;
            answer_all(&case, args, &text)
        }
        Some(sql) => answer(&case, args, sql),
    }
}

/// Stops at the first statement that fails.
fn answer_all(case: &case::Reader, args: &Args, text: &str) -> Result<Done, Error> {
    let mut done = Done::Whole;
    for sql in prompt::statements(text) {
        if answer(case, args, sql)? == Done::LeftOut {
            done = Done::LeftOut;
        }
    }
    Ok(done)
}

fn answer(case: &case::Reader, args: &Args, sql: &str) -> Result<Done, Error> {
    let mut out = output::stdout();
    let mut rows = args.format.rows(&mut out, None);
    let end = case.index().query(sql, &args.limits(), &mut *rows)?;
    rows.finish()?;
    drop(rows);
    out.flush()?;
    match end {
        End::Complete => return Ok(Done::Whole),
        End::RowLimit => eprintln!("stopped at the row limit: there is more"),
        End::TimeLimit => eprintln!("stopped at the time limit: there may be more"),
    }
    Ok(Done::LeftOut)
}

fn seconds(text: &str) -> Result<Duration, String> {
    let seconds: f64 = text.parse().map_err(|_| "expected a number of seconds")?;
    Duration::try_from_secs_f64(seconds).map_err(|error| error.to_string())
}
