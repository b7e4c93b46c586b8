//! Names in messages (RFC 1035 §4.1.4), and the small parts messages are made of.

use std::fmt::Write as _;

/// Pointers followed in one name.
const MOST_POINTERS: usize = 32;
/// Bytes of a name, lengths counted, the last one left out (RFC 1035 §2.3.4).
const LONGEST: usize = 254;

/// The name at `at`, which goes to what follows: labels with dots between them, the root as `.`. `None` if it is none; one whose pointers
/// do not lead backwards is none.
pub fn name(message: &[u8], at: &mut usize) -> Option<String> {
    let (mut text, mut wire, mut pointers) = (String::new(), 0, 0);
    let (mut here, mut before, mut after) = (*at, *at, None);
    loop {
        let length = usize::from(*message.get(here)?);
        match length {
            0 => break,
            1..=63 => {
                let label = message.get(here + 1..here + 1 + length)?;
                wire += length + 1;
                if !text.is_empty() {
                    text.push('.');
                }
                push_escaped(label, b".\\\"();@$ ", &mut text);
                here += 1 + length;
            }
            0xc0.. => {
                let to = ((length & 0x3f) << 8) | usize::from(*message.get(here + 1)?);
                after = after.or(Some(here + 2));
                pointers += 1;
                if to >= before {
                    return None;
                }
                (here, before) = (to, to);
            }
            _ => return None,
        }
        if wire > LONGEST || pointers > MOST_POINTERS {
            return None;
        }
    }
    *at = after.unwrap_or(here + 1);
    Some(if text.is_empty() { ".".into() } else { text })
}

/// Bytes as zone files have them (RFC 1035 §5.1): those that are not printable, and `special` ones, as `\DDD`, decimal.
pub fn push_escaped(bytes: &[u8], special: &[u8], text: &mut String) {
    for &byte in bytes {
        if matches!(byte, b' '..=b'~') && !special.contains(&byte) {
            text.push(byte.into());
        } else {
            // writing to a String cannot fail
            let _ = write!(text, "\\{byte:03}");
        }
    }
}

/// The next two bytes as a number.
pub fn next_u16(message: &[u8], at: &mut usize) -> Option<u16> {
    let bytes = message.get(*at..*at + 2)?.try_into().ok()?;
    *at += 2;
    Some(u16::from_be_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(message: &[u8], at: usize) -> Option<(String, usize)> {
        let mut next = at;
        name(message, &mut next).map(|name| (name, next))
    }

    #[test]
    fn names_are_those_of_zone_files() {
        assert_eq!(at(b"\x03www\x07example\0X", 0), Some(("www.example".into(), 13)));
        assert_eq!(at(b"\0", 0), Some((".".into(), 1)));
        assert_eq!(at(b"\x04a.\0\xff\x01\\\0", 0), Some((r"a\046\000\255.\092".into(), 8)));
        assert_eq!(at(b"\x03foo\0\x03bar\xc0\0Z", 5), Some(("bar.foo".into(), 11)));
    }

    #[test]
    fn pointers_lead_backwards_and_names_are_short() {
        for none in [&b"\xc0\0"[..], b"\x01a\xc0\0", b"\xc0\x02\0", b"\x05ab", b"\x40a\0", b"\xc0", b""] {
            assert_eq!(at(none, 0), None, "{none:?}");
        }
        let long = |labels: usize| [b"\x01a".repeat(labels), vec![0]].concat();
        assert!(at(&long(127), 0).is_some() && at(&long(128), 0).is_none());
        let chain: Vec<u8> = [0, 0].into_iter().chain((0..40u8).flat_map(|i| [0xc0, i * 2])).collect();
        assert!(at(&chain, 64).is_some() && at(&chain, 68).is_none(), "too many pointers");
    }
}
