//! Capture filters in the language of tcpdump (pcap-filter(7)): libpcap compiles them, [`bpf`](super::bpf) runs them.
//!
//! libpcap's own `filter` of the crate takes the captured length for the length on the wire, so that `greater 100`
//! would be wrong on frames that were cut.

use pcap::{Capture, Linktype};

use super::Error;
use super::bpf::{Instruction, run};
use crate::model::LinkType;

/// A filter expression, compiled once for each link type met.
pub struct Filter {
    expression: String,
    /// `None`: no frame of the link type passes, since the expression means nothing for it.
    programs: Vec<(LinkType, Option<Vec<Instruction>>)>,
    /// A frame whose first four bytes had to be turned round.
    turned: Vec<u8>,
}

impl Filter {
    /// Checks the expression before anything is touched.
    ///
    /// # Errors
    /// [`Error::Filter`]: it means nothing for any link type this program knows; the message is that for Ethernet.
    pub fn new(expression: &str) -> Result<Self, Error> {
        let others = [LinkType::IEEE802_11, LinkType::RADIOTAP, LinkType::LINUX_SLL, LinkType::PPP, LinkType::PFLOG];
        let first = compile(expression, LinkType::ETHERNET);
        if let Err(message) = &first
            && !others.into_iter().any(|link| compile(expression, link).is_ok())
        {
            return Err(Error::Filter { expression: expression.to_owned(), message: message.clone() });
        }
        Ok(Filter {
            expression: expression.to_owned(),
            programs: vec![(LinkType::ETHERNET, first.ok())],
            turned: Vec::new(),
        })
    }

    /// The frame passes: `data` was captured of `original_len` bytes on the wire.
    pub fn accepts(&mut self, link: LinkType, data: &[u8], original_len: u32) -> bool {
        let at = match self.programs.iter().position(|(known, _)| *known == link) {
            Some(at) => at,
            None => {
                self.programs.push((link, compile(&self.expression, link).ok()));
                self.programs.len() - 1
            }
        };
        let Some(program) = &self.programs[at].1 else { return false };
        let data = if link == LinkType::NULL { in_host_order(data, &mut self.turned) } else { data };
        run(program, data, original_len) != 0
    }
}

/// BSD loopback frames begin with an address family, below 65536, in the byte order of the machine that captured them;
/// libpcap compiles for that of this one.
fn in_host_order<'a>(data: &'a [u8], turned: &'a mut Vec<u8>) -> &'a [u8] {
    match data.split_first_chunk::<4>() {
        Some((family, rest)) if u32::from_ne_bytes(*family) > 0xffff => {
            turned.clear();
            turned.extend(family.iter().rev());
            turned.extend(rest);
            turned
        }
        _ => data,
    }
}

fn compile(expression: &str, link: LinkType) -> Result<Vec<Instruction>, String> {
    let dead = Capture::dead(Linktype(dlt(link))).map_err(|error| words(&error))?;
    let program = dead.compile(expression, true).map_err(|error| words(&error))?;
    let lines = program.get_instructions().iter();
    let program: Option<Vec<_>> = lines.map(|line| Instruction::parse(&line.to_string())).collect();
    match program {
        Some(program) if program.iter().any(|instruction| instruction.is_ancillary()) => {
            Err("asks for what capture files do not record".to_owned())
        }
        Some(program) => Ok(program),
        None => Err("libpcap gives a program that cannot be read".to_owned()),
    }
}

fn words(error: &pcap::Error) -> String {
    match error {
        pcap::Error::PcapError(message) => message.clone(),
        error => error.to_string(),
    }
}

