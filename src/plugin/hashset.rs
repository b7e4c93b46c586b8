//! Flows and objects whose digests are on a list: one digest a line, `sha256sum` and `md5sum` output, `digest,name`, or CSV with a
//! head as the NSRL's reference data set has. SHA-256, SHA-1 and MD5 are told apart by their length.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use md5::Md5;
use sha1::Sha1;
use sha2::{Digest, Sha256};

use super::digests::{Digests, Known};
use super::process::Blocks;
use super::{Each, Error, Look, Of, Subject, checked_name};
use crate::model::HashKind;
use crate::model::digest::hex;
use crate::scan::{Chosen, Connection, Error as ScanError, Fields, Finding, Findings, Object, Scanner, text_of};

/// Digests a list may have: what fits into some gigabytes.
pub const MOST: usize = 100_000_000;

/// A list of digests that was read.
pub struct Hashset {
    known: Known,
    /// Its file's name.
    list: String,
    stamp: String,
    /// Lines in which no digest was found; a head is none.
    pub passed_over: u64,
}

impl Hashset {
    /// Reads a list.
    ///
    /// # Errors
    /// [`Error::File`], [`Error::NoDigests`], [`Error::TooMany`]
    pub fn read(path: &Path) -> Result<Self, Error> {
        let mut reading = Reading::default();
        let at = |source| Error::File { path: path.to_owned(), source };
        let mut file = BufReader::new(Stamped { file: File::open(path).map_err(at)?, hasher: Sha256::new() });
        let read = if is_csv(file.fill_buf().map_err(at)?) { reading.csv(&mut file) } else { reading.lines(&mut file) };
        match read {
            Ok(()) if reading.digests.is_empty() => return Err(Error::NoDigests(path.to_owned())),
            Ok(()) => {}
            Err(Stop::Io(source)) => return Err(at(source)),
            Err(Stop::TooMany) => return Err(Error::TooMany { path: path.to_owned(), most: MOST }),
        }
        let stamp = hex(&file.into_inner().hasher.finalize()[..8]);
        let list = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Hashset { known: reading.digests.sorted(), list, stamp, passed_over: reading.passed_over })
    }

    /// How many digests are on it, each counted once.
    pub fn len(&self) -> usize {
        self.known.len()
    }

    /// There is none; [`read`](Self::read) does not give such a list.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// As a scanner; the stamp on its results is that of the list.
    ///
    /// # Errors
    /// [`Error::Name`]
    pub fn scanner(self, name: &str) -> Result<Chosen, Error> {
        let (name, version) = (checked_name(name)?, self.stamp.clone());
        Ok(Chosen { name, version, scanner: Box::new(self) })
    }
}

/// Both flows and objects are looked up.
impl Scanner for Hashset {
    fn scan(&self, connection: &Connection<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        Each { of: Of::Flows, look: self }.scan(connection, found)
    }

    fn scan_object(&self, object: &Object<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        Each { of: Of::Objects, look: self }.scan_object(object, found)
    }
}

impl Look for &Hashset {
    /// Digests that the case keeps are taken from there; others are computed where the list has such.
    fn look(&self, subject: &Subject<'_>, found: &mut dyn Findings) -> Result<(), ScanError> {
        let kept = [HashKind::Sha256, HashKind::Sha1, HashKind::Md5].map(|kind| subject.digest(kind));
        if let Some((digest, named)) = kept.iter().flatten().find_map(|digest| Some((digest, self.known.find(digest)?)))
        {
            return self.tell(subject, digest, named, found);
        }
        let wanted = [32, 20, 16].into_iter().zip(&kept).filter(|(size, kept)| kept.is_none() && self.known.has(*size));
        let wanted: Vec<usize> = wanted.map(|(size, _)| size).collect();
        let computed = if wanted.is_empty() { Vec::new() } else { compute(&wanted, subject)? };
        match computed.iter().find_map(|digest| Some((digest, self.known.find(digest)?))) {
            Some((digest, named)) => self.tell(subject, digest, named, found),
            None => Ok(()),
        }
    }
}

impl Hashset {
    fn tell(
        &self,
        subject: &Subject<'_>,
        digest: &[u8],
        named: &[u8],
        found: &mut dyn Findings,
    ) -> Result<(), ScanError> {
        let (text, mut fields) = (hex(digest), Fields::new());
        fields.text("digest", &text).text("algorithm", algorithm(digest.len())).text("list", &self.list);
        fields.some_text("object_id", subject.object.as_deref());
        let value = if named.is_empty() { text.as_str().into() } else { text_of(named) };
        let (flow, range, time) = (subject.flow, subject.whole, subject.time());
        found.finding(Finding { kind: "match", flow, range, time, value: &value, fields: &fields })
    }
}

fn algorithm(size: usize) -> &'static str {
    match size {
        32 => "sha256",
        20 => "sha1",
        _ => "md5",
    }
}

/// Digests of the payload, by their size.
fn compute(sizes: &[usize], subject: &Subject<'_>) -> Result<Vec<Vec<u8>>, ScanError> {
    let (mut sha256, mut sha1, mut md5) = (Sha256::new(), Sha1::new(), Md5::new());
    let (mut blocks, mut block) = (Blocks::new(subject.payload, u64::MAX), Vec::new());
    loop {
        block.clear();
        blocks.next(&mut block)?;
        if block.is_empty() {
            break;
        }
        for size in sizes {
            match size {
                32 => sha256.update(&block),
                20 => sha1.update(&block),
                _ => md5.update(&block),
            }
        }
    }
    let mut all = vec![sha256.finalize().to_vec(), sha1.finalize().to_vec(), md5.finalize().to_vec()];
    all.retain(|digest| sizes.contains(&digest.len()));
    Ok(all)
}

