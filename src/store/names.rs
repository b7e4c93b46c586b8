//! Names already given: the count behind `c` when a template gives the same name again.

use std::collections::HashMap;

use super::template::{Facts, Template};

/// Counts names, by a fixed hash of the name without its count: 16 bytes a flow, not the name.
pub struct Names {
    template: Template,
    counts: HashMap<u64, u32>,
}

impl Names {
    /// Names made by `template`.
    pub fn new(template: Template) -> Self {
        Names { template, counts: HashMap::new() }
    }

    /// The path of the next flow with these facts. `taken` tells whether an earlier commit has a path; it is only asked
    /// the first time a name comes up.
    pub fn next<E>(&mut self, facts: &Facts<'_>, mut taken: impl FnMut(&str) -> Result<bool, E>) -> Result<String, E> {
        let key = fingerprint(&self.template.path(facts, 0));
        let count = match self.counts.get(&key) {
            Some(&count) => count,
            None => first_free(|count| taken(&self.template.path(facts, count)))?,
        };
        self.counts.insert(key, count + 1);
        Ok(self.template.path(facts, count))
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

fn fingerprint(name: &str) -> u64 {
    let digest = blake3::hash(name.as_bytes());
    digest.as_bytes().first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
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
