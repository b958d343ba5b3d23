//! The exchanges by their number of sends in serde's forms: as a list, which may be longer than serde's arrays.

use super::MAX_ATTEMPTS;
use alloc::vec::Vec;
use serde::de::{Deserialize as _, Deserializer, Error as _};
use serde::ser::{Serialize as _, Serializer};

type Attempts = [u64; MAX_ATTEMPTS + 2];

pub(super) fn serialize<S: Serializer>(counts: &Attempts, out: S) -> Result<S::Ok, S::Error> {
    counts.as_slice().serialize(out)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Attempts, D::Error> {
    let counts = Vec::deserialize(from)?;
    let length = |counts: Vec<u64>| {
        D::Error::invalid_length(counts.len(), &"a count for each number of sends")
    };
    counts.try_into().map_err(length)
}
