//! When to send again, and when to stop.
//!
//! A [`Policy`] is a validated description. A [`Schedule`] walks it for one exchange; a [`Budget`], a
//! [`Breaker`] and a server's [`Hint`] may overrule it; [`Rtt`] measures where it begins; a [`Pacer`]
//! puts them together for one client. All are pure: no clock, no generator, integer nanoseconds. They
//! work alone, without the simulated network, without `std`, and in wasm.
//!
//! ```
//! use retrylab_core::policy::Policy;
//! use retrylab_core::time::Duration;
//!
//! let policy = Policy::textbook();
//! let sends: Vec<f64> = policy.sends().map(|at| at.as_secs_f64()).collect();
//! assert_eq!(sends, [0.0, 0.1, 0.3, 0.7, 1.5]);
//! assert_eq!(policy.gives_up_after(), Some(Duration::from_millis(3_100)));
//! ```
//!
//! # A retry loop of your own
//!
//! ```
//! use retrylab_core::policy::{Preset, Schedule};
//! use retrylab_core::random::{Name, Purpose};
//! use retrylab_core::time::Duration;
//!
//! # static CALLS: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
//! /// Whatever can fail.
//! fn call() -> Result<u32, ()> {
//!     // …
//! #   let calls = CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
//! #   if calls < 2 { Err(()) } else { Ok(7) }
//! }
//! # fn sleep(_: Duration) {}
//!
//! let policy = Preset::AwsStandard.policy();
//! let stream = Name::exchange(42, 1, 1).stream(Purpose::Jitter);
//! let (mut schedule, mut elapsed) = (Schedule::random(&policy, stream), Duration::ZERO);
//! let answer = loop {
//!     let Ok(wait) = schedule.next(&policy, elapsed) else { break None };
//!     match call() {
//!         Ok(answer) => break Some(answer),
//!         Err(()) => {
//!             sleep(wait.timeout);
//!             elapsed += wait.timeout;
//!         }
//!     }
//! };
//! assert_eq!((answer, schedule.sends()), (Some(7), 3));
//! ```
//!
//! # Which policy for which job
//!
//! - **A datagram protocol on the Internet:** [`Preset::Coap`] or [`Preset::Stun`]; with traffic enough
//!   to measure by, [`Preset::TcpRfc6298`]. RFC 8085 section 3.1 asks for a first wait of 1 s without a
//!   measured round trip (500 ms is STUN's exception), exponential backoff, and no more than one
//!   datagram per round trip on average, or one in 3 s where nothing comes back. The textbook's 0.1 s
//!   is for a laboratory.
//! - **A call inside a data centre:** [`Preset::AwsStandard`] or [`Preset::Grpc`], with a budget. The
//!   schedule bounds one exchange; only a budget bounds the load that all of them make together when
//!   the server is in trouble.
//! - **Many clients that fail at once** (a restart, a lost link): full jitter, or decorrelated.
//! - **The slowest replies matter:** [`Preset::GrpcHedging`] with a budget, and only if the server may
//!   do the work twice.
//! - **For ever in the background:** a cap and no stop, as [`Preset::Dhcpv6Solicit`] or
//!   [`Preset::GrpcConnect`].
//!
//! What each jitter costs:
//!
//! | jitter | mean wait | cost |
//! |---|---|---|
//! | none | `v` | clients that failed together come back together, for ever |
//! | proportional | `v` | the herd is only widened: fine for few clients |
//! | equal | `3v/4` | never hasty; half of the spread of `full` |
//! | full | `v/2` | the fewest calls under contention; some retries come at once |
//! | decorrelated | grows by 1.5 | as good; its waits forget the attempt's number, and pile up at the cap |
//! | once | `v (1 + p/2)` | one draw an exchange: cheap, and the doubling stays exact |
//! | compounding | `v` | drifts: after `n` waits the spread has grown with `n` |
//!
//! Jitter is drawn after the cap, so it survives there; [`Jitter::bound`] is what a wait can reach.

mod backoff;
mod breaker;
mod budget;
mod builder;
mod hint;
mod jitter;
mod pacer;
mod preset;
mod rtt;
mod schedule;
#[cfg(test)]
mod tests;

pub use crate::value::{Factor, Share};
pub use backoff::{Backoff, Timeouts};
pub use breaker::{Breaker, BreakerRule};
pub use budget::{Budget, BudgetRule};
pub use builder::{LONGEST, PolicyBuilder, PolicyError};
pub use hint::{Hint, HintRule};
pub use jitter::{Draw, Jitter};
pub use pacer::Pacer;
pub(crate) use pacer::Shared;
pub use preset::Preset;
pub use rtt::{Adaptive, Rtt};
pub(crate) use schedule::Step;
pub use schedule::{Schedule, Sends, Wait};

use crate::random::{Name, Purpose};
use crate::text::words;
use crate::time::{Duration, WithUnit, nanos, parse_duration};
use crate::value::{Grammar, phrase};
use core::fmt;

