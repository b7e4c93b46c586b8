//! One end of a connection: an IP address and a TCP port.

use std::fmt;
use std::net::IpAddr;

/// Address and port. Orders by address, then port (IPv4 before IPv6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Endpoint {
    /// IPv4 or IPv6 address; an IPv4-mapped IPv6 address stays IPv6.
    pub ip: IpAddr,
    /// TCP port; 0 is a port like any other.
    pub port: u16,
}

/// `10.1.1.1:80`, `[2001:db8::1]:80`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        std::net::SocketAddr::new(self.ip, self.port).fmt(f)
    }
}

/// A number for the two ends of a connection that is the same for both directions, on every machine and for ever
/// (FNV-1a over the lower, then the higher endpoint, and one multiplication to spread the low bits): it names bins
/// of payload files and finds connections at rest in the index. Not for tables an attacker can fill.
pub fn tuple_hash(one: Endpoint, other: Endpoint) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325u64;
    let mut feed = |byte: u8| hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    for end in [one.min(other), one.max(other)] {
        match end.ip {
            IpAddr::V4(ip) => ip.octets().into_iter().for_each(&mut feed),
            IpAddr::V6(ip) => ip.octets().into_iter().for_each(&mut feed),
        }
        end.port.to_be_bytes().into_iter().for_each(&mut feed);
    }
    (hash ^ (hash >> 32)).wrapping_mul(0x9e37_79b9_7f4a_7c15)
}
