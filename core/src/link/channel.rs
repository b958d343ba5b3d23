//! A link at run time, without faults.

use super::Link;
use super::action::{Action, Delivery};
use super::chain::Chain;
use super::check::Check;
use super::flow::FlowState;
use super::queue::{Lane, Rate, Usage};
use crate::dist::Distribution;
use crate::heap::{Held as _, OVERHEAD};
use crate::random::{Direction, Name, Probability, Purpose};
use crate::time::{Duration, Instant};
use crate::trace::Cause;
use alloc::vec::Vec;

/// State of a running [`Link`]. It decides what happens to each datagram when it is sent.
///
/// The decision depends on the datagram's name (seed, flow, direction, index; see
/// [`random`](crate::random)). If losses or latencies are correlated, it also depends on earlier
/// datagrams of the flow, and on their times if the loss changes with time. Other traffic matters only
/// in a queue and on a shared link. A channel keeps state for a flow only if a feature needs it: with
/// only latency and independent loss it keeps none.
///
/// ```
/// use retrylab_core::link::{Channel, Delivery, Action, Link};
/// use retrylab_core::random::{Direction, Name};
/// use retrylab_core::time::{Duration, Instant};
/// use retrylab_core::trace::Cause;
///
/// // 1000 bytes and 28 of headers at 1 Mbit/s take 8.224 ms; the queue holds one datagram.
/// let link = Link::default().with_rate("1mbit".parse().ok()).with_queue(1);
/// let mut channel = Channel::new(&link);
/// let name = |index| Name { seed: 7, flow: 1, direction: Direction::Request, index };
/// let mut send = |index| channel.send(Instant::ZERO, name(index), 1_000);
/// assert_eq!(send(0), Action::Deliver(Delivery::whole(Duration::from_micros(10_000 + 8_224))));
/// assert_eq!(send(1), Action::Drop(Cause::LinkQueue));
/// ```
#[derive(Clone, Debug)]
pub struct Channel {
    /// Whether no feature keeps state or depends on the size, which allows the fast path.
    plain: bool,
    /// Latency of each direction, if it is the same for all datagrams and none is lost.
    constant: [Option<Duration>; 2],
    ways: [Way; 2],
    link: Link,
    /// State per flow and direction, or per direction if shared; empty while no feature needs it.
    flows: Vec<FlowState>,
    /// Queues, with the same indices; empty without a rate.
    lanes: Vec<Lane>,
    /// Whether datagrams are counted even if no feature needs it yet.
    counts: bool,
    /// Flows up to this number have no state.
    before: u32,
    usage: [Usage; 2],
}

/// One direction of a link.
#[derive(Clone, Debug)]
struct Way {
    /// Independent loss, for the fast path.
    loss: Probability,
    latency: Distribution,
    chain: Chain,
    rate: Option<Rate>,
    /// Whether loss, latency or reordering keep state.
    has_memory: bool,
}

impl Channel {
    /// Creates a channel through which nothing has been sent.
    #[must_use]
    pub fn new(link: &Link) -> Self {
        let ways =
            [Direction::Request, Direction::Reply].map(|direction| Way::new(link, direction));
        let simple = ways.iter().all(|way| {
            let independent = matches!(way.chain, Chain::Independent(_));
            independent && !way.has_memory && way.rate.is_none()
        });
        let never = [link.duplicate, link.reorder, link.corrupt] == [Probability::NEVER; 3];
        let plain = simple && never && link.mtu.is_none();
        let constant =
            [0, 1].map(|way: usize| match &ways[way] {
                Way {
                    loss: Probability::NEVER, latency: Distribution::Constant(latency), ..
                } if plain => Some(*latency),
                _ => None,
            });
        Self {
            plain,
            constant,
            ways,
            link: link.clone(),
            flows: Vec::new(),
            lanes: Vec::new(),
            counts: false,
            before: 0,
            usage: [Usage::default(); 2],
        }
    }

