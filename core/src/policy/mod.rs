//! Retry policies: when to send again, and when to stop.
//!
//! A [`Policy`] is a validated description. A [`Schedule`] runs it for one exchange. A [`Budget`], a
//! [`Breaker`] and a server's [`Hint`] can overrule the schedule, and [`Rtt`] measures the first wait. A
//! [`Pacer`] combines all of them for one client. None of them uses a clock or a global random number
//! generator, and times are integer nanoseconds. They work without the simulated network, without
//! `std`, and in wasm.
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
//! # Choosing a policy
//!
//! - **A datagram protocol on the Internet:** [`Preset::Coap`] or [`Preset::Stun`]; with enough traffic
//!   to measure round trips, [`Preset::TcpRfc6298`]. RFC 8085 section 3.1 asks for a first wait of 1 s
//!   until a round trip is measured (STUN's 500 ms is an exception), exponential backoff, and at most
//!   one datagram per round trip on average, or one per 3 s if no replies arrive. The textbook's first
//!   wait of 0.1 s is for test networks only.
//! - **A call inside a data centre:** [`Preset::AwsStandard`] or [`Preset::Grpc`], with a budget. The
//!   schedule limits one exchange; only a budget limits the load of all exchanges together when the
//!   server is overloaded.
//! - **Many clients that fail at the same time** (a restart, a lost link): full or decorrelated jitter.
//! - **Low tail latency:** [`Preset::GrpcHedging`] with a budget, and only if the server may process a
//!   request twice.
//! - **Background work that never gives up:** a cap and no stop, as in [`Preset::Dhcpv6Solicit`] and
//!   [`Preset::GrpcConnect`].
//!
//! # Choosing a jitter
//!
//! | jitter | mean wait | effect |
//! |---|---|---|
//! | none | `v` | clients that fail together retry together, every time |
//! | proportional | `v` | spreads the retries a little: enough for a few clients |
//! | equal | `3v/4` | never retries early; spreads half as much as `full` |
//! | full | `v/2` | fewest calls under contention; some retries are immediate |
//! | decorrelated | grows by 1.5 | about as few calls as `full`; waits do not depend on the attempt's number and often equal the cap |
//! | once | `v (1 + p/2)` | one draw per exchange: cheap, and the doubling stays exact |
//! | compounding | `v` | drifts: the spread grows with the number of waits |
//!
//! [`Cap`] is the order of cap and jitter. If the cap comes first, capped waits vary too; if it comes last,
//! many clients can wait exactly the cap and retry together. [`Jitter::bound`] is the longest wait.

mod backoff;
mod breaker;
mod budget;
mod builder;
mod hint;
mod jitter;
mod limits;
mod outlook;
mod pacer;
mod plain;
mod preset;
mod rtt;
mod schedule;
#[cfg(test)]
mod tests;
mod timetable;

pub use crate::value::{Factor, Share};
pub use backoff::{Backoff, Timeouts};
pub use breaker::{Breaker, BreakerRule, Gate};
pub use budget::{Allowance, Budget, BudgetRule};
pub use builder::{PolicyBuilder, PolicyError};
pub use hint::{Hint, HintRule};
pub use jitter::{Cap, Draw, Jitter};
pub use limits::LONGEST;
pub use outlook::Outlook;
pub use pacer::Pacer;
pub(crate) use pacer::Shared;
pub use preset::Preset;
pub use rtt::{Adaptive, Rtt};
pub(crate) use schedule::Step;
pub use schedule::{Schedule, Sends, Wait};
pub use timetable::{JitterRange, MeanTimes, PlannedSend, ScheduleEnd, Timetable};

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

        /// The fields.
        impl Policy {
            $($(#[$doc])* #[must_use] #[inline] pub const fn $name(&self) -> $type { self.$name })*
        }

        /// Setters of the fields.
        impl PolicyBuilder {
            $($(#[$doc])* pub const fn $name(mut self, $name: $type) -> Self {
                self.0.$name = $name;
                self
            })*
        }
    };
}

