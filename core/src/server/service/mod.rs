//! Work that takes time: a queue and workers in front of a server.
//!
//! The server inside decides at once what it answers; a [`Station`] holds the reply back for as long as
//! the request waits for a worker and is worked on. It models what a real server does in trouble: its
//! queue fills, it works for clients that have given up, it sheds load, it crashes and comes back.

mod config;
mod event;
mod occupancy;
#[cfg(all(test, feature = "sim"))]
mod tests;

pub use config::{Config, Order, Outage, Overflow, Trouble};
pub use event::Event;
pub use occupancy::Occupancy;
use occupancy::OccupancyMeter;

use crate::dist::Distribution;
use crate::eras::Eras;
use crate::heap::{Held as _, OVERHEAD};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::random::{Direction, Name, Purpose};
use crate::server::echo::{Server, Way};
use crate::server::{ClientAddresses, Flows};
use crate::time::{Duration, Instant, nanos};
use crate::trace::Cause;
use alloc::boxed::Box;
use alloc::collections::{BinaryHeap, VecDeque};
use alloc::vec::Vec;
use core::cmp::Reverse;
use core::net::SocketAddr;

/// Maximum number of bytes of the requests in the station, whatever the queue allows: a station on a real socket
/// receives requests from strangers. Beyond it the queue counts as full.
pub(crate) const MAX_BYTES: usize = 1 << 28;

/// Bytes that a request takes in addition to its reply: its places in the lists, which may have twice the places
/// that they need, and what the allocator adds.
const EACH: usize =
    2 * (size_of::<Job>() + size_of::<Reverse<(Instant, u64, u32)>>() + 8) + OVERHEAD;

/// A request on its way through the station.
#[derive(Clone, Debug)]
struct Job {
    way: Way,
    label: Option<Label>,
    arrived: Instant,
    begun: Instant,
    /// How long the work takes by itself; drawn on arrival, from the datagram's own stream.
    work: u64,
    reply: Vec<u8>,
}

impl Job {
    fn about(&self) -> Box<Subject> {
        Box::new(Subject::of(self.way.from, self.label))
    }
}

/// The machine of a server that takes time.
#[derive(Clone, Debug)]
pub struct Station {
    server: Server,
    config: Config,
    /// The configurations that follow each other.
    eras: Eras<Config>,
    /// Whether work takes no time, and there are no outages and no changes: the station then leaves everything to the server inside.
    transparent: bool,
    seed: u64,
    /// Counters that name the draws of random service times; empty without them.
    flows: Flows,
    jobs: Vec<Job>,
    free: Vec<u32>,
    waiting: VecDeque<u32>,
    /// Jobs in work by the time at which they are done; the number breaks ties.
    working: BinaryHeap<Reverse<(Instant, u64, u32)>>,
    begun: u64,
    /// Replies to send.
    done: VecDeque<(Transmit, Vec<u8>)>,
    events: VecDeque<Event>,
    /// Number of beginnings and ends of outages that have been handled.
    outages: usize,
    deepest: usize,
    occupancy: OccupancyMeter,
    /// Bytes of the replies held back.
    held: usize,
    /// Bytes that a request takes in addition, as far as [`MAX_BYTES`] is concerned.
    each: usize,
    down: bool,
    /// Send of the current datagram, if the driver knows it.
    noted: Option<Label>,
    buf: Vec<u8>,
}

impl Station {
    /// Creates a station for `server` with the queue that `config` describes. It numbers its clients in the
    /// order in which they appear, for the names of random draws. When its requests take 256 MiB, more of them
    /// find the queue full.
    #[must_use]
    pub fn new(server: Server, config: Config, seed: u64) -> Self {
        let station = Self::with_flows(server, config, seed, Flows::appearing());
        Self { each: EACH, ..station }
    }

    /// Like [`new`](Self::new), for a network whose addresses contain the client's number. Only the bytes of the
    /// replies count towards the 256 MiB: a simulation has bounds of its own.
    #[must_use]
    pub fn numbered(server: Server, config: Config, seed: u64, clients: ClientAddresses) -> Self {
        Self::with_flows(server, config, seed, Flows::numbered(clients))
    }

