//! What loses a datagram.

/// Declares the causes, each with its name in the JSON log and its number in the digest.
macro_rules! causes {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $code:literal;)*) => {
        /// What lost a datagram.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[cfg_attr(
            feature = "serde",
            derive(serde::Serialize, serde::Deserialize),
            serde(rename_all = "snake_case")
        )]
        pub enum Cause {
            $($(#[$doc])* $variant,)*
        }

        impl Cause {
            /// Every cause.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The cause's name in the JSON log: the scenario's key behind it, where there is one.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)*
                }
            }

            /// The cause's number in the digest.
            #[inline]
            pub(super) const fn code(self) -> u64 {
                match self {
                    $(Self::$variant => $code,)*
                }
            }
        }
    };
}

causes! {
    /// The link's random loss.
    LinkLoss = "link.loss", 1;
    /// The server dropped it by its drop rate.
    ServerDrop = "server.drop", 2;
    /// The server drops the first N of its life.
    DropFirst = "server.drop_first", 3;
    /// The server's drop list names it.
    DropList = "server.drop_list", 4;
    /// It is for an address where nobody listens.
    NobodyThere = "nobody_there", 5;
    /// The server's queue was full.
    ServerQueue = "server.queue", 6;
    /// It waited at the server for longer than the server's limit.
    Expired = "server.expire", 7;
    /// The server was down, or went down with it.
    ServerDown = "fault.server_down", 8;
    /// A fault on the timeline cut the link.
    Partition = "fault.partition", 9;
    /// A fault on the timeline made the link lossy.
    FaultLoss = "fault.loss", 10;
    /// The link's queue was full, or its rule dropped it.
    LinkQueue = "link.queue", 16;
    /// It is larger than the link's MTU.
    TooBig = "link.mtu", 17;
    /// A person dropped it by hand.
    ByHand = "by_hand", 19;
    /// The link damaged it, and the receiver's checksum caught that.
    Corrupted = "link.corrupt", 18;
}
