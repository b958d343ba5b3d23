//! Text from elsewhere, made safe to print.

use alloc::borrow::Cow;
use alloc::string::String;
use core::fmt::{self, Write};

/// Number of characters that [`Printable::short`] shows.
const SHORT: usize = 60;

/// Text that comes from a user, a file, a peer or the system, made safe to print.
///
/// Characters that could control a terminal are escaped: control characters (C0, DEL and C1), and the characters of
/// Unicode that change the direction of writing (UAX #9) or end a line. A long text is cut; its length follows.
///
/// ```
/// use retrylab_core::value::Printable;
///
/// assert_eq!(Printable::new("a\x1b[2J\u{202e}b").to_string(), "a\\u{1b}[2J\\u{202e}b");
/// let long = "x".repeat(200_000);
/// assert_eq!(Printable::short(&long).to_string(), format!("{}… (200000 bytes)", &long[..60]));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Printable<'a> {
    text: Cow<'a, str>,
    /// Maximum number of characters to show.
    max: usize,
}

impl<'a> Printable<'a> {
    /// Shows the whole text.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self { text: Cow::Borrowed(text), max: usize::MAX }
    }

    /// Shows at most 60 characters, for a value within a sentence.
    #[must_use]
    pub const fn short(text: &'a str) -> Self {
        Self::new(text).at_most(SHORT)
    }

    /// Shows the whole text. Invalid UTF-8 is shown as U+FFFD.
    #[must_use]
    pub fn bytes(bytes: &'a [u8]) -> Self {
        Self { text: String::from_utf8_lossy(bytes), max: usize::MAX }
    }

    /// Shows at most `max` characters.
    #[must_use]
    pub const fn at_most(mut self, max: usize) -> Self {
        self.max = max;
        self
    }
}

impl fmt::Display for Printable<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut chars = self.text.chars();
        for c in chars.by_ref().take(self.max) {
            if is_unsafe(c) {
                write!(f, "{}", c.escape_default())?;
            } else {
                f.write_char(c)?;
            }
        }
        if chars.next().is_none() {
            return Ok(());
        }
        write!(f, "… ({} bytes)", self.text.len())
    }
}

/// Returns JSON text whose strings contain no character that could control a terminal: such a character becomes
/// `\uXXXX`, which means the same. Serializers escape only those below U+0020.
#[must_use]
pub fn printable_json(json: &str) -> Cow<'_, str> {
    // Outside of strings, JSON has no such characters except white space.
    let in_string = |c: char| is_unsafe(c) && !matches!(c, '\n' | '\r' | '\t');
    if !json.contains(in_string) {
        return Cow::Borrowed(json);
    }
    let mut text = String::with_capacity(json.len() + 64);
    for c in json.chars() {
        if in_string(c) {
            // All of them are in the Basic Multilingual Plane.
            let _ = write!(text, "\\u{:04x}", u32::from(c));
        } else {
            text.push(c);
        }
    }
    Cow::Owned(text)
}

/// Returns whether a character could control a terminal or change the meaning of the text around it.
fn is_unsafe(c: char) -> bool {
    // `char::is_control` covers C0, DEL and C1.
    c.is_control()
        || matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::format;
    use alloc::string::ToString;

    #[test]
    fn what_controls_a_terminal_is_escaped_and_the_rest_is_not() {
        for (text, shown) in [
            ("Your data was 5 bytes", "Your data was 5 bytes"),
            ("a\x1b[2Jb\r\n", "a\\u{1b}[2Jb\\r\\n"),
            ("\0\x07\x7f", "\\u{0}\\u{7}\\u{7f}"),
            ("\u{80}\u{9b}31m\u{9f}", "\\u{80}\\u{9b}31m\\u{9f}"),
            ("\u{202a}\u{202e}\u{2066}\u{2069}", "\\u{202a}\\u{202e}\\u{2066}\\u{2069}"),
            ("\u{200e}\u{200f}\u{61c}", "\\u{200e}\\u{200f}\\u{61c}"),
            ("é ü 漢 😀 \u{a0}\u{3bc}s", "é ü 漢 😀 \u{a0}\u{3bc}s"),
        ] {
            assert_eq!(Printable::new(text).to_string(), shown, "{text:?}");
            assert_eq!(Printable::bytes(text.as_bytes()).to_string(), shown, "{text:?}");
        }
        assert_eq!(Printable::bytes(b"\xff\xc3\xa9").to_string(), "\u{fffd}\u{e9}");
    }

    #[test]
    fn a_long_text_is_cut_and_its_length_follows() {
        let text = "é".repeat(61);
        assert_eq!(Printable::short(&text[2..]).to_string(), "é".repeat(60));
        assert_eq!(Printable::short(&text).to_string(), format!("{}… (122 bytes)", "é".repeat(60)));
        assert_eq!(Printable::new("abc").at_most(2).to_string(), "ab… (3 bytes)");
        assert_eq!(Printable::bytes(b"").at_most(0).to_string(), "");
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_is_shown_controls_a_terminal(bytes: alloc::vec::Vec<u8>, text: String) {
            for shown in [Printable::bytes(&bytes).to_string(), Printable::new(&text).to_string()] {
                proptest::prop_assert!(!shown.contains(is_unsafe), "{:?}", shown);
            }
        }

        #[test]
        fn printable_json_means_the_same(text: String, more in "[\u{7f}-\u{9f}\u{2028}-\u{202e}\n]{0,9}") {
            let text = text + &more;
            let json = serde_json::to_string(&text).unwrap();
            let printable = printable_json(&json);
            proptest::prop_assert!(!printable.contains(is_unsafe), "{:?}", printable);
            let back: String = serde_json::from_str(&printable).unwrap();
            proptest::prop_assert_eq!(back, text);
        }
    }
}
