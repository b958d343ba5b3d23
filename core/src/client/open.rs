//! The client of an open loop: exchanges begin when they arrive, however many are in progress.
//!
//! What a client remembers from one exchange to the next (budget, breaker, measured round trip) is lent
//! to the exchange that acts, so that all share it. Replies should name the send that they answer
//! ([`Codec::replies_are_labelled`]); otherwise every reply goes to the newest exchange.

use super::{Arrivals, Config, Event, OpenLoop};
use crate::exchange::{Exchange, Outcome};
use crate::heap::{Held as _, OVERHEAD, TREE_PLACE};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::policy::{Shared, Stop};
use crate::protocol::{Codec, Echo, Received};
use crate::time::{Duration, Instant};
use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BinaryHeap, VecDeque};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// Maximum number of exchanges that one client has in progress; one that arrives beyond ends at once.
pub const MAX_OPEN: usize = 1 << 20;

/// Number of outdated deadlines that are kept before a cleanup.
const SPARE_DEADLINES: usize = 64;

/// The machine of a client whose exchanges arrive.
#[derive(Clone, Debug)]
pub struct OpenClient<C = Echo> {
    config: Arc<Config<OpenLoop, C>>,
    /// Configurations of slots whose exchanges arrived before the present one was in force, as far as there are any.
    earlier: Vec<Option<Arc<Config<OpenLoop, C>>>>,
    flow: u32,
    /// Exchanges that have arrived.
    arrived: u32,
    next: Option<Instant>,
    /// The time from which arrivals count.
    started: Instant,
    slots: Vec<Exchange>,
    idle: Vec<u32>,
    /// The slot of each exchange in progress.
    open: BTreeMap<u32, u32>,
    /// When a slot wants to be woken; outdated entries are skipped.
    deadlines: BinaryHeap<Reverse<(Instant, u32)>>,
    /// Slots that may want to send.
    sending: VecDeque<u32>,
    events: VecDeque<Event>,
    shared: Option<Box<Shared>>,
}

/// What ends the arrivals of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum LastOf {
    /// There are no more, or as many as there may be.
    Number,
    /// The duration does, even if there are no more before its end.
    Duration,
}

impl<C> Config<OpenLoop, C> {
    /// Returns when exchange `number` of client `flow` arrives, after the previous one at `before`.
    ///
    /// # Errors
    /// What ends the arrivals before it.
    fn arrival(&self, flow: u32, number: u32, before: Instant) -> Result<Instant, LastOf> {
        let OpenLoop { arrivals, exchanges, duration, sharing } = &self.load;
        if exchanges.is_some_and(|most| number > most) {
            return Err(LastOf::Number);
        }
        let next = arrivals.next(self.seed, flow, number, before, *sharing);
        match duration.map(|duration| Instant::ZERO.saturating_add(duration)) {
            Some(end) => next.filter(|next| *next < end).ok_or(LastOf::Duration),
            None => next.ok_or(LastOf::Number),
        }
    }

    /// Returns when the last exchange of client `flow` arrives, if the number of exchanges is what ends its arrivals.
    pub(crate) fn last_arrival(&self, flow: u32) -> Option<Instant> {
        let OpenLoop { arrivals, exchanges, .. } = &self.load;
        let end = match (exchanges, arrivals) {
            (Some(exchanges), _) => *exchanges,
            (None, Arrivals::Times(_)) => u32::MAX,
            (None, _) => return None,
        };
        let mut last = Instant::ZERO;
        for number in 1..=end {
            match self.arrival(flow, number, last) {
                Ok(at) => last = at,
                Err(LastOf::Number) => break,
                Err(LastOf::Duration) => return None,
            }
        }
        Some(last)
    }
}

impl<C: Codec> OpenClient<C> {
    /// Creates client number `flow`, from 1.
    #[must_use]
    pub fn numbered(config: impl Into<Arc<Config<OpenLoop, C>>>, flow: u32) -> Self {
        let config = config.into();
        let mut shared = None;
        Exchange::new(&config.policy).swap_shared(&mut shared);
        let mut client = Self {
            config,
            earlier: Vec::new(),
            flow,
            arrived: 0,
            next: None,
            started: Instant::ZERO,
            slots: Vec::new(),
            idle: Vec::new(),
            open: BTreeMap::new(),
            deadlines: BinaryHeap::new(),
            sending: VecDeque::new(),
            events: VecDeque::new(),
            shared,
        };
        client.next = client.arrival_after(Instant::ZERO);
        client
    }

