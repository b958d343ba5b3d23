//! Policies by name.

use super::Policy;
use core::fmt;
use core::str::FromStr;

/// A policy with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Preset {
    /// [`Policy::textbook`].
    #[default]
    Textbook,
}

impl Preset {
    /// Every preset.
    pub const ALL: &[Self] = &[Self::Textbook];

    /// Its name in scenarios.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Textbook => "textbook",
        }
    }

    /// Its policy.
    #[must_use]
    pub const fn policy(self) -> Policy {
        match self {
            Self::Textbook => Policy::textbook(),
        }
    }
}

impl fmt::Display for Preset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Preset {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        Self::ALL.iter().copied().find(|preset| preset.name() == text).ok_or(())
    }
}
