//! How a timeline grows: each record either opens something that lasts, or ends it.

use super::frames::{Flying, Pushed};
use super::order::{Map, flow_of, insert, send_of};
use super::{Effect, Ending, Flow, Id, Packet, STRIDE, State, Subject, Timeline, Wait, WaitEnd};
use crate::run::PageRun;
use retrylab_core::machine::{Label, Timer};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::time::Instant;
use retrylab_core::time::nanos;
use retrylab_core::trace::words::{Known, Narrator};
use retrylab_core::trace::{Cause, Direction, FrameStep, HostId, Record, Sink, What};
use std::collections::VecDeque;

/// What only the growth of a timeline needs.
#[derive(Debug, Default)]
pub(super) struct Growth {
    pub(super) half_way: u64,
    /// The time of the last record.
    now: u64,
    narrator: Narrator,
    clients: Vec<Client>,
    /// The last request sent, and the last one that arrived, of each label.
    pub(super) sent: Map<(u32, Label), Id>,
    arrived: Map<(u32, Label), Id>,
    /// The requests that a server has just served, and when, until it replies.
    pub(super) served: Vec<(u64, Id)>,
    pub(super) flying: Flying,
    /// The datagram whose frame has just arrived.
    pub(super) landed: Option<Id>,
    /// Records that are shown later than their own time, and when, in order: each waits equally long.
    late: VecDeque<(u64, Id, Record)>,
    /// When packets end that are drawn until later than now, in order.
    late_ends: VecDeque<u64>,
    /// The counts of all records shown.
    sum: Summary,
}

/// What is known about a client so far.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    /// The running wait.
    open_wait: Option<Id>,
    /// The wait that began last.
    last_wait: Option<Id>,
    /// The wait that fired last.
    fired: Option<Id>,
    /// The packet that arrived last.
    received: Option<Id>,
    /// Number of its packets drawn that left at a moment, the last one at which any did: by direction, and by whether they
    /// leave the cable of their host.
    queued: [[(u64, u16); 2]; 2],
}

impl Growth {
    pub(super) fn new(scenario: &Scenario) -> Self {
        Self {
            half_way: usual_latency(scenario) / 2,
            narrator: Narrator::new(scenario.setting()),
            ..Self::default()
        }
    }
}

impl Timeline {
    /// Takes the next record in order of time, and its frame's bytes if it is the record of a frame.
    pub(crate) fn push(&mut self, record: &Record, frame: Option<&[u8]>) {
        let id = self.len() as Id;
        let at = record.at.as_nanos();
        self.catch_up(at);
        let flow = flow_of(record) as usize;
        if flow >= self.flows.len() {
            self.flows.resize_with(flow + 1, Flow::default);
            self.growth.clients.resize_with(flow + 1, Client::default);
        }
        let known = self.growth.narrator.follow(record);
        if known != Known::default() {
            self.known.push((id, known));
        }
        self.growth.now = at;
        let (shown, about) = self.change(Pushed { id, record, frame }, known);
        if shown > at {
            self.growth.late.push_back((shown, id, *record));
        } else {
            self.show(shown, id, record);
        }
        let subject = about.map_or_else(|| self.subject_of(record), Subject::Packet);
        self.subjects.push(subject);
        self.flights.pass(&self.packets, Packet::flight);
        self.running.pass(&self.waits, |wait| wait.run(at));
    }

    /// Takes the records of a run that are new, so that there is never much to do at once.
    pub(crate) fn follow(&mut self, run: &PageRun) {
        let from = self.len();
        for (id, record) in (from as Id..).zip(&run.records()[from..]) {
            let is_frame = matches!(record.what, What::Frame { .. });
            self.push(record, is_frame.then(|| run.frames().of(id)).flatten());
        }
    }

    /// Takes the end of the records; `cut` says whether more records were made than it was given.
    pub(crate) fn finish(&mut self, cut: bool) {
        // What comes after the last record kept is unknown, so it is not shown in part.
        if !cut {
            self.catch_up(u64::MAX);
        }
        self.growth = Growth::default();
        self.servers.finish();
    }

    /// Shows what was recorded earlier and is shown up to `now`.
    fn catch_up(&mut self, now: u64) {
        while self.growth.late.front().is_some_and(|(at, ..)| *at <= now)
            && let Some((at, id, record)) = self.growth.late.pop_front()
        {
            self.show(at, id, &record);
        }
        while self.growth.late_ends.front().is_some_and(|at| *at <= now)
            && let Some(at) = self.growth.late_ends.pop_front()
        {
            insert(&mut self.ends, at);
        }
    }

