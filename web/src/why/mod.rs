//! Why something happened: a chain of reasons with their numbers, from what is selected back to the start of its exchange.
//!
//! Nothing is guessed. What the link and the policy knew is computed again by the machines that decided; what cannot be is
//! left out.
//!
//! | module | what it says |
//! |---|---|
//! | `on_link` | why the link lost a packet, or did not |
//! | `at_server` | why the server lost or failed a request, and how long it took |
//! | `reply` | which reply a request got, and what the client took it for |
//! | `policy` | how long a wait is, why a client gave up |
//! | `waterfall` | the parts of each send of an exchange |
//! | `states` | the states of an exchange |

mod at_server;
mod on_link;
mod policy;
mod reply;
mod states;
#[cfg(test)]
mod tests;
mod waterfall;

pub(crate) use reply::taken_by;
pub(crate) use states::states;
pub(crate) use waterfall::waterfall;

use crate::json::Json;
use crate::numbers::{capital, clock, span};
use crate::rest::text;
use crate::run::PageRun;
use crate::timeline::{Effect, Ending, Id, Packet, Timeline, Wait, WaitEnd};
use reply::furthest;
use retrylab_core::machine::Timer;
use retrylab_core::time::nanos;
use retrylab_core::trace::words::Pattern;
use retrylab_core::trace::{Direction, HostId, Record, What};

/// Number of sends of an exchange that a chain goes through.
const MAX_SENDS: u32 = 4;

/// A chain of reasons, the latest first. Each is a sentence and, if there is one, its record.
pub(crate) struct Chain<'a> {
    run: &'a PageRun,
    timeline: &'a Timeline,
    places: u32,
    /// How far the reader has come: nothing later is said.
    seen: u64,
    links: Vec<(String, Option<Id>)>,
}

impl<'a> Chain<'a> {
    fn new(run: &'a PageRun, timeline: &'a Timeline, (places, seen): (u32, u64)) -> Self {
        Self { run, timeline, places, seen, links: Vec::new() }
    }

    /// Returns why a packet was sent, and its fate.
    pub(crate) fn of_packet(
        run: &'a PageRun,
        timeline: &'a Timeline,
        id: Id,
        now: (u32, u64),
    ) -> Self {
        let mut chain = Self::new(run, timeline, now);
        if let Some(packet) = timeline.packet(id) {
            chain.fate(packet, chain.seen);
            match (packet.frame, packet.direction) {
                (Some(_), _) => {}
                (None, Direction::Request) => chain.request(id),
                (None, Direction::Reply) => chain.reply(packet),
            }
        }
        chain
    }

    /// Returns why a wait began and, if that is seen, ended.
    pub(crate) fn of_wait(
        run: &'a PageRun,
        timeline: &'a Timeline,
        id: Id,
        now: (u32, u64),
    ) -> Self {
        let mut chain = Self::new(run, timeline, now);
        if let Some(wait) = timeline.wait(id) {
            if wait.ended <= chain.seen {
                chain.ending(wait);
            }
            chain.length(wait);
            match wait.request {
                Some(request) => chain.request(request),
                None => chain.say(policy::purpose(wait.timer).to_string(), Some(wait.record)),
            }
        }
        chain
    }

    /// Writes an array of `text` and, if there is one, `record`.
    pub(crate) fn write(&self, json: &mut Json, key: &str) {
        json.list(key, |json| {
            for (text, record) in &self.links {
                json.element(|json| {
                    json.text("text", text);
                    if let Some(record) = record {
                        json.number("record", (*record).into());
                    }
                });
            }
        });
    }

    fn say(&mut self, sentence: String, record: Option<Id>) {
        if !sentence.is_empty() {
            self.links.push((sentence, record));
        }
    }

