//! The echo protocol: a client sends its message, and the server returns the same bytes (RFC 862), the same text
//! in upper case, or reports their length.

use super::{Codec, Received, ServerCodec, Token, failure, template};
use crate::machine::Label;
use crate::time::{Duration, Instant};
use crate::value::words;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// The client's half: any reply is an answer, unless it is a [failure](super::FAILURE).
///
/// ```
/// use retrylab_core::machine::Label;
/// use retrylab_core::protocol::{Codec, Echo, Received};
///
/// let label = Label::new(2, 1).unwrap();
/// let mut buf = Vec::new();
/// Echo::new(b"hello").with_token(true).request(label, &mut buf);
/// assert_eq!(buf, b"#2.1 hello");
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Echo {
    /// The request's bytes, at most [`MAX_MESSAGE_IPV4`](crate::protocol::MAX_MESSAGE_IPV4) over IPv4.
    pub message: Arc<[u8]>,
    /// Begin each datagram with a [`Token`], so that a mirrored reply names the send that it answers.
    pub token: bool,
    /// Replace the [placeholders](super::template) of the message in each send.
    pub placeholders: bool,
    /// The time that `{time}` shows for [`Instant::ZERO`]: on a real network, the Unix time at which the
    /// clock began.
    pub epoch: Duration,
    /// Over a connection, close this end's direction after the message, so that the server sees its end.
    pub half_close: bool,
}

impl Echo {
    /// Creates the codec that sends `message` without a token, and ends it with a half-close over a connection.
    #[must_use]
    pub fn new(message: &[u8]) -> Self {
        let (token, placeholders, epoch) = (false, false, Duration::ZERO);
        Self { message: message.into(), token, placeholders, epoch, half_close: true }
    }

    /// Sets whether datagrams begin with a token.
    #[must_use]
    pub fn with_token(self, token: bool) -> Self {
        Self { token, ..self }
    }

    /// Replaces the [placeholders](super::template) of the message, if it has any.
    #[must_use]
    pub fn with_placeholders(self) -> Self {
        Self { placeholders: template::has_placeholders(&self.message), ..self }
    }

    /// Sets whether this end's direction of a connection is closed after the message.
    #[must_use]
    pub fn with_half_close(self, half_close: bool) -> Self {
        Self { half_close, ..self }
    }

    /// Sets the time that `{time}` shows for [`Instant::ZERO`].
    #[must_use]
    pub fn with_epoch(self, epoch: Duration) -> Self {
        Self { epoch, ..self }
    }
}

impl Codec for Echo {
    #[inline(always)]
    fn request(&self, label: Label, buf: &mut Vec<u8>) {
        self.request_at(label, Instant::ZERO, buf);
    }

    #[inline(always)]
    fn request_at(&self, label: Label, now: Instant, buf: &mut Vec<u8>) {
        if self.token {
            Token(label).emit(buf);
        }
        if self.placeholders {
            return template::fill(&self.message, label, now.saturating_add(self.epoch), buf);
        }
        buf.extend_from_slice(&self.message);
    }

    #[inline(always)]
    fn reply(&self, bytes: &[u8], _newest: NonZeroU32) -> Received {
        let label = |bytes| if self.token { token_label(bytes) } else { None };
        match failure::parse_failure(bytes) {
            None => Received::Answer { label: label(bytes) },
            Some((hint, request)) => Received::Failure { label: label(request), hint },
        }
    }

    #[inline]
    fn replies_are_labelled(&self) -> bool {
        self.token
    }
}

words! {
    /// The server's half: what it answers.
    Reply {
        /// `Your data was N bytes`, as in the textbook. Longer than a short request: not for the open
        /// Internet, where it would amplify forged traffic.
        #[default]
        Report = "report",
        /// The request's own bytes, as in RFC 862; also those of an empty datagram.
        Mirror = "mirror",
        /// The request with its ASCII letters in upper case, as Python's `bytes.upper()` returns it; other bytes
        /// stay as they are. The reply is as long as the request: Unicode's upper case can be longer.
        Upper = "upper",
    }
}

impl Reply {
    /// Returns true if a reply contains its request, and is then as long as it.
    #[must_use]
    pub const fn has_request(self) -> bool {
        match self {
            Self::Report => false,
            Self::Mirror | Self::Upper => true,
        }
    }
}

impl ServerCodec for Reply {
    fn label(&self, request: &[u8]) -> Option<Label> {
        token_label(request)
    }

    /// A server whose replies contain the request appends it, so that a failure names its send as well.
    fn failure(&self, request: &[u8], hint: Option<Duration>, buf: &mut Vec<u8>) {
        let request = if self.has_request() { request } else { &[] };
        failure::emit(hint, request, buf);
    }
}

/// Appends `Your data was N bytes`.
pub fn report(len: usize, out: &mut Vec<u8>) {
    out.extend_from_slice(b"Your data was ");
    let mut digits = [0u8; 20];
    let (mut at, mut rest) = (digits.len(), len);
    loop {
        at -= 1;
        digits[at] = b'0' + (rest % 10) as u8;
        rest /= 10;
        if rest == 0 {
            break;
        }
    }
    out.extend_from_slice(&digits[at..]);
    out.extend_from_slice(b" bytes");
}

fn token_label(bytes: &[u8]) -> Option<Label> {
    Token::parse(bytes).map(|Token(label)| label)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::Hint;

    fn request(codec: &Echo) -> Vec<u8> {
        let mut buf = Vec::new();
        codec.request(Label::new(3, 2).unwrap(), &mut buf);
        buf
    }

    #[test]
    fn a_mirrored_token_names_the_send() {
        for (token, label) in [(false, None), (true, Label::new(3, 2))] {
            let codec = Echo::new(b"hello").with_token(token);
            let request = request(&codec);
            assert_eq!(Reply::Mirror.label(&request), label);
            assert_eq!(codec.reply(&request, NonZeroU32::MIN), Received::Answer { label });
            assert_eq!(codec.replies_are_labelled(), token);
            let report = codec.reply(b"Your data was 10 bytes", NonZeroU32::MIN);
            assert_eq!(report, Received::Answer { label: None });
        }
    }

    #[test]
    fn a_failure_is_no_answer_and_names_its_send_if_it_is_mirrored() {
        let codec = Echo::new(b"hello").with_token(true);
        let hint = Duration::from_millis(70);
        for (reply, label) in [
            (Reply::Report, None),
            (Reply::Mirror, Label::new(3, 2)),
            (Reply::Upper, Label::new(3, 2)),
        ] {
            let mut buf = Vec::new();
            reply.failure(&request(&codec), Some(hint), &mut buf);
            let expected = Received::Failure { label, hint: Some(Hint::After(hint)) };
            assert_eq!(codec.reply(&buf, NonZeroU32::MIN), expected);
        }
    }
}
