//! Endpoints of connections in a network of packets: TCP of smoltcp between them.
//!
//! Each client has a host with a [stack](super::stack). The server's host has a stack for each client, all with its one
//! address: what a stack does for one connection does not depend on others, and a step then takes the same time with one
//! client and with a thousand. A stack keeps a socket that listens; when a SYN arrives, it becomes the connection, and
//! another one listens.
//!
//! Measured, and those of smoltcp 0.13: a SYN without an answer is sent again after 1, 3, 7, 15, 31 and 63 s, then every 60 s
//! (RFC 6298 with a maximum of 60 s; smoltcp never gives up, the endpoint's policy does); an acknowledgement waits up to
//! 10 ms for data to travel with; a side that closes first waits 10 s for late segments. Congestion control is Reno's.
//! Each socket has 16 KiB for each direction, unless the network sets another number.

mod connection;
mod host;
mod look;
mod network;
mod outages;
mod scenario;
mod side;
mod switch;

pub use network::StreamNetwork;
pub use scenario::{Reported, ScenarioStreams, StreamClient, StreamServer};
