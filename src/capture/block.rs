//! The bytes of a capture: read in large pieces, decompressed by what they begin with, digested as they lie in the file.
//!
//! One level of compression is looked into. Decoders are bounded in memory: a window or dictionary larger than
//! `WINDOW` is refused.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::digest::Seen;

/// Bytes of a capture read at a time, and so about the size of a batch: fits the second-level cache.
pub const BLOCK: usize = 256 << 10;
/// Memory a decoder may take: more than `xz -9` and `zstd --ultra` need, less than hurts.
const WINDOW: u64 = 256 << 20;
/// A decoder that fails loses what it had ready for the same call; so calls are small.
const PIECE: usize = 8 << 10;
/// Enough to know a compression by.
const MAGIC: usize = 6;

/// `path` means standard input: it is `-`.
pub fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// Bytes of a decompressed capture, in order.
pub struct Input {
    decoder: Decoder,
}

enum Decoder {
    Plain(Box<Tap>),
    Gzip(Box<flate2::bufread::MultiGzDecoder<BufReader<Tap>>>),
    Zstd(Box<zstd::Decoder<'static, BufReader<Tap>>>),
    Xz(Box<liblzma::bufread::XzDecoder<BufReader<Tap>>>),
    Bzip2(Box<bzip2::bufread::MultiBzDecoder<BufReader<Tap>>>),
    Lz4(Box<lz4_flex::frame::FrameDecoder<BufReader<Tap>>>),
}

impl Input {
    /// Opens a file, or standard input for `-`.
    pub fn open(path: &Path) -> io::Result<Self> {
        if is_stdin(path) {
            return Self::over(Box::new(io::stdin()), true);
        }
        let file = File::open(path)?;
        if file.metadata()?.is_dir() {
            return Err(io::ErrorKind::IsADirectory.into());
        }
        Self::over(Box::new(file), true)
    }

    /// Over any bytes; `digest` says whether they are to be digested.
    pub fn over(raw: Box<dyn Read + Send>, digest: bool) -> io::Result<Self> {
        let seen = digest.then(Seen::default);
        let mut tap = Tap { raw, front: Vec::new(), tail: [0; 8], seen, read: None };
        let mut magic = Vec::with_capacity(MAGIC);
        (&mut tap).take(MAGIC as u64).read_to_end(&mut magic)?;
        tap.front = magic.clone();
        Ok(Input { decoder: Decoder::new(&magic, tap)? })
    }

    /// The name of the compression, `None` for a plain file.
    pub fn compression(&self) -> Option<&'static str> {
        match self.decoder {
            Decoder::Plain(_) => None,
            Decoder::Gzip(_) => Some("gzip"),
            Decoder::Zstd(_) => Some("zstd"),
            Decoder::Xz(_) => Some("xz"),
            Decoder::Bzip2(_) => Some("bzip2"),
            Decoder::Lz4(_) => Some("lz4"),
        }
    }

