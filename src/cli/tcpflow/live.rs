//! `-i`: what is heard on an interface, printed and told of while it is.

use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::asked::Asked;
use super::frames::Frames;
use super::outputs::{Listeners, beneath};
use super::tally::Tally;
use crate::capture::live::{Interfaces, Listen, Live, Until, usual_interface};
use crate::case;
use crate::cli::capture::until_signal;
use crate::cli::errors::Error;
use crate::cli::progress::When;
use crate::cli::status::Status;
use crate::ingest::{self, Cases, Summary, Tap};
use crate::model::{ConnectionId, FlowId, FrameHead, Segment, Skip};
use crate::view::console::Follower;

/// What the kernel keeps until it is read.
const BUFFER: u32 = 64 << 20;
/// Bytes captured of each frame: all there can be.
const SNAP_LENGTH: u32 = 262_144;
/// Somebody is looking at what is printed.
const COMMIT: Duration = Duration::from_secs(1);

/// Opens the interface: what privileges are for.
pub fn open(asked: &Asked) -> Result<Interfaces, Error> {
    let name = match &asked.interface {
        Some(name) => name.clone(),
        None => usual_interface()?,
    };
    let filter = asked.options.filter.clone();
    let promiscuous = asked.promiscuous;
    let (hold, time_shift) = (asked.hold, asked.options.time_shift);
    let listen = Listen { filter, snap_length: SNAP_LENGTH, buffer: BUFFER, promiscuous, hold, time_shift };
    let interfaces = Interfaces::open(std::slice::from_ref(&name), &listen)?;
    if !asked.quiet {
        eprintln!("listening on {name}");
    }
    Ok(interfaces)
}

/// Captures into the case until a signal.
pub fn capture(
    root: &Path,
    interfaces: Interfaces,
    asked: &Asked,
    taps: &mut (Frames, Tally),
    listeners: &mut Listeners,
    printer: &mut dyn Write,
) -> Result<Summary, Error> {
    let until = Until { stop: until_signal()?, commit: COMMIT, ..Until::default() };
    let live = Live::listen(interfaces, until, None)?;
    let when = if asked.quiet || asked.console.is_some() { When::Never } else { When::Auto };
    let mut status = Status::begin(live.counters(), when, None)?;
    let console = asked.console.clone().map(Follower::new);
    let out = asked.out.clone();
    let mut watcher = Watcher { taps, listeners, printer, console, out, told: BTreeMap::new() };
    let cases = Cases::One(root.to_owned());
    let done = ingest::capture(&cases, live, &asked.options, &mut status, Some(&mut watcher));
    status.end();
    Ok(done?)
}

/// Sees frames, and what commits bring.
struct Watcher<'w> {
    taps: &'w mut (Frames, Tally),
    listeners: &'w mut Listeners,
    printer: &'w mut dyn Write,
    console: Option<Follower>,
    out: PathBuf,
    /// Flows that were told of, with their paths until their end was.
    told: BTreeMap<FlowId, Option<PathBuf>>,
}

impl Watcher<'_> {
    /// Prints, or tells of files, what is new of connections.
    fn follow(&mut self, root: &Path, changed: &[ConnectionId], last: bool) -> Result<(), Error> {
        let case = case::Reader::open(root)?;
        if let Some(console) = &mut self.console {
            console.print(&case, changed, last, self.printer)?;
            return Ok(self.printer.flush()?);
        }
        if self.listeners.flows.is_wanted() {
            let (mut opened, mut closed) = (Vec::new(), Vec::new());
            for &id in changed {
                let is_over = case.index().connection(id)?.is_some_and(|connection| connection.is_closed());
                for flow in case.index().flows_of_connection(id)? {
                    let path = || beneath(&self.out, &flow.path);
                    let waiting = self.told.entry(flow.id).or_insert_with(|| {
                        opened.push(path());
                        Some(path())
                    });
                    closed.extend(waiting.take_if(|_| is_over));
                }
            }
            if last {
                closed.extend(self.told.values_mut().filter_map(Option::take));
            }
            self.listeners.flows.tell(&opened, &closed)?;
        }
        Ok(())
    }
}

impl Tap for Watcher<'_> {
    fn used(
        &mut self,
        frame: &FrameHead,
        data: &[u8],
        connection: ConnectionId,
        segment: &Segment<'_>,
    ) -> io::Result<()> {
        self.taps.used(frame, data, connection, segment)
    }

    fn unused(&mut self, frame: &FrameHead, data: &[u8], why: Skip) -> io::Result<()> {
        self.taps.unused(frame, data, why)
    }

    fn committed(&mut self, root: &Path, changed: &[ConnectionId], last: bool) -> io::Result<()> {
        self.follow(root, changed, last).map_err(io::Error::other)
    }
}
