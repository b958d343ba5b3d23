//! A wrapper that checks at every call whether a machine follows the contract.

use crate::drive::Timeouts;
use crate::machine::{Label, MAX_TIMEOUTS_AT_ONCE, Machine, Subject, Timer, Transmit};
use crate::time::Instant;
use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// Maximum number of transmits and events after one input; more mean that the drain never ends.
pub const MAX_PER_INPUT: u32 = 10_000;

/// Machine `M` with checks.
#[derive(Clone, Debug)]
pub(super) struct Watched<M> {
    machine: M,
    /// `client` or `server`, for messages.
    name: &'static str,
    /// Number of transmits and events since the last input.
    polls: u32,
    timeouts: Timeouts,
}

impl<M: Machine> Watched<M> {
    pub(super) const fn new(machine: M, name: &'static str) -> Self {
        Self { machine, name, polls: 0, timeouts: Timeouts::of_hosts(1) }
    }

    pub(super) const fn inner(&self) -> &M {
        &self.machine
    }

    const fn input(&mut self) {
        self.polls = 0;
    }

    fn polled(&mut self, what: &str) {
        self.polls += 1;
        assert!(
            self.polls <= MAX_PER_INPUT,
            "the {} breaks the contract: {what} does not return `None` after {MAX_PER_INPUT} transmits \
             and events since the last input",
            self.name,
        );
    }
}

impl<M: Machine> Machine for Watched<M> {
    type Event = M::Event;

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        self.input();
        self.machine.handle_datagram(now, local, from, bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.input();
        if let Some((timer, deadline)) = self.machine.poll_timeout() {
            assert!(
                !self.timeouts.is_stuck(now, deadline),
                "the {} is stuck: at {now} s it has asked for more than {MAX_TIMEOUTS_AT_ONCE} \
                 time-outs in a row ({timer}), each due when the previous one was handled",
                self.name,
            );
        }
        self.machine.handle_timeout(now);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        self.input();
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

    fn note_label(&mut self, label: Option<Label>) {
        self.machine.note_label(label);
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        self.machine.label_of(payload)
    }

    /// The network reads the deadline only after a full drain, so every rule about deadlines holds here.
    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let (timer, deadline) = self.machine.poll_timeout()?;
        let name = self.name;
        assert!(
            !self.machine.is_finished(),
            "the {name} breaks the contract: it is finished, yet waits until {deadline} s ({timer})",
        );
        Some((timer, deadline))
    }

    fn handle_start(&mut self, now: Instant) {
        self.input();
        self.machine.handle_start(now);
    }

    fn subject(&self, event: &M::Event) -> Subject {
        self.machine.subject(event)
    }

    fn describe(&self, payload: &[u8]) -> Option<String> {
        self.machine.describe(payload)
    }

    fn timer_subject(&self) -> Subject {
        self.machine.timer_subject()
    }

    fn is_finished(&self) -> bool {
        self.machine.is_finished()
    }
}
