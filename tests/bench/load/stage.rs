//! Where connections play their scripts, many at once.

use std::io::{self, Write};
use std::vec::IntoIter;

use fastrand::Rng;

use super::Made;
use super::script::{Cue, Script};
use super::wire::{Pair, Wire};

/// A capture, and what has been played into it.
pub struct Stage<W> {
    /// Chance, the same from the same seed.
    pub rng: Rng,
    wire: Wire<W>,
    made: Made,
}

/// How connections take turns.
#[derive(Clone, Copy, Debug)]
pub struct Turns {
    /// How many play at once.
    pub at_once: usize,
    /// Segments in one turn.
    pub burst: usize,
}

impl<W: Write> Stage<W> {
    /// An empty one.
    pub fn new(seed: u64, wire: Wire<W>) -> Stage<W> {
        Stage { rng: Rng::with_seed(seed), wire, made: Made::default() }
    }

    /// Plays `count` connections, each as `cast` says, in random turns.
    pub fn interleave(
        &mut self,
        count: u64,
        turns: Turns,
        mut cast: impl FnMut(u64, &mut Rng) -> (Pair, Script),
    ) -> io::Result<()> {
        let mut waiting = 0..count;
        let mut playing: Vec<(Pair, IntoIter<Cue>)> = Vec::new();
        loop {
            while playing.len() < turns.at_once
                && let Some(number) = waiting.next()
            {
                let (pair, script) = cast(number, &mut self.rng);
                self.count(&script);
                playing.push((pair, script.cues.into_iter()));
            }
            if playing.is_empty() {
                return Ok(());
            }
            let turn = self.rng.usize(..playing.len());
            let (pair, cues) = &mut playing[turn];
            cues.take(turns.burst).try_for_each(|cue| self.wire.put(pair, cue))?;
            if cues.len() == 0 {
                playing.swap_remove(turn);
            }
        }
    }

    /// Plays one more segment without payload, of a connection that was played before.
    pub fn put(&mut self, pair: &Pair, cue: Cue) -> io::Result<()> {
        self.wire.put(pair, cue)
    }

    /// Writes what is left; what was played.
    pub fn end(self) -> io::Result<Made> {
        Ok(Made { frames: self.wire.end()?, ..self.made })
    }

    fn count(&mut self, script: &Script) {
        self.made.connections += 1;
        self.made.payload += script.payload;
        self.made.segments += script.cues.iter().filter(|cue| cue.length > 0).count() as u64;
    }
}
