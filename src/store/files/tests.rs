//! The file store, with writes gathered, against its twin in memory: any order of writes, bases, overwrites and commits gives the same bytes,
//! and a kill before a commit leaves what the commit before said.

use std::ops::Range;
use std::path::Path;

use proptest::prelude::*;

use super::*;
use crate::model::Digests;
use crate::store::{Bed, Gathered, Memory, recover::recover};

#[derive(Clone, Debug)]
enum Act {
    Write {
        position: i64,
        length: usize,
    },
    Replace {
        position: i64,
        length: usize,
    },
    /// What is gathered goes to the file.
    Rest,
    /// It falls asleep, if it may.
    Sleep,
    /// Close, and go on before a commit.
    Settle,
    /// Close, commit, and go on.
    Commit,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0i64..600, 1usize..80).prop_map(|(position, length)| Act::Write { position, length }),
        2 => (0i64..600, 1usize..40).prop_map(|(position, length)| Act::Replace { position, length }),
        1 => Just(Act::Rest),
        2 => Just(Act::Sleep),
        2 => Just(Act::Settle),
        1 => Just(Act::Commit),
    ];
    prop::collection::vec(act, 1..40)
}

/// A flow in both stores, and what is covered.
struct Pair {
    files: Gathered<()>,
    beneath: Beneath,
    journal: journal::Shared,
    memory: Memory,
    covered: crate::reassemble::Coverage,
    fill: u8,
    rest: Option<AtRest>,
}

impl Pair {
    fn new(root: &Path) -> Self {
        let (beneath, journal) = (Beneath::open(root).unwrap(), journal::Shared::default());
        let files = Files::new(beneath.clone(), HashKind::ALL.to_vec(), journal.clone(), 0);
        journal.begin(&beneath, 1, false).unwrap();
        let mut files = Gathered::new(Box::new(files), 1 << 20, 1, Bed::beneath(&beneath));
        let mut memory = Memory::default();
        files.store().announce(&mut std::iter::once("flows/x/f")).unwrap();
        files.begin(1, "flows/x/f".into(), None, ()).unwrap();
        memory.begin(1, "flows/x/f".into(), None);
        Pair { files, beneath, journal, memory, covered: Default::default(), fill: 0, rest: None }
    }

