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
