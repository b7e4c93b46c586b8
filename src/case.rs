//! F4: the case directory. One lock, opened for writing by one program at a time and for reading by any number.
//!
//! The index says what is true; payload lies beneath `flows/`, or in `packs/`. Whoever opens a case first puts right what a killed
//! writer left ([`recover`](crate::store::recover)): every case that opens is the result of whole commits.

#![allow(clippy::disallowed_methods, reason = "the directory of a case is files")]

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use rustix::fd::OwnedFd;
use rustix::fs::{CWD, FlockOperation, Mode, OFlags, flock};

use crate::index;
use crate::store;
use crate::store::beneath::Beneath;
use crate::store::objects;
use crate::store::packed::reading::Packs;
use crate::store::packed::{self, recover::recover as recover_packs};
use crate::store::recover::recover;

pub mod payload;
pub mod shelf;
pub mod verify;

pub use payload::Payload;

/// The index's name in the case directory.
pub const INDEX: &str = "case.sqlite";
/// What a writer leaves only when it is killed: the payload's journal, the index's two kinds, and the mark of a scan.
const LEFT_BEHIND: [&str; 4] = [store::journal::NAME, "case.sqlite-wal", JOURNAL, objects::UNFINISHED];
/// The index's, while it is changed in place.
const JOURNAL: &str = "case.sqlite-journal";
/// How names begin that the index has until it is whole.
const UNFINISHED: &str = "case.sqlite.new";

/// A case that cannot be opened or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// No index is there.
    #[error("`{}` is not a case: it has no `{INDEX}`", .0.display())]
    NotACase(PathBuf),
    /// Another program writes it.
    #[error("`{}` is being written by another program", .0.display())]
    Locked(PathBuf),
    /// A new case needs a directory of its own.
    #[error("`{}` is not empty and not a case", .0.display())]
    NotEmpty(PathBuf),
    /// The index failed.
    #[error(transparent)]
    Index(#[from] index::Error),
    /// The payload failed.
    #[error(transparent)]
    Store(#[from] store::Error),
    /// The directory failed.
    #[error("`{}`: {source}", path.display())]
    Io {
        /// Which file or directory.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

fn at(path: &Path) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Io { path: path.to_owned(), source }
}

/// A case open for writing; others are kept out until it is dropped.
pub struct Writer {
    /// The index.
    pub index: index::Writer,
    /// The directory.
    pub beneath: Beneath,
    /// Its lock, and what to do if nothing comes of it.
    pub hold: Hold,
}

/// Keeps other writers out.
pub struct Hold {
    root: PathBuf,
    made_index: bool,
    made_directory: bool,
    _lock: OwnedFd,
}

impl Writer {
    /// Opens a case, or makes it with these settings if the directory is missing or empty, or `shared` with other files.
    pub fn open_or_make(root: &Path, settings: &BTreeMap<String, String>, shared: bool) -> Result<Self, Error> {
        let made_directory = !root.exists();
        if made_directory {
            fs::create_dir_all(root).map_err(at(root))?;
        }
        let lock = lock(root)?;
        let made_index = !root.join(INDEX).exists();
        let mut hold = Hold { root: root.to_owned(), made_index: false, made_directory, _lock: lock };
        if made_index {
            make(root, settings, shared).inspect_err(|_| hold.remove_directory())?;
            hold.made_index = true;
        }
        Self::open_held(hold)
    }

    /// Opens a case that is there.
    pub fn open(root: &Path) -> Result<Self, Error> {
        if !root.join(INDEX).exists() {
            return Err(Error::NotACase(root.to_owned()));
        }
        let lock = lock(root)?;
        Self::open_held(Hold { root: root.to_owned(), made_index: false, made_directory: false, _lock: lock })
    }

    fn open_held(hold: Hold) -> Result<Self, Error> {
        let index = index::Writer::open(&hold.root.join(INDEX))?;
        let beneath = Beneath::open(&hold.root).map_err(at(&hold.root))?;
        undo_or_redo(&beneath, &index)?;
        let writer = Writer { index, beneath, hold };
        if writer.hold.root.join(objects::UNFINISHED).exists() {
            writer.end_objects(true)?;
        }
        Ok(writer)
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.hold.root
    }

    /// Objects are about to be written, before the rows that name them.
    pub fn begin_objects(&self) -> Result<(), Error> {
        match self.beneath.create(objects::UNFINISHED) {
            Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(at(&self.hold.root)(error)),
            _ => Ok(()),
        }
    }

    /// The index names every object there is; if there may be others (`sweep`), they go.
    pub fn end_objects(&self, sweep: bool) -> Result<(), Error> {
        if sweep {
            let known = self.index.object_paths()?;
            objects::sweep(&self.hold.root, &self.beneath, &known).map_err(at(&self.hold.root))?;
        }
        self.beneath.remove(objects::UNFINISHED).map_err(at(&self.hold.root))
    }
}

impl Hold {
    /// Nothing was committed: a case made for it goes again.
    pub fn abandon(self) {
        if self.made_index {
            for name in [INDEX, "case.sqlite-wal", "case.sqlite-shm", JOURNAL] {
                let _ = fs::remove_file(self.root.join(name));
            }
            remove_empty(&self.root.join(store::template::DIRECTORY));
            remove_empty(&self.root.join(packed::DIRECTORY));
            self.remove_directory();
        }
    }

    fn remove_directory(&self) {
        if self.made_directory {
            let _ = fs::remove_dir(&self.root);
        }
    }
}

/// Brings the payload to the index's last commit, after a kill or an error.
pub fn undo_or_redo(beneath: &Beneath, index: &index::Writer) -> Result<bool, Error> {
    let gaps = |path: &str| {
        let gaps = index.gaps_of(path);
        gaps.map_err(|error| store::Error::Io { path: INDEX.to_owned(), source: io::Error::other(error) })
    };
    let packs: HashMap<u8, u64> = index.packs()?.into_iter().map(|end| (end.pack, end.bytes)).collect();
    recover_packs(beneath, &packs)?;
    Ok(recover(beneath, index.batch()?, gaps)?)
}

fn lock(root: &Path) -> Result<OwnedFd, Error> {
    let flags = OFlags::DIRECTORY | OFlags::RDONLY | OFlags::CLOEXEC;
    let directory = rustix::fs::openat(CWD, root, flags, Mode::empty()).map_err(|error| at(root)(error.into()))?;
    match flock(&directory, FlockOperation::NonBlockingLockExclusive) {
        Ok(()) => Ok(directory),
        Err(rustix::io::Errno::WOULDBLOCK) => Err(Error::Locked(root.to_owned())),
        Err(error) => Err(at(root)(error.into())),
    }
}

/// Makes an index in a directory that holds nothing but what a killed attempt to do so left, unless it is `shared`.
fn make(root: &Path, settings: &BTreeMap<String, String>, shared: bool) -> Result<(), Error> {
    for entry in fs::read_dir(root).map_err(at(root))? {
        let name = entry.map_err(at(root))?.file_name();
        if !shared && !name.to_string_lossy().starts_with(UNFINISHED) {
            return Err(Error::NotEmpty(root.to_owned()));
        }
    }
    Ok(index::Writer::create(&root.join(INDEX), settings)?.finish()?)
}

/// Removes directories that hold nothing but empty directories.
fn remove_empty(directory: &Path) {
    for entry in fs::read_dir(directory).into_iter().flatten().flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_empty(&entry.path());
        }
    }
    let _ = fs::remove_dir(directory);
}