    /// Returns an estimate of the memory in bytes of the state of all flows. A queue is taken to have at most four
    /// datagrams, the least that it allocates memory for.
    pub(super) fn memory(&self) -> usize {
        let queue = 4 * size_of::<Instant>() + OVERHEAD;
        self.flows.held() + self.lanes.held() + self.lanes.len() * queue
    }

    /// Forgets all flows. The next ones have numbers above `before`. What they used is counted with the rest.
    #[cfg(feature = "sim")]
    pub(super) fn forget_flows(&mut self, before: u32) {
        self.before = before;
        self.flows.clear();
        self.lanes.clear();
    }

    /// Returns the delay of all datagrams in this direction, if it is the same for all of them and nothing
    /// else happens to them.
    #[must_use]
    #[inline]
    pub const fn constant(&self, direction: Direction) -> Option<Duration> {
        self.constant[direction as usize]
    }

    /// Returns the link.
    #[must_use]
    pub const fn link(&self) -> &Link {
        &self.link
    }

    /// Replaces the link. Datagrams in a queue leave as planned; a different loss model starts in its
    /// initial state.
    pub fn change(&mut self, link: &Link) {
        let mut changed = Self::new(link);
        if self.counts {
            changed.count_all();
        }
        (changed.usage, changed.before) = (self.usage, self.before);
        if link.shared == self.link.shared {
            changed.lanes = core::mem::take(&mut self.lanes);
            changed.flows = core::mem::take(&mut self.flows);
            let same = [Direction::Request, Direction::Reply]
                .map(|way| link.loss_of(way) == self.link.loss_of(way));
            for (place, flow) in changed.flows.iter_mut().enumerate() {
                if !same[place % 2] {
                    flow.loss = None;
                }
            }
        }
        *self = changed;
    }

    /// Counts the datagrams of a shared link from now on, because a later link may drop them by number. (Those of a flow
    /// have their number in their name.)
    pub(super) fn count_all(&mut self) {
        self.counts = true;
        if self.link.shared {
            (self.plain, self.constant) = (false, [None; 2]);
            self.ways.iter_mut().for_each(|way| way.has_memory = true);
        }
    }

    /// Returns the usage of the queues in this direction.
    #[must_use]
    pub const fn usage(&self, direction: Direction) -> Usage {
        self.usage[direction as usize]
    }

    /// Decides what happens to the datagram `name`, of `payload` bytes, that is sent `now`.
    ///
    /// Flows are numbered from 1 without large gaps, the datagrams of a flow and direction from 0 in
    /// the order of sending, and `now` never goes back.
    #[inline]
    pub fn send(&mut self, now: Instant, name: Name, payload: usize) -> Action {
        if !self.plain {
            return self.carry(now, name, payload as u64);
        }
        let way = &self.ways[name.direction as usize];
        if way.loss > Probability::NEVER && name.stream(Purpose::LinkLoss).chance(way.loss) {
            return Action::Drop(Cause::LinkLoss);
        }
        Action::Deliver(Delivery::whole(match &way.latency {
            Distribution::Constant(latency) => *latency,
            random => random.draw(&mut name.stream(Purpose::LinkLatency)),
        }))
    }

    /// Applies each feature in turn.
    fn carry(&mut self, now: Instant, name: Name, payload: u64) -> Action {
        let size = payload.saturating_add(self.link.overhead.into());
        if self.link.mtu.is_some_and(|mtu| size > mtu.into()) {
            return Action::Drop(Cause::TooBig);
        }
        if self.loses(now, name) {
            return Action::Drop(Cause::LinkLoss);
        }
        let first = self.transmit(now, name, payload, size);
        let twice = name.stream(Purpose::LinkDuplicate).chance(self.link.duplicate);
        let second = twice.then(|| self.transmit(now, name.duplicate(), payload, size));
        match (first, second) {
            (Ok(first), Some(Ok(second))) => Action::DeliverTwice(first, second),
            (Ok(one), _) | (Err(_), Some(Ok(one))) => Action::Deliver(one),
            (Err(cause), _) => Action::Drop(cause),
        }
    }