    fn records(&self) -> &'a [Record] {
        self.run.records()
    }

    fn at(&self, time: u64) -> String {
        format!("at {} s", clock(time, self.places))
    }

    /// Returns the first record from `from` on, of this client and exchange at the client, that passes `test`.
    fn next_own(
        &self,
        from: Id,
        wait: &Wait,
        test: impl Fn(&What) -> bool,
    ) -> Option<(Id, &'a Record)> {
        let own = |record: &Record| {
            let exchange = record.label.map(|label| label.exchange.get());
            record.host == HostId::Client
                && record.flow.is_some_and(|flow| flow.get() == wait.flow)
                && exchange == Some(wait.exchange())
        };
        let after = self.records().iter().enumerate().skip(from as usize);
        let mut found = after.map(|(id, record)| (id as Id, record));
        found.find(|(_, record)| own(record) && test(&record.what))
    }

    /// Says the fate of a packet, as far as it is known at `at`.
    fn fate(&mut self, packet: &Packet, at: u64) {
        let name = self.name(packet);
        match packet.ending_at(at) {
            Ending::Lost(cause) => {
                let why = on_link::loss(self.run, packet, cause);
                self.say(format!("{name} was {why}."), Some(packet.order));
            }
            Ending::Dropped(cause) => {
                let (why, record) = at_server::drop(self, packet, cause);
                self.say(format!("{name} was {why}."), record.or(Some(packet.order)));
            }
            Ending::Arrived => {
                self.effect(&name, packet);
                if let Some(why) = on_link::delivery(self.run, packet) {
                    self.say(format!("The link delivered it: {why}."), Some(packet.order));
                }
            }
            Ending::Unknown => return,
        }
        if packet.duplicate {
            let of_moment = self.records().iter().skip(packet.order as usize);
            let by_hand =
                of_moment.take_while(|record| record.at.as_nanos() == packet.sent).any(|record| {
                    let is = matches!(record.what, What::DuplicatedByHand { .. });
                    is && record.packet() == packet.name
                });
            let what = if by_hand {
                text!("It was duplicated by hand: this is the second of two.")
            } else {
                text!("The link duplicated it: this is the second of two.")
            };
            self.say(what.to_string(), None);
        }
        if packet.damaged {
            let caught = packet.frame.is_some() || packet.frames[1].is_some();
            let no = if caught { "" } else { ", and no checksum caught that" };
            self.say(format!("The link flipped one bit of it{no}."), None);
        }
    }

    fn effect(&mut self, name: &str, packet: &Packet) {
        let at = self.at(packet.end);
        let what = match (packet.effect, taken_by(self.timeline, self.records(), packet)) {
            (Effect::Answered | Effect::Failed, Some(other)) => {
                let ended = if packet.effect == Effect::Answered { "ended" } else { "counted for" };
                format!("{name} arrived {at} and {ended} exchange {other}")
                    + text!(": the client took it for that exchange's reply.")
            }
            (Effect::Answered, None) => format!("{name} arrived {at} and ended the exchange."),
            (Effect::Failed, None) => format!("{name} arrived {at} and reported a failure."),
            (Effect::Ignored, _) => {
                format!("{name} arrived {at}")
                    + text!(". Nothing waited for it: the client ignored it.")
            }
            (Effect::None, _) => return,
        };
        self.say(what, Some(packet.order));
    }

    /// Says why a reply was sent.
    fn reply(&mut self, reply: &Packet) {
        let Some(id) = reply.request else { return };
        let Some(request) = self.timeline.packet(id) else { return };
        let which = self.which(request);
        let at = self.at(reply.sent);
        let work = at_server::work(self, request);
        let what = if reply.failure {
            let why = at_server::failure(self, request);
            format!("The server failed {which} {at}{why}.")
        } else {
            format!("The server replied to {which} {at}{work}.")
        };
        self.say(what, Some(reply.order));
        self.request(id);
    }

    /// Says why a request was sent, and why earlier ones were not enough.
    fn request(&mut self, id: Id) {
        let mut next = Some(id);
        for _ in 0..MAX_SENDS {
            let Some(request) = next.and_then(|id| self.timeline.packet(id)) else { return };
            next = self.one_request(request);
        }
        let Some(request) = next.and_then(|id| self.timeline.packet(id)) else { return };
        match request.send() {
            1 => _ = self.one_request(request),
            left => {
                let to = if left == 2 { "and" } else { "to" };
                self.say(format!("Before that came sends 1 {to} {left}."), Some(request.order));
            }
        }
    }

    /// Says why a request was sent; returns the previous one, if there is more to say.
    fn one_request(&mut self, request: &Packet) -> Option<Id> {
        let (name, at) = (self.name(request), self.at(request.sent));
        let record = Some(request.order);
        match self.timeline.setting().pattern {
            Pattern::Heartbeat => {
                let every = text!("the client sends one in each interval, and nobody answers it");
                self.say(format!("{name} left {at}: {every}."), record);
                return None;
            }
            Pattern::Write if request.name.is_some_and(|name| name.number.get() % 2 == 0) => {
                let which = self.which(request);
                let with = format!("with the version that {which} had read");
                self.say(format!("{name} left {at}, {with}."), record);
                return None;
            }
            Pattern::Closed | Pattern::Open | Pattern::Write | Pattern::Lookup => {}
        }
        let Some(wait) = request.after.and_then(|id| self.timeline.wait(id)) else {
            let what = if request.send() == 1 { "began" } else { "repeated the request of" };
            let exchange = request.exchange();
            self.say(format!("{name} {what} exchange {exchange} {at}."), record);
            return None;
        };
        let because = policy::ran_out(self, wait);
        self.say(format!("{name} left {at}, because {because}."), record);
        self.length(wait);
        if wait.is_unsent() {
            self.say(policy::purpose(wait.timer).to_string(), Some(wait.record));
            return None;
        }
        self.abandoned(wait);
        self.silence(wait);
        wait.request
    }

    /// Says why the client waits before it sends again instead of waiting for a reply.
    fn abandoned(&mut self, wait: &Wait) {
        if wait.timer != Timer::Backoff {
            return;
        }
        if self.timeline.setting().pattern == Pattern::Write {
            return self.say(
                text!("The server refused the write: the row had changed.").to_string(),
                None,
            );
        }
        let Some(request) = wait.request.and_then(|id| self.timeline.packet(id)) else { return };
        if let Some((exchange, record)) = reply::failed_by(self.timeline, self.records(), wait) {
            let what = text!("The client had counted a failure of exchange # for this one.");
            return self.say(what.replace('#', &exchange.to_string()), Some(record));
        }
        let failure = self.next_own(request.order, wait, |what| matches!(what, What::Failed));
        let failed = failure.is_some_and(|(_, record)| record.at.as_nanos() <= wait.armed);
        if let Some(send) = reply::earlier_failure(self.records(), wait) {
            let what =
                text!("The client had learned that send # failed, and waited for that reason.");
            self.say(what.replace('#', &send.to_string()), Some(wait.record));
        }
        if let (false, Some(limit)) = (failed, policy::policy_of(self, wait).attempt_timeout()) {
            let (which, limit) = (self.which(request), span(nanos(limit)));
            let what = format!("The client had abandoned {which} after {limit} without a reply.");
            self.say(what, Some(request.order));
        }
    }

    /// Says why no reply ended a wait.
    fn silence(&mut self, wait: &Wait) {
        if self.timeline.setting().pattern == Pattern::Heartbeat {
            return;
        }
        let Some((id, reply)) = wait.request.map(|id| furthest(self.timeline, id, wait.ended))
        else {
            return;
        };
        let Some(request) = self.timeline.packet(id) else { return };
        let which = self.which(request);
        let own = Some(request.order);
        match request.ending_at(wait.ended) {
            Ending::Lost(_) | Ending::Dropped(_) => self.fate(request, wait.ended),
            Ending::Unknown => self.on_its_way(&capital(&which), request),
            Ending::Arrived => {
                let Some(reply) = reply else {
                    if !self.run.scenario().listening {
                        let what = text!("Nobody listened on the server's port when # arrived.");
                        return self.say(what.replace('#', &which), own);
                    }
                    let work = at_server::unanswered(self, (id, request), wait.ended);
                    return self
                        .say(format!("The server had not replied to {which} yet{work}."), own);
                };
                self.reply_in_vain(reply, &which, wait);
                let work = at_server::work(self, request);
                let (what, at) =
                    (if reply.failure { "failed" } else { "replied to" }, self.at(reply.sent));
                self.say(format!("The server {what} {which} {at}{work}."), Some(reply.order));
            }
        }
    }

    /// Says why a reply did not end a wait.
    fn reply_in_vain(&mut self, reply: &Packet, which: &str, wait: &Wait) {
        match reply.ending_at(wait.ended) {
            Ending::Lost(_) | Ending::Dropped(_) => self.fate(reply, wait.ended),
            Ending::Unknown => self.on_its_way(&format!("The reply to {which}"), reply),
            Ending::Arrived => {
                let what = match (reply.effect, taken_by(self.timeline, self.records(), reply)) {
                    (Effect::Answered | Effect::Failed, Some(other)) => {
                        format!(
                            "The client took the reply to {which} for that of exchange {other}."
                        )
                    }
                    (Effect::Failed, None) => format!("The client learned that {which} failed."),
                    (Effect::Ignored, _) => format!("The client ignored the reply to {which}."),
                    (Effect::Answered | Effect::None, _) => return,
                };
                self.say(what, Some(reply.order));
            }
        }
    }

    /// Says that a packet had not arrived when a wait ended, and when it did if that is seen.
    fn on_its_way(&mut self, name: &str, packet: &Packet) {
        let arrived = match packet.ending_at(self.seen) {
            Ending::Arrived | Ending::Dropped(_) => {
                format!(": it arrived {}", self.at(packet.end))
            }
            Ending::Lost(_) | Ending::Unknown => String::new(),
        };
        self.say(format!("{name} was still on its way{arrived}."), Some(packet.order));
    }

    /// Says how a wait ended.
    fn ending(&mut self, wait: &Wait) {
        let at = self.at(wait.ended);
        match wait.end {
            WaitEnd::Fired => {
                self.after(wait);
                self.say(format!("The wait ran to its end {at}."), Some(wait.record));
                self.abandoned(wait);
                self.silence(wait);
            }
            WaitEnd::Unknown if self.run.is_cut() => {
                self.say(text!("It ends after the events that are kept.").to_string(), None);
            }
            WaitEnd::Unknown => {}
            WaitEnd::Released => {
                let why = text!(", because the connection was over.");
                self.say(format!("The wait ended {at}{why}"), None);
            }
            WaitEnd::Replaced => {
                self.say(format!("Another wait took its place {at}."), None);
            }
            WaitEnd::Answered => {
                let left = wait.deadline.saturating_sub(wait.ended);
                let ends = |what: &What| matches!(what, What::Answered { .. });
                let record = self.next_own(wait.record, wait, ends).map(|(id, _)| id);
                let what = format!("A reply ended the wait {at}, ")
                    + &match left {
                        0 => text!("just as it would have run out.").to_string(),
                        left => span(left) + text!(" before it would have run out."),
                    };
                self.say(what, record);
            }
            WaitEnd::Over => self.after(wait),
        }
    }

    /// Says what followed the end of a wait, if that ended the exchange.
    fn after(&mut self, wait: &Wait) {
        let next = self.next_own(wait.record, wait, |what| {
            matches!(
                what,
                What::Sent { .. } | What::Connecting | What::GaveUp { .. } | What::Refused { .. }
            )
        });
        let Some((id, record)) = next.filter(|(_, record)| record.at.as_nanos() == wait.ended)
        else {
            return;
        };
        match record.what {
            What::GaveUp { sends, elapsed, why } => {
                let asked = if sends == 0 { wait.record } else { id };
                let reason = policy::stop(self, wait, asked, why, nanos(elapsed));
                let at = self.at(record.at.as_nanos());
                let what = match sends {
                    0 => format!("The client sent nothing: {reason}."),
                    1 => format!("The client gave up {at} after 1 send: {reason}."),
                    _ => format!("The client gave up {at} after {sends} sends: {reason}."),
                };
                self.say(what, Some(id));
            }
            What::Refused { .. } => {
                let what = text!("The server's host reported that nobody listens on the port.");
                self.say(what.to_string(), Some(id));
            }
            _ => {}
        }
    }

    /// Says how long a wait is, and why.
    fn length(&mut self, wait: &Wait) {
        let why = policy::length(self, wait);
        self.say(why, Some(wait.record));
    }

    /// Returns `send 2`; `attempt 2` for a writer, `heartbeat 2` for a heartbeat.
    fn which(&self, packet: &Packet) -> String {
        which(self.timeline, packet)
    }

    fn name(&self, packet: &Packet) -> String {
        subject(self.timeline, packet)
    }
}

/// Returns a packet as the subject of a sentence.
fn subject(timeline: &Timeline, packet: &Packet) -> String {
    let which = which(timeline, packet);
    match (packet.frame, packet.direction, timeline.setting().pattern) {
        (Some(_), ..) => "It".to_string(),
        (None, Direction::Reply, _) => format!("The reply to {which}"),
        (None, Direction::Request, Pattern::Write) => {
            let second = packet.name.is_some_and(|name| name.number.get() % 2 == 0);
            format!("The {} of {which}", if second { "write" } else { "read" })
        }
        (None, Direction::Request, _) => capital(&which),
    }
}

/// Returns `send 2`; `attempt 2` for a writer, `heartbeat 2` for a heartbeat.
pub(crate) fn which(timeline: &Timeline, packet: &Packet) -> String {
    match timeline.setting().pattern {
        Pattern::Write => format!("attempt {}", packet.send()),
        Pattern::Heartbeat => format!("heartbeat {}", packet.exchange()),
        Pattern::Closed | Pattern::Open | Pattern::Lookup => format!("send {}", packet.send()),
    }
}
