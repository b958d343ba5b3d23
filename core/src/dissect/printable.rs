//! Bytes as text.

use super::Part;
use alloc::string::String;

/// Returns bytes as text; what cannot be printed is a dot.
pub(super) fn printable(part: Part<'_>) -> String {
    let text = String::from_utf8_lossy(part.bytes);
    text.chars().map(|c| if c.is_control() || c == '\u{fffd}' { '.' } else { c }).collect()
}
