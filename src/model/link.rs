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
    SLIP = 8, "SLIP";
    PPP = 9, "PPP";
    FDDI = 10, "FDDI";
    ATM_BSD = 11, "ATM (11)";
    RAW_BSD = 12, "raw IP (12)";
    RAW_OPENBSD = 14, "raw IP (14)";
    PPP_SERIAL = 50, "PPP over serial";
    PPP_ETHER = 51, "PPPoE";
    SYMANTEC = 99, "Symantec firewall";
    ATM = 100, "ATM";
    RAW = 101, "raw IP";
    CISCO_HDLC = 104, "Cisco HDLC";
    IEEE802_11 = 105, "802.11";
    FRAME_RELAY = 107, "frame relay";
    LOOP = 108, "OpenBSD loopback";
    ENC = 109, "OpenBSD enc";
    LINUX_SLL = 113, "Linux cooked v1";
    PFLOG = 117, "OpenBSD pflog";
    PRISM = 119, "802.11 with Prism header";
    IP_OVER_FC = 122, "IP over Fibre Channel";
    SUN_ATM = 123, "SunATM";
    RADIOTAP = 127, "802.11 with radiotap header";
    IEEE1394 = 138, "IP over IEEE 1394";
    DOCSIS = 143, "DOCSIS";
    AVS = 163, "802.11 with AVS header";
    PPI = 192, "Per-Packet Information";
    PPP_PPPD = 166, "PPP of pppd";
    JUNIPER_ETHER = 178, "Juniper Ethernet";
    JUNIPER_PPP = 179, "Juniper PPP";
    JUNIPER_FRELAY = 180, "Juniper frame relay";
    JUNIPER_CHDLC = 181, "Juniper Cisco HDLC";
    PPP_WITH_DIR = 204, "PPP with direction";
    IPNET = 226, "Solaris IPNET";
    IPV4 = 228, "raw IPv4";
    IPV6 = 229, "raw IPv6";
    NFLOG = 239, "Linux NFLOG";
    NETANALYZER = 240, "netANALYZER";
    NETANALYZER_TRANSPARENT = 241, "netANALYZER with preamble";
    IPOIB = 242, "IP over InfiniBand";
    PKTAP = 258, "macOS PKTAP";
    EPON = 259, "EPON";
    MPACKET = 274, "Ethernet with preamble (mPackets)";
    LINUX_SLL2 = 276, "Linux cooked v2";
    DSA_BRCM = 281, "Ethernet with Broadcom tag";
    DSA_BRCM_PREPEND = 282, "Ethernet behind Broadcom tag";
    DSA = 284, "Ethernet with Marvell DSA tag";
    EDSA = 285, "Ethernet with Marvell EDSA tag";
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
