//! Loss models of a link, and their text form.

use crate::random::Probability;
use crate::text::words;
use crate::time::{Duration, WithUnit, parse_duration};
use crate::value::{Factor, Grammar, NumberList, Value as _, phrase};
use alloc::vec::Vec;
use core::fmt;

/// Loss model: which datagrams a link loses.
///
/// [`GilbertElliott`](Self::GilbertElliott), [`Burst`](Self::Burst) and [`FourState`](Self::FourState)
/// change state with each datagram, as in netem, no matter how much time passes.
/// [`Timed`](Self::Timed) changes state with time, no matter how many datagrams are sent. Each starts in
/// its stationary state. Netem starts in the good state, where a client that sends little would see no
/// loss.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Loss {
    /// Independent loss with this probability.
    Independent(Probability),
    /// A good and a bad state that change with each datagram (netem's `gemodel`; Gilbert 1960, Elliott
    /// 1963). The state decides whether the datagram is lost, then it may change.
    GilbertElliott {
        /// Probability of the change from good to bad.
        p: Probability,
        /// Probability of the change from bad to good.
        r: Probability,
        /// Probability of loss in the bad state.
        bad: Probability,
        /// Probability of loss in the good state.
        good: Probability,
    },
    /// [`GilbertElliott`](Self::GilbertElliott) that loses everything in the bad state and nothing in the
    /// good one, specified by its results: see [`burst_chain`].
    Burst {
        /// Share of datagrams that are lost.
        share: Probability,
        /// Mean number of datagrams lost in a row.
        mean: Factor,
    },
    /// A good and a bad state that change with time: each lasts for an exponential time. At a time `t`
    /// after its previous datagram, a flow finds the bad state with probability
    /// `s + (b - s) e^(-(u + v) t)`, where `v` and `u` are the inverses of the mean times in the bad and
    /// the good state, `s = u / (u + v)`, and `b` is 1 if the previous state was bad, otherwise 0.
    Timed {
        /// Mean time in the bad state.
        bad: Duration,
        /// Mean time in the good state.
        good: Duration,
        /// Probability of loss in the bad state.
        lost_bad: Probability,
        /// Probability of loss in the good state.
        lost_good: Probability,
    },
    /// Four states that change with each datagram (netem's `loss state`; Salsano, Ludovici, Ordine
    /// 2009). Outside a burst, state 1 receives and state 4 loses a single datagram; in a burst, state 3
    /// loses and state 2 receives. With the remaining probability, states 1, 2 and 3 stay as they are.
    /// State 4 always returns to 1.
    FourState {
        /// Probability that a burst begins.
        p13: Probability,
        /// Probability that a burst ends after a loss.
        p31: Probability,
        /// Probability of a received datagram after a loss, in a burst.
        p32: Probability,
        /// Probability of a loss after a received datagram, in a burst.
        p23: Probability,
        /// Probability of a single loss outside a burst.
        p14: Probability,
    },
    /// Loses the first N datagrams of each client and direction; on a shared link, of each direction.
    First(u64),
    /// Loses the datagrams with these numbers, from 1, counted in the same way.
    List(NumberList),
}

impl Loss {
    /// No loss.
    pub const NEVER: Self = Self::Independent(Probability::NEVER);
}

impl Default for Loss {
    fn default() -> Self {
        Self::NEVER
    }
}

/// Returns the probabilities `p` (good to bad) and `r` (bad to good) of the Gilbert-Elliott model that
/// loses `share` of all datagrams in bursts of `mean`: `r = 1 / mean` and `p = share r / (1 - share)`,
/// each to the nearest part per billion.
///
/// Returns `None` if `p` would be above 1: bursts of that mean cannot reach so large a share.
#[must_use]
pub fn burst_chain(share: Probability, mean: Factor) -> Option<(Probability, Probability)> {
    const BILLION: u128 = 1_000_000_000;
    let (share, mean) = (u128::from(share.parts_per_billion()), u128::from(mean.millionths()));
    let nearest = |numerator: u128, divisor: u128| {
        let parts = (numerator + divisor / 2).checked_div(divisor)?;
        Probability::from_parts_per_billion(u32::try_from(parts).ok()?)
    };
    let r = nearest(BILLION * 1_000_000, mean)?;
    let p = nearest(share * BILLION * 1_000_000, (BILLION - share) * mean)?;
    Some((p, r))
}

