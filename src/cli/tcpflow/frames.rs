//! Frames written to captures: those of each flow (-K), and those that are no TCP (-w).

use std::collections::{HashMap, HashSet};
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::path::{Path, PathBuf};

use super::asked::Asked;
use super::tally::Tally;
use crate::capture::write::Writer;
use crate::case;
use crate::cli::errors::{Error, at};
use crate::index::Selection;
use crate::ingest::{self, Tap};
use crate::model::{ConnectionId, Endpoint, FrameHead, LinkType, Segment, Skip, Transport};
use crate::store::names::Names;
use crate::store::template::{Facts, Template};

/// Takes frames aside while captures are filed.
pub struct Frames {
    /// Where frames that are no TCP go, and the captures begun there.
    unused: Option<PathBuf>,
    others: HashMap<LinkType, Writer>,
    /// Link type of the first frame: that of a capture without frames.
    link: Option<LinkType>,
    /// Those of flows, until the names of these are known.
    used: Option<Spool>,
}

/// Frames in the order in which they come.
struct Spool {
    file: BufWriter<File>,
    end: u64,
    frames: Vec<Spooled>,
}

struct Spooled {
    connection: ConnectionId,
    sender: Endpoint,
    head: FrameHead,
    at: Range<u64>,
}

impl Frames {
    /// For `-w` and `-K`.
    pub fn new(unused: Option<PathBuf>, of_flows: bool) -> io::Result<Self> {
        let spool = |file| Spool { file: BufWriter::new(file), end: 0, frames: Vec::new() };
        let used = if of_flows { Some(spool(tempfile::tempfile()?)) } else { None };
        Ok(Frames { unused, others: HashMap::new(), link: None, used })
    }

    /// Whether anybody wants frames.
    pub fn is_wanted(&self) -> bool {
        self.unused.is_some() || self.used.is_some()
    }

    /// Ends the capture of other frames, and writes one for each flow of the case into `out`.
    pub fn end(self, case: &case::Reader, asked: &Asked, tally: &Tally) -> Result<(), Error> {
        if let Some(path) = self.unused.as_ref().filter(|_| self.others.is_empty()) {
            Writer::create(path, self.link.unwrap_or(LinkType::ETHERNET))?.end()?;
        }
        for writer in self.others.into_values() {
            writer.end()?;
        }
        let Some(spool) = self.used else { return Ok(()) };
        let file = spool.file.into_inner().map_err(|error| Error::Stream(error.into_error()))?;
        let names = names(case, asked, tally)?;
        let mut frames = spool.frames;
        frames.sort_by_key(|frame| (frame.connection, frame.sender.ip, frame.sender.port));
        for frames in frames.chunk_by(|one, other| (one.connection, one.sender) == (other.connection, other.sender)) {
            if let Some(path) = names.get(&(frames[0].connection, frames[0].sender)) {
                write(&asked.out.join(format!("{path}.pcap")), frames, &file)?;
            }
        }
        Ok(())
    }
}

/// The name of what each side of a connection sent, with payload or without: that of its first part.
fn names(
    case: &case::Reader,
    asked: &Asked,
    tally: &Tally,
) -> Result<HashMap<(ConnectionId, Endpoint), String>, Error> {
    let (mut names, mut taken) = (HashMap::new(), HashSet::new());
    case.index().flows(&Selection::default(), &mut |flow| -> Result<(), Error> {
        taken.insert(flow.path.clone());
        names.entry((flow.connection_id, flow.src)).or_insert(flow.path);
        Ok(())
    })?;
    let mut further = Names::new(Template::parse(&asked.template).map_err(ingest::Error::from)?.open());
    case.index().flows_without_file(&mut |flow| -> Result<(), Error> {
        let mac = tally.of(&flow).and_then(|heard| heard.mac);
        let facts = Facts {
            flow: flow.id,
            connection: flow.connection_id,
            ends: [flow.src, flow.dst],
            mac: mac.as_ref(),
            vlan: flow.vlan,
            first: flow.start,
            transport: Transport::Tcp,
        };
        let path = further.next(&facts, |path| Ok::<_, Error>(taken.contains(path)))?;
        names.entry((flow.connection_id, flow.src)).or_insert(path);
        Ok(())
    })?;
    Ok(names)
}

/// Writes the frames of a flow. A flow of which some came over another kind of link keeps those of the first.
fn write(path: &Path, frames: &[Spooled], file: &File) -> Result<(), Error> {
    if let Some(directory) = path.parent() {
        fs::create_dir_all(directory).map_err(at(directory))?;
    }
    let mut writer = Writer::create(path, frames[0].head.link)?;
    let mut data = Vec::new();
    for frame in frames.iter().filter(|frame| frame.head.link == frames[0].head.link) {
        data.resize((frame.at.end - frame.at.start) as usize, 0);
        file.read_exact_at(&mut data, frame.at.start)?;
        writer.write(&frame.head, &data)?;
    }
    Ok(writer.end().map(drop)?)
}

impl Tap for Frames {
    fn used(
        &mut self,
        head: &FrameHead,
        data: &[u8],
        connection: ConnectionId,
        segment: &Segment<'_>,
    ) -> io::Result<()> {
        self.link.get_or_insert(head.link);
        let Some(spool) = &mut self.used else { return Ok(()) };
        let start = spool.end;
        spool.file.write_all(data)?;
        spool.end += data.len() as u64;
        spool.frames.push(Spooled { connection, sender: segment.src, head: head.clone(), at: start..spool.end });
        Ok(())
    }

    fn unused(&mut self, head: &FrameHead, data: &[u8], why: Skip) -> io::Result<()> {
        let Some(path) = self.unused.as_ref().filter(|_| why != Skip::Filtered) else { return Ok(()) };
        if !self.others.contains_key(&head.link) {
            // a capture has one link type: further ones have captures of their own
            let path = match self.others.is_empty() {
                true => path.clone(),
                false => PathBuf::from(format!("{}.{}", path.display(), head.link.0)),
            };
            let writer = Writer::create(&path, head.link).map_err(io::Error::other)?;
            self.others.insert(head.link, writer);
        }
        let Some(writer) = self.others.get_mut(&head.link) else { return Ok(()) };
        writer.write(head, data).map_err(io::Error::other)
    }
}
