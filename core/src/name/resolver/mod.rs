//! The stub resolver's machine: asks name servers for the addresses of one name.

mod config;
mod event;
#[cfg(test)]
mod tests;

pub use config::{Config, Retry};
pub use event::{Event, Mismatch, Truncated, Verdict};

use super::message::{self, Reply};
use super::{Answer, Failure, Kind, framing};
use crate::exchange::{self, Ending, Exchange, Outcome, Rules};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::policy::Policy;
use crate::random::{Name, Purpose, Stream};
use crate::time::Instant;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};
use core::num::NonZeroU32;
use event::label;

/// Maximum number of queries to remember. A reply to an earlier one is a stranger's.
const MAX_QUERIES: usize = 128;

/// Maximum number of events to keep for a driver that does not drain them.
const MAX_EVENTS: usize = 8;

/// The machine of a stub resolver over UDP, for one lookup.
///
/// Each send of its policy asks the next server, with one query per kind of address that has no answer yet. A reply
/// counts if it comes from a server that was asked and repeats the id and the question of a query to that server;
/// replies to earlier sends count as well. Ids are drawn at random, a new one for each query.
///
/// A server that fails (SERVFAIL, REFUSED, NOTIMP and others) or cannot be reached is followed by the next one at
/// once. A name that does not exist is an answer: no other server is asked.
///
/// ```
/// use retrylab_core::machine::Machine;
/// use retrylab_core::name::{Config, NameServer, Resolver, Verdict, Zone};
/// use retrylab_core::time::Instant;
///
/// let [client, server] = ["192.0.2.1:40000", "192.0.2.53:53"].map(|text| text.parse().unwrap());
/// let mut zone = Zone::default();
/// zone.add("www.example".parse().unwrap(), [192, 0, 2, 9].into()).unwrap();
/// let mut name_server = NameServer::new(zone);
/// let mut resolver = Resolver::new(Config::new("www.example".parse().unwrap(), server));
///
/// let (now, mut query, mut reply) = (Instant::ZERO, Vec::new(), Vec::new());
/// while resolver.poll_transmit(now, &mut query).is_some() {
///     name_server.handle_datagram(now, server, client, &query);
///     while name_server.poll_transmit(now, &mut reply).is_some() {
///         resolver.handle_datagram(now, client, server, &reply);
///         reply.clear();
///     }
///     query.clear();
/// }
/// assert_eq!(resolver.verdict(), Verdict::Found);
/// let found: Vec<String> = resolver.addresses().map(|address| address.to_string()).collect();
/// assert_eq!(found, ["192.0.2.9"]);
/// ```
#[derive(Clone, Debug)]
pub struct Resolver {
    config: Config,
    /// The servers in the order in which they are asked.
    servers: Vec<SocketAddr>,
    policy: Policy,
    flow: u32,
    exchange: Exchange,
    ids: Stream,
    questions: Vec<Question>,
    queries: VecDeque<Query>,
    /// The last send.
    send: NonZeroU32,
    /// Kinds whose queries of the last send are still to be written, the next one last.
    outgoing: Vec<Kind>,
    /// Servers of the current round of sends that cannot be reached.
    unreachable_in_round: usize,
    /// Sends that the network refused.
    unreachable: u32,
    last_failure: Option<Failure>,
    strangers: u32,
    events: VecDeque<Event>,
}

/// What is asked about one kind of address.
#[derive(Clone, Debug)]
struct Question {
    kind: Kind,
    answer: Option<Answer>,
    /// The server of the last send has failed to answer it.
    failed: bool,
}

/// A query that was sent.
#[derive(Clone, Copy, Debug)]
struct Query {
    id: u16,
    kind: Kind,
    server: SocketAddr,
    send: NonZeroU32,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    /// No reply yet.
    Open,
    /// The reply was truncated.
    Truncated,
    /// It has a reply, or failed.
    Done,
}

impl Resolver {
    /// Creates a resolver that makes its first send at the first `poll_transmit`.
    #[must_use]
    pub fn new(config: Config) -> Self {
        Self::numbered(config, 1)
    }

