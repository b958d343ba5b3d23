//! The client: one exchange after another, each with as many connections as its policy allows.

use super::attempt::{Attempt, Attempts, Outbox};
use super::{Action, MAX_EVENTS, RELEASE, RELEASE_TIMER};
use super::{
    Codec, Command, ConnectionId, Endpoint, Event, Failure, Input, Reading, State, Subject,
};
use crate::client::{ClosedLoop, Config};
use crate::exchange::{Exchange, Outcome, Reply};
use crate::machine::{Label, Timer};
use crate::policy::{Hint, Stop};
use crate::time::Instant;
use alloc::collections::VecDeque;
use alloc::sync::Arc;
use alloc::vec::Vec;

/// The client's endpoint. One send of its exchange is one attempt: a connection, the request, and the reply.
///
/// When the policy's wait is over, the attempt is aborted and the next one begins with a new connection; a
/// policy that hedges keeps earlier attempts, and the first answer wins. When an attempt fails (the connection is
/// refused or breaks, the reply says so), the policy decides when the next one begins.
///
/// A request that is not [repeatable](Codec::is_repeatable) is sent on one connection only: attempts end
/// when one of them is confirmed, and the client then waits for its reply until the policy gives up, or
/// the policy's `attempt_timeout` is over.
///
/// After an exchange, the connection is closed in both directions. The next exchange does not wait for that.
#[derive(Clone, Debug)]
pub struct Client<C: Codec> {
    config: Arc<Config<ClosedLoop, C>>,
    exchange: Exchange,
    /// The client's number, from 1: part of the name of its random draws.
    flow: u32,
    /// Attempts of the exchange in progress.
    sends: u32,
    attempts: Attempts<C::Reader>,
    outbox: Outbox,
    events: VecDeque<Event>,
    reply: Option<C::Reader>,
}

