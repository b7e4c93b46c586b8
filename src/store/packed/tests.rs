//! The packed store against its twin in memory: any order of writes, bases, overwrites, reads and commits of several flows
//! gives the same bytes and digests, and a kill before a commit leaves what the commit before said.

use std::collections::HashMap;
use std::ops::Range;
use std::path::Path;
use std::sync::{Arc, Mutex};

use proptest::prelude::*;

use super::reading::{Committed, Packs};
use super::*;
use crate::reassemble::Coverage;
use crate::store::{Memory, journal, recover as files};

#[derive(Clone, Debug)]
enum Act {
    Write {
        flow: FlowId,
        position: i64,
        length: usize,
    },
    Replace {
        flow: FlowId,
        position: i64,
        length: usize,
    },
    Read {
        flow: FlowId,
        position: i64,
        length: usize,
    },
    /// The frame that is being filled is written.
    Flush,
    /// It falls asleep, if it may, and wakes.
    Doze {
        flow: FlowId,
    },
    /// Close, commit, and go on; with a new store, as another run does, or with the same.
    Commit {
        again: bool,
    },
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    // some writes are long enough for frames of their own, some longer than a frame
    let length = prop_oneof![8 => 1usize..80, 1 => ALONE - 5..ALONE + 5, 1 => FRAME - 5..FRAME + ALONE + 5];
    let at = (1..4u64, 0i64..600, length);
    let act = prop_oneof![
        6 => at.clone().prop_map(|(flow, position, length)| Act::Write { flow, position, length }),
        2 => at.clone().prop_map(|(flow, position, length)| Act::Replace { flow, position, length }),
        2 => at.prop_map(|(flow, position, length)| Act::Read { flow, position, length }),
        1 => Just(Act::Flush),
        2 => (1..4u64).prop_map(|flow| Act::Doze { flow }),
        1 => any::<bool>().prop_map(|again| Act::Commit { again }),
    ];
    prop::collection::vec(act, 1..40)
}

/// What the index would hold.
type Index = Arc<Mutex<Vec<PackFrame>>>;

/// Flows in both stores, and what is covered of each.
struct Pair<'a> {
    root: &'a Path,
    index: Index,
    packed: Packed,
    memory: Memory,
    covered: HashMap<FlowId, Coverage>,
    fill: u8,
    rest: Vec<(FlowId, AtRest)>,
    batch: u64,
    beneath: Beneath,
    journal: journal::Shared,
}

impl<'a> Pair<'a> {
    fn new(root: &'a Path) -> Self {
        let index = Index::default();
        let mut pair = Pair {
            root,
            packed: store(root, &index),
            index,
            memory: Memory::default(),
            covered: HashMap::new(),
            fill: 0,
            rest: Vec::new(),
            batch: 1,
            beneath: Beneath::open(root).unwrap(),
            journal: journal::Shared::default(),
        };
        pair.journal.begin(&pair.beneath, 1, false).unwrap();
        for flow in 1..4 {
            pair.packed.begin(flow, flow.to_string(), None);
            pair.memory.begin(flow, flow.to_string(), None);
            pair.covered.insert(flow, Coverage::default());
        }
        pair
    }

    fn fill(&mut self, piece: &Range<i64>) -> Vec<u8> {
        self.fill = self.fill % 250 + 1;
        let first = self.fill;
        (0..piece.end - piece.start).map(|i| first.wrapping_add((i / 7) as u8)).collect()
    }

    fn act(&mut self, act: &Act) {
        match *act {
            Act::Write { flow, position, length } => self.write(flow, position..position + length as i64),
            Act::Replace { flow, position, length } => {
                for piece in self.known(flow, position..position + length as i64) {
                    let bytes = self.fill(&piece);
                    self.packed.replace(flow, piece.start, &bytes).unwrap();
                    self.memory.replace(flow, piece.start, &bytes).unwrap();
                }
            }
            Act::Read { flow, position, length } => {
                let mut read = [vec![1; length], vec![2; length]];
                self.packed.read(flow, position, &mut read[0]).unwrap();
                self.memory.read(flow, position, &mut read[1]).unwrap();
                let base = self.covered[&flow].start().unwrap_or(0);
                let behind = (base - position).clamp(0, length as i64) as usize;
                assert_eq!(read[0][behind..], read[1][behind..]);
            }
            Act::Flush => self.packed.pack.flush().unwrap(),
            Act::Doze { flow } => {
                if let Some(asleep) = self.packed.sleep(flow).unwrap() {
                    self.packed.wake(flow, asleep);
                }
            }
            Act::Commit { again } => self.commit(again),
        }
    }

