//! Objects at rest: files that scanners extracted, named by their content: `objects/3f/3f…e2.png`. Equal bytes are one file, no
//! name comes from the wire, and a file that is there is never written again.
//!
//! Law 7: files come before the rows that name them. While they do, a mark ([`UNFINISHED`]) lies in the case; whoever opens a
//! case with one [`sweep`]s away what no row names.

use std::collections::HashSet;
use std::fs::File;
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use sha2::{Digest, Sha256};

use super::beneath::Beneath;
use crate::model::digest::hex;

/// The directory of objects in a case.
pub const DIRECTORY: &str = "objects";
/// The mark of a scan that is not finished.
pub const UNFINISHED: &str = "objects.unfinished";
/// Bytes of an object that are held before a file is begun.
const HELD: usize = 1 << 20;
/// Bytes by which the type of an object is found.
const HEAD: usize = 8 << 10;

/// An object that is being written.
pub struct Writing {
    /// All of it, or what was not yet written to `spilled`.
    held: Vec<u8>,
    spilled: Option<File>,
    head: Vec<u8>,
    size: u64,
    digest: Sha256,
}

/// An object that was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Relative to the case.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// Of its bytes.
    pub sha256: [u8; 32],
    /// Media type by its first bytes.
    pub found_type: Option<String>,
}

impl Default for Writing {
    fn default() -> Self {
        Writing { held: Vec::new(), spilled: None, head: Vec::new(), size: 0, digest: Sha256::new() }
    }
}

impl Writing {
    /// Bytes so far.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// More bytes.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn write(&mut self, bytes: &[u8], beneath: &Beneath) -> io::Result<()> {
        self.digest.update(bytes);
        self.size += bytes.len() as u64;
        let missing = HEAD.saturating_sub(self.head.len()).min(bytes.len());
        self.head.extend_from_slice(&bytes[..missing]);
        self.held.extend_from_slice(bytes);
        if self.held.len() >= HELD { self.spill(beneath) } else { Ok(()) }
    }

    /// The object is whole; `said_type` helps to find the end of its name.
    ///
    /// # Errors
    /// Those of the file system.
    pub fn finish(mut self, said_type: Option<&str>, beneath: &Beneath) -> io::Result<Written> {
        let sha256: [u8; 32] = self.digest.finalize_reset().into();
        let found = infer::get(&self.head);
        let path = path(&sha256, found.map(|kind| kind.extension()).or_else(|| extension(said_type?)));
        let found_type = found.map(|kind| kind.mime_type().to_owned());
        if let Some(spilled) = &mut self.spilled {
            spilled.write_all(&self.held)?;
            copy(spilled, self.size, create(beneath, &path)?)?;
        } else if let Some(mut file) = create(beneath, &path)? {
            file.write_all(&self.held)?;
        }
        Ok(Written { path, size: self.size, sha256, found_type })
    }

    fn spill(&mut self, beneath: &Beneath) -> io::Result<()> {
        if self.spilled.is_none() {
            self.spilled = Some(beneath.unnamed()?);
        }
        if let Some(spilled) = &mut self.spilled {
            spilled.write_all(&self.held)?;
        }
        self.held.clear();
        Ok(())
    }
}

