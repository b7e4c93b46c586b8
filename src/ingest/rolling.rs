//! Cases that take turns: when one is full the next is begun, and the oldest go where there would be too much.

use std::path::PathBuf;

use super::carried::Carried;
use super::{Error, Progress, run};
use crate::case::{Writer, shelf::Shelf};
use crate::model::Timestamp;

/// Where what is heard goes.
#[derive(Clone, Debug)]
pub enum Cases {
    /// Into one case.
    One(PathBuf),
    /// Into cases that take turns; past so many bytes on disk the oldest are removed.
    Many(Shelf, Option<u64>),
}

impl Cases {
    /// The next case.
    pub(super) fn next(&self) -> Result<PathBuf, Error> {
        Ok(match self {
            Cases::One(root) => root.clone(),
            Cases::Many(shelf, _) => shelf.place(Timestamp(run::now()))?,
        })
    }

    /// What goes on from the newest case that is there: an earlier run may have ended in it.
    pub(super) fn carried(&self) -> Result<Carried, Error> {
        let newest = match self {
            Cases::One(_) => None,
            Cases::Many(shelf, _) => shelf.cases()?.pop(),
        };
        let Some(root) = newest else { return Ok(Carried::default()) };
        let mut case = Writer::open(&root)?;
        let carried = Carried::default().on(&root, &mut case.index)?;
        case.index.finish()?;
        Ok(carried)
    }

    /// A case has ended: the oldest are removed if there is too much. The newest stays, however large it is.
    pub(super) fn tidy(&self, progress: &mut dyn Progress) -> Result<(), Error> {
        let Cases::Many(shelf, Some(keep)) = self else { return Ok(()) };
        let (mut cases, mut size) = (shelf.cases()?, shelf.size());
        cases.pop();
        for oldest in cases {
            if size <= *keep {
                break;
            }
            let freed = shelf.remove(&oldest)?;
            size = size.saturating_sub(freed);
            progress.note(&format!("removed `{}`, the oldest case: {freed} bytes", oldest.display()));
        }
        Ok(())
    }
}
