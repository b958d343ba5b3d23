//! The trait of all types whose values people write.

use super::shape::Shape;
use alloc::string::{String, ToString};
use core::fmt;

/// A type whose values people write.
///
/// What [`write`](Self::write) writes must be read back by [`parse`](Self::parse) as the same value, and
/// written again as the same text. A property test checks that for every key of a scenario.
pub trait Value: Sized {
    /// How its values are written, and which ones are allowed.
    const SHAPE: Shape;

    /// Reads a value; `None` if the text is not one.
    #[must_use]
    fn parse(text: &str) -> Option<Self>;

    /// Writes the value in its canonical form.
    ///
    /// # Errors
    /// Those of the formatter.
    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;

    /// Returns whether the value is within the bounds of `shape`, which [`Shape::within`] may have made
    /// narrower than the type's.
    #[must_use]
    fn fits(&self, _shape: &Shape) -> bool {
        true
    }

    /// Returns the value's canonical text.
    #[must_use]
    fn to_text(&self) -> String {
        Written(self).to_string()
    }
}

/// Shows a value as it is written.
#[derive(Clone, Copy, Debug)]
pub struct Written<'a, T>(pub &'a T);

impl<T: Value> fmt::Display for Written<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.write(f)
    }
}

/// Reads a value and writes it in its canonical form.
///
/// # Errors
/// [`ValueError`] if the text is not a `T`.
pub fn canonical<T: Value>(text: &str) -> Result<String, ValueError> {
    T::parse(text).map(|value| value.to_text()).ok_or(ValueError::of::<T>())
}

/// A text that is not a value of its type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ValueError(Shape);

impl ValueError {
    /// Creates the error for a text that is not a `T`.
    #[must_use]
    pub const fn of<T: Value>() -> Self {
        Self(T::SHAPE)
    }
}

/// `not a duration; try 100ms`.
impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let refusal = self.0.refusal().to_string();
        f.write_str(refusal.strip_prefix("is ").unwrap_or(&refusal))
    }
}

impl core::error::Error for ValueError {}
