//! IP headers, and those of UDP and TCP, around a payload: what a host would send.

use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, Ipv6Addr, SocketAddr};

const IPV4_HEADER: usize = 20;
const UDP_HEADER: usize = 8;

/// Length of a TCP header without options.
const TCP_HEADER: usize = 20;

/// Numbers of the protocols in an IP header.
const TCP: u8 = 6;
const UDP: u8 = 17;

/// Flag of TCP (RFC 9293 section 3.1): the sender has no more bytes.
pub const FIN: u8 = 0x01;
/// Flag of TCP: the first segment of a direction.
pub const SYN: u8 = 0x02;
/// Flag of TCP: the connection is broken.
pub const RST: u8 = 0x04;
/// Flag of TCP: the receiver is to pass the bytes on at once.
pub const PSH: u8 = 0x08;
/// Flag of TCP: the acknowledgement counts.
pub const ACK: u8 = 0x10;

/// Maximum payload of a segment.
pub const MAX_SEGMENT: usize = 65_535 - IPV4_HEADER - TCP_HEADER;

/// The option of a SYN that makes windows as large as they can be (RFC 7323 section 2.2), after a byte of padding.
const WINDOW_SCALE: [u8; 4] = [1, 3, 3, 14];

/// Hop limit of a new packet: the value that RFC 1700 recommends, and that of most systems.
const HOPS: u8 = 64;

/// Maximum payload over IPv4, and over IPv6.
const MAX_V4: usize = 65_535 - IPV4_HEADER - UDP_HEADER;
const MAX_V6: usize = 65_535 - UDP_HEADER;

/// Returns the packet of a datagram: IPv4 (RFC 791) or IPv6 (RFC 8200) and UDP (RFC 768) with correct checksums.
/// A payload that is too long for UDP is cut.
pub fn udp(from: SocketAddr, to: SocketAddr, payload: &[u8]) -> Vec<u8> {
    let max = if is_v4(from, to) { MAX_V4 } else { MAX_V6 };
    let payload = &payload[..payload.len().min(max)];
    let length = u16::try_from(UDP_HEADER + payload.len()).unwrap_or(u16::MAX);
    let mut header = Vec::with_capacity(UDP_HEADER);
    for word in [from.port(), to.port(), length, 0] {
        header.extend_from_slice(&word.to_be_bytes());
    }
    packet(from, to, UDP, header, payload)
}

/// A segment of TCP.
#[derive(Clone, Copy, Debug)]
pub struct Segment<'a> {
    /// Its sender.
    pub from: SocketAddr,
    /// Its receiver.
    pub to: SocketAddr,
    /// The number of its first byte.
    pub sequence: u32,
    /// The number of the next byte that its sender expects.
    pub acknowledged: u32,
    /// [`SYN`] and so on.
    pub flags: u8,
    /// At most [`MAX_SEGMENT`] bytes.
    pub payload: &'a [u8],
}

/// Returns the packet of a segment: IPv4 or IPv6 and TCP (RFC 9293 section 3.1) with correct checksums.
pub fn tcp(segment: &Segment<'_>) -> Vec<u8> {
    let Segment { from, to, sequence, acknowledged, flags, payload } = *segment;
    let options: &[u8] = if flags & SYN != 0 { &WINDOW_SCALE } else { &[] };
    let mut header = Vec::with_capacity(TCP_HEADER + options.len());
    header.extend_from_slice(&from.port().to_be_bytes());
    header.extend_from_slice(&to.port().to_be_bytes());
    header.extend_from_slice(&sequence.to_be_bytes());
    header.extend_from_slice(&acknowledged.to_be_bytes());
    // The length of the header in words, the flags, and the largest window.
    let words = (TCP_HEADER + options.len()) / 4;
    header.extend_from_slice(&[(words << 4) as u8, flags, 0xFF, 0xFF]);
    // Checksum and urgent pointer.
    header.extend_from_slice(&[0; 4]);
    header.extend_from_slice(options);
    packet(from, to, TCP, header, &payload[..payload.len().min(MAX_SEGMENT)])
}

