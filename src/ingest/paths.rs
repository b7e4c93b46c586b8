//! Paths of flows: which name a new one gets, whatever was given before.

use std::collections::HashSet;

use super::Error;
use super::payload::Payload;
use super::scribe::Scribe;
use crate::case;
use crate::index::path_key;
use crate::model::FlowId;
use crate::store::names::Names;
use crate::store::template::{Facts, Template};
use crate::store::{AtRest, Keys, at};

/// Paths that are taken.
pub struct Paths {
    names: Names,
    /// Earlier commits hold flows.
    has_earlier: bool,
    given: Option<Given>,
    /// Paths of flows taken out of the index to go on.
    woken: HashSet<String>,
    /// Flows that keep their name should they begin again: all their bytes may turn out to lie before a SYN that came late.
    named: HashSet<FlowId>,
}

/// Every path of a recording without end, by its key: to look each up in an index that grows takes longer than all else.
pub struct Given {
    earlier: Keys,
    /// Since the last commit.
    fresh: Vec<u64>,
}

/// Keys read from the index at once.
const AT_ONCE: usize = 1 << 17;
/// Where they are, for people.
const FILE: &str = "names given";

impl Given {
    /// Those of the flows that a case has.
    pub fn of_case(case: &case::Writer) -> Result<Self, Error> {
        let mut given = Given { earlier: Keys::beneath(&case.beneath), fresh: Vec::new() };
        case.index.each_path_key(&mut |key| {
            given.fresh.push(key as u64);
            if given.fresh.len() < AT_ONCE { Ok(()) } else { given.settle() }
        })?;
        given.settle()?;
        Ok(given)
    }

    fn has(&self, path: &str) -> Result<bool, Error> {
        Ok(self.earlier.has(path_key(path) as u64).map_err(at(FILE))?)
    }

    fn settle(&mut self) -> Result<(), Error> {
        Ok(self.earlier.add(std::mem::take(&mut self.fresh)).map_err(at(FILE))?)
    }
}

impl Paths {
    /// None is taken but those of earlier commits.
    pub fn new(template: Template, has_earlier: bool, given: Option<Given>) -> Self {
        let (woken, named) = Default::default();
        Paths { names: Names::new(template), has_earlier, given, woken, named }
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
        let Paths { names, has_earlier, given, woken, .. } = self;
        let path = names.next(facts, |path| {
            let mut is_committed = || match given {
                Some(given) => given.has(path),
                None => Ok(scribe.path_taken(path)?),
            };
            let is_taken = *has_earlier && (woken.contains(path) || is_committed()?);
            Ok::<_, Error>(is_taken || payload.is_in_the_way(path)?)
        })?;
        if let Some(given) = given {
            given.fresh.push(path_key(&path) as u64);
        }
        Ok(Some(path))
    }

    /// What the last commit holds is no longer known in memory.
    pub fn forget(&mut self) -> Result<(), Error> {
        self.names.forget();
        (self.woken, self.named, self.has_earlier) = (HashSet::new(), HashSet::new(), true);
        self.given.as_mut().map_or(Ok(()), Given::settle)
    }
}
