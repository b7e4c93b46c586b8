//! Names of payload files, from numbers and a template with tcpflow's letters.
//!
//! Nothing on the wire chooses a path: letters expand to digits, hexadecimal digits and `.:-`; the text between them is
//! the user's and is checked once, when the template is read.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::net::IpAddr;

use crate::model::endpoint::tuple_hash;
use crate::model::{ConnectionId, Endpoint, FlowId, Timestamp, Transport};

/// tcpflow's default name, which the built-in template puts in one of 256 bins.
pub const DEFAULT_NAME: &str = "%A.%a-%B.%b%V%v%C%c";
/// All payload files lie in this directory of the case, unless the case is [`open`](Template::open).
pub const DIRECTORY: &str = "flows";
/// The setting of a case that says in which directory payload files lie: [`DIRECTORY`] or [`OPEN`].
pub const SETTING: &str = "directory";
/// The case directory itself.
pub const OPEN: &str = ".";
/// Whether the settings of a case say that payload files lie in the case directory itself.
pub fn is_open(settings: &BTreeMap<String, String>) -> bool {
    settings.get(SETTING).is_some_and(|directory| directory == OPEN)
}

/// Longest text between letters in one name: leaves room for two IPv6 addresses under the 255 bytes of a file name.
const MAX_LITERAL: usize = 100;
/// Bytes that file systems take for a name, less what `.udp` takes.
const MAX_NAME: usize = 255 - 4;

/// A checked template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Template {
    pieces: Vec<Piece>,
    binned: bool,
    /// Names begin in the case directory itself.
    open: bool,
}

/// What a template knows of a flow.
#[derive(Clone, Copy, Debug)]
pub struct Facts<'a> {
    /// Number of the flow; letters count from 0.
    pub flow: FlowId,
    /// Number of its connection.
    pub connection: ConnectionId,
    /// Sender and receiver.
    pub ends: [Endpoint; 2],
    /// Source and destination MAC address.
    pub mac: Option<&'a [[u8; 6]; 2]>,
    /// VLAN id.
    pub vlan: Option<u16>,
    /// Time of the first packet.
    pub first: Option<Timestamp>,
    /// What carries its payload.
    pub transport: Transport,
}

/// A template that cannot be used.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Error {
    /// No such letter.
    #[error("template `{template}`: `%{letter}` is no template letter")]
    Letter {
        /// The template.
        template: String,
        /// The letter, or nothing at the end.
        letter: String,
    },
    /// Names must lie beneath the case.
    #[error(
        "template `{0}`: names must be relative, without `.`, `..`, empty or over-long components or control characters"
    )]
    Path(String),
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    Text(String),
    Letter(char),
}

const LETTERS: &str = "AaBbEeVvTtCc#NKMGS";

impl Template {
    /// The default: tcpflow's name in a bin that is a fixed hash of the two endpoints, `flows/3f/…`.
    pub fn binned() -> Self {
        Template { pieces: pieces(DEFAULT_NAME).unwrap_or_default(), binned: true, open: false }
    }

    /// The same names, in the case directory itself, as tcpflow's are in its output directory.
    pub fn open(self) -> Self {
        Template { open: true, ..self }
    }

