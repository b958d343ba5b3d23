//! What the servers do at every time: who waits in the queue, what the workers work on, which work nobody needs, and what is
//! wrong.
//!
//! The trace says when a request arrives, when the work on it is done, and which requests are dropped. When the work begins
//! follows from the queue's order and the number of workers: a free worker takes the next request at once.

#[cfg(test)]
mod tests;

use super::order::{Longest, Map, Span, flow_of, send_of};
use super::trouble::{Texture, Trouble, TroubleKind};
use super::{Id, Packet, Timeline};
use crate::run::MAX_FLOWS;
use retrylab_core::machine::Label;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::service::{Config, Order};
use retrylab_core::time::nanos;
use retrylab_core::trace::{Cause, Record, What};
use std::collections::VecDeque;

/// A request at a server whose work takes time, from its arrival until it leaves. A time that is not known yet is `u64::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Job {
    pub(crate) request: Id,
    /// The place of its server.
    pub(crate) server: u16,
    send: u32,
    pub(crate) arrived: u64,
    pub(crate) begun: u64,
    /// When the work is done if nothing interrupts it.
    due: u64,
    pub(crate) ended: u64,
    /// Whether the work was done.
    served: bool,
    /// Since when its exchange is over without it.
    pub(crate) void: u64,
    /// The job of its exchange before it.
    before: Option<Id>,
}

impl Job {
    /// Returns true if it is at the server at `at`.
    const fn is_here(&self, at: u64) -> bool {
        self.arrived <= at && at < self.ended
    }

    /// Returns true if a worker has begun to work on it.
    pub(crate) const fn is_begun(&self, at: u64) -> bool {
        self.begun <= at
    }

    /// Returns true if no client needs it any more.
    pub(crate) const fn is_void(&self, at: u64) -> bool {
        self.void <= at
    }

    /// Returns the share of the work that is left; all if that is unknown.
    pub(crate) fn left(&self, at: u64) -> f64 {
        if self.due == u64::MAX {
            return 1.0;
        }
        self.due.saturating_sub(at) as f64 / self.due.saturating_sub(self.begun).max(1) as f64
    }

    fn stay(&self) -> Span {
        if self.ended == u64::MAX {
            Span::Open(self.arrived)
        } else {
            Span::Ended(self.ended - self.arrived)
        }
    }
}

/// What a legend explains.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    Busy,
    Queue,
    Wasted,
}

/// How much a server has to do.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Load {
    /// Number of requests that wait for a worker.
    pub(crate) waiting: usize,
    /// Number of requests in work.
    pub(crate) working: usize,
    /// Number of requests served whose exchange has ended without them.
    pub(crate) wasted: usize,
}

/// What happened at one server, as times in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Times {
    joined: Vec<u64>,
    left: Vec<u64>,
    begun: Vec<u64>,
    freed: Vec<u64>,
    wasted: Vec<u64>,
}

/// The servers of a run.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Servers {
    /// The configuration from each time on; the first one is that of the start.
    configs: Vec<(u64, Config)>,
    /// Whether requests are followed, because the work on them takes time.
    pub(crate) takes_time: bool,
    times: Vec<Times>,
    /// By arrival; none if the work takes no time.
    jobs: Vec<Job>,
    /// How long jobs are at their server.
    stays: Longest,
    /// By beginning.
    troubles: Vec<Trouble>,
    growth: Growth,
}

/// What only the growth needs.
#[derive(Debug, Default, PartialEq, Eq)]
struct Growth {
    /// By server: the jobs that wait, and the number of those in work.
    desks: Vec<(VecDeque<Id>, u32)>,
    /// By client and number.
    exchanges: Map<(u32, u32), Exchange>,
}

/// What the growth knows about an exchange.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Exchange {
    is_over: bool,
    /// Its job that arrived last.
    last: Option<Id>,
}

impl Servers {
    pub(super) fn new(scenario: &Scenario) -> Self {
        let all = scenario.servers.as_slice();
        // A server that goes down says so in the trace.
        let troubles = Trouble::all(scenario).filter(|trouble| trouble.kind != TroubleKind::Down);
        let mut configs = vec![(0, scenario.station.clone())];
        for (at, era) in &scenario.eras() {
            configs.push((at.as_nanos(), era.station.clone()));
        }
        Self {
            configs,
            // Clients whose records are not kept wait in the same queue: it would be wrong about the others.
            takes_time: scenario.takes_time() && scenario.clients <= MAX_FLOWS,
            times: vec![Times::default(); all.len()],
            troubles: troubles.collect(),
            growth: Growth { desks: vec![Default::default(); all.len()], ..Growth::default() },
            ..Self::default()
        }
    }

