//! Addresses and ports by weight, the rare ones gathered into the subnet or the block of ports around them: as many
//! rows as a page has room for, whose weights add up to all that was put in.
//!
//! A million addresses need no million rows in memory either: past [`MOST`] the lightest are gathered at once. An address
//! that was light until then and is heavy later shows less than it has, its subnet more; sums stay right.

use std::cmp::Reverse;
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use hashbrown::HashMap as Fast;

use crate::index::traffic::{Measure, Weight};

/// Rows held; half of them are gathered when there are more.
const MOST: usize = 1 << 17;
/// From one address to all of them.
const DEPTHS: usize = 5;

/// What is numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Space {
    V4,
    V6,
    Port,
}

impl Space {
    /// Bits of a prefix at each depth: one address first, all of them last.
    fn lengths(self) -> [u8; DEPTHS] {
        match self {
            Space::V4 => [32, 24, 16, 8, 0],
            Space::V6 => [128, 64, 48, 32, 0],
            Space::Port => [16, 10, 6, 2, 0],
        }
    }
}

/// An address, a subnet, a port or a block of ports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Prefix {
    space: Space,
    depth: u8,
    /// From the highest bit on; those past the prefix are 0.
    bits: u128,
}

impl Prefix {
    /// One address.
    pub fn address(ip: IpAddr) -> Self {
        match ip {
            IpAddr::V4(ip) => Prefix { space: Space::V4, depth: 0, bits: u128::from(u32::from(ip)) << 96 },
            IpAddr::V6(ip) => Prefix { space: Space::V6, depth: 0, bits: ip.into() },
        }
    }

    /// One port.
    pub fn port(port: u16) -> Self {
        Prefix { space: Space::Port, depth: 0, bits: u128::from(port) << 112 }
    }

    /// The port, if it is one and no block.
    pub fn single_port(&self) -> Option<u16> {
        (self.space == Space::Port && self.depth == 0).then_some((self.bits >> 112) as u16)
    }

    /// Whether it is one address or port.
    pub fn is_single(&self) -> bool {
        self.depth == 0
    }

    /// Whether it is all addresses of a family, or all ports.
    pub fn is_everything(&self) -> bool {
        self.length() == 0
    }

    /// Whether `other` lies within, or is the same.
    pub fn contains(&self, other: &Prefix) -> bool {
        self.space == other.space && self.depth >= other.depth && other.at_depth(self.depth).bits == self.bits
    }

    fn length(&self) -> u8 {
        self.space.lengths()[usize::from(self.depth)]
    }

    /// The next wider one; everything is its own.
    fn wider(self) -> Self {
        self.at_depth((self.depth + 1).min(DEPTHS as u8 - 1))
    }

    /// The one of that depth around it.
    fn at_depth(self, depth: u8) -> Self {
        let length = self.space.lengths()[usize::from(depth)];
        let mask = u128::MAX.checked_shl(128 - u32::from(length)).unwrap_or(0);
        Prefix { depth, bits: self.bits & mask, ..self }
    }
}

/// `10.1.2.3`, `10.1.0.0/16`, `443`, `49152–65535`, `all IPv6`.
impl fmt::Display for Prefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ip = match self.space {
            Space::V4 if self.is_everything() => return f.write_str("all IPv4"),
            Space::V6 if self.is_everything() => return f.write_str("all IPv6"),
            Space::Port if self.is_everything() => return f.write_str("all ports"),
            Space::Port => {
                let first = (self.bits >> 112) as u16;
                let last = first | u16::MAX.checked_shr(u32::from(self.length())).unwrap_or(0);
                return if self.is_single() { write!(f, "{first}") } else { write!(f, "{first}–{last}") };
            }
            Space::V4 => IpAddr::V4(Ipv4Addr::from((self.bits >> 96) as u32)),
            Space::V6 => IpAddr::V6(Ipv6Addr::from(self.bits)),
        };
        if self.is_single() { write!(f, "{ip}") } else { write!(f, "{ip}/{}", self.length()) }
    }
}

/// A row: what was seen of an address or of several that lie together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Group {
    /// The narrowest prefix around all of them, at the depths of this room.
    pub prefix: Prefix,
    /// Addresses or ports in it that were seen.
    pub members: u64,
    /// What all of them weigh.
    pub weight: Weight,
    /// Where it is gathered; `prefix` lies within.
    at: Prefix,
}

impl Group {
    fn absorb(&mut self, other: &Group) {
        self.weight.add(&other.weight);
        self.members += other.members;
        if self.prefix != other.prefix {
            self.prefix = self.at;
        }
    }
}

