//! What earlier records reveal about a record.

use super::super::{Direction, HostId, Record, What};
use super::{Setting, Words, describe};
use crate::machine::Label;
use crate::time::Instant;
use alloc::collections::BTreeMap;
use alloc::vec::Vec;
use core::num::NonZeroU32;

/// What is known about a record from earlier ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Known {
    /// Of a wait for a reply: when it began, which is when the last send went out.
    pub since: Option<Instant>,
    /// The reply is a failure; of a wait or of an end: the exchange has received one.
    pub failure: bool,
    /// What a server deals with has just arrived, at the same instant.
    pub prompt: bool,
    /// If the client took a reply for that of another exchange: of an answer, the exchange whose reply it was; of a failure, the
    /// one that the client took it for.
    pub other: Option<NonZeroU32>,
}

/// Puts records into words, one after another, in the order in which they were made.
///
/// It remembers the open exchanges, so its memory grows with the number of clients in the records.
#[derive(Clone, Debug, Default)]
pub struct Narrator {
    setting: Setting,
    flows: BTreeMap<u32, Flow>,
}

/// What is remembered about one client.
#[derive(Clone, Debug, Default)]
struct Flow {
    open: Vec<Open>,
    /// The request that reached a server last.
    arrived: Option<(Instant, Option<Label>)>,
    /// The reply that reached the client last.
    replied: Option<Label>,
    /// Requests that a server fails, until it replies.
    failing: Vec<Option<Label>>,
}

/// An exchange that has begun and is not over.
#[derive(Clone, Copy, Debug)]
struct Open {
    /// The last send.
    label: Label,
    sent: Instant,
    /// A failure came since.
    failed: bool,
    /// A failure has come in the exchange.
    failed_once: bool,
}

impl Narrator {
    /// Creates the narrator of a run of this kind.
    #[must_use]
    pub fn new(setting: Setting) -> Self {
        Self { setting, flows: BTreeMap::new() }
    }

    /// Returns the kind of run.
    #[must_use]
    pub const fn setting(&self) -> Setting {
        self.setting
    }

    /// Puts the next record into words.
    #[must_use]
    pub fn describe(&mut self, record: &Record) -> Words {
        let known = self.follow(record);
        describe(record, self.setting, known)
    }

    /// Takes the next record and returns what is known about it.
    pub fn follow(&mut self, record: &Record) -> Known {
        let flow = self.flows.entry(record.flow_number()).or_default();
        let (at, label) = (record.at, record.label);
        let server = matches!(record.host, HostId::Server(_));
        let known = Known { prompt: server && flow.is_prompt(at, label), ..Known::default() };
        match record.what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting => {
                flow.sent(at, label);
                known
            }
            What::Sent { direction: Direction::Reply, .. } => {
                Known { failure: flow.take_failing(label), ..known }
            }
            What::Delivered { direction } => {
                flow.delivered(direction, at, label);
                known
            }
            What::Dropped { .. } if server => {
                flow.take_failing(label);
                known
            }
            What::Failed => flow.failure(server, label, known),
            What::TimerArmed { .. } | What::TimerFired { .. } => flow.known(label, known),
            What::Answered { .. } | What::GaveUp { .. } | What::Refused { .. } => {
                let other = flow.misattributed(label);
                Known { failure: flow.close(label), other, ..known }
            }
            What::Dropped { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Frame { .. }
            | What::LateReply
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
            | What::Note { .. } => known,
        }
    }
}

impl Flow {
    /// Returns the exchange that the last reply belongs to, if it is another one than `label`'s.
    fn misattributed(&self, label: Option<Label>) -> Option<NonZeroU32> {
        let (own, reply) = (label?.exchange, self.replied?.exchange);
        (own != reply).then_some(reply)
    }

    /// Returns whether a server deals with the request that has just arrived.
    fn is_prompt(&mut self, at: Instant, label: Option<Label>) -> bool {
        // Once it handles something else, "it" would refer to that.
        self.arrived = self.arrived.filter(|arrived| *arrived == (at, label));
        self.arrived.is_some()
    }

    fn delivered(&mut self, direction: Direction, at: Instant, label: Option<Label>) {
        match direction {
            Direction::Request => self.arrived = Some((at, label)),
            Direction::Reply => self.replied = label,
        }
    }

    /// Takes a failure, at the server or at the client.
    #[inline(never)]
    fn failure(&mut self, server: bool, label: Option<Label>, known: Known) -> Known {
        if server {
            self.failing.push(label);
            return known;
        }
        let other = self.taken_for(label);
        self.failed(other.or(label));
        Known { other: other.map(|label| label.exchange), ..known }
    }

    /// Returns the last send of the exchange that a client counts a failure for, if the send that failed belongs to another one.
    /// That happens when replies do not name their exchange; such a client has one exchange at a time.
    fn taken_for(&self, failed: Option<Label>) -> Option<Label> {
        let own = |open: &Open| failed.is_some_and(|failed| failed.exchange == open.label.exchange);
        let last = self.open.last().map(|open| open.label);
        last.filter(|_| !self.open.iter().any(own))
    }

    fn sent(&mut self, at: Instant, label: Option<Label>) {
        let Some(label) = label else { return };
        let own = |open: &&mut Open| open.label.exchange == label.exchange;
        match self.open.iter_mut().find(own) {
            Some(open) => (open.label, open.sent, open.failed) = (label, at, false),
            None => self.open.push(Open { label, sent: at, failed: false, failed_once: false }),
        }
    }

    /// Returns the open exchange with this last send.
    fn open(&self, label: Option<Label>) -> Option<&Open> {
        self.open.iter().find(|open| Some(open.label) == label)
    }

    /// Adds what is known about the open exchange with this last send.
    fn known(&self, label: Option<Label>, known: Known) -> Known {
        let of = |open: &Open| Known { since: Some(open.sent), failure: open.failed, ..known };
        self.open(label).map_or(known, of)
    }

    fn failed(&mut self, label: Option<Label>) {
        let Some(label) = label else { return };
        let own = |open: &&mut Open| open.label.exchange == label.exchange;
        if let Some(open) = self.open.iter_mut().find(own) {
            (open.failed, open.failed_once) = (true, true);
        }
    }

    /// Forgets an exchange that is over; returns whether a failure came in it.
    fn close(&mut self, label: Option<Label>) -> bool {
        let Some(label) = label else { return false };
        let place = self.open.iter().position(|open| open.label.exchange == label.exchange);
        place.is_some_and(|place| self.open.swap_remove(place).failed_once)
    }

    /// Returns whether this request is answered with a failure, and forgets it.
    fn take_failing(&mut self, label: Option<Label>) -> bool {
        let place = self.failing.iter().position(|failing| *failing == label);
        place.is_some_and(|place| {
            self.failing.remove(place);
            true
        })
    }
}
