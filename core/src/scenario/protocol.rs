//! What clients and servers speak.

use crate::value::words;

words! {
    /// What clients and servers speak.
    Protocol {
        /// Echo: each request and each reply is a UDP datagram.
        #[default]
        Udp = "udp",
        /// Echo over TCP: each send is a connection, the message and its reply.
        Tcp = "tcp",
        /// HTTP/1.1: each send is a connection, a GET and its response.
        Http = "http",
        /// DNS: each client looks up the address of one name, over datagrams.
        Dns = "dns",
    }
}

impl Protocol {
    /// Returns true if it runs over TCP connections.
    #[must_use]
    pub const fn has_connections(self) -> bool {
        match self {
            Self::Udp | Self::Dns => false,
            Self::Tcp | Self::Http => true,
        }
    }
}
