//! Frames of any kind: cut, damaged, and noise.

use proptest::prelude::*;

use super::air::{announcement, head, networks};
use super::*;
use crate::model::{FrameHead, Limits};

prop_compose! {
    /// Any kind of data frame that can be read, with radiotap in front; and where its payload begins.
    fn framed()(
        ds in 0..4u8, qos: bool, ht_control: bool, padded: bool, check: bool, mesh in 0..3u8, payload_only: bool,
    ) -> (Vec<u8>, usize) {
        let mut behind = if ds == 3 { STATION.to_vec() } else { Vec::new() };
        let has_mesh = qos && ds >= 2 && !payload_only;
        if qos {
            behind.extend([0, u8::from(has_mesh)]);
            behind.extend(vec![7; if ht_control { 4 } else { 0 }]);
        }
        let flags = ds | if ht_control { 0x80 } else { 0 };
        let header = data(if qos { 8 } else { 0 }, flags, [AP, STATION, ROUTER], &behind);
        let mut sent = Vec::new();
        if has_mesh {
            sent.extend([mesh, 1, 2, 3, 4, 5]);
            sent.extend(vec![9; usize::from(mesh) * 6]);
        }
        sent.extend(body());
        let sequence = checked(&[&header[..], &sent].concat());
        let mut frame = header;
        if padded {
            frame.resize(frame.len().next_multiple_of(4), 0xee);
        }
        frame.extend(sent);
        let flags = u8::from(check) * 0x10 + u8::from(padded) * 0x20;
        let mut whole = radiotap(&[2], &[flags], &frame);
        let payload = whole.len() - PAYLOAD.len();
        if check {
            whole.extend(sequence.last_chunk::<4>().unwrap());
        }
        (whole, payload)
    }
}

proptest! {
    #[test]
    fn any_cut_is_a_reason_or_a_prefix((frame, payload) in framed()) {
        for cut in 1..=frame.len() {
            match decode(LinkType::RADIOTAP, &frame[..cut], frame.len() as u32) {
                Err(skip) => prop_assert!(skip == Skip::CutHeader && cut < payload, "{skip:?} at {cut}"),
                Ok(found) => {
                    let segment = found.segment().unwrap();
                    let captured = cut.saturating_sub(payload).min(PAYLOAD.len());
                    prop_assert_eq!(segment.payload, &PAYLOAD[..captured]);
                    prop_assert_eq!(segment.missing as usize, PAYLOAD.len() - captured);
                }
            }
        }
    }

    #[test]
    fn noise_is_survived(
        link in prop::sample::select(vec![105u32, 113, 119, 127, 163, 192, 276]),
        data in prop::collection::vec(any::<u8>(), 0..160), length: u32,
    ) {
        let _ = decode(LinkType(link), &data, length);
        let mut air = Air::new(true, &Limits::default());
        let _ = air.decode(&FrameHead { link: LinkType(link), original_len: length, ..head(data.len(), 1) }, &data);
    }

    #[test]
    fn damaged_frames_are_survived(
        (mut frame, _) in framed(), hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        length in 0..2000u32,
    ) {
        hits.iter().for_each(|(at, byte)| *at.get_mut(&mut frame) = *byte);
        let within = |payload: &[u8]| payload.is_empty() || frame.as_ptr_range().contains(&payload.as_ptr());
        match decode(LinkType::RADIOTAP, &frame, length) {
            Ok(Found::Segment(segment)) => prop_assert!(within(segment.payload)),
            Ok(Found::Fragment(fragment)) => prop_assert!(within(fragment.payload)),
            _ => {}
        }
    }

    #[test]
    fn damaged_beacons_are_survived(
        elements in prop::collection::vec(any::<u8>(), 0..120), subtype in 0..16u8, cut in 0..60usize,
    ) {
        let frame = announcement(subtype, AP, 0x11, &elements);
        let heard = networks(std::slice::from_ref(&frame), cut.min(frame.len()));
        prop_assert!(heard.networks.len() <= 1);
    }
}
