//! The two endpoints of a connection, in as little room as they need.

use std::hash::{Hash, Hasher};
use std::net::IpAddr;

use crate::model::{Endpoint, Segment};

/// Two endpoints, lower first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Ends {
    ips: [IpAddr; 2],
    ports: [u16; 2],
}

impl Ends {
    /// Those of a segment.
    pub fn of(segment: &Segment<'_>) -> Self {
        Ends::from(ends(segment))
    }

    /// The endpoint of a side.
    pub fn get(&self, side: usize) -> Endpoint {
        Endpoint { ip: self.ips[side], port: self.ports[side] }
    }

    /// Which side sent the segment.
    pub fn side(&self, segment: &Segment<'_>) -> usize {
        usize::from(segment.src.port != self.ports[0] || segment.src.ip != self.ips[0])
    }
}

impl From<[Endpoint; 2]> for Ends {
    fn from(ends: [Endpoint; 2]) -> Self {
        Ends { ips: ends.map(|end| end.ip), ports: ends.map(|end| end.port) }
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

fn wide(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => ip.to_bits().into(),
        IpAddr::V6(ip) => ip.to_bits(),
    }
}

fn ends(segment: &Segment<'_>) -> [Endpoint; 2] {
    if segment.src <= segment.dst { [segment.src, segment.dst] } else { [segment.dst, segment.src] }
}
