//! From extents as they arrived to what lies in the file: ascending, without overlap.
//!
//! Extents only overlap where a later one replaces. Invariant of [`Tiles`]: no two tiles share a byte.

use std::collections::BTreeMap;
use std::ops::Range;

use crate::model::Extent;

/// What lies where, while extents arrive.
#[derive(Debug, Default)]
pub struct Tiles {
    by_position: BTreeMap<i64, Extent>,
}

impl Tiles {
    /// An extent arrives; what it replaces is cut away. One that does not replace takes nothing from others.
    pub fn add(&mut self, extent: Extent) {
        if extent.replaces {
            self.clear(range(&extent));
            self.by_position.insert(extent.position, extent);
            return;
        }
        for free in self.free(range(&extent)) {
            self.by_position.insert(free.start, cut(&extent, &free));
        }
    }

    /// The tiles that share bytes with `wanted`, each cut to it, ascending.
    pub fn within(&self, wanted: Range<i64>) -> impl Iterator<Item = Extent> + '_ {
        let before = self.by_position.range(..wanted.start).next_back();
        let from = self.by_position.range(wanted.start..wanted.end.max(wanted.start));
        let shared = before.into_iter().chain(from).map(|(_, tile)| tile);
        shared.filter_map(move |tile| {
            let common = range(tile).start.max(wanted.start)..range(tile).end.min(wanted.end);
            (!common.is_empty()).then(|| cut(tile, &common))
        })
    }

    /// How many tiles.
    pub fn len(&self) -> usize {
        self.by_position.len()
    }

    fn free(&self, wanted: Range<i64>) -> Vec<Range<i64>> {
        let mut free = Vec::new();
        let mut from = wanted.start;
        for tile in self.within(wanted.clone()) {
            if from < tile.position {
                free.push(from..tile.position);
            }
            from = range(&tile).end;
        }
        if from < wanted.end {
            free.push(from..wanted.end);
        }
        free
    }

    fn clear(&mut self, wanted: Range<i64>) {
        let touched: Vec<Extent> = self.within(wanted.clone()).collect();
        for piece in touched {
            let Some((_, tile)) = self.by_position.range(..=piece.position).next_back() else { continue };
            let tile = tile.clone();
            self.by_position.remove(&tile.position);
            for rest in [tile.position..wanted.start, wanted.end..range(&tile).end] {
                if !rest.is_empty() {
                    self.by_position.insert(rest.start, cut(&tile, &rest));
                }
            }
        }
    }
}

/// The extents that make up the file with offsets `0..length` from `base`: ascending by position, cut to what still
/// counts. `replaced` says that some extents replace others.
pub fn tiles(mut extents: Vec<Extent>, base: i64, length: u64, replaced: bool) -> Vec<Extent> {
    if replaced {
        let mut tiles = Tiles::default();
        extents.drain(..).for_each(|extent| tiles.add(extent));
        extents = tiles.by_position.into_values().collect();
    } else if !extents.is_sorted_by_key(|extent| extent.position) {
        extents.sort_by_key(|extent| extent.position);
    }
    let whole = base..base.saturating_add_unsigned(length);
    if extents.first().is_some_and(|first| first.position < whole.start)
        || extents.last().is_some_and(|last| range(last).end > whole.end)
    {
        extents.retain(|extent| extent.position < whole.end && range(extent).end > whole.start);
        for extent in &mut extents {
            *extent = cut(extent, &(extent.position.max(whole.start)..range(extent).end.min(whole.end)));
        }
    }
    extents
}

fn range(extent: &Extent) -> Range<i64> {
    extent.position..extent.position + i64::from(extent.length)
}

/// The part of an extent that lies in `to`, which lies in it.
fn cut(extent: &Extent, to: &Range<i64>) -> Extent {
    Extent {
        position: to.start,
        length: (to.end - to.start) as u32,
        file_position: extent.file_position.wrapping_add((to.start - extent.position) as u64),
        ..extent.clone()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::Checksum;

    fn extent(position: i64, length: u32, frame: u64, replaces: bool) -> Extent {
        let (checksum, time) = (Checksum::Good, None);
        Extent { position, length, capture: 1, frame, file_position: frame * 1000, time, ttl: 64, checksum, replaces }
    }

    /// Frame and offset in the capture of each byte, from a plain map.
    fn naive(extents: &[Extent], base: i64, length: u64) -> BTreeMap<i64, (u64, u64)> {
        let mut bytes = BTreeMap::new();
        for extent in extents {
            for at in range(extent) {
                let origin = (extent.frame, extent.file_position + (at - extent.position) as u64);
                if extent.replaces || !bytes.contains_key(&at) {
                    bytes.insert(at, origin);
                }
            }
        }
        bytes.retain(|&at, _| at >= base && at < base + length as i64);
        bytes
    }

    fn spread(extents: &[Extent]) -> Vec<(i64, (u64, u64))> {
        extents
            .iter()
            .flat_map(|e| range(e).map(|at| (at, (e.frame, e.file_position + (at - e.position) as u64))))
            .collect()
    }

    proptest! {
        #[test]
        fn agrees_with_a_byte_map(
            list in proptest::collection::vec((-20i64..60, 1u32..20, any::<bool>()), 0..30), base in -20i64..20, length in 0u64..80
        ) {
            let extents: Vec<Extent> =
                list.iter().zip(1..).map(|(&(position, length, replaces), frame)| extent(position, length, frame, replaces)).collect();
            let expected: Vec<_> = naive(&extents, base, length).into_iter().collect();
            prop_assert_eq!(spread(&tiles(extents.clone(), base, length, true)), expected);
        }

        #[test]
        fn without_replacement_sorting_is_enough(cuts in proptest::collection::vec(1u32..9, 1..30), seed in any::<u64>()) {
            let mut at = 0;
            let mut extents: Vec<Extent> = cuts.iter().zip(1..).map(|(&length, frame)| {
                at += i64::from(length);
                extent(at - i64::from(length), length, frame, false)
            }).collect();
            fastrand::Rng::with_seed(seed).shuffle(&mut extents);
            let plain = tiles(extents.clone(), 0, at as u64, false);
            prop_assert_eq!(plain, tiles(extents, 0, at as u64, true));
        }
    }

    #[test]
    fn a_replacement_splits_what_it_hits() {
        let list = tiles(vec![extent(0, 10, 1, false), extent(3, 4, 2, true)], 0, 10, true);
        let text: Vec<String> =
            list.iter().map(|e| format!("{}+{} f{} @{}", e.position, e.length, e.frame, e.file_position)).collect();
        assert_eq!(text, ["0+3 f1 @1000", "3+4 f2 @2000", "7+3 f1 @1007"]);
    }
}