/// Declares [`Policy`], its getters and its builder's setters from one list of fields.
macro_rules! policy {
    ($($(#[$doc:meta])* $name:ident: $type:ty,)*) => {
        /// A retry policy. Every value of this type has been validated; see [`PolicyBuilder`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct Policy {
            $($name: $type,)*
        }

        /// What it says.
        impl Policy {
            $($(#[$doc])* #[must_use] #[inline] pub const fn $name(&self) -> $type { self.$name })*
        }

        /// What can be said.
        impl PolicyBuilder {
            $($(#[$doc])* pub const fn $name(mut self, $name: $type) -> Self {
                self.0.$name = $name;
                self
            })*
        }
    };
}

policy! {
    /// How waits grow.
    backoff: Backoff,
    /// The wait after the first send: more than 0, at most [`LONGEST`].
    initial_timeout: Duration,
    /// What each wait is multiplied by to give the next, under [`Backoff::Exponential`].
    multiplier: Factor,
    /// What each wait is lengthened by, under [`Backoff::Linear`] and, after the multiplication,
    /// [`Backoff::Exponential`].
    increment: Duration,
    /// The waits of [`Backoff::List`].
    timeouts: Timeouts,
    /// So many waits are repeated before the first one grows (Linux: `tcp_syn_linear_timeouts`).
    linear_timeouts: u32,
    /// No wait is longer than this, before jitter; not below `initial_timeout`.
    max_timeout: Option<Duration>,
    /// How long a reply to a copy is waited for. Without it that is the whole wait until the next copy,
    /// and replies to earlier copies count as well (datagrams). With it a copy that is not answered in
    /// this time is abandoned, and the backoff begins then, or when a failure comes (calls).
    attempt_timeout: Option<Duration>,
    /// The wait after the last of `max_sends` copies, when it differs (STUN's Rm, RFC 8489 section
    /// 6.2.1).
    last_timeout: Option<Duration>,
    /// How long to wait before the first copy.
    first_delay: Option<Delay>,
    /// How waits are made to differ.
    jitter: Jitter,
    /// How the first wait follows the measured round-trip time.
    adaptive: Adaptive,
    /// No adaptive first wait is shorter than this.
    min_timeout: Option<Duration>,
    /// The client gives up instead of starting a wait that would be longer than this, judged before
    /// `max_timeout` and jitter; not below `initial_timeout`.
    give_up_above: Option<Duration>,
    /// The number of copies sent at most, the first included; at least 1.
    max_sends: Option<u32>,
    /// The exchange ends this long after its first send at the latest: no copy is sent at or after it,
    /// and no wait reaches past it.
    deadline: Option<Duration>,
    /// What happens to a wait that would reach past the deadline.
    deadline_rule: DeadlineRule,
    /// The next copy does not replace the one before: the first reply wins, and after a failure the
    /// next goes out at once.
    hedging: bool,
    /// How many retries all exchanges may cost together.
    budget: Option<BudgetRule>,
    /// When to stop asking for a while.
    breaker: Option<BreakerRule>,
    /// What to make of a server's hint.
    hint: HintRule,
}

/// How many sends [`Policy::gives_up_after`] looks at: policies may allow billions.
pub const MOST_WALKED: usize = 1_000_000;

impl Policy {
    /// The textbook UDP client: waits 0.1 s, doubles the wait after each silence, and gives up when
    /// the next wait would exceed 2.0 s. Sends at 0, 0.1, 0.3, 0.7, 1.5 s; gives up at 3.1 s.
    ///
    /// Its first wait is a tenth of what RFC 8085 section 3.1.1 asks for on the Internet (1 s): for a
    /// laboratory and a local network only.
    #[must_use]
    pub const fn textbook() -> Self {
        let give_up_above = Some(Duration::from_secs(2));
        Self { give_up_above, ..Self::plain(Duration::from_millis(100)) }
    }

    /// This first wait, doubling, without any stop.
    pub(crate) const fn plain(initial_timeout: Duration) -> Self {
        Self {
            backoff: Backoff::Exponential,
            initial_timeout,
            multiplier: Factor::TWO,
            increment: Duration::ZERO,
            timeouts: Timeouts::EMPTY,
            linear_timeouts: 0,
            max_timeout: None,
            attempt_timeout: None,
            last_timeout: None,
            first_delay: None,
            jitter: Jitter::None,
            adaptive: Adaptive::None,
            min_timeout: None,
            give_up_above: None,
            max_sends: None,
            deadline: None,
            deadline_rule: DeadlineRule::At,
            hedging: false,
            budget: None,
            breaker: None,
            hint: HintRule::Jitter(Share::percent(50)),
        }
    }

    /// Starts a policy of your own: this first wait, doubling, without any stop.
    pub const fn exponential(initial_timeout: Duration) -> PolicyBuilder {
        PolicyBuilder(Self::plain(initial_timeout))
    }

    /// This policy as a builder, to change parts of it.
    pub const fn to_builder(self) -> PolicyBuilder {
        PolicyBuilder(self)
    }

    /// The times at which copies are sent when no reply ever comes, from the first at 0, without
    /// jitter. A law that draws below the wait (`full`, `equal`, `slots`) counts as the whole wait,
    /// `decorrelated` as the middle of each draw, which is its mean while uncapped.
    ///
    /// Endless for a policy without a stop.
    #[must_use]
    pub fn sends(&self) -> Sends<'_> {
        self.sends_drawn(Draw::Nominal)
    }

    /// The same with jitter: at its least, at its most, or drawn from a stream.
    #[must_use]
    pub fn sends_drawn(&self, draw: Draw) -> Sends<'_> {
        Sends::new(self, Schedule::drawn(self, self.initial_timeout, draw))
    }

    /// The send times of exchange `exchange` (from 1) of a run with this seed.
    #[must_use]
    pub fn sends_of(&self, seed: u64, exchange: u32) -> Sends<'_> {
        self.sends_drawn(Draw::Random(Name::exchange(seed, 1, exchange).stream(Purpose::Jitter)))
    }

    /// How long after its first send an exchange without any reply ends, without jitter; `None` when
    /// the policy [never gives up](Self::never_gives_up), or not within [`MOST_WALKED`] sends.
    #[must_use]
    pub fn gives_up_after(&self) -> Option<Duration> {
        if self.never_gives_up() {
            return None;
        }
        let mut sends = self.sends();
        sends.by_ref().take(MOST_WALKED).for_each(drop);
        let at = sends.elapsed();
        (sends.next().is_none()).then_some(at)
    }

    /// Does this policy go on for ever?
    #[must_use]
    pub fn never_gives_up(&self) -> bool {
        self.max_sends.is_none() && self.deadline.is_none() && !self.outgrows()
    }

    /// Does anything of it depend on random draws?
    #[must_use]
    #[inline]
    pub fn draws(&self) -> bool {
        self.jitter != Jitter::None
            || self.first_delay.is_some_and(|delay| delay.least < delay.most)
            || matches!(self.budget, Some(BudgetRule::Adaptive { .. }))
    }

    /// Does some wait grow above `give_up_above`?
    fn outgrows(&self) -> bool {
        self.give_up_above.is_some_and(|above| match self.backoff {
            Backoff::List => self.timeouts.iter().any(|wait| wait > above),
            _ => self.last_growth() > nanos(above),
        })
    }
}

