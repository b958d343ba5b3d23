//! What the resolver reports while it runs and when it ends.

use super::report::{LookupReport, Outcome};
use crate::output::{Count, GOOD, Rounded, narrate, seconds, warn};
use retrylab::udp::{Datagram, Observer, Trouble};
use retrylab_core::machine::{Timer, Transmit};
use retrylab_core::name::{Event, Kind, Resolver, Truncated, Verdict, describe};
use retrylab_core::policy::Stop;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::value::Printable;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Maximum number of sends whose times are kept.
const MAX_TIMES: usize = 10_000;

/// Follows the resolver and reports to people on stderr.
#[derive(Debug)]
pub(super) struct Session {
    servers: Vec<SocketAddr>,
    /// Truncated replies that are still to be asked for over TCP.
    pub(super) truncated: Vec<Truncated>,
    /// Times of the sends.
    sends: Vec<Instant>,
    /// Number of the last send.
    send: u32,
    /// The server that was asked last.
    asked: Option<SocketAddr>,
    /// The server that answered last.
    answered: Option<SocketAddr>,
    /// The queries of the last send, in words.
    queries: Vec<String>,
    answered_send: Option<u32>,
    truncated_count: u32,
    failures: u32,
    late_replies: u32,
    /// Why the last server cannot be reached.
    cause: Option<String>,
    elapsed: Duration,
    why: Option<Stop>,
}

impl Session {
    pub(super) fn new(servers: &[SocketAddr]) -> Self {
        Self {
            servers: servers.to_vec(),
            truncated: Vec::new(),
            sends: Vec::new(),
            send: 0,
            asked: None,
            answered: None,
            queries: Vec::new(),
            answered_send: None,
            truncated_count: 0,
            failures: 0,
            late_replies: 0,
            cause: None,
            elapsed: Duration::ZERO,
            why: None,
        }
    }

    /// Returns the result, and reports it on stderr.
    pub(super) fn report(self, name: &str, resolver: &Resolver) -> LookupReport {
        let (outcome, error) = self.outcome(name, resolver);
        let aliases = self.aliases(resolver);
        for pair in aliases.windows(2) {
            narrate!("{} is an alias of {}", pair[0], pair[1]);
        }
        let unanswered: Vec<&str> = resolver.unanswered().map(Kind::name).collect();
        if outcome == Outcome::Answered {
            let sends = Count(self.sends.len() as u64, "send");
            let by = self.answered.map(|server| format!(" by {server}")).unwrap_or_default();
            narrate!("{GOOD}answered{GOOD:#} after {}{by}, {sends}", Rounded(self.elapsed));
            if !unanswered.is_empty() {
                warn(format_args!("no answer about records of type {}", unanswered.join(", ")));
            }
        }
        let first = self.sends.first().copied().unwrap_or_default();
        let since = |at: &Instant| seconds(at.saturating_since(first));
        LookupReport {
            outcome,
            aliases: aliases.into_iter().skip(1).collect(),
            unanswered,
            server: self.answered.map(|server| server.to_string()),
            servers: self.servers.iter().map(SocketAddr::to_string).collect(),
            sends: self.sends.len(),
            send_times_s: self.sends.iter().map(since).collect(),
            answered_send: self.answered_send,
            truncated: self.truncated_count,
            failures: self.failures,
            late_replies: self.late_replies,
            strangers: resolver.strangers(),
            error,
            ..LookupReport::of(name, resolver.addresses().collect()).after(self.elapsed)
        }
    }

