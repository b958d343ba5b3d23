//! Connections: why an attempt fails, and which limit of a server a client reaches.

/// Declares an enum of reasons: each with its number in the digest, its name in the JSON log, and a clause.
macro_rules! reasons {
    ($(#[$meta:meta])* $type:ident: $($(#[$doc:meta])* $variant:ident = $code:literal, $key:literal, $name:literal;)*) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        pub enum $type {
            $($(#[$doc])* $variant,)*
        }

        impl $type {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// Returns what happened, as a clause.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

            /// Returns the name in the JSON log.
            #[must_use]
            pub const fn key(self) -> &'static str {
                match self { $(Self::$variant => $key),* }
            }

            /// Returns the number in the digest.
            pub(super) const fn code(self) -> u64 {
                match self { $(Self::$variant => $code),* }
            }
        }
    };
}

reasons! {
    /// Why an attempt failed: a connection, the request and its reply.
    Failure:
    /// The connection cannot be opened.
    Refused = 1, "refused", "connection refused";
    /// The server or the network broke the connection before the reply was complete.
    Reset = 2, "reset", "connection reset";
    /// The server closed the connection before the reply was complete.
    Incomplete = 3, "incomplete", "connection closed before the reply was complete";
    /// The reply says that the server failed.
    Reply = 4, "failure", "the server failed";
    /// The reply is not one of the protocol.
    Unreadable = 5, "unreadable", "not a reply of the protocol";
    /// The policy's wait is over: the attempt is abandoned.
    TimedOut = 6, "timed_out", "no reply in time, attempt abandoned";
}

reasons! {
    /// Which limit of a server a client reached.
    Limit:
    /// Too many connections: another client needs the place.
    Connections = 1, "connections", "closed for another client: too many connections";
    /// Too many bytes on one connection.
    Bytes = 2, "bytes", "closed: too many bytes";
    /// Silent for too long.
    Idle = 3, "idle", "closed: silent for too long";
    /// Open for too long.
    Total = 4, "total", "closed: open for too long";
    /// It was not released in time: a side did not close its direction, or an acknowledgment was lost.
    Release = 5, "release", "closed: it was not released in time";
}
