//! Link types as capture files number them (<https://www.tcpdump.org/linktypes.html>).

use std::fmt;

/// A LINKTYPE_ or DLT_ number as it stands in a capture file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct LinkType(pub u32);

macro_rules! links {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        impl LinkType {
            $(#[doc = concat!("LINKTYPE ", $number, ": ", $text)] pub const $name: LinkType = LinkType($number);)*
            /// What the number is called, if this program knows it.
            pub fn name(self) -> Option<&'static str> {
                match self.0 { $($number => Some($text),)* _ => None }
            }
        }
    };
}

links! {
    NULL = 0, "BSD loopback";
    ETHERNET = 1, "Ethernet";
    PPP = 9, "PPP";
    RAW_BSD = 12, "raw IP (12)";
    RAW_OPENBSD = 14, "raw IP (14)";
    PPP_SERIAL = 50, "PPP over serial";
    PPP_ETHER = 51, "PPPoE";
    RAW = 101, "raw IP";
    CISCO_HDLC = 104, "Cisco HDLC";
    IEEE802_11 = 105, "802.11";
    LOOP = 108, "OpenBSD loopback";
    ENC = 109, "OpenBSD enc";
    LINUX_SLL = 113, "Linux cooked v1";
    PFLOG = 117, "OpenBSD pflog";
    PRISM = 119, "802.11 with Prism header";
    RADIOTAP = 127, "802.11 with radiotap header";
    AVS = 163, "802.11 with AVS header";
    PPI = 192, "Per-Packet Information";
    PPP_WITH_DIR = 204, "PPP with direction";
    IPV4 = 228, "raw IPv4";
    IPV6 = 229, "raw IPv6";
    LINUX_SLL2 = 276, "Linux cooked v2";
}

/// The name, or `link type 147`.
impl fmt::Display for LinkType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name() {
            Some(name) => f.write_str(name),
            None => write!(f, "link type {}", self.0),
        }
    }
}