    /// Reads some bytes; 0 at the end.
    ///
    /// # Errors
    /// `UnexpectedEof`: the compressed stream ends too early; others: it is damaged, or the system cannot read it.
    pub fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let piece = into.len().min(PIECE);
        loop {
            let result = match &mut self.decoder {
                Decoder::Plain(tap) => tap.read(into),
                Decoder::Gzip(decoder) => decoder.read(&mut into[..piece]),
                Decoder::Zstd(decoder) => decoder.read(&mut into[..piece]),
                Decoder::Xz(decoder) => decoder.read(&mut into[..piece]),
                Decoder::Bzip2(decoder) => decoder.read(&mut into[..piece]),
                Decoder::Lz4(decoder) => read_lz4(decoder, &mut into[..piece]),
            };
            match result {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }

    /// Adds the bytes of the file that are read from now on to `read`.
    pub fn count_in(&mut self, read: Arc<AtomicU64>) {
        self.decoder.tap().read = Some(read);
    }

    /// Reads the file to its end, decoding nothing more, and gives its size and digests.
    pub fn finish(mut self) -> Seen {
        let tap = self.decoder.tap();
        tap.front.clear();
        let mut buffer = vec![0; BLOCK];
        // A file the system cannot read further has the digest of what could be read.
        while matches!(tap.read(&mut buffer), Ok(1..)) {}
        tap.seen.take().unwrap_or_default()
    }
}

impl Decoder {
    fn new(magic: &[u8], tap: Tap) -> io::Result<Self> {
        Ok(match magic {
            [0x1f, 0x8b, ..] => Decoder::Gzip(Box::new(flate2::bufread::MultiGzDecoder::new(buffered(tap)))),
            // A frame, or a skippable frame in front of one.
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => {
                Decoder::Zstd(Box::new(zstd::Decoder::with_buffer(buffered(tap))?))
            }
            [0xfd, b'7', b'z', b'X', b'Z', 0] => {
                let stream = liblzma::stream::Stream::new_stream_decoder(WINDOW, liblzma::stream::CONCATENATED)?;
                Decoder::Xz(Box::new(liblzma::bufread::XzDecoder::new_stream(buffered(tap), stream)))
            }
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => {
                Decoder::Bzip2(Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(tap))))
            }
            [0x04, 0x22, 0x4d, 0x18, ..] => Decoder::Lz4(Box::new(lz4_flex::frame::FrameDecoder::new(buffered(tap)))),
            _ => Decoder::Plain(Box::new(tap)),
        })
    }

    fn tap(&mut self) -> &mut Tap {
        match self {
            Decoder::Plain(tap) => tap,
            Decoder::Gzip(decoder) => decoder.get_mut().get_mut(),
            Decoder::Zstd(decoder) => decoder.get_mut().get_mut(),
            Decoder::Xz(decoder) => decoder.get_mut().get_mut(),
            Decoder::Bzip2(decoder) => decoder.get_mut().get_mut(),
            Decoder::Lz4(decoder) => decoder.get_mut().get_mut(),
        }
    }
}

fn buffered(tap: Tap) -> BufReader<Tap> {
    BufReader::with_capacity(BLOCK, tap)
}

/// lz4_flex ends a read at the end of each frame, and takes the end of the file between two blocks for one.
fn read_lz4(decoder: &mut lz4_flex::frame::FrameDecoder<BufReader<Tap>>, into: &mut [u8]) -> io::Result<usize> {
    loop {
        let read = decoder.read(into)?;
        if read > 0 || into.is_empty() {
            return Ok(read);
        }
        if decoder.get_mut().fill_buf()?.is_empty() {
            // The end mark is four zeros, and a checksum of four bytes may follow it.
            let tail = decoder.get_mut().get_mut().tail;
            let ended = tail[..4] == [0; 4] || tail[4..] == [0; 4];
            return if ended { Ok(0) } else { Err(io::ErrorKind::UnexpectedEof.into()) };
        }
    }
}

/// The file as it lies: everything that is read of it goes through here once.
struct Tap {
    raw: Box<dyn Read + Send>,
    /// Bytes read (and digested) already to know the compression, to be given out again.
    front: Vec<u8>,
    /// The last eight bytes of the file so far.
    tail: [u8; 8],
    seen: Option<Seen>,
    read: Option<Arc<AtomicU64>>,
}

impl Read for Tap {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if !self.front.is_empty() {
            let read = self.front.len().min(into.len());
            into[..read].copy_from_slice(&self.front[..read]);
            self.front.drain(..read);
            return Ok(read);
        }
        let read = self.raw.read(into)?;
        self.remember(&into[..read]);
        Ok(read)
    }
}

impl Tap {
    fn remember(&mut self, bytes: &[u8]) {
        let kept = bytes.len().min(8);
        self.tail.rotate_left(kept);
        self.tail[8 - kept..].copy_from_slice(&bytes[bytes.len() - kept..]);
        if let Some(seen) = &mut self.seen {
            seen.feed(bytes);
        }
        if let Some(read) = &self.read {
            read.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        }
    }
}
