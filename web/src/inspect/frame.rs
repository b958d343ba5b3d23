//! What a frame is, and why it was sent.

use crate::numbers::capital;
use crate::rest::text;
use crate::timeline::{Packet, Side};
use retrylab_core::trace::{Carried, Direction};

/// Returns the title of a frame: "TCP SYN, from the client to the server".
pub(super) fn title(packet: &Packet, carried: Carried) -> String {
    let mut noun = carried.noun().to_string();
    if packet.again {
        noun += ", sent again";
    }
    let (from, to) = match (packet.local, packet.direction) {
        (Some(side), _) if side == packet.from() => (host(side), "its router"),
        (Some(side), _) => ("the router", host(side)),
        (None, Direction::Request) => ("the client", "the server"),
        (None, Direction::Reply) => ("the server", "the client"),
    };
    capital(&format!("{noun}, from {from} to {to}"))
}

const fn host(side: Side) -> &'static str {
    match side {
        Side::Client => "the client",
        Side::Server => "the server",
    }
}

/// Returns why a host sends such a frame.
pub(super) fn story(packet: &Packet, carried: Carried) -> Vec<String> {
    let mut out = vec![purpose(carried).to_string()];
    if carried == Carried::TcpAck && packet.from() == Side::Client {
        let first = text!("The first one confirms the connection: the third of three steps.");
        out.push(first.to_string());
    }
    if packet.again {
        out.push(
            text!("TCP sends it again, because no acknowledgment of it came in time.").to_string(),
        );
    }
    if packet.local.is_some() {
        out.push(
            text!("It travels between a host and its router, and never crosses the link.")
                .to_string(),
        );
    }
    out
}

fn purpose(carried: Carried) -> &'static str {
    match carried {
        Carried::ArpRequest => {
            text!("Who has this IPv4 address? A frame needs an Ethernet address to go to.")
        }
        Carried::NeighborSolicitation => {
            text!("Who has this IPv6 address? A frame needs an Ethernet address to go to.")
        }
        Carried::ArpReply | Carried::NeighborAdvertisement => {
            text!("It answers with the Ethernet address that was asked for.")
        }
        Carried::Udp => text!("It carries a whole UDP datagram."),
        Carried::Fragment => {
            text!(
                "The datagram is larger than the link's MTU: IP sends it in fragments, and it arrives with the last of them, or not at all."
            )
        }
        Carried::PortUnreachable => {
            text!("Nobody listens on the port that a datagram was sent to.")
        }
        Carried::Icmp => text!("IP reports about a packet."),
        Carried::TcpSyn => text!("It asks for a connection: the first of three steps."),
        Carried::TcpSynAck => text!("It accepts the connection: the second of three steps."),
        Carried::TcpAck => {
            text!("It acknowledges what has arrived.")
        }
        Carried::TcpData => {
            text!("It carries bytes of the stream, and acknowledges what has arrived.")
        }
        Carried::TcpFin => {
            text!("Its sender has no more bytes to send: it releases its side of the connection.")
        }
        Carried::TcpDataFin => {
            text!(
                "It carries the last bytes of the stream, and releases this side of the connection."
            )
        }
        Carried::TcpRst => text!("It refuses the connection, or ends it at once."),
        _ => text!("Its protocol is none of those that the page knows."),
    }
}
