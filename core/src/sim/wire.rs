//! Everything between the hosts: the link, the datagrams on it, the event queue, and the records.

use super::packets::{Packet, Packets};
use super::queue::Queue;
use super::{SERVER, client_address};
use crate::drive::{Context, Visit, Wait};
use crate::eras::Eras;
use crate::heap::Held as _;
use crate::link::{Act, Action, Channel, Delivery, Fault, Link, Pipe, Step};
use crate::random::Direction;
#[cfg(feature = "packets")]
use crate::random::Name;
use crate::time::Instant;
use crate::trace::{self, Cause, HostId, Sink, What};
#[cfg(feature = "packets")]
use crate::trace::{Carried, FrameStep};
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Number of queue entries below which the queue is never tidied.
const SPARE_ENTRIES: usize = 1 << 14;

/// What the queue holds: the number of the host to wake (0 is the first server; clients follow, then the other servers),
/// or the slot of the datagram that arrives.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Due(u32);

impl Due {
    const ARRIVAL: u32 = 1 << 31;
    /// Arrival of a datagram with a [`Way`]. It looks like a wake-up of a host that does not exist, so that
    /// other arrivals need not look for it.
    const ROUTED: u32 = 1 << 30;

    pub(super) const fn wake(host: u32) -> Self {
        Self(host)
    }

    const fn arrival(slot: u32) -> Self {
        Self(slot | Self::ARRIVAL)
    }

    const fn routed(slot: u32) -> Self {
        Self(slot | Self::ROUTED)
    }
}

/// What is due, as the loop takes it.
pub(super) enum Happening {
    /// Wakes a host; 0 is the first server.
    Wake(u32),
    /// A datagram arrives.
    Arrival(Packet),
}

/// Destination and source of a datagram that does not travel between the usual addresses of its hosts.
pub(super) type Way = (SocketAddr, SocketAddr);

/// Everything between the hosts.
#[derive(Debug)]
pub(super) struct Wire<K> {
    pub(super) now: Instant,
    pub(super) sink: K,
    /// Number of the last client before those of this network: its first client is the next one.
    before: u32,
    queue: Queue<Due>,
    /// Number of entries above which the queue is tidied.
    tidy_at: usize,
    packets: Packets,
    /// Addresses of datagrams in flight, by slot, as far as they are not the usual ones.
    ways: Vec<Option<Way>>,
    pipe: Pipe,
    #[cfg(feature = "packets")]
    seed: u64,
    /// End of the run: nothing happens after it.
    end: Instant,
    /// Whether something was left to happen after the end.
    reached_end: bool,
}

impl<K: Sink> Wire<K> {
    /// Bytes of a client's counters, of a timer and a datagram of it, and of their two entries in the queue.
    pub(super) const MEMORY_OF_CLIENT: usize =
        size_of::<[u16; 2]>() + size_of::<Packet>() + 2 * size_of::<Due>();

    pub(super) fn new(link: &Link, seed: u64, clients: usize, sink: K) -> Self {
        let mut wire = Self {
            now: Instant::ZERO,
            sink,
            before: 0,
            queue: Queue::default(),
            // A wait and a datagram for each client, doubled: fewer entries need no tidying.
            tidy_at: 4 * clients + SPARE_ENTRIES,
            packets: Packets::default(),
            ways: Vec::new(),
            pipe: Pipe::new(link, seed),
            #[cfg(feature = "packets")]
            seed,
            end: Instant::MAX,
            reached_end: false,
        };
        // A network refuses more clients than a flow's number can name.
        wire.pipe.reserve(clients as u32);
        wire
    }

    /// Returns the sink, and all that takes much memory.
    pub(super) fn into_sink_and_rest(self) -> (K, impl Sized + use<K>) {
        let Self { sink, queue, packets, ways, pipe, .. } = self;
        (sink, (queue, packets, ways, pipe))
    }

    /// Returns to time 0, without the datagrams in flight, for the clients after number `before`.
    pub(super) fn restart(&mut self, before: u32) {
        (self.now, self.before, self.reached_end) = (Instant::ZERO, before, false);
        self.queue.restart();
        if self.packets.len() > 0 {
            self.packets.clear();
            self.ways.clear();
        }
        self.pipe.forget_flows(before);
    }