    fn show(&mut self, at: u64, id: Id, record: &Record) {
        self.shown.push((at, id));
        if self.moments.last() != Some(&at) {
            self.moments.push(at);
        }
        self.growth.sum.record(record);
        if self.shown.len().is_multiple_of(STRIDE) {
            self.sums.push(self.growth.sum);
        }
        // The summary counts lost TCP segments.
        if let What::Frame { step: FrameStep::Lost(_), carried, .. } = record.what
            && !carried.is_tcp()
        {
            self.lost_frames.push(at);
        }
    }

    /// Changes what a record changes; returns when it is shown, and the packet that it refers to if only its own change
    /// knows that.
    fn change(&mut self, pushed: Pushed<'_>, known: Known) -> (u64, Option<Id>) {
        let Pushed { id, record, .. } = pushed;
        let (mut shown, mut about) = (record.at.as_nanos(), None);
        let client = record.host == HostId::Client;
        match record.what {
            What::Sent { direction, bytes } => about = self.sent(pushed, (direction, bytes), known),
            What::Duplicated { .. } => self.duplicated(record),
            What::Damaged { bit, .. } => self.damaged(record, bit),
            What::Delivered { .. } => about = self.delivered(record),
            What::Dropped { cause, .. } if record.host == HostId::Link => {
                shown = shown.saturating_add(self.growth.half_way);
                self.end_packet(record, Ending::Lost(cause), shown);
            }
            What::Dropped { cause, .. } => about = self.dropped(record, cause),
            What::TimerArmed { timer, deadline } if client => {
                self.armed(id, record, (timer, deadline));
            }
            What::TimerArmed { timer: Timer::Service, .. }
            | What::Served { .. }
            | What::Down { .. }
            | What::Up => about = self.serve(record),
            What::TimerFired { .. } if client => self.fired(record),
            What::Answered { .. } => self.outcome(record, State::Answered, Effect::Answered),
            What::Failed if client => self.affect(record, Effect::Failed),
            What::LateReply => self.affect(record, Effect::Ignored),
            What::Released | What::NotReleased if client => self.released(record),
            What::GaveUp { .. } => self.outcome(record, State::GaveUp, Effect::None),
            What::Refused { .. } => self.outcome(record, State::Refused, Effect::None),
            What::Frame { step, direction, carried, bytes } => {
                (shown, about) = self.framed(pushed, step, (direction, carried, bytes));
            }
            // These have words, but do not change any state.
            What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::Stranger
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Dead { .. }
            | What::Alive
            | What::Connecting
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Replied { .. }
            | What::Rejected
            | What::Limited { .. }
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. } => {}
        }
        (shown, about)
    }

    fn fired(&mut self, record: &Record) {
        let ended = self.end_wait(record, WaitEnd::Fired);
        self.client(record).fired = ended;
    }

    /// Ends the wait for the release of a connection, which no exchange has.
    #[inline(never)]
    fn released(&mut self, record: &Record) {
        let open = self.client(record).open_wait.and_then(|id| self.wait(id));
        if open.is_some_and(|wait| wait.label.is_none()) {
            self.end_wait(record, WaitEnd::Released);
        }
    }

    fn client(&mut self, record: &Record) -> &mut Client {
        &mut self.growth.clients[flow_of(record) as usize]
    }

    pub(super) fn named(&self, record: &Record) -> Option<Id> {
        self.packet_named(record.packet()?)
    }

    /// Returns the subject of a record. Records of a datagram contain its name, those of a server at least
    /// its label; the others refer to their client's last wait.
    fn subject_of(&self, record: &Record) -> Subject {
        let client = &self.growth.clients[flow_of(record) as usize];
        let packet = match (self.named(record), record.host) {
            (Some(_), HostId::Client) => client.received,
            (Some(id), HostId::Link) => Some(id),
            (Some(id), HostId::Server(_)) => self.request(record).or(Some(id)),
            (None, HostId::Server(_)) => self.request(record),
            (None, HostId::Client | HostId::Link) => {
                return client.last_wait.map_or(Subject::Nothing, Subject::Wait);
            }
        };
        packet.map_or(Subject::Nothing, Subject::Packet)
    }

    /// Returns the request that a server's record refers to, by its label.
    fn request(&self, record: &Record) -> Option<Id> {
        self.growth.arrived.get(&(flow_of(record), record.label?)).copied()
    }

    fn sent(
        &mut self,
        Pushed { id: order, record, .. }: Pushed<'_>,
        (direction, bytes): (Direction, u32),
        known: Known,
    ) -> Option<Id> {
        let flow = flow_of(record);
        record.packet?;
        let id = self.packets.len() as Id;
        let mut packet = Packet {
            failure: direction == Direction::Reply && known.failure,
            ..Packet::new((order, record), direction, bytes)
        };
        match direction {
            Direction::Reply => {
                packet.request = match self.growth.served.is_empty() {
                    true => self.request(record),
                    false => self.take_served(record).or_else(|| self.request(record)),
                };
                let request = packet.request.and_then(|id| self.packet(id));
                packet.wait = request.and_then(|request| request.wait);
            }
            Direction::Request => {
                packet.after = self.growth.clients[flow as usize].fired.filter(|id| {
                    let wait = &self.waits[*id as usize];
                    wait.ended == packet.sent && wait.is_of_exchange(record.label)
                });
                if let Some(label) = record.label {
                    self.growth.sent.insert((flow, label), id);
                }
            }
        }
        self.flows[flow as usize].named[direction as usize].push(id);
        Some(self.add(packet))
    }

    /// Duplicates the packet sent last.
    #[inline(never)]
    fn duplicated(&mut self, record: &Record) {
        if let Some(first) = self.named(record) {
            let copy = Packet { duplicate: true, ..self.packets[first as usize] };
            let twin = self.add(copy);
            self.twins.insert(first, twin);
        }
    }

    /// Returns the first datagram that passes `test`, of those that a record may refer to: the one sent, and its
    /// duplicate.
    fn find(&self, record: &Record, test: impl Fn(&Packet) -> bool) -> Option<Id> {
        let first = self.named(record)?;
        self.with_duplicate(first).find(|id| self.packet(*id).is_some_and(&test))
    }

    #[inline(never)]
    fn damaged(&mut self, record: &Record, bit: u32) {
        if let Some(id) = self.find(record, |packet| !packet.damaged) {
            let packet = &mut self.packets[id as usize];
            (packet.damaged, packet.flipped) = (true, Some(bit));
        }
    }

    fn delivered(&mut self, record: &Record) -> Option<Id> {
        let is_named = |id: &Id| self.packets[*id as usize].name == record.packet();
        let id = match self.growth.landed.take().filter(is_named) {
            Some(id) => id,
            None => self.end_packet(record, Ending::Arrived, record.at.as_nanos())?,
        };
        let packet = self.packets[id as usize];
        match (packet.direction, packet.label) {
            (Direction::Request, Some(label)) => {
                self.growth.arrived.insert((packet.flow, label), id);
                self.servers.arrive(record.at.as_nanos(), (id, &packet));
            }
            (Direction::Request, None) => {}
            (Direction::Reply, _) => self.client(record).received = Some(id),
        }
        Some(id)
    }

    /// Handles a request that a server drops, on arrival or later, and returns it.
    #[inline(never)]
    fn dropped(&mut self, record: &Record, cause: Cause) -> Option<Id> {
        let arrived = self.request(record);
        let job = send_of(record)
            .and_then(|send| self.servers.dropped(record.at.as_nanos(), send, (cause, arrived)));
        let id = job.or(arrived).or_else(|| self.named(record))?;
        let packet = self.packets.get_mut(id as usize)?;
        let at = record.at.as_nanos();
        (packet.ending, packet.settled) = (Ending::Dropped(cause), at);
        self.flights.at_least(at - packet.sent);
        Some(id)
    }

    pub(super) fn end_packet(&mut self, record: &Record, ending: Ending, end: u64) -> Option<Id> {
        let in_fragments = |packet: &Packet| {
            // Of a fragment that was lost, a duplicate may have arrived.
            packet.in_fragments && matches!(packet.ending, Ending::Lost(_))
        };
        let id = self
            .find(record, |packet| packet.ending == Ending::Unknown)
            .or_else(|| self.find(record, in_fragments))?;
        self.end_at(id, ending, end);
        Some(id)
    }

    /// Adds a packet that leaves.
    pub(super) fn add(&mut self, mut packet: Packet) -> Id {
        if packet.is_drawn() {
            let (moment, before) = self.queued(&packet);
            if *moment != packet.sent {
                (*moment, *before) = (packet.sent, 0);
            }
            packet.behind = *before;
            *before = before.saturating_add(1);
        } else {
            insert(&mut self.hidden, packet.sent);
        }
        self.packets.push(packet);
        self.packets.len() as Id - 1
    }

    /// Hides a datagram because its fragments are drawn; what is behind it moves up.
    pub(super) fn hide(&mut self, id: Id) {
        let hidden = self.packets[id as usize];
        if !hidden.is_drawn() {
            return;
        }
        insert(&mut self.hidden, hidden.sent);
        let mut place = hidden.behind;
        let later = &mut self.packets[id as usize..];
        (later[0].in_fragments, later[0].behind) = (true, 0);
        for packet in later.iter_mut().take_while(|packet| packet.sent == hidden.sent) {
            if packet.is_drawn() && packet.queue() == hidden.queue() {
                packet.behind = place;
                place = place.saturating_add(1);
            }
        }
        let (moment, before) = self.queued(&hidden);
        if *moment == hidden.sent {
            *before = place;
        }
    }

    /// Returns the last moment at which packets left like this one, and how many.
    fn queued(&mut self, packet: &Packet) -> &mut (u64, u16) {
        let (flow, direction, local) = packet.queue();
        &mut self.growth.clients[flow as usize].queued[direction as usize][usize::from(local)]
    }

    /// Ends a packet.
    pub(super) fn end_at(&mut self, id: Id, ending: Ending, at: u64) {
        let packet = &mut self.packets[id as usize];
        (packet.ending, packet.end, packet.settled) = (ending, at, at);
        if !packet.is_drawn() {
            return;
        }
        if at > self.growth.now {
            self.growth.late_ends.push_back(at);
        } else {
            insert(&mut self.ends, at);
        }
    }

    /// Notes the effect of the packet that a client has just received.
    fn affect(&mut self, record: &Record, effect: Effect) {
        let received = self.client(record).received.filter(|_| record.packet.is_some());
        if let Some(id) = received {
            self.packets[id as usize].effect = effect;
        }
    }

    fn armed(&mut self, id: Id, record: &Record, (timer, deadline): (Timer, Instant)) {
        self.end_wait(record, WaitEnd::Replaced);
        let flow = flow_of(record);
        let mut wait = Wait {
            record: id,
            flow,
            label: record.label,
            timer,
            armed: record.at.as_nanos(),
            deadline: deadline.as_nanos(),
            ended: u64::MAX,
            end: WaitEnd::Unknown,
            request: None,
        };
        let place = self.waits.len() as Id;
        if let (Some(label), false) = (record.label, wait.is_unsent()) {
            wait.request = self.growth.sent.get(&(flow, label)).copied();
        }
        if let Some(request) = wait.request {
            for id in self.with_duplicate(request) {
                self.packets[id as usize].wait.get_or_insert(place);
            }
        }
        let client = self.client(record);
        (client.open_wait, client.last_wait) = (Some(place), Some(place));
        self.waits.push(wait);
        // A client whose exchange is over may still wait until its connection is released. It has its outcome.
        let is_after = matches!(timer, Timer::Other(_)) && record.label.is_none();
        let last = self.flows[flow as usize].phases.last();
        if !(is_after && last.is_some_and(|(_, state)| state.is_outcome())) {
            self.phase(record, State::Waiting(place));
        }
    }

    fn outcome(&mut self, record: &Record, state: State, effect: Effect) {
        // A failure that ends the exchange keeps its effect.
        if effect != Effect::None {
            self.affect(record, effect);
        }
        if let Some(send) = send_of(record) {
            let reply = self.client(record).received.and_then(|id| self.packet(id));
            let used = (effect == Effect::Answered).then(|| reply.and_then(|reply| reply.request));
            self.servers.over(record.at.as_nanos(), send, used);
        }
        let open = self.client(record).open_wait.map(|id| &self.waits[id as usize]);
        // In an open loop the client may still wait for something else.
        if open.is_none_or(|wait| wait.is_of_exchange(record.label)) {
            let end = if effect == Effect::Answered { WaitEnd::Answered } else { WaitEnd::Over };
            self.end_wait(record, end);
            self.phase(record, state);
        }
    }

    /// Ends the running wait and returns it.
    fn end_wait(&mut self, record: &Record, end: WaitEnd) -> Option<Id> {
        let id = self.client(record).open_wait.take()?;
        let wait = &mut self.waits[id as usize];
        (wait.ended, wait.end) = (record.at.as_nanos(), end);
        Some(id)
    }

    fn phase(&mut self, record: &Record, state: State) {
        let phases = &mut self.flows[flow_of(record) as usize].phases;
        phases.push((record.at.as_nanos(), state));
    }
}

/// Returns how long a datagram usually takes, one way, in nanoseconds.
pub(crate) fn usual_latency(scenario: &Scenario) -> u64 {
    nanos(scenario.link.latency.mean())
}
