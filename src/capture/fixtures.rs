//! Captures made by hand for tests, byte by byte, and what they read as.

use std::io::Cursor;

use super::block::Input;
use super::sink::Order;
use super::{Reader, Source, Stop};
use crate::model::{Batch, FrameHead, Note};

/// File header: little-endian, microseconds, version 2.4, snap length 65535, Ethernet.
pub const PCAP: [u8; 24] = [0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 1, 0, 0, 0];

/// A capture of frames given as (seconds, fraction, bytes).
pub fn pcap(frames: &[(u32, u32, &[u8])]) -> Vec<u8> {
    let mut capture = PCAP.to_vec();
    frames.iter().for_each(|(seconds, fraction, data)| capture.extend(record(*seconds, *fraction, data)));
    capture
}

pub fn record(seconds: u32, fraction: u32, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    [words(&[seconds, fraction, length, length + 1], Order::Little), data.to_vec()].concat()
}

pub fn words(words: &[u32], order: Order) -> Vec<u8> {
    let bytes = |word: &u32| if order == Order::Big { word.to_be_bytes() } else { word.to_le_bytes() };
    words.iter().flat_map(bytes).collect()
}

/// A block of the other format, with both lengths.
pub fn block(order: Order, kind: u32, body: &[u8]) -> Vec<u8> {
    let padded = [body, &vec![0; body.len().next_multiple_of(4) - body.len()]].concat();
    let length = padded.len() as u32 + 12;
    [words(&[kind, length], order), padded, words(&[length], order)].concat()
}

pub fn halves(low: u16, high: u16, order: Order) -> Vec<u8> {
    if order == Order::Big {
        [low.to_be_bytes(), high.to_be_bytes()].concat()
    } else {
        [low.to_le_bytes(), high.to_le_bytes()].concat()
    }
}

pub fn section(order: Order) -> Vec<u8> {
    let body = [words(&[0x1a2b_3c4d], order), halves(1, 0, order), words(&[u32::MAX, u32::MAX], order)].concat();
    block(order, 0x0a0d_0d0a, &body)
}

pub fn interface(order: Order, link: u16, snap_length: u32, options: &[u8]) -> Vec<u8> {
    block(order, 1, &[halves(link, 0, order), words(&[snap_length], order), options.to_vec()].concat())
}

pub fn enhanced(order: Order, interface: u32, time: u64, data: &[u8]) -> Vec<u8> {
    let length = data.len() as u32;
    let head = [interface, (time >> 32) as u32, time as u32, length, length + 1];
    block(order, 6, &[words(&head, order), data.to_vec()].concat())
}

/// Everything a capture gives: frames with their bytes, notes, how it ended.
#[derive(Debug, Default, PartialEq)]
pub struct All {
    pub frames: Vec<(FrameHead, Vec<u8>)>,
    pub notes: Vec<Note>,
    pub stop: Option<Stop>,
}

pub fn read(bytes: &[u8]) -> All {
    let (mut all, mut batch) = (All::default(), Batch::default());
    let opened = Input::over(Box::new(Cursor::new(bytes.to_vec())), true)
        .map_err(|error| Stop::unreadable(error.to_string()))
        .and_then(Reader::over);
    let mut reader = match opened {
        Ok(reader) => reader,
        Err(stop) => return All { stop: Some(stop), ..all },
    };
    loop {
        match reader.fill(&mut batch) {
            Ok(more) => {
                let frames = batch.frames.iter().map(|frame| (frame.clone(), batch.data(frame).to_vec()));
                all.frames.extend(frames);
                all.notes.append(&mut batch.notes);
                if !more {
                    break;
                }
            }
            Err(stop) => {
                assert!(batch.frames.is_empty());
                all.stop = Some(stop);
                break;
            }
        }
    }
    assert_eq!(reader.frames(), all.frames.len() as u64);
    let identity = reader.finish();
    assert_eq!(identity.sha256, <[u8; 32]>::from(<sha2::Sha256 as sha2::Digest>::digest(bytes)));
    assert_eq!(identity.size, bytes.len() as u64);
    all
}

/// One line a frame: `number @position link time length/original bytes`, notes as `! kind frame`, the stop last.
pub fn text(bytes: &[u8]) -> String {
    let all = read(bytes);
    let mut lines: Vec<String> = all.frames.iter().map(|(frame, data)| line(frame, data)).collect();
    lines.extend(all.notes.iter().map(|note| format!("! {} {}: {}", note.kind.name(), note.frame, note.detail)));
    lines.extend(all.stop.iter().map(|stop| format!("{:?} {:?}: {stop}", stop.status, stop.offset)));
    lines.join("\n")
}

pub fn line(frame: &FrameHead, data: &[u8]) -> String {
    let time = frame.time.map_or("-".to_owned(), |time| time.nanoseconds().to_string());
    let data = String::from_utf8_lossy(data);
    format!("{} @{} {} {time} {data}/{}", frame.number, frame.position, frame.link.0, frame.original_len)
}