    fn write(&mut self, flow: FlowId, range: Range<i64>) {
        let mut fresh = Vec::new();
        let covered = self.covered.get_mut(&flow).unwrap();
        let before = covered.start();
        covered.add(range, |piece, seen| fresh.extend((!seen).then_some(piece)));
        let base = covered.start().unwrap();
        if before != Some(base) {
            self.packed.rebase(flow, base);
            self.memory.rebase(flow, base);
        }
        for piece in fresh {
            let bytes = self.fill(&piece);
            self.packed.write(flow, piece.start, &bytes).unwrap();
            self.memory.write(flow, piece.start, &bytes).unwrap();
        }
    }

    fn known(&self, flow: FlowId, range: Range<i64>) -> Vec<Range<i64>> {
        let mut known = Vec::new();
        self.covered[&flow].pieces(range, |piece, seen| known.extend(seen.then_some(piece)));
        known
    }

    /// Closes all flows; how each lies then.
    fn close(&mut self) -> Vec<(FlowId, AtRest)> {
        let mut rest = Vec::new();
        for flow in 1..4 {
            let (base, end) = (self.covered[&flow].start().unwrap_or(0), self.covered[&flow].end().unwrap_or(0));
            let length = (end - base) as u64;
            let stored = self.packed.close(flow, length, true).unwrap();
            assert_eq!(stored.digests, self.memory.close(flow, length, true).unwrap().digests);
            rest.push((flow, AtRest { path: flow.to_string(), base, length, first: None, pieces: stored.pieces }));
        }
        rest
    }

    fn commit(&mut self, again: bool) {
        self.rest = self.close();
        let frames = self.packed.prepare().unwrap();
        self.index.lock().unwrap().extend(frames);
        self.packed.settle().unwrap();
        if again {
            self.packed = store(self.root, &self.index);
        }
        self.batch += 1;
        self.journal.end(&self.beneath).unwrap();
        self.journal.begin(&self.beneath, self.batch, false).unwrap();
        for (flow, rest) in self.rest.clone() {
            self.packed.resume(flow, rest.clone());
            self.memory.resume(flow, rest);
        }
    }

    /// What the committed rows and frames say of each flow.
    fn committed(&self) -> Vec<Vec<u8>> {
        let frames = self.index.lock().unwrap();
        let find = |_, number| Ok(frames.iter().find(|frame| frame.number == number).copied());
        let mut packs = Packs::new(Beneath::open(self.root).unwrap(), 2);
        let mut committed = Committed { packs: &mut packs, find };
        let read = |(_, rest): &(FlowId, AtRest)| {
            let layout = Layout::decode(rest.pieces.as_ref().unwrap(), rest.base, rest.length).unwrap();
            let mut bytes = vec![1; rest.length as usize];
            layout.read_at(0, &mut bytes, &mut committed).unwrap();
            bytes
        };
        self.rest.iter().map(read).collect()
    }
}

