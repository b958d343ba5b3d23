//! What simulates independent clients one after another.

use super::RunSink;
use crate::link::Channel;
use crate::time::Instant;

/// A network of one client at a time.
pub(super) trait Hosting {
    /// The caller's sink.
    type Sink;

    /// Replaces the client by another one, and starts it at time 0, which is its first event. What the servers and the link know of the earlier
    /// client is forgotten.
    fn restart(&mut self, flow: u32);
    /// Handles up to `max` events; returns how many there were, fewer only if none is left.
    fn steps(&mut self, max: u64) -> u64;
    /// Lets nothing happen after `end`.
    fn end_at(&mut self, end: Instant);
    fn is_stuck(&self) -> bool;
    /// Returns true if something was left to happen after the end.
    fn has_reached_end(&mut self) -> bool;
    /// Returns true if anything is left to happen, even after the end.
    fn has_more(&mut self) -> bool;
    fn now(&self) -> Instant;
    /// Returns an estimate of the memory in bytes.
    fn memory(&self) -> u64;
    fn channel(&self) -> &Channel;
    fn sink(&self) -> &RunSink<Self::Sink>;
    fn into_sink(self) -> RunSink<Self::Sink>;
}
