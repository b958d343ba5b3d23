//! Frames of a network of packets: what they carry, and what happens to them.

use super::Cause;

/// Declares what frames carry: each with its name in the JSON log, its number in the digest, and its name in a
/// sentence.
macro_rules! carried {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $code:literal, $phrase:literal;)*) => {
        /// What an Ethernet frame carries.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum Carried {
            $($(#[$doc])* $variant,)*
        }

        impl Carried {
            /// Everything that a frame may carry.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns the name in the JSON log.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns the number in the digest.
            pub(super) const fn code(self) -> u64 {
                match self { $(Self::$variant => $code),* }
            }

            /// Returns the name in a sentence, with its article.
            #[must_use]
            pub const fn phrase(self) -> &'static str {
                match self { $(Self::$variant => $phrase),* }
            }
        }
    };
}

carried! {
    /// ARP: who has this IPv4 address? (RFC 826)
    ArpRequest = "arp_request", 1, "an ARP request";
    /// ARP: this Ethernet address has it.
    ArpReply = "arp_reply", 2, "an ARP reply";
    /// ICMPv6: who has this IPv6 address? (RFC 4861, section 4.3)
    NeighborSolicitation = "neighbor_solicitation", 3, "a neighbor solicitation";
    /// ICMPv6: this Ethernet address has it (RFC 4861, section 4.4).
    NeighborAdvertisement = "neighbor_advertisement", 4, "a neighbor advertisement";
    /// A whole UDP datagram.
    Udp = "udp", 5, "a UDP datagram";
    /// A fragment of an IP datagram.
    Fragment = "fragment", 6, "a fragment";
    /// ICMP: nobody listens on this UDP port (RFC 792; RFC 4443, section 3.1).
    PortUnreachable = "port_unreachable", 7, "an ICMP port unreachable";
    /// Any other ICMP message.
    Icmp = "icmp", 8, "an ICMP message";
    /// TCP: asks for a connection (RFC 9293).
    TcpSyn = "tcp_syn", 9, "a TCP SYN";
    /// TCP: accepts the connection.
    TcpSynAck = "tcp_syn_ack", 10, "a TCP SYN-ACK";
    /// TCP: acknowledges, and carries nothing.
    TcpAck = "tcp_ack", 11, "a TCP ACK";
    /// TCP: carries bytes of the stream.
    TcpData = "tcp_data", 12, "a TCP segment with data";
    /// TCP: ends its side of the connection, without data.
    TcpFin = "tcp_fin", 13, "a TCP FIN";
    /// TCP: refuses or aborts the connection.
    TcpRst = "tcp_rst", 14, "a TCP reset";
    /// TCP: carries the last bytes of the stream, and ends its side of the connection.
    TcpDataFin = "tcp_data_fin", 16, "a TCP FIN with data";
    /// Anything else.
    Other = "other", 15, "a frame";
}

impl Carried {
    /// Returns true for a TCP segment.
    #[must_use]
    pub const fn is_tcp(self) -> bool {
        match self {
            Self::TcpSyn
            | Self::TcpSynAck
            | Self::TcpAck
            | Self::TcpData
            | Self::TcpFin
            | Self::TcpRst
            | Self::TcpDataFin => true,
            Self::ArpRequest
            | Self::ArpReply
            | Self::NeighborSolicitation
            | Self::NeighborAdvertisement
            | Self::Udp
            | Self::Fragment
            | Self::PortUnreachable
            | Self::Icmp
            | Self::Other => false,
        }
    }

    /// Returns the name in a sentence, without its article.
    #[must_use]
    pub fn noun(self) -> &'static str {
        let phrase = self.phrase();
        phrase.split_once(' ').map_or(phrase, |(_, noun)| noun)
    }

    /// Returns true if hosts and routers use it to find each other: it never crosses the link.
    #[must_use]
    pub const fn is_local(self) -> bool {
        matches!(
            self,
            Self::ArpRequest
                | Self::ArpReply
                | Self::NeighborSolicitation
                | Self::NeighborAdvertisement
        )
    }
}

/// What happens to a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameStep {
    /// A host sends it.
    Sent,
    /// A host receives it.
    Received,
    /// It is lost on its way.
    Lost(Cause),
    /// The link makes two of it.
    Duplicated,
    /// The link flips a bit of it and delivers it nevertheless.
    Damaged,
}

impl FrameStep {
    /// Returns the name in the JSON log: of a loss, the name of its cause.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sent => "sent",
            Self::Received => "received",
            Self::Lost(cause) => cause.name(),
            Self::Duplicated => "duplicated",
            Self::Damaged => "damaged",
        }
    }

    /// Returns the number in the digest.
    pub(super) const fn code(self) -> u64 {
        match self {
            Self::Sent => 1,
            Self::Received => 2,
            Self::Duplicated => 3,
            Self::Damaged => 4,
            Self::Lost(cause) => 256 + cause.code(),
        }
    }
}
