//! Connections that could not be opened, and what that means for the exit code.

use crate::exit::is_exhausted;
use std::fmt;
use std::io;
use std::net::SocketAddr;

/// An attempt to connect that failed.
#[derive(Clone, Debug)]
pub(crate) struct Unreached {
    to: SocketAddr,
    reason: Reason,
    cause: String,
}

/// Why an address was not reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reason {
    /// Nothing listens there.
    Refused,
    /// No way leads there, as the network or the system reported.
    Unreachable,
    /// Descriptors or memory of this host have run out.
    Exhausted,
}

impl Unreached {
    pub(crate) fn new(to: SocketAddr, error: &io::Error) -> Self {
        let reason = match error.kind() {
            _ if is_exhausted(error) => Reason::Exhausted,
            io::ErrorKind::ConnectionRefused => Reason::Refused,
            _ => Reason::Unreachable,
        };
        Self { to, reason, cause: error.to_string() }
    }

    /// Returns why no address was reached: if anything has run out, that; refused only if each one was.
    pub(crate) fn reason<'a>(attempts: impl IntoIterator<Item = &'a Self>) -> Reason {
        let mut all = Reason::Refused;
        for Self { reason, .. } in attempts {
            match reason {
                Reason::Exhausted => return Reason::Exhausted,
                Reason::Unreachable => all = Reason::Unreachable,
                Reason::Refused => {}
            }
        }
        all
    }
}

/// `192.0.2.1:80: Connection refused`
impl fmt::Display for Unreached {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.to, self.cause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_run_out_counts_more_than_what_is_unreachable() {
        use io::ErrorKind as K;
        let reason = |errors: &[io::Error]| {
            let to = "192.0.2.1:80".parse().unwrap();
            let attempts: Vec<_> = errors.iter().map(|error| Unreached::new(to, error)).collect();
            Unreached::reason(&attempts)
        };
        let (refused, no_route) = (|| K::ConnectionRefused.into(), || K::NetworkUnreachable.into());
        assert_eq!(reason(&[refused(), refused()]), Reason::Refused);
        assert_eq!(reason(&[refused(), no_route()]), Reason::Unreachable);
        assert_eq!(reason(&[refused(), K::OutOfMemory.into(), no_route()]), Reason::Exhausted);
        // EMFILE has a number, but no kind.
        #[cfg(unix)]
        assert_eq!(reason(&[io::Error::from_raw_os_error(24)]), Reason::Exhausted);
    }
}
