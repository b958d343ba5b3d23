//! Replies that leave after their client has begun another exchange.

use retrylab_core::trace::{Direction, Record, Sink, What};
use std::num::NonZeroU32;

/// Counts replies that a client counts for another exchange than their own.
///
/// A reply such as `Your data was 5 bytes` does not name its exchange, so it ends the exchange in progress. A server
/// knows better if the requests have tokens, which name their exchange.
#[derive(Debug, Default)]
pub(super) struct Overtaken {
    /// The exchange of the last request of each client, by the number of the client.
    exchanges: Vec<Option<NonZeroU32>>,
    pub(super) count: u64,
}

impl Sink for Overtaken {
    fn record(&mut self, record: &Record) {
        // The driver numbers at most 65,536 clients.
        let Some(client) = record.flow.map(|flow| flow.get() as usize) else { return };
        let exchange = record.label.map(|label| label.exchange);
        match record.what {
            What::Delivered { direction: Direction::Request } => {
                if client >= self.exchanges.len() {
                    self.exchanges.resize(client + 1, None);
                }
                self.exchanges[client] = exchange;
            }
            What::Sent { direction: Direction::Reply, .. } => {
                let current = self.exchanges.get(client).copied().flatten();
                let late = current.zip(exchange).is_some_and(|(current, own)| own < current);
                self.count += u64::from(late);
            }
            _ => {}
        }
    }
}
