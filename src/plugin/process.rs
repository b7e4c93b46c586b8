//! A process of the user's own that is never waited for longer than it may take: it leads a process group of its own, its three
//! pipes are read and written as they are ready, so that neither side can block the other, and whatever ends the talk, the group
//! is killed and the process reaped.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process_group, pidfd_open};

use crate::scan::{Error, text_of};

/// Bytes written or read at once: what a pipe holds.
const BLOCK: usize = 64 << 10;
/// Bytes of stderr that are kept: enough for its first line.
const SAID: usize = 4 << 10;
/// Reads of what a process left in its pipes.
const LEFT: usize = 16;
/// What a process may take to end once its stdin is closed.
const FAREWELL: Duration = Duration::from_secs(1);

/// What goes over stdin and stdout.
pub trait Talk {
    /// Appends what is to be said next; nothing: all is said.
    ///
    /// # Errors
    /// Those of the payload.
    fn say(&mut self, into: &mut Vec<u8>) -> Result<(), Error>;
    /// Takes what was heard; true: that was all.
    ///
    /// # Errors
    /// [`Error::Limit`] if it is too much.
    fn hear(&mut self, bytes: &[u8]) -> Result<bool, Error>;
}

/// How a talk ended.
#[derive(Debug)]
pub enum End {
    /// All was heard.
    Heard,
    /// The process ended.
    Exited(ExitStatus),
}

/// A process that runs. Dropping it kills it, and what it started.
pub struct Process {
    child: Child,
    /// Readable once the process has ended.
    exit: OwnedFd,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    said: Vec<u8>,
}

/// Bytes on their way.
#[derive(Default)]
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    all: bool,
}

/// Which of its ends can be used.
struct Ready {
    stdin: bool,
    stdout: bool,
    stderr: bool,
    exit: bool,
}

impl Process {
    /// Starts it.
    ///
    /// # Errors
    /// [`Error::Failed`]
    pub fn start(command: &mut Command) -> Result<Self, Error> {
        let started =
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn();
        let failed = |error: io::Error| Error::Failed(format!("cannot be started: {error}"));
        let mut child = started.map_err(failed)?;
        let exit = match pidfd_open(pid(&child), PidfdFlags::empty()) {
            Ok(exit) => exit,
            Err(error) => {
                end(&mut child);
                return Err(failed(error.into()));
            }
        };
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let process = Process { child, exit, stdin, stdout, stderr, said: Vec::new() };
        process.never_wait().map_err(failed)?;
        Ok(process)
    }

    fn never_wait(&self) -> io::Result<()> {
        let pipes = [self.stdin.as_ref().map(AsFd::as_fd), self.stdout.as_ref().map(AsFd::as_fd)];
        let pipes = pipes.into_iter().chain([self.stderr.as_ref().map(AsFd::as_fd)]).flatten();
        for pipe in pipes {
            rustix::fs::fcntl_setfl(pipe, OFlags::NONBLOCK)?;
        }
        Ok(())
    }

    /// Says and hears until all was heard or the process ends, for so long at most. With `close` its stdin is closed when all is
    /// said.
    ///
    /// # Errors
    /// [`Error::Limit`] once the time is over; those of `talk`. The process can only be dropped then.
    pub fn talk(&mut self, talk: &mut dyn Talk, time: Duration, close: bool) -> Result<End, Error> {
        let until = Instant::now() + time;
        let mut outgoing = Outgoing::default();
        self.said.clear();
        loop {
            self.prepare(&mut outgoing, talk, close)?;
            let ready = self.wait(!outgoing.all, until)?;
            let ready = ready.ok_or(Error::Limit { what: "seconds", most: time.as_secs().max(1) })?;
            if ready.stdin {
                self.write(&mut outgoing);
            }
            if ready.stderr {
                self.listen_aside();
            }
            if ready.stdout && self.listen(talk)?.unwrap_or(false) {
                return Ok(End::Heard);
            }
            if ready.exit {
                return self.exited(talk);
            }
        }
    }

