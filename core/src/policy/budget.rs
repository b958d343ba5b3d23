//! Budgets: how many retries all exchanges of one client may cost together.
//!
//! A schedule bounds one exchange; only a budget bounds what a thousand failing ones do to a server
//! that is already in trouble. A [`Budget`] is asked before each copy and told what became of it. It
//! may serve one client, as in this crate's, or be shared by all that speak to one server.

use super::{Factor, Share};
use crate::random::Stream;
use crate::text::{Scaled, parse_scaled, words};
use crate::time::{Duration, Instant, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, Value as _, phrase};
use core::fmt;

/// The rule of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetRule {
    /// gRPC's retry throttling (gRFC A6): starts with `max` tokens, a failure takes one, a success
    /// gives `ratio`; retries while more than half are left. In thousandths, as gRPC counts.
    Throttle {
        /// Tokens at most, in thousandths.
        max: u32,
        /// What a success gives, in thousandths.
        ratio: u32,
    },
    /// Finagle's and tower's budget: each exchange deposits `share` of a retry, on top of a reserve of
    /// `per_second` retries for each second of a window of `ttl`. Deposits and withdrawals are
    /// forgotten after `ttl`; the reserve is one per window, not a refill.
    Deposits {
        /// Retries per exchange.
        share: Share,
        /// Retries a second that are always there.
        per_second: u32,
        /// The window.
        ttl: Duration,
    },
    /// The retry quota of the AWS SDKs: a retry takes `cost`; an exchange that was answered gives back
    /// its last cost, or `refill` when it needed no retry.
    Quota {
        /// Tokens at most, and at the start.
        capacity: u32,
        /// What a retry takes.
        cost: u32,
        /// What an exchange without a retry gives.
        refill: u32,
    },
    /// The token bucket of Brooker's retry simulation ("Fixing retries with token buckets and circuit
    /// breakers", 2022): full at the start, each exchange puts `deposit` into it, a retry takes 1 and
    /// needs more than that. In thousandths.
    Bucket {
        /// Tokens at most, and at the start, in thousandths.
        capacity: u32,
        /// What an exchange gives when it begins, in thousandths.
        deposit: u32,
    },
    /// Envoy's retry budget: exchanges that are being retried are at most `share` of all that are in
    /// progress, or `at_least`. One client of this crate has one exchange in progress at a time, so
    /// there only `at_least` counts.
    Concurrent {
        /// Retrying exchanges of all in progress.
        share: Share,
        /// Retrying exchanges that are always allowed.
        at_least: u32,
    },
    /// Client-side adaptive throttling ("Site Reliability Engineering", chapter 21): a copy, the first
    /// one too, is refused with probability `max(0, (R - k A) / (R + 1))` of R asked for and A
    /// answered within `window`.
    Adaptive {
        /// What a server may be asked for, in multiples of what it answers.
        k: Factor,
        /// How long requests and answers are remembered.
        window: Duration,
    },
}

impl fmt::Display for BudgetRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Throttle { max, ratio } => {
                write!(f, "throttle {} {}", Scaled(max.into(), 3), Scaled(ratio.into(), 3))
            }
            Self::Deposits { share, per_second, ttl } => {
                write!(f, "deposits {share} {per_second} {}", WithUnit(ttl))
            }
            Self::Quota { capacity, cost, refill } => write!(f, "quota {capacity} {cost} {refill}"),
            Self::Bucket { capacity, deposit } => {
                write!(f, "bucket {} {}", Scaled(capacity.into(), 3), Scaled(deposit.into(), 3))
            }
            Self::Concurrent { share, at_least } => write!(f, "concurrent {share} {at_least}"),
            Self::Adaptive { k, window } => write!(f, "adaptive {k} {}", WithUnit(window)),
        }
    }
}

phrase!(
    BudgetRule,
    Phrase,
    Grammar::new(
        "a retry budget",
        &[
            ("throttle 10 0.1", "tokens, tokens per success"),
            ("deposits 0.2 10 10s", "retries per exchange, retries per second, window"),
            ("quota 500 10 1", "tokens, cost, refill"),
            ("bucket 5 0.1", "tokens, tokens per exchange"),
            ("concurrent 0.2 3", "share, minimum"),
            ("adaptive 2 2m", "k, window"),
        ],
    )
);

