//! The frames of one payload file, counted in as little room as they need.

use super::event::Stamp;
use super::span::{Span, extend};
use crate::model::FlowId;

/// The frames of one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Flow {
    /// Its number.
    pub id: FlowId,
    /// Frames (for the first part also those without payload).
    pub packets: u64,
    /// Time of the first and the last of them.
    pub span: Option<Span>,
}

impl Flow {
    /// A flow without frames yet.
    pub fn new(id: FlowId) -> Self {
        Flow { id, packets: 0, span: None }
    }

    /// Counts a frame.
    pub fn count(&mut self, at: Stamp) {
        self.packets += 1;
        extend(&mut self.span, at.time);
    }
}

/// A count of 48 bits: more frames than any capture can hold, since each takes at least 16 bytes of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Count([u16; 3]);

impl Count {
    /// The number.
    pub fn get(self) -> u64 {
        let [low, middle, high] = self.0.map(u64::from);
        low | middle << 16 | high << 32
    }

    /// One more.
    pub fn increase(&mut self) {
        *self = Count::from(self.get() + 1);
    }
}

impl From<u64> for Count {
    /// Counts past 48 bits stay at the highest.
    fn from(count: u64) -> Self {
        let count = count.min((1 << 48) - 1);
        Count([count as u16, (count >> 16) as u16, (count >> 32) as u16])
    }
}

#[cfg(test)]
mod tests {
    use super::Count;

    #[test]
    fn counts_past_what_its_pieces_hold() {
        for count in [0, 1, 0xffff, 0xffff_ffff, 0x1_2345_6789] {
            let mut one_more = Count::from(count);
            one_more.increase();
            assert_eq!((Count::from(count).get(), one_more.get()), (count, count + 1));
        }
        assert_eq!(Count::from(u64::MAX).get(), (1 << 48) - 1);
    }
}
