//! Bytes as text.

use super::Part;
use alloc::format;
use alloc::string::String;

/// Returns bytes as text; what cannot be printed is a dot.
pub(super) fn printable(part: Part<'_>) -> String {
    let text = String::from_utf8_lossy(part.bytes);
    text.chars().map(|c| if c.is_control() || c == '\u{fffd}' { '.' } else { c }).collect()
}

/// Returns `1 byte`, `2 bytes`.
pub(super) fn size(len: usize) -> String {
    format!("{len} byte{}", if len == 1 { "" } else { "s" })
}
