//! Hosts with TCP/IP stacks: a network of packets.
//!
//! Without stacks, the network carries the machines' datagrams themselves. With stacks, each host has an Ethernet
//! interface, IP, ICMP and UDP of [smoltcp](https://docs.rs/smoltcp), and the network carries packets:
//!
//! ```text
//! machine ── UDP socket ── IP ── Ethernet ── router ──(link)── router ── Ethernet ── … ── machine
//! ```
//!
//! - Each host is attached to a router by a cable without delay or loss. A client's host has its address of
//!   10.0.0.0/8, and the server's that of 192.0.2.0/24; the router is the gateway of both. If the hosts speak IPv6, their
//!   addresses are of fd72:6574:7279::/64 and 2001:db8::/64. Hosts and router find each other's Ethernet addresses by
//!   ARP or, for IPv6, by neighbor discovery, and repeat that as their entries expire. As the cable has no delay, this
//!   adds nothing to the time of a datagram.
//! - The link is between two ports of the router. It carries IP packets, and does to them what it does to datagrams: each
//!   packet has a [`Name`](crate::random::Name) that decides its fate. A datagram that fits in one packet has the name
//!   that it has without stacks, so both networks lose, delay and duplicate the same datagrams. Of a fragmented
//!   datagram, the first fragment has that name, and each other fragment one of its own. An ICMP error has a name derived from
//!   that of the packet that caused it.
//! - A packet of IPv4 larger than `link.mtu` is sent in fragments, where the network of datagrams drops it. A datagram
//!   arrives when its last fragment does, unless one is lost.
//! - A packet of IPv6 larger than `link.mtu` is not sent, as with a socket that must not fragment (`IPV6_DONTFRAG`, RFC
//!   3542, section 11.2): routers do not fragment IPv6 (RFC 8200, section 5), and smoltcp does not either. The record is
//!   that of the network of datagrams, so a scenario has the same records over IPv6 as without stacks. This
//!   does not hold with a limited `link.rate` or `link.mtu`, because the header of IPv6 is 20 bytes longer than that of
//!   IPv4. To compare the two networks then, add 20 to the `link.overhead` of the network of datagrams.
//! - A host on whose port nobody listens answers with ICMP port unreachable. The machine of a connected client learns
//!   of it; another does not, as with sockets of an operating system.
//!
//! The records are those of the network of datagrams, with a [`What::Frame`](crate::trace::What::Frame) for each frame
//! that a host sends or receives. Sinks see the bytes of these frames, from which a capture file can be written.
//!
//! Limits: a host puts together the fragments of at most 32 datagrams at a time, and drops an incomplete one after 30 s. It
//! takes about 70 KB of memory, most of which is smoltcp's buffer for a datagram that is sent in fragments.

mod connections;
mod frames;
mod host;
mod labels;
mod neighbors;
mod place;
mod port;
mod reassembly;
mod router;
mod stacks;

pub(super) use frames::port_of_syn;
pub(super) use host::Stack;
pub(super) use host::memory_of_tcp_socket;
pub(super) use stacks::{Received, Stacks};
