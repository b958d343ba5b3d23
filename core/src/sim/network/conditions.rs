//! What happens to the link of a network during a run.

use super::Network;
use crate::eras::Eras;
use crate::link::{Act, Fault, Link};
use crate::machine::Machine;
use crate::trace::{Sink, What};
use alloc::vec::Vec;

impl<C, S, K> Network<C, S, K>
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
    K: Sink,
{
    /// Sets the links that follow each other.
    #[must_use]
    pub(in crate::sim) fn with_link_eras(mut self, eras: Eras<Link>) -> Self {
        self.wire.set_eras(eras);
        self
    }

    /// Adds faults of the link.
    #[must_use]
    pub fn with_faults(mut self, faults: Vec<Fault>) -> Self {
        self.wire.set_faults(faults);
        self
    }

    /// Adds acts by hand: see [`Pipe::add_acts`](crate::link::Pipe::add_acts).
    #[must_use]
    pub fn with_acts(mut self, acts: &[Act]) -> Self {
        self.wire.set_acts(acts);
        self
    }
}
