//! A hash table from tags to the first slot of a chain: one access to memory a look-up.
//!
//! Open addressing, linear probing: a bucket is 8 bytes, and what collides lies beside it, mostly in the same cache line.
//! A general table reads its control bytes first and the bucket after that, and where neither is near that is most of
//! what a segment costs. Tags are hashes with a random seed, so that nobody can choose which collide.

use super::wheel::Slot;

/// No slot.
pub const NONE: Slot = Slot::MAX;

/// Slots by the tags of what lies in them. Several may have the same tag.
#[derive(Default)]
pub struct Heads {
    /// A power of two, or none. At least a quarter is free, so that runs are short.
    buckets: Vec<Head>,
    len: usize,
}

#[derive(Clone, Copy)]
struct Head {
    tag: u32,
    /// Or [`NONE`].
    slot: Slot,
}

const FREE: Head = Head { tag: 0, slot: NONE };
const SMALLEST: usize = 64;

impl Heads {
    /// The slot with this tag that is meant.
    #[inline]
    pub fn find(&self, tag: u32, is_meant: impl Fn(Slot) -> bool) -> Option<Slot> {
        Some(self.buckets.get(self.seek(tag, is_meant)?)?.slot)
    }

    /// Reads where a look-up of this tag begins, whatever is there: no guess about it can go wrong and have others wait.
    #[inline]
    pub fn glance(&self, tag: u32) -> Slot {
        self.buckets.get(self.home(tag)).map_or(NONE, |head| head.slot)
    }

    /// Adds a slot that is not there.
    pub fn insert(&mut self, tag: u32, slot: Slot) {
        if (self.len + 1) * 4 > self.buckets.len() * 3 {
            self.grow();
        }
        self.len += 1;
        self.put(Head { tag, slot });
    }

    /// Puts `to` where `from` is.
    ///
    /// # Panics
    /// If it is nowhere.
    pub fn replace(&mut self, tag: u32, from: Slot, to: Slot) {
        let at = self.seek(tag, |slot| slot == from).expect(THERE);
        self.buckets[at].slot = to;
    }

    /// Takes a slot out. Those behind it move up where they may, so that no run has a hole.
    ///
    /// # Panics
    /// If it is nowhere.
    pub fn remove(&mut self, tag: u32, slot: Slot) {
        let mut hole = self.seek(tag, |known| known == slot).expect(THERE);
        self.len -= 1;
        let mut at = self.after(hole);
        while self.buckets[at].slot != NONE {
            let home = self.home(self.buckets[at].tag);
            if self.steps(home, at) >= self.steps(hole, at) {
                self.buckets[hole] = self.buckets[at];
                hole = at;
            }
            at = self.after(at);
        }
        self.buckets[hole] = FREE;
    }

    #[inline]
    fn seek(&self, tag: u32, is_meant: impl Fn(Slot) -> bool) -> Option<usize> {
        let mut at = self.home(tag);
        loop {
            let head = self.buckets.get(at)?;
            if head.slot == NONE {
                return None;
            }
            if head.tag == tag && is_meant(head.slot) {
                return Some(at);
            }
            at = self.after(at);
        }
    }

    fn put(&mut self, head: Head) {
        let mut at = self.home(head.tag);
        while self.buckets[at].slot != NONE {
            at = self.after(at);
        }
        self.buckets[at] = head;
    }

    fn grow(&mut self) {
        let size = (self.buckets.len() * 2).max(SMALLEST);
        let old = std::mem::replace(&mut self.buckets, vec![FREE; size]);
        old.into_iter().filter(|head| head.slot != NONE).for_each(|head| self.put(head));
    }

    /// Where the run of a tag begins.
    #[inline]
    fn home(&self, tag: u32) -> usize {
        tag as usize & self.buckets.len().wrapping_sub(1)
    }

    #[inline]
    fn after(&self, at: usize) -> usize {
        (at + 1) & self.buckets.len().wrapping_sub(1)
    }

    fn steps(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & self.buckets.len().wrapping_sub(1)
    }
}

const THERE: &str = "the head of a chain has a bucket";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a plain list. Few tags, near the end of the table and past it, so that runs meet and wrap.
        #[test]
        fn equals_a_plain_list(steps in prop::collection::vec((0..4u8, 60..68u32, 0..80u32), 0..300)) {
            let (mut heads, mut twin) = (Heads::default(), Vec::<(u32, Slot)>::new());
            for (step, tag, slot) in steps {
                match (step, twin.iter().position(|&(_, known)| known == slot)) {
                    (0, Some(at)) => {
                        let (tag, slot) = twin.swap_remove(at);
                        heads.remove(tag, slot);
                    }
                    (1, Some(at)) => {
                        twin[at].1 = slot + 100;
                        heads.replace(twin[at].0, slot, slot + 100);
                    }
                    (_, None) if !twin.iter().any(|&(_, known)| known == slot + 100) => {
                        twin.push((tag, slot));
                        heads.insert(tag, slot);
                    }
                    _ => {}
                }
                for &(tag, slot) in &twin {
                    prop_assert_eq!(heads.find(tag, |known| known == slot), Some(slot));
                }
                let tags = 58..70u32;
                let count = tags.filter(|&tag| heads.find(tag, |_| true).is_some()).count();
                let expected: std::collections::BTreeSet<u32> = twin.iter().map(|&(tag, _)| tag).collect();
                prop_assert_eq!(count, expected.len());
            }
        }
    }
}
