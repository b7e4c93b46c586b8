//! Community ID version 1, by which other tools name the same connection
//! (<https://github.com/corelight/community-id-spec>).

use std::net::IpAddr;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest, Sha1};

use crate::model::{Endpoint, Transport};

/// `1:` and base64 of SHA-1 over seed 0, the lower endpoint's address, the higher's, the protocol, a zero, and the
/// ports in that order.
pub fn community_id(transport: Transport, one: Endpoint, other: Endpoint) -> String {
    let mut text = String::new();
    push_community_id(&mut text, transport, one, other);
    text
}

/// Appends it.
pub(in crate::index) fn push_community_id(text: &mut String, transport: Transport, one: Endpoint, other: Endpoint) {
    let (low, high) = (one.min(other), one.max(other));
    let mut hash = Sha1::new();
    hash.update(0u16.to_be_bytes());
    address(&mut hash, low.ip);
    address(&mut hash, high.ip);
    hash.update([transport.number(), 0]);
    hash.update(low.port.to_be_bytes());
    hash.update(high.port.to_be_bytes());
    text.push_str("1:");
    STANDARD.encode_string(hash.finalize(), text);
}

fn address(hash: &mut Sha1, ip: IpAddr) {
    match ip {
        IpAddr::V4(ip) => hash.update(ip.octets()),
        IpAddr::V6(ip) => hash.update(ip.octets()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values of the reference implementation's baseline.
    #[test]
    fn agrees_with_the_reference() {
        let end = |text: &str| {
            text.parse::<std::net::SocketAddr>().map(|at| Endpoint { ip: at.ip(), port: at.port() }).unwrap()
        };
        let id = community_id(Transport::Tcp, end("128.232.110.120:34855"), end("66.35.250.204:80"));
        assert_eq!(id, "1:LQU9qZlK+B5F3KDmev6m5PMibrg=");
        assert_eq!(id, community_id(Transport::Tcp, end("66.35.250.204:80"), end("128.232.110.120:34855")));
    }
}
