//! Any bytes as a capture file: frames lie inside what was read, and are the same however the bytes trickle in.

use std::io::{Cursor, Read};

use flowcase::capture::block::Input;
use flowcase::capture::{Reader, Source};
use flowcase::model::Batch;

/// No compressed capture of a few bytes may keep a target busy for ever.
const MOST: u64 = 8 << 20;

pub fn run(data: &[u8]) {
    let whole = frames(Box::new(Cursor::new(data.to_vec())));
    let step = 1 + data.len() % 13;
    let trickled = frames(Box::new(Trickle { data: data.to_vec(), at: 0, step }));
    let is_damaged = |(_, why): &All| why.as_ref().is_some_and(|why| why.contains("stream is damaged"));
    if is_damaged(&whole) || is_damaged(&trickled) {
        // how much a decompressor gives before it stumbles depends on how much it was given: enough for the capture in it to be at
        // fault first, or not
        let both = whole.0.len().min(trickled.0.len());
        return assert_eq!(whole.0[..both], trickled.0[..both]);
    }
    assert_eq!(whole, trickled, "in steps of {step}");
}

/// Numbers, positions and bytes of all frames, and how it ended.
type All = (Vec<(u64, u64, Vec<u8>)>, Option<String>);

fn frames(raw: Box<dyn Read + Send>) -> All {
    let opened = Input::over(raw, false).map_err(|error| error.to_string());
    let mut reader = match opened.and_then(|input| Reader::over(input).map_err(|stop| stop.to_string())) {
        Ok(reader) => reader,
        Err(why) => return (Vec::new(), Some(why)),
    };
    let (mut batch, mut all, mut bytes) = (Batch::default(), Vec::new(), 0);
    loop {
        match reader.fill(&mut batch) {
            Ok(more) => {
                for frame in &batch.frames {
                    assert!(frame.at.start <= frame.at.end && frame.at.end as usize <= batch.bytes.len());
                    assert_eq!(frame.number, all.len() as u64 + 1);
                    all.push((frame.number, frame.position, batch.data(frame).to_vec()));
                }
                bytes += batch.bytes.len() as u64;
                if !more || bytes > MOST {
                    return (all, None);
                }
            }
            Err(stop) => return (all, Some(stop.to_string())),
        }
    }
}

/// Gives a few bytes at a time.
struct Trickle {
    data: Vec<u8>,
    at: usize,
    step: usize,
}

impl Read for Trickle {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let length = self.step.min(into.len()).min(self.data.len() - self.at);
        into[..length].copy_from_slice(&self.data[self.at..self.at + length]);
        self.at += length;
        Ok(length)
    }
}
