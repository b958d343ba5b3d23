//! The largest reply to a request: what a forged request can make the server send to a victim.

use crate::output::Count;
use crate::send::MAX_MESSAGE_IPV6;
use retrylab_core::client::MAX_MESSAGE_IPV4;
use retrylab_core::protocol::ServerCodec;
use retrylab_core::protocol::echo::report;
use retrylab_core::random::Probability;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::service::Overflow;
use std::fmt;
use std::net::SocketAddr;

/// The largest reply of a server, relative to the request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LargestReply {
    /// The reply contains the request.
    with_request: bool,
    /// Bytes of the reply, the request not included.
    bytes: usize,
    /// Number of replies to one request.
    count: u64,
}

impl LargestReply {
    /// Returns the largest reply of the server of `scenario`.
    pub(super) fn of(scenario: &Scenario) -> Self {
        let server = &scenario.server;
        let with_request = server.reply.has_request();
        let mut bytes = if with_request { 0 } else { report_of(MAX_MESSAGE_IPV6).len() };
        if server.fail > Probability::NEVER || scenario.station.overflow == Overflow::Fail {
            let mut failure = Vec::new();
            server.reply.failure(b"", server.hint, &mut failure);
            bytes = bytes.max(failure.len());
        }
        // The link may duplicate the request, and then each reply.
        let duplicates = scenario.link.duplicate > Probability::NEVER;
        Self { with_request, bytes, count: if duplicates { 4 } else { 1 } }
    }

    /// Returns its length for the longest request that `address` can receive.
    pub(super) fn bytes(self, address: SocketAddr) -> usize {
        let max = if address.is_ipv4() { MAX_MESSAGE_IPV4 } else { MAX_MESSAGE_IPV6 };
        if self.with_request { max } else { self.bytes }
    }
}

fn report_of(len: usize) -> Vec<u8> {
    let mut bytes = Vec::new();
    report(len, &mut bytes);
    bytes
}

/// `the largest reply has 25 bytes`
impl fmt::Display for LargestReply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = Count(self.bytes as u64, "byte");
        match (self.with_request, self.bytes) {
            (true, 0) => f.write_str("a reply is as long as its request")?,
            (true, _) => write!(f, "a reply has up to {bytes} more than its request")?,
            (false, _) => write!(f, "the largest reply has {bytes}")?,
        }
        match self.count {
            1 => Ok(()),
            count => write!(f, ", up to {count} replies to a request"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_reply_depends_on_what_the_server_answers() {
        for (pairs, shown, bytes) in [
            (&[][..], "the largest reply has 25 bytes", 25),
            (&[("server.reply", "mirror")], "a reply is as long as its request", 65_507),
            (
                &[("server.reply", "mirror"), ("server.fail", "0.1")],
                "a reply has up to 17 bytes more than its request",
                65_507,
            ),
            (&[("server.fail", "0.1")], "the largest reply has 25 bytes", 25),
            (
                &[("server.fail", "0.1"), ("server.hint", "1500ms")],
                "the largest reply has 32 bytes",
                32,
            ),
            (
                &[("server.overflow", "fail"), ("server.hint", "1500ms"), ("server.queue", "1")],
                "the largest reply has 32 bytes",
                32,
            ),
            (
                &[("link.duplicate", "0.1")],
                "the largest reply has 25 bytes, up to 4 replies to a request",
                25,
            ),
        ] {
            let mut scenario = Scenario::default();
            scenario.apply(pairs.iter().copied()).unwrap();
            let largest = LargestReply::of(&scenario);
            assert_eq!(largest.to_string(), shown, "{pairs:?}");
            assert_eq!(largest.bytes("127.0.0.1:1060".parse().unwrap()), bytes, "{pairs:?}");
        }
    }
}
