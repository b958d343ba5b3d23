//! Numbers clients and their datagrams, for the trace.

use retrylab_core::trace::Direction;
use std::collections::HashMap;
use std::net::SocketAddr;

/// Maximum number of clients to remember. Beyond it, numbering starts again, so that forged addresses cannot
/// exhaust the memory.
const MAX_CLIENTS: usize = 1 << 16;

/// Numbers clients from 1 in order of appearance, and their datagrams in each direction from 1.
#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<SocketAddr, (u32, [u32; 2])>);

impl Flows {
    /// Returns the number of `client`.
    pub(super) fn number(&mut self, client: SocketAddr) -> u32 {
        self.entry(client).0
    }

    /// Counts a datagram that `client` has sent or is sent; returns its number.
    pub(super) fn count(&mut self, client: SocketAddr, direction: Direction) -> u32 {
        let (_, counts) = self.entry(client);
        let count = &mut counts[direction as usize];
        *count = count.wrapping_add(1);
        *count
    }

    fn entry(&mut self, client: SocketAddr) -> &mut (u32, [u32; 2]) {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&client) {
            self.0.clear();
        }
        let next = self.0.len() as u32 + 1;
        self.0.entry(client).or_insert((next, [0; 2]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clients_are_numbered_in_order_of_appearance_and_memory_is_bounded() {
        let client = |n: u32| SocketAddr::from((n.to_be_bytes(), 1));
        let mut flows = Flows::default();
        assert_eq!([7, 9, 7, 8].map(|n| flows.number(client(n))), [1, 2, 1, 3]);
        for n in 0..200_000 {
            flows.number(client(n));
            assert!(flows.0.len() <= MAX_CLIENTS);
        }
        let mut count = |n, direction| flows.count(client(n), direction);
        assert_eq!(count(1, Direction::Request), 1);
        assert_eq!((count(1, Direction::Request), count(1, Direction::Reply)), (2, 1));
        assert_eq!(count(2, Direction::Request), 1);
    }
}