/// Bytes of a digest in hex, whatever its case: 32, 20 or 16.
pub(super) fn hex_digest(text: &[u8]) -> Option<Vec<u8>> {
    if !matches!(text.len(), 64 | 40 | 32) {
        return None;
    }
    let digit = |c: u8| char::from(c).to_digit(16);
    text.chunks(2).map(|pair| Some((digit(pair[0])? << 4 | digit(pair[1])?) as u8)).collect()
}

/// A file that is digested while it is read.
struct Stamped {
    file: File,
    hasher: Sha256,
}

impl Read for Stamped {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.file.read(into)?;
        self.hasher.update(&into[..count]);
        Ok(count)
    }
}

/// Why a list is not read to its end.
enum Stop {
    Io(io::Error),
    TooMany,
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Stop::Io(error)
    }
}

/// A list that is read.
#[derive(Default)]
struct Reading {
    digests: Digests,
    passed_over: u64,
}

/// A list is CSV if its first line has a comma, unless that is a comment, or in the name behind a digest and blanks.
fn is_csv(start: &[u8]) -> bool {
    let first = start.split(|byte| *byte == b'\n').map(<[u8]>::trim_ascii).find(|line| !is_comment(line));
    first.is_some_and(|line| line.contains(&b',') && digest_and_name(line).is_none())
}

fn is_comment(line: &[u8]) -> bool {
    line.is_empty() || line.starts_with(b"#") || line.starts_with(b";") || line.starts_with(b"%")
}

/// `digest`, `digest  name`, `digest *name`, `\digest  name\\with\nescapes`, `SHA256 (name) = digest`.
fn digest_and_name(line: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let plain = line.strip_prefix(b"\\").unwrap_or(line);
    let end = plain.iter().position(u8::is_ascii_whitespace).unwrap_or(plain.len());
    if let Some(digest) = hex_digest(&plain[..end]) {
        let name = plain[end..].trim_ascii();
        return Some((digest, name.strip_prefix(b"*").unwrap_or(name)));
    }
    let sign = line.windows(4).rposition(|part| part == b") = ")?;
    let name = line[..sign].splitn(2, |byte| *byte == b'(').nth(1)?;
    Some((hex_digest(&line[sign + 4..])?, name))
}

impl Reading {
    fn lines(&mut self, list: &mut dyn BufRead) -> Result<(), Stop> {
        let mut line = Vec::new();
        loop {
            line.clear();
            if list.read_until(b'\n', &mut line)? == 0 {
                return Ok(());
            }
            let line = line.trim_ascii();
            match digest_and_name(line) {
                _ if is_comment(line) => {}
                Some((digest, name)) => self.add(&[&digest], name)?,
                None => self.passed_over += 1,
            }
        }
    }

    /// A record names one file: all its digests have that name.
    fn csv(&mut self, list: &mut dyn BufRead) -> Result<(), Stop> {
        let mut reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).comment(Some(b'#')).from_reader(list);
        let (mut record, mut head) = (csv::ByteRecord::new(), None);
        while reader.read_byte_record(&mut record).map_err(io::Error::from)? {
            let digests: Vec<Vec<u8>> = record.iter().filter_map(|cell| hex_digest(cell.trim_ascii())).collect();
            if digests.is_empty() {
                match head {
                    None => head = Some(Head::of(&record)),
                    Some(_) => self.passed_over += 1,
                }
                continue;
            }
            let name = head.get_or_insert_with(Head::default).name(&record);
            self.add(&digests.iter().map(Vec::as_slice).collect::<Vec<_>>(), name)?;
        }
        Ok(())
    }

    fn add(&mut self, digests: &[&[u8]], name: &[u8]) -> Result<(), Stop> {
        digests.iter().for_each(|digest| self.digests.add(digest, name));
        if self.digests.len() > MOST { Err(Stop::TooMany) } else { Ok(()) }
    }
}

/// Where names are in a CSV.
#[derive(Default)]
struct Head {
    name: Option<usize>,
}

impl Head {
    fn of(record: &csv::ByteRecord) -> Self {
        let letters = |cell: &[u8]| -> Vec<u8> {
            cell.iter().filter(|c| c.is_ascii_alphanumeric()).map(u8::to_ascii_lowercase).collect()
        };
        let names: [&[u8]; 4] = [b"filename", b"name", b"file", b"path"];
        let find = |name: &&[u8]| record.iter().position(|cell| letters(cell) == *name);
        Head { name: names.iter().find_map(find) }
    }

    /// The name; without a column for it the first cell behind a digest that is none.
    fn name<'r>(&self, record: &'r csv::ByteRecord) -> &'r [u8] {
        let is_digest = |cell: &&[u8]| hex_digest(cell.trim_ascii()).is_some();
        let behind = || record.iter().skip_while(|cell| !is_digest(cell)).find(|cell| !is_digest(cell));
        match self.name {
            Some(at) => record.get(at),
            None => behind(),
        }
        .unwrap_or_default()
        .trim_ascii()
    }
}
