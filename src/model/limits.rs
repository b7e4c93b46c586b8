//! Every limit of the recorder: one name, one place, one reason.

/// Bounds of tracking and reassembly. Reaching one is recorded as an anomaly.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes from the nearest covered byte of any part beyond which a segment starts a new part (tcpflow's `-m`).
    pub max_jump: u64,
    /// Payload bytes stored of one flow file; offsets at or past it are not stored. `None`: all.
    pub max_bytes: Option<u64>,
    /// The later copy of an overlap wins (tcpflow's way) instead of the first.
    pub overlap_last: bool,
    /// Parts of one flow: bounds files made by wild sequence numbers.
    pub max_parts: usize,
    /// Separate covered ranges of one part: bounds memory (16 bytes each) under one-byte-every-other floods.
    pub max_ranges: usize,
    /// Connections of one address and port pair kept at once (generations and paths): bounds the search on a segment.
    pub max_generations: usize,
    /// Bytes of holes in a part of a flow beyond which its digests are left out: holes are read as zeros, and to digest them
    /// takes as long as to digest data.
    pub max_digested_gaps: u64,
    /// Memory that parts of packets take while others are missing, in bytes: past it the packet that waits longest is given
    /// up.
    pub fragment_bytes: usize,
    /// How long after its first part a packet takes more parts, in nanoseconds of capture time (RFC 791 gives 15 s, RFC
    /// 8200 60 s).
    pub fragment_ns: i64,
    /// 802.11 networks listed of a capture: bounds memory (about 200 bytes each) where addresses are made up.
    pub max_networks: usize,
    /// How long a closed connection accepts stragglers, in nanoseconds of capture time: as long as TCP's longest TIME-WAIT.
    pub straggler_ns: i64,
    /// How long an open connection may be silent before it is over, in nanoseconds of capture time; one that only one side was heard of
    /// no longer than stragglers. `None`: for ever.
    pub idle_ns: Option<i64>,
    /// Segments of any connection after which a closed one is thought to be whole, and recorded: its last acknowledgements
    /// come sooner. Changes nothing that is recorded.
    pub settle_after: u64,
    /// Flows with payload of which all is kept at hand, whether or not they are used: as many as usual traffic has, at about
    /// 1 kB each. Changes nothing that is recorded.
    pub awake_flows: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            max_jump: 16 << 20,
            max_bytes: None,
            overlap_last: false,
            max_parts: 1024,
            max_ranges: 1 << 20,
            max_generations: 64,
            max_digested_gaps: 8 << 30,
            fragment_bytes: 16 << 20,
            fragment_ns: 60_000_000_000,
            max_networks: 4096,
            straggler_ns: 120_000_000_000,
            idle_ns: None,
            settle_after: 1024,
            awake_flows: 2048,
        }
    }
}
