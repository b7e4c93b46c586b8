//! Size and digests of a file as it lies, taken while it is read.
//!
//! SHA-256 is slower than reading and cutting a capture: what lies beyond the head of a large file is digested on a
//! thread of its own.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::thread::{Builder, JoinHandle};

use sha2::{Digest, Sha256};

/// How much of a file its `head_sha256` covers.
pub const HEAD: u64 = 1 << 20;
/// Threads at once, in this process: bounds them, and their buffers, where thousands of captures overlap in time.
const MAX_THREADS: usize = 4;
/// Pieces on their way to a thread.
const QUEUE: usize = 2;

static THREADS: AtomicUsize = AtomicUsize::new(0);

/// What was seen of a file.
#[derive(Clone, Default)]
pub struct Seen {
    size: u64,
    whole: Sha256,
    head: Option<[u8; 32]>,
}

impl Seen {
    /// Takes the next bytes.
    pub fn feed(&mut self, bytes: &[u8]) {
        let split = HEAD.saturating_sub(self.size).min(bytes.len() as u64) as usize;
        let (head, rest) = bytes.split_at(split);
        self.whole.update(head);
        self.size += bytes.len() as u64;
        if self.head.is_none() && self.size >= HEAD {
            self.head = Some(self.whole.clone().finalize().into());
        }
        self.whole.update(rest);
    }

    /// Bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// SHA-256 of all bytes, then of the first [`HEAD`] of them.
    pub fn digests(self) -> ([u8; 32], [u8; 32]) {
        let whole = self.whole.finalize().into();
        (whole, self.head.unwrap_or(whole))
    }
}

/// Feeds a [`Seen`], here or on a thread.
#[derive(Default)]
pub struct Digester {
    seen: Seen,
    thread: Option<Thread>,
    /// No thread was to be had.
    alone: bool,
}

impl Digester {
    /// Takes the next bytes; waits while the thread is more than a few pieces behind.
    pub fn feed(&mut self, bytes: &[u8]) {
        if self.thread.is_none() && !self.alone && self.seen.size >= HEAD {
            self.thread = Thread::start(&self.seen);
            self.alone = self.thread.is_none();
        }
        match &mut self.thread {
            Some(thread) => thread.feed(bytes),
            None => self.seen.feed(bytes),
        }
    }

    /// What all the bytes were.
    pub fn finish(self) -> Seen {
        match self.thread {
            Some(thread) => thread.finish(),
            None => self.seen,
        }
    }
}

struct Thread {
    pieces: SyncSender<Vec<u8>>,
    /// Pieces come back to be filled again.
    used: Receiver<Vec<u8>>,
    handle: JoinHandle<Seen>,
}

impl Thread {
    /// Goes on from `seen`; `None` if there are enough threads.
    fn start(seen: &Seen) -> Option<Self> {
        let slot = Slot::take()?;
        let mut seen = seen.clone();
        let (pieces, incoming) = sync_channel::<Vec<u8>>(QUEUE);
        let (back, used) = channel();
        let digest = move || {
            let _slot = slot;
            for piece in incoming {
                seen.feed(&piece);
                // The reader may be gone: then nobody wants it.
                let _ = back.send(piece);
            }
            seen
        };
        let handle = Builder::new().name("digest".to_owned()).spawn(digest).ok()?;
        Some(Thread { pieces, used, handle })
    }

    fn feed(&mut self, bytes: &[u8]) {
        let mut piece = self.used.try_recv().unwrap_or_default();
        piece.clear();
        piece.extend_from_slice(bytes);
        // It hangs up only if it panicked, which `finish` passes on.
        let _ = self.pieces.send(piece);
    }

    fn finish(self) -> Seen {
        drop(self.pieces);
        self.handle.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    }
}

/// One of [`MAX_THREADS`].
struct Slot;

impl Slot {
    fn take() -> Option<Self> {
        let more = |running: usize| (running < MAX_THREADS).then_some(running + 1);
        THREADS.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more).ok().map(|_| Slot)
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        THREADS.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sha256(bytes: &[u8]) -> [u8; 32] {
        Sha256::digest(bytes).into()
    }

    #[test]
    fn many_at_once_with_and_without_a_thread() {
        let bytes: Vec<u8> = (0..3_000_001u32).map(|i| (i % 251) as u8).collect();
        let mut digesters: Vec<Digester> = (0..2 * MAX_THREADS).map(|_| Digester::default()).collect();
        for piece in bytes.chunks(70_000) {
            digesters.iter_mut().for_each(|digester| digester.feed(piece));
        }
        assert!(digesters.iter().filter(|digester| digester.alone).count() >= MAX_THREADS);
        for digester in digesters {
            let seen = digester.finish();
            assert_eq!(seen.size(), bytes.len() as u64);
            assert_eq!(seen.digests(), (sha256(&bytes), sha256(&bytes[..HEAD as usize])));
        }
    }
}
