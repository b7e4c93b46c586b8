//! Files beneath one directory, opened component by component without following links.

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use rustix::fd::OwnedFd;
use rustix::fs::{AtFlags, CWD, Mode, OFlags};

/// Directories kept open: as many as the default template makes bins.
const MAX_OPEN_DIRECTORIES: usize = 300;

/// A directory and what lies in it. Paths are relative, `/` between names; `..`, links and absolute paths are refused.
/// Clones share what is open.
#[derive(Clone)]
pub struct Beneath {
    root: Arc<OwnedFd>,
    open: Arc<RwLock<Directories>>,
}

type Directories = HashMap<String, Arc<OwnedFd>, foldhash::fast::RandomState>;

impl Beneath {
    /// Opens the directory `root` itself (which may be reached through links).
    pub fn open(root: &Path) -> io::Result<Self> {
        let root = rustix::fs::openat(CWD, root, OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
        Ok(Beneath { root: Arc::new(root), open: Arc::default() })
    }

    /// Makes a file that must not exist yet, and the directories it lies in; for reading and writing.
    pub fn create(&self, path: &str) -> io::Result<File> {
        self.file(path, OFlags::RDWR | OFlags::CREATE | OFlags::EXCL, true)
    }

    /// Makes a file that has no name and goes when it is closed; for reading and writing.
    pub fn unnamed(&self) -> io::Result<File> {
        let (flags, mode) = (OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC, Mode::from_raw_mode(0o600));
        Ok(File::from(rustix::fs::openat(&*self.root, ".", flags, mode)?))
    }

    /// Opens a file for reading and writing.
    pub fn edit(&self, path: &str) -> io::Result<File> {
        self.file(path, OFlags::RDWR, false)
    }

    /// Opens a file for reading. Anything but a regular file is refused.
    pub fn read(&self, path: &str) -> io::Result<File> {
        let file = self.file(path, OFlags::RDONLY | OFlags::NONBLOCK, false)?;
        if !file.metadata()?.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        Ok(file)
    }

    /// Whether something has this name.
    pub fn exists(&self, path: &str) -> io::Result<bool> {
        let found = self
            .parent(path, false)
            .and_then(|(parent, name)| Ok(rustix::fs::statat(&*parent, name, AtFlags::SYMLINK_NOFOLLOW).map(drop)?));
        match found {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Removes a file. That it is not there is no error.
    pub fn remove(&self, path: &str) -> io::Result<()> {
        let removed = self
            .parent(path, false)
            .and_then(|(parent, name)| rustix::fs::unlinkat(&*parent, name, AtFlags::empty()).map_err(io::Error::from));
        removed.or_else(|error| if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) })
    }

    /// Removes a directory if it is there and empty.
    pub fn remove_directory(&self, path: &str) -> io::Result<()> {
        self.open.write().unwrap_or_else(PoisonError::into_inner).remove(path);
        let removed = self
            .parent(path, false)
            .and_then(|(parent, name)| Ok(rustix::fs::unlinkat(&*parent, name, AtFlags::REMOVEDIR)?));
        match removed {
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::DirectoryNotEmpty) => Ok(()),
            other => other,
        }
    }

