//! Retry budgets: a limit on the retries of all exchanges together.
//!
//! A schedule limits one exchange; only a budget limits what a thousand failing exchanges do to an
//! overloaded server. The client asks a [`Budget`] before each send and reports the result. A budget can
//! belong to one client, as in this crate, or be shared by all clients of a server.

use super::{Factor, Share};
use crate::random::Stream;
use crate::text::{Scaled, parse_rounded, words};
use crate::time::{Duration, Instant, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, Value as _, phrase};
use core::fmt;

/// Rule of a [`Budget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum BudgetRule {
    /// Retry throttling of gRPC (gRFC A6): starts with `max` tokens, a failure takes one token, and a
    /// success adds `ratio`. Retries are allowed while more than half of the tokens are left. Counts are
    /// in thousandths, as in gRPC.
    Throttle {
        /// Maximum number of tokens, in thousandths.
        max: u32,
        /// Tokens that a success adds, in thousandths.
        ratio: u32,
    },
    /// Retry budget of Finagle and tower: each exchange deposits `share` of a retry. In addition, a
    /// window of `ttl` has a reserve of `per_second` retries for each of its seconds. Deposits and
    /// withdrawals expire after `ttl`; the reserve is fixed per window and is not refilled.
    Deposits {
        /// Retries per exchange.
        share: Share,
        /// Retries per second in the reserve.
        per_second: u32,
        /// Length of the window.
        ttl: Duration,
    },
    /// Retry quota of the AWS SDKs: a retry takes `cost` tokens. An answered exchange gives back the
    /// cost of its last retry, or `refill` tokens if it needed no retry.
    Quota {
        /// Maximum and initial number of tokens.
        capacity: u32,
        /// Tokens that a retry takes.
        cost: u32,
        /// Tokens that an exchange without a retry adds.
        refill: u32,
    },
    /// Token bucket of Brooker's retry simulation ("Fixing retries with token buckets and circuit
    /// breakers", 2022): each exchange adds `deposit`, and a retry takes 1 token and needs more than 1.
    /// Counts are in thousandths.
    Bucket {
        /// Maximum and initial number of tokens, in thousandths.
        capacity: u32,
        /// Tokens that an exchange adds when it begins, in thousandths.
        deposit: u32,
    },
    /// Retry budget of Envoy: the exchanges being retried are at most `share` of all exchanges in
    /// progress, or `at_least`, whichever is more. A client of this crate has one exchange in progress
    /// at a time, so only `at_least` matters there.
    Concurrent {
        /// Maximum share of exchanges in progress that are being retried.
        share: Share,
        /// Number of exchanges being retried that is always allowed.
        at_least: u32,
    },
    /// Client-side adaptive throttling ("Site Reliability Engineering", chapter 21): refuses a send,
    /// even a first one, with probability `max(0, (R - k A) / (R + 1))`, where R is the number of
    /// requests and A the number of replies within `window`.
    Adaptive {
        /// Maximum ratio of requests to replies before requests are refused.
        k: Factor,
        /// Time for which requests and replies count.
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
        let thousandths = |text| u32::try_from(parse_rounded(text, 3)?).ok();
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

/// Retry budget: its rule and its state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Budget {
    rule: BudgetRule,
    left: Left,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Left {
    /// Number of tokens, in thousandths for `Throttle` and `Bucket`.
    Tokens(u32),
    /// Deposits minus withdrawals, in millionths of a retry.
    Balance(Window),
    /// Number of exchanges in progress, and of those that are being retried.
    Active { all: u32, retrying: u32 },
    /// Number of sends asked for, and of replies.
    Ratio { asked: Window, answered: Window },
}

/// What a budget has left when a retry asks, and what the retry needs. Tokens and retries are in thousandths, rounded down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// A retry needs more than `limit`.
    MoreThan {
        /// Tokens left.
        left: u64,
        /// Tokens that do not suffice.
        limit: u64,
    },
    /// A retry needs at least `needs`.
    AtLeast {
        /// Tokens or retries left.
        left: u64,
        /// What a retry takes.
        needs: u64,
    },
    /// Fewer than `most` exchanges may be retried at once.
    Concurrent {
        /// Exchanges being retried.
        retrying: u32,
        /// Maximum number of them.
        most: u64,
    },
    /// A draw decides.
    Ratio {
        /// Sends asked for within the window.
        requests: u64,
        /// Replies within the window.
        replies: u64,
    },
}

impl Allowance {
    /// Returns whether it suffices for the first retry of an exchange; `None` if a draw decides.
    #[must_use]
    pub const fn suffices(self) -> Option<bool> {
        match self {
            Self::MoreThan { left, limit } => Some(left > limit),
            Self::AtLeast { left, needs } => Some(left >= needs),
            Self::Concurrent { retrying, most } => Some((retrying as u64) < most),
            Self::Ratio { .. } => None,
        }
    }
}

