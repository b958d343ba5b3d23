//! An endpoint in the network.

use super::super::wire::Wire;
use super::side::Side;
use crate::drive::Context;
use crate::machine::Timer;
use crate::stream::Endpoint;
use crate::time::Instant;
use crate::trace::{Sink, What};

/// An endpoint with its connections; those of the server are elsewhere.
#[derive(Debug)]
pub(super) struct Host<E> {
    pub(super) endpoint: E,
    pub(super) side: Side,
    /// The timer when it was last recorded.
    timer: Option<(Timer, Instant)>,
}

impl<E> Host<E> {
    pub(super) fn new(endpoint: E) -> Self {
        Self { endpoint, side: Side::default(), timer: None }
    }
}

impl<E: Endpoint> Host<E> {
    /// Fires the endpoint's timer, if it is due; returns true if it was.
    pub(super) fn fire<K: Sink>(&mut self, wire: &mut Wire<K>, context: Context) -> bool {
        let Some((timer, deadline)) = self.endpoint.poll_timeout() else { return false };
        let is_due = deadline <= wire.now;
        if is_due {
            let label = self.endpoint.timer_label();
            wire.record(Context { label, ..context }, What::TimerFired { timer });
            self.timer = None;
            self.endpoint.handle_timeout(wire.now);
        }
        is_due
    }

    /// Records the endpoint's timer if it has changed; returns its deadline.
    pub(super) fn record_timer<K: Sink>(
        &mut self,
        wire: &mut Wire<K>,
        context: Context,
    ) -> Option<Instant> {
        let timer = self.endpoint.poll_timeout();
        if timer != self.timer {
            self.timer = timer;
            if let Some((timer, deadline)) = timer {
                wire.record(context, What::TimerArmed { timer, deadline });
            }
        }
        timer.map(|(_, deadline)| deadline)
    }
}
