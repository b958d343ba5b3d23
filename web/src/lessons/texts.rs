//! The texts of the lessons.

/// Texts, one per line.
#[derive(Clone, Copy)]
pub(crate) struct Texts(pub(super) fn() -> &'static str);

impl Texts {
    /// Returns the text at a place, from 0.
    pub(super) fn line(self, place: usize) -> &'static str {
        (self.0)().lines().nth(place).unwrap_or_default()
    }
}

/// Texts of a first visit.
macro_rules! texts {
    ($($name:ident: $text:literal,)*) => {
        $crate::lessons::Texts(|| concat!($($text, "\n"),*))
    };
}

/// Texts of which a first visit needs none.
macro_rules! later {
    ($($name:ident: $text:literal,)*) => {
        $crate::lessons::Texts(|| $crate::rest::text!($($text, "\n",)*))
    };
}
