//! Joining the results of the parts of a run.

use super::RunSink;
use crate::trace::{Digest, DigestSink};

/// The result of a part of a run, which can be joined with those of other parts.
///
/// The result of the whole does not depend on the parts into which it was divided, nor on their order.
pub trait Merge {
    /// Adds the result of another part.
    fn merge(&mut self, other: Self);
}

impl Merge for () {
    fn merge(&mut self, (): Self) {}
}

impl<A: Merge, B: Merge> Merge for (A, B) {
    fn merge(&mut self, (a, b): Self) {
        self.0.merge(a);
        self.1.merge(b);
    }
}

impl Merge for DigestSink {
    fn merge(&mut self, other: Self) {
        self.add(other.digest());
    }
}

impl Merge for Digest {
    fn merge(&mut self, other: Self) {
        *self += other;
    }
}

impl<K: Merge> Merge for RunSink<K> {
    fn merge(&mut self, Self { summary, digest, records }: Self) {
        self.summary.merge(summary);
        self.digest.merge(digest);
        self.records.merge(records);
    }
}
