//! One connection of a server.

use super::{Command, Limit, Limits, READ_AHEAD, Reaction, Service, State};
use crate::time::Instant;
use alloc::vec::Vec;

/// A connection: its state, what has arrived and what will be sent.
#[derive(Clone, Debug)]
pub(super) struct Peer<S> {
    pub(super) state: State,
    pub(super) phase: Phase,
    pub(super) session: S,
    /// Whether it waits in the server's queue of connections that may have commands.
    pub(super) is_ready: bool,
    /// Bytes that the service has not handled yet.
    inbox: Vec<u8>,
    /// Answers that the driver has not collected yet.
    out: Vec<u8>,
    /// Bytes that the driver has collected and the network has not taken.
    unwritten: usize,
    received: u64,
    /// When the connection's time is over, whatever happens.
    end: Instant,
    /// When its time is over unless something happens, and which limit that is.
    pub(super) deadline: (Instant, Limit),
}

/// What the server does with a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It reads and answers.
    Serving,
    /// It reads and ignores, and never answers.
    Silent,
    /// It sends the rest of its answers and closes its direction; what arrives is ignored.
    Finishing,
}

impl<S> Peer<S> {
    pub(super) fn new(now: Instant, limits: &Limits, session: S) -> Self {
        let end = now.saturating_add(limits.total);
        let mut peer = Self {
            state: State::Open,
            phase: Phase::Serving,
            session,
            is_ready: false,
            inbox: Vec::new(),
            out: Vec::new(),
            unwritten: 0,
            received: 0,
            end,
            deadline: (end, Limit::Total),
        };
        peer.touch(now, limits);
        peer
    }

    /// Extends the connection's time, because something has happened. When all is sent, the time to release it
    /// begins, and nothing extends that.
    pub(super) fn touch(&mut self, now: Instant, limits: &Limits) {
        if self.deadline.1 == Limit::Release {
            return;
        }
        let (wait, limit) = if self.phase == Phase::Finishing && self.pending() == 0 {
            (limits.release, Limit::Release)
        } else {
            (limits.idle, Limit::Idle)
        };
        self.deadline = (now.saturating_add(wait), limit).min((self.end, Limit::Total));
    }

    /// Ends the connection's time at `end` or earlier.
    pub(super) fn end_by(&mut self, end: Instant) {
        self.end = self.end.min(end);
        self.deadline = self.deadline.min((end, Limit::Total));
    }

    /// Returns the bytes that are not sent yet.
    const fn pending(&self) -> usize {
        self.out.len() + self.unwritten
    }

    pub(super) fn window(&self) -> usize {
        match self.phase {
            Phase::Serving => READ_AHEAD.saturating_sub(self.inbox.len() + self.pending()),
            Phase::Silent | Phase::Finishing => READ_AHEAD,
        }
    }

    /// Closes the connection if everything that has arrived is answered.
    pub(super) fn finish_if_idle<V: Service<Session = S>>(&mut self, service: &V) {
        let is_quiet = self.inbox.is_empty() && self.pending() == 0;
        if self.phase == Phase::Serving && is_quiet && service.is_idle(&self.session) {
            self.phase = Phase::Finishing;
        }
    }

    /// Adds bytes from the client. Returns false if they are too many.
    pub(super) fn receive(&mut self, bytes: &[u8], limits: &Limits) -> bool {
        self.received = self.received.saturating_add(bytes.len() as u64);
        if self.phase == Phase::Serving {
            self.inbox.extend_from_slice(bytes);
        }
        self.received <= limits.bytes || self.phase != Phase::Serving
    }

    /// Counts bytes that the network has taken.
    pub(super) fn written(&mut self, bytes: usize) {
        self.unwritten = self.unwritten.saturating_sub(bytes);
    }

    /// Lets the service handle what has arrived, unless too much waits to be sent. Returns false if the
    /// connection must be broken.
    pub(super) fn serve<V: Service<Session = S>>(&mut self, service: &mut V) -> bool {
        let mut handled = 0;
        while self.phase == Phase::Serving && self.pending() < READ_AHEAD {
            let rest = &self.inbox[handled..];
            if rest.is_empty() {
                break;
            }
            let (used, reaction) = service.handle_bytes(&mut self.session, rest, &mut self.out);
            handled += used.min(rest.len());
            match reaction {
                Reaction::Continue if used == 0 => break,
                Reaction::Continue => {}
                _ if self.react(reaction) => {}
                _ => return false,
            }
        }
        self.inbox.drain(..handled);
        let finished = self.state == State::HalfClosedRemote;
        if self.phase == Phase::Serving && finished && self.pending() < READ_AHEAD {
            let reaction = service.handle_finished(&mut self.session, &self.inbox, &mut self.out);
            if !self.react(reaction) {
                return false;
            }
        }
        if self.phase != Phase::Serving {
            self.inbox = Vec::new();
        }
        true
    }

    /// Does what the service wants next. Returns false if the connection must be broken.
    fn react(&mut self, reaction: Reaction) -> bool {
        match reaction {
            Reaction::Continue | Reaction::Finish => self.phase = Phase::Finishing,
            Reaction::Silence => self.phase = Phase::Silent,
            Reaction::Abort => return false,
        }
        true
    }

    /// Lets the service answer that the time is over. Returns false if it says nothing.
    pub(super) fn time_out<V: Service<Session = S>>(&mut self, service: &mut V) -> bool {
        if self.phase != Phase::Serving || !self.state.can_send() {
            return false;
        }
        let before = self.out.len();
        service.handle_time_limit(&mut self.session, &self.inbox, &mut self.out);
        self.phase = Phase::Finishing;
        self.inbox = Vec::new();
        self.out.len() > before
    }

    /// Returns the next command: the bytes to send, in `buf`, or the end of them.
    pub(super) fn command(&mut self, buf: &mut Vec<u8>) -> Option<Command> {
        if !self.out.is_empty() {
            buf.append(&mut self.out);
            self.unwritten += buf.len();
            return self.follow(Command::Send);
        }
        (self.phase == Phase::Finishing).then(|| self.follow(Command::Finish))?
    }

    fn follow(&mut self, command: Command) -> Option<Command> {
        self.state.follow(command.into()).is_ok().then_some(command)
    }
}