    /// Returns the flow of a client of this network, numbered from 1 within it.
    #[inline(always)]
    pub(super) const fn flow_of_host(&self, client: u32) -> u32 {
        self.before + client
    }

    /// Returns the number of a flow's client within this network, from 1; [`flow_of_host`](Self::flow_of_host) is the
    /// reverse.
    #[inline(always)]
    pub(super) const fn host_of_flow(&self, flow: u32) -> u32 {
        flow - self.before
    }

    /// Returns the number of the last client before those of this network.
    pub(super) const fn before(&self) -> u32 {
        self.before
    }

    /// Adds those of `faults` that concern the link.
    pub(super) fn set_faults(&mut self, faults: Vec<Fault>) {
        self.pipe.add_faults(faults);
    }

    /// Sets the links that follow each other.
    pub(super) fn set_eras(&mut self, eras: Eras<Link>) {
        self.pipe.set_eras(eras);
    }

    pub(super) fn set_acts(&mut self, acts: &[Act]) {
        self.pipe.add_acts(acts.iter().copied());
    }

    pub(super) const fn end_at(&mut self, end: Instant) {
        self.end = end;
    }

    pub(super) const fn has_reached_end(&self) -> bool {
        self.reached_end
    }

    pub(super) const fn channel(&self) -> &Channel {
        self.pipe.channel()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.packets.len()
    }

    /// Removes the next event and returns it with its time; `None` if there is none before the end.
    #[inline(always)]
    pub(super) fn next(&mut self) -> Option<(Instant, Happening)> {
        let (key, due) = self.queue.pop()?;
        let at = time_of(key);
        if at > self.end {
            self.queue.push(key, due);
            self.reached_end = true;
            return None;
        }
        let happening = if due.0 < Due::ARRIVAL {
            Happening::Wake(due.0)
        } else {
            Happening::Arrival(self.packets.take(due.0 & !Due::ARRIVAL))
        };
        Some((at, happening))
    }

    /// Returns at most `max` hosts of the next events, as far as they are known.
    #[inline]
    pub(super) fn upcoming_hosts(&self, max: usize) -> impl ExactSizeIterator<Item = u32> {
        self.queue.upcoming().iter().take(max).map(|Due(due)| {
            let arrives = *due >= Due::ARRIVAL;
            match arrives {
                true => self.host_of_flow(self.packets.look_at(due & !Due::ARRIVAL)),
                false => *due,
            }
        })
    }

    /// Returns the number of requests of a client of this network so far.
    #[inline]
    pub(super) fn sent_by(&self, client: u32) -> u32 {
        self.pipe.sent(self.flow_of_host(client), Direction::Request)
    }

    /// Makes sure that `host` is woken at `deadline`.
    #[inline]
    pub(super) fn wake_at(&mut self, host: u32, deadline: Instant) {
        self.queue.push(wake_key(deadline), Due::wake(host));
    }

    /// Returns true if entries have piled up that may wake nobody.
    #[inline]
    pub(super) const fn is_untidy(&self) -> bool {
        self.queue.len() > self.tidy_at
    }

    /// Drops all entries: nothing happens any more.
    #[cold]
    pub(super) fn clear(&mut self) {
        self.queue = Queue::default();
    }

    /// Drops the entries that, according to `wakes`, will wake nobody.
    pub(super) fn tidy(&mut self, wakes: impl Fn(u32, Instant) -> bool) {
        self.queue.retain(|key, due| due.0 >= Due::ROUTED || wakes(due.0, time_of(key)));
        // The limit grows with the queue, so that tidying costs little per entry.
        self.tidy_at = 2 * self.queue.len() + SPARE_ENTRIES;
    }

    /// Returns an estimate of the memory in bytes.
    pub(super) fn memory(&self) -> usize {
        let ways = self.ways.held();
        // A queue on the link has a departure for each datagram in it, which is in flight.
        let departures = 2 * self.packets.len() * size_of::<Instant>();
        self.queue.memory() + self.packets.memory() + ways + self.pipe.memory() + departures
    }

