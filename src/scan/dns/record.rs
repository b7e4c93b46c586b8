//! What records hold, as text in the form of zone files; and the names of types, classes and response codes as IANA has them.

use std::net::{Ipv4Addr, Ipv6Addr};
use std::ops::Range;

use super::name::{name, next_u16, push_escaped};

const TYPES: &[(u16, &str)] = &[
    (1, "A"),
    (2, "NS"),
    (5, "CNAME"),
    (6, "SOA"),
    (10, "NULL"),
    (11, "WKS"),
    (12, "PTR"),
    (13, "HINFO"),
    (15, "MX"),
    (16, "TXT"),
    (17, "RP"),
    (24, "SIG"),
    (25, "KEY"),
    (28, "AAAA"),
    (29, "LOC"),
    (32, "NIMLOC"),
    (33, "SRV"),
    (35, "NAPTR"),
    (37, "CERT"),
    (38, "A6"),
    (39, "DNAME"),
    (41, "OPT"),
    (43, "DS"),
    (44, "SSHFP"),
    (46, "RRSIG"),
    (47, "NSEC"),
    (48, "DNSKEY"),
    (50, "NSEC3"),
    (51, "NSEC3PARAM"),
    (52, "TLSA"),
    (53, "SMIMEA"),
    (59, "CDS"),
    (60, "CDNSKEY"),
    (61, "OPENPGPKEY"),
    (64, "SVCB"),
    (65, "HTTPS"),
    (99, "SPF"),
    (249, "TKEY"),
    (250, "TSIG"),
    (251, "IXFR"),
    (252, "AXFR"),
    (255, "ANY"),
    (256, "URI"),
    (257, "CAA"),
];

const CLASSES: &[(u16, &str)] = &[(1, "IN"), (3, "CH"), (4, "HS"), (254, "NONE"), (255, "ANY")];

const RCODES: &[(u16, &str)] = &[
    (0, "NOERROR"),
    (1, "FORMERR"),
    (2, "SERVFAIL"),
    (3, "NXDOMAIN"),
    (4, "NOTIMP"),
    (5, "REFUSED"),
    (6, "YXDOMAIN"),
    (7, "YXRRSET"),
    (8, "NXRRSET"),
    (9, "NOTAUTH"),
    (10, "NOTZONE"),
    (16, "BADVERS"),
    (23, "BADCOOKIE"),
];

const OPCODES: &[(u16, &str)] = &[(0, "QUERY"), (1, "IQUERY"), (2, "STATUS"), (4, "NOTIFY"), (5, "UPDATE"), (6, "DSO")];

/// Keys of service parameters (RFC 9460 §14.3.2).
const PARAMETERS: &[(u16, &str)] = &[
    (0, "mandatory"),
    (1, "alpn"),
    (2, "no-default-alpn"),
    (3, "port"),
    (4, "ipv4hint"),
    (5, "ech"),
    (6, "ipv6hint"),
    (7, "dohpath"),
];

/// A type's name: `A`; `TYPE65280` if it has none (RFC 3597 §5).
pub fn type_name(kind: u16) -> String {
    of(TYPES, kind, "TYPE")
}

/// A class's name: `IN`; `CLASS7` if it has none.
pub fn class_name(class: u16) -> String {
    of(CLASSES, class, "CLASS")
}

/// A response code's name: `NXDOMAIN`; `RCODE12` if it has none.
pub fn rcode_name(rcode: u16) -> String {
    of(RCODES, rcode, "RCODE")
}

/// An opcode's name: `UPDATE`; `OPCODE3` if it has none.
pub fn opcode_name(opcode: u16) -> String {
    of(OPCODES, opcode, "OPCODE")
}

fn of(names: &[(u16, &str)], number: u16, prefix: &str) -> String {
    let known = names.iter().find(|(known, _)| *known == number);
    known.map_or_else(|| format!("{prefix}{number}"), |(_, name)| (*name).to_owned())
}

/// What a record holds, which lies at `data` of the message. Of types that are not taken apart, and of data that is not as its
/// type wants it, the length: `\# 4`.
pub fn record_text(kind: u16, message: &[u8], data: Range<usize>) -> String {
    let length = data.len();
    // names in it may point to what is before it, and nothing in it lies behind it
    known(kind, &message[..data.end], data.start).unwrap_or_else(|| format!("\\# {length}"))
}

