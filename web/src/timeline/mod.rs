//! Turns records into things with a duration: packets on their way, running waits, phases of a client. The
//! pictures ask "what is there at this time?", and a binary search answers.
//!
//! It adds one thing to the trace. The link decides a loss when the datagram is sent, and the record has
//! that time; on the page the datagram travels half the way before its loss becomes visible. The page
//! computes that moment, [`Packet::end`], and [`Timeline::shown`] orders the records by it.
//!
//! A timeline grows: [`Timeline::push`] takes the records one after another. In between, it has everything up to the time of
//! the last one, so a loss that becomes visible later is not there yet.
//!
//! In a network of packets, a frame is a packet too, unless it carries a whole datagram: then the datagram is the packet. A
//! datagram sent in fragments is not drawn; its fragments are.

mod build;
mod frames;
#[cfg(test)]
pub(crate) mod growing;
mod order;
mod packet;
mod servers;
#[cfg(test)]
mod tests;
mod trouble;

pub(crate) use build::usual_latency;
pub(crate) use packet::{Effect, Ending, Packet, Side};
pub(crate) use servers::{Job, Load, Mark, Servers};
pub(crate) use trouble::{Site, Texture, Trouble, TroubleKind};

use crate::run::MAX_RECORDS;
use build::Growth;
use order::{Longest, Map, Span};
use retrylab_core::machine::{Label, Timer};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::trace::words::{self, Known, Setting, Words};
use retrylab_core::trace::{PacketId, Record, Sink};

/// An index into one of the timeline's lists.
pub(crate) type Id = u32;

/// A client's timer, from its arming to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wait {
    /// The record that armed it.
    pub(crate) record: Id,
    pub(crate) flow: u32,
    pub(crate) label: Option<Label>,
    pub(crate) timer: Timer,
    pub(crate) armed: u64,
    pub(crate) deadline: u64,
    /// When it fired or stopped being relevant.
    pub(crate) ended: u64,
    pub(crate) end: WaitEnd,
    /// The request whose reply the client waits for; `None` before the first send of an exchange.
    pub(crate) request: Option<Id>,
}

/// What ended a wait.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WaitEnd {
    /// Unknown: no record of the end is kept.
    Unknown,
    /// It fired.
    Fired,
    /// The exchange was answered.
    Answered,
    /// The exchange ended without a reply.
    Over,
    /// The connection that the client kept for its release was over.
    Released,
    /// Another wait replaced it.
    Replaced,
}

impl Wait {
    /// Returns true if no send of its exchange came before it.
    pub(crate) const fn is_unsent(&self) -> bool {
        words::is_unsent(self.timer)
    }

    /// Returns how long it runs. One without a known end is over at its deadline.
    fn run(&self, now: u64) -> Span {
        let end = self.ended.min(self.deadline);
        if end <= now {
            Span::Ended(end.saturating_sub(self.armed))
        } else {
            Span::Open(self.armed)
        }
    }

    /// Returns true if it belongs to this exchange.
    fn is_of_exchange(&self, label: Option<Label>) -> bool {
        self.label.map(|label| label.exchange) == label.map(|label| label.exchange)
    }

    /// Returns the exchange that it belongs to; 1 if unknown.
    pub(crate) fn exchange(&self) -> u32 {
        self.label.map_or(1, |label| label.exchange.get())
    }

    /// Returns the client and the exchange that it belongs to, if they are known.
    pub(crate) fn owner(&self) -> Option<(u32, u32)> {
        self.label.map(|label| (self.flow, label.exchange.get()))
    }

    /// Returns its length as armed.
    pub(crate) fn length(&self) -> String {
        self.left(self.armed)
    }

    /// Returns how much of the wait is left at `at`.
    pub(crate) fn left(&self, at: u64) -> String {
        words::length(self.deadline.saturating_sub(at))
    }
}

/// The subject of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    Packet(Id),
    Wait(Id),
    Nothing,
}

/// What a client is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum State {
    Waiting(Id),
    Answered,
    GaveUp,
    Refused,
}