    /// Creates the resolver of client number `flow`, from 1, of several: each has random draws of its own.
    #[must_use]
    pub fn numbered(config: Config, flow: u32) -> Self {
        let (servers, policy) = config.plan(flow);
        let mut exchange = Exchange::new(&policy);
        let question = |kind: &Kind| Question { kind: *kind, answer: None, failed: false };
        let questions: Vec<Question> = config.kinds.iter().map(question).collect();
        if !questions.is_empty() {
            exchange.prepare(NonZeroU32::MIN);
        }
        Self {
            ids: Name::exchange(config.seed, flow, 1).stream(Purpose::QueryId),
            config,
            servers,
            policy,
            flow,
            exchange,
            questions,
            queries: VecDeque::new(),
            send: NonZeroU32::MIN,
            outgoing: Vec::new(),
            unreachable_in_round: 0,
            unreachable: 0,
            last_failure: None,
            strangers: 0,
            events: VecDeque::new(),
        }
    }

    /// Returns its configuration.
    #[must_use]
    pub const fn config(&self) -> &Config {
        &self.config
    }

    /// Returns the answers so far, with the kind of address that each is about.
    pub fn answers(&self) -> impl Iterator<Item = (Kind, &Answer)> {
        self.questions.iter().filter_map(|own| Some((own.kind, own.answer.as_ref()?)))
    }

    /// Returns the kinds of addresses that no answer has come for.
    pub fn unanswered(&self) -> impl Iterator<Item = Kind> {
        self.questions.iter().filter(|own| own.answer.is_none()).map(|own| own.kind)
    }

    /// Returns the addresses found so far.
    pub fn addresses(&self) -> impl Iterator<Item = IpAddr> {
        self.answers().flat_map(|(_, answer)| answer.addresses.iter().copied())
    }

