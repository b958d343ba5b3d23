//! How a link names an exercise: `next-send.7` is the seventh of its kind.

use crate::value::{Printable, nearest};
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// Name of the part of a link that names an exercise: `view.exercise=next-send.7`.
pub const NAME: &str = "exercise";

/// What an exercise asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// When the next send leaves.
    NextSend,
    /// Which client gives up first.
    FirstToGiveUp,
    /// Which send a reply answers.
    AnsweredSend,
    /// How many sends an exchange takes.
    Sends,
    /// Whether an exchange outlasts an outage.
    Recovers,
    /// Which policy made the waits.
    Policy,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[
        Self::NextSend,
        Self::Sends,
        Self::Recovers,
        Self::AnsweredSend,
        Self::FirstToGiveUp,
        Self::Policy,
    ];

    /// Returns its name in links.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::NextSend => "next-send",
            Self::FirstToGiveUp => "first-to-give-up",
            Self::AnsweredSend => "answered-send",
            Self::Sends => "sends",
            Self::Recovers => "recovers",
            Self::Policy => "policy",
        }
    }

    /// Returns its title.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::NextSend => "When does it send again?",
            Self::FirstToGiveUp => "Which client gives up first?",
            Self::AnsweredSend => "Which send was answered?",
            Self::Sends => "How many sends does it take?",
            Self::Recovers => "Does it outlast the outage?",
            Self::Policy => "Which policy is this?",
        }
    }

    /// Returns the name of an exercise, such as `next-send.7`.
    #[must_use]
    pub fn named(self, number: u32) -> String {
        format!("{}.{number}", self.name())
    }

    /// Reads a name such as `next-send.7`: the kind and the number.
    ///
    /// # Errors
    /// If there is no such kind, or the number is missing.
    pub fn read(text: &str) -> Result<(Self, u32), NameError> {
        let (name, number) = text.split_once('.').unwrap_or((text, ""));
        let Some(kind) = Self::ALL.iter().find(|kind| kind.name() == name) else {
            return Err(NameError::Kind(name.to_string()));
        };
        match number.parse() {
            Ok(number) => Ok((*kind, number)),
            Err(_) => Err(NameError::Number { kind: *kind, number: number.to_string() }),
        }
    }
}

/// Why a text does not name an exercise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NameError {
    /// There is no such kind.
    Kind(String),
    /// The number is missing, or is not a number.
    Number {
        /// The kind.
        kind: Kind,
        /// What is there instead.
        number: String,
    },
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Kind(name) => {
                let names = || Kind::ALL.iter().map(|kind| kind.name());
                write!(f, "there is no exercise \"{}\"; ", Printable::short(name))?;
                if let Some(meant) = nearest(name, names()) {
                    return write!(f, "did you mean {meant}?");
                }
                f.write_str("the kinds are ")?;
                for (place, name) in names().enumerate() {
                    write!(f, "{}{name}", if place > 0 { ", " } else { "" })?;
                }
                Ok(())
            }
            Self::Number { kind, number } => write!(
                f,
                "\"{}\" is not the number of an exercise; write {}.7, for example",
                Printable::short(number),
                kind.name()
            ),
        }
    }
}

impl core::error::Error for NameError {}
