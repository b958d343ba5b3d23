//! What a name server says about a name.

/// What is known about the IPv4 addresses of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum NameStatus {
    /// It has at least one.
    Found,
    /// The name does not exist (NXDOMAIN).
    NoSuchName,
    /// The name exists, but has no IPv4 address.
    NoAddress,
    /// The question cannot be answered.
    NotAnswered,
}

impl NameStatus {
    /// Every status.
    pub const ALL: [Self; 4] = [Self::Found, Self::NoSuchName, Self::NoAddress, Self::NotAnswered];

    /// Returns its name in the JSON log.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::NoSuchName => "no_such_name",
            Self::NoAddress => "no_address",
            Self::NotAnswered => "not_answered",
        }
    }

    /// Returns its number in the digest.
    pub(super) const fn code(self) -> u64 {
        match self {
            Self::Found => 1,
            Self::NoSuchName => 2,
            Self::NoAddress => 3,
            Self::NotAnswered => 4,
        }
    }
}
