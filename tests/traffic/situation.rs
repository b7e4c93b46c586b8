//! A situation: captures, and what must come out of them.

use std::fmt::Write;
use std::io::Write as _;
use std::net::{IpAddr, SocketAddr};

use md5::{Digest, Md5};

/// One folder of `testdata/`.
#[derive(Clone, Debug)]
pub struct Situation {
    /// Name of the folder.
    pub name: &'static str,
    /// What it is for, and what must come out: the README below its title.
    pub about: &'static str,
    /// In the order in which they were captured.
    pub captures: Vec<CaptureFile>,
    /// Flows with payload, in the order of their first frames.
    pub flows: Vec<Flow>,
}

/// A capture as it lies in the folder.
#[derive(Clone, Debug)]
pub struct CaptureFile {
    /// File name; `.gz` and `.zst` are compressed when written.
    pub file: &'static str,
    /// Content before compression.
    pub bytes: Vec<u8>,
    /// Frames a reader gets out of it.
    pub frames: u64,
    /// Those that belong to a TCP connection.
    pub used: u64,
    /// `complete`, `truncated` or `damaged`.
    pub status: &'static str,
}

impl CaptureFile {
    /// A complete capture whose frames are all used.
    pub fn whole(file: &'static str, bytes: Vec<u8>, frames: u64) -> CaptureFile {
        CaptureFile { file, bytes, frames, used: frames, status: "complete" }
    }

    /// As it lies in the folder.
    pub fn stored(&self) -> Vec<u8> {
        match self.file.rsplit('.').next() {
            Some("gz") => gzip(&self.bytes),
            Some("zst") => zstd::encode_all(&self.bytes[..], 3).expect("memory takes all"),
            _ => self.bytes.clone(),
        }
    }
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut out = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    out.write_all(bytes).and_then(|()| out.finish()).expect("memory takes all")
}

/// What one payload file must hold.
#[derive(Clone, Debug)]
pub struct Flow {
    /// tcpflow's name, without directory.
    pub name: String,
    /// Content; gaps are zeros.
    pub bytes: Vec<u8>,
    /// How many of the bytes are gaps.
    pub gap_bytes: u64,
}

impl Flow {
    /// The flow from `src` to `dst`, with `suffix` behind its name (`--100`, `c1`).
    pub fn new(src: &str, dst: &str, suffix: &str) -> Flow {
        let [src, dst] = [src, dst].map(|end| end_name(end.parse().expect("an address and a port")));
        Flow { name: format!("{src}-{dst}{suffix}"), bytes: Vec::new(), gap_bytes: 0 }
    }

    /// These bytes come next.
    pub fn then(mut self, bytes: &[u8]) -> Flow {
        self.bytes.extend(bytes);
        self
    }

    /// So many bytes are missing next.
    pub fn hole(mut self, length: usize) -> Flow {
        self.bytes.extend(vec![0; length]);
        self.gap_bytes += length as u64;
        self
    }

    /// MD5 of the content, in hexadecimal digits.
    pub fn md5(&self) -> String {
        Md5::digest(&self.bytes).iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

fn end_name(end: SocketAddr) -> String {
    match end.ip() {
        IpAddr::V4(ip) => {
            let [a, b, c, d] = ip.octets();
            format!("{a:03}.{b:03}.{c:03}.{d:03}.{:05}", end.port())
        }
        IpAddr::V6(ip) => format!("{ip}.{:05}", end.port()),
    }
}

impl Situation {
    /// Every file of the folder with its content.
    pub fn files(&self) -> Vec<(&'static str, Vec<u8>)> {
        let mut files = vec![
            ("README.md", format!("# {}\n\n{}\n", self.name, self.about).into_bytes()),
            ("captures.csv", self.captures_csv().into_bytes()),
            ("expected.csv", self.expected_csv().into_bytes()),
        ];
        files.extend(self.captures.iter().map(|capture| (capture.file, capture.stored())));
        files
    }

    fn captures_csv(&self) -> String {
        let mut out = String::from("file,frames,used_frames,status\n");
        for CaptureFile { file, frames, used, status, .. } in &self.captures {
            writeln!(out, "{file},{frames},{used},{status}").expect("a string takes all");
        }
        out
    }

    fn expected_csv(&self) -> String {
        let mut out = String::from("name,length,gap_bytes,md5\n");
        for flow in &self.flows {
            writeln!(out, "{},{},{},{}", flow.name, flow.bytes.len(), flow.gap_bytes, flow.md5())
                .expect("a string takes all");
        }
        out
    }
}
