//! Which connections have an address or a port: the ends of all, 20 bytes each, many in a row of the table `ends`, read
//! through from the first to the last. That takes 15 ms a million. Nothing is ever sorted, neither at the end of a large
//! load nor in the middle of a later one: SQLite's own indexes of these four columns took 2 s and 65 MB a million.
//!
//! An entry tells of a connection that *may* fit: of an IPv6 address it has a hash, and one of a connection that went on
//! in a later ingest stays. What is found is looked at again, in the connection's own row.

use std::net::{IpAddr, Ipv4Addr};
use std::ops::RangeInclusive;

use rusqlite::Connection;
use twox_hash::XxHash3_128;

use super::cells::{ENDS, cells};
use super::sql::parse::{End, Net};
use super::{Result, Writer};
use crate::model::{ConnectionId, Endpoint};

/// Bytes of an entry: number, address of originator and responder, port of each; little endian.
const ENTRY: usize = 20;
/// If more than this share of the connections may fit, it is faster to look at all of them in their order.
const SHARE: usize = 8;
/// A few may always be looked at one by one.
const FEW: usize = 64;
/// More than these are not kept in memory.
const MOST: usize = 1 << 18;

/// Adds an entry.
pub fn push(entries: &mut Vec<u8>, id: ConnectionId, [orig, resp]: [Endpoint; 2]) {
    let mut entry = [0; ENTRY];
    entry[..8].copy_from_slice(&id.to_le_bytes());
    entry[8..12].copy_from_slice(&key(orig.ip).to_le_bytes());
    entry[12..16].copy_from_slice(&key(resp.ip).to_le_bytes());
    entry[16..18].copy_from_slice(&orig.port.to_le_bytes());
    entry[18..].copy_from_slice(&resp.port.to_le_bytes());
    entries.extend_from_slice(&entry);
}

/// A number of an address: of IPv4 the address itself, so that those of a network lie together.
fn key(ip: IpAddr) -> u32 {
    match ip.to_canonical() {
        IpAddr::V4(ip) => ip.into(),
        IpAddr::V6(ip) => XxHash3_128::oneshot(&ip.octets()) as u32,
    }
}

/// An end that is looked for.
#[derive(Clone, Debug)]
pub struct Wanted {
    /// It may be the originator's, the responder's.
    sides: [bool; 2],
    keys: RangeInclusive<u32>,
    ports: RangeInclusive<u16>,
}

impl Wanted {
    /// An end on one of these sides (originator, responder).
    pub fn on(sides: [bool; 2], end: &End) -> Self {
        Wanted {
            sides,
            keys: end.net.as_ref().map_or(0..=u32::MAX, keys),
            ports: end.port.map_or(0..=u16::MAX, |port| port..=port),
        }
    }

    /// Either end, with such an address.
    pub fn net(net: &Net) -> Self {
        Wanted { sides: [true; 2], keys: keys(net), ports: 0..=u16::MAX }
    }

    /// Either end, with such a port.
    pub fn port(ports: &RangeInclusive<u16>) -> Self {
        Wanted { sides: [true; 2], keys: 0..=u32::MAX, ports: ports.clone() }
    }

    fn fits(&self, entry: &[u8; ENTRY]) -> bool {
        let ports = word(entry, 16);
        self.sides[0] && self.is_end(word(entry, 8), ports as u16)
            || self.sides[1] && self.is_end(word(entry, 12), (ports >> 16) as u16)
    }

    fn is_end(&self, key: u32, port: u16) -> bool {
        self.keys.contains(&key) && self.ports.contains(&port)
    }
}

fn word(entry: &[u8; ENTRY], at: usize) -> u32 {
    u32::from_le_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]])
}

/// Numbers of the addresses of a network, and maybe of others.
fn keys(net: &Net) -> RangeInclusive<u32> {
    match net.ip {
        IpAddr::V4(ip) => network(ip, net.bits),
        IpAddr::V6(_) if net.is_one() => key(net.ip)..=key(net.ip),
        IpAddr::V6(_) => 0..=u32::MAX,
    }
}

fn network(ip: Ipv4Addr, bits: u8) -> RangeInclusive<u32> {
    let host = u32::MAX.checked_shr(bits.into()).unwrap_or(0);
    u32::from(ip) & !host..=u32::from(ip) | host
}

/// The connections that may fit: one of the alternatives of each kind. `None`: too many, or nothing is wanted.
pub fn candidates(db: &Connection, kinds: &[Vec<Wanted>]) -> Result<Option<Vec<ConnectionId>>> {
    if kinds.is_empty() {
        return Ok(None);
    }
    let (mut found, mut all) = (Vec::new(), 0);
    let mut statement = db.prepare_cached("SELECT data FROM ends")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (entries, _) = row.get_ref(0)?.as_blob().unwrap_or_default().as_chunks();
        for entry in entries {
            if kinds.iter().all(|any| any.iter().any(|wanted| wanted.fits(entry))) {
                found.push(number(entry));
            }
        }
        all += entries.len();
        if found.len() > MOST {
            return Ok(None);
        }
    }
    Ok((found.len() <= FEW.max(all / SHARE)).then_some(found))
}

fn number(entry: &[u8; ENTRY]) -> ConnectionId {
    entry.first_chunk().map_or(0, |id| ConnectionId::from_le_bytes(*id))
}

impl Writer {
    /// Puts entries, many at once.
    pub(super) fn put_ends(&mut self, entries: &[u8]) -> Result<()> {
        if entries.is_empty() { Ok(()) } else { self.insert_new(&ENDS, &cells![None::<i64>, entries]) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: u64, orig: &str, resp: &str) -> [u8; ENTRY] {
        let mut entries = Vec::new();
        let ends = [orig, resp].map(|end| end.parse::<std::net::SocketAddr>().unwrap());
        push(&mut entries, id, ends.map(|end| Endpoint { ip: end.ip(), port: end.port() }));
        entries.try_into().unwrap()
    }

    #[test]
    fn an_entry_fits_what_its_connection_fits() {
        let v4 = entry(1 << 40, "10.1.2.3:1000", "10.9.9.9:80");
        let v6 = entry(2, "[2001:db8::1]:1000", "[::ffff:10.1.2.3]:443");
        assert_eq!((number(&v4), number(&v6)), (1 << 40, 2));
        let net = |text: &str, entry| Wanted::net(&text.parse().unwrap()).fits(entry);
        for (text, fits) in [
            ("10.1.2.3", true),
            ("10.9.0.0/16", true),
            ("0.0.0.0/0", true),
            ("10.1.2.4", false),
            ("10.2.0.0/15", false),
        ] {
            assert_eq!(net(text, &v4), fits, "{text}");
        }
        assert!(net("2001:db8::1", &v6) && !net("2001:db8::2", &v6) && net("2001:db8::/32", &v6));
        assert!(net("::ffff:10.1.2.3", &v6));
        let end = |sides, text: &str, entry| Wanted::on(sides, &text.parse().unwrap()).fits(entry);
        assert!(end([true, false], "10.0.0.0/8:1000", &v4) && !end([true, false], "10.0.0.0/8:80", &v4));
        assert!(end([false, true], ":80", &v4) && !end([true, true], "10.1.2.3:80", &v4));
        assert!(Wanted::port(&(400..=500)).fits(&v6) && !Wanted::port(&(400..=500)).fits(&v4));
    }
}