/// Returns the reserve of a window, in millionths of a retry.
fn reserve(rule: BudgetRule) -> i64 {
    let BudgetRule::Deposits { per_second, ttl, .. } = rule else { return 0 };
    i64::try_from(u128::from(per_second) * ttl.as_nanos() / 1_000).unwrap_or(i64::MAX)
}

/// Returns the maximum number of exchanges being retried, while `all` are in progress.
fn retry_limit(rule: BudgetRule, all: u32) -> u64 {
    let BudgetRule::Concurrent { share, at_least } = rule else { return 0 };
    // A fraction of an exchange is not allowed.
    (u64::from(all) * u64::from(share.millionths()) / 1_000_000).max(at_least.into())
}

/// One token in thousandths.
const ONE_TOKEN: u32 = 1_000;

/// One retry in a balance of deposits.
const ONE_RETRY: i64 = 1_000_000;

impl Budget {
    /// Creates a full budget.
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

    /// Returns its rule.
    pub(super) const fn rule(&self) -> BudgetRule {
        self.rule
    }

    /// Returns true if an exchange may begin. Only `Adaptive` ever refuses; it draws from `draw`.
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

    /// Records a send that got no reply, or a failure as its reply.
    pub fn failed(&mut self) {
        if let (Left::Tokens(tokens), BudgetRule::Throttle { .. }) = (&mut self.left, self.rule) {
            *tokens = tokens.saturating_sub(ONE_TOKEN);
        }
    }

    /// Returns true if an exchange may retry, and takes the cost of the retry. `again` is true if the
    /// exchange was retried before.
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
            (Left::Balance(window), rule) => {
                let enough = window.sum(now).saturating_add(reserve(rule)) >= ONE_RETRY;
                if enough {
                    window.add(now, -ONE_RETRY);
                }
                enough
            }
            (Left::Active { all, retrying }, rule) => {
                let allowed = again || u64::from(*retrying) < retry_limit(rule, *all);
                *retrying += u32::from(allowed && !again);
                allowed
            }
            _ => self.admits(now, draw),
        }
    }

    /// Returns what a retry at `now` would find, and what it needs.
    #[must_use]
    pub fn allowance(&self, now: Instant) -> Allowance {
        let (mut left, thousandths) = (self.left.clone(), |tokens| u64::from(tokens) * 1_000);
        match (&mut left, self.rule) {
            (Left::Tokens(tokens), BudgetRule::Throttle { max, .. }) => {
                Allowance::MoreThan { left: u64::from(*tokens), limit: u64::from(max / 2) }
            }
            (Left::Tokens(tokens), BudgetRule::Quota { cost, .. }) => {
                Allowance::AtLeast { left: thousandths(*tokens), needs: thousandths(cost) }
            }
            (Left::Tokens(tokens), _) => {
                Allowance::MoreThan { left: u64::from(*tokens), limit: u64::from(ONE_TOKEN) }
            }
            (Left::Balance(window), rule) => {
                let left = window.sum(now).saturating_add(reserve(rule)).max(0).unsigned_abs();
                Allowance::AtLeast { left: left / 1_000, needs: ONE_RETRY.unsigned_abs() / 1_000 }
            }
            (Left::Active { all, retrying }, rule) => {
                Allowance::Concurrent { retrying: *retrying, most: retry_limit(rule, *all) }
            }
            (Left::Ratio { asked, answered }, _) => {
                let [requests, replies] = [asked, answered].map(|w| w.sum(now).unsigned_abs());
                Allowance::Ratio { requests, replies }
            }
        }
    }

    /// Records the end of an admitted exchange, after `retries` retries.
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

    /// Draws whether adaptive throttling admits this send, then counts it.
    fn admits(&mut self, now: Instant, draw: &mut Stream) -> bool {
        let (Left::Ratio { asked, answered }, BudgetRule::Adaptive { k, .. }) =
            (&mut self.left, self.rule)
        else {
            return true;
        };
        let requests = asked.sum(now).unsigned_abs();
        // Counts are in millionths, so that k may have decimals.
        let accepted = k.times(answered.sum(now).unsigned_abs().saturating_mul(1_000_000));
        let excess = requests.saturating_mul(1_000_000).saturating_sub(accepted);
        asked.add(now, 1);
        draw.up_to((requests + 1).saturating_mul(1_000_000) - 1) >= excess
    }
}

const SLOTS: usize = 10;

/// Sum over the last `SLOTS` slots of time.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Window {
    /// Width of a slot in nanoseconds.
    width: u64,
    /// Number of the newest slot, counted from time 0.
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

    /// Clears the slots that are too old. A `now` in the past changes nothing.
    fn move_to(&mut self, now: Instant) {
        let newest = now.as_nanos() / self.width;
        let steps = newest.saturating_sub(self.newest);
        for step in 1..=steps.min(SLOTS as u64) {
            self.slots[((self.newest + step) % SLOTS as u64) as usize] = 0;
        }
        self.newest = self.newest.max(newest);
    }
}