    /// Takes the datagram that arrives when the host `id` is woken; `None` if `id` stands for no datagram.
    #[cold]
    pub(super) fn take_routed(&mut self, id: u32) -> Option<(Packet, Way)> {
        let slot = id & !Due::ROUTED;
        let way = self.ways.get_mut(slot as usize)?.take()?;
        Some((self.packets.take(slot), way))
    }

    /// Returns the bytes of a datagram that has arrived, valid until it is [released](Self::release).
    #[inline]
    pub(super) fn bytes(&self, packet: Packet) -> &[u8] {
        self.packets.bytes(packet)
    }

    #[inline]
    pub(super) fn release(&mut self, packet: Packet) {
        self.packets.release(packet);
    }

    /// Puts a datagram on the link.
    #[inline(always)]
    pub(super) fn send(&mut self, context: Context, direction: Direction, bytes: &[u8]) {
        let name = self.pipe.name(context.flow, direction);
        let context = Context { packet: (name.index as u32).wrapping_add(1), ..context };
        self.record_sent(context, direction, bytes, || usual_way(context.flow, direction));
        match self.pipe.send(self.now, name, bytes.len()) {
            Action::Deliver(whole) if whole.flipped.is_none() => {
                self.deliver(context, direction, bytes, whole.at(self.now));
            }
            action => self.carry_out(action, context, direction, &|wire: &mut Self, delivery| {
                wire.deliver(context, direction, &delivery.payload(bytes), delivery.at(wire.now));
            }),
        }
    }

    /// Numbers and records a datagram that is sent in packets; returns its name.
    #[cfg(feature = "packets")]
    pub(super) fn number(
        &mut self,
        context: Context,
        direction: Direction,
        bytes: usize,
    ) -> (Name, Context) {
        let name = self.pipe.name(context.flow, direction);
        let context = Context { packet: (name.index as u32).wrapping_add(1), ..context };
        let len = u32::try_from(bytes).unwrap_or(u32::MAX);
        self.record(context, What::Sent { direction, bytes: len });
        (name, context)
    }

    /// Counts a packet that belongs to no datagram of a machine; returns its name.
    #[cfg(feature = "packets")]
    pub(super) fn next_name(&mut self, flow: u32, direction: Direction) -> Name {
        self.pipe.name(flow, direction)
    }

    /// Returns the name of what answers `packet` in `direction`.
    #[cfg(feature = "packets")]
    pub(super) fn name_of(&self, packet: Packet, direction: Direction) -> Name {
        let index = u64::from(packet.number.wrapping_sub(1));
        Name { seed: self.seed, flow: packet.flow, direction, index }
    }

    /// Returns what the link does with a packet.
    #[cfg(feature = "packets")]
    pub(super) fn carry(&mut self, name: Name, payload: usize) -> Action {
        self.pipe.send(self.now, name, payload)
    }

    /// Records a frame that a host sends or receives.
    #[cfg(feature = "packets")]
    pub(super) fn frame(
        &mut self,
        context: Context,
        step: FrameStep,
        direction: Direction,
        carried: Carried,
        bytes: &[u8],
    ) {
        let what = What::Frame { step, direction, carried, bytes: bytes.len() as u32 };
        self.sink.frame(&context.record(self.now, what), bytes);
    }

    /// Returns the seed of the run.
    #[cfg(feature = "packets")]
    pub(super) const fn seed(&self) -> u64 {
        self.seed
    }

    /// Sends a datagram to an address that nobody owns. It has no number: it is not on the way to anyone.
    #[cold]
    pub(super) fn send_to_nobody(&mut self, context: Context, direction: Direction, bytes: &[u8]) {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let context = Context { packet: 0, ..context };
        self.record(context, What::Sent { direction, bytes: len });
        let what = What::Dropped { direction, cause: Cause::NobodyThere };
        self.record(on_link(context), what);
    }

