//! One pass over the records: each either opens something that lasts, or ends it.

use super::{Effect, Fate, Id, Packet, Phase, STRIDE, State, Subject, Timeline, Wait};
use retrylab_core::sim::Summary;
use retrylab_core::trace::{Direction, Record, Side, Sink, What};

pub(super) fn build(usual_latency: u64, records: &[Record], cut: bool) -> Timeline {
    let flows = records.iter().map(|record| record.flow).max().unwrap_or(0) as usize + 1;
    let mut builder = Builder {
        half_way: usual_latency / 2,
        open_wait: vec![None; flows],
        last_wait: vec![None; flows],
        last_request: vec![None; flows],
        delivered: None,
        late: Vec::new(),
        timeline: Timeline::default(),
    };
    for (id, record) in records.iter().enumerate() {
        builder.add(id as Id, record);
    }
    builder.finish(records, cut)
}

struct Builder {
    half_way: u64,
    /// Per client: the wait that runs.
    open_wait: Vec<Option<Id>>,
    /// Per client: the wait that began last.
    last_wait: Vec<Option<Id>>,
    /// Per client: the request sent last, until a wait follows it.
    last_request: Vec<Option<Id>>,
    /// The request that reached the server last.
    delivered: Option<Id>,
    /// Records that are shown later than they were made.
    late: Vec<(u64, Id)>,
    timeline: Timeline,
}

impl Builder {
    fn add(&mut self, id: Id, record: &Record) {
        let at = record.at.as_nanos();
        let mut shown = at;
        match record.what {
            What::Sent { direction, bytes } => self.sent(record, direction, bytes),
            What::Delivered { direction } => {
                self.end_packet(record, Fate::Arrived, at);
                if direction == Direction::Request {
                    self.delivered = self.timeline.packet_numbered(record.packet);
                }
            }
            What::Dropped { cause, .. } if record.side == Side::Link => {
                shown = at.saturating_add(self.half_way);
                self.end_packet(record, Fate::Lost(cause), shown);
            }
            What::Dropped { cause, .. } => self.end_packet(record, Fate::Dropped(cause), at),
            What::TimerArmed { timer, deadline } => {
                self.end_wait(record.flow, at, false);
                let request = self.last_request[record.flow as usize].take();
                let wait = self.timeline.waits.len() as Id;
                if let Some(request) = request {
                    self.timeline.packets[request as usize].wait = Some(wait);
                }
                self.open_wait[record.flow as usize] = Some(wait);
                self.last_wait[record.flow as usize] = Some(wait);
                self.timeline.waits.push(Wait {
                    flow: record.flow,
                    label: record.label,
                    timer,
                    armed: at,
                    deadline: deadline.as_nanos(),
                    ended: u64::MAX,
                    fired: false,
                    request,
                });
                self.phase(record, State::Waiting(wait));
            }
            What::TimerFired { .. } => self.end_wait(record.flow, at, true),
            What::Answered { .. } => self.outcome(record, State::Answered, Effect::Answered),
            What::LateReply => self.affect(record, Effect::Late),
            What::GaveUp { .. } => self.outcome(record, State::GaveUp, Effect::None),
            What::Refused { .. } => self.outcome(record, State::Refused, Effect::None),
            _ => {}
        }
        // Two lists, each in order: losses are shown later than they are recorded.
        if shown > at { &mut self.late } else { &mut self.timeline.shown }.push((shown, id));
        let subject = self.subject(record);
        self.timeline.subjects.push(subject);
    }

    /// Records about a datagram carry its number; the others are about their client's last wait.
    fn subject(&self, record: &Record) -> Subject {
        match self.timeline.packet_numbered(record.packet) {
            Some(id) => Subject::Packet(id),
            None => self.last_wait[record.flow as usize].map_or(Subject::Nothing, Subject::Wait),
        }
    }

    fn sent(&mut self, record: &Record, direction: Direction, bytes: u32) {
        let (mut request, mut wait) = (None, None);
        if direction == Direction::Reply {
            request = self.delivered.filter(|id| {
                let asked = &self.timeline.packets[*id as usize];
                asked.flow == record.flow && asked.label == record.label
            });
            wait = request.and_then(|id| self.timeline.packets[id as usize].wait);
        } else {
            self.last_request[record.flow as usize] = Some(self.timeline.packets.len() as Id);
        }
        self.timeline.packets.push(Packet {
            number: record.packet,
            flow: record.flow,
            label: record.label,
            direction,
            bytes,
            sent: record.at.as_nanos(),
            end: u64::MAX,
            fate: Fate::Unknown,
            effect: Effect::None,
            request,
            wait,
        });
    }