impl<C: Codec> Client<C> {
    /// Creates a client that asks for its first connection at the first `poll_command`, unless its policy
    /// delays that.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config<ClosedLoop, C>>>) -> Self {
        Self::numbered(config, 1)
    }

    /// Creates client number `flow`, from 1, of several: each has random draws of its own.
    #[must_use]
    pub fn numbered(config: impl Into<Arc<Config<ClosedLoop, C>>>, flow: u32) -> Self {
        let config = config.into();
        let exchange = config.first();
        let (attempts, outbox) = (Attempts::default(), Outbox::default());
        let events = VecDeque::new();
        Self { config, exchange, flow, sends: 0, attempts, outbox, events, reply: None }
    }

    /// Returns its configuration.
    #[must_use]
    pub fn config(&self) -> &Config<ClosedLoop, C> {
        &self.config
    }

    /// Returns the last complete or unreadable reply of the exchange: after [`Event::Answered`], the answer;
    /// after [`Event::Failed`], what the server said, if anything. The next exchange, which begins with the next
    /// command, forgets it.
    #[must_use]
    pub const fn reply(&self) -> Option<&C::Reader> {
        self.reply.as_ref()
    }

    fn report(&mut self, event: Event) {
        if self.events.len() >= MAX_EVENTS {
            self.events.pop_front();
        }
        self.events.push_back(event);
    }

    /// Begins the prepared exchange.
    fn begin(&mut self, now: Instant) {
        self.adopt(now);
        (self.sends, self.reply) = (0, None);
        let outcome = self.config.begin(&mut self.exchange, self.flow, now);
        self.follow(outcome);
    }

    /// Takes the configuration of exchanges that begin now, if the next one is yet to begin.
    fn adopt(&mut self, now: Instant) {
        if self.exchange.is_to_begin()
            && let Some(config) = self.config.changed(now).cloned()
        {
            self.exchange.adopt(&config.policy);
            self.config = config;
        }
    }

    /// If the exchange is over, gives up its other attempts, reports that and prepares the next one; after
    /// the last one it is finished.
    fn follow(&mut self, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        let number = self.exchange.number();
        self.abandon(|_| true);
        self.report(Event::over(number.get(), self.sends, outcome));
        self.config.prepare_next(&mut self.exchange);
    }

    /// Aborts the attempts in progress that match, without an event.
    fn abandon(&mut self, which: impl Fn(&Attempt<C::Reader>) -> bool) {
        let ids = self.attempts.live().filter(|attempt| which(attempt)).map(|attempt| attempt.id);
        for id in ids.collect::<Vec<_>>() {
            self.abort(id);
        }
    }

    fn abort(&mut self, id: ConnectionId) {
        if let Some(attempt) = self.attempts.remove(id) {
            self.outbox.abort(id, attempt.label);
        }
    }

    /// Aborts the attempts in progress that match, because their time is over.
    fn time_out(&mut self, which: impl Fn(&Attempt<C::Reader>) -> bool) {
        let over = self.attempts.live().filter(|attempt| which(attempt));
        for (id, label) in over.map(|attempt| (attempt.id, attempt.label)).collect::<Vec<_>>() {
            self.abort(id);
            self.report_failure(label, Failure::TimedOut);
        }
    }

    /// Aborts the attempts that the policy's `attempt_timeout` has ended.
    fn time_out_attempts(&mut self, now: Instant) {
        if self.config.policy.attempt_timeout().is_none() {
            return;
        }
        let committed = self.is_committed();
        let Self { config, exchange, flow, .. } = self;
        let over = |label| exchange.send_answered(config.rules(*flow), Some(label)).is_none();
        let over: Vec<Label> = self
            .attempts
            .live()
            .map(|attempt| attempt.label)
            .filter(|label| over(*label))
            .collect();
        self.time_out(|attempt| over.contains(&attempt.label));
        if committed && !over.is_empty() {
            let outcome = self.exchange.stop(now, Stop::NotRepeated);
            self.follow(outcome);
        }
    }

    fn report_failure(&mut self, Label { exchange, send }: Label, why: Failure) {
        self.report(Event::Failed { exchange: exchange.get(), send: send.get(), why });
    }

    /// Returns true if the request is on its way and must not be sent again.
    fn is_committed(&self) -> bool {
        !self.config.codec.is_repeatable()
            && self.attempts.live().any(|attempt| attempt.state != State::Connecting)
    }

    /// Opens a connection for the send that `label` names.
    fn open(&mut self, now: Instant, label: Label) {
        if self.is_committed() {
            return self.time_out_attempts(now);
        }
        if !self.config.policy.hedging() {
            self.time_out(|_| true);
        }
        if let Some(oldest) = self.attempts.oldest_of_too_many() {
            self.abort(oldest);
        }
        self.sends += 1;
        let id = self.attempts.open(label, now, self.config.codec.reader_at(label, now));
        self.outbox.push(id, label, Command::Connect { to: self.config.peer });
    }

    /// Sends the request on a connection that has just been confirmed.
    fn confirmed(&mut self, id: ConnectionId, label: Label) {
        let Label { exchange, send } = label;
        self.report(Event::Confirmed { exchange: exchange.get(), send: send.get() });
        if !self.config.codec.is_repeatable() {
            self.abandon(|other| other.id != id);
        }
        self.command(id, Command::Send);
        if self.config.codec.finishes() {
            self.command(id, Command::Finish);
        }
    }

    /// Gives a command, if the connection's state allows it: a direction that is closed stays closed.
    fn command(&mut self, id: ConnectionId, command: Command) {
        let Some(attempt) = self.attempts.find(id) else { return };
        if attempt.state.follow(command.into()).is_ok() {
            let label = attempt.label;
            self.outbox.push(id, label, command);
        }
    }

    /// Handles what an attempt's bytes mean.
    fn read(&mut self, now: Instant, id: ConnectionId, reading: Reading) {
        let Some(label) = self.attempts.find(id).map(|attempt| attempt.label) else { return };
        match reading {
            Reading::More => {}
            // The result of a request that must not be repeated is the application's.
            Reading::Failure { .. } if !self.config.codec.is_repeatable() => {
                self.answered(now, id, label);
            }
            Reading::Answer => self.answered(now, id, label),
            Reading::Failure { hint } => {
                self.complete(now, id, label);
                self.command(id, Command::Finish);
                self.failed(now, label, Failure::Reply, hint);
            }
            Reading::Unreadable => {
                self.complete(now, id, label);
                self.abort(id);
                self.report_failure(label, Failure::Unreadable);
                let outcome = self.exchange.stop(now, Stop::Unreadable);
                self.follow(outcome);
            }
        }
    }

    /// Keeps a complete reply for the application, and gives the server some time to close the connection.
    fn complete(&mut self, now: Instant, id: ConnectionId, label: Label) {
        let empty = self.config.codec.reader(label);
        self.reply = self.attempts.complete(id, now.saturating_add(RELEASE), empty);
    }

    fn answered(&mut self, now: Instant, id: ConnectionId, label: Label) {
        self.complete(now, id, label);
        self.command(id, Command::Finish);
        // The attempt is in progress, so its exchange is, too.
        let outcome = self.exchange.answered(now, Reply { send: label.send, named: true });
        self.follow(Some(outcome));
    }

    /// Handles the failure of an attempt that is already gone.
    fn failed(&mut self, now: Instant, label: Label, why: Failure, hint: Option<Hint>) {
        self.report_failure(label, why);
        let rules = self.config.rules(self.flow);
        let outcome = self.exchange.failed(rules, now, label.send, hint);
        self.follow(outcome);
    }

    /// Handles the end of an attempt's connection without a complete reply. If the `request` may have
    /// reached the server, it is sent again only if it is repeatable.
    fn broken(&mut self, now: Instant, label: Label, why: Failure, request: bool) {
        if request && !self.config.codec.is_repeatable() {
            self.report_failure(label, why);
            let outcome = self.exchange.stop(now, Stop::NotRepeated);
            return self.follow(outcome);
        }
        self.failed(now, label, why, None);
    }

    /// Handles the end of a connection, by a refusal or a reset.
    fn lost(&mut self, now: Instant, id: ConnectionId, why: Failure) {
        self.outbox.forget(id);
        let Some(Attempt { label, releasing, .. }) = self.attempts.remove(id) else { return };
        if releasing.is_none() {
            return self.broken(now, label, why, why != Failure::Refused);
        }
        let Label { exchange, send } = label;
        self.report(Event::NotReleased { exchange: exchange.get(), send: send.get() });
    }

    /// Handles the end of the server's bytes.
    fn peer_finished(&mut self, now: Instant, id: ConnectionId) {
        let Some(attempt) = self.attempts.find(id) else { return };
        if attempt.releasing.is_none() {
            let label = attempt.label;
            let reading = self.config.codec.finished(&mut attempt.reader);
            if reading == Reading::More {
                self.abort(id);
                return self.broken(now, label, Failure::Incomplete, true);
            }
            self.read(now, id, reading);
        }
        self.command(id, Command::Finish);
    }

    /// Gives up connections that the server does not close.
    fn release_in_time(&mut self, now: Instant) {
        while let Some((id, Label { exchange, send })) = self.attempts.unreleased(now) {
            self.abort(id);
            self.report(Event::NotReleased { exchange: exchange.get(), send: send.get() });
        }
    }
}