    /// The first line of what it said on stderr during the last talk.
    pub fn complaint(&self) -> Option<String> {
        let line = self.said.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !line.is_empty())?;
        Some(text_of(&line[..line.len().min(500)]).into_owned())
    }

    /// Fetches the next bytes to be sent, unless some wait still.
    fn prepare(&mut self, outgoing: &mut Outgoing, talk: &mut dyn Talk, close: bool) -> Result<(), Error> {
        if self.stdin.is_none() {
            outgoing.all = true;
        }
        if outgoing.all || outgoing.sent < outgoing.bytes.len() {
            return Ok(());
        }
        outgoing.bytes.clear();
        outgoing.sent = 0;
        talk.say(&mut outgoing.bytes)?;
        outgoing.all = outgoing.bytes.is_empty();
        if outgoing.all && close {
            self.stdin = None;
        }
        Ok(())
    }

    /// Waits until something can be done; `None` once the time is over.
    fn wait(&self, writes: bool, until: Instant) -> Result<Option<Ready>, Error> {
        let mut fds = vec![PollFd::new(&self.exit, PollFlags::IN)];
        let stdin = self.stdin.as_ref().filter(|_| writes);
        fds.extend(stdin.map(|pipe| PollFd::new(pipe, PollFlags::OUT)));
        fds.extend(self.stdout.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        fds.extend(self.stderr.as_ref().map(|pipe| PollFd::new(pipe, PollFlags::IN)));
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let timeout = Timespec { tv_sec: left.as_secs() as i64, tv_nsec: left.subsec_nanos().into() };
            match poll(&mut fds, Some(&timeout)) {
                Err(rustix::io::Errno::INTR) if !left.is_zero() => {}
                Err(error) => return Err(Error::Payload(error.into())),
                Ok(_) if left.is_zero() => return Ok(None),
                Ok(0) => {}
                Ok(_) => break,
            }
        }
        let mut ready = fds.iter().map(|fd| !fd.revents().is_empty());
        let mut next = |there: bool| there && ready.next().unwrap_or(false);
        Ok(Some(Ready {
            exit: next(true),
            stdin: next(stdin.is_some()),
            stdout: next(self.stdout.is_some()),
            stderr: next(self.stderr.is_some()),
        }))
    }

    /// Sends what the pipe takes. A reader that went away need not read all.
    fn write(&mut self, outgoing: &mut Outgoing) {
        let Some(stdin) = &mut self.stdin else { return };
        match stdin.write(&outgoing.bytes[outgoing.sent..]) {
            Ok(sent) => outgoing.sent += sent,
            Err(error) if is_for_now(&error) => {}
            Err(_) => self.stdin = None,
        }
    }

    /// Reads once; `None` if there is nothing now or any more.
    fn listen(&mut self, talk: &mut dyn Talk) -> Result<Option<bool>, Error> {
        let mut buffer = [0; BLOCK];
        let Some(stdout) = &mut self.stdout else { return Ok(None) };
        match stdout.read(&mut buffer) {
            Ok(count @ 1..) => talk.hear(&buffer[..count]).map(Some),
            Err(error) if is_for_now(&error) => Ok(None),
            Ok(0) | Err(_) => {
                self.stdout = None;
                Ok(None)
            }
        }
    }

    /// Reads stderr once; false if there is nothing now or any more.
    fn listen_aside(&mut self) -> bool {
        let mut buffer = [0; BLOCK];
        let Some(stderr) = &mut self.stderr else { return false };
        match stderr.read(&mut buffer) {
            Ok(count @ 1..) => {
                let room = SAID.saturating_sub(self.said.len());
                self.said.extend_from_slice(&buffer[..count.min(room)]);
                true
            }
            Err(error) if is_for_now(&error) => false,
            Ok(0) | Err(_) => {
                self.stderr = None;
                false
            }
        }
    }

    /// The process ended: so does what it started, and what they left in the pipes is heard.
    fn exited(&mut self, talk: &mut dyn Talk) -> Result<End, Error> {
        let _ = kill_process_group(pid(&self.child), Signal::KILL);
        for _ in 0..LEFT {
            if !self.listen_aside() {
                break;
            }
        }
        while let Some(all) = self.listen(talk)? {
            if all {
                return Ok(End::Heard);
            }
        }
        Ok(End::Exited(self.child.wait()?))
    }

    /// Closes its stdin and gives it a moment to end by itself.
    pub fn dismiss(mut self) {
        self.stdin = None;
        let until = Instant::now() + FAREWELL;
        while let Ok(Some(ready)) = self.wait(false, until) {
            if ready.exit {
                break;
            }
            if ready.stdout {
                // what is said now is of no use
                let _ = self.listen(&mut Silence);
            }
            if ready.stderr {
                self.listen_aside();
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        end(&mut self.child);
    }
}

/// Kills a group and reaps its leader. Not to be reaped before is what keeps its number from being another's.
fn end(child: &mut Child) {
    if !matches!(child.try_wait(), Ok(Some(_))) {
        let _ = kill_process_group(pid(child), Signal::KILL);
        let _ = child.wait();
    }
}

fn pid(child: &Child) -> Pid {
    Pid::from_child(child)
}

fn is_for_now(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// How a process ended, if it was not well: `exit status 3`, `ended by signal 11`.
pub fn ill(status: ExitStatus) -> Option<String> {
    match (status.code(), status.signal()) {
        (Some(0), _) => None,
        (Some(code), _) => Some(format!("exit status {code}")),
        (None, signal) => Some(format!("ended by signal {}", signal.unwrap_or_default())),
    }
}

/// Says and hears nothing.
struct Silence;

impl Talk for Silence {
    fn say(&mut self, _: &mut Vec<u8>) -> Result<(), Error> {
        Ok(())
    }
    fn hear(&mut self, _: &[u8]) -> Result<bool, Error> {
        Ok(false)
    }
}

/// Payload from front to end, a block at a time; holes are zeros.
pub struct Blocks<'a> {
    payload: &'a dyn crate::scan::Payload,
    at: u64,
    end: u64,
}

impl<'a> Blocks<'a> {
    /// The first `most` bytes.
    pub fn new(payload: &'a dyn crate::scan::Payload, most: u64) -> Self {
        Blocks { payload, at: 0, end: payload.length().min(most) }
    }

    /// Appends the next ones; nothing at the end.
    ///
    /// # Errors
    /// Those of the payload.
    pub fn next(&mut self, into: &mut Vec<u8>) -> Result<(), Error> {
        let count = (self.end - self.at).min(BLOCK as u64) as usize;
        let before = into.len();
        into.resize(before + count, 0);
        self.payload.read_at(self.at, &mut into[before..])?;
        self.at += count as u64;
        Ok(())
    }
}
