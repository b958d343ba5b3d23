//! The client's half of a protocol over a connection.

use crate::machine::Label;
use crate::policy::Hint;
use crate::time::Instant;
use alloc::vec::Vec;

/// The bytes of a request, and the meaning of the bytes that come back.
///
/// A codec keeps no state: the clients of one configuration share it. What has arrived of a reply is in a
/// [`Reader`](Self::Reader), one for each connection.
pub trait Codec {
    /// What has arrived of a reply.
    type Reader;

    /// Returns the reader of a new connection, on which the client sends the request that `label` names.
    fn reader(&self, label: Label) -> Self::Reader;

    /// The same, if the request depends on the time at which the send begins.
    fn reader_at(&self, label: Label, began: Instant) -> Self::Reader {
        let _ = began;
        self.reader(label)
    }

    /// Appends the request to `buf`, as the send that `label` names.
    fn request(&self, label: Label, buf: &mut Vec<u8>);

    /// The same, if the request depends on the time at which the send begins.
    fn request_at(&self, label: Label, began: Instant, buf: &mut Vec<u8>) {
        let _ = began;
        self.request(label, buf);
    }

    /// Returns true if the client has nothing to send after the request, and says so at once by closing its
    /// direction. Otherwise it does so when the reply is complete.
    fn finishes(&self) -> bool;

    /// Returns true if the request may be sent again after an attempt whose result is unknown.
    fn is_repeatable(&self) -> bool {
        true
    }

    /// Handles bytes from the server. Not called again after it has returned anything but
    /// [`Reading::More`].
    fn read(&self, reader: &mut Self::Reader, bytes: &[u8]) -> Reading;

    /// Handles the end of the server's bytes. [`Reading::More`] says that the reply is incomplete.
    fn finished(&self, reader: &mut Self::Reader) -> Reading;
}

/// What the bytes so far mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reading {
    /// The reply is not complete.
    More,
    /// The reply is complete. Bytes after it are ignored.
    Answer,
    /// The reply is complete, and says that the server failed; the request may be sent again.
    Failure {
        /// When to come back, if the server says so.
        hint: Option<Hint>,
    },
    /// This is not a reply of the protocol. Sending the request again would not help.
    Unreadable,
}
