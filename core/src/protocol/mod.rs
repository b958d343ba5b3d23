//! What requests and replies look like as bytes.
//!
//! A [`Codec`] connects an exchange, which handles no bytes, with a client, which knows no protocol.
//! [`Echo`] is every client's default. [`ServerCodec`] is the server's half, and
//! [`row`] is the protocol of clients that write one row.

mod codec;
pub mod echo;
mod failure;
pub mod heartbeat;
pub mod row;
pub mod template;
mod token;

pub use codec::{Codec, Received, ServerCodec};
pub use echo::Echo;
pub use failure::{FAILURE, parse_failure};
pub use token::Token;

/// The largest payload of a UDP datagram over IPv4: 65,535 less 20 bytes of IP and 8 of UDP header.
pub const MAX_MESSAGE_IPV4: usize = 65_507;