    /// Removes a file unless it was last changed before `since` (seconds, nanoseconds of the file system's clock).
    pub fn remove_since(&self, path: &str, since: (i64, i64)) -> io::Result<()> {
        let changed = self.parent(path, false).and_then(|(parent, name)| {
            let stat = rustix::fs::statat(&*parent, name, AtFlags::SYMLINK_NOFOLLOW)?;
            Ok((stat.st_ctime, stat.st_ctime_nsec as i64))
        });
        match changed {
            Ok(changed) if changed >= since => self.remove(path),
            Ok(_) => Ok(()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Renames `from` to `to`, replacing it. False if `from` is not there.
    pub fn rename(&self, from: &str, to: &str) -> io::Result<bool> {
        let (to_parent, to_name) = self.parent(to, true)?;
        let moved = self.parent(from, false).and_then(|(from_parent, from_name)| {
            rustix::fs::renameat(&*from_parent, from_name, &*to_parent, to_name).map_err(io::Error::from)
        });
        match moved {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Gives the file `from` the second name `to`, or, where the file system cannot, a copy of it.
    pub fn link(&self, from: &str, to: &str) -> io::Result<()> {
        let ((from_parent, from_name), (to_parent, to_name)) = (self.parent(from, false)?, self.parent(to, true)?);
        match rustix::fs::linkat(&*from_parent, from_name, &*to_parent, to_name, AtFlags::empty()) {
            Err(rustix::io::Errno::PERM | rustix::io::Errno::MLINK | rustix::io::Errno::OPNOTSUPP) => {
                io::copy(&mut self.read(from)?, &mut self.create(to)?).map(drop)
            }
            other => Ok(other?),
        }
    }

    /// Everything written to the file system the directory lies on is on disk.
    pub fn sync(&self) -> io::Result<()> {
        Ok(rustix::fs::syncfs(&*self.root)?)
    }

    fn file(&self, path: &str, flags: OFlags, make: bool) -> io::Result<File> {
        let (parent, name) = self.parent(path, make)?;
        let mode = Mode::from_raw_mode(0o666);
        let file = rustix::fs::openat(&*parent, name, flags | OFlags::NOFOLLOW | OFlags::CLOEXEC, mode)?;
        Ok(File::from(file))
    }

    /// The open directory a path lies in, and the path's last name.
    fn parent<'p>(&self, path: &'p str, make: bool) -> io::Result<(Arc<OwnedFd>, &'p str)> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        if name.is_empty() || name == "." || name == ".." {
            return Err(outside(path));
        }
        if parent.is_empty() && !path.starts_with('/') {
            return Ok((self.root.clone(), name));
        }
        if let Some(open) = self.open.read().unwrap_or_else(PoisonError::into_inner).get(parent) {
            return Ok((open.clone(), name));
        }
        let directory = parent.split('/').try_fold(self.root.clone(), |at, name| enter(&at, name, make))?;
        let mut open = self.open.write().unwrap_or_else(PoisonError::into_inner);
        if open.len() >= MAX_OPEN_DIRECTORIES {
            open.clear();
        }
        open.insert(parent.to_owned(), directory.clone());
        Ok((directory, name))
    }
}

fn enter(at: &OwnedFd, name: &str, make: bool) -> io::Result<Arc<OwnedFd>> {
    if name.is_empty() || name == "." || name == ".." {
        return Err(outside(name));
    }
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let entered = rustix::fs::openat(at, name, flags, Mode::empty());
    let entered = match entered {
        Err(rustix::io::Errno::NOENT) if make => {
            match rustix::fs::mkdirat(at, name, Mode::from_raw_mode(0o777)) {
                Ok(()) | Err(rustix::io::Errno::EXIST) => {}
                Err(error) => return Err(error.into()),
            }
            rustix::fs::openat(at, name, flags, Mode::empty())
        }
        other => other,
    };
    Ok(Arc::new(entered?))
}

fn outside(path: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, format!("`{path}` does not lie beneath the case"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn leaves_neither_by_name_nor_by_link() {
        let (inside, elsewhere) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let beneath = Beneath::open(inside.path()).unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), inside.path().join("link")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", inside.path().join("file")).unwrap();
        for path in ["../x", "/x", "a/../x", "a//x", "link/x", "file", ""] {
            assert!(beneath.create(path).is_err(), "{path}");
            assert!(beneath.read(path).is_err(), "{path}");
        }
        beneath.create("a/b/c").unwrap();
        assert!(beneath.create("a/b/c").is_err(), "never over an existing file");
        beneath.remove_since("a/b/c", (i64::MAX, 0)).unwrap();
        assert!(beneath.rename("a/b/c", "d").unwrap());
        assert!(!beneath.rename("a/b/c", "d").unwrap());
        beneath.link("d", "e/f").unwrap();
        assert!(beneath.link("d", "e/f").is_err() && beneath.read("e/f").is_ok());
        beneath.remove("e/f").unwrap();
        beneath.remove_directory("a").unwrap();
        beneath.remove_directory("a/b").unwrap();
        assert!(beneath.create("a/b/e").is_ok(), "made again");
        assert!(beneath.exists("link").unwrap() && beneath.exists("d").unwrap() && !beneath.exists("a/x").unwrap());
        beneath.remove_since("d", (0, 0)).unwrap();
        assert!(!inside.path().join("d").exists());
        assert_eq!(std::fs::read_dir(elsewhere.path()).unwrap().count(), 0);
    }
}