    /// Returns the number of exchanges in progress.
    #[must_use]
    pub fn open(&self) -> usize {
        self.open.len()
    }

    /// Returns an estimate of the memory in bytes that is not in the client itself.
    #[must_use]
    pub fn memory(&self) -> usize {
        let exchange = self.slots.first().map_or(0, Exchange::memory);
        let lists = self.slots.held() + self.idle.held() + self.deadlines.held();
        let queues = self.sending.held() + self.events.held();
        let open = self.open.len() * (size_of::<[u32; 2]>() + TREE_PLACE);
        // Many clients with few exchanges have seven small allocations each.
        self.slots.len() * exchange + lists + queues + open + self.earlier.held() + 7 * OVERHEAD
    }

    fn arrival_after(&self, before: Instant) -> Option<Instant> {
        let number = self.arrived.checked_add(1)?;
        let before = Instant::ZERO.saturating_add(before.saturating_since(self.started));
        let next = self.config.arrival(self.flow, number, before).ok()?;
        self.started.checked_add(next.saturating_since(Instant::ZERO))
    }

    fn arrive(&mut self, at: Instant) {
        self.adopt(at);
        let number = NonZeroU32::MIN.saturating_add(self.arrived);
        self.arrived = number.get();
        self.next = self.arrival_after(at);
        if self.open.len() >= MAX_OPEN {
            let (exchange, elapsed, why) = (number.get(), Duration::ZERO, Stop::TooMany);
            return self.events.push_back(Event::GaveUp { exchange, sends: 0, elapsed, why });
        }
        let slot = self.idle.pop().unwrap_or_else(|| {
            self.slots.push(self.exchange());
            self.slots.len() as u32 - 1
        });
        self.slots[slot as usize].prepare(number);
        self.open.insert(number.get(), slot);
        self.sending.push_back(slot);
    }

    /// Takes the configuration of exchanges that arrive now. Limits and measured round-trip times are those of all
    /// exchanges, so they start over where their rules differ.
    fn adopt(&mut self, now: Instant) {
        let Some(config) = self.config.changed(now).cloned() else { return };
        let before = core::mem::replace(&mut self.config, config);
        self.earlier.resize(self.slots.len(), None);
        for slot in self.open.values() {
            self.earlier[*slot as usize].get_or_insert_with(|| Arc::clone(&before));
        }
        for slot in &self.idle {
            self.slots[*slot as usize] = self.exchange();
        }
        self.shared = Shared::followed(self.shared.take(), &self.config.policy);
    }

    /// Returns an exchange for a slot.
    fn exchange(&self) -> Exchange {
        let mut exchange = Exchange::new(&self.config.policy);
        exchange.swap_shared(&mut None);
        exchange
    }

    /// Returns the configuration with which the exchange of a slot arrived.
    fn config_of(&self, slot: u32) -> &Config<OpenLoop, C> {
        earlier(&self.earlier, slot).unwrap_or(&self.config)
    }

    /// Runs `act` on a slot, with the state that all exchanges share.
    fn with<T>(
        &mut self,
        slot: u32,
        act: impl FnOnce(&mut Exchange, &Config<OpenLoop, C>) -> T,
    ) -> T {
        let config = earlier(&self.earlier, slot).unwrap_or(&self.config);
        let exchange = &mut self.slots[slot as usize];
        exchange.swap_shared(&mut self.shared);
        let result = act(exchange, config);
        exchange.swap_shared(&mut self.shared);
        result
    }

    /// If a slot's exchange is over, reports that and frees the slot.
    fn follow(&mut self, slot: u32, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let number = self.slots[slot as usize].number().get();
        self.open.remove(&number);
        self.idle.push(slot);
        if self.earlier.get_mut(slot as usize).is_some_and(|earlier| earlier.take().is_some()) {
            self.slots[slot as usize] = self.exchange();
        }
        self.events.push_back(Event::over(number, outcome));
    }