/// The number libpcap knows the link type by on this system, where it differs from that in files.
pub(super) fn dlt(link: LinkType) -> i32 {
    match link {
        LinkType::RAW | LinkType::RAW_OPENBSD => 12,
        LinkType(100) => 11,
        other => other.0 as i32,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const EXPRESSIONS: &[&str] = &[
        "tcp",
        "tcp port 80",
        "host 10.0.0.1 and not udp",
        "ip6 and tcp portrange 1-1024",
        "vlan and ip",
        "tcp[tcpflags] & (tcp-syn|tcp-fin) != 0",
        "ip[2:2] - ((ip[0] & 0xf) << 2) > 20",
        "greater 60",
        "ether[0] % 3 = 1 or ether[1] / 2 = 4 or ether[2] ^ 5 < 9",
        "net 10.0.0.0/8",
        "ip6 protochain 6",
        "",
    ];

    /// A frame that often gets past the first tests of a filter.
    fn frame() -> impl Strategy<Value = Vec<u8>> {
        let kind = prop_oneof![Just(0x0800u16), Just(0x86dd), Just(0x8100), any::<u16>()];
        let body = proptest::collection::vec(prop_oneof![Just(0u8), Just(6), Just(80), Just(10), any::<u8>()], 0..90);
        (kind, any::<bool>(), body).prop_map(|(kind, ip, mut body)| {
            if ip && body.len() > 9 {
                body[0] = 0x45;
                body[9] = 6;
            }
            let mut frame = vec![2; 12];
            frame.extend(kind.to_be_bytes());
            frame.extend(body);
            frame
        })
    }

    proptest! {
        #[test]
        fn agrees_with_libpcap_on_whole_frames(frame in frame(), link in prop_oneof![Just(LinkType::ETHERNET), Just(LinkType::RAW), Just(LinkType::LINUX_SLL), Just(LinkType::NULL)]) {
            for expression in EXPRESSIONS {
                let theirs = Capture::dead(Linktype(dlt(link))).unwrap().compile(expression, true);
                let theirs = theirs.is_ok_and(|program| program.filter(&frame));
                let ours = Filter::new(expression).unwrap().accepts(link, &frame, frame.len() as u32);
                prop_assert_eq!(ours, theirs, "{}", expression);
            }
        }
    }

    #[test]
    fn the_length_is_that_on_the_wire() {
        let mut filter = Filter::new("greater 1000").unwrap();
        assert!(filter.accepts(LinkType::ETHERNET, &[0; 60], 1000));
        assert!(!filter.accepts(LinkType::ETHERNET, &[0; 60], 999));
    }

    #[test]
    fn loopback_frames_of_either_byte_order() {
        let mut filter = Filter::new("ip").unwrap();
        let frame = |family: [u8; 4]| [&family[..], &[0x45; 40]].concat();
        for (family, passes) in [(2u32, true), (30, false)] {
            assert_eq!(filter.accepts(LinkType::NULL, &frame(family.to_le_bytes()), 44), passes);
            assert_eq!(filter.accepts(LinkType::NULL, &frame(family.to_be_bytes()), 44), passes);
        }
    }

    /// Only a live capture knows the direction on Ethernet; the cooked header records it.
    #[test]
    fn what_the_file_does_not_record_passes_nothing() {
        let mut filter = Filter::new("outbound").unwrap();
        assert!(!filter.accepts(LinkType::ETHERNET, &[0; 60], 60));
        assert!(filter.accepts(LinkType::LINUX_SLL, &[&[0, 4][..], &[0; 58]].concat(), 60));
    }

    #[test]
    fn an_expression_must_mean_something_somewhere() {
        let message = |bad: &str| Filter::new(bad).err().unwrap().to_string();
        let syntax = message("tcp prot 80");
        assert!(syntax.starts_with("filter `tcp prot 80`: ") && syntax.contains("syntax error"), "{syntax}");
        assert!(message("host and").starts_with("filter `host and`: "));
        let mut wireless = Filter::new("wlan type mgt").unwrap();
        assert!(!wireless.accepts(LinkType::ETHERNET, &[0; 60], 60));
        assert!(wireless.accepts(LinkType::IEEE802_11, &[0; 60], 60));
    }
}
