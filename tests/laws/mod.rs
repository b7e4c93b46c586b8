//! The laws of DESIGN.md, with the built program on random traffic. `FLOWCASE_SEEDS=200` tries more of it; a failure
//! names its seed.

mod order;
mod pieces;
pub mod random;
mod reassembly;
mod resting;
mod twin;

use random::{Sent, Shape, traffic};

use flowcase::store::Kind;

use crate::support::{Place, STORES};
use crate::traffic::{Capture, Link};

/// Tries a law with both stores on traffic of more and more conversations, so that the first failure is among the smallest.
fn on_random_traffic(law: impl Fn(u64, Kind, &[Sent])) {
    let seeds = std::env::var("FLOWCASE_SEEDS").map_or(8, |seeds| seeds.parse().unwrap());
    for seed in 0..seeds {
        let size = 1 + seed as usize % 8;
        let shape = Shape { conversations: 3 * size, bytes: 600 * size * size, segment: 50 * size, trouble: 120 };
        let sent = traffic(seed, shape);
        for store in STORES {
            println!("seed {seed}, {shape:?}, {store:?}");
            law(seed, store, &sent);
        }
    }
}

/// A capture of these frames, by its name in the place.
fn capture<'a>(place: &Place, name: &str, sent: impl IntoIterator<Item = &'a Sent>) -> String {
    let frames = sent.into_iter().map(|sent| sent.frame.clone());
    place.file(name, &Capture::on(Link::Ethernet).frames(frames).pcap())
}
