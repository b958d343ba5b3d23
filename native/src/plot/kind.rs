//! The kinds of plots.

/// The kind of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Kind {
    // Medians over a numeric key, with bands.
    Lines,
    // The result of each seed, with medians, for each value of a key.
    Dots,
    // Colours for the values of two keys.
    Heat,
    // Numbers over time, from files of `sim --series`.
    Time,
}

impl Kind {
    /// Returns the value of `--kind`.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Lines => "lines",
            Self::Dots => "dots",
            Self::Heat => "heat",
            Self::Time => "time",
        }
    }
}