    fn with_flows(server: Server, config: Config, seed: u64, flows: Flows) -> Self {
        Self {
            server,
            transparent: config.is_instant() && !config.has_outages(),
            config,
            eras: Eras::NONE,
            seed,
            flows,
            jobs: Vec::new(),
            free: Vec::new(),
            waiting: VecDeque::new(),
            working: BinaryHeap::new(),
            begun: 0,
            done: VecDeque::new(),
            events: VecDeque::new(),
            outages: 0,
            deepest: 0,
            occupancy: OccupancyMeter::default(),
            held: 0,
            each: 0,
            down: false,
            noted: None,
            buf: Vec::new(),
        }
    }

    /// Returns the station with configurations that follow each other, each from the first request on that arrives or is
    /// done at its time or later. Work in progress takes as long as planned, and what waits in the queue stays there.
    #[must_use]
    pub(crate) fn with_eras(self, eras: Eras<Config>) -> Self {
        Self { transparent: self.transparent && eras.is_empty(), eras, ..self }
    }

    /// Takes the configuration of `now`, which may have more workers.
    fn change(&mut self, now: Instant) {
        if let Some(config) = self.eras.begin(now) {
            self.config = config.clone();
            self.refill(now);
        }
    }

    /// Returns true if requests take time here, or wait for those that do.
    fn takes_time(&self) -> bool {
        !self.config.is_instant() || self.jobs.len() > self.free.len()
    }

    /// Forgets its clients, of which no request is in the station; see [`Flows::forget`].
    #[cfg(feature = "sim")]
    pub(crate) fn forget_clients(&mut self, before: u32) {
        self.flows.forget(before);
        self.eras.restart();
        self.server.forget_clients(before);
    }

    /// Returns true if requests may wait in it at some time.
    #[must_use]
    pub fn may_hold(&self) -> bool {
        !self.config.is_instant() || self.eras.any(|config| !config.is_instant())
    }

    /// Returns the server inside.
    #[must_use]
    pub const fn server(&self) -> &Server {
        &self.server
    }

    /// Returns its configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the number of requests that wait for a worker.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Returns the number of requests in work.
    #[must_use]
    pub fn working(&self) -> usize {
        self.working.len()
    }

    /// Returns the number of bytes of the replies held back.
    #[must_use]
    pub const fn held(&self) -> usize {
        self.held
    }

    /// Returns an estimate of the memory in bytes: of the requests, with their replies, and of the clients' counters.
    #[must_use]
    pub fn memory(&self) -> usize {
        let requests =
            self.jobs.held() + self.free.held() + self.waiting.held() + self.working.held();
        let replies =
            self.held + self.jobs.len() * OVERHEAD + self.done.held() + self.events.held();
        requests + replies + self.flows.memory() + self.server.memory()
    }

    /// Returns the maximum number of requests that waited at once.
    #[must_use]
    pub const fn deepest(&self) -> usize {
        self.deepest
    }

    /// Returns how busy it was until it had served the last request.
    #[must_use]
    pub const fn occupancy(&self) -> Occupancy {
        self.occupancy.occupancy()
    }

    /// Counts the time until `now`, before anything changes.
    fn pass(&mut self, now: Instant) {
        self.occupancy.pass(now, self.waiting.len(), self.working.len());
    }

    /// Counts a request; returns true if it is lost because the server is down.
    #[inline(never)]
    fn turns_away(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        self.follow_outages(now);
        if self.takes_time() {
            self.pass(now);
        }
        self.change(now);
        if self.takes_time() {
            self.occupancy.request();
        }
        if self.down {
            self.refuse(from, bytes, Cause::ServerDown);
        }
        self.down
    }

