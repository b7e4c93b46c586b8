//! Names of well-known services by the responder's port: those an analyst expects to see named, no more.

use crate::index::Service;
use crate::model::Transport;

/// Of TCP, and of UDP too unless [`UDP`] says otherwise. Sorted by port.
const NAMES: &[(u16, &str)] = &[
    (20, "ftp-data"),
    (21, "ftp"),
    (22, "ssh"),
    (23, "telnet"),
    (25, "smtp"),
    (43, "whois"),
    (49, "tacacs"),
    (53, "dns"),
    (79, "finger"),
    (80, "http"),
    (88, "kerberos"),
    (102, "s7/iso-tsap"),
    (110, "pop3"),
    (111, "rpcbind"),
    (113, "ident"),
    (119, "nntp"),
    (135, "msrpc"),
    (139, "netbios"),
    (143, "imap"),
    (179, "bgp"),
    (194, "irc"),
    (389, "ldap"),
    (443, "https"),
    (445, "smb"),
    (465, "smtps"),
    (502, "modbus"),
    (515, "lpd"),
    (554, "rtsp"),
    (587, "submission"),
    (631, "ipp"),
    (636, "ldaps"),
    (853, "dns-tls"),
    (873, "rsync"),
    (989, "ftps-data"),
    (990, "ftps"),
    (993, "imaps"),
    (995, "pop3s"),
    (1080, "socks"),
    (1194, "openvpn"),
    (1433, "mssql"),
    (1521, "oracle"),
    (1723, "pptp"),
    (1883, "mqtt"),
    (1935, "rtmp"),
    (2049, "nfs"),
    (2404, "iec-104"),
    (3128, "proxy"),
    (3260, "iscsi"),
    (3306, "mysql"),
    (3389, "rdp"),
    (5060, "sip"),
    (5061, "sips"),
    (5222, "xmpp"),
    (5432, "postgresql"),
    (5672, "amqp"),
    (5900, "vnc"),
    (5985, "winrm"),
    (6379, "redis"),
    (6667, "irc"),
    (6881, "bittorrent"),
    (8080, "http-alt"),
    (8443, "https-alt"),
    (9001, "tor"),
    (9100, "printer"),
    (9200, "elastic"),
    (20000, "dnp3"),
    (27017, "mongodb"),
    (44818, "ethernet/ip"),
];

/// Of UDP. Sorted by port.
const UDP: &[(u16, &str)] = &[
    (67, "dhcp"),
    (68, "dhcp"),
    (69, "tftp"),
    (123, "ntp"),
    (137, "netbios-ns"),
    (138, "netbios-dgm"),
    (161, "snmp"),
    (162, "snmp-trap"),
    (443, "quic"),
    (500, "isakmp"),
    (514, "syslog"),
    (520, "rip"),
    (546, "dhcp6"),
    (547, "dhcp6"),
    (1812, "radius"),
    (1900, "ssdp"),
    (3478, "stun"),
    (4500, "ipsec-nat"),
    (5353, "mdns"),
    (5355, "llmnr"),
    (51820, "wireguard"),
];

/// What a port is known for, if it is.
pub fn name(service: Service) -> Option<&'static str> {
    let of = |names: &[(u16, &'static str)]| {
        names.binary_search_by_key(&service.port, |(port, _)| *port).ok().map(|i| names[i].1)
    };
    let udp = if is_udp(service) { of(UDP) } else { None };
    udp.or_else(|| of(NAMES))
}

/// `https 443`, `port 8123`, `dns 53/udp`.
pub fn label(service: Service) -> String {
    let suffix = if is_udp(service) { "/udp" } else { "" };
    format!("{} {}{suffix}", name(service).unwrap_or("port"), service.port)
}

fn is_udp(service: Service) -> bool {
    service.transport == Transport::Udp.number()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_found_by_name_and_in_order() {
        assert!(NAMES.is_sorted_by(|a, b| a.0 < b.0) && UDP.is_sorted_by(|a, b| a.0 < b.0));
        let text = |transport: Transport, port| label(Service { transport: transport.number(), port });
        assert_eq!(text(Transport::Tcp, 443), "https 443");
        assert_eq!(text(Transport::Udp, 443), "quic 443/udp");
        assert_eq!(text(Transport::Udp, 53), "dns 53/udp");
        assert_eq!(text(Transport::Tcp, 8123), "port 8123");
    }
}