impl BudgetRule {
    fn read(text: &str) -> Option<Self> {
        let text = text.to_ascii_lowercase();
        let mut words = words(&text);
        let thousandths = |text| u32::try_from(parse_scaled(text, 3)?).ok();
        // A window has to be as long as its slots are many, in nanoseconds.
        let window = |text| parse_duration(text).filter(|time| nanos(*time) >= SLOTS as u64);
        let mut word = || words.next();
        let rule = match word()? {
            "throttle" => {
                Self::Throttle { max: thousandths(word()?)?, ratio: thousandths(word()?)? }
            }
            "deposits" => Self::Deposits {
                share: Share::parse(word()?)?,
                per_second: u32::parse(word()?)?,
                ttl: window(word()?)?,
            },
            "quota" => Self::Quota {
                capacity: u32::parse(word()?)?,
                cost: u32::parse(word()?)?,
                refill: u32::parse(word()?)?,
            },
            "bucket" => {
                Self::Bucket { capacity: thousandths(word()?)?, deposit: thousandths(word()?)? }
            }
            "concurrent" => {
                Self::Concurrent { share: Share::parse(word()?)?, at_least: u32::parse(word()?)? }
            }
            "adaptive" => Self::Adaptive { k: Factor::parse(word()?)?, window: window(word()?)? },
            _ => return None,
        };
        words.next().is_none().then_some(rule)
    }
}

/// A budget: its rule, and what is left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    rule: BudgetRule,
    left: Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Left {
    /// Tokens, in thousandths for `Throttle` and `Bucket`.
    Tokens(u32),
    /// Millionths of retries deposited, less those withdrawn.
    Balance(Window),
    /// Exchanges in progress, and those of them that are being retried.
    Active { all: u32, retrying: u32 },
    /// Copies asked for, and answers.
    Ratio { asked: Window, answered: Window },
}

/// A token where they are counted in thousandths.
const ONE_TOKEN: u32 = 1_000;

/// What a retry takes from a balance of deposits.
const ONE_RETRY: i64 = 1_000_000;

impl Budget {
    /// A full budget.
    #[must_use]
    pub fn new(rule: BudgetRule) -> Self {
        let left = match rule {
            BudgetRule::Throttle { max, .. } => Left::Tokens(max),
            BudgetRule::Quota { capacity, .. } | BudgetRule::Bucket { capacity, .. } => {
                Left::Tokens(capacity)
            }
            BudgetRule::Deposits { ttl, .. } => Left::Balance(Window::new(ttl)),
            BudgetRule::Concurrent { .. } => Left::Active { all: 0, retrying: 0 },
            BudgetRule::Adaptive { window, .. } => {
                let window = Window::new(window);
                Left::Ratio { asked: window.clone(), answered: window }
            }
        };
        Self { rule, left }
    }

    /// May an exchange begin? Only `Adaptive` ever refuses that; it draws from `draw`.
    pub fn first(&mut self, now: Instant, draw: &mut Stream) -> bool {
        match (&mut self.left, self.rule) {
            (Left::Balance(window), BudgetRule::Deposits { share, .. }) => {
                window.add(now, share.millionths().into());
                true
            }
            (Left::Tokens(tokens), BudgetRule::Bucket { capacity, deposit }) => {
                *tokens = tokens.saturating_add(deposit).min(capacity);
                true
            }
            (Left::Active { all, .. }, _) => {
                *all = all.saturating_add(1);
                true
            }
            (Left::Ratio { .. }, _) => self.admits(now, draw),
            _ => true,
        }
    }

    /// A copy brought no reply, or a failure.
    pub fn failed(&mut self) {
        if let (Left::Tokens(tokens), BudgetRule::Throttle { .. }) = (&mut self.left, self.rule) {
            *tokens = tokens.saturating_sub(ONE_TOKEN);
        }
    }

