//! Table `wifi_network`: 802.11 networks that were heard.

use super::cells::{WIFI_NETWORK, cells};
use super::list::{list, unsigned};
use super::{Reader, Result, Writer};
use crate::model::{CaptureId, Wlan};

/// A network: a row of the `wifi_networks` view.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NetworkInfo {
    /// Its address as text.
    pub bssid: String,
    /// Its name.
    pub ssid: Option<String>,
    /// Its channel.
    pub channel: Option<u8>,
    /// `open`, `WPA2`, …
    pub security: Option<String>,
    /// Its beacons.
    pub beacons: u64,
    /// Its answers to probes.
    pub probe_responses: u64,
    /// Frames with data.
    pub data_frames: u64,
    /// Those of them that are encrypted.
    pub encrypted_frames: u64,
}

impl Writer {
    pub(super) fn put_network(&mut self, capture: CaptureId, network: &Wlan) -> Result<()> {
        let (bssid, ssid) = (network.bssid_text(), network.ssid_text());
        let security = network.security.map(|security| security.to_string());
        let (first, last) = network.span.unzip();
        self.insert_new(
            &WIFI_NETWORK,
            &cells![
                capture,
                &bssid,
                ssid.as_ref(),
                network.channel,
                security.as_ref(),
                network.beacons,
                network.probe_responses,
                network.data_frames,
                network.encrypted_frames,
                first,
                last,
            ],
        )
    }
}

impl Reader {
    /// Every network, those heard most first.
    pub fn networks(&self) -> Result<Vec<NetworkInfo>> {
        let sql = "SELECT bssid, ssid, channel, security, beacons, probe_responses, data_frames, encrypted_frames
            FROM wifi_networks ORDER BY beacons + probe_responses + data_frames DESC, bssid";
        list(&self.db, sql, [], |row| {
            Ok(NetworkInfo {
                bssid: row.get(0)?,
                ssid: row.get(1)?,
                channel: row.get(2)?,
                security: row.get(3)?,
                beacons: unsigned(row, 4)?,
                probe_responses: unsigned(row, 5)?,
                data_frames: unsigned(row, 6)?,
                encrypted_frames: unsigned(row, 7)?,
            })
        })
    }
}
