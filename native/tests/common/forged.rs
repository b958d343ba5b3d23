//! Datagrams with a forged sender.

use socket2::{Domain, Protocol, Socket, Type};
use std::net::SocketAddr;

/// Sends `payload` from `from` to `to`, whoever `from` belongs to. Returns false without the rights for it.
pub(crate) fn forge(from: &str, to: &str, payload: &[u8]) -> bool {
    let [from, to]: [SocketAddr; 2] = [from, to].map(|address| address.parse().unwrap());
    let Ok(raw) = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::UDP)) else {
        eprintln!("skipped: a forged datagram needs the rights of root");
        return false;
    };
    raw.bind(&SocketAddr::new(from.ip(), 0).into()).unwrap();
    let mut datagram = Vec::new();
    datagram.extend(from.port().to_be_bytes());
    datagram.extend(to.port().to_be_bytes());
    datagram.extend((payload.len() as u16 + 8).to_be_bytes());
    // No checksum (RFC 768).
    datagram.extend([0, 0]);
    datagram.extend(payload);
    raw.send_to(&datagram, &SocketAddr::new(to.ip(), 0).into()).unwrap();
    true
}
