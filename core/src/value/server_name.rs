//! Names of the servers of a scenario.

use core::fmt;

/// The name of a server: 1 to 15 lower-case letters, digits and hyphens, of which the first is a letter. It is small,
/// so that everything that describes records can contain it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName {
    /// Padded with zeros.
    bytes: [u8; ServerName::MAX_LEN],
}

impl ServerName {
    /// Maximum length in bytes.
    pub const MAX_LEN: usize = 15;

    /// Reads a name; `None` if the text is not one. Upper and lower case are the same.
    ///
    /// ```
    /// use retrylab_core::value::ServerName;
    ///
    /// assert_eq!(ServerName::parse(" NS-1 ").unwrap().as_str(), "ns-1");
    /// assert_eq!(ServerName::parse("1st"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
        let is_name = text.starts_with(|c: char| c.is_ascii_alphabetic())
            && text.len() <= Self::MAX_LEN
            && text.bytes().all(allowed);
        if !is_name {
            return None;
        }
        let mut bytes = [0; Self::MAX_LEN];
        bytes[..text.len()].copy_from_slice(text.as_bytes());
        bytes.make_ascii_lowercase();
        Some(Self { bytes })
    }

    /// Returns the name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        let len = self.bytes.iter().position(|byte| *byte == 0).unwrap_or(Self::MAX_LEN);
        // Every byte is ASCII.
        core::str::from_utf8(&self.bytes[..len]).unwrap_or_default()
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "ServerName({self})")
    }
}

/// The names of the servers of a run, if there are several.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ServerNames {
    names: [Option<ServerName>; ServerNames::MAX],
}

impl ServerNames {
    /// Maximum number of servers.
    pub const MAX: usize = 8;

    /// Creates the list of these names; empty if there are fewer than two. Those beyond [`MAX`](Self::MAX) are left
    /// out.
    #[must_use]
    pub fn new(servers: impl IntoIterator<Item = ServerName>) -> Self {
        let mut names = [None; Self::MAX];
        for (place, name) in names.iter_mut().zip(servers) {
            *place = Some(name);
        }
        if names[1].is_some() { Self { names } } else { Self::default() }
    }

    /// Returns whether there are several servers, which sentences have to name.
    #[must_use]
    pub const fn is_several(&self) -> bool {
        self.names[1].is_some()
    }

    /// Returns the name of the server with this number, from 1; `None` if there is a single server.
    #[must_use]
    pub fn get(&self, number: u16) -> Option<ServerName> {
        *self.names.get(usize::from(number).checked_sub(1)?)?
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn names_are_short_words() {
        for (text, name) in
            [("a", "a"), ("Primary", "primary"), ("ns-15-letters-x", "ns-15-letters-x")]
        {
            assert_eq!(ServerName::parse(text).unwrap().to_string(), name);
        }
        for text in
            ["", " ", "1a", "-a", "a b", "a=b", "a,b", "a.b", "ü", "sixteen-letters-", "a\u{1b}"]
        {
            assert_eq!(ServerName::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn a_single_server_needs_no_name() {
        let [a, b] = ["a", "b"].map(|name| ServerName::parse(name).unwrap());
        assert_eq!(ServerNames::new([a]), ServerNames::default());
        let both = ServerNames::new([a, b]);
        assert!(both.is_several() && !ServerNames::new([a]).is_several());
        assert_eq!(
            [0, 1, 2, 3, 9].map(|number| both.get(number)),
            [None, Some(a), Some(b), None, None]
        );
        let many = ServerNames::new([a; 9]);
        assert_eq!([8, 9].map(|number| many.get(number)), [Some(a), None]);
    }
}