/// Returns whether a packet between these addresses is one of IPv4.
fn is_v4(from: SocketAddr, to: SocketAddr) -> bool {
    from.ip().to_canonical().is_ipv4() && to.ip().to_canonical().is_ipv4()
}

/// Returns an IP packet with the header of UDP or TCP, into which it writes the checksum, and with `payload`.
fn packet(
    from: SocketAddr,
    to: SocketAddr,
    protocol: u8,
    mut header: Vec<u8>,
    payload: &[u8],
) -> Vec<u8> {
    let length = header.len() + payload.len();
    let (mut packet, addresses) = match (from.ip().to_canonical(), to.ip().to_canonical()) {
        (IpAddr::V4(source), IpAddr::V4(destination)) => {
            let length = u16::try_from(IPV4_HEADER + length).unwrap_or(u16::MAX);
            // Version 4 and 5 words of header; not a fragment, and may not become one.
            let mut packet = vec![0x45, 0];
            packet.extend_from_slice(&length.to_be_bytes());
            packet.extend_from_slice(&[0, 0, 0x40, 0, HOPS, protocol, 0, 0]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            let checksum = checksum(&[&packet]);
            packet[10..12].copy_from_slice(&checksum.to_be_bytes());
            (packet, [&source.octets()[..], &destination.octets()].concat())
        }
        (source, destination) => {
            let [source, destination] = [source, destination].map(v6);
            let length = u16::try_from(length).unwrap_or(u16::MAX);
            let mut packet = vec![0x60, 0, 0, 0];
            packet.extend_from_slice(&length.to_be_bytes());
            packet.extend_from_slice(&[protocol, HOPS]);
            packet.extend_from_slice(&source.octets());
            packet.extend_from_slice(&destination.octets());
            (packet, [source.octets(), destination.octets()].concat())
        }
    };
    // The checksum covers the addresses as well.
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    let pseudo = [0, protocol, length[0], length[1]];
    let (at, checksum) = match (protocol, checksum(&[&addresses, &pseudo, &header, payload])) {
        // For UDP, a checksum of zero means that there is none.
        (UDP, 0) => (6, u16::MAX),
        (UDP, checksum) => (6, checksum),
        (_, checksum) => (16, checksum),
    };
    header[at..at + 2].copy_from_slice(&checksum.to_be_bytes());
    packet.extend_from_slice(&header);
    packet.extend_from_slice(payload);
    packet
}

fn v6(address: IpAddr) -> Ipv6Addr {
    match address {
        IpAddr::V4(address) => address.to_ipv6_mapped(),
        IpAddr::V6(address) => address,
    }
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
    fn a_receiver_accepts_the_segment() {
        let payloads = [&b""[..], b"a", b"hello!", &[0xFF; 1_001], &[1; MAX_SEGMENT + 9]];
        for (payload, flags) in payloads.into_iter().zip([SYN, ACK, PSH | ACK, FIN | ACK, ACK]) {
            let (from, to) = ("10.0.0.1:4".parse().unwrap(), "192.0.2.1:80".parse().unwrap());
            let segment = Segment { from, to, sequence: 7, acknowledged: u32::MAX, flags, payload };
            let packet = tcp(&segment);
            assert_eq!(checksum(&[&packet[..20]]), 0);
            let length = u16::try_from(packet.len() - 20).unwrap().to_be_bytes();
            let pseudo = [0, TCP, length[0], length[1]];
            assert_eq!(checksum(&[&packet[12..20], &pseudo, &packet[20..]]), 0);
            let header = usize::from(packet[32] >> 4) * 4;
            assert_eq!(header, if flags == SYN { 24 } else { 20 });
            let fits = payload.len().min(MAX_SEGMENT);
            assert_eq!(&packet[20 + header..], &payload[..fits]);
            assert_eq!((packet[33], &packet[24..28]), (flags, &[0, 0, 0, 7][..]));
            let (from, to) = ("[::1]:4".parse().unwrap(), "[2001:db8::1]:80".parse().unwrap());
            let packet = tcp(&Segment { from, to, ..segment });
            let pseudo = [0, TCP, packet[4], packet[5]];
            assert_eq!(checksum(&[&packet[8..40], &pseudo, &packet[40..]]), 0);
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