    /// Returns the checks that [`send`](Self::send) makes of a datagram.
    pub(super) fn checks(
        &self,
        now: Instant,
        name: Name,
        payload: u64,
    ) -> impl Iterator<Item = Check> {
        let (link, way) = (&self.link, &self.ways[name.direction as usize]);
        let size = payload.saturating_add(link.overhead.into());
        let place = self.place(name);
        let flow = self.flows.get(place).copied().unwrap_or_default();
        let number = if link.shared { flow.count } else { name.index };
        let overtakes = link.reorder > Probability::NEVER
            && name.stream(Purpose::LinkReorder).chance(link.reorder)
            && flow.in_order.saturating_add(1) >= link.reorder_gap;
        let queue = way.rate.filter(|_| !overtakes).map(|rate| {
            let draws = name.stream(Purpose::LinkQueue);
            let (service, rule) = (rate.time_of(size), link.queue_rule);
            let look = |lane: &Lane| lane.look(now, service, link.queue, rule, draws.clone());
            Check::Queue(self.lanes.get(place).map_or_else(|| look(&Lane::default()), look))
        });
        let damage = (link.checksum && link.corrupt > Probability::NEVER)
            .then(|| Check::Damage(name.stream(Purpose::LinkCorrupt).trial(link.corrupt)));
        let mtu = link.mtu.map(|mtu| Check::Size { size, mtu });
        let loss = Some(Check::Loss(way.chain.look(&flow, now, number, name)));
        [mtu, loss, queue, damage].into_iter().flatten()
    }

    fn loses(&mut self, now: Instant, name: Name) -> bool {
        let way = name.direction as usize;
        let (mut unused, mut number) = (FlowState::default(), name.index);
        let state = match self.remember(name) {
            Some(place) => &mut self.flows[place],
            None => &mut unused,
        };
        if self.link.shared {
            number = state.count;
            state.count += 1;
        }
        self.ways[way].chain.loses(state, now, number, name)
    }

    /// Sends a datagram, or its duplicate, through the queue and over the wire.
    fn transmit(
        &mut self,
        now: Instant,
        name: Name,
        payload: u64,
        size: u64,
    ) -> Result<Delivery, Cause> {
        let after = if self.overtakes(name) {
            Duration::ZERO
        } else {
            let left = self.queue(now, name, size)?;
            left.saturating_add(self.latency(name))
        };
        let mut draws = name.stream(Purpose::LinkCorrupt);
        if !draws.chance(self.link.corrupt) {
            return Ok(Delivery::whole(after));
        }
        if self.link.checksum {
            return Err(Cause::Corrupted);
        }
        let last = payload.saturating_mul(8).checked_sub(1);
        let flipped = last.map(|last| draws.up_to(last.min(u32::MAX.into())) as u32);
        Ok(Delivery { after, flipped })
    }

    /// Returns true if this datagram is sent immediately and overtakes earlier ones. As in netem, the
    /// first `reorder_gap - 1` datagrams stay in order; then each may overtake, until one does.
    fn overtakes(&mut self, name: Name) -> bool {
        if self.link.reorder == Probability::NEVER {
            return false;
        }
        let chance = name.stream(Purpose::LinkReorder).chance(self.link.reorder);
        let gap = self.link.reorder_gap;
        let Some(place) = self.remember(name) else { return chance };
        let in_order = &mut self.flows[place].in_order;
        let overtakes = chance && in_order.saturating_add(1) >= gap;
        *in_order = if overtakes { 0 } else { in_order.saturating_add(1) };
        overtakes
    }