fn known(kind: u16, message: &[u8], mut at: usize) -> Option<String> {
    let at = &mut at;
    let rest = message.get(*at..)?;
    match kind {
        1 => Some(Ipv4Addr::from(<[u8; 4]>::try_from(rest).ok()?).to_string()),
        28 => Some(Ipv6Addr::from(<[u8; 16]>::try_from(rest).ok()?).to_string()),
        2 | 5 | 12 | 39 => name(message, at),
        15 => Some(format!("{} {}", next_u16(message, at)?, name(message, at)?)),
        6 => soa(message, at),
        33 => {
            let [priority, weight, port] = [next_u16(message, at)?, next_u16(message, at)?, next_u16(message, at)?];
            Some(format!("{priority} {weight} {port} {}", name(message, at)?))
        }
        16 | 99 => strings(rest),
        64 | 65 => service(message, at),
        _ => None,
    }
}

fn soa(message: &[u8], at: &mut usize) -> Option<String> {
    let mut text = format!("{} {}", name(message, at)?, name(message, at)?);
    for _ in 0..5 {
        let number = (u32::from(next_u16(message, at)?) << 16) | u32::from(next_u16(message, at)?);
        text += &format!(" {number}");
    }
    Some(text)
}

/// Strings with their lengths before them: each in quotes.
fn strings(mut bytes: &[u8]) -> Option<String> {
    let mut text = String::new();
    while let Some((&length, rest)) = bytes.split_first() {
        let (string, rest) = rest.split_at_checked(length.into())?;
        text += if text.is_empty() { "\"" } else { " \"" };
        push_escaped(string, b"\"\\", &mut text);
        text.push('"');
        bytes = rest;
    }
    Some(text)
}

/// Priority, target and parameters (RFC 9460 §2.2).
fn service(message: &[u8], at: &mut usize) -> Option<String> {
    let mut text = format!("{} {}", next_u16(message, at)?, name(message, at)?);
    while *at < message.len() {
        let (key, length) = (next_u16(message, at)?, usize::from(next_u16(message, at)?));
        let value = message.get(*at..*at + length)?;
        *at += length;
        text += &format!(" {}", of(PARAMETERS, key, "key"));
        if !value.is_empty() {
            text += &format!("={}", parameter(key, value)?);
        }
    }
    Some(text)
}

fn parameter(key: u16, value: &[u8]) -> Option<String> {
    let mut text = String::new();
    match key {
        1 => return Some(strings(value)?.replace("\" \"", ",").replace('"', "")),
        3 => return Some(u16::from_be_bytes(value.try_into().ok()?).to_string()),
        4 => return addresses(value, |four: [u8; 4]| Ipv4Addr::from(four).to_string()),
        6 => return addresses(value, |sixteen: [u8; 16]| Ipv6Addr::from(sixteen).to_string()),
        _ => push_escaped(value, b"\"\\ ", &mut text),
    }
    Some(text)
}

fn addresses<const N: usize>(value: &[u8], text: impl Fn([u8; N]) -> String) -> Option<String> {
    let each = value.chunks(N).map(|chunk| chunk.try_into().ok().map(&text));
    Some(each.collect::<Option<Vec<_>>>()?.join(","))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_text() {
        let text = |kind, data: &[u8]| record_text(kind, data, 0..data.len());
        assert_eq!(text(1, &[192, 0, 2, 1]), "192.0.2.1");
        assert_eq!(text(1, &[192, 0, 2]), r"\# 3");
        assert_eq!(text(28, &[0; 16]), "::");
        assert_eq!(text(15, b"\0\x0a\x02mx\0"), "10 mx");
        assert_eq!(text(33, b"\0\x01\0\x02\x01\xbb\x01x\0"), "1 2 443 x");
        assert_eq!(text(6, b"\x01a\0\x01b\0\0\0\0\x01\0\0\0\x02\0\0\0\x03\0\0\0\x04\0\0\0\x05"), "a b 1 2 3 4 5");
        assert_eq!(text(16, b"\x05a \"b\xff\0\x01c"), r#""a \034b\255" "" "c""#);
        assert_eq!(text(16, b"\x05a"), r"\# 2");
        let https =
            b"\0\x01\0\0\x01\0\x06\x02h2\x02h3\0\x03\0\x02\x20\xfb\0\x04\0\x04\xc0\0\x02\x01\0\x02\0\0\x12\x34\0\x01z";
        assert_eq!(text(65, https), "1 . alpn=h2,h3 port=8443 ipv4hint=192.0.2.1 no-default-alpn key4660=z");
        assert_eq!(text(65280, b"abc"), r"\# 3");
    }

    #[test]
    fn numbers_without_names_are_told() {
        let told = [type_name(65280), class_name(7), rcode_name(12), opcode_name(3), rcode_name(3), type_name(1)];
        assert_eq!(told, ["TYPE65280", "CLASS7", "RCODE12", "OPCODE3", "NXDOMAIN", "A"]);
    }
}
