//! Which networks were heard: what they say of themselves, and how much of their data was captured.

use std::collections::BTreeMap;

use super::beacon::{self, By};
use super::header::{Header, Kind};
use crate::decode::rest::Rest;
use crate::model::{Timestamp, Wlan};

/// The networks of a capture, each known by its BSSID.
pub struct Networks {
    known: BTreeMap<[u8; 6], Wlan>,
    /// How many are known at most.
    limit: usize,
}

/// A frame is of one network too many.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany;

impl Networks {
    /// None yet, and never more than `limit`.
    pub fn new(limit: usize) -> Self {
        Networks { known: BTreeMap::new(), limit }
    }

    /// Takes in a frame that was received on `channel`.
    pub fn take(
        &mut self,
        time: Option<Timestamp>,
        header: &Header,
        body: &Rest<'_>,
        channel: Option<u8>,
    ) -> Result<(), TooMany> {
        let told = match header.kind {
            Kind::Management(subtype) => beacon::told(subtype, body),
            _ => None,
        };
        let is_group = |bssid: &[u8; 6]| bssid[0] & 1 != 0;
        let Some(bssid) = header.network().filter(|bssid| !is_group(bssid)) else { return Ok(()) };
        if told.is_none() && header.kind != Kind::Data {
            return Ok(());
        }
        if self.known.len() >= self.limit && !self.known.contains_key(&bssid) {
            return Err(TooMany);
        }
        let network = self.known.entry(bssid).or_insert_with(|| Wlan { bssid, ..Wlan::default() });
        network.heard(time);
        let Some(told) = told else {
            network.data_frames += 1;
            network.encrypted_frames += u64::from(header.is_protected());
            return Ok(());
        };
        match told.by {
            By::Beacon => network.beacons += 1,
            By::ProbeResponse => network.probe_responses += 1,
            By::Station => {}
        }
        // what was said first counts: the many frames that repeat it cost nothing
        if network.ssid.is_none() {
            network.ssid = told.ssid.map(<[u8]>::to_vec);
        }
        network.channel = network.channel.or(told.channel).or(channel.filter(|_| told.by != By::Station));
        network.security = network.security.or(told.security);
        Ok(())
    }

    /// All of them, in order of their BSSIDs.
    pub fn into_list(self) -> Vec<Wlan> {
        self.known.into_values().collect()
    }
}
