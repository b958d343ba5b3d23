//! Which client is which, for the trace of a server.

use std::collections::HashMap;
use std::net::SocketAddr;

/// The most clients remembered; beyond it numbering starts anew, so that forged addresses cannot fill
/// the memory.
const MOST: usize = 1 << 16;

/// Numbers clients from 1 in order of appearance.
#[derive(Debug, Default)]
pub(super) struct Flows(HashMap<SocketAddr, u32>);

impl Flows {
    /// The number of `client`.
    pub(super) fn number(&mut self, client: SocketAddr) -> u32 {
        if self.0.len() >= MOST && !self.0.contains_key(&client) {
            self.0.clear();
        }
        let next = self.0.len() as u32 + 1;
        *self.0.entry(client).or_insert(next)
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
            assert!(flows.0.len() <= MOST);
        }
    }
}