    /// Returns how many requests a server works on at once at `at`, and how many may wait.
    pub(crate) fn limits(&self, at: u64) -> [Option<u32>; 2] {
        self.config(at).map_or([None; 2], |config| [config.workers, config.queue])
    }

    fn config(&self, at: u64) -> Option<&Config> {
        let begun = self.configs.partition_point(|(from, _)| *from <= at);
        self.configs[..begun].last().map(|(_, config)| config)
    }

    /// Returns how much the server in this place has to do at `at`.
    pub(crate) fn load(&self, place: u16, at: u64) -> Load {
        let Some(times) = self.times.get(place as usize) else { return Load::default() };
        let until = |times: &[u64]| times.partition_point(|time| *time <= at);
        Load {
            waiting: until(&times.joined).saturating_sub(until(&times.left)),
            working: until(&times.begun).saturating_sub(until(&times.freed)),
            wasted: until(&times.wasted),
        }
    }

    /// Returns when something becomes visible for the first time.
    pub(crate) fn first(&self, mark: Mark) -> Option<u64> {
        let first = |of: fn(&Times) -> &Vec<u64>| {
            self.times.iter().filter_map(|times| of(times).first().copied()).min()
        };
        match mark {
            Mark::Busy => first(|times| &times.begun),
            Mark::Queue => first(|times| &times.joined),
            Mark::Wasted => first(|times| &times.wasted),
        }
    }

    /// Returns the jobs at the server in this place at `at`, the first that arrived first.
    pub(crate) fn jobs_at(&self, place: u16, at: u64) -> impl Iterator<Item = &Job> {
        let reach = self.stays.until(at);
        let from = self.jobs.partition_point(|job| job.arrived < at.saturating_sub(reach));
        let to = self.jobs.partition_point(|job| job.arrived <= at);
        self.jobs[from..to].iter().filter(move |job| job.server == place && job.is_here(at))
    }

    /// Returns all jobs, by arrival.
    pub(crate) fn jobs(&self) -> &[Job] {
        &self.jobs
    }

    /// Returns all that is wrong at some time, in the order in which it begins.
    pub(crate) fn troubles(&self) -> &[Trouble] {
        &self.troubles
    }

    /// Returns when something with this texture is wrong for the first time.
    pub(crate) fn first_wrong(&self, texture: Texture) -> Option<u64> {
        let mut own = self.troubles.iter().filter(|trouble| trouble.kind.texture() == texture);
        own.next().map(|trouble| trouble.from)
    }

    /// Returns true if the scenario has faults with this texture.
    pub(crate) fn can_be(scenario: &Scenario, texture: Texture) -> bool {
        let kinds =
            scenario.faults.as_slice().iter().filter_map(|fault| TroubleKind::of(fault.kind));
        kinds.map(TroubleKind::texture).any(|own| own == texture)
    }

    /// Returns what is wrong at `at`.
    pub(crate) fn troubles_at(&self, at: u64) -> impl Iterator<Item = &Trouble> {
        self.troubles.iter().filter(move |trouble| trouble.from <= at && at < trouble.until)
    }

    /// Takes a request that arrives at its server.
    pub(super) fn arrive(&mut self, at: u64, (request, packet): (Id, &Packet)) {
        if self.takes_time {
            self.follow(at, (request, packet));
        }
    }

    #[inline(never)]
    fn follow(&mut self, at: u64, (request, packet): (Id, &Packet)) {
        let (place, id) = (packet.server as usize, self.jobs.len() as Id);
        let Some(label) = packet.label else { return };
        if self.configs.len() > 1 {
            // There may be more workers.
            self.refill(place, at);
        }
        let ([workers, queue], config) = (self.limits(at), self.config(at));
        let is_instant = config.is_some_and(Config::is_instant);
        let Some((waiting, working)) = self.growth.desks.get_mut(place) else { return };
        let is_free = workers.is_none_or(|most| *working < most);
        let has_room = queue.is_none_or(|most| waiting.len() < most as usize);
        // A server that takes no time now answers at once, unless others are there.
        if !is_free && !has_room || is_instant && *working == 0 {
            return;
        }
        let key = (packet.flow, label.exchange.get());
        let exchange = self.growth.exchanges.entry(key).or_default();
        self.jobs.push(Job {
            request,
            server: packet.server,
            send: label.send.get(),
            arrived: at,
            begun: u64::MAX,
            due: u64::MAX,
            ended: u64::MAX,
            served: false,
            void: if exchange.is_over { at } else { u64::MAX },
            before: exchange.last.replace(id),
        });
        if is_free {
            self.begin(id, at);
        } else {
            waiting.push_back(id);
            self.times[place].joined.push(at);
        }
        self.stays.pass(&self.jobs, Job::stay);
    }

