//! Loads: captures of any size to measure with, streamed as fast as they can be copied, the same from the same seed.
//!
//! ```text
//! Profile (profiles.rs) -> Script of cues (script.rs) -> interleaved (stage.rs) -> Wire (wire.rs, pool.rs): records
//! ```

mod pool;
mod profiles;
mod script;
mod stage;
mod wire;

use std::io::{self, Write};
use std::str::FromStr;

pub use profiles::{IDLE_FRAMES, PROFILES};

/// A profile and its size, written `web=20000`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Load {
    /// Name of the profile: one of [`PROFILES`].
    pub profile: &'static str,
    /// MiB for `bulk`, connections for the others.
    pub size: u64,
}

/// What is in a capture.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Made {
    /// Frames, all of them TCP.
    pub frames: u64,
    /// Connections.
    pub connections: u64,
    /// Segments with payload.
    pub segments: u64,
    /// Payload bytes, each counted once however often it was sent.
    pub payload: u64,
}

impl Load {
    /// A load of the profile with this name.
    pub fn new(name: &str, size: u64) -> Result<Load, String> {
        let found = PROFILES.iter().find(|(known, _)| *known == name);
        let profile = found.map(|(known, _)| *known).ok_or_else(|| format!("`{name}` is no profile"))?;
        Ok(Load { profile, size })
    }

    /// Writes the capture: pcap, Ethernet, IPv4, microseconds, good checksums.
    pub fn write(&self, seed: u64, out: impl Write) -> io::Result<Made> {
        let mut stage = stage::Stage::new(seed, wire::Wire::new(out)?);
        profiles::play(self, &mut stage)?;
        stage.end()
    }
}

/// `web=20000`.
impl FromStr for Load {
    type Err = String;

    fn from_str(text: &str) -> Result<Load, String> {
        let (name, size) = text.split_once('=').ok_or_else(|| format!("`{text}` has no size"))?;
        Load::new(name, size.parse().map_err(|error| format!("`{text}`: {error}"))?)
    }
}

impl std::fmt::Display for Load {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}={}", self.profile, self.size)
    }
}