    fn end_packet(&mut self, record: &Record, fate: Fate, end: u64) {
        if let Some(id) = self.timeline.packet_numbered(record.packet) {
            let packet = &mut self.timeline.packets[id as usize];
            (packet.fate, packet.end) = (fate, end);
        }
    }

    fn affect(&mut self, record: &Record, effect: Effect) {
        if let Some(id) = self.timeline.packet_numbered(record.packet) {
            self.timeline.packets[id as usize].effect = effect;
        }
    }

    fn outcome(&mut self, record: &Record, state: State, effect: Effect) {
        self.affect(record, effect);
        self.end_wait(record.flow, record.at.as_nanos(), false);
        self.phase(record, state);
    }

    fn end_wait(&mut self, flow: u32, at: u64, fired: bool) {
        if let Some(id) = self.open_wait[flow as usize].take() {
            let wait = &mut self.timeline.waits[id as usize];
            (wait.ended, wait.fired) = (at, fired);
        }
    }

    fn phase(&mut self, record: &Record, state: State) {
        let from = record.at.as_nanos();
        self.timeline.phases.push(Phase { flow: record.flow, from, state });
    }

    fn finish(self, records: &[Record], cut: bool) -> Timeline {
        let mut timeline = self.timeline;
        let last = records.last().map_or(0, |record| record.at.as_nanos());
        timeline.phases = by_flow(timeline.phases, self.open_wait.len());
        timeline.shown = merge(timeline.shown, self.late);
        if cut {
            // What comes after the last record kept is not known, so it is not shown in part.
            timeline.shown.retain(|(time, _)| *time <= last);
        }
        timeline.end = timeline.shown.last().map_or(0, |(time, _)| *time);
        timeline.moments = timeline.shown.iter().map(|(time, _)| *time).collect();
        timeline.moments.dedup();
        let ended = timeline.packets.iter().filter(|packet| packet.fate != Fate::Unknown);
        timeline.longest = ended.map(|packet| packet.end - packet.sent).max().unwrap_or(0);
        if cut {
            // A packet without a known end may have been on its way for as long as there is.
            let unknown = timeline.packets.iter().find(|packet| packet.fate == Fate::Unknown);
            let age = unknown.map_or(0, |packet| last - packet.sent);
            timeline.longest = timeline.longest.max(age);
        }
        let waits = timeline.waits.iter();
        let waited = waits.map(|wait| wait.ended.min(wait.deadline).saturating_sub(wait.armed));
        timeline.longest_wait = waited.max().unwrap_or(0);
        let ending = |(time, id): &(u64, Id)| {
            let record = &records[*id as usize];
            let ends = match record.what {
                What::Delivered { .. } => true,
                What::Dropped { .. } => record.side == Side::Link,
                _ => false,
            };
            ends.then_some(*time)
        };
        timeline.ends = timeline.shown.iter().filter_map(ending).collect();
        timeline.sums = sums(&timeline.shown, records);
        timeline
    }
}

/// Groups phases, which are in order of time, by client: a counting sort.
fn by_flow(phases: Vec<Phase>, flows: usize) -> Vec<Phase> {
    let mut places = vec![0; flows + 1];
    for phase in &phases {
        places[phase.flow as usize + 1] += 1;
    }
    for flow in 1..places.len() {
        places[flow] += places[flow - 1];
    }
    let mut grouped = phases.clone();
    for phase in phases {
        let place = &mut places[phase.flow as usize];
        grouped[*place] = phase;
        *place += 1;
    }
    grouped
}

/// Merges two ordered lists; at equal times what was recorded first stays first.
fn merge(a: Vec<(u64, Id)>, b: Vec<(u64, Id)>) -> Vec<(u64, Id)> {
    let mut merged = Vec::with_capacity(a.len() + b.len());
    let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
    while let (Some(x), Some(y)) = (a.peek(), b.peek()) {
        merged.extend(if x <= y { a.next() } else { b.next() });
    }
    merged.extend(a);
    merged.extend(b);
    merged
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
