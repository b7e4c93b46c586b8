//! Where benchmarks write: on a memory file system where there is one, so that no disk is measured.

use std::io;
use std::path::PathBuf;

use tempfile::{Builder, TempDir};

/// A directory that goes when dropped, beneath `parent` or where it is best.
pub fn directory(parent: Option<PathBuf>) -> io::Result<TempDir> {
    let memory = Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
    Builder::new().prefix("flowcase-bench-").tempdir_in(parent.or(memory).unwrap_or_else(std::env::temp_dir))
}
