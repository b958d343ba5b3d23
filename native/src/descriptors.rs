//! The number of descriptors that this process may open: one for each connection.

use std::io;

/// Descriptors that a server needs in addition to its connections: the standard streams, the runtime's, its sockets, and
/// a few for the resolver.
const RESERVE: usize = 32;

/// Allows `connections` at a time, if the system does; returns how many it allows.
///
/// # Errors
/// If the system does not report its limit, or allows not even one connection.
#[cfg(target_os = "linux")]
pub(crate) fn allow(connections: usize) -> io::Result<usize> {
    use nix::sys::resource::{Resource, getrlimit, setrlimit};
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let wanted = u64::try_from(connections.saturating_add(RESERVE)).unwrap_or(u64::MAX);
    let mut limit = soft;
    if soft < wanted {
        limit = wanted.min(hard);
        setrlimit(Resource::RLIMIT_NOFILE, limit, hard)?;
    }
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    match limit.saturating_sub(RESERVE) {
        0 => Err(io::Error::other(format!(
            "the process may open {limit} descriptors, and a server with connections needs more than \
             {RESERVE} (see `ulimit -n`)"
        ))),
        allowed => Ok(connections.min(allowed)),
    }
}

/// Other systems report the limit when it is reached.
#[cfg(not(target_os = "linux"))]
pub(crate) fn allow(connections: usize) -> io::Result<usize> {
    let _ = RESERVE;
    Ok(connections)
}