    /// Handles a failure of `send` in a slot.
    fn failed(&mut self, slot: u32, send: NonZeroU32, outcome: Option<Outcome>) {
        let exchange = self.slots[slot as usize].number().get();
        self.events.push_back(Event::Failed { exchange, send: send.get() });
        self.follow(slot, outcome);
    }

    /// Drops outdated entries: those at the head of the deadlines, and all of them when they outnumber the
    /// others. An exchange that is answered long before its deadline leaves one.
    fn trim(&mut self) {
        if self.deadlines.len() > 2 * self.slots.len() + SPARE_DEADLINES {
            let deadline = |slot: &u32| self.slots[*slot as usize].deadline();
            let held = self.open.values().filter_map(|slot| Some((deadline(slot)?.1, *slot)));
            self.deadlines = held.map(Reverse).collect();
        }
        while let Some(Reverse((at, slot))) = self.deadlines.peek() {
            let holds = self.slots[*slot as usize].deadline().is_some_and(|(_, d)| d == *at);
            if holds {
                break;
            }
            self.deadlines.pop();
        }
    }

    /// Returns the slot with the next deadline; `None` if nothing is due before the next arrival.
    fn waiting(&self) -> Option<u32> {
        let Reverse((at, slot)) = *self.deadlines.peek()?;
        self.next.is_none_or(|arrives| arrives > at).then_some(slot)
    }

    /// Returns the slot of the newest exchange in progress.
    fn newest(&self) -> Option<u32> {
        self.open.last_key_value().map(|(_, slot)| *slot)
    }

    /// Returns the slot that a reply belongs to.
    fn slot_of(&self, label: Option<Label>) -> Option<u32> {
        match label {
            Some(label) => self.open.get(&label.exchange.get()).copied(),
            None if self.config.codec.replies_are_labelled() => None,
            None => self.newest(),
        }
    }
}

fn earlier<T>(all: &[Option<T>], slot: u32) -> Option<&T> {
    all.get(slot as usize)?.as_ref()
}

impl<C: Codec> Machine for OpenClient<C> {
    type Event = Event;

