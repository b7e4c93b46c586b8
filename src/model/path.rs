//! The way to a packet through shims and tunnels. It is part of a connection's identity: the same addresses in
//! two VLANs are two networks.

use std::fmt;

use smallvec::SmallVec;

/// One shim or tunnel header between the frame and the IP packet that carries the segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub enum Hop {
    /// An IEEE 802.1Q or 802.1ad tag: the VLAN id, 0 to 4095, without priority bits.
    Vlan(u16),
}

/// Hops from the outermost to the innermost. Empty for a plain packet, and then free of any allocation.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
pub struct Path(pub SmallVec<[Hop; 2]>);

impl Path {
    /// The VLAN that names a flow: the outermost tag of the stack nearest to it.
    pub fn vlan(&self) -> Option<u16> {
        let stack = self.0.iter().rev().map_while(|hop| match hop {
            Hop::Vlan(id) => Some(*id),
        });
        stack.last()
    }

    /// All VLAN ids from the outermost inwards, for people: `100/200`; `None` without a tag.
    pub fn vlans(&self) -> Option<String> {
        let ids: Vec<String> = self.0.iter().map(|Hop::Vlan(id)| id.to_string()).collect();
        (!ids.is_empty()).then(|| ids.join("/"))
    }

    /// The tunnels from the outermost inwards, for people; `None` without one.
    pub fn tunnel(&self) -> Option<String> {
        None
    }
}

/// `vlan 100/vlan 200`; empty for a plain packet.
impl fmt::Display for Path {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, Hop::Vlan(id)) in self.0.iter().enumerate() {
            write!(f, "{}vlan {id}", if i > 0 { "/" } else { "" })?;
        }
        Ok(())
    }
}