/// Writes the form that `FromStr` reads, without values that equal their defaults.
impl fmt::Display for Loss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lost =
            |f: &mut fmt::Formatter<'_>, bad: Probability, good: Probability| match (bad, good) {
                (Probability::ALWAYS, Probability::NEVER) => Ok(()),
                (bad, Probability::NEVER) => write!(f, " {bad}"),
                (bad, good) => write!(f, " {bad} {good}"),
            };
        match self {
            Self::Independent(probability) => probability.fmt(f),
            Self::GilbertElliott { p, r, bad, good } => {
                write!(f, "gilbert-elliott {p} {r}")?;
                lost(f, *bad, *good)
            }
            Self::Burst { share, mean } => write!(f, "burst {share} {mean}"),
            Self::Timed { bad, good, lost_bad, lost_good } => {
                write!(f, "timed {} {}", WithUnit(*bad), WithUnit(*good))?;
                lost(f, *lost_bad, *lost_good)
            }
            Self::FourState { p13, p31, p32, p23, p14 } => {
                write!(f, "4-state {p13} {p31} {p32} {p23} {p14}")
            }
            Self::First(count) => write!(f, "first {count}"),
            Self::List(list) => write!(f, "list {list}"),
        }
    }
}

phrase!(
    Loss,
    Phrase,
    Grammar::new(
        "a loss model",
        &[
            ("0.1", "probability"),
            ("gilbert-elliott 0.01 0.25", "to bad, to good; then lost in bad, in good"),
            ("burst 0.04 4", "share, mean length"),
            ("timed 200ms 5s", "mean times bad and good; then lost in bad, in good"),
            ("4-state 0.01 0.3 0.1 0.5 0.001", "p13 p31 p32 p23 p14"),
            ("first 2", "the first N"),
            ("list 1,3-5", "by number"),
        ],
    )
    .items("list", ",")
);

impl Loss {
    fn read(text: &str) -> Option<Self> {
        let mut all = words(text);
        let first = all.next()?;
        let words: Vec<&str> = all.take(6).collect();
        if words.is_empty() {
            return Probability::parse(first).map(Self::Independent);
        }
        let model = first.to_ascii_lowercase();
        if model == "list" {
            let list = text.trim().get(first.len()..)?;
            return NumberList::parse(list).filter(|list| !list.is_empty()).map(Self::List);
        }
        let share = |place: usize| Probability::parse(words.get(place)?);
        let or =
            |place: usize, default| if place < words.len() { share(place) } else { Some(default) };
        let time = |place: usize| parse_duration(words.get(place)?).filter(|time| !time.is_zero());
        let (always, never) = (Probability::ALWAYS, Probability::NEVER);
        Some(match (model.as_str(), words.len()) {
            ("gilbert-elliott", 2..=4) => Self::GilbertElliott {
                p: share(0)?,
                r: share(1)?,
                bad: or(2, always)?,
                good: or(3, never)?,
            },
            ("burst", 2) => {
                let (share, mean) = (share(0)?, Factor::parse(words[1])?);
                burst_chain(share, mean)?;
                Self::Burst { share, mean }
            }
            ("timed", 2..=4) => Self::Timed {
                bad: time(0)?,
                good: time(1)?,
                lost_bad: or(2, always)?,
                lost_good: or(3, never)?,
            },
            ("4-state", 5) => {
                let [p13, p31, p32, p23, p14] =
                    [share(0)?, share(1)?, share(2)?, share(3)?, share(4)?];
                // What leaves a state is a probability, too.
                let sum = |a: Probability, b: Probability| {
                    let parts = a.parts_per_billion() + b.parts_per_billion();
                    Probability::from_parts_per_billion(parts)
                };
                sum(p13, p14)?;
                sum(p31, p32)?;
                Self::FourState { p13, p31, p32, p23, p14 }
            }
            ("first", 1) => Self::First(u64::parse(words[0])?),
            _ => return None,
        })
    }
}
