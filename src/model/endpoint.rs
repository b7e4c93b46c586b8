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

/// An address as `Display` writes it, in parts. IPv4 goes without the machinery of `std::fmt`, which took a tenth of the time to
/// prepare a row.
#[inline]
pub fn push_ip(ip: IpAddr, mut push: impl FnMut(&str)) {
    let IpAddr::V4(ip) = ip else { return push(&ip.to_string()) };
    for (i, octet) in ip.octets().into_iter().enumerate() {
        if i > 0 {
            push(".");
        }
        push(itoa::Buffer::new().format(octet));
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_read_as_displayed() {
        for octet in 0..=u8::MAX {
            let ip = IpAddr::from([octet, 255 - octet, octet / 3, octet ^ 99]);
            for ip in [ip, IpAddr::from([0x2001, 0, 0, 0, 0, 0, 0, octet.into()])] {
                let mut text = String::new();
                push_ip(ip, |part| text.push_str(part));
                assert_eq!(text, ip.to_string());
            }
        }
    }
}
