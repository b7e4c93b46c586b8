//! Content codings undone (RFC 9110 §8.4.1): gzip, deflate, brotli and zstd, several on top of each other, as the bytes come.
//! What came out before the damage stays; what would come out without end is cut.

use brotli_decompressor::{BrotliDecompressStream, BrotliResult, BrotliState, StandardAlloc};
use flate2::{Decompress, FlushDecompress, Status};
use zstd::stream::raw::{DParameter, Decoder as Zstd, InBuffer, Operation, OutBuffer};

use super::super::Error;

/// Bytes any body may inflate to.
const FREE: u64 = 16 << 20;
/// Bytes it may inflate to for each byte on the wire: pages seldom reach 50, logs 100; deflate ends at 1032, zstd and brotli
/// far beyond.
const TIMES: u64 = 256;
/// Codings that may be on top of each other: two are seen in practice.
pub const DEEPEST: usize = 8;
/// Bytes inflated at once.
const STEP: usize = 32 << 10;
/// Bytes waited for before the first are tried: a body that is not what it says fails in them.
const TRIED: usize = 64;
/// The largest window of zstd, as a power of two (RFC 9659: 8 MiB).
const ZSTD_WINDOW: u32 = 23;

/// A coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// RFC 1952.
    Gzip,
    /// RFC 1950; of many servers RFC 1951.
    Deflate,
    /// RFC 7932.
    Brotli,
    /// RFC 8878.
    Zstd,
}

impl Coding {
    /// The coding with this name, in small letters.
    pub fn named(name: &[u8]) -> Option<Self> {
        match name {
            b"gzip" | b"x-gzip" => Some(Coding::Gzip),
            b"deflate" => Some(Coding::Deflate),
            b"br" => Some(Coding::Brotli),
            b"zstd" => Some(Coding::Zstd),
            _ => None,
        }
    }
}

/// What is wrong with a coded body.
pub type Fault = &'static str;

/// Codings to be undone one after the other; none pass bytes on as they are.
pub struct Chain {
    stages: Vec<Stage>,
    wire: u64,
}

/// Takes what comes out.
type Sink<'s> = &'s mut dyn FnMut(&[u8]) -> Result<(), Error>;

impl Chain {
    /// Undoes these, the outermost first. Those beyond [`DEEPEST`] stay.
    pub fn new(codings: &[Coding]) -> Self {
        Chain { stages: codings.iter().take(DEEPEST).map(|coding| Stage::new(*coding)).collect(), wire: 0 }
    }

    /// Bytes go through as they are.
    pub fn is_plain(&self) -> bool {
        self.stages.is_empty()
    }

    /// More bytes.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn push(&mut self, bytes: &[u8], sink: Sink<'_>) -> Result<(), Error> {
        self.wire += bytes.len() as u64;
        let most = self.most();
        feed(&mut self.stages, bytes, most, sink)
    }

    /// There are no more. What was wrong, if anything was.
    ///
    /// # Errors
    /// Those of `sink`.
    pub fn finish(&mut self, sink: Sink<'_>) -> Result<Option<Fault>, Error> {
        let most = self.most();
        for at in 0..self.stages.len() {
            let (stage, rest) = self.stages[at..].split_first_mut().expect("there is one");
            stage.finish(rest, most, sink)?;
        }
        Ok(self.stages.iter().find_map(|stage| stage.fault))
    }

    fn most(&self) -> u64 {
        FREE.saturating_add(self.wire.saturating_mul(TIMES))
    }
}

/// Bytes into the first of the stages, what comes out into the next.
fn feed(stages: &mut [Stage], bytes: &[u8], most: u64, sink: Sink<'_>) -> Result<(), Error> {
    match stages.split_first_mut() {
        Some((stage, rest)) => stage.take(bytes, rest, most, sink),
        None => sink(bytes),
    }
}

/// How a stage is getting on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// Too little came to begin.
    Waits,
    Goes,
    /// A stream ended; another may follow.
    Ended,
    /// It is not coded.
    Plain,
    /// Nothing more comes out.
    Closed,
}

/// One coding being undone.
struct Stage {
    coding: Coding,
    decoder: Option<Decoder>,
    state: State,
    waiting: Vec<u8>,
    buffer: Vec<u8>,
    made: u64,
    fault: Option<Fault>,
}

impl Stage {
    fn new(coding: Coding) -> Self {
        let (waiting, buffer) = (Vec::new(), Vec::new());
        Stage { coding, decoder: None, state: State::Waits, waiting, buffer, made: 0, fault: None }
    }

    fn take(&mut self, bytes: &[u8], rest: &mut [Stage], most: u64, sink: Sink<'_>) -> Result<(), Error> {
        if self.state != State::Waits {
            return self.run(bytes, rest, most, sink);
        }
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() < TRIED { Ok(()) } else { self.begin(rest, most, sink) }
    }

    /// Tries what has come so far; passes it on as it is if nothing comes of it.
    fn begin(&mut self, rest: &mut [Stage], most: u64, sink: Sink<'_>) -> Result<(), Error> {
        let first = std::mem::take(&mut self.waiting);
        self.buffer = vec![0; STEP];
        self.decoder = Decoder::new(self.coding, &first);
        self.state = State::Goes;
        self.run(&first, rest, most, sink)?;
        if self.state == State::Closed && self.made == 0 {
            self.state = State::Plain;
            self.fault = Some("a body is not coded as it says: kept as it came");
            return feed(rest, &first, most, sink);
        }
        Ok(())
    }