fn store(root: &Path, index: &Index) -> Packed {
    let frames = index.lock().unwrap();
    let (next, bytes) = (frames.len() as u64, frames.iter().map(PackFrame::end).max().unwrap_or(0));
    let index = index.clone();
    let find = move |number| Ok(index.lock().unwrap().iter().find(|frame| frame.number == number).copied());
    Packed::new(Beneath::open(root).unwrap(), HashKind::ALL.to_vec(), 3, next, bytes, Box::new(find)).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn packed_equals_memory(acts in acts()) {
        let root = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(root.path());
        acts.iter().for_each(|act| pair.act(act));
        pair.commit(false);
        for (bytes, (_, rest)) in pair.committed().iter().zip(&pair.rest) {
            let mut expected = vec![0; rest.length as usize];
            pair.memory.read(rest.path.parse().unwrap(), rest.base, &mut expected).unwrap();
            prop_assert!(*bytes == expected);
        }
        let frames = pair.index.lock().unwrap();
        prop_assert_eq!(frames.iter().map(|frame| frame.number).collect::<Vec<_>>(), (0..frames.len() as u64).collect::<Vec<_>>());
        let stored: u64 = frames.iter().map(|frame| frame.stored_bytes).sum();
        let length = std::fs::metadata(root.path().join("packs/3")).map_or(0, |data| data.len());
        prop_assert_eq!(length, stored);
    }

    #[test]
    fn a_kill_leaves_what_was_committed(before in acts(), after in acts()) {
        let root = tempfile::tempdir().unwrap();
        let mut pair = Pair::new(root.path());
        before.iter().for_each(|act| pair.act(act));
        pair.commit(true);
        let pack = root.path().join("packs/3");
        let (payload, committed) = (pair.committed(), std::fs::read(&pack).ok());
        after.iter().filter(|act| !matches!(act, Act::Commit { .. })).for_each(|act| pair.act(act));
        pair.close();
        pair.packed.prepare().unwrap();
        let beneath = Beneath::open(root.path()).unwrap();
        let ends = pair.index.lock().unwrap().iter().map(PackFrame::end).max();
        recover::recover(&beneath, &ends.map(|end| (3, end)).into_iter().collect()).unwrap();
        prop_assert!(files::recover(&beneath, pair.batch - 1, |_| Ok(Vec::new())).unwrap());
        prop_assert!(std::fs::read(&pack).ok() == committed);
        prop_assert!(pair.committed() == payload);
        prop_assert_eq!(std::fs::read_dir(root.path()).unwrap().count(), usize::from(committed.is_some()));
    }
}

#[test]
fn what_is_in_the_way_stays() {
    let root = tempfile::tempdir().unwrap();
    std::fs::create_dir(root.path().join("packs")).unwrap();
    std::fs::write(root.path().join("packs/3"), "mine").unwrap();
    // the clock of the file system is coarse
    std::thread::sleep(std::time::Duration::from_millis(20));
    let mut store = store(root.path(), &Index::default());
    let (beneath, journal) = (Beneath::open(root.path()).unwrap(), journal::Shared::default());
    journal.begin(&beneath, 1, true).unwrap();
    store.begin(1, "a".into(), None);
    store.write(1, 0, b"bytes").unwrap();
    assert!(matches!(store.prepare(), Err(Error::InTheWay(path)) if path == "packs/3"));
    recover::recover(&beneath, &HashMap::new()).unwrap();
    assert_eq!(std::fs::read(root.path().join("packs/3")).unwrap(), b"mine");
}

#[test]
fn a_pack_that_is_not_as_it_was_left_is_not_written() {
    let root = tempfile::tempdir().unwrap();
    let mut pair = Pair::new(root.path());
    pair.act(&Act::Write { flow: 1, position: 0, length: 100 });
    pair.commit(true);
    let pack = root.path().join("packs/3");
    let length = pack.metadata().unwrap().len();
    for other in [length - 1, length + 1] {
        std::fs::File::options().write(true).open(&pack).unwrap().set_len(other).unwrap();
        let mut store = store(root.path(), &pair.index);
        store.begin(9, "b".into(), None);
        store.write(9, 0, b"bytes").unwrap();
        assert!(store.prepare().is_err());
        assert_eq!(pack.metadata().unwrap().len(), other);
    }
}

#[test]
fn a_flow_that_lies_nowhere_is_not_committed() {
    let root = tempfile::tempdir().unwrap();
    let mut store = store(root.path(), &Index::default());
    let rest = AtRest { path: "a".into(), base: 0, length: 5, first: None, pieces: Some(vec![3, 0xff]) };
    store.resume(1, rest);
    assert!(matches!(store.prepare(), Err(Error::Pieces(path)) if path == "a"));
}