    /// Puts a datagram on the link that does not travel between the usual addresses of its hosts.
    #[cold]
    pub(super) fn send_by(
        &mut self,
        way: Way,
        context: Context,
        direction: Direction,
        bytes: &[u8],
    ) {
        let name = self.pipe.name(context.flow, direction);
        let context = Context { packet: (name.index as u32).wrapping_add(1), ..context };
        self.record_sent(context, direction, bytes, || way);
        let action = self.pipe.send(self.now, name, bytes.len());
        self.carry_out(action, context, direction, &|wire: &mut Self, delivery| {
            let Context { flow, packet, label, .. } = context;
            let bytes = delivery.payload(bytes);
            let slot = wire.packets.store(packet, flow, direction, label, &bytes);
            wire.set_way(slot, way);
            wire.queue.push(arrival_key(delivery.at(wire.now)), Due::routed(slot));
        });
    }

    fn set_way(&mut self, slot: u32, way: Way) {
        let place = slot as usize;
        if place >= self.ways.len() {
            self.ways.resize(place + 1, None);
        }
        self.ways[place] = Some(way);
    }

    /// Carries out any action other than delivering one undamaged datagram. It is out of line to keep the
    /// common path short.
    #[inline(never)]
    fn carry_out(
        &mut self,
        action: Action,
        context: Context,
        direction: Direction,
        deliver: &dyn Fn(&mut Self, Delivery),
    ) {
        for step in action.steps(direction) {
            match step {
                Step::Report(what) => self.record(on_link(context), what),
                Step::Deliver(delivery) => deliver(self, delivery),
            }
        }
    }

    #[inline(always)]
    pub(super) fn deliver(
        &mut self,
        context: Context,
        direction: Direction,
        bytes: &[u8],
        at: Instant,
    ) {
        let Context { flow, packet, label, .. } = context;
        let slot = self.packets.store(packet, flow, direction, label, bytes);
        self.queue.push(arrival_key(at), Due::arrival(slot));
    }

    #[inline(always)]
    pub(super) fn record(&mut self, context: Context, what: What) {
        self.sink.record(&context.record(self.now, what));
    }

    /// Records that a datagram leaves its host on `way`.
    #[inline(always)]
    fn record_sent(
        &mut self,
        context: Context,
        direction: Direction,
        bytes: &[u8],
        way: impl FnOnce() -> Way,
    ) {
        let len = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        let record = context.record(self.now, What::Sent { direction, bytes: len });
        self.sink.record(&record);
        if self.sink.takes_packets() {
            let (to, from) = way();
            self.sink.packet(&record, trace::Packet::Datagram { from, to, payload: bytes });
        }
    }

    /// Records that `packet` has arrived on the way `(to, from)`.
    #[inline(always)]
    pub(super) fn record_arrival(&mut self, context: Context, packet: Packet, (to, from): Way) {
        let what = What::Delivered { direction: packet.direction() };
        let record = context.record(self.now, what);
        self.sink.record(&record);
        if self.sink.takes_packets() {
            let payload = self.packets.bytes(packet);
            self.sink.packet(&record, trace::Packet::Datagram { from, to, payload });
        }
    }

    #[inline(always)]
    pub(super) fn record_timer(&mut self, wait: &Wait) {
        // Not through `wait.record()`, because then the compiler does not know the kind of the record.
        if let (Some((timer, deadline)), Some(context)) = (wait.timer, wait.armed) {
            self.record(context, What::TimerArmed { timer, deadline });
        }
    }

    /// Records an event of a client.
    #[inline(always)]
    pub(super) fn report(&mut self, visit: &Visit, context: Context, event: impl Into<What>) {
        let what = event.into();
        self.record(visit.of_event(context, &what), what);
    }
}

/// Returns the usual way of a client's datagram.
const fn usual_way(flow: u32, direction: Direction) -> Way {
    match direction {
        Direction::Request => (SERVER, client_address(flow)),
        Direction::Reply => (client_address(flow), SERVER),
    }
}

/// Returns the same context, with the link as the host.
const fn on_link(context: Context) -> Context {
    Context { host: HostId::Link, ..context }
}

/// Arrivals come before the timers of the same instant: a reply that arrives exactly when the wait
/// ends is in time. The queue's key is therefore twice the time, plus one for a timer.
const fn arrival_key(at: Instant) -> u64 {
    at.as_nanos().saturating_mul(2)
}

const fn wake_key(at: Instant) -> u64 {
    arrival_key(at).saturating_add(1)
}

const fn time_of(key: u64) -> Instant {
    Instant::from_nanos(key / 2)
}