    /// Returns what is known about the name.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.addresses().next().is_some() {
            return Verdict::Found;
        }
        if self.answers().any(|(_, answer)| !answer.exists) {
            return Verdict::NoSuchName;
        }
        if self.unanswered().next().is_none() {
            return Verdict::NoAddress;
        }
        match self.last_failure {
            Some(failure) => Verdict::ServerFailed(failure),
            None if self.unreachable > 0 && self.unreachable == self.sends() => {
                Verdict::Unreachable
            }
            None => Verdict::NoReply,
        }
    }

    /// Returns the number of datagrams that were rejected because they reply to no query; see [`Mismatch`].
    #[must_use]
    pub const fn strangers(&self) -> u32 {
        self.strangers
    }

    /// Returns the query to send over TCP after a truncated reply, with its length in front; `None` if that query is
    /// too old to be remembered.
    #[must_use]
    pub fn tcp_query(&self, truncated: Truncated) -> Option<Vec<u8>> {
        let query = &self.queries[self.find(truncated.server, truncated.id)?];
        let mut bytes = Vec::new();
        message::write_query(query.id, query.kind.question(&self.config.name), &mut bytes);
        framing::frame(&bytes)
    }

    /// Handles the answer over TCP to a query whose reply was truncated, or its failure: `None`.
    pub fn handle_tcp(&mut self, now: Instant, truncated: Truncated, answer: Option<&[u8]>) {
        let Some(at) = self.find(truncated.server, truncated.id) else { return };
        let question = self.queries[at].kind.question(&self.config.name);
        let reply = answer.and_then(|bytes| Some((Reply::read(bytes)?, bytes)));
        let is_match = |reply: &Reply| {
            reply.id() == truncated.id && reply.is_response() && reply.answers(&question)
        };
        match reply {
            Some((reply, bytes)) if is_match(&reply) => self.accept(now, at, &reply, bytes),
            _ => self.fail(now, at, Failure::Tcp),
        }
    }

    /// Returns the number of sends so far.
    fn sends(&self) -> u32 {
        self.queries.back().map_or(0, |query| query.send.get())
    }

    /// Returns which query to `server` has this id: of several, the last one.
    fn find(&self, server: SocketAddr, id: u16) -> Option<usize> {
        self.queries.iter().rposition(|query| query.server == server && query.id == id)
    }

    /// Returns which query a datagram replies to.
    fn matching(&self, from: SocketAddr, reply: Option<&Reply>) -> Result<usize, Mismatch> {
        if !self.queries.iter().any(|query| query.server == from) {
            return Err(Mismatch::Address);
        }
        let reply = reply.filter(|reply| reply.is_response()).ok_or(Mismatch::Message)?;
        let mut same_id = (0..self.queries.len())
            .rev()
            .filter(|at| self.queries[*at].server == from && self.queries[*at].id == reply.id())
            .peekable();
        same_id.peek().ok_or(Mismatch::Id)?;
        let question = |at: &usize| self.queries[*at].kind.question(&self.config.name);
        same_id.find(|at| reply.answers(&question(at))).ok_or(Mismatch::Question)
    }

    /// Handles a reply to query number `at`, which is not truncated.
    fn accept(&mut self, now: Instant, at: usize, reply: &Reply, bytes: &[u8]) {
        let Query { kind, send, .. } = self.queries[at];
        if self.is_settled(at) {
            return self.report(Event::LateReply { send: send.get() });
        }
        match reply.answer(bytes, &self.config.name, kind) {
            Err(why) => self.fail(now, at, why),
            Ok(answer) => {
                self.queries[at].state = State::Done;
                for question in self.questions.iter_mut().filter(|own| own.kind == kind) {
                    question.answer = Some(answer.clone());
                }
                self.go_on(now, send);
            }
        }
    }

    /// Handles a reply to query number `at` that is of no use.
    fn fail(&mut self, now: Instant, at: usize, why: Failure) {
        let Query { kind, send, server, .. } = self.queries[at];
        if self.is_settled(at) {
            return self.report(Event::LateReply { send: send.get() });
        }
        self.queries[at].state = State::Done;
        self.last_failure = Some(why);
        self.report(Event::Failed { server, send: send.get(), why });
        if send.get() == self.sends() {
            for question in self.questions.iter_mut().filter(|own| own.kind == kind) {
                question.failed = true;
            }
            self.go_on(now, send);
        }
    }

    /// Returns whether another reply to query number `at` changes nothing.
    fn is_settled(&self, at: usize) -> bool {
        let Query { kind, state, .. } = self.queries[at];
        let answered = |own: &Question| own.kind == kind && own.answer.is_some();
        self.exchange.is_over() || state == State::Done || self.questions.iter().any(answered)
    }

    /// Ends the lookup if nothing more is needed, or moves on to the next server if the last one has failed. `send` is the
    /// one that has just been answered.
    fn go_on(&mut self, now: Instant, send: NonZeroU32) {
        let is_open = |own: &Question| own.answer.is_none() && !own.failed;
        if self.questions.iter().any(is_open) {
            return;
        }
        let is_complete = self.questions.iter().all(|own| own.answer.is_some());
        if is_complete || self.addresses().next().is_some() {
            let outcome = self.exchange.answered(now, exchange::Reply { send, named: true });
            return self.end(outcome);
        }
        let policy = self.policy;
        let rules = Rules::new(&policy, self.config.seed, self.flow);
        let outcome = if self.moves_on() {
            self.exchange.skip(rules, now)
        } else {
            self.exchange.failed(rules, now, self.send, None)
        };
        if let Some(outcome) = outcome {
            self.end(outcome);
        }
    }

    /// Returns whether the next send follows a failure at once: if its server was not asked in this round yet, or if
    /// the policy says so for every failure.
    fn moves_on(&self) -> bool {
        let is_last = (self.sends() as usize).is_multiple_of(self.servers.len());
        !is_last || self.policy.hedging()
    }

    /// Returns the server of the last send, by its place.
    const fn server(&self) -> usize {
        (self.send.get() as usize - 1) % self.servers.len()
    }

    /// Notes the send `label` and prepares its queries.
    fn prepare_send(&mut self, label: Label) {
        self.send = label.send;
        if self.server() == 0 {
            self.unreachable_in_round = 0;
        }
        for question in &mut self.questions {
            question.failed = false;
        }
        self.outgoing = self.unanswered().collect();
        self.outgoing.reverse();
    }

    fn end(&mut self, outcome: Outcome) {
        self.outgoing.clear();
        let (sends, elapsed) = (outcome.sends, outcome.elapsed());
        self.report(match outcome.how {
            Ending::Answered { send } => {
                Event::Answered { sends, answered_send: send.get(), elapsed }
            }
            Ending::GaveUp(why) | Ending::Failed(why) => Event::GaveUp { sends, elapsed, why },
            Ending::Refused => Event::Refused { sends, elapsed },
        });
    }

    fn report(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }
}

