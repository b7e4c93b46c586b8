//! What root is needed for is done first; then the process becomes somebody who may do less, and is confined.

use std::ffi::CString;
use std::os::unix::fs::chown;
use std::path::{Path, PathBuf};

use nix::errno::Errno;
use nix::unistd::{Uid, User, chdir, chroot, geteuid, initgroups, setgid, setuid};
use rustix::thread::{CapabilitySet, CapabilitySets, set_capabilities, set_no_new_privs};

use super::confine::{Places, Room, Unconfined};
use super::errors::{Error, at};

/// Who the process is to be.
#[derive(Debug, Default, clap::Args)]
pub struct Privileges {
    /// Be this user, with its groups, before anything that others sent is looked at
    #[arg(short = 'U', long, value_name = "USER")]
    pub user: Option<String>,
    /// Take this directory for all there is; paths are those beneath it
    #[arg(long, value_name = "DIR", requires = "user")]
    pub chroot: Option<PathBuf>,
}

impl Privileges {
    /// Gives up all that a command with this case, and a directory `beside` it, does not need, and keeps the process to them. Either is
    /// made if it is missing, and given to the user.
    pub fn give_up(
        &self,
        case: &Path,
        beside: Option<&Path>,
        unconfined: Unconfined,
    ) -> Result<[Option<Room>; 2], Error> {
        let user = self.enter()?;
        let room = user.room(case)?;
        let mut places = Places::new_case(&room);
        let beside = beside.map(|path| user.room(path)).transpose()?;
        if let Some(room) = &beside {
            places = places.directory(&room.path);
        }
        user.become_for_good()?;
        places.confine(unconfined)?;
        Ok([beside, Some(room)])
    }

    /// Finds the user, then takes the directory for all there is.
    pub fn enter(&self) -> Result<Becoming, Error> {
        let user = self.user.as_deref().map(find).transpose()?;
        if user.is_some() && !geteuid().is_root() {
            return Err(Error::Usage("only root can become another user".into()));
        }
        if let Some(root) = &self.chroot {
            let entered = chroot(root).and_then(|()| chdir("/"));
            entered.map_err(|error| at(root)(error.into()))?;
        }
        Ok(Becoming(user))
    }
}

/// The user the process is to be, if it is to be another.
pub struct Becoming(Option<User>);

impl Becoming {
    /// The directory, made if it is missing, and then given to the user.
    pub fn room(&self, path: &Path) -> Result<Room, Error> {
        let room = Room::make(path)?;
        if room.made {
            self.give(path)?;
        }
        Ok(room)
    }

    /// Gives a directory to the user.
    pub fn give(&self, path: &Path) -> Result<(), Error> {
        let Some(user) = &self.0 else { return Ok(()) };
        chown(path, Some(user.uid.as_raw()), Some(user.gid.as_raw())).map_err(at(path))
    }

    /// Becomes the user: no capability is left, and none comes back.
    pub fn become_for_good(&self) -> Result<(), Error> {
        let failed = |error: std::io::Error| Error::Confinement(format!("privileges cannot be dropped: {error}"));
        if let Some(user) = &self.0 {
            drop_to(user).map_err(|error| failed(error.into()))?;
        }
        if !geteuid().is_root() {
            let none = CapabilitySet::empty();
            let sets = CapabilitySets { effective: none, permitted: none, inheritable: none };
            set_capabilities(None, sets).map_err(|error| failed(error.into()))?;
        }
        set_no_new_privs(true).map_err(|error| failed(error.into()))
    }
}

/// Whether this is root, whom everything is open to.
pub fn is_root() -> bool {
    geteuid().is_root()
}

fn drop_to(user: &User) -> Result<(), Errno> {
    let name = CString::new(user.name.as_bytes()).map_err(|_| Errno::EINVAL)?;
    initgroups(&name, user.gid)?;
    setgid(user.gid)?;
    setuid(user.uid)?;
    // whoever can become root again has dropped nothing
    if !user.uid.is_root() && setuid(Uid::from_raw(0)).is_ok() { Err(Errno::EPERM) } else { Ok(()) }
}

/// A user by name or number.
fn find(name: &str) -> Result<User, Error> {
    let by_number = || name.parse().ok().and_then(|number| User::from_uid(Uid::from_raw(number)).ok().flatten());
    let user = User::from_name(name).ok().flatten().or_else(by_number);
    user.ok_or_else(|| Error::Usage(format!("no user `{name}` on this machine")))
}
