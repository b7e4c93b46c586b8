//! From what stands on the command line to the list of captures.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::block::{Input, is_stdin};
use super::{Error, Reader};

/// What a walk found.
#[derive(Debug, Default)]
pub struct Walk {
    /// Captures, in the order they were met.
    pub captures: Vec<PathBuf>,
    /// Files met in directories that neither begin like a capture nor are named like one.
    pub passed_over: u64,
    seen: HashSet<PathBuf>,
}

/// Endings of the names captures usually have, before that of a compression.
const ENDINGS: [&str; 7] = [".pcap", ".pcapng", ".cap", ".dmp", ".ntar", ".snoop", ".snp"];

/// The captures that `paths` mean: files as given, directories recursively in byte order of names. In directories only
/// regular files (and links to them) count whose names begin with no dot, and that begin like a capture or are named like
/// one. A file met twice is listed once, under the name met first. A path that does not exist stays in the list: it becomes
/// an unreadable capture.
///
/// # Errors
/// [`Error::StdinNotAlone`]; [`Error::Directory`] if a directory cannot be listed.
pub fn walk(paths: &[PathBuf]) -> Result<Walk, Error> {
    if paths.len() > 1 && paths.iter().any(|path| is_stdin(path)) {
        return Err(Error::StdinNotAlone);
    }
    let mut found = Walk::default();
    for path in paths {
        if !is_stdin(path) && path.is_dir() { found.directory(path)? } else { found.file(path.clone()) }
    }
    Ok(found)
}

impl Walk {
    fn file(&mut self, path: PathBuf) {
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.seen.insert(real) {
            self.captures.push(path);
        }
    }

    fn directory(&mut self, path: &Path) -> Result<(), Error> {
        let failed = |source| Error::Directory { path: path.display().to_string(), source };
        let entries: Result<Vec<_>, _> = fs::read_dir(path).map_err(failed)?.collect();
        let mut entries = entries.map_err(failed)?;
        entries.retain(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            // Linked directories are left out: they may lead back up.
            let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
            let path = entry.path();
            if !is_dir && !path.is_file() {
                continue;
            }
            if is_dir {
                self.directory(&path)?;
            } else if named_like_a_capture(&path) || begins_like_a_capture(&path) {
                self.file(path);
            } else {
                self.passed_over += 1;
            }
        }
        Ok(())
    }
}

fn named_like_a_capture(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().to_lowercase();
    ENDINGS.iter().any(|ending| name.ends_with(ending) || name.contains(&format!("{ending}.")))
}

fn begins_like_a_capture(path: &Path) -> bool {
    let input = fs::File::open(path).and_then(|file| Input::over(Box::new(file), false));
    input.is_ok_and(|input| Reader::over(input).is_ok())
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::PCAP;
    use super::*;

    fn names(root: &Path, paths: &[&str]) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let found = walk(&paths).unwrap().captures;
        found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn directories_in_byte_order_without_hidden_files_and_repetitions() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(root.join("d/b")).unwrap();
        for name in ["d/b/1.pcap", "d/a.cap", "d/c.pcapng.gz", "d/B.PCAP", "d/.hidden.pcap", "d/notes", "x"] {
            fs::write(root.join(name), name).unwrap();
        }
        fs::write(root.join("d/bare"), PCAP).unwrap();
        std::os::unix::fs::symlink(root.join("x"), root.join("d/z.pcap")).unwrap();
        std::os::unix::fs::symlink(root.join("d"), root.join("d/loop")).unwrap();
        assert_eq!(names(&root, &["d"]), ["d/B.PCAP", "d/a.cap", "d/b/1.pcap", "d/bare", "d/c.pcapng.gz", "d/z.pcap"]);
        let mixed = ["x", "d/c.pcapng.gz", "absent", "d", "d/../x"];
        let found = ["x", "d/c.pcapng.gz", "absent", "d/B.PCAP", "d/a.cap", "d/b/1.pcap", "d/bare"];
        assert_eq!(names(&root, &mixed), found);
        assert_eq!(walk(&[root.join("d")]).unwrap().passed_over, 1);
    }

    #[test]
    fn stdin_stands_alone() {
        let dash = PathBuf::from("-");
        assert_eq!(walk(std::slice::from_ref(&dash)).unwrap().captures, std::slice::from_ref(&dash));
        assert!(matches!(walk(&[dash, "x".into()]), Err(Error::StdinNotAlone)));
    }
}
