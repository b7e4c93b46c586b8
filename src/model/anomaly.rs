//! Strange input: recorded, never an error. One list for tracker, readers, index and README.

macro_rules! kinds {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal;)*) => {
        /// What was strange.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum AnomalyKind { $($(#[doc = $doc])+ $variant,)* }

        impl AnomalyKind {
            /// Every kind, in the order of the list.
            pub const ALL: &'static [AnomalyKind] = &[$(AnomalyKind::$variant,)*];
            /// The name in the `anomalies` view.
            pub fn name(self) -> &'static str {
                match self { $(AnomalyKind::$variant => $name,)* }
            }
            /// What the kind means, one sentence.
            pub fn explanation(self) -> &'static str {
                match self { $(AnomalyKind::$variant => concat!($($doc),+).trim_ascii(),)* }
            }
            /// A limit was reached: something was left out.
            pub fn is_limit(self) -> bool {
                self.name().ends_with("_limit")
            }
            /// The kind with this name.
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|kind| kind.name() == name)
            }
        }
    };
}

kinds! {
    /// A frame's time lies before that of the frame in front of it.
    TimeBackwards = "time_backwards";
    /// A frame's time is outside what can be represented, or its fraction exceeds a second.
    TimeOutOfRange = "time_out_of_range";
    /// The file header promises a snap length no capture can have.
    SnapLengthHuge = "snap_length_huge";
    /// The link type of an interface is not decoded: its frames are skipped.
    UnknownLink = "unknown_link";
    /// A frame is longer than the snap length its file header gives; it was kept whole.
    LongerThanSnapLength = "longer_than_snap_length";
    /// The capture ends inside a frame or block.
    CaptureTruncated = "capture_truncated";
    /// The capture is damaged; reading stopped there.
    CaptureDamaged = "capture_damaged";
    /// Frames that came to an interface were lost before they could be read.
    FramesDropped = "frames_dropped";
    /// A RST whose number lies outside the window: it ended nothing.
    RstOutOfWindow = "rst_out_of_window";
    /// A RST carried payload, which is not stream data (RFC 1122 4.2.2.12).
    RstPayload = "rst_payload";
    /// Bytes numbered past the FIN: not data.
    DataPastFin = "data_past_fin";
    /// A FIN whose number contradicts an earlier FIN: ignored.
    FinMoved = "fin_moved";
    /// Bytes numbered before the SYN: not data.
    DataBeforeSyn = "data_before_syn";
    /// SYN together with FIN or RST: counted as a SYN alone.
    SynWithFinOrRst = "syn_with_fin_or_rst";
    /// A SYN/ACK repeated with another initial sequence number: the first one counts.
    SynAckChanged = "synack_changed";
    /// A jump past the limit opened another part of the flow.
    Jump = "jump";
    /// More parts than a flow may have: the bytes were not stored.
    PartLimit = "part_limit";
    /// More holes than a flow may have: the bytes were not stored.
    HoleLimit = "hole_limit";
    /// More bytes than a flow may have: the rest was not stored.
    ByteLimit = "byte_limit";
    /// More generations of one address and port pair at once than are kept: the oldest was ended.
    GenerationLimit = "generation_limit";
    /// So many bytes of a flow are holes that it has no digests: to digest them would take too long.
    DigestLimit = "digest_limit";
    /// A fragment contradicts one that came before, in bytes or in the length of the packet: the first one counts.
    FragmentConflict = "fragment_conflict";
    /// More unfinished packets than may wait for their missing fragments: the one that waited longest was given up.
    FragmentLimit = "fragment_limit";
    /// More 802.11 networks in a capture than are listed: those heard of later were left out.
    NetworkLimit = "network_limit";
    /// A segment came on another path (VLAN, tunnel) than the connection it continues.
    PathChanged = "path_changed";
    /// The memory an ingest may take was used up: connections idle longest were put to rest early, which loses nothing.
    MemoryPressure = "memory_pressure";
    /// A scanner met payload that contradicts its protocol; what it understood is kept.
    ScanStrange = "scan_strange";
    /// A scanner did not get to the end of a connection; what it found before is kept.
    ScanFailed = "scan_failed";
    /// A scanner reached a limit of time, output or depth in a connection; what it found before is kept.
    ScanLimit = "scan_limit";
    /// Flags of a segment with a bad checksum were ignored, since the flow has shown good ones.
    BadChecksumFlags = "bad_checksum_flags";
}
