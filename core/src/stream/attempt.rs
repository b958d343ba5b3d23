//! The connections of a client, and the commands that its driver has not yet collected.

use super::{Command, ConnectionId, State};
use crate::machine::Label;
use crate::time::Instant;
use alloc::collections::VecDeque;
use alloc::vec::Vec;

/// Maximum number of connections of a client: those that a policy hedges with, and those of earlier exchanges
/// that their servers have not closed yet. Before it opens another one, the client aborts the oldest.
pub const MAX_CONNECTIONS: usize = 64;

/// One connection of a client.
#[derive(Clone, Debug)]
pub(super) struct Attempt<R> {
    pub(super) id: ConnectionId,
    pub(super) label: Label,
    /// When the send began: the connection was asked for.
    pub(super) began: Instant,
    pub(super) state: State,
    pub(super) reader: R,
    /// When to give the connection up, once its reply is complete; `None` while its reply is awaited.
    pub(super) releasing: Option<Instant>,
}

/// The connections, in the order in which they were opened.
#[derive(Clone, Debug)]
pub(super) struct Attempts<R> {
    list: Vec<Attempt<R>>,
    /// Number of the connection opened last.
    opened: u64,
}

impl<R> Default for Attempts<R> {
    fn default() -> Self {
        Self { list: Vec::new(), opened: 0 }
    }
}

impl<R> Attempts<R> {
    /// Adds a connection that is being opened.
    pub(super) fn open(&mut self, label: Label, began: Instant, reader: R) -> ConnectionId {
        self.opened += 1;
        let id = ConnectionId(self.opened);
        let state = State::Connecting;
        self.list.push(Attempt { id, label, began, state, reader, releasing: None });
        id
    }

    pub(super) fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Returns the connection to abort before another one is opened, if there are too many.
    pub(super) fn oldest_of_too_many(&self) -> Option<ConnectionId> {
        (self.list.len() >= MAX_CONNECTIONS).then(|| self.list[0].id)
    }

    /// Returns the connections whose reply is awaited.
    pub(super) fn live(&self) -> impl Iterator<Item = &Attempt<R>> {
        self.list.iter().filter(|attempt| attempt.releasing.is_none())
    }

    pub(super) fn find(&mut self, id: ConnectionId) -> Option<&mut Attempt<R>> {
        self.list.iter_mut().find(|attempt| attempt.id == id)
    }

    pub(super) fn label(&self, id: ConnectionId) -> Option<Label> {
        self.list.iter().find(|attempt| attempt.id == id).map(|attempt| attempt.label)
    }

    pub(super) fn remove(&mut self, id: ConnectionId) -> Option<Attempt<R>> {
        let at = self.list.iter().position(|attempt| attempt.id == id)?;
        Some(self.list.remove(at))
    }

    /// Marks the connection's reply as complete and returns it with an empty `reader` in its place.
    pub(super) fn complete(
        &mut self,
        id: ConnectionId,
        release_until: Instant,
        reader: R,
    ) -> Option<R> {
        let attempt = self.find(id)?;
        attempt.releasing = Some(release_until);
        Some(core::mem::replace(&mut attempt.reader, reader))
    }

    /// Returns a connection whose server should have closed it by now.
    pub(super) fn unreleased(&self, now: Instant) -> Option<(ConnectionId, Label)> {
        let late = |attempt: &&Attempt<R>| attempt.releasing.is_some_and(|until| until <= now);
        self.list.iter().find(late).map(|attempt| (attempt.id, attempt.label))
    }

    /// Returns when the first connection will be [`unreleased`](Self::unreleased).
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.list.iter().filter_map(|attempt| attempt.releasing).min()
    }
}

/// The commands that the driver has not yet collected, in order.
#[derive(Clone, Debug, Default)]
pub(super) struct Outbox(VecDeque<(ConnectionId, Label, Command)>);

impl Outbox {
    pub(super) fn push(&mut self, id: ConnectionId, label: Label, command: Command) {
        self.0.push_back((id, label, command));
    }

    pub(super) fn pop(&mut self) -> Option<(ConnectionId, Label, Command)> {
        self.0.pop_front()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Drops the commands for a connection that is gone. Returns true if the driver does not know it yet.
    pub(super) fn forget(&mut self, id: ConnectionId) -> bool {
        let opens = |(other, _, command): &(ConnectionId, Label, Command)| {
            *other == id && matches!(command, Command::Connect { .. })
        };
        let unknown = self.0.iter().any(opens);
        self.0.retain(|(other, ..)| *other != id);
        unknown
    }

    /// Replaces the commands for a connection by an abort.
    pub(super) fn abort(&mut self, id: ConnectionId, label: Label) {
        if !self.forget(id) {
            self.push(id, label, Command::Abort);
        }
    }
}
