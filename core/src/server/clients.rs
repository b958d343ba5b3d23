//! The clients of a server, numbered in the order in which they appear.

use alloc::collections::BTreeMap;
use core::net::SocketAddr;

/// Maximum number of clients to remember.
const MAX_CLIENTS: usize = 1 << 16;

/// The clients of a server on a real socket, with a value for each.
///
/// They are numbered from 1 in the order in which they appear. When there are 65,536 of them, all are forgotten
/// and numbering starts again, so that forged addresses cannot exhaust the memory. A look-up compares at most
/// about twenty addresses. It does not hash them, so that no choice of addresses makes it slower.
///
/// ```
/// use retrylab_core::server::Clients;
///
/// let mut clients = Clients::<u32>::default();
/// let [a, b] = ["192.0.2.1:9", "192.0.2.2:9"].map(|address| address.parse().unwrap());
/// assert_eq!(clients.entry(a), (1, &mut 0));
/// *clients.entry(b).1 += 7;
/// assert_eq!(clients.entry(b), (2, &mut 7));
/// ```
#[derive(Clone, Debug, Default)]
pub struct Clients<T>(BTreeMap<SocketAddr, (u32, T)>);

impl<T: Default> Clients<T> {
    /// Returns the number of `client` and its value, the default value if the client is new.
    pub fn entry(&mut self, client: SocketAddr) -> (u32, &mut T) {
        if self.0.len() >= MAX_CLIENTS && !self.0.contains_key(&client) {
            self.0.clear();
        }
        let next = self.0.len() as u32 + 1;
        let (number, value) = self.0.entry(client).or_insert_with(|| (next, T::default()));
        (*number, value)
    }

    /// Returns the number of clients that are remembered.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns true if no client is remembered.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec::Vec;
    use core::net::Ipv6Addr;

    /// The inverse of an odd number modulo 2^64, by Newton's method.
    fn inverse(odd: u64) -> u64 {
        (0..6).fold(odd, |x, _| x.wrapping_mul(2u64.wrapping_sub(odd.wrapping_mul(x))))
    }

    /// Returns addresses of one /64 for which a table with a fixed multiplicative hash, such as this one, takes
    /// quadratic time: the hash of the address and that of the port cancel out.
    fn colliding(count: u16) -> Vec<SocketAddr> {
        const FACTOR: u64 = 0x9E37_79B9_7F4A_7C15;
        let network = 0x2001_0db8_0000_0000_u64;
        let step = |state: u64, word: u64| (state.rotate_left(23) ^ word).wrapping_mul(FACTOR);
        // The standard library hashes the variant of the address, then its bytes, then the port.
        let before = [1, network.swap_bytes()].into_iter().fold(0, step);
        let address = |port: u16| {
            let state = (0x0123_4567_89ab_cdef ^ u64::from(port)).rotate_right(23);
            let half = state.wrapping_mul(inverse(FACTOR)) ^ before.rotate_left(23);
            let bits = u128::from(network) << 64 | u128::from(half.swap_bytes());
            SocketAddr::new(Ipv6Addr::from_bits(bits).into(), port)
        };
        (1024..1024 + count).map(address).collect()
    }

    #[test]
    #[expect(clippy::disallowed_methods, reason = "the test compares the speed of two look-ups")]
    fn no_choice_of_addresses_makes_it_slow() {
        let plain: Vec<SocketAddr> = (0..10_000).map(client).collect();
        let took = |addresses: &[SocketAddr]| {
            let mut clients = Clients::<u32>::default();
            let begun = std::time::Instant::now();
            for address in addresses.iter().chain(addresses) {
                *clients.entry(*address).1 += 1;
            }
            assert_eq!(clients.len(), addresses.len());
            begun.elapsed()
        };
        // With the hash that the addresses are made for, the factor is above 100.
        let factors = [(); 3].map(|()| took(&colliding(10_000)).div_duration_f64(took(&plain)));
        assert!(factors.iter().any(|factor| *factor < 10.0), "{factors:?}");
    }

    fn client(n: u32) -> SocketAddr {
        SocketAddr::from((n.to_be_bytes(), 1))
    }

    #[test]
    fn clients_are_numbered_in_order_of_appearance_and_memory_is_bounded() {
        let mut clients = Clients::<u32>::default();
        let numbers: Vec<u32> = [7, 9, 7, 8].map(|n| clients.entry(client(n)).0).into();
        assert_eq!(numbers, [1, 2, 1, 3]);
        *clients.entry(client(9)).1 = 5;
        assert_eq!((*clients.entry(client(7)).1, *clients.entry(client(9)).1), (0, 5));
        for n in 0..200_000 {
            let (number, value) = clients.entry(client(n));
            assert!(number as usize <= MAX_CLIENTS && *value <= 5);
            assert!(clients.len() <= MAX_CLIENTS);
        }
    }
}
