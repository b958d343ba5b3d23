//! The network of a single client: the event loop of most cells.
//!
//! It does what [`Network`](super::Network) does, for the machines that most scenarios have: a closed-loop client, and a
//! server without a timer. Little is left to be looked up: what happens next is the arrival of the first datagram in
//! flight, or the client's timer.

use super::hosting::Hosting;
use super::{RunSink, SERVER};
use crate::client::{self, Client, Event};
use crate::drive::{Arrival, Context, Host, Output, Role, Timeouts, Visit};
use crate::heap::Held as _;
use crate::link::{Action, Channel, Delivery, Pipe, Step};
use crate::machine::Label;
use crate::random::{Direction, Name};
use crate::server::echo::Server;
use crate::time::Instant;
use crate::trace::{HostId, Packet, Sink, What};
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// The timer of a client that waits for datagrams only. (The last representable instant never comes in practice.)
const NEVER: u64 = u64::MAX;

/// A client and its server.
pub(super) struct Cell<K> {
    client: Host<Client>,
    server: Host<Server>,
    flow: u32,
    address: SocketAddr,
    seed: u64,
    pipe: Pipe,
    /// Number of datagrams so far in each direction.
    sent: [u32; 2],
    /// The datagram in flight that arrives first; mostly, there is no other one.
    first: Arriving,
    /// The others, in the order in which they arrive.
    later: VecDeque<Arriving>,
    /// Bytes of the datagram that has just arrived.
    arrived: Vec<u8>,
    now: Instant,
    /// When the client's timer fires, in nanoseconds, or [`NEVER`].
    timer: u64,
    timeouts: Timeouts,
    stuck: bool,
    end: Instant,
    reached_end: bool,
    buf: Vec<u8>,
    sink: RunSink<K>,
}

/// A datagram in flight.
struct Arriving {
    /// When it arrives, in nanoseconds; [`NEVER`] if there is none.
    at: u64,
    direction: Direction,
    number: u32,
    label: Option<Label>,
    bytes: Vec<u8>,
}

impl Arriving {
    const NONE: Self = Self {
        at: NEVER,
        direction: Direction::Request,
        number: 0,
        label: None,
        bytes: Vec::new(),
    };
}

impl<K: Sink> Cell<K> {
    /// Creates the network of client 1.
    pub(super) fn new(
        config: client::Config,
        server: Server,
        pipe: Pipe,
        sink: RunSink<K>,
    ) -> Self {
        let seed = config.seed;
        Self {
            client: Host::new(Client::new(config)),
            server: Host::new(server),
            flow: 1,
            address: super::client_address(1),
            seed,
            pipe,
            sent: [0; 2],
            first: Arriving::NONE,
            later: VecDeque::new(),
            arrived: Vec::new(),
            now: Instant::ZERO,
            timer: NEVER,
            timeouts: Timeouts::of_hosts(2),
            stuck: false,
            end: Instant::MAX,
            reached_end: false,
            buf: Vec::new(),
            sink,
        }
    }

    /// Handles the next event; returns false if none is left. Arrivals come before the timer of the same instant: a reply
    /// that arrives exactly when the wait ends is in time.
    #[inline(always)]
    fn step(&mut self) -> bool {
        let arrival = self.first.at;
        let at = arrival.min(self.timer);
        if at == NEVER || at > self.end.as_nanos() || self.stuck {
            self.reached_end = at != NEVER && !self.stuck;
            return false;
        }
        self.now = Instant::from_nanos(at);
        if arrival <= self.timer {
            self.arrive();
        } else {
            self.fire();
        }
        !self.stuck
    }

    #[inline(always)]
    fn record(&mut self, context: Context, what: What) {
        self.sink.record(&context.record(self.now, what));
    }

