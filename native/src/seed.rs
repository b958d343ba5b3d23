//! Random numbers from the system.

use std::hash::{BuildHasher, Hasher, RandomState};

/// Returns a number that nobody can predict.
pub(crate) fn random() -> u64 {
    // The standard library seeds its hash maps with such numbers.
    RandomState::new().build_hasher().finish()
}

/// Returns a random seed that is easy to type. Clients with the same seed would draw the same jitter and retry
/// together.
pub(crate) fn short() -> u64 {
    random() % 1_000_000_000
}
