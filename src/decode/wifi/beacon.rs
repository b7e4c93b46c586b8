//! What management frames say about a network (802.11-2020 §9.3.3): fixed fields, then elements of number, length and value.

use crate::decode::rest::Rest;
use crate::model::Security;

/// What one frame says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told<'a> {
    /// Which frame it is.
    pub by: By,
    /// The network's name, unless it hides it.
    pub ssid: Option<&'a [u8]>,
    /// Its channel.
    pub channel: Option<u8>,
    /// How it protects data.
    pub security: Option<Security>,
}

/// Kinds of management frames that name a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The network itself, unasked.
    Beacon,
    /// The network itself, asked.
    ProbeResponse,
    /// A station that wants to join.
    Station,
}

/// Elements.
const SSID: u8 = 0;
const DS_PARAMETER: u8 = 3;
const RSN: u8 = 48;
const HT_OPERATION: u8 = 61;
const VENDOR: u8 = 221;
/// Microsoft's element for WPA.
const WPA: &[u8] = &[0x00, 0x50, 0xf2, 1];
/// The bit of the capabilities that asks for encryption.
const PRIVACY: u8 = 0x10;
/// Longest name.
const MAX_SSID: usize = 32;

/// What the body of a management frame says, if it is of a subtype that names a network.
pub fn told<'a>(subtype: u8, body: &Rest<'a>) -> Option<Told<'a>> {
    let (by, fixed) = match subtype {
        0 => (By::Station, 4),
        2 => (By::Station, 10),
        5 => (By::ProbeResponse, 12),
        8 => (By::Beacon, 12),
        _ => return None,
    };
    let mut told = Told { by, ssid: None, channel: None, security: None };
    let Some((fields, mut elements)) = body.seen().split_at_checked(fixed) else { return Some(told) };
    let mut offered = Security::default();
    while let &[number, length, ref value @ ..] = elements {
        let Some((value, behind)) = value.split_at_checked(length.into()) else { break };
        match (number, value) {
            (SSID, name) if told.ssid.is_none() && is_name(name) => told.ssid = Some(name),
            (DS_PARAMETER, [channel]) => told.channel = Some(*channel),
            (HT_OPERATION, [channel, ..]) if told.channel.is_none() => told.channel = Some(*channel),
            (RSN, rsn) => (offered.wpa2, offered.wpa3) = generations(rsn),
            (VENDOR, value) if value.starts_with(WPA) => offered.wpa = true,
            _ => {}
        }
        elements = behind;
    }
    // what was cut off might have said more than privacy alone does
    let is_whole = elements.is_empty() && body.is_complete();
    if by != By::Station && (is_whole || offered != Security::default()) {
        offered.wep = offered == Security::default() && fields[10] & PRIVACY != 0;
        told.security = Some(offered);
    }
    Some(told)
}

/// Hidden names are empty, or zeros as long as the name.
fn is_name(ssid: &[u8]) -> bool {
    ssid.len() <= MAX_SSID && ssid.iter().any(|byte| *byte != 0)
}

/// Whether an RSN element (§9.4.2.24) offers what is sold as WPA2, and as WPA3: version (2), group cipher (4), ciphers
/// and ways to authenticate, each as a count (2) and suites (4). What is left out is 802.1X.
fn generations(rsn: &[u8]) -> (bool, bool) {
    let ways = rsn.get(6..).and_then(suites).and_then(|(_, behind)| suites(behind)).map(|(ways, _)| ways);
    let Some(ways) = ways.filter(|ways| !ways.is_empty()) else { return (true, false) };
    // SAE, 192 bits, opportunistic encryption
    let is_new = |way: &[u8]| matches!(way, [0x00, 0x0f, 0xac, 8 | 9 | 12 | 13 | 18 | 24 | 25]);
    (ways.chunks(4).any(|way| !is_new(way)), ways.chunks(4).any(is_new))
}

/// A counted list of suites, and what is behind it.
fn suites(list: &[u8]) -> Option<(&[u8], &[u8])> {
    let (count, list) = list.split_first_chunk::<2>()?;
    list.split_at_checked(4 * usize::from(u16::from_le_bytes(*count)))
}
