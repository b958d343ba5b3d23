//! Acts by hand: what a person does to single packets.

use crate::time::Duration;
use crate::trace::PacketId;

/// What a person does to one packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Act {
    /// The packet, as the trace names it. In a network of packets, an act on a datagram that is sent in fragments applies
    /// to each of them.
    pub packet: PacketId,
    /// What happens to it.
    pub kind: ActKind,
}

/// What a person can do to a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActKind {
    /// It is dropped, whatever the link would have done.
    Drop,
    /// It arrives later by this time, unless the link drops it.
    Delay(Duration),
    /// It arrives twice, at the same time, unless the link drops it or duplicates it anyway.
    Duplicate,
}
