//! Writes `testdata/`: run it after a change to `tests/traffic/`, and look at the difference before committing it.
#![allow(clippy::disallowed_methods, reason = "its purpose is to write files")]

#[path = "../tests/traffic/mod.rs"]
#[allow(missing_docs, reason = "shared with the tests, which need none")]
mod traffic;

use std::{fs, io, path::Path};

fn main() -> io::Result<()> {
    let testdata = Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata");
    for situation in traffic::situations::all() {
        let folder = testdata.join(situation.name);
        fs::create_dir_all(&folder)?;
        for (name, bytes) in situation.files() {
            fs::write(folder.join(name), bytes)?;
        }
    }
    Ok(())
}
