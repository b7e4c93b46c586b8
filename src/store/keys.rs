//! Numbers that were given, on disk: a recording without end asks for every name whether it was given, and should neither
//! keep them in memory nor have an index changed all over with every commit.
//!
//! Each time some are added they become a sorted run, in a file without a name; runs of about the same size are merged, so
//! that they are few. Numbers are spread evenly, so that one is found near where it is expected (interpolation search:
//! Perl, Itai and Avni, CACM 21(7), 1978).

use std::fs::File;
use std::io;
use std::ops::Range;
use std::os::unix::fs::FileExt;

use super::beneath::Beneath;

/// Numbers read at once where one is looked for.
const LOOK: u64 = if cfg!(test) { 4 } else { 128 };
/// Numbers read, and written, at once where runs are merged.
const BLOCK: u64 = if cfg!(test) { 8 } else { 8 << 10 };
/// Bytes of a number.
const KEY: u64 = 8;
/// Looks after which the middle is tried, in case numbers are not spread evenly.
const TRIES: u32 = 4;

/// A set of numbers that only grows.
pub struct Keys {
    beneath: Beneath,
    /// Each at least twice as long as the next.
    runs: Vec<Run>,
}

/// Numbers in order, as bytes.
enum Run {
    Filed(File, u64),
    /// The file system has no files without names.
    Held(Vec<u8>),
}

impl Keys {
    /// None, in files that the directory holds, but does not show.
    pub fn beneath(beneath: &Beneath) -> Self {
        Keys { beneath: beneath.clone(), runs: Vec::new() }
    }

    /// Adds numbers.
    pub fn add(&mut self, mut keys: Vec<u64>) -> io::Result<()> {
        keys.sort_unstable();
        keys.dedup();
        if keys.is_empty() {
            return Ok(());
        }
        let mut run = self.run();
        run.append(&keys)?;
        while let Some(before) = self.runs.pop_if(|before| before.len() < 2 * run.len()) {
            run = merge(&before, &run, self.run())?;
        }
        self.runs.push(run);
        Ok(())
    }

    /// Whether a number was added.
    pub fn has(&self, key: u64) -> io::Result<bool> {
        for run in &self.runs {
            if run.has(key)? {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn run(&self) -> Run {
        self.beneath.unnamed().map_or_else(|_| Run::Held(Vec::new()), |file| Run::Filed(file, 0))
    }
}

impl Run {
    fn len(&self) -> u64 {
        match self {
            Run::Filed(_, len) => *len,
            Run::Held(bytes) => bytes.len() as u64 / KEY,
        }
    }

    fn append(&mut self, more: &[u64]) -> io::Result<()> {
        let bytes: Vec<u8> = more.iter().flat_map(|key| key.to_le_bytes()).collect();
        match self {
            Run::Filed(file, len) => {
                file.write_all_at(&bytes, *len * KEY)?;
                *len += more.len() as u64;
            }
            Run::Held(all) => all.extend_from_slice(&bytes),
        }
        Ok(())
    }

    /// Reads the numbers at these places into a buffer that has room for them.
    fn read<'b>(&self, at: Range<u64>, buffer: &'b mut [u8]) -> io::Result<&'b [[u8; 8]]> {
        let buffer = &mut buffer[..((at.end - at.start) * KEY) as usize];
        match self {
            Run::Filed(file, _) => file.read_exact_at(buffer, at.start * KEY)?,
            Run::Held(all) => buffer.copy_from_slice(&all[(at.start * KEY) as usize..][..buffer.len()]),
        }
        Ok(buffer.as_chunks().0)
    }

    fn has(&self, key: u64) -> io::Result<bool> {
        // where it may be, and what numbers may be there
        let (mut at, mut low, mut high) = (0..self.len(), 0, u64::MAX);
        let mut buffer = [0; (LOOK * KEY) as usize];
        for attempt in 1.. {
            if at.is_empty() || !(low..=high).contains(&key) {
                break;
            }
            let width = u128::from(at.end - at.start);
            let part = u128::from(key - low) * width / (u128::from(high - low) + 1);
            let likely = if attempt % TRIES == 0 { width / 2 } else { part } as u64;
            let start = (at.start + likely).saturating_sub(LOOK / 2).max(at.start);
            let end = (start + LOOK).min(at.end);
            let keys = self.read(start..end, &mut buffer)?;
            match (keys.first().map(number), keys.last().map(number)) {
                (Some(first), _) if key < first => (at.end, high) = (start, first),
                (_, Some(last)) if key > last => (at.start, low) = (end, last),
                _ => return Ok(keys.binary_search_by_key(&key, number).is_ok()),
            }
        }
        Ok(false)
    }
}

fn number(bytes: &[u8; 8]) -> u64 {
    u64::from_le_bytes(*bytes)
}

/// Both runs as one, without what is in both.
fn merge(one: &Run, other: &Run, mut into: Run) -> io::Result<Run> {
    let (mut one, mut other) = (Cursor::new(one), Cursor::new(other));
    let mut merged: Vec<u64> = Vec::new();
    loop {
        let (a, b) = (one.peek()?, other.peek()?);
        let Some(next) = a.into_iter().chain(b).min() else { break };
        one.at += u64::from(a == Some(next));
        other.at += u64::from(b == Some(next));
        merged.push(next);
        if merged.len() as u64 >= BLOCK {
            into.append(&merged)?;
            merged.clear();
        }
    }
    into.append(&merged)?;
    Ok(into)
}

/// Reads a run from its beginning.
struct Cursor<'a> {
    run: &'a Run,
    /// Place of the number that is next.
    at: u64,
    /// Places of those in the buffer.
    block: Range<u64>,
    buffer: Vec<u8>,
}