/// The rows of a page.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Gathered {
    /// Heaviest first; what is left of everything comes last.
    pub groups: Vec<Group>,
    /// `members` are right: nothing was gathered before all was seen.
    pub exact: bool,
    /// Addresses or ports seen, right if `exact`.
    pub members: u64,
}

/// Takes weights in, and gives rows.
pub struct Gatherer {
    measure: Measure,
    groups: Fast<Prefix, Group, foldhash::fast::RandomState>,
    most: usize,
    exact: bool,
}

impl Gatherer {
    /// An empty one, whose rows are ordered by `measure`.
    pub fn new(measure: Measure) -> Self {
        Gatherer { measure, groups: Fast::default(), most: MOST, exact: true }
    }

    /// Adds what an address or port weighs.
    pub fn add(&mut self, prefix: Prefix, weight: &Weight) {
        let fresh = Group { prefix, members: 1, weight: Weight::default(), at: prefix };
        self.groups.entry(prefix).or_insert(fresh).weight.add(weight);
        if self.groups.len() > self.most {
            self.shrink();
        }
    }

    /// Gathers the lightest half, and again until half the room is free. Which they are depends on weights alone.
    fn shrink(&mut self) {
        self.exact = false;
        while self.groups.len() > self.most / 2 {
            let mut all: Vec<Group> = self.groups.drain().map(|(_, group)| group).collect();
            all.sort_unstable_by_key(|group| (group.weight.by(self.measure), group.at));
            let light = all.len() / 2 + 1;
            all[..light].iter_mut().for_each(|group| group.at = group.at.wider());
            for group in all {
                match self.groups.entry(group.at) {
                    hashbrown::hash_map::Entry::Occupied(mut there) => there.get_mut().absorb(&group),
                    hashbrown::hash_map::Entry::Vacant(free) => drop(free.insert(group)),
                }
            }
        }
    }

    /// At most `rows` rows, but two at least: whatever weighs less than a threshold is gathered, and the threshold is the
    /// lowest that leaves so few.
    pub fn finish(self, rows: usize) -> Gathered {
        let mut all: Vec<Group> = self.groups.into_values().collect();
        all.sort_unstable_by_key(|group| group.at);
        let total = all.iter().fold(0u64, |sum, group| sum.saturating_add(group.weight.by(self.measure)));
        let members = all.iter().map(|group| group.members).sum();
        let mut groups = match few(&all, self.measure, rows, total) {
            _ if all.len() <= rows => all,
            Some(few) => few,
            None => fit(&all, self.measure, rows, total),
        };
        groups
            .sort_by_key(|group| (group.prefix.is_everything(), Reverse(group.weight.by(self.measure)), group.prefix));
        Gathered { groups, exact: self.exact, members }
    }
}

/// Ports have less to do with their neighbours than addresses: where all rows but one can show half of everything, the
/// others share that one.
fn few(all: &[Group], measure: Measure, rows: usize, total: u64) -> Option<Vec<Group>> {
    if rows < 2 || all.len() <= rows || all.iter().any(|group| group.prefix.space != Space::Port) {
        return None;
    }
    let mut few = all.to_vec();
    few.sort_by_key(|group| (Reverse(group.weight.by(measure)), group.prefix));
    let mut others = few.split_off(rows - 1).into_iter();
    let shown: u64 = few.iter().map(|group| group.weight.by(measure)).sum();
    let mut rest = others.next()?;
    rest.at = rest.at.at_depth(DEPTHS as u8 - 1);
    others.for_each(|group| rest.absorb(&group));
    rest.prefix = rest.at;
    few.push(rest);
    (shown >= total / 2).then_some(few)
}

/// The lowest threshold that leaves at most `rows` rows, found by halving to within a sixty-fourth.
fn fit(all: &[Group], measure: Measure, rows: usize, total: u64) -> Vec<Group> {
    let (mut low, mut high) = (0, total.saturating_add(1));
    let mut best = gather(all, measure, high);
    while high - low > 1 + high / 64 {
        let middle = low + (high - low) / 2;
        let groups = gather(all, measure, middle);
        if groups.len() <= rows {
            (best, high) = (groups, middle);
        } else {
            low = middle;
        }
    }
    best
}

