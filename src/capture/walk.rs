//! From what stands on the command line to the list of captures.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::Error;

/// The name that means standard input.
pub const STDIN: &str = "-";

/// The captures that `paths` mean: files as given, directories recursively in byte order of names. In directories only
/// regular files (and links to them) whose names begin with no dot count. A file met twice is listed once, under the
/// name met first. A path that does not exist stays in the list: it becomes an unreadable capture.
///
/// # Errors
/// [`Error::StdinNotAlone`]; [`Error::Directory`] if a directory cannot be listed.
pub fn walk(paths: &[PathBuf]) -> Result<Vec<PathBuf>, Error> {
    if paths.len() > 1 && paths.iter().any(|path| is_stdin(path)) {
        return Err(Error::StdinNotAlone);
    }
    let mut found = Found::default();
    for path in paths {
        if !is_stdin(path) && path.is_dir() { found.directory(path)? } else { found.file(path.clone()) }
    }
    Ok(found.files)
}

/// `path` means standard input.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

#[derive(Default)]
struct Found {
    files: Vec<PathBuf>,
    seen: HashSet<PathBuf>,
}

impl Found {
    fn file(&mut self, path: PathBuf) {
        let real = fs::canonicalize(&path).unwrap_or_else(|_| path.clone());
        if self.seen.insert(real) {
            self.files.push(path);
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
            if is_dir {
                self.directory(&path)?;
            } else if path.is_file() {
                self.file(path);
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(root: &Path, paths: &[&str]) -> Vec<String> {
        let paths: Vec<PathBuf> = paths.iter().map(|path| root.join(path)).collect();
        let found = walk(&paths).unwrap();
        found.iter().map(|path| path.strip_prefix(root).unwrap().display().to_string()).collect()
    }

    #[test]
    fn directories_in_byte_order_without_hidden_files_and_repetitions() {
        let dir = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(dir.path()).unwrap();
        fs::create_dir_all(root.join("d/b")).unwrap();
        for name in ["d/b/1", "d/a", "d/c", "d/B", "d/.hidden", "x"] {
            fs::write(root.join(name), name).unwrap();
        }
        std::os::unix::fs::symlink(root.join("x"), root.join("d/z")).unwrap();
        std::os::unix::fs::symlink(root.join("d"), root.join("d/loop")).unwrap();
        assert_eq!(names(&root, &["d"]), ["d/B", "d/a", "d/b/1", "d/c", "d/z"]);
        assert_eq!(names(&root, &["x", "d/c", "absent", "d", "d/../x"]), ["x", "d/c", "absent", "d/B", "d/a", "d/b/1"]);
    }

    #[test]
    fn stdin_stands_alone() {
        let dash = PathBuf::from("-");
        assert_eq!(walk(std::slice::from_ref(&dash)).unwrap(), std::slice::from_ref(&dash));
        assert!(matches!(walk(&[dash, "x".into()]), Err(Error::StdinNotAlone)));
    }
}