policy! {
    /// Growth of the waits.
    backoff: Backoff,
    /// Wait after the first send: above 0, at most [`LONGEST`].
    initial_timeout: Duration,
    /// Factor from each wait to the next, under [`Backoff::Exponential`].
    multiplier: Factor,
    /// Time added to each wait to give the next, under [`Backoff::Linear`] and, after the
    /// multiplication, [`Backoff::Exponential`].
    increment: Duration,
    /// Waits of [`Backoff::List`].
    timeouts: Timeouts,
    /// Number of times that the first wait is repeated before waits grow (Linux:
    /// `tcp_syn_linear_timeouts`).
    linear_timeouts: u32,
    /// Maximum wait; at least `initial_timeout`. `cap` says whether jitter can pass it.
    max_timeout: Option<Duration>,
    /// Whether `max_timeout` cuts a wait before its jitter is drawn or afterwards.
    cap: Cap,
    /// Time to wait for the reply to one send. Without it, the client waits until the next send, and a
    /// reply to an earlier send counts as well (datagrams). With it, the client abandons a send that is
    /// not answered in this time; the backoff begins at that moment, or when a failure arrives (calls).
    attempt_timeout: Option<Duration>,
    /// Wait after the last of `max_sends` sends, where it differs (STUN's Rm, RFC 8489 section 6.2.1).
    last_timeout: Option<Duration>,
    /// Delay before the first send.
    first_delay: Option<Delay>,
    /// Random variation of the waits.
    jitter: Jitter,
    /// How the first wait follows the measured round-trip time.
    adaptive: Adaptive,
    /// Minimum of an adaptive first wait.
    min_timeout: Option<Duration>,
    /// Wait above which the client gives up instead of waiting. It is compared before `max_timeout` and
    /// jitter apply; at least `initial_timeout`.
    give_up_above: Option<Duration>,
    /// Maximum number of sends, the first included; at least 1.
    max_sends: Option<u32>,
    /// Maximum duration of an exchange from its first send. Nothing is sent at or after the deadline,
    /// and no wait extends past it.
    deadline: Option<Duration>,
    /// What happens to a wait that would extend past the deadline.
    deadline_rule: DeadlineRule,
    /// Whether earlier sends stay valid when the next one goes out: the first reply wins, and after a
    /// failure the next send is immediate.
    hedging: bool,
    /// Limit on the retries of all exchanges of a client together.
    budget: Option<BudgetRule>,
    /// When to stop sending for a while.
    breaker: Option<BreakerRule>,
    /// How to treat a server's hint.
    hint: HintRule,
}

/// Maximum number of sends that [`Policy::gives_up_after`] examines: policies may allow billions.
pub const MAX_WALKED: usize = 1_000_000;

impl Policy {
    /// Returns the policy of the textbook UDP client: it waits 0.1 s, doubles the wait each time no
    /// reply arrives, and gives up when the next wait would exceed 2.0 s. It sends at 0, 0.1, 0.3, 0.7
    /// and 1.5 s and gives up at 3.1 s.
    ///
    /// Its first wait is a tenth of the 1 s that RFC 8085 section 3.1.1 asks for on the Internet. Use it
    /// only on a local or a test network.
    #[must_use]
    pub const fn textbook() -> Self {
        let give_up_above = Some(Duration::from_secs(2));
        Self { give_up_above, ..Self::plain(Duration::from_millis(100)) }
    }

    /// Returns the policy with this first wait that doubles its waits and never stops.
    pub(crate) const fn plain(initial_timeout: Duration) -> Self {
        Self {
            backoff: Backoff::Exponential,
            initial_timeout,
            multiplier: Factor::TWO,
            increment: Duration::ZERO,
            timeouts: Timeouts::EMPTY,
            linear_timeouts: 0,
            max_timeout: None,
            cap: Cap::Before,
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

    /// Starts a policy of your own, with this first wait, waits that double, and no stop.
    pub const fn exponential(initial_timeout: Duration) -> PolicyBuilder {
        PolicyBuilder(Self::plain(initial_timeout))
    }

    /// Returns a builder that starts from this policy.
    pub const fn to_builder(self) -> PolicyBuilder {
        PolicyBuilder(self)
    }

    /// Returns the send times of an exchange that gets no reply, without jitter. The first is 0.
    ///
    /// A jitter mode that only shortens waits (`full`, `equal`, `slots`) counts as the whole wait.
    /// `decorrelated` counts as the middle of each draw, which is its mean while uncapped.
    ///
    /// The iterator is endless for a policy without a stop.
    #[must_use]
    pub fn sends(&self) -> Sends<'_> {
        self.sends_drawn(Draw::Nominal)
    }

    /// Returns the first wait of a client's first exchange: [`initial_timeout`](Self::initial_timeout), within the limits of
    /// an [adaptive](Self::adaptive) policy.
    #[must_use]
    pub fn first_timeout(&self) -> Duration {
        Rtt::default().timeout(self)
    }

    /// Like [`sends`](Self::sends), with jitter at its minimum, at its maximum, or drawn from a stream.
    #[must_use]
    pub fn sends_drawn(&self, draw: Draw) -> Sends<'_> {
        Sends::new(self, Schedule::drawn(self, self.first_timeout(), draw))
    }