    /// Returns how the lookup ended, and what went wrong.
    fn outcome(&self, name: &str, resolver: &Resolver) -> (Outcome, Option<String>) {
        let name = Printable::short(name);
        let waited = Rounded(self.elapsed);
        let sends = Count(self.sends.len() as u64, "send");
        match resolver.verdict() {
            Verdict::Found => (Outcome::Answered, None),
            Verdict::NoSuchName => (Outcome::NoSuchName, Some(format!("{name} does not exist"))),
            Verdict::NoAddress => {
                (Outcome::NoAddress, Some(format!("{name} exists, but has no address")))
            }
            Verdict::ServerFailed(failure) => (
                Outcome::ServerFailed,
                Some(format!(
                    "no server could answer after {sends} in {waited}; the last one: {failure}"
                )),
            ),
            Verdict::Unreachable => {
                let cause = self.cause.clone().unwrap_or_default();
                (Outcome::Unreachable, Some(format!("no name server can be reached: {cause}")))
            }
            _ if self.sends.is_empty() => {
                let why = self.why.map(|why| format!(": {why}")).unwrap_or_default();
                (Outcome::GaveUp, Some(format!("nothing was sent{why}")))
            }
            _ => (
                Outcome::GaveUp,
                Some(format!("no server answered after {sends} in {waited}: are they down?")),
            ),
        }
    }

    /// Returns the name that was asked for and its aliases, one after another.
    fn aliases(&self, resolver: &Resolver) -> Vec<String> {
        let longest = resolver.answers().max_by_key(|(_, answer)| answer.aliases.len());
        let aliases = longest.into_iter().flat_map(|(_, answer)| &answer.aliases);
        let own = &resolver.config().name;
        std::iter::once(own).chain(aliases).map(ToString::to_string).collect()
    }
}

impl Observer<Event> for Session {
    fn sent(&mut self, at: Instant, transmit: &Transmit, bytes: &[u8]) {
        let send = transmit.label.map_or(self.send, |label| label.send.get());
        if send != self.send {
            self.send = send;
            self.queries.clear();
            if self.sends.len() < MAX_TIMES {
                self.sends.push(at);
            }
        }
        self.asked = Some(transmit.to);
        let query = describe(bytes).unwrap_or_default();
        self.queries.push(query.trim_start_matches("query for ").to_string());
    }

    fn armed(&mut self, at: Instant, timer: Timer, deadline: Instant) {
        let wait = Rounded(deadline.saturating_since(at));
        let last = if timer == Timer::GiveUp { ", for the last time" } else { "" };
        let Some(asked) = self.asked.filter(|_| !self.queries.is_empty()) else { return };
        let queries = std::mem::take(&mut self.queries).join(", ");
        narrate!("send {}: asks {asked} for {queries}; waiting {wait}{last}", self.send);
    }

    fn event(
        &mut self,
        _at: Instant,
        event: &Event,
        datagram: Option<Datagram<'_>>,
    ) -> ControlFlow<()> {
        match *event {
            Event::Answered { answered_send, elapsed, .. } => {
                self.answered = datagram.map(|datagram| datagram.from).or(self.asked);
                (self.answered_send, self.elapsed) = (Some(answered_send), elapsed);
            }
            Event::GaveUp { elapsed, why, .. } => {
                (self.elapsed, self.why) = (elapsed, Some(why));
            }
            Event::Refused { elapsed, .. } => self.elapsed = elapsed,
            Event::Failed { server, send, why } => {
                self.failures += 1;
                narrate!("send {send}: {server} cannot answer: {why}");
            }
            Event::Unreachable { server, send } => {
                let cause = self.cause.get_or_insert_default();
                narrate!("send {send}: {server} cannot be reached: {cause}");
            }
            Event::Truncated(truncated) => {
                self.truncated_count += 1;
                self.truncated.push(truncated);
                let Truncated { server, send, .. } = truncated;
                narrate!("send {send}: the reply of {server} is truncated; asking over TCP");
                return ControlFlow::Break(());
            }
            Event::LateReply { send } => {
                self.late_replies += 1;
                narrate!("a late reply to send {send}, ignored");
            }
            Event::Stranger(mismatch) => {
                let from = datagram.map(|datagram| format!(" from {}", datagram.from));
                let (from, what) = (from.unwrap_or_default(), mismatch.name());
                warn(format_args!("a datagram{from} replies to no query ({what}), ignored"));
            }
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn trouble(&mut self, _at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        use retrylab::udp::Class;
        // The machine is notified of a final one, and its event follows.
        if trouble.class() == Class::Final {
            self.cause = Some(trouble.to_string());
        } else {
            warn(format_args!("a datagram is lost: {trouble}"));
        }
        ControlFlow::Continue(())
    }
}
