//! What a client does: one part that all clients have, and one for how their exchanges begin.

use super::Arrivals;
use crate::dist::Distribution;
use crate::exchange::{Exchange, Outcome, Rules};
use crate::policy::Policy;
use crate::protocol::Echo;
use crate::random::{Name, Purpose};
use crate::time::{Duration, Instant, nanos};
use alloc::sync::Arc;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// What a client does. Clients that do the same share one.
///
/// `L` says how exchanges begin ([`ClosedLoop`] or [`OpenLoop`]), `C` is the protocol's
/// [`Codec`](crate::protocol::Codec).
///
/// ```
/// use retrylab_core::client::{Client, Config, OpenClient};
/// use retrylab_core::policy::Preset;
/// use retrylab_core::protocol::Echo;
///
/// let server = "192.0.2.1:1060".parse().unwrap();
/// let config = Config::new(server, Echo::new(b"hello").with_token(true))
///     .policy(Preset::AwsStandard.policy())
///     .seed(7)
///     .exchanges(10);
/// let one_after_another = Client::new(config.clone());
/// let config = config.open("poisson 5".parse().unwrap());
/// let as_they_arrive = OpenClient::numbered(config, 1);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config<L = ClosedLoop, C = Echo> {
    /// The server.
    pub peer: SocketAddr,
    /// Whether the socket receives datagrams from `peer` only (`connect` + `send`). Otherwise (`sendto`) a
    /// datagram that is not from `peer` is reported as a [stranger's](super::Event::Stranger).
    pub connected: bool,
    /// The requests' and replies' bytes.
    pub codec: C,
    /// When to send again and when to stop.
    pub policy: Policy,
    /// Seed of the random draws.
    pub seed: u64,
    /// How exchanges begin.
    pub load: L,
    /// What is different for exchanges that begin from a time on.
    pub(crate) later: Option<(Instant, Arc<Self>)>,
}

/// A closed loop: an exchange begins when the previous one is over.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClosedLoop {
    /// Number of exchanges.
    pub exchanges: u32,
    /// How long to pause between one exchange and the next.
    pub think: Option<Distribution>,
    /// Minimum time from the first send of an exchange to that of the next one. It has no effect with `think`.
    pub interval: Option<Duration>,
}

/// An open loop: exchanges begin when they arrive, however many are in progress.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OpenLoop {
    /// When exchanges arrive.
    pub arrivals: Arrivals,
    /// Maximum number of exchanges.
    pub exchanges: Option<u32>,
    /// How long exchanges arrive, counted from the start.
    pub duration: Option<Duration>,
    /// Number of clients that share the arrivals; `None` if each client has all of them.
    pub sharing: Option<NonZeroU32>,
}

impl Config {
    /// Returns one exchange of `message` with `peer`, connected, under the textbook's policy.
    #[must_use]
    pub fn textbook(peer: SocketAddr, message: &[u8]) -> Self {
        Self::new(peer, Echo::new(message))
    }
}

impl<C> Config<ClosedLoop, C> {
    /// Returns one exchange with `peer`, connected, under the textbook's policy, with seed 1.
    #[must_use]
    pub fn new(peer: SocketAddr, codec: C) -> Self {
        let load = ClosedLoop { exchanges: 1, think: None, interval: None };
        let policy = Policy::textbook();
        Self { peer, connected: true, codec, policy, seed: 1, load, later: None }
    }

    /// Sets the number of exchanges.
    #[must_use]
    pub fn exchanges(mut self, exchanges: u32) -> Self {
        self.load.exchanges = exchanges;
        self
    }

    /// Sets the pause between one exchange and the next.
    #[must_use]
    pub fn think(mut self, think: Option<Distribution>) -> Self {
        self.load.think = think;
        self
    }

    /// Sets the minimum time from the first send of an exchange to that of the next one.
    #[must_use]
    pub fn interval(mut self, interval: Option<Duration>) -> Self {
        self.load.interval = interval;
        self
    }

    /// Turns the configuration into an open loop; the number of exchanges becomes its maximum.
    #[must_use]
    pub fn open(self, arrivals: Arrivals) -> Config<OpenLoop, C> {
        let Self { peer, connected, codec, policy, seed, load, later: _ } = self;
        let exchanges = Some(load.exchanges);
        let load = OpenLoop { arrivals, exchanges, duration: None, sharing: None };
        Config { peer, connected, codec, policy, seed, load, later: None }
    }

    /// Creates the exchange of a client: the first one is prepared, if there is one.
    pub(crate) fn first(&self) -> Exchange {
        let mut exchange = Exchange::new(&self.policy);
        if self.load.exchanges > 0 {
            exchange.prepare(NonZeroU32::MIN);
        }
        exchange
    }