    /// Turns the server's reply to the request just handled into a job, and queues or starts it.
    #[inline(never)]
    fn admit(&mut self, now: Instant, way: Way, bytes: &[u8]) {
        let mut reply = core::mem::take(&mut self.buf);
        reply.clear();
        let answered = self.server.poll_transmit(now, &mut reply).is_some();
        self.buf = reply;
        let reported = self.server.poll_event().map(Event::Server);
        let free = self.config.workers.is_none_or(|most| self.working.len() < most as usize);
        let room = self.config.queue.is_none_or(|most| self.waiting.len() < most as usize);
        let requests = self.waiting.len() + self.working.len() + 1;
        let held = (self.held + self.buf.len()).saturating_add(requests * self.each);
        if answered && (!free && !room || held > MAX_BYTES) {
            return self.overflow(way, bytes);
        }
        self.events.extend(reported);
        if !answered {
            return;
        }
        let (work, label) = (self.work(way.from), self.label_at_hand(bytes));
        let reply = core::mem::take(&mut self.buf);
        self.held += reply.len();
        let job = Job { way, label, arrived: now, begun: now, work, reply };
        let slot = if let Some(slot) = self.free.pop() {
            self.jobs[slot as usize] = job;
            slot
        } else {
            self.jobs.push(job);
            self.jobs.len() as u32 - 1
        };
        if free {
            self.begin(now, slot);
        } else {
            self.waiting.push_back(slot);
            self.deepest = self.deepest.max(self.waiting.len());
        }
    }

    /// Handles a request that finds the queue full.
    fn overflow(&mut self, way: Way, bytes: &[u8]) {
        match self.config.overflow {
            Overflow::Drop => self.refuse(way.from, bytes, Cause::ServerQueue),
            Overflow::Fail => {
                self.server.fail(way, bytes);
                let mut reply = Vec::new();
                let _ = self.server.poll_transmit(Instant::ZERO, &mut reply);
                self.events.extend(self.server.poll_event().map(Event::Server));
                let transmit = way.back().labelled(self.label_at_hand(bytes));
                self.done.push_back((transmit, reply));
            }
        }
    }

    /// Loses a request on its arrival.
    fn refuse(&mut self, from: SocketAddr, bytes: &[u8], cause: Cause) {
        let about = Box::new(Subject::of(from, self.label_at_hand(bytes)));
        self.events.push_back(Event::Dropped { cause, about });
    }

    /// Returns the send of the current request: the one that the driver knows, or else the one that the
    /// request names.
    fn label_at_hand(&self, bytes: &[u8]) -> Option<Label> {
        self.noted.or_else(|| self.server.label_of(bytes))
    }

    #[inline(always)]
    fn timer(&self) -> Option<(Timer, Instant)> {
        let work = self.working.peek().map(|Reverse((at, ..))| (Timer::Service, *at));
        if !self.config.has_outages() {
            return work;
        }
        let Some((at, down)) = self.config.switch(self.outages) else { return work };
        // At the same instant the outage comes first.
        let timer = if down.is_some() { Timer::Outage } else { Timer::Recovery };
        work.filter(|(_, done)| *done < at).or(Some((timer, at)))
    }

    /// Returns how long the work on the next request of `from` takes by itself, in nanoseconds.
    fn work(&mut self, from: SocketAddr) -> u64 {
        if let Distribution::Constant(work) = self.config.service {
            return nanos(work);
        }
        let (flow, index) = self.flows.count(from);
        let name = Name { seed: self.seed, flow, direction: Direction::Request, index };
        nanos(self.config.service.draw(&mut name.stream(Purpose::Service)))
    }

    /// Begins the work on a job, unless it is too old.
    fn begin(&mut self, now: Instant, slot: u32) {
        let job = &mut self.jobs[slot as usize];
        let waited = now.saturating_since(job.arrived);
        if self.config.expire.is_some_and(|most| waited > most) {
            return self.lose(slot, Cause::Expired);
        }
        job.begun = now;
        let crowd = nanos(self.config.rising).saturating_mul(self.working.len() as u64 + 1);
        let work = self.config.slowed(now, job.work.saturating_add(crowd));
        self.begun += 1;
        let done = now.saturating_add(Duration::from_nanos(work));
        self.working.push(Reverse((done, self.begun, slot)));
    }

    /// Returns the next reply that was held back.
    #[inline(never)]
    fn poll_done(&mut self, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (transmit, reply) = self.done.pop_front()?;
        buf.extend_from_slice(&reply);
        Some(transmit)
    }