impl State {
    /// Returns whether it is how an exchange ended.
    const fn is_outcome(self) -> bool {
        match self {
            Self::Waiting(_) => false,
            Self::Answered | Self::GaveUp | Self::Refused => true,
        }
    }
}

/// What the timeline has of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Flow {
    /// Its datagrams by direction and number.
    named: [Vec<Id>; 2],
    /// When it got into which state, by time.
    phases: Vec<(u64, State)>,
}

/// Number of records between two prefix sums of the counts.
const STRIDE: usize = 512;

// The prefix sums, from which any time is found quickly, take little memory: the page's goal is 64 MiB.
const _: () = assert!(MAX_RECORDS / STRIDE * size_of::<Summary>() <= 1 << 20);

/// What happened, arranged for display.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    setting: Setting,
    /// By time of sending.
    packets: Vec<Packet>,
    /// The duplicate of each datagram that has one.
    twins: Map<Id, Id>,
    /// By number; the first is what concerns no client in particular.
    flows: Vec<Flow>,
    /// What earlier records reveal about a record, where they reveal anything; by record.
    known: Vec<(Id, Known)>,
    /// When packets that are not drawn are sent, in order.
    hidden: Vec<u64>,
    /// When packets that are drawn end, in order.
    ends: Vec<u64>,
    /// When frames are shown to be lost that the summary does not count, in order.
    lost_frames: Vec<u64>,
    waits: Vec<Wait>,
    /// The subject of each record of the trace.
    subjects: Vec<Subject>,
    /// When each record is shown, in order, and its index in the trace.
    shown: Vec<(u64, Id)>,
    /// The times of `shown`, each once.
    moments: Vec<u64>,
    /// Counts after every [`STRIDE`]th record of `shown`.
    sums: Vec<Summary>,
    /// How long packets that are drawn are on their way.
    flights: Longest,
    /// How long waits run.
    running: Longest,
    servers: Servers,
    growth: Growth,
}

impl Timeline {
    /// Creates the timeline of a run of `scenario` at its start.
    pub(crate) fn begin(scenario: &Scenario) -> Self {
        let (setting, servers) = (scenario.setting(), Servers::new(scenario));
        Self { setting, servers, growth: Growth::new(scenario), ..Self::default() }
    }

    /// Returns the number of records that it has taken.
    pub(crate) const fn len(&self) -> usize {
        self.subjects.len()
    }

    /// Returns the kind of run.
    pub(crate) const fn setting(&self) -> Setting {
        self.setting
    }

    /// Returns the words for a record.
    pub(crate) fn words(&self, records: &[Record], id: Id) -> Words {
        words::describe(&records[id as usize], self.setting, self.known(id))
    }

    /// Returns what earlier records reveal about a record.
    pub(crate) fn known(&self, id: Id) -> Known {
        let place = self.known.binary_search_by_key(&id, |(id, _)| *id);
        place.map_or_else(|_| Known::default(), |place| self.known[place].1)
    }

    pub(crate) fn packets(&self) -> &[Packet] {
        &self.packets
    }

    pub(crate) fn packet(&self, id: Id) -> Option<&Packet> {
        self.packets.get(id as usize)
    }

    pub(crate) fn waits(&self) -> &[Wait] {
        &self.waits
    }

    pub(crate) fn wait(&self, id: Id) -> Option<&Wait> {
        self.waits.get(id as usize)
    }

    /// Returns the servers.
    pub(crate) const fn servers(&self) -> &Servers {
        &self.servers
    }

    /// Returns a packet, and its duplicate if there is one.
    pub(crate) fn with_duplicate(&self, first: Id) -> impl Iterator<Item = Id> + use<> {
        [Some(first), self.twins.get(&first).copied()].into_iter().flatten()
    }

    /// Returns the packet with this name in the trace; if it was duplicated, the first one.
    pub(crate) fn packet_named(&self, name: PacketId) -> Option<Id> {
        let flow = self.flows.get(name.flow.get() as usize)?;
        flow.named[name.direction as usize].get(name.number.get() as usize - 1).copied()
    }