    fn run(&mut self, bytes: &[u8], rest: &mut [Stage], most: u64, sink: Sink<'_>) -> Result<(), Error> {
        let mut bytes = bytes;
        loop {
            match self.state {
                State::Plain => return feed(rest, bytes, most, sink),
                State::Ended if !bytes.is_empty() => self.go_on(bytes),
                State::Goes => {}
                State::Waits | State::Ended | State::Closed => return Ok(()),
            }
            if self.state == State::Goes {
                let (read, made) = self.step(bytes);
                bytes = &bytes[read..];
                let allowed = most.saturating_sub(self.made).min(made as u64) as usize;
                self.made += made as u64;
                feed(rest, &self.buffer[..allowed], most, sink)?;
                if allowed < made {
                    self.close("a body inflates beyond the limit: cut there");
                }
                if self.state == State::Goes && made < STEP && (bytes.is_empty() || read + made == 0) {
                    if !bytes.is_empty() {
                        self.close("a coded body is damaged: cut there");
                    }
                    return Ok(());
                }
            }
        }
    }

    /// One step: bytes read and made.
    fn step(&mut self, bytes: &[u8]) -> (usize, usize) {
        let Some(decoder) = &mut self.decoder else {
            self.close("a coded body cannot be undone");
            return (0, 0);
        };
        let (read, made, end) = decoder.step(bytes, &mut self.buffer);
        match end {
            End::No => {}
            End::Yes => self.state = State::Ended,
            End::Damaged => self.close("a coded body is damaged: cut there"),
        }
        (read, made)
    }

    /// Another stream follows (RFC 1952 §2.2), or bytes that do not belong here.
    fn go_on(&mut self, bytes: &[u8]) {
        let again = match self.coding {
            Coding::Gzip => bytes[0] == 0x1f,
            Coding::Zstd => true,
            Coding::Deflate | Coding::Brotli => false,
        };
        if again {
            self.decoder = Decoder::new(self.coding, bytes);
            self.state = State::Goes;
        } else {
            self.close("bytes follow the end of a coded body: left out");
        }
    }

    fn finish(&mut self, rest: &mut [Stage], most: u64, sink: Sink<'_>) -> Result<(), Error> {
        if self.state == State::Waits && !self.waiting.is_empty() {
            self.begin(rest, most, sink)?;
        }
        if self.state == State::Goes {
            self.close("a coded body ends early");
        }
        Ok(())
    }

    fn close(&mut self, fault: Fault) {
        self.state = State::Closed;
        self.fault.get_or_insert(fault);
    }
}

/// Whether a stream ended.
enum End {
    No,
    Yes,
    Damaged,
}

enum Decoder {
    Inflate(Decompress),
    Brotli(Box<BrotliState<StandardAlloc, StandardAlloc, StandardAlloc>>),
    Zstd(Zstd<'static>),
}

impl Decoder {
    /// One for a stream that begins so.
    fn new(coding: Coding, first: &[u8]) -> Option<Self> {
        let alloc = StandardAlloc::default;
        Some(match coding {
            Coding::Gzip => Decoder::Inflate(Decompress::new_gzip(15)),
            Coding::Deflate => Decoder::Inflate(Decompress::new(is_zlib(first))),
            Coding::Brotli => Decoder::Brotli(Box::new(BrotliState::new_strict(alloc(), alloc(), alloc()))),
            Coding::Zstd => {
                let mut zstd = Zstd::new().ok()?;
                zstd.set_parameter(DParameter::WindowLogMax(ZSTD_WINDOW)).ok()?;
                Decoder::Zstd(zstd)
            }
        })
    }

    /// Bytes read, bytes made, whether the stream ended.
    fn step(&mut self, bytes: &[u8], into: &mut [u8]) -> (usize, usize, End) {
        match self {
            Decoder::Inflate(inflate) => {
                let (read, made) = (inflate.total_in(), inflate.total_out());
                let end = match inflate.decompress(bytes, into, FlushDecompress::None) {
                    Ok(Status::Ok | Status::BufError) => End::No,
                    Ok(Status::StreamEnd) => End::Yes,
                    Err(_) => End::Damaged,
                };
                ((inflate.total_in() - read) as usize, (inflate.total_out() - made) as usize, end)
            }
            Decoder::Brotli(state) => {
                let (mut left, mut read, mut space, mut made) = (bytes.len(), 0, into.len(), 0);
                let all = &mut 0;
                let result =
                    BrotliDecompressStream(&mut left, &mut read, bytes, &mut space, &mut made, into, all, state);
                let end = match result {
                    BrotliResult::ResultSuccess => End::Yes,
                    BrotliResult::ResultFailure => End::Damaged,
                    BrotliResult::NeedsMoreInput | BrotliResult::NeedsMoreOutput => End::No,
                };
                (read, made, end)
            }
            Decoder::Zstd(zstd) => {
                let (mut from, mut to) = (InBuffer::around(bytes), OutBuffer::around(into));
                let end = match zstd.run(&mut from, &mut to) {
                    Ok(0) => End::Yes,
                    Ok(_) => End::No,
                    Err(_) => End::Damaged,
                };
                (from.pos(), to.pos(), end)
            }
        }
    }
}

/// A header of zlib (RFC 1950 §2.2).
fn is_zlib(first: &[u8]) -> bool {
    matches!(first, [cmf, flags, ..] if cmf & 0x0f == 8 && cmf >> 4 < 8 && u16::from_be_bytes([*cmf, *flags]) % 31 == 0)
}