    fn handle_start(&mut self, now: Instant) {
        if self.arrived == 0 {
            self.started = now;
            self.next = self.arrival_after(now);
        }
    }

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if from != self.config.peer {
            if !self.config.connected {
                self.events.push_back(Event::Stranger);
            }
            return;
        }
        let newest = NonZeroU32::new(self.arrived).unwrap_or(NonZeroU32::MIN);
        let (label, failure) = match self.config.codec.reply(bytes, newest) {
            Received::Answer { label } => (label, None),
            Received::Failure { label, hint } => (label, Some(hint)),
            Received::Other => return self.events.push_back(Event::Unreadable),
        };
        let flow = self.flow;
        let answered = self.slot_of(label).and_then(|slot| {
            let rules = self.config_of(slot).rules(flow);
            Some((slot, self.slots[slot as usize].send_answered(rules, label)?))
        });
        let Some((slot, reply)) = answered else {
            return self.events.push_back(Event::LateReply { label });
        };
        match failure {
            None => {
                let outcome = self.with(slot, |exchange, _| exchange.answered(now, reply));
                self.follow(slot, Some(outcome));
            }
            Some(hint) => {
                let send = reply.send;
                let outcome = self.with(slot, |exchange, config| {
                    exchange.failed(config.rules(flow), now, send, hint)
                });
                self.failed(slot, send, outcome);
            }
        }
        self.sending.push_back(slot);
    }

    fn handle_timeout(&mut self, now: Instant) {
        while let Some(at) = self.next.filter(|at| *at <= now) {
            self.arrive(at);
        }
        let flow = self.flow;
        while let Some(Reverse((at, slot))) = self.deadlines.peek().copied() {
            if at > now {
                break;
            }
            self.deadlines.pop();
            let outcome = self.with(slot, |exchange, config| exchange.due(config.rules(flow), now));
            self.follow(slot, outcome);
            self.sending.push_back(slot);
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        if peer != self.config.peer {
            return;
        }
        let flow = self.flow;
        // The network does not say which send was refused: assume one of the newest exchange.
        if let Some(slot) = self.newest() {
            let outcome =
                self.with(slot, |exchange, config| exchange.refused(config.rules(flow), now));
            self.follow(slot, outcome);
            self.sending.push_back(slot);
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let flow = self.flow;
        while let Some(slot) = self.sending.front().copied() {
            let (outcome, label) = self.with(slot, |exchange, config| {
                let begins = exchange.is_beginning();
                let outcome = if begins { exchange.begin(config.rules(flow), now) } else { None };
                (outcome, exchange.next_send(now))
            });
            if let Some(label) = label {
                self.config.codec.request_at(label, now, buf);
                return Some(Transmit::to(self.config.peer).labelled(Some(label)));
            }
            self.sending.pop_front();
            self.follow(slot, outcome);
            if let Some((_, deadline)) = self.slots[slot as usize].deadline() {
                self.deadlines.push(Reverse((deadline, slot)));
            }
        }
        self.trim();
        None
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn subject(&self, event: &Event) -> Subject {
        event.subject()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        match self.waiting() {
            Some(slot) => self.slots[slot as usize].deadline(),
            None => Some((Timer::Arrival, self.next?)),
        }
    }

    fn timer_subject(&self) -> Subject {
        Subject::send(match self.waiting() {
            Some(slot) => Some(self.slots[slot as usize].label()),
            None => Label::new(self.arrived.saturating_add(1), 1),
        })
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        let newest = NonZeroU32::new(self.arrived).unwrap_or(NonZeroU32::MIN);
        self.config.codec.reply(payload, newest).label()
    }

    fn is_finished(&self) -> bool {
        self.next.is_none() && self.open.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::machine::LOCAL;
    use crate::policy::Policy;

    /// A client that starts later has the same arrivals, later.
    #[test]
    fn arrivals_count_from_the_start() {
        let peer = "192.0.2.1:1060".parse().unwrap();
        let arrivals = |text: &str, start: u64| {
            let config = Config::new(peer, Echo::new(b"hello").with_token(true)).exchanges(20);
            let config = config.open(text.parse().unwrap()).duration(Some(Duration::from_secs(4)));
            let mut client = OpenClient::numbered(config, 1);
            let start = Instant::from_millis(start);
            client.handle_start(start);
            let mut times = Vec::new();
            while let Some(at) = client.next {
                client.handle_timeout(at);
                times.push(at.saturating_since(start));
            }
            times
        };
        for text in ["poisson 4, 2s 8", "constant 3", "times 0s, 10ms, 3s, 5s"] {
            let expected = arrivals(text, 0);
            assert!(expected.len() > 2, "{text}: {expected:?}");
            assert_eq!(arrivals(text, 7_000), expected, "{text}");
        }
        assert_eq!(
            arrivals("times 0s, 10ms, 3s, 5s", 7_000),
            [0, 10, 3_000].map(Duration::from_millis)
        );
    }

    #[test]
    fn answered_exchanges_leave_nothing_behind() {
        let peer = "192.0.2.1:1060".parse().unwrap();
        let waits = Policy::textbook().to_builder().initial_timeout(Duration::from_secs(3_600));
        let policy = waits.give_up_above(None).max_sends(Some(2)).build().unwrap();
        let config = Config::new(peer, Echo::new(b"hello").with_token(true)).policy(policy);
        let config = config.exchanges(10_000).open("constant 1000".parse().unwrap());
        let mut client = OpenClient::numbered(config, 1);
        let (mut buf, mut answered) = (Vec::new(), 0);
        while let Some((Timer::Arrival, at)) = client.poll_timeout() {
            client.handle_timeout(at);
            assert!(client.poll_transmit(at, &mut buf).is_some());
            assert!(client.poll_transmit(at, &mut Vec::new()).is_none());
            client.handle_datagram(at, LOCAL, peer, &buf);
            buf.clear();
            assert!(client.poll_transmit(at, &mut buf).is_none());
            while let Some(event) = client.poll_event() {
                answered += u32::from(matches!(event, Event::Answered { .. }));
            }
            assert!(client.deadlines.len() <= SPARE_DEADLINES + 3, "{}", client.deadlines.len());
        }
        assert_eq!((answered, client.is_finished()), (10_000, true));
    }
}