    /// Returns the send times of exchange number `exchange`, from 1, of a run with this seed.
    #[must_use]
    pub(crate) fn sends_of(&self, seed: u64, exchange: u32) -> Sends<'_> {
        self.sends_drawn(Draw::Random(Name::exchange(seed, 1, exchange).stream(Purpose::Jitter)))
    }

    /// Returns the time from the first send to the end of an exchange that gets no reply, without
    /// jitter; `None` if the policy [never gives up](Self::never_gives_up), or not within [`MAX_WALKED`]
    /// sends, or not within the 584 years of 2^64 ns.
    #[must_use]
    pub fn gives_up_after(&self) -> Option<Duration> {
        if self.never_gives_up() {
            return None;
        }
        let mut sends = self.sends();
        sends.by_ref().take(MAX_WALKED).for_each(drop);
        let at = sends.elapsed();
        (sends.next().is_none() && at.as_nanos() < u64::MAX.into()).then_some(at)
    }

    /// Returns true if an exchange that gets no reply never ends.
    #[must_use]
    pub fn never_gives_up(&self) -> bool {
        self.max_sends.is_none() && self.deadline.is_none() && !self.outgrows()
    }

    /// Returns true if `max_timeout` cuts waits after their jitter is drawn, so that none passes it.
    #[must_use]
    pub fn caps_jittered_waits(&self) -> bool {
        self.cap != Cap::Before && self.max_timeout.is_some() && self.jitter.caps_itself().is_none()
    }

    /// Returns why a field has no effect next to the values of the others; `None` if it has one. `field`
    /// is the name of a getter.
    ///
    /// ```
    /// use retrylab_core::policy::Preset;
    ///
    /// let wget = Preset::Wget.policy();
    /// assert_eq!(wget.unused("multiplier"), Some("backoff is not exponential"));
    /// assert_eq!(wget.unused("increment"), None);
    /// ```
    #[must_use]
    pub fn unused(&self, field: &str) -> Option<&'static str> {
        let (list, constant) = (self.backoff == Backoff::List, self.backoff == Backoff::Constant);
        let grows = matches!(self.backoff, Backoff::Linear | Backoff::Exponential);
        match field {
            "initial_timeout" | "linear_timeouts" if list => Some("the waits are a list"),
            "multiplier" if self.backoff != Backoff::Exponential => {
                Some("backoff is not exponential")
            }
            "increment" if !grows => Some("backoff is neither linear nor exponential"),
            "timeouts" if !list => Some("backoff is not list"),
            "linear_timeouts" | "give_up_above" if constant => Some("no wait grows"),
            "last_timeout" if self.max_sends.is_none() => Some("max sends is none"),
            "min_timeout" if self.adaptive == Adaptive::None => Some("adaptive is none"),
            "cap" if self.max_timeout.is_none() => Some("max timeout is none"),
            "cap" => self.jitter.caps_itself(),
            "deadline_rule" if self.deadline.is_none() => Some("deadline is none"),
            _ => None,
        }
    }

    /// Returns true if some wait grows above `give_up_above`.
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

/// Reason why an exchange ends without a reply.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
#[non_exhaustive]
pub enum Stop {
    /// `max_sends` sends got no reply.
    MaxSends,
    /// The next wait would be longer than `give_up_above`.
    GiveUpAbove,
    /// The deadline is reached, or the next wait would pass it.
    Deadline,
    /// The retry budget allows no further send.
    Budget,
    /// The circuit breaker is open.
    Breaker,
    /// The server asked the client not to retry.
    PushedBack,
    /// Too many exchanges are open at the same time: this one sent nothing.
    TooMany,
    /// The request may have reached the server, and must not be sent twice.
    NotRepeated,
    /// The reply is not one of the protocol, so that another send would not help.
    Unreadable,
}

impl Stop {
    /// Returns the reason's name in traces and JSON.
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
            Self::NotRepeated => "not_repeated",
            Self::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxSends => "no sends are left",
            Self::GiveUpAbove => "the next wait would be too long",
            Self::Deadline => "the deadline allows no more sends",
            Self::Budget => "the budget is spent",
            Self::Breaker => "the breaker is open",
            Self::PushedBack => "the server asked the client not to retry",
            Self::TooMany => "too many exchanges are open",
            Self::NotRepeated => "the request must not be sent twice",
            Self::Unreadable => "the reply is not readable",
        })
    }
}

crate::value::words! {
    /// What happens to a wait that would reach past the deadline.
    DeadlineRule {
        /// The wait is cut: the exchange ends exactly at the deadline.
        #[default]
        At = "at",
        /// The send before that wait is skipped: the exchange ends before the deadline, at the end of
        /// the wait in progress.
        Before = "before",
    }
}

/// A delay drawn uniformly between two bounds, both included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Delay {
    /// Lower bound.
    pub least: Duration,
    /// Upper bound; at least `least`.
    pub most: Duration,
}

/// Writes `20ms 120ms`, or `1s` if both bounds are equal.
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
