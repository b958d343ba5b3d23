//! The state that a link keeps of a flow.

use crate::time::Instant;

/// State of one flow in one direction.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct FlowState {
    /// State of the loss; `None` before the first datagram.
    pub(super) loss: Option<u8>,
    /// Time of that state.
    pub(super) last: Instant,
    /// Normal variable behind the last latency.
    pub(super) normal: Option<f64>,
    /// Number of datagrams since the last one that overtook others.
    pub(super) in_order: u32,
    /// Number of datagrams so far.
    pub(super) count: u64,
}
