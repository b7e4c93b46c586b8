//! What users write on the command line: addresses, networks, ports, times. Messages quote what was given and say what
//! is expected.

use std::fmt;
use std::net::IpAddr;
use std::ops::RangeInclusive;
use std::str::FromStr;

use crate::model::Timestamp;

/// A word that is not what was expected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{given}` is not {expected}")]
pub struct Malformed {
    /// What was given.
    pub given: String,
    /// What was expected, with an example.
    pub expected: &'static str,
}

fn malformed(given: &str, expected: &'static str) -> Malformed {
    Malformed { given: given.into(), expected }
}

/// An address, or all that share its first bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Net {
    /// The address; bits past `bits` do not count.
    pub ip: IpAddr,
    /// How many leading bits count; all of them for one address.
    pub bits: u8,
}

const NET: &str = "an address or network (10.1.2.3, 10.0.0.0/8, 2001:db8::/32)";

impl Net {
    /// One address.
    pub fn is_one(&self) -> bool {
        self.bits == width(self.ip)
    }

    /// The address lies in it. IPv4 and IPv6 never mix.
    pub fn contains(&self, ip: IpAddr) -> bool {
        let drop = 128 - u32::from(self.bits);
        width(ip) == width(self.ip) && (left_aligned(ip) ^ left_aligned(self.ip)).checked_shr(drop).unwrap_or(0) == 0
    }
}

fn width(ip: IpAddr) -> u8 {
    if ip.is_ipv4() { 32 } else { 128 }
}

/// The bits of an address, the first one highest.
fn left_aligned(ip: IpAddr) -> u128 {
    match ip {
        IpAddr::V4(ip) => u128::from(u32::from(ip)) << 96,
        IpAddr::V6(ip) => u128::from(ip),
    }
}

impl FromStr for Net {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let wrong = || malformed(text, NET);
        let (ip, bits) = text.split_once('/').map_or((text, None), |(ip, bits)| (ip, Some(bits)));
        let ip: IpAddr = ip.parse().map_err(|_| wrong())?;
        let bits = bits.map_or(Ok(width(ip)), |bits| bits.parse().map_err(|_| wrong()))?;
        if bits > width(ip) { Err(wrong()) } else { Ok(Net { ip, bits }) }
    }
}

impl fmt::Display for Net {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_one() { self.ip.fmt(f) } else { write!(f, "{}/{}", self.ip, self.bits) }
    }
}

/// One end: a network, a port, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct End {
    /// Where.
    pub net: Option<Net>,
    /// Which port.
    pub port: Option<u16>,
}

const END: &str = "an address or network, a port, or both (10.1.2.3, 10.0.0.0/8:80, [2001:db8::1]:443, :80)";

impl FromStr for End {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let wrong = |_| malformed(text, END);
        if let Ok(net) = text.parse() {
            return Ok(End { net: Some(net), port: None });
        }
        let (net, port) = text.rsplit_once(':').ok_or_else(|| wrong(()))?;
        let port = Some(port.parse().map_err(|_| wrong(()))?);
        let bare = net.strip_prefix('[').and_then(|net| net.strip_suffix(']'));
        if net.contains(':') && bare.is_none() {
            return Err(wrong(())); // 2001:db8::1:80 could mean either
        }
        let net =
            if net.is_empty() { None } else { Some(bare.unwrap_or(net).parse().map_err(|_: Malformed| wrong(()))?) };
        Ok(End { net, port })
    }
}

/// `80` or `8000-8999`.
pub fn ports(text: &str) -> Result<RangeInclusive<u16>, Malformed> {
    let wrong = || malformed(text, "a port or range of ports (80, 8000-8999)");
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    let port = |text: &str| text.trim().parse::<u16>().map_err(|_| wrong());
    let range = port(low)?..=port(high)?;
    if range.is_empty() { Err(wrong()) } else { Ok(range) }
}

const TIME: &str = "a time (2008-10-06, 2008-10-06T17:54:54Z, 2008-10-06 17:54:54.5, @1223315694.796605)";

/// ISO 8601: a date (its first moment), or date and time with an optional fraction; UTC unless an offset is given. Or
/// `@` and seconds since 1970.
impl FromStr for Timestamp {
    type Err = Malformed;

