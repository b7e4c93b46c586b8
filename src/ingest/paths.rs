//! Paths of flows: which name a new one gets, whatever was given before.

use std::collections::HashSet;
use std::path::PathBuf;

use super::Error;
use super::payload::Payload;
use super::scribe::Scribe;
use crate::case::INDEX;
use crate::index::Reader;
use crate::model::FlowId;
use crate::store::AtRest;
use crate::store::names::Names;
use crate::store::template::{Facts, Template};

/// Paths that are taken.
pub struct Paths {
    names: Names,
    /// Earlier commits hold flows.
    has_earlier: bool,
    /// The directory of the case.
    root: PathBuf,
    /// Where to look for flows of earlier commits, in a recording without end: to ask the thread that writes takes longer.
    committed: Option<Reader>,
    /// Paths of flows taken out of the index to go on.
    woken: HashSet<String>,
    /// Flows that keep their name should they begin again: all their bytes may turn out to lie before a SYN that came late.
    named: HashSet<FlowId>,
}

impl Paths {
    /// None is taken but those of earlier commits.
    pub fn new(template: Template, has_earlier: bool, root: PathBuf) -> Self {
        let (woken, named) = Default::default();
        Paths { names: Names::new(template), has_earlier, root, committed: None, woken, named }
    }

    /// A flow that begins again keeps its name.
    pub fn keep(&mut self, flow: FlowId) {
        self.named.insert(flow);
    }

    /// A flow of an earlier commit goes on.
    pub fn wake(&mut self, flow: FlowId, at_rest: &AtRest) {
        self.woken.insert(at_rest.path.clone());
        if at_rest.length == 0 {
            self.named.insert(flow);
        }
    }

    /// The path of a flow that begins; `None` if it has one.
    pub fn next(
        &mut self,
        facts: &Facts<'_>,
        scribe: &mut Scribe<'_>,
        payload: &Payload,
    ) -> Result<Option<String>, Error> {
        if self.named.contains(&facts.flow) {
            return Ok(None);
        }
        let Paths { names, has_earlier, committed, woken, .. } = self;
        let path = names.next(facts, |path| {
            let mut is_committed = || match committed {
                Some(index) => index.has_path(path).map_err(Error::from),
                None => Ok(scribe.path_taken(path)?),
            };
            let is_taken = *has_earlier && (woken.contains(path) || is_committed()?);
            Ok::<_, Error>(is_taken || payload.is_in_the_way(path)?)
        })?;
        Ok(Some(path))
    }

    /// The next commit is the first after which this is to [`forget`](Self::forget): from then on flows can be looked up by path.
    pub fn before_commit(&self, scribe: &mut Scribe<'_>) -> Result<(), Error> {
        if self.committed.is_none() {
            scribe.path_taken("")?;
        }
        Ok(())
    }

    /// What the last commit holds is no longer known here: the index is asked for it.
    pub fn forget(&mut self) -> Result<(), Error> {
        self.names.forget();
        (self.woken, self.named, self.has_earlier) = (HashSet::new(), HashSet::new(), true);
        if self.committed.is_none() {
            self.committed = Some(Reader::open(&self.root.join(INDEX), &self.root)?);
        }
        Ok(())
    }
}
