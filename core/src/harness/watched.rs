//! A machine whose driver checks, at every call, the laws that it can see.

use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::time::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// More transmits and events than this after one input are taken for a drain that never ends.
pub const MOST_PER_INPUT: u32 = 10_000;

/// `M`, watched.
#[derive(Clone, Debug)]
pub(super) struct Watched<M> {
    machine: M,
    /// Which of the two it is, for messages.
    name: &'static str,
    /// Transmits and events since the last input.
    polls: u32,
    /// The last input was `handle_timeout` at this time, and it was due.
    due: Option<Instant>,
}

impl<M: Machine> Watched<M> {
    pub(super) const fn new(machine: M, name: &'static str) -> Self {
        Self { machine, name, polls: 0, due: None }
    }

    pub(super) const fn inner(&self) -> &M {
        &self.machine
    }

    const fn input(&mut self, due: Option<Instant>) {
        self.polls = 0;
        self.due = due;
    }

    fn polled(&mut self, what: &str) {
        self.polls += 1;
        assert!(
            self.polls <= MOST_PER_INPUT,
            "the {} breaks the driving law: {what} has not come to `None` after {MOST_PER_INPUT} \
             transmits and events since the last input",
            self.name,
        );
    }
}

impl<M: Machine> Machine for Watched<M> {
    type Event = M::Event;

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        self.input(None);
        self.machine.handle_datagram(now, local, from, bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        let deadline = self.machine.poll_timeout();
        self.input(deadline.filter(|(_, deadline)| *deadline <= now).map(|_| now));
        self.machine.handle_timeout(now);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        self.input(None);
        self.machine.handle_refused(now, peer);
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let transmit = self.machine.poll_transmit(now, buf)?;
        self.polled("`poll_transmit`");
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<M::Event> {
        let event = self.machine.poll_event()?;
        self.polled("`poll_event`");
        Some(event)
    }

    /// The network reads the deadline only after a full drain, so that every law of it holds here.
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let (timer, deadline) = self.machine.poll_timeout()?;
        let name = self.name;
        assert!(
            !self.machine.is_finished(),
            "the {name} breaks the laws of the deadline: it is finished, yet waits until {deadline} s \
             ({timer})",
        );
        assert!(
            self.due.is_none_or(|now| deadline > now),
            "the {name} breaks the laws of the deadline: after `handle_timeout` at {} s and a full \
             drain it waits until {deadline} s ({timer}), which is not later",
            self.due.unwrap_or_default(),
        );
        Some((timer, deadline))
    }

    fn handle_start(&mut self, now: Instant) {
        self.input(None);
        self.machine.handle_start(now);
    }

    fn subject(&self, event: &M::Event) -> Subject {
        self.machine.subject(event)
    }

    fn describe(&self, payload: &[u8]) -> Option<String> {
        self.machine.describe(payload)
    }

    fn timer_label(&self) -> Option<Label> {
        self.machine.timer_label()
    }

    fn is_finished(&self) -> bool {
        self.machine.is_finished()
    }
}
