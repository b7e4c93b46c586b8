//! The situations of `testdata/`.

mod bodies;
mod files;
mod fragments;
mod links;
mod numbers;
mod tunnels;
mod web;
mod wifi;

use super::talk::Talk;
use super::{Flow, Situation};

const SERVER: &str = "10.0.0.1:80";
/// The nanoseconds show what a clock of microseconds loses.
const START: i64 = 1_700_000_000_123_456_789;
/// Between the beginnings of two situations, in nanoseconds: longer than any of them, stragglers included.
const APART: i64 = 300_000_000_000;

/// Each of them, in alphabetical order.
pub fn all() -> Vec<Situation> {
    let mut all = vec![web::web(&Scene::number(1))];
    all.extend(bodies::all());
    all.extend(links::all());
    all.extend(numbers::all());
    all.extend(files::all());
    all.extend(wifi::all());
    all.extend(fragments::all());
    all.extend(tunnels::all());
    all.sort_by_key(|situation| situation.name);
    all
}

/// Who talks to whom, and from when on. Every situation has its own number, and so its own client and time: all captures
/// of `testdata/` in one case keep out of each other's way.
#[derive(Clone, Debug)]
struct Scene {
    client: String,
    server: String,
    start: i64,
}

impl Scene {
    fn number(number: u8) -> Scene {
        let client = format!("192.168.{number}.10:49152");
        Scene { client, server: SERVER.to_owned(), start: START + i64::from(number) * APART }
    }

    /// The same time with other people.
    fn between(&self, client: &str, server: &str) -> Scene {
        Scene { client: client.to_owned(), server: server.to_owned(), start: self.start }
    }

    fn talk(&self) -> Talk {
        Talk::new(&self.client, &self.server, self.start)
    }

    /// The client's flow, with `suffix` behind its name.
    fn there(&self, suffix: &str) -> Flow {
        Flow::new(&self.client, &self.server, suffix)
    }

    /// The server's flow, with `suffix` behind its name.
    fn back(&self, suffix: &str) -> Flow {
        Flow::new(&self.server, &self.client, suffix)
    }
}

/// Situations numbered from `first` on. Each list has numbers of its own, so that one more moves no other list's.
fn staged(first: u8, tellers: &[fn(&Scene) -> Situation]) -> Vec<Situation> {
    tellers.iter().zip(first..).map(|(tell, number)| tell(&Scene::number(number))).collect()
}

/// `length` bytes that differ from place to place, and from `seed` to `seed`.
fn text(seed: u8, length: usize) -> Vec<u8> {
    (0..length).map(|at| b'a' + ((at * 7 + at / 26 + usize::from(seed) * 11) % 26) as u8).collect()
}