    fn from_str(text: &str) -> Result<Self, Malformed> {
        let found = match text.strip_prefix('@') {
            Some(seconds) => epoch(seconds),
            None => civil(text),
        };
        found.ok_or_else(|| malformed(text, TIME))
    }
}

fn civil(text: &str) -> Option<Timestamp> {
    let instant: jiff::Timestamp = match text.parse() {
        Ok(instant) => instant,
        Err(_) => text.parse::<jiff::civil::DateTime>().ok()?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp(),
    };
    i64::try_from(instant.as_nanosecond()).ok().map(Timestamp)
}

fn epoch(text: &str) -> Option<Timestamp> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole.strip_prefix('-').unwrap_or(whole)) || !digits(fraction) || fraction.len() > 9 {
        return None;
    }
    let nanoseconds: i64 = format!("{fraction:0<9}").parse().ok()?;
    Timestamp::new(whole.parse().ok()?, if whole.starts_with('-') { -nanoseconds } else { nanoseconds })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks() {
        let has = |net: &str, ip: &str| net.parse::<Net>().unwrap().contains(ip.parse().unwrap());
        assert!(has("10.0.0.0/8", "10.255.0.1") && !has("10.0.0.0/8", "11.0.0.0"));
        assert!(has("10.1.1.1", "10.1.1.1") && !has("10.1.1.1", "10.1.1.2"));
        assert!(has("0.0.0.0/0", "255.255.255.255") && !has("0.0.0.0/0", "::1"), "families do not mix");
        assert!(
            has("::/0", "ffff::")
                && has("2001:db8::/33", "2001:db8:7fff::")
                && !has("2001:db8::/33", "2001:db8:8000::")
        );
        for bad in ["10.0.0.0/33", "10.0.0/8", "::/129", "", "host", "10.0.0.0/"] {
            assert!(bad.parse::<Net>().is_err(), "{bad}");
        }
        let message = "x".parse::<Net>().unwrap_err().to_string();
        assert_eq!(message, "`x` is not an address or network (10.1.2.3, 10.0.0.0/8, 2001:db8::/32)");
    }

    #[test]
    fn ends() {
        let text = |text: &str| {
            let End { net, port } = text.parse().unwrap();
            (net.map(|net| net.to_string()).unwrap_or_default(), port)
        };
        assert_eq!(text("10.1.1.1:80"), ("10.1.1.1".into(), Some(80)));
        assert_eq!(text("10.0.0.0/8:80"), ("10.0.0.0/8".into(), Some(80)));
        assert_eq!(text("[2001:db8::/32]:443"), ("2001:db8::/32".into(), Some(443)));
        assert_eq!(text("2001:db8::1:80"), ("2001:db8::1:80".into(), None), "an address");
        assert_eq!(text(":0"), (String::new(), Some(0)));
        for bad in ["", ":", "10.1.1.1:65536", "[::1]", "x:80", "2001:db8::1:99999"] {
            assert!(bad.parse::<End>().is_err(), "{bad}");
        }
    }

    #[test]
    fn port_ranges() {
        assert_eq!(ports("80"), Ok(80..=80));
        assert_eq!(ports("0-65535"), Ok(0..=65535));
        for bad in ["", "-", "80-", "90-80", "65536", "http"] {
            assert!(ports(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn times() {
        let at = |text: &str| text.parse::<Timestamp>().map(|time| time.to_string());
        let moment = Ok("2008-10-06T17:54:54.796605000Z".to_owned());
        for same in [
            "2008-10-06T17:54:54.796605Z",
            "2008-10-06 17:54:54.796605",
            "@1223315694.796605",
            "2008-10-06T19:54:54.796605+02:00",
        ] {
            assert_eq!(at(same), moment, "{same}");
        }
        assert_eq!(at("2008-10-06"), Ok("2008-10-06T00:00:00.000000000Z".into()));
        assert_eq!(at("@-1.5"), Ok("1969-12-31T23:59:58.500000000Z".into()));
        for bad in ["", "@", "@1.", "@1.2.3", "yesterday", "2008-13-01", "2500-01-01", "@+1"] {
            assert!(at(bad).is_err(), "{bad}");
        }
    }
}
