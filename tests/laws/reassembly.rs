//! Laws 2, 5 and 6: the payload is what the sender meant, every frame is accounted for, and what is missing is said.

use std::fs;

use fastrand::Rng;
use flowcase::store::Kind;

use super::random::Sent;
use super::twin::{self, File, Overlap};
use super::{capture, on_random_traffic};
use crate::support::{Place, STORES, open, select};
use crate::traffic::packet::Frame;
use crate::traffic::talk::{Client, Talk};
use crate::traffic::{Capture, Link};

#[test]
fn files_are_what_a_slow_twin_makes_of_the_traffic() {
    on_random_traffic(|_, store, sent| assert_like_twin(store, sent, Overlap::First));
}

#[test]
fn so_they_are_where_the_last_copy_wins() {
    on_random_traffic(|_, store, sent| assert_like_twin(store, sent, Overlap::Last));
}

fn assert_like_twin(store: Kind, sent: &[Sent], overlap: Overlap) {
    let place = Place::of(store);
    let words = [capture(&place, "a.pcap", sent), "--overlap".into(), format!("{overlap:?}").to_lowercase()];
    place.ingest("case", &words);
    place.assert_whole("case");
    let (mut made, mut expected) = (files(&place), twin::files(sent, overlap));
    made.sort();
    expected.sort();
    let show = |files: &[File]| files.iter().map(|f| (f.bytes.len(), f.gaps.clone())).collect::<Vec<_>>();
    assert_eq!(show(&made), show(&expected));
    assert!(made == expected, "the bytes differ");
}

/// Every payload file of `case`, with the gaps its rows say.
fn files(place: &Place) -> Vec<File> {
    let (index, payload) = (open(&place.path().join("case")), place.payload("case"));
    let number = |text: &str| text.parse::<u64>().unwrap();
    let file = |row: String| {
        let (id, path) = row.split_once('|').unwrap();
        let gaps = select(&index, &format!("SELECT \"offset\", length FROM gaps WHERE flow_id = {id} ORDER BY 1"));
        let gaps = gaps.iter().map(|gap| gap.split_once('|').map(|(at, length)| (number(at), number(length))).unwrap());
        File { bytes: fs::read(payload.join(path)).unwrap(), gaps: gaps.collect() }
    };
    select(&index, "SELECT id, path FROM flows WHERE path IS NOT NULL").into_iter().map(file).collect()
}

#[test]
fn every_frame_is_used_or_skipped_for_a_reason() {
    on_random_traffic(|_, store, sent| {
        let place = Place::of(store);
        place.ingest("case", &[capture(&place, "a.pcap", sent)]);
        let index = open(&place.path().join("case"));
        let tcp = sent.iter().filter(|sent| sent.tcp).count();
        assert_eq!(select(&index, "SELECT frames, used_frames FROM captures"), [format!("{}|{tcp}", sent.len())]);
        let skipped = select(&index, "SELECT sum(frames) FROM skipped WHERE reason IN ('not_ip', 'not_tcp')");
        assert_eq!(skipped, [(sent.len() - tcp).to_string()]);
    });
}

#[test]
fn order_duplication_splitting_and_first_number_do_not_matter() {
    let mut rng = Rng::with_seed(2);
    let bytes: Vec<u8> = (0..3000).map(|_| rng.u8(..)).collect();
    let telling = |rng: &mut Rng, syn: bool| {
        let mut talk = Talk::new("10.0.0.1:4000", "10.0.0.2:80", 1_700_000_000_000_000_000).isn(rng.u32(..), 7);
        talk = if syn { talk.syn() } else { talk };
        let mut at = 0;
        while at < bytes.len() {
            // some of it twice, split elsewhere
            let back = at - rng.usize(0..=at.min(100));
            let end = bytes.len().min(at + rng.usize(1..700));
            talk = talk.puts(Client, back as i64, &bytes[back..end]);
            at = end;
        }
        shuffled(talk.frames(), rng)
    };
    for round in 0..10 {
        let place = Place::of(STORES[round % 3 % 2]);
        place.file("a.pcap", &Capture::on(Link::Ethernet).frames(telling(&mut rng, round % 2 == 0)).pcap());
        place.ingest("case", &["a.pcap"]);
        let expected = File { bytes: bytes.clone(), gaps: vec![] };
        assert!(files(&place) == [expected], "round {round}");
    }
}

/// In another order, some of them twice.
fn shuffled(mut frames: Vec<Frame>, rng: &mut Rng) -> Vec<Frame> {
    let times: Vec<i64> = frames.iter().chain(&frames).map(|frame| frame.time).collect();
    let again: Vec<Frame> = frames.iter().filter(|_| rng.u32(0..3) == 0).cloned().collect();
    frames.extend(again);
    rng.shuffle(&mut frames);
    let late = |i: usize| if i < times.len() / 2 { 0 } else { 3_600_000_000_000 };
    frames.iter_mut().enumerate().for_each(|(i, frame)| frame.time = times[i] + late(i));
    frames
}