    fn fill(&mut self, piece: &Range<i64>) -> Vec<u8> {
        self.fill = self.fill % 250 + 1;
        vec![self.fill; (piece.end - piece.start) as usize]
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Write { position, length } => {
                let mut fresh = Vec::new();
                self.covered.add(position..position + length as i64, |piece, seen| {
                    if !seen {
                        fresh.push(piece)
                    }
                });
                let base = self.covered.start().unwrap();
                self.files.rebase(1, base).unwrap();
                self.memory.rebase(1, base);
                for piece in fresh {
                    let bytes = self.fill(&piece);
                    self.files.write(1, piece.start, &bytes).unwrap();
                    self.memory.write(1, piece.start, &bytes).unwrap();
                }
            }
            Act::Replace { position, length } => {
                let mut known = Vec::new();
                self.covered.pieces(position..position + length as i64, |piece, seen| {
                    if seen {
                        known.push(piece)
                    }
                });
                for piece in known {
                    self.compare(&piece);
                    let bytes = self.fill(&piece);
                    self.files.replace(1, piece.start, &bytes).unwrap();
                    self.memory.replace(1, piece.start, &bytes).unwrap();
                }
            }
            Act::Rest => self.files.rest(1).unwrap(),
            // what was used since the last look stays awake
            Act::Sleep => (0..2).for_each(|_| self.files.lull().unwrap()),
            Act::Settle => self.settle(|_| {}),
            Act::Commit => self.commit(),
        }
    }

    /// What is read back before anything is closed.
    fn compare(&mut self, piece: &Range<i64>) {
        let mut read = [vec![1; (piece.end - piece.start) as usize], vec![2; (piece.end - piece.start) as usize]];
        self.files.read(1, piece.start, &mut read[0]).unwrap();
        self.memory.read(1, piece.start, &mut read[1]).unwrap();
        assert_eq!(read[0], read[1]);
    }

    fn close(&mut self) -> Digests {
        let ((), stored) = self.files.close(1, self.length(), true).unwrap();
        assert_eq!(stored.path, "flows/x/f");
        stored.digests
    }

    fn length(&self) -> u64 {
        self.covered.end().map_or(0, |end| (end - self.covered.start().unwrap()) as u64)
    }

    /// The flow is closed and goes on; `between` comes between the two.
    fn settle(&mut self, between: impl FnOnce(&mut Self)) {
        let Some(base) = self.covered.start() else { return };
        let length = self.length();
        assert_eq!(self.close(), self.memory.close(1, length, true).unwrap().digests);
        between(self);
        let rest = AtRest { path: "flows/x/f".into(), base, length, first: None, pieces: None };
        self.files.resume(1, rest.clone(), ()).unwrap();
        self.memory.resume(1, rest.clone());
        self.rest = Some(rest);
    }

    fn commit(&mut self) {
        self.settle(|pair| {
            pair.files.store().prepare().unwrap();
            pair.files.store().settle().unwrap();
            pair.journal.end(&pair.beneath).unwrap();
            pair.journal.begin(&pair.beneath, 2, false).unwrap();
        });
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn files_equal_memory(acts in acts()) {
        let root = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(root.path());
        acts.iter().for_each(|act| pair.act(act));
        pair.commit();
        if let Some(rest) = &pair.rest {
            let stored = std::fs::read(root.path().join(&rest.path)).unwrap();
            prop_assert_eq!(&stored, &{ let mut bytes = vec![0; rest.length as usize]; pair.memory.read(1, rest.base, &mut bytes).unwrap(); bytes });
        }
    }

    #[test]
    fn a_kill_leaves_what_was_committed(before in acts(), after in acts(), after_commit: bool) {
        let root = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(root.path());
        before.iter().filter(|act| !matches!(act, Act::Commit)).for_each(|act| pair.act(act));
        pair.commit();
        prop_assume!(pair.rest.is_some());
        let path = root.path().join("flows/x/f");
        let committed = std::fs::read(&path).unwrap();
        let base = pair.covered.start().unwrap();
        let gaps: Vec<(u64, u64)> = pair.covered.gaps(base).map(|gap| ((gap.start - base) as u64, (gap.end - gap.start) as u64)).collect();
        after.iter().filter(|act| !matches!(act, Act::Commit)).for_each(|act| pair.act(act));
        let length = pair.length();
        pair.close();
        pair.files.store().prepare().unwrap();
        let mut expected = vec![0; length as usize];
        pair.memory.read(1, pair.covered.start().unwrap(), &mut expected).unwrap();
        drop(pair.files);
        let beneath = Beneath::open(root.path()).unwrap();
        let batch = if after_commit { 2 } else { 1 };
        let recovered = recover(&beneath, batch, |_| Ok(gaps.clone())).unwrap();
        prop_assert!(recovered);
        prop_assert_eq!(std::fs::read(&path).unwrap(), if after_commit { expected } else { committed });
        let left = walk(root.path());
        prop_assert_eq!(left, vec!["f".to_owned()]);
    }
}

#[test]
fn a_hole_filled_after_a_commit_is_digested() {
    let root = tempfile::tempdir().unwrap();
    let mut pair = Pair::new(root.path());
    pair.act(&Act::Write { position: 0, length: 1 });
    // digests of so long a flow are kept from commit to commit
    pair.act(&Act::Write { position: PARK_FROM as i64, length: 1 });
    pair.act(&Act::Commit);
    pair.act(&Act::Write { position: 5, length: 1 });
    pair.act(&Act::Commit);
}

fn walk(root: &Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.file_name().into_string().unwrap()] }
        })
        .collect()
}
