//! The file store against its twin in memory: any order of writes, bases, overwrites and commits gives the same bytes,
//! and a kill before a commit leaves what the commit before said.

use proptest::prelude::*;

use super::*;
use crate::store::{Memory, recover::recover};

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
    Flush,
    /// Close, commit, and go on.
    Commit,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        6 => (0i64..600, 1usize..80).prop_map(|(position, length)| Act::Write { position, length }),
        2 => (0i64..600, 1usize..40).prop_map(|(position, length)| Act::Replace { position, length }),
        1 => Just(Act::Flush),
        1 => Just(Act::Commit),
    ];
    prop::collection::vec(act, 1..40)
}

/// A flow in both stores, and what is covered.
struct Pair {
    files: Files,
    memory: Memory,
    covered: crate::reassemble::Coverage,
    fill: u8,
    rest: Option<AtRest>,
}

impl Pair {
    fn new(root: &std::path::Path) -> Self {
        let mut files = Files::new(Beneath::open(root).unwrap(), HashKind::ALL.to_vec());
        let mut memory = Memory::default();
        files.begin_batch(1, false).unwrap();
        files.begin(1, "flows/x/f".into(), None);
        memory.begin(1, "flows/x/f".into(), None);
        Pair { files, memory, covered: Default::default(), fill: 0, rest: None }
    }

    fn both(&mut self, act: impl Fn(&mut dyn PayloadStore) -> Result<(), Error>) {
        act(&mut self.files).unwrap();
        act(&mut self.memory).unwrap();
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
                self.both(|store| {
                    store.rebase(1, base);
                    Ok(())
                });
                for piece in fresh {
                    self.fill = self.fill % 250 + 1;
                    let bytes = vec![self.fill; (piece.end - piece.start) as usize];
                    self.both(|store| store.write(1, piece.start, &bytes));
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
                    self.fill = self.fill % 250 + 1;
                    let bytes = vec![self.fill; (piece.end - piece.start) as usize];
                    self.both(|store| store.replace(1, piece.start, &bytes));
                }
            }
            Act::Flush => self.files.flush(1).unwrap(),
            Act::Commit => self.commit(),
        }
    }

    fn length(&self) -> u64 {
        self.covered.end().map_or(0, |end| (end - self.covered.start().unwrap()) as u64)
    }

    fn commit(&mut self) {
        if self.covered.is_empty() {
            return;
        }
        let length = self.length();
        let digests = self.files.close(1, length).unwrap();
        assert_eq!(digests, self.memory.close(1, length).unwrap());
        self.files.prepare(false).unwrap();
        self.files.settle().unwrap();
        self.files.begin_batch(2, false).unwrap();
        let rest = AtRest { path: "flows/x/f".into(), base: self.covered.start().unwrap(), length, first: None };
        self.both(|store| {
            store.resume(1, rest.clone());
            Ok(())
        });
        self.rest = Some(rest);
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
        pair.files.close(1, length).unwrap();
        pair.files.prepare(false).unwrap();
        let mut expected = vec![0; length as usize];
        pair.memory.read(1, pair.covered.start().unwrap(), &mut expected).unwrap();
        drop(pair.files);
        let mut beneath = Beneath::open(root.path()).unwrap();
        let batch = if after_commit { 2 } else { 1 };
        let recovered = recover(&mut beneath, batch, |_| Ok(gaps.clone())).unwrap();
        prop_assert!(recovered);
        prop_assert_eq!(std::fs::read(&path).unwrap(), if after_commit { expected } else { committed });
        let left = walk(root.path());
        prop_assert_eq!(left, vec!["f".to_owned()]);
    }
}

fn walk(root: &std::path::Path) -> Vec<String> {
    let entries = std::fs::read_dir(root).unwrap().map(|entry| entry.unwrap());
    entries
        .flat_map(|entry| {
            if entry.path().is_dir() { walk(&entry.path()) } else { vec![entry.file_name().into_string().unwrap()] }
        })
        .collect()
}