    /// Prepares the exchange after this one, which is over, if there is one.
    #[inline(always)]
    pub(crate) const fn prepare_next(&self, exchange: &mut Exchange) {
        let number = exchange.number();
        if number.get() < self.load.exchanges {
            exchange.prepare(number.saturating_add(1));
        }
    }

    /// Begins the prepared exchange, if clients do not pause and the policy does not change and [is
    /// plain](Policy::is_plain): the usual case of [`begin`](Self::begin) in short. Returns false otherwise.
    #[inline(always)]
    pub(crate) fn begin_plain(&self, exchange: &mut Exchange) -> bool {
        !self.pauses() && !self.changes() && exchange.begin_plain(&self.policy)
    }

    /// Returns true if clients may pause between exchanges.
    #[inline(always)]
    const fn pauses(&self) -> bool {
        self.load.think.is_some() || self.load.interval.is_some()
    }

    /// Begins the prepared exchange of client `flow`; if it follows another one, after the think time or the
    /// interval.
    #[must_use = "an exchange may end before it begins"]
    pub(crate) fn begin(
        &self,
        exchange: &mut Exchange,
        flow: u32,
        now: Instant,
    ) -> Option<Outcome> {
        if let Some(pause) = self.pause(exchange, flow, now) {
            exchange.postpone(now, pause);
            return None;
        }
        exchange.begin(self.rules(flow), now)
    }

    /// Returns how many nanoseconds client `flow` waits before the prepared exchange, if it does.
    fn pause(&self, exchange: &Exchange, flow: u32, now: Instant) -> Option<u64> {
        let number = exchange.number();
        if number == NonZeroU32::MIN {
            return None;
        }
        if let Some(think) = &self.load.think {
            let mut stream = Name::exchange(self.seed, flow, number.get()).stream(Purpose::Think);
            return Some(nanos(think.draw(&mut stream)));
        }
        let next = exchange.started().saturating_add(self.load.interval?);
        Some(nanos(next.saturating_since(now))).filter(|left| *left > 0)
    }
}

impl<C> Config<OpenLoop, C> {
    /// Sets the maximum number of exchanges, or none.
    #[must_use]
    pub fn exchanges(mut self, exchanges: Option<u32>) -> Self {
        self.load.exchanges = exchanges;
        self
    }

    /// Sets how long exchanges arrive, counted from the start, or no end.
    #[must_use]
    pub fn duration(mut self, duration: Option<Duration>) -> Self {
        self.load.duration = duration;
        self
    }

    /// Sets the number of clients that share the arrivals, if they do.
    #[must_use]
    pub fn sharing(mut self, clients: Option<NonZeroU32>) -> Self {
        self.load.sharing = clients;
        self
    }
}

impl<L, C> Config<L, C> {
    /// Sets the policy.
    #[must_use]
    pub fn policy(self, policy: Policy) -> Self {
        Self { policy, ..self }
    }

    /// Sets the policies of exchanges that begin at these times or later, in their order.
    #[must_use]
    pub(crate) fn followed_by(self, policies: &[(Instant, Policy)]) -> Self
    where
        Self: Clone,
    {
        if policies.is_empty() { self } else { self.followed_by_some(policies) }
    }

    #[inline(never)]
    fn followed_by_some(self, policies: &[(Instant, Policy)]) -> Self
    where
        Self: Clone,
    {
        let mut later = None;
        for (at, policy) in policies.iter().rev() {
            let next = Self { policy: *policy, later, ..self.clone() };
            later = Some((*at, Arc::new(next)));
        }
        Self { later, ..self }
    }

    /// Returns true if exchanges that begin later differ.
    #[inline(always)]
    pub(crate) const fn changes(&self) -> bool {
        self.later.is_some()
    }

    /// Returns the configuration of exchanges that begin at `now`, if it is not this one.
    pub(crate) fn changed(&self, now: Instant) -> Option<&Arc<Self>> {
        let (at, next) = self.later.as_ref()?;
        (*at <= now).then(|| next.changed(now).unwrap_or(next))
    }

    /// Sets the seed.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Sets whether the client is connected.
    #[must_use]
    pub fn connected(self, connected: bool) -> Self {
        Self { connected, ..self }
    }

    /// Returns the rules for the exchanges of client `flow`.
    #[inline(always)]
    pub(crate) const fn rules(&self, flow: u32) -> Rules<'_> {
        Rules::new(&self.policy, self.seed, flow)
    }
}
