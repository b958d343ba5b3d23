//! The two halves of a protocol: how a client writes requests and reads replies, and what a server has
//! to read in a request.

use crate::machine::Label;
use crate::policy::Hint;
use crate::time::{Duration, Instant};
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// The client's half of a protocol: the bytes of a request, and the meaning of a reply.
///
/// A codec keeps no state: the clients of one configuration share it. State between a request and its
/// reply belongs in the exchange or in the request's bytes.
///
/// ```
/// use retrylab_core::machine::Label;
/// use retrylab_core::protocol::{Codec, Received};
/// use std::num::NonZeroU32;
///
/// /// A protocol whose datagrams begin with 16 bits that a reply repeats, as in DNS: the low 12 bits of
/// /// the exchange's number, and the low 4 bits of the send's.
/// struct ShortId;
///
/// impl Codec for ShortId {
///     fn request(&self, label: Label, buf: &mut Vec<u8>) {
///         let id = label.exchange.get() << 4 | label.send.get() & 0xF;
///         buf.extend_from_slice(&(id as u16).to_be_bytes());
///     }
///
///     fn reply(&self, bytes: &[u8], newest: NonZeroU32) -> Received {
///         let Some((id, _)) = bytes.split_first_chunk() else { return Received::Other };
///         let id = u32::from(u16::from_be_bytes(*id));
///         // The newest number that ends in these 12 bits.
///         let back = newest.get().wrapping_sub(id >> 4) & 0xFFF;
///         let label = newest.get().checked_sub(back).and_then(|n| Label::new(n, id & 0xF));
///         label.map_or(Received::Other, |label| Received::Answer { label: Some(label) })
///     }
/// }
///
/// let (label, mut buf) = (Label::new(5_000, 2).unwrap(), Vec::new());
/// ShortId.request(label, &mut buf);
/// let newest = NonZeroU32::new(5_003).unwrap();
/// assert_eq!(ShortId.reply(&buf, newest), Received::Answer { label: Some(label) });
/// assert_eq!(ShortId.reply(b"?", newest), Received::Other);
/// ```
pub trait Codec {
    /// Appends the request to `buf`, as the send that `label` names.
    fn request(&self, label: Label, buf: &mut Vec<u8>);

    /// Appends the request that leaves at `now`, for a protocol whose requests contain the time. By default,
    /// they do not.
    #[inline(always)]
    fn request_at(&self, label: Label, now: Instant, buf: &mut Vec<u8>) {
        let _ = now;
        self.request(label, buf);
    }

    /// Returns what `bytes` from the server mean.
    ///
    /// `newest` is the number of the newest exchange. A protocol whose identifiers are shorter than a
    /// [`Label`] resolves them to the nearest match.
    fn reply(&self, bytes: &[u8], newest: NonZeroU32) -> Received;

    /// Returns true if replies name the send that they answer. A client with several exchanges in
    /// progress then ignores a reply that names none; otherwise it assumes that the reply answers the
    /// newest exchange.
    fn replies_are_labelled(&self) -> bool {
        true
    }
}

/// What a datagram from the server means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// The answer to a request.
    Answer {
        /// The send that it answers, if it names one.
        label: Option<Label>,
    },
    /// The server failed; the request may be sent again.
    Failure {
        /// The send that failed, if it is named.
        label: Option<Label>,
        /// When to come back, if the server says so.
        hint: Option<Hint>,
    },
    /// Not a reply of this protocol.
    Other,
}

impl Received {
    /// Returns the send that it answers, if it names one.
    #[must_use]
    pub const fn label(self) -> Option<Label> {
        match self {
            Self::Answer { label } | Self::Failure { label, .. } => label,
            Self::Other => None,
        }
    }
}

/// The server's half of a protocol: what a server needs that queues, sheds or loses requests without
/// understanding them.
pub trait ServerCodec {
    /// Returns the send that a request names, if it names one.
    fn label(&self, request: &[u8]) -> Option<Label>;

    /// Appends to `buf` a reply which says that the server failed to serve `request`, and when to come
    /// back.
    fn failure(&self, request: &[u8], hint: Option<Duration>, buf: &mut Vec<u8>);
}
