//! Which stream positions are filled: a set of ranges, cheap for the one range nearly every flow has.
//!
//! Invariants: ranges are not empty, neither overlap nor touch, and `first` is the lowest. A flow that arrives in
//! order never allocates; memory grows with the number of holes.

use std::collections::BTreeMap;
use std::ops::Range;

/// A set of stream positions.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Coverage {
    first: Range<i64>,
    /// Start to end of the ranges above `first`.
    rest: BTreeMap<i64, i64>,
    covered: u64,
}

impl Coverage {
    /// Adds `new` and calls `visit` for each piece of it, ascending: with `true` if the piece was covered before.
    pub fn add(&mut self, new: Range<i64>, mut visit: impl FnMut(Range<i64>, bool)) {
        if new.is_empty() {
            return;
        }
        if new.start == self.first.end && !self.first.is_empty() && self.room_above_first(new.end) {
            self.first.end = new.end;
            self.covered += length(&new);
            return visit(new, false);
        }
        self.pieces(new.clone(), |piece, seen| {
            visit(piece, seen);
        });
        self.merge(new);
    }

    /// Calls `visit` for each piece of `range`, ascending: with `true` if it is covered. Changes nothing.
    pub fn pieces(&self, range: Range<i64>, mut visit: impl FnMut(Range<i64>, bool)) {
        let mut at = range.start;
        for known in self.touching(&range) {
            let both = known.start.max(at)..known.end.min(range.end);
            if both.is_empty() {
                continue;
            }
            if at < both.start {
                visit(at..both.start, false);
            }
            at = both.end;
            visit(both, true);
        }
        if at < range.end {
            visit(at..range.end, false);
        }
    }

    /// Takes the positions of `range` out of the set.
    pub fn remove(&mut self, range: Range<i64>) {
        if range.is_empty() {
            return;
        }
        let touched: Vec<Range<i64>> = self.touching(&range).collect();
        for known in touched {
            self.take(&known);
            for left in [known.start..known.end.min(range.start), known.start.max(range.end)..known.end] {
                if !left.is_empty() {
                    self.put(left);
                }
            }
        }
    }

    /// The uncovered ranges from `from` to the end of the set, ascending.
    pub fn gaps(&self, from: i64) -> impl Iterator<Item = Range<i64>> + '_ {
        self.ranges()
            .scan(from, |at, known| {
                let gap = *at..known.start;
                *at = known.end.max(*at);
                Some(gap)
            })
            .filter(|gap| !gap.is_empty())
    }

    /// The covered ranges, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = Range<i64>> + '_ {
        let first = (!self.first.is_empty()).then(|| self.first.clone());
        first.into_iter().chain(self.rest.iter().map(|(&start, &end)| start..end))
    }

    /// Positions from `range` to the nearest covered one: 0 if it touches or overlaps one; `None` if nothing is covered.
    pub fn distance(&self, range: &Range<i64>) -> Option<u64> {
        let below = self.last_starting_at_or_before(range.start).map(|known| range.start.saturating_sub(known.end));
        let above = self.first_starting_after(range.start).map(|known| known.start.saturating_sub(range.end));
        below.into_iter().chain(above).min().map(|distance| distance.max(0) as u64)
    }

    /// Number of covered positions.
    pub fn covered(&self) -> u64 {
        self.covered
    }

    /// Number of separate ranges.
    pub fn count(&self) -> usize {
        usize::from(!self.first.is_empty()) + self.rest.len()
    }

    /// Nothing is covered.
    pub fn is_empty(&self) -> bool {
        self.first.is_empty()
    }

    /// The lowest covered position.
    pub fn start(&self) -> Option<i64> {
        (!self.is_empty()).then_some(self.first.start)
    }

    /// The position after the highest covered one.
    pub fn end(&self) -> Option<i64> {
        let highest = self.rest.last_key_value().map_or(self.first.end, |(_, &end)| end);
        (!self.is_empty()).then_some(highest)
    }

    fn room_above_first(&self, end: i64) -> bool {
        self.rest.first_key_value().is_none_or(|(&start, _)| end < start)
    }

    /// Covered ranges that share a position with `range` or border on it, ascending.
    fn touching(&self, range: &Range<i64>) -> impl Iterator<Item = Range<i64>> + '_ {
        let (low, high) = (range.start, range.end);
        let before = self.rest.range(..low).next_back();
        let inside = self.rest.range(low..=high.max(low));
        let first = (!self.first.is_empty()).then(|| self.first.clone());
        let rest = before.into_iter().chain(inside).map(|(&start, &end)| start..end);
        first.into_iter().chain(rest).filter(move |known| known.end >= low && known.start <= high)
    }

    fn merge(&mut self, new: Range<i64>) {
        let mut whole = new.clone();
        let touched: smallvec::SmallVec<[Range<i64>; 4]> = self.touching(&new).collect();
        for known in touched {
            self.take(&known);
            whole = whole.start.min(known.start)..whole.end.max(known.end);
        }
        self.put(whole);
    }

    fn take(&mut self, known: &Range<i64>) {
        self.covered -= length(known);
        if *known == self.first {
            self.first = self.rest.pop_first().map_or(0..0, |(start, end)| start..end);
        } else {
            self.rest.remove(&known.start);
        }
    }

    fn put(&mut self, new: Range<i64>) {
        self.covered += length(&new);
        if self.first.is_empty() {
            self.first = new;
        } else if new.start < self.first.start {
            let old = std::mem::replace(&mut self.first, new);
            self.rest.insert(old.start, old.end);
        } else {
            self.rest.insert(new.start, new.end);
        }
    }

    fn last_starting_at_or_before(&self, at: i64) -> Option<Range<i64>> {
        let above_first = self.rest.range(..=at).next_back().map(|(&start, &end)| start..end);
        above_first.or_else(|| (!self.first.is_empty() && self.first.start <= at).then(|| self.first.clone()))
    }

    fn first_starting_after(&self, at: i64) -> Option<Range<i64>> {
        if !self.first.is_empty() && self.first.start > at {
            return Some(self.first.clone());
        }
        let after = (std::ops::Bound::Excluded(at), std::ops::Bound::Unbounded);
        self.rest.range(after).next().map(|(&start, &end)| start..end)
    }
}

