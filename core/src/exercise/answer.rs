//! Right answers, and what people write.

use super::draw::length;
use crate::time::{Duration, parse_duration};
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

/// How far from the right time an answer may be.
const TOLERANCE: Duration = Duration::from_millis(1);

/// The right answer to a question, which says in which form to answer. As text, it is what someone would write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A time since the run began; an answer may be a millisecond off.
    Time(Duration),
    /// A number.
    Number(u32),
    /// One of several options.
    Choice {
        /// All options.
        options: Vec<String>,
        /// Number of the right one, from 1.
        right: usize,
    },
}

impl Answer {
    /// Returns the right answer in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self {
            Self::Time(at) => length(*at),
            Self::Number(number) => number.to_string(),
            Self::Choice { options, right } => right
                .checked_sub(1)
                .and_then(|place| options.get(place))
                .cloned()
                .unwrap_or_default(),
        }
    }

    /// Returns true if what someone wrote is this answer.
    pub(super) fn is(&self, text: &str) -> Result<bool, AnswerError> {
        let text = text.trim();
        match self {
            Self::Time(right) => parse_duration(text)
                .map(|time| time.abs_diff(*right) <= TOLERANCE)
                .ok_or(AnswerError::Time),
            Self::Number(right) => {
                text.parse().map(|number: u32| number == *right).map_err(|_| AnswerError::Number)
            }
            Self::Choice { options, right } => match text.parse() {
                Ok(number) if (1..=options.len()).contains(&number) => Ok(number == *right),
                _ => Err(AnswerError::Choice { count: options.len() }),
            },
        }
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time(_) => f.write_str(&self.words()),
            Self::Number(number) => number.fmt(f),
            Self::Choice { right, .. } => right.fmt(f),
        }
    }
}

/// Why a text is not an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AnswerError {
    /// It is not a time.
    Time,
    /// It is not a number.
    Number,
    /// It is none of the options.
    Choice {
        /// How many there are.
        count: usize,
    },
}

impl fmt::Display for AnswerError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Time => f.write_str("Write a time with its unit, such as 700 ms or 1.5 s."),
            Self::Number => f.write_str("Write a whole number, such as 3."),
            Self::Choice { count } => write!(f, "Choose one of the {count} answers."),
        }
    }
}

impl core::error::Error for AnswerError {}