    /// Whether files that are not of the case may lie where payload files are made.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// A template as given by a user; `%C%c` is appended where no `%c` or `%#` is in it.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut pieces = pieces(text).map_err(|letter| Error::Letter { template: text.to_owned(), letter })?;
        let counts = |piece: &Piece| matches!(piece, Piece::Letter('c' | '#'));
        if !pieces.iter().any(counts) {
            pieces.extend([Piece::Letter('C'), Piece::Letter('c')]);
        }
        let shortest = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Letter('C' | 'c' | 'V' | 'v') => String::new(),
            Piece::Letter(_) => "0".to_owned(),
        };
        let sample: String = pieces.iter().map(shortest).collect();
        let bad = |name: &str| name.is_empty() || name == "." || name == ".." || name.len() > MAX_LITERAL;
        let widest = |piece: &Piece| match piece {
            Piece::Text(text) => text.clone(),
            Piece::Letter(letter) => "0".repeat(width(*letter)),
        };
        let longest: String = pieces.iter().map(widest).collect();
        let is_too_long = longest.split('/').any(|name| name.len() > MAX_NAME);
        if is_too_long || sample.split('/').any(bad) || sample.chars().any(char::is_control) {
            return Err(Error::Path(text.to_owned()));
        }
        Ok(Template { pieces, binned: false, open: false })
    }

    /// The path, relative to the case, of a flow whose name was given `count` times before.
    ///
    /// Files of datagrams end in `.udp`, so that their names never stand where those of TCP would.
    pub fn path(&self, facts: &Facts<'_>, count: u32) -> String {
        let mut path = String::with_capacity(USUAL_LENGTH);
        if !self.open {
            path.push_str(DIRECTORY);
            path.push('/');
        }
        if self.binned {
            hexadecimal((tuple_hash(facts.ends[0], facts.ends[1]) >> 56) as u8, &mut path);
            path.push('/');
        }
        for piece in &self.pieces {
            match piece {
                Piece::Text(text) => path.push_str(text),
                Piece::Letter(letter) => expand(*letter, facts, count, &mut path),
            }
        }
        if facts.transport == Transport::Udp {
            path.push_str(".udp");
        }
        path
    }
}

/// Bytes of a binned path between IPv4 addresses with a VLAN tag, and some.
const USUAL_LENGTH: usize = 64;

/// Characters that a letter makes, at most.
fn width(letter: char) -> usize {
    match letter {
        // an IPv6 address without any zeros
        'A' | 'B' => 39,
        'E' | 'e' => 17,
        'T' | 't' | 'S' => 20,
        'c' | '#' => 10,
        'a' | 'b' => 5,
        'v' => 4,
        'N' | 'K' | 'M' | 'G' => 3,
        'V' => 2,
        _ => 1,
    }
}

/// A name is made for every flow, so digits are written without the machinery of `format!`.
fn expand(letter: char, facts: &Facts<'_>, count: u32, out: &mut String) {
    let [src, dst] = &facts.ends;
    // tcpflow counts both from 0
    let (flow, connection) = (facts.flow.saturating_sub(1), facts.connection.saturating_sub(1));
    match letter {
        'A' => address(src.ip, out),
        'a' => decimal(src.port.into(), 5, out),
        'B' => address(dst.ip, out),
        'b' => decimal(dst.port.into(), 5, out),
        'E' => mac(facts.mac.map(|mac| mac[0]), out),
        'e' => mac(facts.mac.map(|mac| mac[1]), out),
        'V' => out.push_str(if facts.vlan.is_some() { "--" } else { "" }),
        'v' => facts.vlan.into_iter().for_each(|vlan| decimal(vlan.into(), 1, out)),
        'T' => iso_seconds(facts.first.unwrap_or_default(), out),
        't' => text(facts.first.unwrap_or_default().seconds(), out),
        'C' => out.push_str(if count > 0 { "c" } else { "" }),
        'c' if count == 0 => {}
        'c' | '#' => decimal(count.into(), 1, out),
        'N' => decimal(flow % 1000, 3, out),
        'K' => decimal(flow / 1000 % 1000, 3, out),
        'M' => decimal(flow / 1_000_000 % 1000, 3, out),
        'G' => decimal(flow / 1_000_000_000 % 1000, 3, out),
        'S' => decimal(connection, 20, out),
        other => out.push(other),
    }
}

/// Digits of a number, with zeros in front up to a width.
fn decimal(number: u64, width: u32, out: &mut String) {
    let digits = number.checked_ilog10().map_or(1, |highest| highest + 1).max(width);
    let digit = |place: u32| 10u64.checked_pow(place).map_or(0, |unit| number / unit % 10) as u8;
    out.extend((0..digits).rev().map(|place| char::from(b'0' + digit(place))));
}

fn hexadecimal(byte: u8, out: &mut String) {
    let digits = [byte >> 4, byte & 0xf].map(|digit| if digit < 10 { b'0' + digit } else { b'a' - 10 + digit });
    out.extend(digits.map(char::from));
}

