//! What a capture that goes on says of itself: a line on a terminal, a line on SIGUSR1, and to who started it (sd_notify(3)).

use std::fs::File;
use std::io::{self, Write};
use std::os::fd::OwnedFd;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use indicatif::{HumanBytes, ProgressBar};
use signal_hook::consts::SIGUSR1;
use signal_hook::flag;

use super::progress::{self, When};
use crate::capture::live::Counters;
use crate::ingest::Progress;
use crate::view::escape::printable;

/// Between two looks.
const LOOK: Duration = Duration::from_millis(200);
/// Between two words to who started this, unless it wants them sooner.
const TELL: Duration = Duration::from_secs(30);

/// How a capture goes.
pub struct Status {
    shared: Arc<Shared>,
    bar: ProgressBar,
    thread: JoinHandle<()>,
}

struct Shared {
    counters: Arc<Counters>,
    flows: AtomicU64,
    is_over: AtomicBool,
}

impl Shared {
    fn text(&self) -> String {
        let Counters { frames, bytes, dropped } = &*self.counters;
        let [frames, bytes, dropped] = [frames, bytes, dropped].map(|count| count.load(Relaxed));
        format!("{frames} frames, {}, {dropped} lost, {} flows", HumanBytes(bytes), self.flows.load(Relaxed))
    }
}

impl Status {
    /// Begins to tell.
    pub fn begin(counters: Arc<Counters>, when: When, starter: Option<Starter>) -> io::Result<Self> {
        let asked = Arc::new(AtomicBool::new(false));
        flag::register(SIGUSR1, Arc::clone(&asked))?;
        let shared = Arc::new(Shared { counters, flows: AtomicU64::new(0), is_over: AtomicBool::new(false) });
        let (told, bar) = (Arc::clone(&shared), progress::line(when));
        let line = bar.clone();
        let thread = thread::Builder::new().name("status".to_owned());
        let thread = thread.spawn(move || tell(&told, &asked, &line, starter))?;
        Ok(Status { shared, bar, thread })
    }

    /// Takes the line away.
    pub fn end(self) {
        self.shared.is_over.store(true, Relaxed);
        self.thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic));
        self.bar.finish_and_clear();
    }
}

impl Progress for Status {
    fn total(&mut self, _: u64) {}

    fn at(&mut self, _: u64, flows: u64) {
        self.shared.flows.store(flows, Relaxed);
    }

    fn note(&mut self, message: &str) {
        self.bar.suspend(|| eprintln!("{}", printable(message)));
    }
}

fn tell(shared: &Shared, asked: &AtomicBool, bar: &ProgressBar, mut starter: Option<Starter>) {
    let mut told = Instant::now();
    if let Some(starter) = &mut starter {
        starter.say("READY=1");
    }
    while !shared.is_over.load(Relaxed) {
        thread::sleep(LOOK);
        bar.set_message(shared.text());
        if asked.swap(false, Relaxed) {
            bar.suspend(|| eprintln!("{}", shared.text()));
        }
        if let Some(starter) = starter.as_mut().filter(|starter| told.elapsed() >= starter.every) {
            told = Instant::now();
            starter.say(&format!("WATCHDOG=1\nSTATUS={}", shared.text()));
        }
    }
    if let Some(starter) = &mut starter {
        starter.say("STOPPING=1");
    }
}

/// Who started this and wants to hear how it goes, as systemd does.
pub struct Starter {
    socket: File,
    every: Duration,
}

impl Starter {
    /// The one named by the environment. To be asked for while sockets can be opened.
    pub fn of_environment() -> Option<Self> {
        let name = std::env::var_os("NOTIFY_SOCKET")?;
        let address = match name.as_bytes() {
            [b'@', name @ ..] => SocketAddr::from_abstract_name(name),
            _ => SocketAddr::from_pathname(&name),
        };
        let socket = UnixDatagram::unbound().ok()?;
        socket.connect_addr(&address.ok()?).ok()?;
        let watchdog = std::env::var("WATCHDOG_USEC").ok().and_then(|text| text.parse().ok());
        let every = watchdog.map_or(TELL, |micros: u64| TELL.min(Duration::from_micros(micros / 2)));
        Some(Starter { socket: File::from(OwnedFd::from(socket)), every })
    }

    /// Says something; nobody may be there to hear it. (What is written to a connected socket is sent.)
    fn say(&mut self, words: &str) {
        let _ = self.socket.write_all(words.as_bytes());
    }
}
