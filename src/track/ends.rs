//! The two endpoints of a connection, in as little room as they need.

use std::hash::{Hash, Hasher};
use std::net::{IpAddr, Ipv4Addr};

use crate::model::{Endpoint, Segment};

/// Two endpoints, lower first.
#[derive(Clone, Copy, Debug, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ends {
    ips: [IpAddr; 2],
    ports: [u16; 2],
}

impl Ends {
    /// Those of a segment.
    #[inline]
    pub fn of(segment: &Segment<'_>) -> Self {
        let (src, dst) = (&segment.src, &segment.dst);
        match (src.ip, dst.ip) {
            (IpAddr::V4(from), IpAddr::V4(to)) => Ends::v4(plain(from, src.port), plain(to, dst.port)),
            _ if src <= dst => Ends::from([*src, *dst]),
            _ => Ends::from([*dst, *src]),
        }
    }

    /// As numbers, which are put in order without a branch that half of all segments take.
    fn v4(one: u64, other: u64) -> Self {
        let ends = [one.min(other), one.max(other)];
        Ends { ips: ends.map(|end| Ipv4Addr::from_bits((end >> 16) as u32).into()), ports: ends.map(|end| end as u16) }
    }

    /// The endpoint of a side.
    pub fn get(&self, side: usize) -> Endpoint {
        Endpoint { ip: self.ips[side], port: self.ports[side] }
    }

    /// Which side sent the segment.
    #[inline]
    pub fn side(&self, segment: &Segment<'_>) -> usize {
        let (src, lower) = (&segment.src, self.get(0));
        match (src.ip, lower.ip) {
            (IpAddr::V4(from), IpAddr::V4(ip)) => usize::from(plain(from, src.port) != plain(ip, lower.port)),
            _ => usize::from(*src != lower),
        }
    }
}

impl From<[Endpoint; 2]> for Ends {
    fn from(ends: [Endpoint; 2]) -> Self {
        Ends { ips: ends.map(|end| end.ip), ports: ends.map(|end| end.port) }
    }
}

/// As derived, but faster where both are IPv4.
impl PartialEq for Ends {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.ports == other.ports
            && match (self.ips, other.ips) {
                ([IpAddr::V4(a), IpAddr::V4(b)], [IpAddr::V4(c), IpAddr::V4(d)]) => {
                    (a.to_bits() ^ c.to_bits()) | (b.to_bits() ^ d.to_bits()) == 0
                }
                (ips, others) => ips == others,
            }
    }
}

/// Whole words, which a hasher takes in at once.
impl Hash for Ends {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let [low, high] = self.ports.map(u32::from);
        state.write_u32(low << 16 | high);
        match self.ips {
            [IpAddr::V4(low), IpAddr::V4(high)] => {
                state.write_u64(u64::from(low.to_bits()) << 32 | u64::from(high.to_bits()))
            }
            ips => ips.iter().for_each(|&ip| state.write_u128(wide(ip))),
        }
    }
}

/// An IPv4 endpoint as a number, in the order of endpoints.
fn plain(ip: Ipv4Addr, port: u16) -> u64 {
    u64::from(ip.to_bits()) << 16 | u64::from(port)
}

fn wide(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::{Checksum, Flags, Path, Transport};

    prop_compose! {
        fn endpoint()(
            ip in prop_oneof![
                (0..3u8, 0..3u8).prop_map(|(high, low)| IpAddr::from([high, 0, 0, low])),
                (0..3u16).prop_map(|low| IpAddr::from([0, 0, 0, 0, 0, 0, 0, low])),
            ],
            port in 0..3u16,
        ) -> Endpoint {
            Endpoint { ip, port }
        }
    }

    fn segment(src: Endpoint, dst: Endpoint) -> Segment<'static> {
        Segment {
            transport: Transport::Tcp,
            src,
            dst,
            path: Path::default(),
            mac: None,
            seq: 0,
            ack: 0,
            flags: Flags(0),
            window: 0,
            window_scale: None,
            ttl: 0,
            checksum: Checksum::Good,
            payload: &[],
            missing: 0,
        }
    }

    proptest! {
        #[test]
        fn are_the_same_from_both_sides(one in endpoint(), other in endpoint(), third in endpoint()) {
            let [there, back] = [segment(one, other), segment(other, one)];
            let ends = Ends::of(&there);
            prop_assert_eq!([ends.get(0), ends.get(1)], [one.min(other), one.max(other)]);
            prop_assert!(ends == Ends::of(&back));
            prop_assert_eq!(ends.get(ends.side(&there)), one);
            prop_assert_eq!(ends.get(ends.side(&back)), other);
            let others = Ends::of(&segment(one, third));
            prop_assert_eq!(ends == others, ends.ips == others.ips && ends.ports == others.ports);
        }
    }
}
