//! The header of a frame (802.11-2020 §9.2.4, §9.3.2, §9.3.3): frame control, duration, up to four addresses, sequence control,
//! QoS control, HT control.

use crate::decode::rest::Rest;
use crate::model::Skip;

/// Bits of the second byte of frame control.
const TO_DS: u8 = 0x01;
const FROM_DS: u8 = 0x02;
const MORE_FRAGMENTS: u8 = 0x04;
const RETRY: u8 = 0x08;
const PROTECTED: u8 = 0x40;
const HT_CONTROL: u8 = 0x80;

/// Bits of the subtype of a data frame.
const QOS: u8 = 0x08;
const NO_DATA: u8 = 0x04;

/// Bits of QoS control.
const TID: u16 = 0x000f;
const AMSDU: u16 = 0x0080;
const MESH_CONTROL: u16 = 0x0100;
/// What stands for the traffic identifier in frames without QoS, which are numbered apart from those with.
const NO_TID: u8 = 16;

/// What a frame is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Of management, by its subtype.
    Management(u8),
    /// With data.
    Data,
    /// Of the type for data, but without.
    NoData,
    /// Of control, or an extension: it has no such header.
    Other,
}

/// The header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// What the frame is.
    pub kind: Kind,
    flags: u8,
    /// The fourth only in data frames between two stations that both pass on.
    addresses: [[u8; 6]; 4],
    sequence: u16,
    qos: Option<u16>,
}

impl Header {
    /// Bytes of the header that the rest begins with; 0 for a frame that has none.
    ///
    /// # Errors
    /// [`Skip::CutHeader`]; [`Skip::Malformed`] for another version than 0, the only one there is.
    pub fn length(rest: &Rest<'_>) -> Result<usize, Skip> {
        let &[control, flags] = rest.peek::<2>()?;
        if control & 0x03 != 0 {
            return Err(Skip::Malformed);
        }
        let ht_control = if flags & HT_CONTROL != 0 { 4 } else { 0 };
        Ok(match (control >> 2 & 0x03, control >> 4) {
            (0, _) => 24 + ht_control,
            (2, subtype) => {
                let fourth = if flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS { 6 } else { 0 };
                // without QoS the bit asks for strict order
                24 + fourth + if subtype & QOS != 0 { 2 + ht_control } else { 0 }
            }
            _ => 0,
        })
    }

    /// Reads it; the rest stays where it is.
    ///
    /// # Errors
    /// [`Skip::CutHeader`] or [`Skip::Malformed`].
    pub fn read(rest: &Rest<'_>) -> Result<Header, Skip> {
        let mut rest = *rest;
        let &[control, flags] = rest.peek::<2>()?;
        let (kind, has_qos) = match (control >> 2 & 0x03, control >> 4) {
            (0, subtype) => (Kind::Management(subtype), false),
            (2, subtype) if subtype & NO_DATA != 0 => (Kind::NoData, subtype & QOS != 0),
            (2, subtype) => (Kind::Data, subtype & QOS != 0),
            _ => {
                let (addresses, kind) = ([[0; 6]; 4], Kind::Other);
                return Ok(Header { kind, flags, addresses, sequence: 0, qos: None });
            }
        };
        let _control_and_duration = rest.take::<4>()?;
        let mut addresses = [*rest.take()?, *rest.take()?, *rest.take()?, [0; 6]];
        let sequence = u16::from_le_bytes(*rest.take()?);
        if !matches!(kind, Kind::Management(_)) && flags & (TO_DS | FROM_DS) == TO_DS | FROM_DS {
            addresses[3] = *rest.take()?;
        }
        let qos = if has_qos { Some(u16::from_le_bytes(*rest.take()?)) } else { None };
        Ok(Header { kind, flags, addresses, sequence, qos })
    }

    /// Who sent it to whom at last.
    pub fn destination(&self) -> [u8; 6] {
        self.addresses[if self.flags & TO_DS != 0 { 2 } else { 0 }]
    }

    /// Who sent it first.
    pub fn source(&self) -> [u8; 6] {
        self.addresses[match self.flags & (TO_DS | FROM_DS) {
            0 | TO_DS => 1,
            FROM_DS => 2,
            _ => 3,
        }]
    }

    /// Who sent it on this stretch.
    pub fn transmitter(&self) -> [u8; 6] {
        self.addresses[1]
    }

    /// Who was to receive it on this stretch.
    pub fn receiver(&self) -> [u8; 6] {
        self.addresses[0]
    }

    /// The network it belongs to; frames between two that pass on do not tell.
    pub fn network(&self) -> Option<[u8; 6]> {
        match self.flags & (TO_DS | FROM_DS) {
            0 => Some(self.addresses[2]),
            TO_DS => Some(self.addresses[0]),
            FROM_DS => Some(self.addresses[1]),
            _ => None,
        }
    }

    /// Its body is encrypted.
    pub fn is_protected(&self) -> bool {
        self.flags & PROTECTED != 0
    }

    /// It was sent before.
    pub fn is_retry(&self) -> bool {
        self.flags & RETRY != 0
    }

    /// It carries several packets.
    pub fn is_amsdu(&self) -> bool {
        self.qos.is_some_and(|qos| qos & AMSDU != 0)
    }

    /// The bit that says so in a mesh is set, in a frame as meshes send it.
    pub fn may_have_mesh_control(&self) -> bool {
        self.flags & FROM_DS != 0 && self.qos.is_some_and(|qos| qos & MESH_CONTROL != 0)
    }

    /// It carries a part of a packet.
    pub fn is_part(&self) -> bool {
        self.has_more() || self.fragment() > 0
    }

    /// More parts follow.
    pub fn has_more(&self) -> bool {
        self.flags & MORE_FRAGMENTS != 0
    }

    /// Number of the part, from 0.
    pub fn fragment(&self) -> u8 {
        (self.sequence & 0x0f) as u8
    }

    /// Number of the packet.
    pub fn number(&self) -> u16 {
        self.sequence >> 4
    }

    /// Traffic identifier.
    pub fn tid(&self) -> u8 {
        self.qos.map_or(NO_TID, |qos| (qos & TID) as u8)
    }

    /// What a copy sent again has in common with the first, apart from its body.
    pub fn same_in_copies(&self) -> [u8; 15] {
        let (mut same, [n0, n1]) = ([0; 15], self.sequence.to_le_bytes());
        same[..6].copy_from_slice(&self.transmitter());
        same[6..12].copy_from_slice(&self.receiver());
        same[12..].copy_from_slice(&[n0, n1, self.tid()]);
        same
    }
}
