//! The deadline of the endpoint.

use crate::clock::Clock;
use retrylab_core::time::Instant;
use std::pin::Pin;
use tokio::time::Sleep;

/// Waits for a deadline that changes often, and mostly to a later time. The timer of the runtime is moved only
/// if it would fire too late; if it fires too early, it is set again.
#[derive(Debug, Default)]
pub(super) struct Timer {
    /// Time at which to wake.
    pub(super) deadline: Option<Instant>,
    /// The runtime's timer, and when it fires.
    sleep: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Timer {
    /// Waits until the deadline has passed. The future can be dropped at any time.
    pub(super) async fn passed(&mut self, clock: Clock) {
        let Some(deadline) = self.deadline else { return std::future::pending().await };
        loop {
            let left = deadline.saturating_since(clock.now());
            if left.is_zero() {
                return;
            }
            // Later than the system can express is never.
            let Some(at) = tokio::time::Instant::now().checked_add(left) else {
                return std::future::pending().await;
            };
            let (_, sleep) = match &mut self.sleep {
                Some(set) => {
                    if set.0 > deadline || set.1.is_elapsed() {
                        set.0 = deadline;
                        set.1.as_mut().reset(at);
                    }
                    set
                }
                None => self.sleep.insert((deadline, Box::pin(tokio::time::sleep_until(at)))),
            };
            sleep.as_mut().await;
        }
    }
}
