//! `flowcase capture`: what is heard on interfaces, into a case.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::confine::Unconfined;
use super::errors::{Done, Error};
use super::privileges::{self, Privileges};
use super::recording::Recording;
use super::status::{Starter, Status};
use super::{ingest, progress, size, span};
use crate::capture::Filter;
use crate::capture::live::{Every, Interfaces, Keep, Listen, Live, Until};
use crate::case::shelf::Shelf;
use crate::ingest::{self as recorder, Cases, Options};

/// File what is heard on interfaces into a case, which is made if it is missing
///
/// Goes on until a signal (SIGINT, SIGTERM, SIGHUP) ends it orderly, or until one of the limits; a second signal ends it at once. What
/// was heard is committed every few seconds, and can be read meanwhile; connections go on in the next capture or ingest. Frames that
/// the kernel or the interface lost are counted in the anomaly frames_dropped. SIGUSR1 has it say how much it has heard. To listen takes
/// root, or the capability CAP_NET_RAW.
///
/// With --write-pcap the frames themselves are kept in capture files, and the case leads to them; without, positions of bytes are those
/// in a capture file that nobody wrote. With --roll, CASE is a directory of cases: each is named after the time it was begun, and
/// connections go on from one to the next, where the view continued_connections says so.
#[derive(Debug, clap::Args)]
#[command(after_long_help = EXAMPLES)]
pub struct Args {
    /// The case directory, made if it is missing
    #[arg(value_name = "CASE")]
    case: PathBuf,
    /// An interface to listen on, several if it is repeated; any is all of them
    #[arg(short, long = "interface", value_name = "NAME", required = true)]
    interfaces: Vec<String>,
    /// Take only frames that pass this filter, in the language of tcpdump (pcap-filter(7)); the kernel applies it
    #[arg(long, value_name = "EXPR")]
    filter: Option<String>,
    /// End after so long
    #[arg(long, value_name = "TIME", value_parser = span::parse)]
    duration: Option<u64>,
    /// End after so many frames
    #[arg(long, value_name = "N")]
    packets: Option<u64>,
    /// End after so many captured bytes
    #[arg(long, value_name = "SIZE", value_parser = size::parse)]
    bytes: Option<u64>,
    /// Keep the frames themselves in captures in this directory, INTERFACE-TIME.pcap
    #[arg(long, value_name = "DIR")]
    write_pcap: Option<PathBuf>,
    /// Begin the next of these captures after a size or a time: 1G, 1h, or both with a comma between
    #[arg(long, value_name = "EVERY", value_parser = span::every, default_value = "1G", requires = "write_pcap")]
    rotate: Every,
    /// Begin the next case after so many captured bytes or so long: 10G, 1h, or both with a comma between
    #[arg(long, value_name = "EVERY", value_parser = span::every)]
    roll: Option<Every>,
    /// Remove the oldest cases, with the captures kept of them, when a case ends and all of them take more than this on disk
    #[arg(long, value_name = "SIZE", value_parser = size::parse, requires = "roll")]
    keep: Option<u64>,
    /// Capture so many bytes of each frame, at most
    #[arg(long, value_name = "BYTES", default_value_t = 262_144)]
    snap_length: u32,
    /// What the kernel keeps of each interface until it is read
    #[arg(long, value_name = "SIZE", default_value = "64M", value_parser = buffer)]
    buffer: u32,
    /// Do not ask the interfaces for frames of others
    #[arg(long)]
    no_promiscuous: bool,
    #[command(flatten)]
    privileges: Privileges,
    /// Stay root while taking apart what comes from a network
    #[arg(long, conflicts_with = "user")]
    as_root: bool,
    #[command(flatten)]
    recording: Recording,
    /// Show how far it is
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = progress::When::Auto)]
    progress: progress::When,
}

const EXAMPLES: &str = "\
Examples:
  flowcase capture case -i eth0
  flowcase capture case -i eth0 -i eth1 --filter 'port 80' --duration 1h
  flowcase capture /srv/cases -i eth0 -U flowcase --roll 1h,10G --keep 500G --write-pcap /srv/cases/pcap";

/// Captures, and says on stderr what became of it.
pub fn run(args: &Args, unconfined: Unconfined) -> Result<Done, Error> {
    if privileges::is_root() && args.privileges.user.is_none() && !args.as_root {
        let why = "what comes from a network is not taken apart as root: name a user with --user, or say --as-root";
        return Err(Error::Usage(why.into()));
    }
    if let Some(filter) = &args.filter {
        Filter::new(filter).map_err(recorder::Error::from)?;
    }
    let options = Options { filter: args.filter.clone(), ..args.recording.options()? };
    let listen = Listen {
        filter: args.filter.clone(),
        snap_length: args.snap_length,
        buffer: args.buffer,
        promiscuous: !args.no_promiscuous,
        hold: None,
        time_shift: 0,
    };
    let interfaces = Interfaces::open(&args.interfaces, &listen)?;
    let starter = Starter::of_environment();
    let _room = args.privileges.give_up(&args.case, args.write_pcap.as_deref(), unconfined)?;
    let keep = args.write_pcap.clone().map(|directory| Keep { directory, rotate: args.rotate });
    let live = Live::listen(interfaces, args.until()?, keep)?;
    eprintln!("listening on {}", args.interfaces.join(", "));
    let mut status = Status::begin(live.counters(), args.progress, starter)?;
    let done = recorder::capture(&args.cases(), live, &options, &mut status, None);
    status.end();
    let summary = done?;
    ingest::say(&summary);
    Ok(Done::but(summary.left_out))
}

impl Args {
    fn until(&self) -> Result<Until, Error> {
        let time = self.duration.filter(|seconds| *seconds > 0).map(Duration::from_secs);
        let (stop, roll) = (until_signal()?, self.roll.unwrap_or_default());
        Ok(Until { frames: self.packets, bytes: self.bytes, time, stop, roll, ..Until::default() })
    }

    fn cases(&self) -> Cases {
        let (directory, captures) = (self.case.clone(), self.write_pcap.clone());
        match self.roll {
            None => Cases::One(directory),
            Some(_) => Cases::Many(Shelf { directory, captures }, self.keep),
        }
    }
}

/// True once a signal came; the next one ends the program.
pub(super) fn until_signal() -> Result<Arc<AtomicBool>, Error> {
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM, SIGHUP] {
        // asked first: at the first signal nothing is set yet
        flag::register_conditional_shutdown(signal, 128 + signal, Arc::clone(&stop))?;
        flag::register(signal, Arc::clone(&stop))?;
    }
    Ok(stop)
}

fn buffer(text: &str) -> Result<u32, String> {
    let bytes = size::parse(text)?;
    i32::try_from(bytes).map(i32::unsigned_abs).map_err(|_| "more than 2G is too much".into())
}
