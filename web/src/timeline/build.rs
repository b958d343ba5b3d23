//! One pass over the records: each either opens something that lasts, or ends it.

use super::frames::Flying;
use super::order::{by_flow, flow_of, merge, queue};
use super::{Effect, Ending, Id, Packet, Phase, STRIDE, State, Subject, Timeline, Wait, WaitEnd};
use crate::frames::Frames;
use retrylab_core::machine::{Label, Timer};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::time::Instant;
use retrylab_core::time::nanos;
use retrylab_core::trace::words::{Known, Narrator};
use retrylab_core::trace::{Carried, Direction, FrameStep, HostId, Record, Sink, What};
use std::collections::HashMap;

pub(super) fn build(
    scenario: &Scenario,
    (records, frames): (&[Record], &Frames),
    cut: bool,
) -> Timeline {
    let flows = records.iter().map(flow_of).max().unwrap_or(0) as usize + 1;
    let setting = scenario.setting();
    let mut builder = Builder {
        half_way: usual_latency(scenario) / 2,
        narrator: Narrator::new(setting),
        clients: vec![Client::default(); flows],
        sent: HashMap::new(),
        arrived: HashMap::new(),
        twins: HashMap::new(),
        flying: Flying::new(frames),
        landed: None,
        late: Vec::new(),
        timeline: Timeline { setting, named: vec![[vec![], vec![]]; flows], ..Timeline::default() },
    };
    for (id, record) in records.iter().enumerate() {
        builder.add(id as Id, record);
    }
    builder.finish(records, cut)
}

struct Builder<'a> {
    half_way: u64,
    narrator: Narrator,
    clients: Vec<Client>,
    /// The last request sent, and the last one that arrived, of each label.
    sent: HashMap<(u32, Label), Id>,
    arrived: HashMap<(u32, Label), Id>,
    /// The duplicate of each datagram that has one.
    twins: HashMap<Id, Id>,
    flying: Flying<'a>,
    /// The datagram whose frame has just arrived.
    landed: Option<Id>,
    /// Records that are shown later than their own time.
    late: Vec<(u64, Id)>,
    timeline: Timeline,
}

/// What is known about a client so far.
#[derive(Clone, Copy, Default)]
struct Client {
    /// The running wait.
    open_wait: Option<Id>,
    /// The wait that began last.
    last_wait: Option<Id>,
    /// The wait that fired last.
    fired: Option<Id>,
    /// The packet that arrived last.
    received: Option<Id>,
}

