//! Numbers clients and their datagrams, for the trace.

use retrylab_core::server::Clients;
use retrylab_core::trace::Direction;
use std::net::SocketAddr;

/// Numbers clients from 1 in order of appearance, and their datagrams in each direction from 1.
#[derive(Debug, Default)]
pub(super) struct Flows(Clients<[u32; 2]>);

impl Flows {
    /// Returns the number of `client`.
    pub(super) fn number(&mut self, client: SocketAddr) -> u32 {
        self.0.entry(client).0
    }

    /// Counts a datagram that `client` has sent or is sent; returns its number.
    pub(super) fn count(&mut self, client: SocketAddr, direction: Direction) -> u32 {
        let (_, counts) = self.0.entry(client);
        let count = &mut counts[direction as usize];
        *count = count.wrapping_add(1);
        *count
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_datagrams_of_each_client_are_numbered_in_each_direction() {
        let client = |n: u32| SocketAddr::from((n.to_be_bytes(), 1));
        let mut flows = Flows::default();
        assert_eq!([7, 9, 7, 8].map(|n| flows.number(client(n))), [1, 2, 1, 3]);
        let mut count = |n, direction| flows.count(client(n), direction);
        assert_eq!(count(1, Direction::Request), 1);
        assert_eq!((count(1, Direction::Request), count(1, Direction::Reply)), (2, 1));
        assert_eq!(count(2, Direction::Request), 1);
    }
}