    /// Returns the time in the queue and on the wire.
    fn queue(&mut self, now: Instant, name: Name, size: u64) -> Result<Duration, Cause> {
        let Some(rate) = self.ways[name.direction as usize].rate else { return Ok(Duration::ZERO) };
        let place = self.place(name);
        if place >= self.lanes.len() {
            self.lanes.resize_with(place + 1, Lane::default);
        }
        let (lane, usage) = (&mut self.lanes[place], &mut self.usage[name.direction as usize]);
        let (service, draws) = (rate.time_of(size), name.stream(Purpose::LinkQueue));
        match lane.enter(now, service, self.link.queue, self.link.queue_rule, draws) {
            Some(left) => {
                usage.taken += 1;
                usage.busy = usage.busy.saturating_add(service);
                usage.deepest = usage.deepest.max(lane.depth());
                Ok(left.saturating_since(now))
            }
            None => {
                usage.dropped += 1;
                Err(Cause::LinkQueue)
            }
        }
    }

    fn latency(&mut self, name: Name) -> Duration {
        let rho = self.link.correlation.as_f64();
        let mut draws = name.stream(Purpose::LinkLatency);
        let latency = &self.ways[name.direction as usize].latency;
        if rho == 0.0 || latency.is_constant() {
            return latency.draw(&mut draws);
        }
        let new = draws.standard_normal();
        let Some(place) = self.remember(name) else { return Duration::ZERO };
        let last = &mut self.flows[place].normal;
        // AR(1) with unit variance: latencies keep their distribution for any correlation.
        let z = last.map_or(new, |last| rho * last + libm::sqrt(1.0 - rho * rho) * new);
        *last = Some(z);
        self.ways[name.direction as usize].latency.at(z)
    }

    /// Returns the index of this flow's state.
    const fn place(&self, name: Name) -> usize {
        let flow = if self.link.shared { 0 } else { name.flow.wrapping_sub(self.before) as usize };
        flow * 2 + name.direction as usize
    }

    /// Returns the index of this flow's state and creates the state if necessary; `None` if no feature
    /// keeps state.
    fn remember(&mut self, name: Name) -> Option<usize> {
        if !self.ways[name.direction as usize].has_memory {
            return None;
        }
        let place = self.place(name);
        if place >= self.flows.len() {
            self.flows.resize(place + 1, FlowState::default());
        }
        Some(place)
    }
}

impl Way {
    fn new(link: &Link, direction: Direction) -> Self {
        let (latency, chain) = (link.latency_of(direction), Chain::new(link.loss_of(direction)));
        let correlated = link.correlation > Probability::NEVER && !latency.is_constant();
        let gaps = link.reorder > Probability::NEVER && link.reorder_gap > 1;
        Self {
            loss: if let Chain::Independent(loss) = chain { loss } else { Probability::NEVER },
            latency,
            rate: link.rate_of(direction),
            has_memory: correlated || gaps || chain.has_memory(link.shared),
            chain,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Clients of a plain link need no memory; with other features, only clients that send do.
    #[test]
    fn only_features_with_state_allocate_flows() {
        let sent = |link: &Link| {
            let mut channel = Channel::new(link);
            for flow in 1..=100 {
                let name = Name { seed: 7, flow, direction: Direction::Request, index: 0 };
                channel.send(Instant::ZERO, name, 10);
            }
            (channel.plain, channel.flows.len(), channel.lanes.len())
        };
        let (loss, mtu) = ("0.1".parse().unwrap(), Some(99));
        let plain = Link { loss, correlation: Probability::ALWAYS, ..Link::default() };
        assert_eq!(sent(&plain), (true, 0, 0), "a constant latency has nothing to correlate");
        let stateless =
            Link { mtu, duplicate: Probability::ALWAYS, reorder: Probability::ALWAYS, ..plain };
        assert_eq!(sent(&stateless), (false, 0, 0));
        let bursts = Link { loss: "burst 0.1 4".parse().unwrap(), ..Link::default() };
        assert_eq!(sent(&bursts), (false, 201, 0));
        assert_eq!(sent(&Link { shared: true, ..bursts }), (false, 1, 0));
        let slow = Link { rate: Rate::from_bits(9), ..Link::default() };
        assert_eq!(sent(&slow), (false, 0, 201));
    }
}