impl Builder<'_> {
    fn add(&mut self, id: Id, record: &Record) {
        let known = self.narrator.follow(record);
        if known != Known::default() {
            self.timeline.known.push((id, known));
        }
        let at = record.at.as_nanos();
        let (shown, about) = self.change(id, record, known);
        // Two lists, each in order: losses are shown later than they are recorded.
        if shown > at { &mut self.late } else { &mut self.timeline.shown }.push((shown, id));
        let subject = about.map_or_else(|| self.subject(record), Subject::Packet);
        self.timeline.subjects.push(subject);
    }

    /// Changes what a record changes; returns when it is shown, and the packet that it refers to if only its own change
    /// knows that.
    fn change(&mut self, id: Id, record: &Record, known: Known) -> (u64, Option<Id>) {
        let at = record.at.as_nanos();
        let (mut shown, mut about) = (at, None);
        let client = record.host == HostId::Client;
        match record.what {
            What::Sent { direction, bytes } => {
                about = self.sent((id, record), direction, bytes, known);
            }
            What::Duplicated { .. } => self.duplicated(record),
            What::Damaged { bit, .. } => self.damaged(record, bit),
            What::Delivered { .. } => about = self.delivered(record),
            What::Dropped { cause, .. } if record.host == HostId::Link => {
                shown = at.saturating_add(self.half_way);
                self.end_packet(record, Ending::Lost(cause), shown);
            }
            What::Dropped { cause, .. } => self.dropped(record, Ending::Dropped(cause)),
            What::TimerArmed { timer, deadline } if client => {
                self.armed(id, record, (timer, deadline));
            }
            What::TimerFired { .. } if client => self.fired(record),
            What::Answered { .. } => self.outcome(record, State::Answered, Effect::Answered),
            What::Failed if client => self.affect(record, Effect::Failed),
            What::LateReply => self.affect(record, Effect::Ignored),
            What::GaveUp { .. } => self.outcome(record, State::GaveUp, Effect::None),
            What::Refused { .. } => self.outcome(record, State::Refused, Effect::None),
            What::Frame { step, direction, carried, bytes } => {
                (shown, about) = self.framed((id, record), step, (direction, carried, bytes));
            }
            // These have words, but do not change any state.
            What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::Stranger
            | What::Served { .. }
            | What::Down { .. }
            | What::Up
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

    fn client(&mut self, record: &Record) -> &mut Client {
        &mut self.clients[flow_of(record) as usize]
    }

    fn named(&self, record: &Record) -> Option<Id> {
        record.packet().and_then(|name| self.timeline.packet_named(name))
    }

    /// Returns the subject of a record. Records of a datagram contain its name, those of a server at least
    /// its label; the others refer to their client's last wait.
    fn subject(&self, record: &Record) -> Subject {
        let client = self.clients[flow_of(record) as usize];
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
        self.arrived.get(&(flow_of(record), record.label?)).copied()
    }

    fn sent(
        &mut self,
        (order, record): (Id, &Record),
        direction: Direction,
        bytes: u32,
        known: Known,
    ) -> Option<Id> {
        let flow = flow_of(record);
        record.packet?;
        let id = self.timeline.packets.len() as Id;
        let mut packet = Packet {
            failure: direction == Direction::Reply && known.failure,
            ..Packet::new((order, record), direction, bytes)
        };
        match direction {
            Direction::Reply => {
                packet.request = self.request(record);
                let request = packet.request.and_then(|id| self.timeline.packet(id));
                packet.wait = request.and_then(|request| request.wait);
            }
            Direction::Request => {
                packet.after = self.clients[flow as usize].fired.filter(|id| {
                    let wait = &self.timeline.waits[*id as usize];
                    wait.ended == packet.sent && wait.is_of_exchange(record.label)
                });
                if let Some(label) = record.label {
                    self.sent.insert((flow, label), id);
                }
            }
        }
        self.timeline.named[flow as usize][direction as usize].push(id);
        self.timeline.packets.push(packet);
        Some(id)
    }

    /// Duplicates the packet sent last.
    fn duplicated(&mut self, record: &Record) {
        if let Some(first) = self.named(record) {
            let copy = Packet { duplicate: true, ..self.timeline.packets[first as usize] };
            self.twins.insert(first, self.timeline.packets.len() as Id);
            self.timeline.packets.push(copy);
        }
    }

    /// Returns the first datagram that passes `test`, of those that a record may refer to: the one sent, and its
    /// duplicate.
    fn find(&self, record: &Record, test: impl Fn(&Packet) -> bool) -> Option<Id> {
        let first = self.named(record)?;
        let both = [Some(first), self.twins.get(&first).copied()];
        both.into_iter().flatten().find(|id| self.timeline.packet(*id).is_some_and(&test))
    }

    /// Handles what happens to a frame, as [`change`](Self::change) does.
    fn framed(
        &mut self,
        (id, record): (Id, &Record),
        step: FrameStep,
        frame: (Direction, Carried, u32),
    ) -> (u64, Option<Id>) {
        let is_lost = matches!(step, FrameStep::Lost(_)) && record.host == HostId::Link;
        let delay = if is_lost { self.half_way } else { 0 };
        let shown = record.at.as_nanos().saturating_add(delay);
        let about = match frame.1 {
            Carried::Udp => self.datagrams_frame(id, record, step),
            _ => self.frame((id, record), step, frame, shown),
        };
        (shown, about)
    }

    /// Notes the frame that carries a whole datagram.
    fn datagrams_frame(&mut self, id: Id, record: &Record, step: FrameStep) -> Option<Id> {
        let packet = match step {
            // Its datagram arrives, even if nobody listens there.
            FrameStep::Received => self.end_packet(record, Ending::Arrived, record.at.as_nanos()),
            _ => self.named(record),
        }?;
        let Packet { frames, order, .. } = &mut self.timeline.packets[packet as usize];
        match step {
            FrameStep::Sent => (frames[0], *order) = (Some(id), id),
            FrameStep::Received => {
                frames[1] = Some(id);
                self.landed = Some(packet);
            }
            FrameStep::Lost(_) | FrameStep::Duplicated | FrameStep::Damaged => {}
        }
        Some(packet)
    }

    /// Handles a frame that carries no whole datagram. A loss is shown at `shown`.
    fn frame(
        &mut self,
        record: (Id, &Record),
        step: FrameStep,
        frame: (Direction, Carried, u32),
        shown: u64,
    ) -> Option<Id> {
        let datagram = self.named(record.1).filter(|_| frame.1 == Carried::Fragment);
        let Self { flying, timeline, .. } = self;
        let packets = &mut timeline.packets;
        match step {
            FrameStep::Sent => {
                if let Some(datagram) = datagram {
                    packets[datagram as usize].in_fragments = true;
                }
                Some(flying.sent(packets, record, frame))
            }
            FrameStep::Received => Some(flying.received(packets, record, frame)),
            FrameStep::Lost(cause) => {
                // The summary counts lost TCP segments.
                if !frame.1.is_tcp() {
                    timeline.lost_frames.push(shown);
                }
                // A datagram is lost with any of its fragments.
                if let Some(datagram) = datagram {
                    let datagram = &mut packets[datagram as usize];
                    if datagram.ending == Ending::Unknown {
                        (datagram.ending, datagram.end) = (Ending::Lost(cause), shown);
                    }
                }
                flying.lost(packets, record.1, (frame.0, frame.1), (cause, shown))
            }
            FrameStep::Duplicated => flying.duplicated(packets),
            FrameStep::Damaged => flying.damaged(packets),
        }
    }

    fn damaged(&mut self, record: &Record, bit: u32) {
        if let Some(id) = self.find(record, |packet| !packet.damaged) {
            let packet = &mut self.timeline.packets[id as usize];
            (packet.damaged, packet.flipped) = (true, Some(bit));
        }
    }

    fn delivered(&mut self, record: &Record) -> Option<Id> {
        let is_named = |id: &Id| self.timeline.packets[*id as usize].name == record.packet();
        let id = match self.landed.take().filter(is_named) {
            Some(id) => id,
            None => self.end_packet(record, Ending::Arrived, record.at.as_nanos())?,
        };
        let packet = self.timeline.packets[id as usize];
        match (packet.direction, packet.label) {
            (Direction::Request, Some(label)) => {
                self.arrived.insert((packet.flow, label), id);
            }
            (Direction::Request, None) => {}
            (Direction::Reply, _) => self.client(record).received = Some(id),
        }
        Some(id)
    }

    /// Handles a request that a server drops, on arrival or later.
    fn dropped(&mut self, record: &Record, ending: Ending) {
        let id = self.request(record).or_else(|| self.named(record));
        if let Some(packet) = id.and_then(|id| self.timeline.packets.get_mut(id as usize)) {
            packet.ending = ending;
        }
    }

    fn end_packet(&mut self, record: &Record, ending: Ending, end: u64) -> Option<Id> {
        let in_fragments = |packet: &Packet| {
            // Of a fragment that was lost, a duplicate may have arrived.
            packet.in_fragments && matches!(packet.ending, Ending::Lost(_))
        };
        let id = self
            .find(record, |packet| packet.ending == Ending::Unknown)
            .or_else(|| self.find(record, in_fragments))?;
        let packet = &mut self.timeline.packets[id as usize];
        (packet.ending, packet.end) = (ending, end);
        Some(id)
    }

    /// Notes the effect of the packet that a client has just received.
    fn affect(&mut self, record: &Record, effect: Effect) {
        let received = self.client(record).received.filter(|_| record.packet.is_some());
        if let Some(id) = received {
            self.timeline.packets[id as usize].effect = effect;
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
        let place = self.timeline.waits.len() as Id;
        if let (Some(label), false) = (record.label, wait.is_unsent()) {
            wait.request = self.sent.get(&(flow, label)).copied();
        }
        if let Some(request) = wait.request {
            self.timeline.packets[request as usize].wait.get_or_insert(place);
        }
        let client = self.client(record);
        (client.open_wait, client.last_wait) = (Some(place), Some(place));
        self.timeline.waits.push(wait);
        self.phase(record, State::Waiting(place));
    }

    fn outcome(&mut self, record: &Record, state: State, effect: Effect) {
        self.affect(record, effect);
        let open = self.client(record).open_wait.map(|id| &self.timeline.waits[id as usize]);
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
        let wait = &mut self.timeline.waits[id as usize];
        (wait.ended, wait.end) = (record.at.as_nanos(), end);
        Some(id)
    }

    fn phase(&mut self, record: &Record, state: State) {
        let (flow, from) = (flow_of(record), record.at.as_nanos());
        self.timeline.phases.push(Phase { flow, from, state });
    }

    fn finish(self, records: &[Record], cut: bool) -> Timeline {
        let mut timeline = self.timeline;
        let last = records.last().map_or(0, |record| record.at.as_nanos());
        timeline.phases = by_flow(timeline.phases, self.clients.len());
        timeline.shown = merge(timeline.shown, self.late);
        if cut {
            // What comes after the last record kept is unknown, so it is not shown in part.
            timeline.shown.retain(|(time, _)| *time <= last);
        }
        timeline.end = timeline.shown.last().map_or(0, |(time, _)| *time);
        timeline.moments = timeline.shown.iter().map(|(time, _)| *time).collect();
        timeline.moments.dedup();
        let ended = timeline.packets.iter().filter(|packet| packet.ending != Ending::Unknown);
        timeline.longest = ended.map(|packet| packet.end - packet.sent).max().unwrap_or(0);
        if cut {
            // A packet without a known end may be on its way until the end of the run.
            let unknown = timeline.packets.iter().find(|packet| packet.ending == Ending::Unknown);
            let age = unknown.map_or(0, |packet| last - packet.sent);
            timeline.longest = timeline.longest.max(age);
        }
        let waits = timeline.waits.iter();
        let waited = waits.map(|wait| wait.ended.min(wait.deadline).saturating_sub(wait.armed));
        timeline.longest_wait = waited.max().unwrap_or(0);
        let drawn = || timeline.packets.iter().filter(|packet| packet.is_drawn());
        timeline.starts = drawn().map(|packet| packet.sent).collect();
        let ended = drawn().filter(|packet| packet.ending != Ending::Unknown);
        timeline.ends = ended.map(|packet| packet.end).collect();
        timeline.ends.sort_unstable();
        queue(&mut timeline.packets);
        timeline.sums = sums(&timeline.shown, records);
        timeline
    }
}

fn sums(shown: &[(u64, Id)], records: &[Record]) -> Vec<Summary> {
    let mut sum = Summary::default();
    let mut sums = vec![sum];
    for chunk in shown.chunks_exact(STRIDE) {
        for (_, id) in chunk {
            sum.record(&records[*id as usize]);
        }
        sums.push(sum);
    }
    sums
}

/// Returns how long a datagram usually takes, one way, in nanoseconds.
pub(crate) fn usual_latency(scenario: &Scenario) -> u64 {
    nanos(scenario.link.latency.mean())
}
