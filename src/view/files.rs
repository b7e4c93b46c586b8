//! Payload files copied out of a case, holes and times kept, with a manifest that `sha256sum -c` reads.

use std::fs::{File, FileTimes};
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::Path;

use sha2::{Digest, Sha256};

use super::Error;
use super::escape::hex;
use crate::case::{self, Payload};
use crate::index::{FlowInfo, Selection};
use crate::store::beneath::Beneath;

/// The manifest's name in the directory exported to.
pub const MANIFEST: &str = "SHA256SUMS";
/// Bytes copied at once.
const BLOCK: usize = 1 << 18;

/// What an export did.
#[derive(Debug, Default)]
pub struct Exported {
    /// Files copied.
    pub files: u64,
    /// Bytes in them, holes counted.
    pub bytes: u64,
    /// Files whose bytes are not what the index says, or that could not be read: a line each.
    pub faults: Vec<String>,
}

/// The selected flows that have a payload file.
pub fn list(case: &case::Reader, selection: &Selection) -> Result<Vec<FlowInfo>, Error> {
    let mut flows = Vec::new();
    case.index().flows(selection, &mut |flow| -> Result<(), Error> {
        flows.push(flow);
        Ok(())
    })?;
    Ok(flows)
}

/// Copies the files of the flows beneath the directory `to`, under their paths in the case, replacing what is there, and
/// writes the manifest, sorted by path.
pub fn export(case: &case::Reader, mut flows: Vec<FlowInfo>, to: &Path) -> Result<Exported, Error> {
    flows.sort_by(|one, other| one.path.cmp(&other.path));
    let beneath = Beneath::open(to).map_err(Error::Write)?;
    let (mut exported, mut manifest) = (Exported::default(), String::new());
    for flow in &flows {
        let source = match case.payload(flow) {
            Ok(source) => source,
            Err(error) => {
                exported.faults.push(format!("{}: {error}", flow.path));
                continue;
            }
        };
        let (bytes, digest) = copy(&source, &beneath, &flow.path).map_err(named(&flow.path))?;
        if bytes != flow.length || flow.digests.sha256.is_some_and(|recorded| recorded != digest) {
            exported.faults.push(format!("{}: not as recorded, copied as it is", flow.path));
        }
        exported.files += 1;
        exported.bytes += bytes;
        manifest.push_str(&manifest_line(&hex(&digest), &flow.path));
    }
    replace(&beneath, MANIFEST).and_then(|mut file| file.write_all(manifest.as_bytes())).map_err(named(MANIFEST))?;
    Ok(exported)
}

/// A line of `sha256sum`: names with a backslash or a line break are escaped, and the line then begins with a backslash.
pub fn manifest_line(digest: &str, path: &str) -> String {
    let escaped = path.replace('\\', r"\\").replace('\n', r"\n").replace('\r', r"\r");
    let mark = if escaped == path { "" } else { "\\" };
    format!("{mark}{digest}  {escaped}\n")
}

fn named(path: &str) -> impl FnOnce(io::Error) -> Error + '_ {
    move |source| Error::Payload { path: path.to_owned(), source }
}

fn replace(beneath: &Beneath, path: &str) -> io::Result<File> {
    beneath.remove(path)?;
    beneath.create(path)
}

/// Copies a payload; returns its length and SHA-256.
fn copy(source: &Payload<'_>, beneath: &Beneath, path: &str) -> io::Result<(u64, [u8; 32])> {
    let target = replace(beneath, path)?;
    let mut digest = Sha256::new();
    let mut at = 0;
    while let Some(data) = source.next_data(at)? {
        feed_zeros(&mut digest, data.start - at);
        at = data.end;
        copy_range(source, &target, data, &mut digest)?;
    }
    feed_zeros(&mut digest, source.length() - at);
    target.set_len(source.length())?;
    if let Some(modified) = source.modified() {
        target.set_times(FileTimes::new().set_modified(modified))?;
    }
    Ok((source.length(), digest.finalize().into()))
}

fn copy_range(source: &Payload<'_>, target: &File, range: Range<u64>, digest: &mut Sha256) -> io::Result<()> {
    let mut buffer = vec![0; BLOCK.min((range.end - range.start) as usize)];
    let mut at = range.start;
    while at < range.end {
        let length = buffer.len().min((range.end - at) as usize);
        source.read_at(at, &mut buffer[..length])?;
        digest.update(&buffer[..length]);
        target.write_all_at(&buffer[..length], at)?;
        at += length as u64;
    }
    Ok(())
}

fn feed_zeros(digest: &mut Sha256, mut count: u64) {
    const ZEROS: [u8; 4096] = [0; 4096];
    while count > 0 {
        let now = count.min(ZEROS.len() as u64);
        digest.update(&ZEROS[..now as usize]);
        count -= now;
    }
}

#[cfg(test)]
#[allow(clippy::disallowed_methods, reason = "tests read and write files")]
mod tests {
    use std::os::unix::fs::MetadataExt;
    use std::time::{Duration, SystemTime};

    use super::*;

    #[test]
    fn copies_keep_bytes_holes_and_times() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("source");
        let source = File::options().read(true).write(true).create_new(true).open(&path).unwrap();
        source.write_all_at(b"front", 0).unwrap();
        source.write_all_at(b"back", 8 << 20).unwrap();
        source.set_len((9 << 20) + 3).unwrap();
        let time = SystemTime::UNIX_EPOCH + Duration::new(1_223_315_694, 796_605_000);
        source.set_times(FileTimes::new().set_modified(time)).unwrap();
        let beneath = Beneath::open(directory.path()).unwrap();
        let source = Payload::of_file(source).unwrap();
        let (length, digest) = copy(&source, &beneath, "a/copy").unwrap();
        let copied = directory.path().join("a/copy");
        let bytes = std::fs::read(&copied).unwrap();
        assert_eq!(bytes, std::fs::read(&path).unwrap());
        assert_eq!(length, bytes.len() as u64);
        assert_eq!(digest, <[u8; 32]>::from(Sha256::digest(&bytes)));
        let (one, other) = (std::fs::metadata(&path).unwrap(), std::fs::metadata(&copied).unwrap());
        assert_eq!(one.modified().unwrap(), other.modified().unwrap());
        assert!(other.blocks() <= one.blocks(), "the copy is as sparse");
    }

    #[test]
    fn manifest_lines_are_those_of_sha256sum() {
        assert_eq!(manifest_line("00", "flows/a"), "00  flows/a\n");
        assert_eq!(manifest_line("00", "flows/a\\b"), "\\00  flows/a\\\\b\n");
    }
}
