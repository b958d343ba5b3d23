//! Reads the message and checks that it fits into a datagram.

use crate::runtime;
use retrylab_core::client::MAX_MESSAGE_IPV4;
use retrylab_core::machine::Label;
use retrylab_core::policy::Draw;
use retrylab_core::protocol::template::max_len;
use retrylab_core::protocol::{Echo, Token};
use retrylab_core::scenario::Scenario;
use std::ffi::OsStr;
use std::io;
use std::net::SocketAddr;

/// Maximum payload over IPv6: 65,535 bytes minus the 8 bytes of the UDP header. The payload length of
/// IPv6 does not include its own header (RFC 8200 section 3).
pub(crate) const MAX_MESSAGE_IPV6: usize = 65_527;

/// Maximum number of steps of a schedule to walk for its last send. Longer schedules use the
/// policy's `max_sends`.
const MAX_STEPS: usize = 100_000;

/// Error that [`read`] and [`check_length`] return.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("cannot read the message from stdin: {0}")]
    Stdin(io::Error),
    #[error(
        "the message is too long: {length} bytes{with}, and a datagram over {family} carries at most {max}"
    )]
    TooLong { length: String, with: String, family: &'static str, max: usize },
    #[error("the message is too long: it has more than {MAX_LONG} bytes")]
    TooLongForAll,
}

/// Maximum number of bytes of a message that no datagram has to carry.
const MAX_LONG: usize = 16 << 20;

/// Returns the codec of a message for a connection.
pub(super) async fn read_long(argument: &OsStr) -> Result<Echo, MessageError> {
    let codec = read_limited(argument, MAX_LONG).await?;
    if codec.message.len() > MAX_LONG { Err(MessageError::TooLongForAll) } else { Ok(codec) }
}

/// Returns the codec of the message: `argument` with its placeholders, or the bytes of stdin, as they are, if it is
/// `-`.
pub(super) async fn read(argument: &OsStr) -> Result<Echo, MessageError> {
    read_limited(argument, MAX_MESSAGE_IPV6).await
}

/// Returns the codec of the message; of a longer one on stdin, it has one byte more than `max`.
async fn read_limited(argument: &OsStr, max: usize) -> Result<Echo, MessageError> {
    if argument != "-" {
        // On Unix these are exactly the bytes on the command line, valid UTF-8 or not.
        return Ok(Echo::new(argument.as_encoded_bytes()).with_placeholders());
    }
    let bytes = runtime::stdin(max).await.map_err(MessageError::Stdin)?;
    Ok(Echo::new(&bytes))
}

/// Checks before the first send that the message fits into every datagram. The last one has the longest
/// token.
pub(super) fn check_length(
    codec: &Echo,
    scenario: &Scenario,
    peer: SocketAddr,
) -> Result<(), MessageError> {
    let (family, max) = match peer {
        SocketAddr::V4(_) => ("IPv4", MAX_MESSAGE_IPV4),
        SocketAddr::V6(_) => ("IPv6", MAX_MESSAGE_IPV6),
    };
    let message = if codec.placeholders { max_len(&codec.message) } else { codec.message.len() };
    let token = if codec.token { longest_token(scenario) } else { 0 };
    if message + token <= max {
        return Ok(());
    }
    // stdin is not read any further.
    let more = if message > MAX_MESSAGE_IPV6 { "more than " } else { "" };
    let with = match token {
        0 => String::new(),
        token => format!(" plus up to {token} for the token"),
    };
    let length = format!("{more}{}", message.min(MAX_MESSAGE_IPV6));
    Err(MessageError::TooLong { length, with, family, max })
}

/// Returns the length of the last send's token.
fn longest_token(scenario: &Scenario) -> usize {
    let policy = &scenario.policy;
    // With the shortest waits, the largest number of sends fits before a deadline.
    let walked = policy.sends_drawn(Draw::Least).take(MAX_STEPS).count();
    let sends = if walked < MAX_STEPS {
        u32::try_from(walked).unwrap_or(u32::MAX)
    } else {
        policy.max_sends().unwrap_or(u32::MAX)
    };
    let mut token = Vec::new();
    if let Some(label) = Label::new(scenario.max_exchanges(), sends) {
        Token(label).emit(&mut token);
    }
    token.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(len: usize, token: bool) -> Echo {
        Echo::new(&vec![b'x'; len]).with_token(token)
    }

    #[test]
    fn a_message_fits_its_datagram_to_the_byte() {
        let scenario = |pairs: &[(&str, &str)]| {
            let mut scenario = Scenario::default();
            scenario.apply(pairs.iter().copied()).unwrap();
            scenario
        };
        let textbook = scenario(&[]);
        // `#1.5 ` is the textbook's longest token for one exchange.
        let hundred = scenario(&[("exchanges", "100")]);
        let endless = scenario(&[("policy.give_up_above", "none")]);
        let (v4, v6) = ("127.0.0.1:7".parse().unwrap(), "[::1]:7".parse().unwrap());
        for (scenario, token, peer, max) in [
            (&textbook, false, v4, 65_507),
            (&textbook, false, v6, 65_527),
            (&textbook, true, v4, 65_502),
            (&hundred, true, v4, 65_500),
            (&endless, true, v4, 65_507 - "#1.4294967295 ".len()),
        ] {
            assert!(check_length(&message(max, token), scenario, peer).is_ok(), "{max}");
            assert!(check_length(&message(max + 1, token), scenario, peer).is_err(), "{max}");
        }
    }

    #[test]
    fn the_error_states_the_length_and_the_limit() {
        let error = |len, token| {
            let peer = "127.0.0.1:7".parse().unwrap();
            check_length(&message(len, token), &Scenario::default(), peer).unwrap_err().to_string()
        };
        assert_eq!(
            error(65_508, false),
            "the message is too long: 65508 bytes, and a datagram over IPv4 carries at most 65507"
        );
        assert_eq!(
            error(65_503, true),
            "the message is too long: 65503 bytes plus up to 5 for the token, \
             and a datagram over IPv4 carries at most 65507"
        );
        assert!(error(65_528, false).contains("more than 65527 bytes"));
    }

    /// `{time}` becomes up to 15 bytes longer.
    #[test]
    fn placeholders_count_with_their_longest_values() {
        let (scenario, peer) = (Scenario::default(), "127.0.0.1:7".parse().unwrap());
        for (len, fits) in [(65_507 - 21, true), (65_507 - 20, false)] {
            let mut text = vec![b'x'; len];
            text.extend_from_slice(b"{time}");
            let codec = Echo::new(&text).with_placeholders();
            assert_eq!(check_length(&codec, &scenario, peer).is_ok(), fits, "{len}");
        }
    }
}
