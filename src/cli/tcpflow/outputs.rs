//! What tcpflow makes besides payload files: all of it is made of the case, once it is filed.

use std::collections::HashMap;
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::Command;

use named_sem::NamedSemaphore;

use super::asked::{After, Asked, Keep};
use super::histogram;
use super::lock::Locked;
use super::tally::Tally;

use crate::case;
use crate::cli::errors::{Error, at};
use crate::cli::output;
use crate::index::Selection;
use crate::view::{View, bodies, console, dfxml, findx, pictures};

/// Files in one directory past which a hint is given.
const MANY: u64 = 10_000;

/// Writes everything that is asked for.
pub fn write(
    case: &case::Reader,
    asked: &Asked,
    tally: &Tally,
    semaphore: Option<NamedSemaphore>,
) -> Result<(), Error> {
    if asked.findx {
        write_findx(case)?;
    }
    let bodies = if asked.http { bodies::link(case)? } else { Vec::new() };
    if let Some(style) = &asked.console {
        let stdout = io::BufWriter::new(io::stdout().lock());
        match semaphore {
            None => print(case, style, stdout)?,
            Some(semaphore) => print(case, style, Locked::new(semaphore, stdout))?,
        }
    }
    if let Some(report) = &asked.report {
        let directory = asked.directory();
        output::file(report, |out| Ok(dfxml::write_heard(case, &directory, &|flow| tally.of(flow), out)?))?;
    }
    if asked.netviz {
        output::file(&asked.out.join("report.pdf"), |out| Ok(pictures::Pdf.render(case, out)?))?;
    }
    if let Some(rows) = asked.histogram {
        histogram::print(case, tally, rows, &mut io::stdout().lock())?;
    }
    if asked.keep == Keep::Files {
        let (opened, closed) = flows(case)?;
        if !asked.quiet {
            hint_at_directories(&opened);
        }
        tell(&opened, &closed, &asked.after_flow, &asked.out)?;
        tell(&bodies, &bodies, &asked.after_body, &asked.out)?;
    }
    Ok(())
}

fn print(case: &case::Reader, style: &console::Style, mut out: impl Write) -> Result<(), Error> {
    console::print(case, style, &mut out)?;
    Ok(out.flush()?)
}

/// Paths of all payload files, in the order in which flows began, and in that in which they ended.
fn flows(case: &case::Reader) -> Result<(Vec<String>, Vec<String>), Error> {
    let mut flows = Vec::new();
    case.index().flows(&Selection::default(), &mut |flow| -> Result<(), Error> {
        flows.push((flow.end, flow.path));
        Ok(())
    })?;
    let opened = flows.iter().map(|(_, path)| path.clone()).collect();
    flows.sort_by_key(|(end, _)| *end);
    Ok((opened, flows.into_iter().map(|(_, path)| path).collect()))
}

fn write_findx(case: &case::Reader) -> Result<(), Error> {
    case.index().flows_with_segments(&Selection::default(), &mut |flow, segments| -> Result<(), Error> {
        let path = case.root().join(format!("{}.findx", flow.path));
        output::file(&path, |out| findx::write(segments, out).map_err(at(&path)))
    })
}

fn hint_at_directories(paths: &[String]) {
    let mut files = HashMap::<&str, u64>::new();
    for path in paths {
        *files.entry(path.rsplit_once('/').map_or("", |(directory, _)| directory)).or_default() += 1;
    }
    if files.into_values().any(|files| files > MANY) {
        eprintln!("more than {MANY} files lie in one directory: -Fk, -Fm and -Fg make more directories");
    }
}

/// Tells a descriptor of each file, and runs a command for it, in the orders in which files were begun and ended.
fn tell(opened: &[String], closed: &[String], after: &After, out: &Path) -> Result<(), Error> {
    let name = |path: &str| if out == Path::new(".") { path.into() } else { out.join(path) };
    if let Some(descriptor) = after.alert {
        let place = Path::new("/dev/fd").join(descriptor.to_string());
        let mut alert = File::options().append(true).open(&place).map_err(at(&place))?;
        for (what, paths) in [("open", opened), ("close", closed)] {
            let line = |path: &String| writeln!(alert, "{what}\t{}", name(path).display());
            paths.iter().try_for_each(line).map_err(at(&place))?;
        }
    }
    let Some(command) = &after.command else { return Ok(()) };
    io::stdout().flush()?;
    for path in closed {
        // the shell splits the command, as ever; the name comes in as one word, whatever is in it
        let status =
            Command::new("sh").arg("-c").arg(format!("{command} \"$1\"")).arg("sh").arg(name(path)).status()?;
        if !status.success() {
            eprintln!("`{command} {}`: {status}", name(path).display());
        }
    }
    Ok(())
}
