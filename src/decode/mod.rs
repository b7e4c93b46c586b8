//! F1: bytes to layers. A frame becomes a [`Segment`](crate::model::Segment) that borrows its payload, a part of a packet, or
//! one reason why not.
//!
//! ```text
//! link (link.rs) -> ethernet.rs, wifi/, ppp.rs, mpls.rs, … -> IP header and extensions (ip.rs) -> tcp.rs, udp.rs
//!      a capture's link type      ^                                                        |
//!                                 +--------- what a tunnel carries (tunnel/) --------------+
//! ```
//!
//! Every room takes its header off the front of one `Rest`, which knows three lengths: captured, on the wire, and
//! promised by the innermost length field, and says which room is next. Parts of packets are put together in `fragments`,
//! from where the walk goes on. Held here: nothing panics; nothing is allocated for plain packets; no byte past
//! `min(ip length, captured)` is ever payload.

mod checksum;
mod ethernet;
mod found;
pub mod fragments;
mod frame;
mod guess;
mod ip;
mod isl;
mod known;
mod link;
mod mpls;
#[cfg(test)]
mod nested;
mod ppp;
mod rest;
mod shim;
mod tcp;
#[cfg(test)]
mod tests;
mod tunnel;
mod udp;
mod wifi;

use crate::model::{LinkType, Skip, Transport};
pub use found::{Found, Fragment, Key, Place};
pub use frame::Onward;
use frame::{Frame, Layer};
use ip::Carried;
use rest::Rest;
pub use shim::ETHER_TYPES;
pub use tunnel::{IP_PROTOCOLS, UDP_PORTS};
use wifi::Inside;
pub use wifi::{Air, Heard};

/// Decodes one captured frame.
///
/// `data` are the captured bytes; `original_len` is the frame's length on the wire in bytes, 0 if it is not known.
///
/// # Errors
/// The one reason why nothing in the frame can be used.
pub fn decode<'a>(link: LinkType, data: &'a [u8], original_len: u32) -> Result<Found<'a>, Skip> {
    if data.is_empty() {
        return Err(Skip::Empty);
    }
    walk(link.into(), Frame::new(Rest::new(data, original_len)))
}

/// Decodes a packet that was put together from its parts; `onward` is that of its first.
///
/// # Errors
/// As [`decode`].
pub fn resume<'a>(onward: &Onward, whole: &'a [u8]) -> Result<Found<'a>, Skip> {
    walk(onward.layer(), Frame::within(Rest::new(whole, whole.len() as u32), onward))
}

const TCP: u8 = Transport::Tcp.number();
const UDP: u8 = Transport::Udp.number();

fn walk<'a>(mut layer: Layer, mut frame: Frame<'a>) -> Result<Found<'a>, Skip> {
    loop {
        let carried = match layer {
            Layer::Ip(network) => ip::walk(network, &mut frame)?,
            Layer::Upper(protocol, network) => ip::upper(protocol, network, &mut frame)?,
            Layer::Wifi(radio) => match wifi::frame(radio, &mut frame)? {
                Inside::Whole(inside) => {
                    layer = inside;
                    continue;
                }
                Inside::Fragment(fragment) => Carried::Fragment(fragment),
            },
            Layer::Amsdu => return wifi::several(&frame),
            beneath => {
                layer = link_layer(beneath, &mut frame)?;
                continue;
            }
        };
        let protocol = match carried {
            Carried::Whole(protocol) => protocol,
            Carried::Fragment(fragment) => return Ok(Found::Fragment(fragment)),
        };
        match protocol {
            TCP => return tcp::segment(frame).map(Found::Segment),
            UDP => return udp_or_tunnel(&frame),
            _ => match tunnel::over_ip(protocol, &mut frame)? {
                Some(inside) => layer = inside,
                None => return Ok(Found::Other(protocol)),
            },
        }
    }
}

fn link_layer(layer: Layer, frame: &mut Frame<'_>) -> Result<Layer, Skip> {
    match layer {
        Layer::Link(number) => link::walk(LinkType(number), frame),
        Layer::Ethernet => ethernet::frame(frame),
        Layer::EtherType(ether_type) => ethernet::by_type(ether_type, frame),
        Layer::Llc => ethernet::llc(frame),
        Layer::Ppp => ppp::walk(frame),
        Layer::Mpls => mpls::walk(frame),
        Layer::Ip(_) | Layer::Upper(..) | Layer::Wifi(_) | Layer::Amsdu => Ok(layer),
    }
}

/// A datagram that carries a tunnel is what it carries, if that can be read: ports alone prove nothing.
fn udp_or_tunnel<'a>(frame: &Frame<'a>) -> Result<Found<'a>, Skip> {
    let inside = match udp::tunnel(frame) {
        Ok(None) => None,
        Ok(Some((layer, inside))) => match walk(layer, inside) {
            Ok(found) => return Ok(found),
            Err(reason) => Some(reason),
        },
        Err(reason) => Some(reason),
    };
    Ok(Found::Datagram(Box::new(udp::datagram(frame)?), inside))
}
