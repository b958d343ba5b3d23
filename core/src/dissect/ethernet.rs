//! Ethernet (IEEE 802.3).

use super::{Layer, Layers, Part, arp, ip};
use alloc::format;
use alloc::vec::Vec;
use smoltcp::wire::{ETHERNET_HEADER_LEN, EthernetAddress, EthernetFrame, EthernetProtocol};

/// Returns the layers of a frame, from the Ethernet header on, the outermost first. Of a frame that ends too early or
/// contradicts itself, the last layer has all remaining bytes.
///
/// ```
/// use retrylab_core::dissect;
///
/// // An ARP request, cut off after the operation.
/// let frame = [
///     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 10, 0, 0, 1, 0x08, 0x06, 0, 1, 8, 0, 6, 4, 0, 1,
/// ];
/// let layers = dissect::frame(&frame);
/// assert_eq!(layers[0].protocol, "Ethernet");
/// assert_eq!(layers[0].fields[2].meaning, "ARP follows");
/// assert_eq!((layers[1].protocol, layers[1].range.clone()), ("Malformed ARP", 14..22));
/// ```
#[must_use]
pub fn frame(bytes: &[u8]) -> Vec<Layer> {
    let mut layers = Layers(Vec::new());
    let at = Part { bytes, start: 0 };
    let Ok(frame) = EthernetFrame::new_checked(bytes) else {
        layers.rest("Malformed Ethernet", at);
        return layers.0;
    };
    let follows = match frame.ethertype() {
        EthernetProtocol::Arp => "ARP follows",
        EthernetProtocol::Ipv4 => "IPv4 follows",
        EthernetProtocol::Ipv6 => "IPv6 follows",
        EthernetProtocol::Unknown(_) => "an unknown protocol follows",
    };
    let mut layer = at.layer("Ethernet");
    layer.add("destination", 0..6, frame.dst_addr(), special(frame.dst_addr()));
    layer.add("source", 6..12, frame.src_addr(), special(frame.src_addr()));
    layer.add("type", 12..14, format!("0x{:04x}", at.u16(12)), follows);
    layers.0.push(layer);
    let inner = at.from(ETHERNET_HEADER_LEN);
    match frame.ethertype() {
        EthernetProtocol::Arp => arp::read(inner, &mut layers),
        EthernetProtocol::Ipv4 => ip::read_v4(inner, &mut layers),
        EthernetProtocol::Ipv6 => ip::read_v6(inner, &mut layers),
        EthernetProtocol::Unknown(_) => layers.rest("Data", inner),
    }
    layers.0
}

/// Returns what is special about an Ethernet address.
fn special(address: EthernetAddress) -> &'static str {
    if address.is_broadcast() {
        "every host on the cable"
    } else if address.is_multicast() {
        "a group of hosts"
    } else {
        ""
    }
}
