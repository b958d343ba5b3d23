//! IP and UDP headers around a payload: what a host would send.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Number of UDP in an IP header.
const UDP: u8 = 17;

/// Hop limit of a new packet: the value that RFC 1700 recommends, and that of most systems.
const HOPS: u8 = 64;

/// Maximum payload over IPv4, and over IPv6.
const MAX_V4: usize = 65_535 - IPV4_HEADER - UDP_HEADER;
const MAX_V6: usize = 65_535 - UDP_HEADER;

/// Returns the packet of a datagram: IPv4 (RFC 791) or IPv6 (RFC 8200) and UDP (RFC 768) with correct checksums.
/// A payload that is too long for UDP is cut.
pub(super) fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let payload = &payload[..payload.len().min(MAX_V4)];
            let length =
                u16::try_from(IPV4_HEADER + UDP_HEADER + payload.len()).unwrap_or(u16::MAX);
            // Version 4 and 5 words of header; not a fragment, and may not become one.
            let mut packet = vec![0x45, 0];
            packet.extend_from_slice(&length.to_be_bytes());
            packet.extend_from_slice(&[0, 0, 0x40, 0, HOPS, UDP, 0, 0]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            let checksum = checksum(&[&packet]);
            packet[10..12].copy_from_slice(&checksum.to_be_bytes());
            let addresses = [&source.octets()[..], &destination.octets()].concat();
            datagram(&mut packet, &addresses, (from.port(), to.port()), payload);
            packet
        }
        (source, destination) => {
            let [source, destination] = [source, destination].map(v6);
            let payload = &payload[..payload.len().min(MAX_V6)];
            let length = u16::try_from(UDP_HEADER + payload.len()).unwrap_or(u16::MAX);
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend_from_slice(&length.to_be_bytes());
            packet.extend_from_slice(&[UDP, HOPS]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            let addresses = [source.octets(), destination.octets()].concat();
            datagram(&mut packet, &addresses, (from.port(), to.port()), payload);
            packet
        }
    }
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
}

/// Appends the UDP header and the payload to `packet`. The checksum covers the addresses as well.
fn datagram(packet: &mut Vec<u8>, addresses: &[u8], ports: (u16, u16), payload: &[u8]) {
    let length = u16::try_from(UDP_HEADER + payload.len()).unwrap_or(u16::MAX);
    let mut header = Vec::with_capacity(UDP_HEADER);
    for word in [ports.0, ports.1, length, 0] {
        header.extend_from_slice(&word.to_be_bytes());
    }
    let pseudo = [&[0, UDP][..], &length.to_be_bytes()].concat();
    // A checksum of zero means that there is none.
    let checksum = match checksum(&[addresses, &pseudo, &header, payload]) {
        0 => u16::MAX,
        checksum => checksum,
    };
    header[6..8].copy_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(&header);
    packet.extend_from_slice(payload);
}

/// Returns the Internet checksum (RFC 1071) of the parts together. Each part but the last has an even length.
fn checksum(parts: &[&[u8]]) -> u16 {
    let mut sum = 0u64;
    for part in parts {
        for pair in part.chunks(2) {
            sum += u64::from(u16::from_be_bytes([pair[0], pair.get(1).copied().unwrap_or(0)]));
        }
    }
    while sum > 0xFFFF {
        sum = (sum & 0xFFFF) + (sum >> 16);
    }
    !(sum as u16)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of RFC 1071 section 3: the sum is ddf2.
    #[test]
    fn the_checksum_is_that_of_the_rfc() {
        let bytes = [0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7];
        assert_eq!(checksum(&[&bytes]), !0xddf2);
        assert_eq!(checksum(&[&bytes[..4], &bytes[4..]]), !0xddf2);
        assert_eq!(checksum(&[&[0x01]]), !0x0100, "an odd length is padded");
    }

    /// A receiver that adds up all words, checksum included, gets ffff.
    #[test]
    fn a_receiver_accepts_the_packet() {
        let payloads = [&b""[..], b"a", b"hello!", &[0xFF; 1_001]];
        for payload in payloads {
            let packet =
                udp("10.0.0.1:40000".parse().unwrap(), "192.0.2.1:1060".parse().unwrap(), payload);
            assert_eq!(packet.len(), 28 + payload.len());
            assert_eq!(checksum(&[&packet[..20]]), 0);
            let length = [0, UDP, packet[24], packet[25]];
            assert_eq!(checksum(&[&packet[12..20], &length, &packet[20..]]), 0);
            assert_eq!(&packet[28..], payload);
            let packet =
                udp("[::1]:4".parse().unwrap(), "[2001:db8::1]:7".parse().unwrap(), payload);
            assert_eq!(packet.len(), 48 + payload.len());
            let length = [0, UDP, packet[44], packet[45]];
            assert_eq!(checksum(&[&packet[8..40], &length, &packet[40..]]), 0);
        }
    }

    #[test]
    fn lengths_never_overflow_and_families_never_mix() {
        let (v4, v6) = ("127.0.0.1:1".parse().unwrap(), "[::1]:2".parse().unwrap());
        let long = vec![7; 70_000];
        assert_eq!(udp(v4, v4, &long).len(), 65_535);
        assert_eq!(udp(v6, v6, &long).len(), 65_535 + 40);
        assert_eq!(udp(v4, v6, b"")[0] >> 4, 6);
        let mapped = "[::ffff:127.0.0.1]:1".parse().unwrap();
        assert_eq!(udp(mapped, v4, b"x"), udp(v4, v4, b"x"));
    }
}