    fn begin(&mut self, id: Id, at: u64) {
        let job = &mut self.jobs[id as usize];
        job.begun = at;
        self.growth.desks[job.server as usize].1 += 1;
        self.times[job.server as usize].begun.push(at);
    }

    /// Gives waiting requests to free workers.
    fn refill(&mut self, place: usize, at: u64) {
        let Some(Config { workers, order, expire, .. }) = self.config(at).cloned() else { return };
        loop {
            let (waiting, working) = &mut self.growth.desks[place];
            if workers.is_some_and(|most| *working >= most) {
                return;
            }
            let next = match order {
                Order::Fifo => waiting.pop_front(),
                Order::Lifo => waiting.pop_back(),
            };
            let Some(id) = next else { return };
            // One that has waited too long is dropped, which is the next record.
            let waited = at.saturating_sub(self.jobs[id as usize].arrived);
            if expire.is_none_or(|most| waited <= nanos(most)) {
                self.times[place].left.push(at);
                self.begin(id, at);
            }
        }
    }

    /// Returns the jobs of a send that are at the server, the last that arrived first.
    fn open(&self, flow: u32, label: Label) -> impl Iterator<Item = Id> {
        let key = (flow, label.exchange.get());
        let last = self.growth.exchanges.get(&key).and_then(|exchange| exchange.last);
        self.chain(last).filter(move |id| {
            let job = &self.jobs[*id as usize];
            job.ended == u64::MAX && job.send == label.send.get()
        })
    }

    /// Returns a job and those of its exchange before it.
    fn chain(&self, last: Option<Id>) -> impl Iterator<Item = Id> {
        std::iter::successors(last, |id| self.jobs[*id as usize].before)
    }

    /// Notes when the work is done that a server's timer waits for.
    pub(super) fn armed(&mut self, (flow, label): (u32, Label), deadline: u64) {
        let in_work = self.open(flow, label).filter(|id| self.jobs[*id as usize].begun != u64::MAX);
        if let Some(id) = in_work.last() {
            self.jobs[id as usize].due = deadline;
        }
    }

    /// Takes the end of the work on a request, and returns the request.
    pub(super) fn served(
        &mut self,
        at: u64,
        (flow, label): (u32, Label),
        arrived: u64,
    ) -> Option<Id> {
        // The link may have duplicated it: the worker has begun to work on one of them.
        let here = self.open(flow, label).filter(|id| self.jobs[*id as usize].arrived == arrived);
        let id = here.min_by_key(|id| self.jobs[*id as usize].begun)?;
        let place = self.end(id, at);
        let job = &mut self.jobs[id as usize];
        (job.served, job.due) = (true, at);
        if job.is_void(at) {
            self.times[place].wasted.push(at);
        }
        let request = job.request;
        self.refill(place, at);
        Some(request)
    }

    /// Takes a request that a server drops, and returns it if it was at the server: it is the one that has just `arrived`, or
    /// an earlier one, depending on the cause.
    pub(super) fn dropped(
        &mut self,
        at: u64,
        (flow, label): (u32, Label),
        (cause, arrived): (Cause, Option<Id>),
    ) -> Option<Id> {
        let later = matches!(cause, Cause::Expired | Cause::ServerDown);
        let arrives = |id: &Id| {
            let job = &self.jobs[*id as usize];
            job.arrived == at && Some(job.request) == arrived
        };
        let found = self.open(flow, label).find(arrives);
        let id = found.or_else(|| self.open(flow, label).last().filter(|_| later))?;
        self.end(id, at);
        Some(self.jobs[id as usize].request)
    }

