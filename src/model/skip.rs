//! Why a frame was not used: one list for the decoder, the index, the messages and the README.

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)*) => {
        /// The one reason a frame was skipped.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum Skip { $($(#[doc = $doc])+ $variant,)* }

        impl Skip {
            /// Every reason, in the order of the list.
            pub const ALL: &'static [Skip] = &[$(Skip::$variant,)*];
            /// The name in the `skipped` view.
            pub fn name(self) -> &'static str {
                match self { $(Skip::$variant => $name,)* }
            }
            /// What the reason means, one sentence.
            pub fn explanation(self) -> &'static str {
                match self { $(Skip::$variant => concat!($($doc),+).trim_ascii(),)* }
            }
            /// The reason with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|reason| reason.name() == name)
            }
        }
    };
}

reasons! {
    /// The capture filter left it out.
    Filtered = "filtered";
    /// The ingest was to go on with known connections only, and it belongs to none.
    NotKnown = "not_known";
    /// The link type of its interface is not decoded.
    UnknownLink = "unknown_link";
    /// The link layer carries something other than IP (ARP, spanning tree, …).
    NotIp = "not_ip";
    /// The IP packet carries something other than TCP (column `protocol` says what).
    NotTcp = "not_tcp";
    /// An encapsulation that is not decoded (a tunnel or shim protocol).
    Encapsulated = "encapsulated";
    /// More encapsulations inside each other than are decoded.
    TooDeep = "too_deep";
    /// A fragment of a datagram that never became whole.
    IncompleteFragment = "incomplete_fragment";
    /// An 802.11 frame sent again that was captured the first time already.
    Retry = "retry";
    /// An 802.11 management or control frame, or one without data.
    NoData = "no_data";
    /// An 802.11 frame whose check sequence is wrong (looked at only where asked for).
    BadFcs = "bad_fcs";
    /// 802.11 or MACsec traffic that is encrypted.
    Encrypted = "encrypted";
    /// The capture cut the frame inside a header that is needed.
    CutHeader = "cut_header";
    /// A header contradicts itself or the length of its packet.
    Malformed = "malformed";
    /// The captured frame is empty.
    Empty = "empty";
}

/// Why a frame was not used, and what it carried instead.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Unused {
    /// The reason.
    pub reason: Skip,
    /// The protocol that the IP packet carries, as IP numbers it, where the reason is that.
    pub protocol: Option<u8>,
}

impl Unused {
    /// A packet of another transport protocol.
    pub fn protocol(protocol: u8) -> Self {
        Unused { reason: Skip::NotTcp, protocol: Some(protocol) }
    }
}

impl From<Skip> for Unused {
    fn from(reason: Skip) -> Self {
        Unused { reason, protocol: None }
    }
}