    fn lose(&mut self, slot: u32, cause: Cause) {
        let job = &mut self.jobs[slot as usize];
        let about = job.about();
        self.held -= core::mem::take(&mut job.reply).len();
        self.events.push_back(Event::Dropped { cause, about });
        self.free.push(slot);
    }

    /// Gives waiting requests to free workers.
    fn refill(&mut self, now: Instant) {
        while self.config.workers.is_none_or(|most| self.working.len() < most as usize) {
            let next = match self.config.order {
                Order::Fifo => self.waiting.pop_front(),
                Order::Lifo => self.waiting.pop_back(),
            };
            let Some(slot) = next else { break };
            self.begin(now, slot);
        }
    }

    /// Goes down: work in progress is lost, and so is the queue unless it is kept.
    fn crash(&mut self, keeps_queue: bool) {
        self.down = true;
        self.events.push_back(Event::Down { keeps_queue });
        let mut lost: Vec<(u64, u32)> =
            self.working.drain().map(|Reverse((_, number, slot))| (number, slot)).collect();
        lost.sort_unstable();
        if !keeps_queue {
            lost.extend(self.waiting.drain(..).map(|slot| (0, slot)));
        }
        lost.into_iter().for_each(|(_, slot)| self.lose(slot, Cause::ServerDown));
    }

    /// Handles the outages that begin or end until `now`.
    #[inline(always)]
    fn follow_outages(&mut self, now: Instant) {
        if self.config.has_outages() {
            self.switch(now);
        }
    }

    #[inline(never)]
    fn switch(&mut self, now: Instant) {
        while let Some((_, down)) = self.config.switch(self.outages).filter(|(at, _)| *at <= now) {
            self.outages += 1;
            self.pass(now);
            match down {
                Some(keeps_queue) => self.crash(keeps_queue),
                None => {
                    self.down = false;
                    self.events.push_back(Event::Up);
                    self.refill(now);
                }
            }
        }
    }
}

impl Machine for Station {
    type Event = Event;

    #[inline(always)]
    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        if !self.transparent && self.turns_away(now, from, bytes) {
            return;
        }
        self.server.handle_datagram(now, local, from, bytes);
        if !self.transparent && self.takes_time() {
            self.admit(now, Way { from, local }, bytes);
        }
    }

    #[inline(always)]
    fn handle_timeout(&mut self, now: Instant) {
        self.follow_outages(now);
        while let Some(Reverse((at, _, slot))) = self.working.peek().copied() {
            if at > now {
                break;
            }
            self.pass(at);
            self.occupancy.request();
            self.working.pop();
            let job = &mut self.jobs[slot as usize];
            let (transmit, about) = (job.way.back().labelled(job.label), job.about());
            let (arrived, begun) = (job.arrived, job.begun);
            self.held -= job.reply.len();
            self.done.push_back((transmit, core::mem::take(&mut job.reply)));
            self.events.push_back(Event::Served { arrived, begun, about });
            self.free.push(slot);
            self.change(at);
            self.refill(at);
        }
    }

    #[inline(always)]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if !self.transparent && !self.done.is_empty() {
            return self.poll_done(buf);
        }
        self.server.poll_transmit(now, buf)
    }

    #[inline(always)]
    fn poll_event(&mut self) -> Option<Event> {
        if !self.transparent && !self.events.is_empty() {
            return self.events.pop_front();
        }
        self.server.poll_event().map(Event::Server)
    }

    fn subject(&self, event: &Event) -> Subject {
        match event {
            Event::Server(_) | Event::Down { .. } | Event::Up => Subject::default(),
            Event::Dropped { about, .. } | Event::Served { about, .. } => **about,
        }
    }

    #[inline(always)]
    fn note_label(&mut self, label: Option<Label>) {
        self.noted = label;
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.server.label_of(payload)
    }

    fn timer_subject(&self) -> Subject {
        match (self.timer(), self.working.peek()) {
            (Some((Timer::Service, _)), Some(Reverse((.., slot)))) => {
                let job = &self.jobs[*slot as usize];
                Subject::of(job.way.from, job.label)
            }
            _ => Subject::default(),
        }
    }

    #[inline(always)]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        if self.transparent { None } else { self.timer() }
    }
}