    /// Ends a job, and returns the place of its server.
    fn end(&mut self, id: Id, at: u64) -> usize {
        let job = &mut self.jobs[id as usize];
        let place = job.server as usize;
        job.ended = at;
        let (waiting, working) = &mut self.growth.desks[place];
        if job.begun == u64::MAX {
            if waiting.back() == Some(&id) {
                waiting.pop_back();
            }
            self.times[place].left.push(at);
        } else {
            *working = working.saturating_sub(1);
            self.times[place].freed.push(at);
        }
        self.stays.pass(&self.jobs, Job::stay);
        place
    }

    /// Takes a server down. A record follows for each request that it loses.
    pub(super) fn down(&mut self, at: u64, place: u16, keeps_queue: bool) {
        let Some((waiting, working)) = self.growth.desks.get_mut(place as usize) else { return };
        *working = 0;
        if !keeps_queue {
            waiting.clear();
        }
        let (kind, server) = (TroubleKind::Down, Some(place));
        let place = self.troubles.partition_point(|trouble| trouble.from <= at);
        self.troubles.insert(place, Trouble { kind, server, from: at, until: u64::MAX });
    }

    /// Brings a server back.
    pub(super) fn up(&mut self, at: u64, place: u16) {
        let is_down = |trouble: &&mut Trouble| {
            let open = trouble.until == u64::MAX && trouble.server == Some(place);
            open && trouble.kind == TroubleKind::Down
        };
        if let Some(trouble) = self.troubles.iter_mut().find(is_down) {
            trouble.until = at;
            self.refill(place as usize, at);
        }
    }

    /// Takes the end of an exchange: `used` is the request whose reply ended it, if one did.
    pub(super) fn over(&mut self, at: u64, (flow, label): (u32, Label), used: Option<Option<Id>>) {
        if self.takes_time {
            self.end_exchange(at, (flow, label), used);
        }
    }

    #[inline(never)]
    fn end_exchange(&mut self, at: u64, (flow, label): (u32, Label), used: Option<Option<Id>>) {
        let exchange = self.growth.exchanges.entry((flow, label.exchange.get())).or_default();
        exchange.is_over = true;
        let last = exchange.last;
        let is_served = |id: &Id| self.jobs[*id as usize].served;
        // A reply without a token may be that of another exchange, and count for this one.
        let useful = used.and_then(|request| {
            let mut served = self.chain(last).filter(is_served);
            let is_used = |id: &Id| Some(self.jobs[*id as usize].request) == request;
            self.chain(last).filter(is_served).find(is_used).or_else(|| served.next())
        });
        let mut next = last;
        while let Some(id) = next {
            let job = &mut self.jobs[id as usize];
            if Some(id) != useful {
                job.void = job.void.min(at);
                if job.served {
                    self.times[job.server as usize].wasted.push(at);
                }
            }
            next = job.before;
        }
    }

    /// Forgets what only the growth needs.
    pub(super) fn finish(&mut self) {
        self.growth = Growth::default();
    }
}

impl Timeline {
    /// Passes a record of a server to the servers; returns the request that it refers to if only they know that.
    #[inline(never)]
    pub(super) fn serve(&mut self, record: &Record) -> Option<Id> {
        let (at, place) = (record.at.as_nanos(), record.server().map_or(0, |number| number - 1));
        match (record.what, send_of(record)) {
            (What::TimerArmed { deadline, .. }, Some(send)) => {
                self.servers.armed(send, deadline.as_nanos());
            }
            (What::Served { arrived, .. }, Some(send)) => {
                let arrived = arrived.as_nanos();
                let request = self.servers.served(at, send, arrived);
                // If requests are not followed, it is the one that arrived at this time.
                let sent = self.growth.sent.get(&send).map(|first| self.with_duplicate(*first));
                let is_own = |id: &Id| self.packets[*id as usize].end == arrived;
                let request = request.or_else(|| sent.into_iter().flatten().find(is_own))?;
                self.growth.served.retain(|(served, _)| *served == at);
                self.growth.served.push((at, request));
                return Some(request);
            }
            (What::Down { keeps_queue }, _) => self.servers.down(at, place, keeps_queue),
            (What::Up, _) => self.servers.up(at, place),
            _ => {}
        }
        None
    }

    /// Returns the request that a server has just served and now replies to.
    #[inline(never)]
    pub(super) fn take_served(&mut self, record: &Record) -> Option<Id> {
        let own = |(_, id): &(u64, Id)| {
            let request = &self.packets[*id as usize];
            (request.flow, request.label) == (flow_of(record), record.label)
        };
        let place = self.growth.served.iter().position(own)?;
        Some(self.growth.served.remove(place).1)
    }
}