impl<C: Codec> Endpoint for Client<C> {
    type Event = Event;

    fn handle_input(&mut self, now: Instant, id: ConnectionId, input: Input<'_>) {
        let Some(attempt) = self.attempts.find(id) else {
            if input.ends() {
                self.outbox.forget(id);
            }
            return;
        };
        let Ok(Action::Handle) = attempt.state.follow(input.into()) else { return };
        let label = attempt.label;
        match input {
            Input::Confirmed => self.confirmed(id, label),
            Input::Bytes(bytes) if attempt.releasing.is_none() => {
                let reading = self.config.codec.read(&mut attempt.reader, bytes);
                self.read(now, id, reading);
            }
            Input::Finished => self.peer_finished(now, id),
            Input::Released => {
                self.attempts.remove(id);
                let Label { exchange, send } = label;
                self.report(Event::Released { exchange: exchange.get(), send: send.get() });
            }
            Input::Refused => self.lost(now, id, Failure::Refused),
            Input::Reset => self.lost(now, id, Failure::Reset),
            Input::Accepted { .. } | Input::Bytes(_) | Input::Written(_) => {}
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.release_in_time(now);
        self.adopt(now);
        let outcome = self.exchange.due(self.config.rules(self.flow), now);
        self.follow(outcome);
        self.time_out_attempts(now);
    }

    fn poll_command(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<(ConnectionId, Command)> {
        if self.exchange.is_beginning() {
            self.begin(now);
        }
        if let Some(label) = self.exchange.next_send(now) {
            self.open(now, label);
        }
        loop {
            let (id, label, command) = self.outbox.pop()?;
            if command == Command::Send {
                let began = self.attempts.find(id).map_or(now, |attempt| attempt.began);
                self.config.codec.request_at(label, began, buf);
            }
            // An empty message is sent by finishing.
            if command != Command::Send || !buf.is_empty() {
                return Some((id, command));
            }
        }
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.events.pop_front()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let release = self.attempts.deadline().map(|until| (RELEASE_TIMER, until));
        let exchange = self.exchange.deadline();
        exchange.into_iter().chain(release).min_by_key(|(_, deadline)| *deadline)
    }

    fn label(&self, id: ConnectionId) -> Option<Label> {
        self.attempts.label(id)
    }

    fn timer_label(&self) -> Option<Label> {
        let release = self.attempts.deadline();
        let exchange = self.exchange.deadline().map(|(_, deadline)| deadline);
        // The time to release a connection refers to an exchange that is over.
        let own =
            exchange.is_some_and(|exchange| release.is_none_or(|release| exchange <= release));
        own.then(|| self.exchange.label())
    }

    fn subject(&self, event: &Event) -> Subject {
        Subject { connection: None, label: event.label() }
    }

    fn is_finished(&self) -> bool {
        self.exchange.is_over() && self.attempts.is_empty() && self.outbox.is_empty()
    }
}
