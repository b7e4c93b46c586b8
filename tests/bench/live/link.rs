//! A link between two network namespaces, sound or lossy.

use std::env;
use std::process::{Child, Command, Stdio};
use std::thread;

/// Namespaces and the addresses in them.
pub struct Link {
    relay: Option<Child>,
}

/// Where clients and the capture are.
pub const NEAR: &str = "flowcase-near";
/// Where servers are.
pub const FAR: &str = "flowcase-far";
/// Between them, if the link is lossy.
const MIDDLE: &str = "flowcase-middle";
/// The interface that is captured from.
pub const INTERFACE: &str = "near0";
/// The servers.
pub const ADDRESS: &str = "10.77.0.2";

impl Link {
    /// Makes it.
    pub fn make(lossy: bool) -> Self {
        take_away();
        let spaces = if lossy { &[NEAR, FAR, MIDDLE][..] } else { &[NEAR, FAR] };
        spaces.iter().for_each(|space| must(&format!("ip netns add {space}")));
        if lossy {
            veth(NEAR, INTERFACE, MIDDLE, "one");
            veth(MIDDLE, "other", FAR, "far0");
        } else {
            veth(NEAR, INTERFACE, FAR, "far0");
        }
        for (space, interface, address) in [(NEAR, INTERFACE, "10.77.0.1/24"), (FAR, "far0", "10.77.0.2/24")] {
            must(&format!("ip -n {space} addr add {address} dev {interface}"));
            must(&format!("ip -n {space} link set lo up"));
            within(space, &["sysctl", "-qw", "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65535"]);
        }
        let relay = lossy.then(|| {
            let this = env::current_exe().expect("this program");
            let mut command = in_space(MIDDLE);
            command.arg(this).args(["relay", "one", "other"]).spawn().expect("the relay")
        });
        Link { relay }
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        if let Some(relay) = &mut self.relay {
            let _ = relay.kill();
            let _ = relay.wait();
        }
        take_away();
    }
}

/// A command that runs in a namespace.
pub fn in_space(space: &str) -> Command {
    let mut command = Command::new("ip");
    command.args(["netns", "exec", space]);
    command
}

fn within(space: &str, words: &[&str]) {
    let done = in_space(space).args(words).stdout(Stdio::null()).status();
    assert!(done.is_ok_and(|status| status.success()), "{words:?} in {space}");
}

/// Two interfaces that are one link. What leaves them is as it is on a wire: no segment is larger, no checksum left to others.
fn veth(space: &str, name: &str, other_space: &str, other: &str) {
    must(&format!("ip -n {space} link add {name} type veth peer name {other} netns {other_space}"));
    for (space, name) in [(space, name), (other_space, other)] {
        within(space, &["ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off", "gro", "off"]);
        must(&format!("ip -n {space} link set {name} up"));
    }
}

fn take_away() {
    for space in [NEAR, FAR, MIDDLE] {
        let _ = Command::new("ip").args(["netns", "del", space]).stderr(Stdio::null()).status();
    }
}

fn must(line: &str) {
    let mut words = line.split(' ');
    let done = Command::new(words.next().expect("a command")).args(words).status();
    assert!(done.is_ok_and(|status| status.success()), "`{line}` (root may do it)");
}

/// Carries frames between two interfaces; of a hundred, so many are lost, as many doubled, and as many late.
pub fn relay(one: &str, other: &str, trouble: u32) {
    thread::scope(|scope| {
        scope.spawn(|| carry(one, other, trouble));
        scope.spawn(|| carry(other, one, trouble));
    });
}

fn carry(from: &str, to: &str, trouble: u32) {
    let open = |name: &str| {
        pcap::Capture::from_device(name)
            .and_then(|device| device.immediate_mode(true).promisc(true).buffer_size(64 << 20).open())
    };
    let (mut from, mut to) = (open(from).expect("an interface"), open(to).expect("an interface"));
    from.direction(pcap::Direction::In).expect("a direction");
    // a frame on its way later than it should be, and after how many others
    let mut late: Option<(u32, Vec<u8>)> = None;
    let mut random = fastrand::Rng::with_seed(7);
    loop {
        let frame = match from.next_packet() {
            Ok(packet) => packet.data.to_vec(),
            Err(pcap::Error::TimeoutExpired) => continue,
            Err(error) => panic!("{error}"),
        };
        let mut send = |frame: &[u8]| drop(to.sendpacket(frame));
        match random.u32(0..100) {
            luck if luck < trouble => {}
            luck if luck < 2 * trouble => [&frame, &frame].into_iter().for_each(|frame| send(frame)),
            luck if luck < 3 * trouble && late.is_none() => late = Some((random.u32(1..6), frame)),
            _ => send(&frame),
        }
        late = late.and_then(|(left, frame)| match left {
            0 => {
                send(&frame);
                None
            }
            more => Some((more - 1, frame)),
        });
    }
}