/// A case open for reading.
pub struct Reader {
    root: PathBuf,
    index: index::Reader,
    beneath: Beneath,
    packs: RefCell<Packs>,
}

impl Reader {
    /// Opens a case. One that a killed writer left is put right first.
    pub fn open(root: &Path) -> Result<Self, Error> {
        if !root.join(INDEX).exists() {
            return Err(Error::NotACase(root.to_owned()));
        }
        if LEFT_BEHIND.iter().any(|name| root.join(name).exists()) {
            settle(root)?;
        }
        let beneath = Beneath::open(root).map_err(at(root))?;
        let index = index::Reader::open_with(&root.join(INDEX), root, payload::unpack(beneath.clone()))?;
        let packs = payload::packs(beneath.clone());
        Ok(Reader { root: root.to_owned(), index, beneath, packs })
    }

    /// The index.
    pub fn index(&self) -> &index::Reader {
        &self.index
    }

    /// Opens the file of an object by its path in the case, without following links.
    pub fn object(&self, path: &str) -> io::Result<fs::File> {
        self.beneath.read(path)
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }
}

/// Puts right what a killed writer left, unless a writer is at work: then its last commit is what there is to read, or
/// nothing while it changes the index in place, as it does in the first one.
fn settle(root: &Path) -> Result<(), Error> {
    match Writer::open(root) {
        Ok(writer) => Ok(writer.index.finish()?),
        Err(Error::Locked(_)) if !root.join(JOURNAL).exists() => Ok(()),
        Err(error) => Err(error),
    }
}
