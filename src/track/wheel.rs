//! Which slot of a table is idle longest, at no cost to those in use.
//!
//! A timer wheel with a bucket for each tick in which slots were filed, and none for the others. It turns lazily: a use
//! is noted with what is used and touches nothing here. Only when room is wanted does the oldest bucket come due, and
//! slots used since go to the bucket of their last use. A slot is filed once, whatever comes and goes in it: a wheel
//! grows with its table, and is never searched.

use std::collections::BTreeMap;

/// Numbers a place in a table.
pub type Slot = u32;

/// A stretch of traffic in which all uses count as one.
pub type Tick = u32;

/// Slots by when they were last known to be used.
#[derive(Debug, Default)]
pub struct Wheel {
    buckets: BTreeMap<Tick, Vec<Slot>>,
    /// The slots that stand in a bucket.
    filed: Vec<bool>,
}

impl Wheel {
    /// A slot is in use since `at`.
    pub fn file(&mut self, slot: Slot, at: Tick) {
        let index = slot as usize;
        if self.filed.len() <= index {
            self.filed.resize(index + 1, false);
        }
        if !std::mem::replace(&mut self.filed[index], true) {
            self.buckets.entry(at).or_default().push(slot);
        }
    }

    /// A slot that no other is idle longer than. `last_use`: when a slot was used last, if it is in use, and never before
    /// it was filed.
    pub fn idlest(&mut self, last_use: impl Fn(Slot) -> Option<Tick>) -> Option<Slot> {
        loop {
            let mut due = self.buckets.first_entry()?;
            let Some(&slot) = due.get().last() else {
                due.remove();
                continue;
            };
            match last_use(slot) {
                Some(used) if used == *due.key() => return Some(slot),
                used => {
                    due.get_mut().pop();
                    self.filed[slot as usize] = false;
                    used.into_iter().for_each(|used| self.file(slot, used));
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use proptest::prelude::*;

    use super::*;

    proptest! {
        /// Against a plain map from the slots in use to their last use.
        #[test]
        fn none_is_idle_longer(steps in prop::collection::vec((0..5u8, 0..6u32, 0..3u32), 0..200)) {
            let (mut wheel, mut twin, mut now) = (Wheel::default(), HashMap::new(), 0);
            for (step, slot, later) in steps {
                now += later;
                match step {
                    0 => drop(twin.remove(&slot)),
                    1 => {
                        let idlest = wheel.idlest(|slot| twin.get(&slot).copied());
                        prop_assert_eq!(idlest.map(|slot| twin[&slot]), twin.values().min().copied());
                    }
                    _ => {
                        if twin.insert(slot, now).is_none() {
                            wheel.file(slot, now);
                        }
                    }
                }
                let filed: usize = wheel.buckets.values().map(Vec::len).sum();
                prop_assert!(filed <= 6, "a slot is filed once");
            }
            while let Some(idlest) = wheel.idlest(|slot| twin.get(&slot).copied()) {
                prop_assert_eq!(twin.values().min(), twin.get(&idlest));
                twin.remove(&idlest);
            }
            prop_assert!(twin.is_empty() && wheel.buckets.is_empty());
        }
    }
}
