//! Networks of IEEE 802.11 as they were heard in a capture.

use std::fmt;

use super::Timestamp;

/// A network: what stations that share a BSSID said of it, and how much was heard.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wlan {
    /// The address that its frames bear.
    pub bssid: [u8; 6],
    /// Its name; `None` if nobody said it.
    pub ssid: Option<Vec<u8>>,
    /// The channel it said it is on, or else the one it was received on.
    pub channel: Option<u8>,
    /// How it protects data; `None` if nobody said it.
    pub security: Option<Security>,
    /// Beacons.
    pub beacons: u64,
    /// Answers to probes.
    pub probe_responses: u64,
    /// Frames with data, encrypted or not.
    pub data_frames: u64,
    /// Those of them that are encrypted.
    pub encrypted_frames: u64,
    /// Time of the earliest and the latest of these frames.
    pub span: Option<(Timestamp, Timestamp)>,
}

/// Ways to protect data that a network offers (802.11-2020 §9.4.1.4, §9.4.2.24); none of them: it is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Security {
    /// Privacy is asked for, and nothing better is offered.
    pub wep: bool,
    /// What came before 802.11i.
    pub wpa: bool,
    /// 802.11i.
    pub wpa2: bool,
    /// Simultaneous authentication of equals, opportunistic encryption, or the 192-bit suite.
    pub wpa3: bool,
}

/// `open`, `WEP`, `WPA/WPA2`, …
impl fmt::Display for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Security { wep, wpa, wpa2, wpa3 } = *self;
        let offered = [(wep, "WEP"), (wpa, "WPA"), (wpa2, "WPA2"), (wpa3, "WPA3")];
        let names: Vec<&str> = offered.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect();
        f.write_str(&if names.is_empty() { "open".to_owned() } else { names.join("/") })
    }
}

/// A link address as text: `02:00:00:00:00:01`.
pub fn mac_text(address: [u8; 6]) -> String {
    address.map(|byte| format!("{byte:02x}")).join(":")
}

impl Wlan {
    /// Its address as text: `02:00:00:00:00:01`.
    pub fn bssid_text(&self) -> String {
        mac_text(self.bssid)
    }

    /// Its name as text, from which the bytes can be told: `\xNN` stands for a byte that is not UTF-8 or a control character's,
    /// and `\\` for a backslash.
    pub fn ssid_text(&self) -> Option<String> {
        let mut text = String::new();
        for chunk in self.ssid.as_ref()?.utf8_chunks() {
            for c in chunk.valid().chars() {
                match c {
                    '\\' => text.push_str(r"\\"),
                    c if c.is_control() => {
                        text.extend(c.encode_utf8(&mut [0; 4]).bytes().map(|byte| format!("\\x{byte:02x}")))
                    }
                    c => text.push(c),
                }
            }
            text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
        }
        Some(text)
    }

    /// A frame of it was heard.
    pub fn heard(&mut self, time: Option<Timestamp>) {
        let Some(time) = time else { return };
        let (first, last) = self.span.unwrap_or((time, time));
        self.span = Some((first.min(time), last.max(time)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_as_text_tell_their_bytes() {
        let text = |ssid: &[u8]| Wlan { ssid: Some(ssid.to_vec()), ..Wlan::default() }.ssid_text().unwrap();
        assert_eq!(text("Café 5 GHz".as_bytes()), "Café 5 GHz");
        assert_eq!(text(b"a\xffb\\c\n\x00"), r"a\xffb\\c\x0a\x00");
        assert_eq!(text("\u{85}".as_bytes()), r"\xc2\x85");
        assert_eq!(Wlan::default().ssid_text(), None);
    }

    #[test]
    fn security_is_a_list() {
        let wpa2 = Security { wpa2: true, ..Security::default() };
        let texts = [Security::default(), wpa2, Security { wpa: true, ..wpa2 }, Security { wpa3: true, ..wpa2 }];
        assert_eq!(texts.map(|security| security.to_string()), ["open", "WPA2", "WPA/WPA2", "WPA2/WPA3"]);
    }
}
