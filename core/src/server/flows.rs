//! Which client a datagram is from, and how many it has sent: together they name its random draws.

#![expect(clippy::disallowed_types, reason = "the map is looked up and never iterated")]

use alloc::vec::Vec;
use core::hash::{BuildHasherDefault, Hasher};
use core::net::SocketAddr;
use hashbrown::HashMap;

/// Maximum number of clients remembered. When it is reached, the table is cleared: numbers repeat, but
/// memory does not grow.
const MAX_CLIENTS: usize = 1 << 24;

/// Returns the number of the client with this address, from 1; `None` if no client has this address.
pub type FlowOf = fn(SocketAddr) -> Option<u32>;

/// A counter per client.
#[derive(Clone, Debug)]
pub(crate) enum Flows {
    /// Clients are numbered from 1 in order of appearance, as a server on a real socket must do. The map
    /// is never iterated, because its order depends on the hash.
    Appearing(HashMap<SocketAddr, (u32, u32), BuildHasherDefault<MixHasher>>),
    /// The address contains the client's number, so it does not depend on other clients.
    Numbered(FlowOf, Vec<u32>),
}

impl Flows {
    /// No client has appeared yet.
    pub(crate) fn appearing() -> Self {
        Self::Appearing(HashMap::default())
    }

    /// Counts a datagram from `client`; returns the client's number, from 1, and the datagram's index
    /// among the client's, from 0.
    #[inline(always)]
    pub(crate) fn count(&mut self, client: SocketAddr) -> (u32, u64) {
        let (flow, count) = match self {
            Self::Appearing(counters) => {
                if counters.len() >= MAX_CLIENTS && !counters.contains_key(&client) {
                    counters.clear();
                }
                let next = counters.len() as u32 + 1;
                let (flow, count) = counters.entry(client).or_insert((next, 0));
                (*flow, count)
            }
            Self::Numbered(flow_of, counts) => {
                // Strangers share the number 0.
                let flow =
                    flow_of(client).filter(|flow| (*flow as usize) < MAX_CLIENTS).unwrap_or(0);
                if counts.len() <= flow as usize {
                    counts.resize(flow as usize + 1, 0);
                }
                (flow, &mut counts[flow as usize])
            }
        };
        let index = u64::from(*count);
        *count = count.wrapping_add(1);
        (flow, index)
    }
}

/// A fast hash. Peers may choose addresses that collide; [`MAX_CLIENTS`] bounds the cost.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct MixHasher(u64);

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