/// What weighs less than `threshold` goes into the next wider prefix, depth by depth.
fn gather(all: &[Group], measure: Measure, threshold: u64) -> Vec<Group> {
    let (mut kept, mut rising) = (Vec::new(), Vec::<Group>::new());
    for depth in 0..DEPTHS {
        rising.extend(all.iter().filter(|group| usize::from(group.at.depth) == depth));
        rising.sort_by_key(|group| group.at);
        let mut merged: Vec<Group> = Vec::with_capacity(rising.len());
        for group in rising.drain(..) {
            match merged.last_mut() {
                Some(last) if last.at == group.at => last.absorb(&group),
                _ => merged.push(group),
            }
        }
        let stays = |group: &Group| depth + 1 == DEPTHS || group.weight.by(measure) >= threshold;
        let (staying, light): (Vec<_>, Vec<_>) = merged.into_iter().partition(stays);
        kept.extend(staying);
        rising.extend(light.into_iter().map(|group| Group { at: group.at.wider(), ..group }));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn weight(bytes: u64) -> Weight {
        Weight { bytes, packets: 1, connections: 1 }
    }

    fn rows(input: &[(&str, u64)], rows: usize) -> String {
        let mut gatherer = Gatherer::new(Measure::Bytes);
        for (ip, bytes) in input {
            gatherer.add(Prefix::address(ip.parse().unwrap()), &weight(*bytes));
        }
        text(&gatherer.finish(rows))
    }

    fn text(gathered: &Gathered) -> String {
        let row = |group: &Group| format!("{} x{} {}", group.prefix, group.members, group.weight.bytes);
        gathered.groups.iter().map(row).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn few_stay_as_they_are_heaviest_first() {
        let input = [("10.0.0.1", 5), ("2001:db8::1", 7), ("10.0.0.1", 5), ("10.0.0.2", 1)];
        assert_eq!(rows(&input, 3), "10.0.0.1 x1 10, 2001:db8::1 x1 7, 10.0.0.2 x1 1");
    }

    #[test]
    fn rare_ones_go_into_the_narrowest_subnet_around_them() {
        let heavy = ("192.0.2.1", 1000);
        let input =
            [heavy, ("10.1.2.3", 20), ("10.1.2.4", 30), ("10.1.9.9", 60), ("2001:db8::1", 1), ("2001:db8::2", 2)];
        assert_eq!(rows(&input, 4), "192.0.2.1 x1 1000, 10.1.9.9 x1 60, 10.1.2.0/24 x2 50, 2001:db8::/64 x2 3");
        assert_eq!(rows(&input, 3), "192.0.2.1 x1 1000, 10.1.0.0/16 x3 110, 2001:db8::/64 x2 3");
        let wide = [heavy, ("10.1.2.3", 1), ("11.1.2.4", 1), ("12.0.0.0", 1)];
        assert_eq!(rows(&wide, 2), "192.0.2.1 x1 1000, all IPv4 x3 3");
    }

    #[test]
    fn what_lies_within_is_known() {
        let address = |text: &str| Prefix::address(text.parse().unwrap());
        let net = address("10.1.2.3").wider();
        assert!(net.contains(&address("10.1.2.9")) && net.contains(&net) && net.wider().contains(&net));
        assert!(!net.contains(&address("10.1.3.3")) && !net.contains(&net.wider()) && !net.contains(&Prefix::port(1)));
        assert!(net.at_depth(4).contains(&address("255.0.0.1")) && !net.at_depth(4).contains(&address("::1")));
    }

    fn ports(heavy: u64) -> String {
        let mut gatherer = Gatherer::new(Measure::Bytes);
        (49_152..=65_535).for_each(|port| gatherer.add(Prefix::port(port), &weight(1)));
        gatherer.add(Prefix::port(443), &weight(heavy));
        gatherer.add(Prefix::port(80), &weight(10));
        text(&gatherer.finish(3))
    }

    #[test]
    fn ports_lie_in_blocks_unless_few_have_most() {
        assert_eq!(ports(9_000), "49152–65535 x16384 16384, 443 x1 9000, 80 x1 10");
        assert_eq!(ports(90_000), "443 x1 90000, 80 x1 10, all ports x16384 16384");
    }

    /// However little room there is, sums stay, and so do the rows of the heavy.
    #[test]
    fn a_full_house_loses_nothing() {
        let mut gatherer = Gatherer { most: 64, ..Gatherer::new(Measure::Bytes) };
        for i in 0..10_000u32 {
            gatherer.add(Prefix::address(Ipv4Addr::from(0x0a00_0000 + i * 7919).into()), &weight(1));
            gatherer.add(Prefix::address(IpAddr::from([192, 0, 2, 1])), &weight(3));
            assert!(gatherer.groups.len() <= 64);
        }
        let gathered = gatherer.finish(8);
        assert!(!gathered.exact);
        assert_eq!(
            (gathered.groups[0].prefix.to_string(), gathered.groups[0].weight.bytes),
            ("192.0.2.1".into(), 30_000)
        );
        assert!(gathered.groups.len() <= 8);
        assert_eq!(gathered.groups.iter().map(|group| group.weight.bytes).sum::<u64>(), 40_000);
        assert_eq!(gathered.groups.iter().map(|group| group.weight.connections).sum::<u64>(), 20_000);
    }
}
