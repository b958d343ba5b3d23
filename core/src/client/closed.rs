//! The client of a closed loop: an exchange begins when the previous one is over.

use super::{ClosedLoop, Config, Event};
use crate::exchange::{Ending, Exchange, Outcome};
use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::protocol::{Codec, Echo, Received};
use crate::time::Instant;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::NonZeroU32;

/// The client's machine. A million of them fit the memory of a laptop: 96 bytes each.
#[derive(Clone, Debug)]
pub struct Client<C = Echo> {
    config: Arc<Config<ClosedLoop, C>>,
    /// The exchange in progress; the last one when finished.
    exchange: Exchange,
    /// The client's number, from 1: part of the name of its random draws.
    flow: u32,
    pending: Option<Pending>,
}

/// The next event to report, without what the client knows anyway.
#[derive(Clone, Copy, Debug)]
enum Pending {
    Over(Outcome),
    Failed { send: NonZeroU32 },
    LateReply(Option<Label>),
    Stranger,
    Unreadable,
}

impl<C: Codec> Client<C> {
    /// Creates a client that makes its first send at the first `poll_transmit`, unless its policy delays
    /// that.
    #[must_use]
    pub fn new(config: impl Into<Arc<Config<ClosedLoop, C>>>) -> Self {
        Self::numbered(config, 1)
    }

    /// Creates client number `flow`, from 1, of several: each has random draws of its own.
    #[must_use]
    pub fn numbered(config: impl Into<Arc<Config<ClosedLoop, C>>>, flow: u32) -> Self {
        let config = config.into();
        Self { exchange: config.first(), config, flow, pending: None }
    }

    /// Becomes client number `flow` with the same configuration, as [`numbered`](Self::numbered) creates it.
    #[cfg(feature = "sim")]
    pub(crate) fn renumber(&mut self, flow: u32) {
        (self.flow, self.pending) = (flow, None);
        if self.exchange.memory() == 0 && self.config.load.exchanges > 0 {
            // It remembers nothing from one exchange to the next, so preparing it is enough, and takes less time.
            self.exchange.prepare(NonZeroU32::MIN);
        } else {
            self.exchange = self.config.first();
        }
    }

    /// Returns its configuration.
    #[must_use]
    pub fn config(&self) -> &Config<ClosedLoop, C> {
        &self.config
    }

    /// Returns an estimate of the memory in bytes that is not in the client itself. It does not change.
    #[must_use]
    pub fn memory(&self) -> usize {
        self.exchange.memory()
    }

    /// Begins the prepared exchange.
    #[inline(never)]
    fn begin(&mut self, now: Instant) {
        self.adopt(now);
        let outcome = self.config.begin(&mut self.exchange, self.flow, now);
        self.follow(outcome);
    }

    /// Takes the configuration of exchanges that begin now, if the next one is yet to begin.
    #[cold]
    fn adopt(&mut self, now: Instant) {
        if self.exchange.is_to_begin()
            && let Some(config) = self.config.changed(now).cloned()
        {
            self.exchange.adopt(&config.policy);
            self.config = config;
        }
    }

    /// Returns the number of an exchange that has ended: the current number is already that of the next one, if there is
    /// one.
    #[inline]
    fn ended(&self) -> u32 {
        self.exchange.number().get() - u32::from(!self.exchange.is_over())
    }

    /// Returns any other event than an answer.
    #[inline(never)]
    fn rarer_event(&mut self) -> Option<Event> {
        let number = self.exchange.number().get();
        Some(match self.pending.take()? {
            // Two events: the failure, then the end that follows from it.
            Pending::Over(outcome @ Outcome { how: Ending::Failed(why), sends, .. }) => {
                self.pending = Some(Pending::Over(outcome.ended(Ending::GaveUp(why))));
                Event::Failed { exchange: self.ended(), send: sends }
            }
            Pending::Over(outcome) => Event::over(self.ended(), outcome),
            Pending::Failed { send } => Event::Failed { exchange: number, send: send.get() },
            Pending::LateReply(label) => Event::LateReply { label },
            Pending::Stranger => Event::Stranger,
            Pending::Unreadable => Event::Unreadable,
        })
    }

    /// If the exchange is over, reports that and prepares the next one; after the last one it is
    /// finished.
    #[inline(always)]
    fn follow(&mut self, outcome: Option<Outcome>) {
        let Some(outcome) = outcome else { return };
        self.pending = Some(Pending::Over(outcome));
        self.config.prepare_next(&mut self.exchange);
    }
}

impl<C: Codec> Machine for Client<C> {
    type Event = Event;

    #[inline(always)]
    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        let Self { config, exchange, flow, pending } = self;
        if from != config.peer {
            // A connected socket never delivers these to the program.
            if !config.connected {
                *pending = Some(Pending::Stranger);
            }
            return;
        }
        let (label, failure) = match config.codec.reply(bytes, exchange.number()) {
            Received::Answer { label } => (label, None),
            Received::Failure { label, hint } => (label, Some(hint)),
            Received::Other => return *pending = Some(Pending::Unreadable),
        };
        let rules = config.rules(*flow);
        let Some(reply) = exchange.send_answered(rules, label) else {
            *pending = Some(Pending::LateReply(label));
            return;
        };
        match failure {
            None => {
                let outcome = exchange.answered(now, reply);
                self.follow(Some(outcome));
            }
            Some(hint) => {
                let send = reply.send;
                *pending = Some(Pending::Failed { send });
                let outcome = exchange.failed(rules, now, send, hint);
                self.follow(outcome);
            }
        }
    }

    #[inline(always)]
    fn handle_timeout(&mut self, now: Instant) {
        if self.config.changes() {
            self.adopt(now);
        }
        let outcome = self.exchange.due(self.config.rules(self.flow), now);
        self.follow(outcome);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        if peer == self.config.peer {
            let outcome = self.exchange.refused(self.config.rules(self.flow), now);
            self.follow(outcome);
        }
    }

    #[inline(always)]
    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.exchange.is_beginning() && !self.config.begin_plain(&mut self.exchange) {
            self.begin(now);
        }
        let label = self.exchange.next_send(now)?;
        self.config.codec.request_at(label, now, buf);
        Some(Transmit::to(self.config.peer).labelled(Some(label)))
    }

    #[inline(always)]
    fn poll_event(&mut self) -> Option<Event> {
        let pending = self.pending.as_ref()?;
        // Most events are this one, and the driver's loop need not look for its kind again.
        if let Pending::Over(outcome) = pending
            && let Ending::Answered { .. } = outcome.how
        {
            let event = Event::over(self.ended(), *outcome);
            self.pending = None;
            return Some(event);
        }
        self.rarer_event()
    }

    fn subject(&self, event: &Event) -> Subject {
        event.subject()
    }

    #[inline(always)]
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.exchange.deadline()
    }

    #[inline(always)]
    fn timer_subject(&self) -> Subject {
        Subject::send(Some(self.exchange.label()))
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.config.codec.reply(payload, self.exchange.number()).label()
    }

    #[inline]
    fn is_finished(&self) -> bool {
        self.exchange.is_over()
    }
}
