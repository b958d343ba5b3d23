//! The byte order mark, which some programs put before a text.

use std::io::{self, BufRead};

/// Skips a byte order mark.
pub(super) fn skip(file: &mut impl BufRead) -> io::Result<()> {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    if file.fill_buf()?.starts_with(MARK) {
        file.consume(MARK.len());
    }
    Ok(())
}