    /// Fires the client's timer.
    #[inline(always)]
    fn fire(&mut self) {
        let fired = self.client.fire(Role::Client(self.flow), self.now, |_| None);
        // It is due, because a machine's timer changes only with an input.
        let Ok((context, visit)) = fired else { return };
        if let Some(timer) = visit.timer() {
            self.record(context, What::TimerFired { timer });
        }
        if self.timeouts.is_stuck(self.now, self.now) {
            self.stuck = true;
            return;
        }
        self.drain_client(&visit);
    }

    /// Delivers the first datagram in flight.
    #[inline(always)]
    fn arrive(&mut self) {
        let Arriving { direction, number, label, .. } = self.first;
        // The next one may be sent while this one is handled.
        core::mem::swap(&mut self.first.bytes, &mut self.arrived);
        match self.later.pop_front() {
            Some(next) => self.first = next,
            None => self.first.at = NEVER,
        }
        let arrival = Arrival { flow: self.flow, packet: number, label, server: None };
        let (host, way) = match direction {
            Direction::Request => (HostId::SERVER, (SERVER, self.address)),
            Direction::Reply => (HostId::Client, (self.address, SERVER)),
        };
        let context = Context { host, flow: self.flow, packet: number, label, server: None };
        let record = context.record(self.now, What::Delivered { direction });
        self.sink.record(&record);
        if self.sink.takes_packets() {
            let (to, from) = way;
            self.sink.packet(&record, Packet::Datagram { from, to, payload: &self.arrived });
        }
        match direction {
            Direction::Request => {
                let visit = self.server.deliver(self.now, arrival, way, &self.arrived);
                self.drain_server(&visit);
            }
            Direction::Reply => {
                let visit = self.client.deliver(self.now, arrival, way, &self.arrived);
                self.drain_client(&visit);
            }
        }
    }

    #[inline(always)]
    fn drain_client(&mut self, visit: &Visit) {
        let role = Role::Client(self.flow);
        loop {
            // It sends to its server only.
            match self.client.poll_map(role, visit, self.now, &mut self.buf, |_| None, |_| ()) {
                Output::Event(context, event @ Event::Answered { .. }) => {
                    self.record(context, event.into());
                }
                Output::Event(context, event) => {
                    let what = event.into();
                    self.record_rarer(visit.of_event(context, &what), what);
                }
                Output::Transmit(context, ()) => self.send(context, Direction::Request),
                Output::Wait(wait) => {
                    let deadline = wait.deadline();
                    self.timer =
                        deadline.map_or(NEVER, |deadline| deadline.max(self.now).as_nanos());
                    if let (Some((timer, deadline)), Some(context)) = (wait.timer, wait.armed) {
                        self.record(context, What::TimerArmed { timer, deadline });
                    }
                    break;
                }
            }
        }
    }

    /// Records any event of the client other than an answer. It is out of line to keep the common path short.
    #[inline(never)]
    fn record_rarer(&mut self, context: Context, what: What) {
        self.record(context, what);
    }

    #[inline(always)]
    fn drain_server(&mut self, visit: &Visit) {
        let flow = Some(self.flow);
        loop {
            // It answers its client only.
            match self.server.poll_map(
                Role::SERVER,
                visit,
                self.now,
                &mut self.buf,
                |_| flow,
                |_| (),
            ) {
                Output::Event(context, event) => self.record(context, event.into()),
                Output::Transmit(context, ()) => self.send(context, Direction::Reply),
                Output::Wait(_) => break,
            }
        }
    }

