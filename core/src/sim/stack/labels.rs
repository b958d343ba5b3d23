//! Which send a connection is for, by the port of its client.

use crate::machine::Label;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Maximum number of connections that are remembered of a client: late segments of older ones have no label.
const KEPT: usize = 64;

/// The sends that the latest connections of each client are for.
#[derive(Debug, Default)]
pub(in crate::sim) struct Labels(Vec<VecDeque<(u16, Label)>>);

impl Labels {
    /// Remembers that client `flow` has asked for a connection from `port`.
    pub(in crate::sim) fn set(&mut self, flow: u32, port: u16, label: Label) {
        let place = flow as usize;
        if self.0.len() <= place {
            self.0.resize_with(place + 1, VecDeque::new);
        }
        let known = &mut self.0[place];
        if known.len() == KEPT {
            known.pop_front();
        }
        known.push_back((port, label));
    }

    /// Returns the send that the connection of client `flow` from `port` is for.
    pub(in crate::sim) fn of(&self, flow: u32, port: u16) -> Option<Label> {
        let known = self.0.get(flow as usize)?;
        known.iter().rev().find(|(other, _)| *other == port).map(|(_, label)| *label)
    }

    /// Returns the memory in bytes.
    pub(in crate::sim) fn memory(&self) -> usize {
        self.0.iter().map(|known| known.capacity() * size_of::<(u16, Label)>()).sum()
    }
}
