//! A host of the simulated network, with the queue entry that wakes it.

use super::super::wire::Wire;
use crate::drive::{Context, Host, Role, Visit};
use crate::machine::Machine;
use crate::scenario::Family;
use crate::time::Instant;
use crate::trace::Sink;

/// A host with the queue entry that will wake it.
#[derive(Clone, Debug)]
pub(super) struct Slot<M> {
    pub(super) host: Host<M>,
    /// When the entry is due, in nanoseconds; [`NEVER`] if there is none. When a deadline moves, the entry
    /// stays where it is: the host is woken early, and its deadline is read again.
    pub(super) wake: u64,
}

/// No entry will wake the host. (The last representable instant never comes in practice.)
pub(super) const NEVER: u64 = u64::MAX;

impl<M> Slot<M> {
    pub(super) const fn new(machine: M) -> Self {
        Self { host: Host::new(machine), wake: NEVER }
    }
}

impl<M: Machine> Slot<M> {
    /// Takes the queue's entry at `at` and fires the timer, if it is due.
    #[inline(always)]
    pub(super) fn wake<K: Sink>(
        &mut self,
        role: Role,
        id: u32,
        at: Instant,
        wire: &mut Wire<K>,
    ) -> Option<(Context, Visit)> {
        if self.wake != at.as_nanos() {
            return None; // The host was given an earlier entry since, and has been woken by it.
        }
        self.wake = NEVER;
        let flow_of = |peer| Family::of(peer).clients().flow_of(peer);
        match self.host.fire(role, at, flow_of) {
            Ok(fired) => Some(fired),
            Err(deadline) => {
                self.wait(id, deadline, wire);
                None
            }
        }
    }

    /// Makes sure that the host is woken at its deadline; at once, if that is past.
    #[inline(always)]
    pub(super) fn wait<K: Sink>(&mut self, id: u32, deadline: Option<Instant>, wire: &mut Wire<K>) {
        let Some(deadline) = deadline.map(|deadline| deadline.max(wire.now)) else { return };
        if deadline.as_nanos() < self.wake {
            self.wake = deadline.as_nanos();
            wire.wake_at(id, deadline);
        }
    }
}
