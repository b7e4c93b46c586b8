//! A process that reads what others sent may write where its command says, and nowhere else, and opens no socket.
//!
//! Landlock (<https://docs.kernel.org/userspace-api/landlock.html>) denies writing, seccomp (seccomp(2)) sockets, and what reaches
//! into other processes; nothing the process runs, plug-ins for one, has more than it has. Both hold for the thread that asks and
//! those it makes, so this comes before any thread is made.

use std::fs;
use std::path::{Path, PathBuf};

use landlock::{
    ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetCreatedAttr, RulesetError, RulesetStatus, Scope,
    path_beneath_rules,
};
use rustix::fs::{Access as May, access};
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter};

use super::errors::{Error, at};

/// What of Landlock is used; older kernels deny less.
const LANDLOCK: ABI = ABI::V7;
/// Read by others, written by nobody.
const NOWHERE: &str = "/dev/null";
/// Where SQLite sorts if it cannot beside a case.
const TEMPORARY: &str = "/var/tmp";
/// Calls that are denied: sockets, other processes, what the kernel itself can be made to run.
const DENIED: &[i64] = &[
    libc::SYS_socket,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_io_uring_setup,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
];

/// Whether a process is to be confined.
#[derive(Clone, Copy, Debug, Default, clap::Args)]
pub struct Unconfined {
    /// Let this process write anywhere and open sockets, as a plug-in may need; by default it can do neither
    #[arg(long, global = true)]
    unconfined: bool,
}

/// Where a command writes.
#[derive(Debug, Default)]
pub struct Places {
    beneath: Vec<PathBuf>,
    /// Directories of which an empty one may be taken away again.
    parents: Vec<PathBuf>,
}

impl Places {
    /// A case that is there. One that cannot be written is sorted for elsewhere.
    pub fn case(root: &Path) -> Self {
        let mut beneath = vec![root.to_owned()];
        if access(root, May::WRITE_OK).is_err() {
            beneath.extend([std::env::temp_dir(), TEMPORARY.into()]);
        }
        Places { beneath, parents: Vec::new() }
    }

    /// A case that is made if it is missing.
    pub fn new_case(room: &Room) -> Self {
        if room.made { Places::passing(&room.path) } else { Places::case(&room.path) }
    }

    /// A directory that goes again.
    pub fn passing(directory: &Path) -> Self {
        Places { parents: vec![parent(directory)], ..Places::case(directory) }
    }

    /// A file too, which is made beside its place first. A device is only written.
    pub fn file(mut self, path: &Path) -> Self {
        let is_device = path.metadata().is_ok_and(|data| !data.is_file());
        self.beneath.push(if is_device { path.to_owned() } else { parent(path) });
        self
    }

    /// A directory too, which may be missing yet.
    pub fn directory(mut self, path: &Path) -> Self {
        let there = path.ancestors().find(|ancestor| ancestor.exists());
        self.beneath.push(there.filter(|path| !path.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned());
        self
    }

    /// From now on this thread, and those it makes, write only here and open no sockets. Says on stderr what the system
    /// cannot deny.
    pub fn confine(self, unconfined: Unconfined) -> Result<(), Error> {
        if unconfined.unconfined {
            return Ok(());
        }
        match self.landlock() {
            Ok(RulesetStatus::FullyEnforced | RulesetStatus::PartiallyEnforced) => {}
            Ok(RulesetStatus::NotEnforced) => eprintln!("note: writing is not confined: this kernel has no Landlock"),
            Err(error) => return Err(Error::Confinement(format!("the process cannot be confined: {error}"))),
        }
        if let Err(error) = deny_calls() {
            eprintln!("note: sockets are not denied: {error}");
        }
        Ok(())
    }

    fn landlock(self) -> Result<RulesetStatus, RulesetError> {
        let writing = AccessFs::from_write(LANDLOCK);
        let ruleset = Ruleset::default()
            .handle_access(writing)?
            .handle_access(AccessNet::from_all(LANDLOCK))?
            .scope(Scope::from_all(LANDLOCK))?
            .create()?
            .add_rules(path_beneath_rules(self.beneath, writing))?
            .add_rules(path_beneath_rules(self.parents, AccessFs::RemoveDir))?
            .add_rules(path_beneath_rules([NOWHERE], AccessFs::WriteFile | AccessFs::Truncate))?;
        Ok(ruleset.restrict_self()?.ruleset)
    }
}

fn deny_calls() -> Result<(), seccompiler::Error> {
    let arch = std::env::consts::ARCH.try_into()?;
    let calls = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let filter = SeccompFilter::new(calls, SeccompAction::Allow, SeccompAction::Errno(libc::EPERM as u32), arch)?;
    let program: BpfProgram = filter.try_into()?;
    apply_filter(&program)
}

/// The directory of a case, made before the process is confined to it. Goes again if nothing comes of it.
#[derive(Debug)]
pub struct Room {
    /// Where it is.
    pub path: PathBuf,
    /// It was missing.
    pub made: bool,
}

impl Room {
    /// Makes the directory if it is missing.
    pub fn make(path: &Path) -> Result<Self, Error> {
        let made = !path.exists();
        if made {
            fs::create_dir_all(path).map_err(at(path))?;
        }
        Ok(Room { path: path.to_owned(), made })
    }
}

impl Room {
    /// It does not go again.
    pub fn stays(mut self) {
        self.made = false;
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        if self.made {
            // one with something in it stays
            let _ = fs::remove_dir(&self.path);
        }
    }
}

fn parent(path: &Path) -> PathBuf {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.unwrap_or(Path::new(".")).to_owned()
}
