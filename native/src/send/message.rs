//! The message: where it comes from, and whether it fits a datagram.

use retrylab_core::client::MAX_MESSAGE_IPV4;
use retrylab_core::machine::Label;
use retrylab_core::policy::Draw;
use retrylab_core::protocol::Token;
use retrylab_core::scenario::Scenario;
use std::ffi::OsStr;
use std::io::{self, Read};
use std::net::SocketAddr;

/// The largest payload over IPv6: 65,535 less 8 bytes of UDP header. IPv6 does not count its own header
/// in the payload length (RFC 8200 section 3).
const MAX_MESSAGE_IPV6: usize = 65_527;

/// How many steps of a schedule are walked to find its last send; beyond it the bound is taken.
const MOST_STEPS: usize = 100_000;

/// Why there is no message to send.
#[derive(Debug, thiserror::Error)]
pub(crate) enum MessageError {
    #[error("the message cannot be read from stdin: {0}")]
    Stdin(io::Error),
    #[error(
        "the message is {length} bytes{with} long; a datagram over {family} carries at most {most}"
    )]
    TooLong { length: String, with: String, family: &'static str, most: usize },
}

/// The message's bytes: `argument`'s own, or stdin's when it is `-`.
pub(super) async fn read(argument: &OsStr) -> Result<Vec<u8>, MessageError> {
    if argument != "-" {
        // On Unix these are the bytes as typed, UTF-8 or not.
        return Ok(argument.as_encoded_bytes().to_vec());
    }
    // One byte more than can ever be sent is enough to know that it is too much.
    let read_all = || {
        let mut bytes = Vec::new();
        io::stdin().lock().take(MAX_MESSAGE_IPV6 as u64 + 1).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let joined = tokio::task::spawn_blocking(read_all).await;
    joined.map_err(io::Error::other).and_then(|read| read).map_err(MessageError::Stdin)
}

/// Refuses a message that would not fit the last of its datagrams, before the first is sent.
pub(super) fn check_length(
    message: usize,
    token: bool,
    scenario: &Scenario,
    peer: SocketAddr,
) -> Result<(), MessageError> {
    let (family, most) = match peer {
        SocketAddr::V4(_) => ("IPv4", MAX_MESSAGE_IPV4),
        SocketAddr::V6(_) => ("IPv6", MAX_MESSAGE_IPV6),
    };
    let token = if token { longest_token(scenario) } else { 0 };
    if message + token <= most {
        return Ok(());
    }
    // stdin is not read further than that.
    let more = if message > MAX_MESSAGE_IPV6 { "more than " } else { "" };
    let with = match token {
        0 => String::new(),
        token => format!(" (and up to {token} of its token)"),
    };
    let length = format!("{more}{}", message.min(MAX_MESSAGE_IPV6));
    Err(MessageError::TooLong { length, with, family, most })
}

/// The length of the token of the very last copy.
fn longest_token(scenario: &Scenario) -> usize {
    let policy = &scenario.policy;
    // The shortest waits make for the most copies before a deadline.
    let walked = policy.sends_drawn(Draw::Least).take(MOST_STEPS).count();
    let sends = if walked < MOST_STEPS {
        u32::try_from(walked).unwrap_or(u32::MAX)
    } else {
        policy.max_sends().unwrap_or(u32::MAX)
    };
    let mut token = Vec::new();
    if let Some(label) = Label::new(scenario.exchanges, sends) {
        Token(label).emit(&mut token);
    }
    token.len()
}

#[cfg(test)]
mod tests {
    use super::*;

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
        for (scenario, token, peer, most) in [
            (&textbook, false, v4, 65_507),
            (&textbook, false, v6, 65_527),
            (&textbook, true, v4, 65_502),
            (&hundred, true, v4, 65_500),
            (&endless, true, v4, 65_507 - "#1.4294967295 ".len()),
        ] {
            assert!(check_length(most, token, scenario, peer).is_ok(), "{most}");
            assert!(check_length(most + 1, token, scenario, peer).is_err(), "{most}");
        }
    }

    #[test]
    fn the_sentence_names_the_length_and_the_limit() {
        let error = |len, token| {
            let peer = "127.0.0.1:7".parse().unwrap();
            check_length(len, token, &Scenario::default(), peer).unwrap_err().to_string()
        };
        assert_eq!(
            error(65_508, false),
            "the message is 65508 bytes long; a datagram over IPv4 carries at most 65507"
        );
        assert_eq!(
            error(65_503, true),
            "the message is 65503 bytes (and up to 5 of its token) long; \
             a datagram over IPv4 carries at most 65507"
        );
        assert!(error(65_528, false).contains("more than 65527 bytes"));
    }
}