/// A new file; `None` if it is there: then its bytes are the same.
fn create(beneath: &Beneath, path: &str) -> io::Result<Option<File>> {
    match beneath.create(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

fn copy(from: &File, size: u64, to: Option<File>) -> io::Result<()> {
    let Some(mut to) = to else { return Ok(()) };
    let (mut at, mut buffer) = (0, vec![0; HELD]);
    while at < size {
        let count = (size - at).min(HELD as u64) as usize;
        from.read_exact_at(&mut buffer[..count], at)?;
        to.write_all(&buffer[..count])?;
        at += count as u64;
    }
    Ok(())
}

fn path(sha256: &[u8; 32], extension: Option<&str>) -> String {
    let hex = hex(sha256);
    let end = extension.map(|extension| format!(".{extension}")).unwrap_or_default();
    format!("{DIRECTORY}/{}/{hex}{end}", &hex[..2])
}

/// What a name ends with by the type that the wire says.
fn extension(said_type: &str) -> Option<&'static str> {
    let said = said_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    EXTENSIONS.iter().find(|(media, _)| said == *media).map(|(_, extension)| *extension)
}

/// Types that first bytes do not tell (<https://www.iana.org/assignments/media-types>).
const EXTENSIONS: &[(&str, &str)] = &[
    ("text/html", "html"),
    ("application/xhtml+xml", "html"),
    ("text/plain", "txt"),
    ("text/css", "css"),
    ("text/csv", "csv"),
    ("text/javascript", "js"),
    ("application/javascript", "js"),
    ("application/x-javascript", "js"),
    ("application/json", "json"),
    ("application/xml", "xml"),
    ("text/xml", "xml"),
    ("image/svg+xml", "svg"),
    ("application/x-www-form-urlencoded", "form"),
    ("multipart/form-data", "multipart"),
    ("message/rfc822", "eml"),
    ("application/pkix-cert", "der"),
    ("application/x-x509-ca-cert", "der"),
    ("application/ocsp-response", "ocsp"),
    ("application/ocsp-request", "ocsp"),
    ("image/x-icon", "ico"),
];

/// Removes the files in the directory of objects that are not among those `known`.
///
/// # Errors
/// Those of the file system.
pub fn sweep(root: &std::path::Path, beneath: &Beneath, known: &HashSet<String>) -> io::Result<()> {
    for path in list(root)? {
        if !known.contains(&path) {
            beneath.remove(&path)?;
        }
    }
    Ok(())
}

/// Paths of all files in the directory of objects.
fn list(root: &std::path::Path) -> io::Result<Vec<String>> {
    let mut paths = Vec::new();
    let names = |directory: &str| -> io::Result<Vec<String>> {
        match std::fs::read_dir(root.join(directory)) {
            Ok(entries) => entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect(),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Vec::new()),
            Err(error) => Err(error),
        }
    };
    for bin in names(DIRECTORY)? {
        let bin = format!("{DIRECTORY}/{bin}");
        paths.extend(names(&bin)?.into_iter().map(|name| format!("{bin}/{name}")));
    }
    Ok(paths)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn write(bytes: &[u8], step: usize, said: Option<&str>, beneath: &Beneath) -> Written {
        let mut writing = Writing::default();
        bytes.chunks(step).for_each(|chunk| writing.write(chunk, beneath).unwrap());
        writing.finish(said, beneath).unwrap()
    }

    #[test]
    fn equal_bytes_are_one_file_with_their_digest_as_name() {
        let directory = tempfile::tempdir().unwrap();
        let beneath = Beneath::open(directory.path()).unwrap();
        let large: Vec<u8> = (0..3_000_000u32).map(|i| (i % 253) as u8).collect();
        for bytes in [&large[..], b"\x89PNG\r\n\x1a\n and so on", b"x"] {
            let (one, other) = (write(bytes, 70_000, None, &beneath), write(bytes, 11_111, None, &beneath));
            assert_eq!(one, other);
            assert_eq!(one.sha256, <[u8; 32]>::from(Sha256::digest(bytes)));
            assert!(std::fs::read(directory.path().join(&one.path)).unwrap() == bytes);
        }
        assert_eq!(list(directory.path()).unwrap().len(), 3);
        sweep(directory.path(), &beneath, &HashSet::from([write(b"x", 1, None, &beneath).path])).unwrap();
        assert_eq!(list(directory.path()).unwrap().len(), 1);
    }

    #[test]
    fn names_end_as_the_bytes_say_or_else_the_wire() {
        let directory = tempfile::tempdir().unwrap();
        let beneath = Beneath::open(directory.path()).unwrap();
        let png = write(b"\x89PNG\r\n\x1a\n", 9, Some("text/html"), &beneath);
        assert_eq!((png.found_type.as_deref(), png.path.ends_with(".png")), (Some("image/png"), true));
        assert!(write(b"a", 9, Some("text/HTML; charset=x"), &beneath).path.ends_with(".html"));
        assert_eq!(write(b"b", 9, Some("../../x"), &beneath).path.len(), 75, "nothing of it");
    }
}
