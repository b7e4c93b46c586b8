//! Sequence numbers (RFC 9293 §3.4) are 32 bits and wrap; stream positions are 64 bits and do not.

/// Maps 32-bit sequence numbers to stream positions, each to the one nearest to the highest position reached so far.
///
/// Position 0 is the number the space was made with. Streams of any length work as long as neighbouring segments
/// lie less than 2³¹ apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct SeqSpace {
    /// Sequence number of position 0.
    anchor: u32,
    /// Highest position reached: what new numbers are near to.
    reached: i64,
}

impl SeqSpace {
    /// A space whose position 0 is the sequence number `anchor`.
    pub fn new(anchor: u32) -> Self {
        SeqSpace { anchor, reached: 0 }
    }

    /// The stream position of `seq`: the candidate within 2³¹ of the highest position reached.
    pub fn position(&self, seq: u32) -> i64 {
        let distance = seq.wrapping_sub(self.sequence(self.reached)) as i32;
        self.reached + i64::from(distance)
    }

    /// The 32-bit number on the wire at `position`.
    pub fn sequence(&self, position: i64) -> u32 {
        self.anchor.wrapping_add(position as u32)
    }

    /// The highest position reached.
    pub fn reached(&self) -> i64 {
        self.reached
    }

    /// Data up to `position` was seen.
    pub fn reach(&mut self, position: i64) {
        self.reached = self.reached.max(position);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wraps_forward_and_looks_back() {
        let mut space = SeqSpace::new(u32::MAX - 1);
        assert_eq!(space.position(u32::MAX), 1);
        assert_eq!(space.position(3), 5);
        space.reach(5);
        assert_eq!(space.position(u32::MAX - 5), -4);
    }

    #[test]
    fn follows_a_stream_past_four_gigabytes() {
        let mut space = SeqSpace::new(7);
        for step in 1..=10i64 {
            let position = step * (1 << 30);
            assert_eq!(space.position(7u32.wrapping_add(position as u32)), position);
            space.reach(position);
        }
        assert_eq!(space.sequence(space.reached()), 7u32.wrapping_add(2 << 30));
    }
}
