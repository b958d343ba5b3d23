//! A reply that is not an answer: the server says that it failed, and perhaps when to come back.

use crate::policy::Hint;
use crate::time::{Duration, WithUnit, parse_duration};
use alloc::format;
use alloc::vec::Vec;

/// Bytes that a failure begins with. A mirrored request that begins like this would look like a failure.
pub const FAILURE: &[u8] = b"retrylab: failed";

/// Maximum length of a hint in bytes: `, retry in ` and the time with its unit.
const MAX_HINT_LEN: usize = 64;

/// Appends a failure to `out`: [`FAILURE`], `, retry in 100ms` with a hint, a line's end, and the
/// request's bytes where the server mirrors.
pub(super) fn emit(hint: Option<Duration>, request: &[u8], out: &mut Vec<u8>) {
    out.extend_from_slice(FAILURE);
    if let Some(hint) = hint {
        out.extend_from_slice(format!(", retry in {}", WithUnit(hint)).as_bytes());
    }
    out.push(b'\n');
    out.extend_from_slice(request);
}

/// Returns the failure's hint and the bytes that follow it; `None` if `bytes` are not a failure.
#[must_use]
#[inline]
pub fn parse_failure(bytes: &[u8]) -> Option<(Option<Hint>, &[u8])> {
    if bytes.first() != FAILURE.first() {
        return None; // Most replies are answers, and one byte is enough to see that.
    }
    parse_begun(bytes)
}

/// The rest of [`parse_failure`], out of line.
#[cold]
fn parse_begun(bytes: &[u8]) -> Option<(Option<Hint>, &[u8])> {
    let rest = bytes.strip_prefix(FAILURE)?;
    let end = rest.iter().take(MAX_HINT_LEN).position(|byte| *byte == b'\n')?;
    let (hint, request) = (&rest[..end], &rest[end + 1..]);
    if hint.is_empty() {
        return Some((None, request));
    }
    let hint = core::str::from_utf8(hint.strip_prefix(b", retry in ")?).ok()?;
    Some((Some(Hint::After(parse_duration(hint)?)), request))
}

#[cfg(test)]
mod tests {
    use super::*;

    proptest::proptest! {
        #[test]
        fn a_failure_survives_its_bytes(nanos in 0u64..1 << 50, with in 0..2, request: Vec<u8>) {
            let hint = (with == 1).then(|| Duration::from_nanos(nanos));
            let mut bytes = Vec::new();
            emit(hint, &request, &mut bytes);
            let expected = (hint.map(Hint::After), request.as_slice());
            proptest::prop_assert_eq!(parse_failure(&bytes), Some(expected));
        }

        #[test]
        fn arbitrary_bytes_are_no_panic(bytes: Vec<u8>) {
            let _ = parse_failure(&bytes);
            let _ = parse_failure(&[FAILURE, &bytes].concat());
        }
    }
}