impl Default for Policy {
    fn default() -> Self {
        Self::textbook()
    }
}

/// Why an exchange ends without a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Stop {
    /// All of `max_sends` copies are out.
    MaxSends,
    /// The next wait would be longer than `give_up_above`.
    GiveUpAbove,
    /// The deadline is reached, or the next wait would pass it.
    Deadline,
    /// The budget allows no more copies.
    Budget,
    /// The circuit breaker is open.
    Breaker,
    /// The server asked not to come back.
    PushedBack,
    /// Too many exchanges are open at once: none of its copies was sent.
    TooMany,
}

impl Stop {
    /// Its name in traces and JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MaxSends => "max_sends",
            Self::GiveUpAbove => "give_up_above",
            Self::Deadline => "deadline",
            Self::Budget => "budget",
            Self::Breaker => "breaker",
            Self::PushedBack => "pushed_back",
            Self::TooMany => "too_many",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxSends => "all copies are out",
            Self::GiveUpAbove => "the next wait would be too long",
            Self::Deadline => "the deadline",
            Self::Budget => "the budget is spent",
            Self::Breaker => "the breaker is open",
            Self::PushedBack => "the server asked not to come back",
            Self::TooMany => "too many exchanges are open",
        })
    }
}

crate::value::words! {
    /// What happens to a wait that would reach past the deadline.
    DeadlineRule {
        /// It is cut: the exchange ends exactly at the deadline.
        #[default]
        At = "at",
        /// Its copy is not sent: the exchange ends before the deadline, at the end of the wait in
        /// progress.
        Before = "before",
    }
}

/// A delay drawn uniformly between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delay {
    /// The shortest.
    pub least: Duration,
    /// The longest; not below `least`.
    pub most: Duration,
}

/// `20ms 120ms`, or `1s` when it is always the same.
impl fmt::Display for Delay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.least == self.most {
            return WithUnit(self.least).fmt(f);
        }
        write!(f, "{} {}", WithUnit(self.least), WithUnit(self.most))
    }
}

phrase!(
    Delay,
    Phrase,
    Grammar::new("a delay", &[("1s", "always the same"), ("20ms 120ms", "minimum, maximum")],)
        .limits("each at most 2400h")
);

impl Delay {
    fn read(text: &str) -> Option<Self> {
        let mut words = words(text);
        let least = parse_duration(words.next()?)?;
        let most = words.next().map_or(Some(least), parse_duration)?;
        (least <= most && words.next().is_none()).then_some(Self { least, most })
    }
}

/// Nanoseconds of an optional bound.
#[inline]
fn bound(duration: Option<Duration>) -> u64 {
    duration.map_or(u64::MAX, nanos)
}