    /// May one more copy of an exchange be sent? What it costs is taken. `again`: the exchange has been
    /// retried before.
    pub fn retry(&mut self, now: Instant, again: bool, draw: &mut Stream) -> bool {
        match (&mut self.left, self.rule) {
            (Left::Tokens(tokens), BudgetRule::Throttle { max, .. }) => *tokens > max / 2,
            (Left::Tokens(tokens), BudgetRule::Quota { cost, .. }) => {
                match tokens.checked_sub(cost) {
                    Some(left) => {
                        *tokens = left;
                        true
                    }
                    None => false,
                }
            }
            (Left::Tokens(tokens), BudgetRule::Bucket { .. }) => {
                let enough = *tokens > ONE_TOKEN;
                if enough {
                    *tokens -= ONE_TOKEN;
                }
                enough
            }
            (Left::Balance(window), BudgetRule::Deposits { per_second, ttl, .. }) => {
                let reserve = u128::from(per_second) * ttl.as_nanos() / 1_000;
                let reserve = i64::try_from(reserve).unwrap_or(i64::MAX);
                let enough = window.sum(now).saturating_add(reserve) >= ONE_RETRY;
                if enough {
                    window.add(now, -ONE_RETRY);
                }
                enough
            }
            (Left::Active { all, retrying }, BudgetRule::Concurrent { share, at_least }) => {
                // Whole exchanges: what is not a whole one is not allowed.
                let part = u64::from(*all) * u64::from(share.millionths()) / 1_000_000;
                let most = part.max(at_least.into());
                let allowed = again || u64::from(*retrying) < most;
                *retrying += u32::from(allowed && !again);
                allowed
            }
            _ => self.admits(now, draw),
        }
    }

    /// An exchange that was admitted is over, after `retries` more copies than the first.
    pub fn ended(&mut self, now: Instant, answered: bool, retries: u32) {
        match (&mut self.left, self.rule) {
            (Left::Tokens(tokens), BudgetRule::Throttle { max, ratio }) if answered => {
                *tokens = tokens.saturating_add(ratio).min(max);
            }
            (Left::Tokens(tokens), BudgetRule::Quota { capacity, cost, refill }) if answered => {
                let given = if retries == 0 { refill } else { cost };
                *tokens = tokens.saturating_add(given).min(capacity);
            }
            (Left::Active { all, retrying }, _) => {
                *all = all.saturating_sub(1);
                *retrying = retrying.saturating_sub(u32::from(retries > 0));
            }
            (Left::Ratio { answered: window, .. }, _) if answered => window.add(now, 1),
            _ => {}
        }
    }

    /// The draw of adaptive throttling, before this copy is counted.
    fn admits(&mut self, now: Instant, draw: &mut Stream) -> bool {
        let (Left::Ratio { asked, answered }, BudgetRule::Adaptive { k, .. }) =
            (&mut self.left, self.rule)
        else {
            return true;
        };
        let requests = asked.sum(now).unsigned_abs();
        // Counts in millionths, so that k may have decimals.
        let accepted = k.times(answered.sum(now).unsigned_abs().saturating_mul(1_000_000));
        let excess = requests.saturating_mul(1_000_000).saturating_sub(accepted);
        asked.add(now, 1);
        draw.up_to((requests + 1).saturating_mul(1_000_000) - 1) >= excess
    }
}

const SLOTS: usize = 10;

/// A sum over the last `SLOTS` slots of time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// A slot's width in nanoseconds.
    width: u64,
    /// The number of the newest slot since the beginning.
    newest: u64,
    slots: [i64; SLOTS],
}

impl Window {
    fn new(length: Duration) -> Self {
        Self { width: (nanos(length) / SLOTS as u64).max(1), newest: 0, slots: [0; SLOTS] }
    }

    fn add(&mut self, now: Instant, amount: i64) {
        self.move_to(now);
        let slot = &mut self.slots[(self.newest % SLOTS as u64) as usize];
        *slot = slot.saturating_add(amount);
    }

    fn sum(&mut self, now: Instant) -> i64 {
        self.move_to(now);
        self.slots.iter().fold(0, |sum, slot| sum.saturating_add(*slot))
    }

    /// Forgets what is too old. Time that goes back changes nothing.
    fn move_to(&mut self, now: Instant) {
        let newest = now.as_nanos() / self.width;
        let steps = newest.saturating_sub(self.newest);
        for step in 1..=steps.min(SLOTS as u64) {
            self.slots[((self.newest + step) % SLOTS as u64) as usize] = 0;
        }
        self.newest = self.newest.max(newest);
    }
}
