//! How many datagrams each client has sent: the index that names a datagram's fate.

use core::hash::{BuildHasherDefault, Hasher};
use core::net::SocketAddr;
use hashbrown::HashMap;

/// The most clients remembered. Beyond it the table starts anew: numbers repeat, memory does not grow.
const MOST: usize = 1 << 22;

/// A counter per client. Looked up, never iterated: its order would depend on the hash.
#[derive(Clone, Debug, Default)]
pub(super) struct Flows {
    counters: HashMap<SocketAddr, (u32, u32), BuildHasherDefault<MixHasher>>,
}

impl Flows {
    /// Counts a datagram from `client`: the client's number, from 1 in order of appearance, and the
    /// datagram's index within it, from 0.
    pub(super) fn count(&mut self, client: SocketAddr) -> (u32, u64) {
        if self.counters.len() >= MOST && !self.counters.contains_key(&client) {
            self.counters.clear();
        }
        let next = self.counters.len() as u32 + 1;
        let (flow, count) = self.counters.entry(client).or_insert((next, 0));
        let index = u64::from(*count);
        *count = count.wrapping_add(1);
        (*flow, index)
    }
}

/// A fast hash for addresses that a peer may choose: MOST bounds what a flood of collisions can cost.
#[derive(Clone, Copy, Debug, Default)]
struct MixHasher(u64);

impl Hasher for MixHasher {
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.write_u64(u64::from_le_bytes(word));
        }
    }

    fn write_u8(&mut self, n: u8) {
        self.write_u64(n.into());
    }

    fn write_u16(&mut self, n: u16) {
        self.write_u64(n.into());
    }

    fn write_u32(&mut self, n: u32) {
        self.write_u64(n.into());
    }

    fn write_u64(&mut self, n: u64) {
        self.0 = (self.0.rotate_left(23) ^ n).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    }

    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 32
    }
}