fn text(value: impl std::fmt::Display, out: &mut String) {
    // writing to a String cannot fail
    let _ = write!(out, "{value}");
}

/// IPv4 as `010.001.002.003`, IPv6 as text.
fn address(ip: IpAddr, out: &mut String) {
    match ip {
        IpAddr::V4(ip) => join(ip.octets(), '.', out, |octet, out| decimal(octet.into(), 3, out)),
        IpAddr::V6(ip) => text(ip, out),
    }
}

fn mac(mac: Option<[u8; 6]>, out: &mut String) {
    join(mac.unwrap_or_default(), ':', out, hexadecimal);
}

fn join<const N: usize>(bytes: [u8; N], between: char, out: &mut String, write: impl Fn(u8, &mut String)) {
    for (i, byte) in bytes.into_iter().enumerate() {
        if i > 0 {
            out.push(between);
        }
        write(byte, out);
    }
}

/// `2008-10-06T17:54:54Z`
fn iso_seconds(time: Timestamp, out: &mut String) {
    out.push_str(time.to_string().split('.').next().unwrap_or_default());
    out.push('Z');
}

/// Splits a template; `Err` is the letter that does not exist.
fn pieces(template: &str) -> Result<Vec<Piece>, String> {
    let (mut pieces, mut text, mut chars) = (Vec::new(), String::new(), template.chars());
    while let Some(c) = chars.next() {
        match (c, if c == '%' { chars.next() } else { None }) {
            ('%', Some('%')) => text.push('%'),
            ('%', Some(letter)) if LETTERS.contains(letter) => {
                pieces.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                pieces.push(Piece::Letter(letter));
            }
            ('%', other) => return Err(other.map(String::from).unwrap_or_default()),
            (c, _) => text.push(c),
        }
    }
    pieces.extend((!text.is_empty()).then_some(Piece::Text(text)));
    Ok(pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(src: &str, dst: &str, vlan: Option<u16>) -> Facts<'static> {
        let end = |text: &str| {
            let address: std::net::SocketAddr = text.parse().unwrap();
            Endpoint { ip: address.ip(), port: address.port() }
        };
        let first = Timestamp::new(1_223_315_694, 796_605_000);
        let (ends, transport) = ([end(src), end(dst)], Transport::Tcp);
        Facts { flow: 1_234_568, connection: 43, ends, mac: None, vlan, first, transport }
    }

    #[test]
    fn names_are_tcpflows() {
        let v4 = facts("10.1.2.3:80", "192.168.0.1:50000", Some(42));
        let v6 = facts("[2001:db8::1]:1", "[::2]:2", None);
        let name = |template: &str, facts, count| Template::parse(template).unwrap().path(facts, count);
        assert_eq!(name(DEFAULT_NAME, &v4, 0), "flows/010.001.002.003.00080-192.168.000.001.50000--42");
        assert_eq!(name(DEFAULT_NAME, &v6, 12), "flows/2001:db8::1.00001-::2.00002c12");
        assert_eq!(
            name("%T_%t/%G%M%K%N_%S_%%_%#", &v4, 0),
            "flows/2008-10-06T17:54:54Z_1223315694/000001234567_00000000000000000042_%_0"
        );
        assert_eq!(name("%E>%e", &v4, 3), "flows/00:00:00:00:00:00>00:00:00:00:00:00c3");
        assert_eq!(Template::parse("%K/%a").unwrap().open().path(&v4, 2), "234/00080c2");
    }

    #[test]
    fn both_directions_share_a_bin() {
        let (there, back) = (facts("10.1.2.3:80", "10.0.0.1:5", None), facts("10.0.0.1:5", "10.1.2.3:80", None));
        let bin = |facts| Template::binned().path(facts, 0)[..9].to_owned();
        assert_eq!(bin(&there), bin(&back));
    }

    #[test]
    fn names_cannot_leave_the_case() {
        for bad in ["/etc/%A", "../%A", "a/../%A", "a//b", "%A/", "x\n%A", "%z", "%", &"x".repeat(300)] {
            assert!(Template::parse(bad).is_err(), "{bad}");
        }
    }
}
