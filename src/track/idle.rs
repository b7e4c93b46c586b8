//! Slots in the order of their last use: two links a slot, every operation O(1).

/// Numbers a place in a table.
pub type Slot = u32;

/// No slot.
pub const NONE: Slot = Slot::MAX;

/// A list through the slots of a table, the one idle longest first.
#[derive(Debug)]
pub struct Idle {
    /// The slot used before and the slot used after each; of no meaning for slots that are not in the list.
    links: Vec<[Slot; 2]>,
    /// The slots idle longest and shortest.
    ends: [Slot; 2],
}

const BEFORE: usize = 0;
const AFTER: usize = 1;

impl Default for Idle {
    fn default() -> Self {
        Idle { links: Vec::new(), ends: [NONE; 2] }
    }
}

impl Idle {
    /// The slot idle longest.
    pub fn longest(&self) -> Option<Slot> {
        Some(self.ends[BEFORE]).filter(|&slot| slot != NONE)
    }

    /// Adds a slot, just used.
    pub fn add(&mut self, slot: Slot) {
        if self.links.len() <= slot as usize {
            self.links.resize(slot as usize + 1, [NONE; 2]);
        }
        let before = self.ends[AFTER];
        self.links[slot as usize] = [before, NONE];
        self.link(before, AFTER, slot);
        self.ends[AFTER] = slot;
    }

    /// Takes a slot out.
    pub fn remove(&mut self, slot: Slot) {
        let [before, after] = self.links[slot as usize];
        self.link(before, AFTER, after);
        self.link(after, BEFORE, before);
    }

    /// A slot was used.
    pub fn touch(&mut self, slot: Slot) {
        if self.ends[AFTER] != slot {
            self.remove(slot);
            self.add(slot);
        }
    }

    /// What stands on one side of a slot; of none: at that end of the list.
    fn link(&mut self, slot: Slot, side: usize, to: Slot) {
        match slot {
            NONE => self.ends[1 - side] = to,
            slot => self.links[slot as usize][side] = to,
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn equals_a_plain_list(steps in prop::collection::vec((0..3u8, 0..6u32), 0..100)) {
            let (mut idle, mut twin) = (Idle::default(), Vec::new());
            for (step, slot) in steps {
                match (step, twin.iter().position(|&known| known == slot)) {
                    (0, Some(at)) => {
                        idle.remove(slot);
                        twin.remove(at);
                    }
                    (_, Some(at)) => {
                        idle.touch(slot);
                        twin.remove(at);
                        twin.push(slot);
                    }
                    (_, None) => {
                        idle.add(slot);
                        twin.push(slot);
                    }
                }
                prop_assert_eq!(idle.longest(), twin.first().copied());
            }
            for slot in twin {
                prop_assert_eq!(idle.longest(), Some(slot));
                idle.remove(slot);
            }
            prop_assert_eq!(idle.longest(), None);
        }
    }
}