impl<'a> Cursor<'a> {
    fn new(run: &'a Run) -> Self {
        Cursor { run, at: 0, block: 0..0, buffer: vec![0; (BLOCK * KEY) as usize] }
    }

    fn peek(&mut self) -> io::Result<Option<u64>> {
        if self.at == self.block.end {
            self.block = self.at..(self.at + BLOCK).min(self.run.len());
            self.run.read(self.block.clone(), &mut self.buffer)?;
        }
        let place = (self.at - self.block.start) as usize;
        Ok((self.at < self.block.end).then(|| number(&self.buffer.as_chunks().0[place])))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn key() -> impl Strategy<Value = u64> {
        // even, in a heap, and at the ends
        prop_oneof![any::<u64>(), 1000u64..1300, (0u64..3).prop_map(|near| u64::MAX - near), 0u64..3]
    }

    proptest! {
        #[test]
        fn equals_a_set(steps in prop::collection::vec(prop::collection::vec(key(), 0..60), 1..20), asked in prop::collection::vec(key(), 50)) {
            let directory = tempfile::tempdir().unwrap();
            let mut keys = Keys::beneath(&Beneath::open(directory.path()).unwrap());
            let mut twin = BTreeSet::new();
            for step in steps {
                twin.extend(step.iter().copied());
                keys.add(step).unwrap();
                for pair in keys.runs.windows(2) {
                    prop_assert!(pair[0].len() >= 2 * pair[1].len());
                }
            }
            for key in twin.iter().chain(&asked) {
                prop_assert_eq!(keys.has(*key).unwrap(), twin.contains(key));
            }
            prop_assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 0);
        }
    }

    #[test]
    fn runs_in_memory_do_as_well() {
        let (mut one, mut other) = (Run::Held(Vec::new()), Run::Held(Vec::new()));
        one.append(&(0..100).map(|key| key * 3).collect::<Vec<_>>()).unwrap();
        other.append(&(0..100).map(|key| key * 2).collect::<Vec<_>>()).unwrap();
        let both = merge(&one, &other, Run::Held(Vec::new())).unwrap();
        assert!((0..400).all(|key| both.has(key).unwrap() == (key < 300 && key % 3 == 0 || key < 200 && key % 2 == 0)));
    }
}