    /// Returns the subject of a record, by its index in the trace.
    pub(crate) fn subject(&self, record: Id) -> Subject {
        self.subjects.get(record as usize).copied().unwrap_or(Subject::Nothing)
    }

    /// Returns the last time at which something is shown to happen.
    pub(crate) fn end(&self) -> u64 {
        self.moments.last().copied().unwrap_or(0)
    }

    /// Returns a time that no wait runs longer than.
    pub(crate) fn longest_wait(&self) -> u64 {
        self.running.until(self.end())
    }

    /// Returns the times at which something is shown to happen.
    pub(crate) fn moments(&self) -> &[u64] {
        &self.moments
    }

    /// Returns the records shown at exactly `at`, as indices into the trace.
    pub(crate) fn shown_at(&self, at: u64) -> impl Iterator<Item = Id> {
        let from = self.shown.partition_point(|(time, _)| *time < at);
        self.shown[from..].iter().take_while(move |(time, _)| *time == at).map(|(_, id)| *id)
    }

    /// Returns the records in the order in which they are shown, with their times.
    pub(crate) fn shown(&self) -> &[(u64, Id)] {
        &self.shown
    }

    /// Returns the latest moment at or before `at`.
    pub(crate) fn moment(&self, at: u64) -> Option<u64> {
        before(&self.moments, at.saturating_add(1))
    }

    /// Returns the counts up to and including `at`.
    pub(crate) fn summary(&self, records: &[Record], at: u64) -> Summary {
        let until = self.shown.partition_point(|(time, _)| *time <= at);
        let mut sum =
            (until / STRIDE).checked_sub(1).map_or_else(Summary::default, |i| self.sums[i]);
        for (_, id) in &self.shown[until / STRIDE * STRIDE..until] {
            sum.record(&records[*id as usize]);
        }
        sum
    }

    /// Returns the number of packets on their way at `at`.
    pub(crate) fn in_flight(&self, at: u64) -> usize {
        let until = |times: &[u64]| times.partition_point(|time| *time <= at);
        let sent = self.packets.partition_point(|packet| packet.sent <= at);
        sent.saturating_sub(until(&self.hidden) + until(&self.ends))
    }

    /// Returns the number of frames that were lost up to and including `at` and that the summary does not count; of the
    /// fragments of a datagram, each counts.
    pub(crate) fn lost_frames(&self, at: u64) -> u64 {
        self.lost_frames.partition_point(|lost| *lost <= at) as u64
    }

    /// Returns a range that contains all packets drawn that are on their way at `at` or ended at most `linger`
    /// before, and some others.
    pub(crate) fn around(&self, at: u64, linger: u64) -> impl Iterator<Item = (Id, &Packet)> {
        let reach = self.flights.until(self.end()).saturating_add(linger);
        let from = self.packets.partition_point(|packet| packet.sent < at.saturating_sub(reach));
        let to = self.packets.partition_point(|packet| packet.sent <= at);
        (from..to).map(|i| (i as Id, &self.packets[i]))
    }

    /// Returns the client with the most phases; the first one if there are several.
    pub(crate) fn busiest(&self) -> u32 {
        let mut busiest = (0, 1);
        for (number, flow) in (0..).zip(&self.flows) {
            if flow.phases.len() > busiest.0 {
                busiest = (flow.phases.len(), number);
            }
        }
        busiest.1
    }

    /// Returns what client `flow` is doing at `at`; `None` before it began.
    pub(crate) fn state(&self, flow: u32, at: u64) -> Option<State> {
        let phases = &self.flows.get(flow as usize)?.phases;
        let after = phases.partition_point(|(from, _)| *from <= at);
        phases[..after].last().map(|(_, state)| *state)
    }
}

/// Returns the nearest of the ordered `times` before `at`.
pub(crate) fn before(times: &[u64], at: u64) -> Option<u64> {
    times.partition_point(|time| *time < at).checked_sub(1).map(|i| times[i])
}

/// Returns the nearest of the ordered `times` after `at`.
pub(crate) fn after(times: &[u64], at: u64) -> Option<u64> {
    times.get(times.partition_point(|time| *time <= at)).copied()
}