impl Machine for Resolver {
    type Event = Event;

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        let reply = Reply::read(bytes);
        let at = match self.matching(from, reply.as_ref()) {
            Ok(at) => at,
            Err(mismatch) => {
                self.strangers = self.strangers.saturating_add(1);
                return self.report(Event::Stranger(mismatch));
            }
        };
        let Some(reply) = reply else { return };
        if !reply.is_truncated() {
            return self.accept(now, at, &reply, bytes);
        }
        let Query { id, server, send, state, .. } = self.queries[at];
        let send = send.get();
        if self.is_settled(at) || state == State::Truncated {
            return self.report(Event::LateReply { send });
        }
        self.queries[at].state = State::Truncated;
        self.report(Event::Truncated(Truncated { server, send, id }));
    }

    fn handle_timeout(&mut self, now: Instant) {
        let rules = Rules::new(&self.policy, self.config.seed, self.flow);
        if let Some(outcome) = self.exchange.due(rules, now) {
            self.end(outcome);
        }
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        let Some(Query { server, send, .. }) = self.queries.back().copied() else { return };
        let is_open = |query: &Query| query.send == send && query.state == State::Open;
        if server != peer || self.exchange.is_over() || !self.queries.iter().any(is_open) {
            return;
        }
        for query in self.queries.iter_mut().filter(|query| query.send == send) {
            query.state = State::Done;
        }
        self.outgoing.clear();
        self.unreachable += 1;
        self.unreachable_in_round += 1;
        self.report(Event::Unreachable { server, send: send.get() });
        let rules = Rules::new(&self.policy, self.config.seed, self.flow);
        let nobody_left = self.unreachable_in_round == self.servers.len();
        let outcome = if self.policy.hedging() || nobody_left {
            self.exchange.refused(rules, now)
        } else if self.moves_on() {
            self.exchange.skip(rules, now)
        } else {
            // Servers that were asked earlier in this round may still reply.
            None
        };
        if let Some(outcome) = outcome {
            self.end(outcome);
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.exchange.is_beginning() {
            let rules = Rules::new(&self.policy, self.config.seed, self.flow);
            if let Some(outcome) = self.exchange.begin(rules, now) {
                self.end(outcome);
            }
        }
        if let Some(label) = self.exchange.next_send(now) {
            self.prepare_send(label);
        }
        let kind = self.outgoing.pop()?;
        let (send, server) = (self.send, self.servers[self.server()]);
        let id = self.ids.up_to(u16::MAX.into()) as u16;
        if self.queries.len() >= MAX_QUERIES {
            self.queries.pop_front();
        }
        self.queries.push_back(Query { id, kind, server, send, state: State::Open });
        message::write_query(id, kind.question(&self.config.name), buf);
        Some(Transmit::to(server).labelled(label(send.get())))
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn subject(&self, event: &Event) -> Subject {
        event.subject()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.exchange.deadline()
    }

    fn timer_subject(&self) -> Subject {
        Subject::send(Some(self.exchange.label()))
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        let id = Reply::read(payload)?.id();
        let query = self.queries.iter().rev().find(|query| query.id == id)?;
        label(query.send.get())
    }

    fn is_finished(&self) -> bool {
        self.exchange.is_over()
    }

    fn describe(&self, payload: &[u8]) -> Option<String> {
        message::describe(payload)
    }
}