    /// Puts the datagram in the buffer on the link.
    #[inline(always)]
    fn send(&mut self, context: Context, direction: Direction) {
        let sent = &mut self.sent[direction as usize];
        let name = Name { seed: self.seed, flow: self.flow, direction, index: (*sent).into() };
        *sent = sent.wrapping_add(1);
        let context = Context { packet: *sent, ..context };
        let len = u32::try_from(self.buf.len()).unwrap_or(u32::MAX);
        let record = context.record(self.now, What::Sent { direction, bytes: len });
        self.sink.record(&record);
        if self.sink.takes_packets() {
            let (from, to) = match direction {
                Direction::Request => (self.address, SERVER),
                Direction::Reply => (SERVER, self.address),
            };
            self.sink.packet(&record, Packet::Datagram { from, to, payload: &self.buf });
        }
        match self.pipe.send(self.now, name, self.buf.len()) {
            Action::Deliver(whole) if whole.flipped.is_none() && self.first.at == NEVER => {
                // The buffer is emptied before it is used again.
                core::mem::swap(&mut self.first.bytes, &mut self.buf);
                let Context { packet: number, label, .. } = context;
                (self.first.at, self.first.direction) = (whole.at(self.now).as_nanos(), direction);
                (self.first.number, self.first.label) = (number, label);
            }
            action => self.carry_out(action, context, direction),
        }
    }

    /// Carries out any action other than delivering one undamaged datagram when no other is in flight. It is out of line
    /// to keep the common path short.
    #[inline(never)]
    fn carry_out(&mut self, action: Action, context: Context, direction: Direction) {
        for step in action.steps(direction) {
            match step {
                Step::Report(what) => self.record(Context { host: HostId::Link, ..context }, what),
                Step::Deliver(delivery) => self.deliver(context, direction, delivery),
            }
        }
    }

    fn deliver(&mut self, context: Context, direction: Direction, delivery: Delivery) {
        let Context { packet: number, label, .. } = context;
        let (at, bytes) =
            (delivery.at(self.now).as_nanos(), delivery.payload(&self.buf).into_owned());
        let arriving = Arriving { at, direction, number, label, bytes };
        if at < self.first.at {
            let later = core::mem::replace(&mut self.first, arriving);
            if later.at != NEVER {
                self.later.push_front(later);
            }
            return;
        }
        // Of those that arrive at the same instant, the one that was sent first comes first.
        let before = self.later.iter().rposition(|other| other.at <= at);
        self.later.insert(before.map_or(0, |last| last + 1), arriving);
    }
}

impl<K: Sink> Hosting for Cell<K> {
    type Sink = K;

    fn restart(&mut self, flow: u32) {
        self.flow = flow;
        self.address = super::client_address(flow);
        self.client.machine_mut().renumber(flow);
        self.client.forget();
        self.server.machine_mut().forget_clients(flow - 1);
        self.pipe.forget_flows(flow - 1);
        self.sent = [0; 2];
        self.first.at = NEVER;
        // It usually is, and a million clients notice.
        if !self.later.is_empty() {
            self.later.clear();
        }
        self.now = Instant::ZERO;
        self.timer = NEVER;
        self.timeouts = Timeouts::of_hosts(2);
        (self.stuck, self.reached_end) = (false, false);
        let visit = self.client.start(Role::Client(self.flow), self.now);
        self.drain_client(&visit);
    }

    #[inline(always)]
    fn steps(&mut self, max: u64) -> u64 {
        let mut handled = 0;
        while handled < max && self.step() {
            handled += 1;
        }
        handled
    }

    fn end_at(&mut self, end: Instant) {
        self.end = end;
    }

    fn is_stuck(&self) -> bool {
        self.stuck
    }

    fn has_reached_end(&mut self) -> bool {
        self.reached_end
    }

    fn has_more(&mut self) -> bool {
        self.first.at != NEVER || self.timer != NEVER
    }

    fn now(&self) -> Instant {
        self.now
    }

    fn memory(&self) -> u64 {
        let later = self.later.capacity() * size_of::<Arriving>();
        let bytes: usize = self.later.iter().map(|arriving| arriving.bytes.held()).sum();
        (size_of::<Self>() + later + bytes + self.client.machine().memory() + self.pipe.memory())
            as u64
    }

    fn channel(&self) -> &Channel {
        self.pipe.channel()
    }

    fn sink(&self) -> &RunSink<K> {
        &self.sink
    }

    fn into_sink(self) -> RunSink<K> {
        self.sink
    }
}