fn length(range: &Range<i64>) -> u64 {
    (range.end - range.start) as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Adds ranges in order and shows the pieces of the last one and what is covered then.
    fn check(ranges: &[Range<i64>], pieces: &str, covered: &str) {
        let mut coverage = Coverage::default();
        let mut seen = String::new();
        for range in ranges {
            seen.clear();
            coverage.add(range.clone(), |piece, again| {
                seen += &format!("{}{piece:?} ", if again { "again " } else { "" });
            });
        }
        assert_eq!(seen.trim_end(), pieces);
        assert_eq!(format!("{:?}", coverage.ranges().collect::<Vec<_>>()), covered);
    }

    #[test]
    fn pieces_are_told_in_order() {
        check(&[0..5, 5..9], "5..9", "[0..9]");
        check(&[0..5, 10..15, 3..17], "again 3..5 5..10 again 10..15 15..17", "[0..17]");
        check(&[10..15, 0..5], "0..5", "[0..5, 10..15]");
        check(&[10..15, 20..25, 0..5, 5..10], "5..10", "[0..15, 20..25]");
    }

    #[test]
    fn distance_is_to_the_nearest_covered_position() {
        let mut coverage = Coverage::default();
        assert_eq!(coverage.distance(&(3..5)), None);
        coverage.add(0..10, |_, _| ());
        coverage.add(100..110, |_, _| ());
        let distance = |range| coverage.distance(&range).unwrap();
        assert_eq!(
            (distance(12..14), distance(90..95), distance(5..7), distance(-9..-4), distance(200..201)),
            (2, 5, 0, 4, 90)
        );
    }

    proptest! {
        /// Law 1: coverage equals a naive bitmap, and the pieces tile what was added.
        #[test]
        fn equals_a_bitmap(steps in prop::collection::vec((0i64..200, 0i64..40, prop::bool::weighted(0.8)), 1..60)) {
            let (mut coverage, mut bitmap) = (Coverage::default(), [false; 256]);
            for (start, len, add) in steps {
                let range = start..start + len;
                if add {
                    let mut at = start;
                    coverage.add(range.clone(), |piece, again| {
                        assert_eq!(piece.start, at);
                        assert!(piece.clone().all(|i| bitmap[i as usize] == again));
                        at = piece.end;
                    });
                    prop_assert_eq!(at, range.end);
                } else {
                    coverage.remove(range.clone());
                }
                range.for_each(|i| bitmap[i as usize] = add);
                let ranges: Vec<_> = coverage.ranges().collect();
                let naive: Vec<i64> = (0..256).filter(|&i| bitmap[i as usize]).collect();
                prop_assert_eq!(ranges.iter().cloned().flatten().collect::<Vec<_>>(), naive);
                prop_assert!(ranges.windows(2).all(|two| two[0].end < two[1].start));
                prop_assert_eq!(coverage.covered(), ranges.iter().map(length).sum::<u64>());
                let gaps: u64 = coverage.gaps(0).map(|gap| length(&gap)).sum();
                prop_assert_eq!(gaps + coverage.covered(), coverage.end().unwrap_or(0) as u64);
            }
        }
    }
}
