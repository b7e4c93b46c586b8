//! Names already given: the count behind `c` when a template gives the same name again.

use std::collections::HashMap;
use std::hash::BuildHasher;

use foldhash::quality::RandomState;
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use super::template::{Facts, Template};

/// Counts names, by a hash of the name without its count: 8 bytes a flow, not the name. The hash has a random seed, so
/// that nobody can find two names with the same.
pub struct Names {
    template: Template,
    /// Names given, each without its count.
    given: HashTable<u64>,
    /// The next count of those that were given again, or were taken before.
    next: HashMap<u64, u32, foldhash::fast::RandomState>,
    hasher: RandomState,
}

impl Names {
    /// Names made by `template`.
    pub fn new(template: Template) -> Self {
        Names { template, given: HashTable::new(), next: HashMap::default(), hasher: RandomState::default() }
    }

    /// Forgets the names that were given: whoever says which are taken knows them from now on.
    pub fn forget(&mut self) {
        self.given.clear();
        self.next.clear();
    }

    /// The path of the next flow with these facts. `taken` tells whether an earlier commit has a path; it is only asked
    /// the first time a name comes up.
    pub fn next<E>(&mut self, facts: &Facts<'_>, mut taken: impl FnMut(&str) -> Result<bool, E>) -> Result<String, E> {
        let Names { template, given, next, hasher } = self;
        let path = template.path(facts, 0);
        let key = hasher.hash_one(path.as_str());
        let count = match given.entry(key, |known| *known == key, |known| *known) {
            Entry::Occupied(_) => *next.entry(key).or_insert(1),
            Entry::Vacant(new) => {
                let is_taken = |count| if count == 0 { taken(&path) } else { taken(&template.path(facts, count)) };
                let free = first_free(is_taken)?;
                new.insert(key);
                free
            }
        };
        if count > 0 {
            next.insert(key, count + 1);
        }
        Ok(if count == 0 { path } else { template.path(facts, count) })
    }
}

/// The lowest count not taken, given that all below a taken one are taken: doubling, then halving.
fn first_free<E>(mut taken: impl FnMut(u32) -> Result<bool, E>) -> Result<u32, E> {
    let (mut free, mut step) = (0, 1);
    while taken(free)? {
        free += step;
        step *= 2;
    }
    let mut used = free - step / 2;
    while free > 0 && used + 1 < free {
        let middle = used + (free - used) / 2;
        if taken(middle)? { used = middle } else { free = middle }
    }
    Ok(free)
}

#[cfg(test)]
mod tests {
    use super::first_free;

    #[test]
    fn finds_the_lowest_free_count() {
        for taken in 0..70 {
            assert_eq!(first_free::<()>(|count| Ok(count < taken)), Ok(taken));
        }
    }
}
