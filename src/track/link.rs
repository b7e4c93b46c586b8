//! How the first frames of a connection came: usually untagged or with one tag, the answer between the same two stations.

use crate::model::{Hop, Path};

/// Source and destination MAC address.
pub type Stations = [[u8; 6]; 2];

/// What the link layer said of the first frame of a side.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Link {
    /// Source and destination MAC address.
    pub mac: Option<Stations>,
    /// VLAN that names the flow.
    pub vlan: Option<u16>,
}

impl Link {
    /// The same link in the other direction.
    pub fn turned(self) -> Link {
        Link { mac: self.mac.map(|[src, dst]| [dst, src]), ..self }
    }
}

/// The path of a connection's first frame, if it is one of the usual ones: a VLAN id (12 bits), or one of these.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FirstPath(u16);

const UNTAGGED: u16 = 0xffff;
const UNUSUAL: u16 = 0xfffe;

impl FirstPath {
    /// Of this path.
    pub fn of(path: &Path) -> Self {
        FirstPath(match path.0.as_slice() {
            [] => UNTAGGED,
            [Hop::Vlan(id)] if *id < UNUSUAL => *id,
            _ => UNUSUAL,
        })
    }

    /// It is known to be this path.
    pub fn is(self, path: &Path) -> bool {
        self.0 != UNUSUAL && self == FirstPath::of(path)
    }

    /// The path; `None` if it is no usual one.
    pub fn usual(self) -> Option<Path> {
        match self.0 {
            UNUSUAL => None,
            UNTAGGED => Some(Path::default()),
            id => Some(Path([Hop::Vlan(id)].into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usual_paths_come_back() {
        let path = |ids: &[u16]| Path(ids.iter().map(|&id| Hop::Vlan(id)).collect());
        for usual in [path(&[]), path(&[0]), path(&[4095])] {
            let first = FirstPath::of(&usual);
            assert!(first.is(&usual) && !first.is(&path(&[7])));
            assert_eq!(first.usual(), Some(usual));
        }
        let two = path(&[1, 2]);
        assert_eq!((FirstPath::of(&two).usual(), FirstPath::of(&two).is(&two)), (None, false));
    }
}
