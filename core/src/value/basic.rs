//! Values of Rust's own types and of this crate's basic modules, and `none` for no value.

use super::factor::{Factor, Share};
use super::shape::{Form, Grammar, Shape};
use super::text::Value;
use crate::random::Probability;
use crate::text::parse_whole;
use crate::time::{Duration, WithUnit, parse_duration};
use alloc::string::String;
use core::fmt;

impl Value for bool {
    const SHAPE: Shape = Shape::new(Form::Bool);

    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let is = |word: &str| text.eq_ignore_ascii_case(word);
        if is("true") { Some(true) } else { is("false").then_some(false) }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Integers in decimal, with an exponent, or in hexadecimal after `0x`.
macro_rules! integer {
    ($type:ty) => {
        impl Value for $type {
            const SHAPE: Shape = Shape::new(Form::Integer { min: 0, max: <$type>::MAX as u64 });

            fn parse(text: &str) -> Option<Self> {
                parse_whole(text)?.try_into().ok()
            }

            fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }

            fn fits(&self, shape: &Shape) -> bool {
                match shape.form {
                    Form::Integer { min, max } => (min..=max).contains(&u64::from(*self)),
                    _ => true,
                }
            }
        }
    };
}

integer!(u32);
integer!(u64);

/// Text is used unchanged, blanks included.
impl Value for String {
    const SHAPE: Shape = Shape::new(Form::Text { max: usize::MAX });

    fn parse(text: &str) -> Option<Self> {
        Some(text.into())
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }

    fn fits(&self, shape: &Shape) -> bool {
        match shape.form {
            Form::Text { max } => self.len() <= max,
            _ => true,
        }
    }
}

/// Maximum duration of a value: 100 days.
pub(crate) const MAX_DURATION: Duration = Duration::from_secs(100 * 86_400);

impl Value for Duration {
    const SHAPE: Shape = Shape::new(Form::Time(
        &Grammar::new("a duration of at most 2400h", &[("100ms", ""), ("1m30s", "")])
            .limits("units: ns, us, ms, s, m, h"),
    ));

    fn parse(text: &str) -> Option<Self> {
        parse_duration(text).filter(|time| *time <= MAX_DURATION)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&WithUnit(*self), f)
    }
}

impl Value for Probability {
    const SHAPE: Shape = Shape::new(Form::Number(
        &Grammar::new("a probability from 0 to 1", &[("0.3", ""), ("30%", "")])
            .limits("or a fraction such as 4/11; rounded to 9 decimals"),
    ));

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Value for Factor {
    const SHAPE: Shape = Shape::new(Form::Number(
        &Grammar::new("a number from 1 to 1000", &[("2", ""), ("1.5", "")])
            .limits("rounded to 6 decimals"),
    ));

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Value for Share {
    const SHAPE: Shape = Shape::new(Form::Number(
        &Grammar::new("a share from 0 to 1", &[("0.2", ""), ("20%", "")])
            .limits("or a fraction such as 1/3; rounded to 6 decimals"),
    ));

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// `none`, or a value.
impl<T: Value> Value for Option<T> {
    const SHAPE: Shape = T::SHAPE.or("none");

    fn parse(text: &str) -> Option<Self> {
        if is_word(text, "none") { Some(None) } else { T::parse(text).map(Some) }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            None => f.write_str("none"),
            Some(value) => value.write(f),
        }
    }

    fn fits(&self, shape: &Shape) -> bool {
        self.as_ref().is_none_or(|value| value.fits(shape))
    }
}

/// The same value as in another place, or a value of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub enum Same<T> {
    /// The other place's value.
    #[default]
    Same,
    /// This value.
    Own(T),
}

impl<T> Same<T> {
    /// Returns this value, or that of the `other` place.
    #[must_use]
    pub const fn or<'a>(&'a self, other: &'a T) -> &'a T {
        match self {
            Self::Same => other,
            Self::Own(value) => value,
        }
    }
}

/// `same`, or a value.
impl<T: Value> Value for Same<T> {
    const SHAPE: Shape = T::SHAPE.or("same");

    fn parse(text: &str) -> Option<Self> {
        if is_word(text, "same") { Some(Self::Same) } else { T::parse(text).map(Self::Own) }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Same => f.write_str("same"),
            Self::Own(value) => value.write(f),
        }
    }

    fn fits(&self, shape: &Shape) -> bool {
        match self {
            Self::Same => true,
            Self::Own(value) => value.fits(shape),
        }
    }
}

/// Returns true if `text` is this word, apart from case and surrounding blanks.
pub(crate) fn is_word(text: &str, word: &str) -> bool {
    text.trim().eq_ignore_ascii_case(word)
}
