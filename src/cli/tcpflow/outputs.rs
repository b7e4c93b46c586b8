//! What tcpflow makes besides payload files: all of it is made of the case, once it is filed.

use std::collections::HashMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use named_sem::NamedSemaphore;

use super::after::Ready;
use super::asked::{Asked, Keep};
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

/// What is ready to be told of files: of flows, and of bodies.
pub struct Listeners {
    pub flows: Ready,
    pub bodies: Ready,
}

impl Listeners {
    /// Starts who will run commands.
    pub fn start(&mut self) -> io::Result<()> {
        self.flows.start()?;
        self.bodies.start()
    }
}

/// Writes everything that is asked for.
pub fn write(
    case: &case::Reader,
    asked: &Asked,
    tally: &Tally,
    mut listeners: Listeners,
    printer: &mut dyn Write,
) -> Result<(), Error> {
    if asked.findx {
        write_findx(case)?;
    }
    let bodies = if asked.http { bodies::link(case)? } else { Vec::new() };
    if let Some(style) = asked.console.as_ref().filter(|_| !asked.is_live()) {
        console::print(case, style, printer)?;
        printer.flush()?;
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
        let names =
            |paths: Vec<String>| -> Vec<PathBuf> { paths.iter().map(|path| beneath(&asked.out, path)).collect() };
        io::stdout().flush()?;
        if !asked.is_live() {
            listeners.flows.tell(&names(opened), &names(closed))?;
        }
        let bodies = names(bodies);
        listeners.bodies.tell(&bodies, &bodies)?;
    }
    listeners.flows.end()?;
    Ok(listeners.bodies.end()?)
}

/// The name of a file as tcpflow tells it.
pub fn beneath(out: &Path, path: &str) -> PathBuf {
    if out == Path::new(".") { path.into() } else { out.join(path) }
}

/// Where payload is printed, one segment after the other, under a semaphore if there is one.
pub fn printer(semaphore: Option<NamedSemaphore>) -> Box<dyn Write> {
    let stdout = io::BufWriter::new(io::stdout());
    match semaphore {
        None => Box::new(stdout),
        Some(semaphore) => Box::new(Locked::new(semaphore, stdout)),
    }
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
