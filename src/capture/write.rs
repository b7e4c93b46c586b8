//! Frames out: captures in the format of libpcap, with nanoseconds.

use std::path::Path;

use pcap::{Capture, Linktype, Packet, PacketHeader, Precision, Savefile};

use super::filter::dlt;
use crate::model::{FrameHead, LinkType};

/// A capture that is being written. Its frames have one link type.
pub struct Writer {
    link: LinkType,
    file: Savefile,
}

/// A capture that cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The file, as libpcap says.
    #[error("`{0}`: {1}")]
    File(String, pcap::Error),
}

impl Writer {
    /// Makes a file, replacing what is there.
    pub fn create(path: &Path, link: LinkType) -> Result<Self, Error> {
        let failed = |error| Error::File(path.display().to_string(), error);
        let dead = Capture::dead_with_precision(Linktype(dlt(link)), Precision::Nano).map_err(failed)?;
        let file = dead.savefile(path).map_err(failed)?;
        Ok(Writer { link, file })
    }

    /// The link type of all its frames.
    pub fn link(&self) -> LinkType {
        self.link
    }

    /// Adds a frame; one without time is given that of 1970.
    pub fn write(&mut self, frame: &FrameHead, data: &[u8]) {
        let time = frame.time.unwrap_or_default();
        // with this precision libpcap takes nanoseconds for microseconds
        let ts = libc::timeval { tv_sec: time.seconds(), tv_usec: time.subsecond_nanoseconds().into() };
        let header = PacketHeader { ts, caplen: data.len() as u32, len: frame.original_len };
        self.file.write(&Packet::new(&header, data));
    }

    /// Everything is in the file.
    pub fn end(mut self, path: &Path) -> Result<(), Error> {
        self.file.flush().map_err(|error| Error::File(path.display().to_string(), error))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_type_can_be_written() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("a.pcap");
        let named = (0..1024).map(LinkType).filter(|link| link.name().is_some());
        for link in named {
            Writer::create(&path, link).and_then(|writer| writer.end(&path)).unwrap_or_else(|error| panic!("{error}"));
            let bytes = std::fs::read(&path).unwrap();
            // numbers that only one system has become those for capture files
            let written = match link {
                LinkType::RAW_BSD | LinkType::RAW_OPENBSD => LinkType::RAW,
                LinkType::ATM_BSD => LinkType::ATM,
                link => link,
            };
            assert_eq!(bytes[20..24], written.0.to_ne_bytes(), "{link}");
        }
    }
}
