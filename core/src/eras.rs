//! Values that follow each other during a run, each from its time on.

use crate::time::Instant;
use alloc::vec::Vec;

/// Values in the order of their times; the first one is there from time 0. Empty for what does not change.
#[derive(Clone, Debug)]
pub(crate) struct Eras<T> {
    all: Vec<(Instant, T)>,
    /// Number of values that have begun.
    begun: usize,
}

impl<T> Eras<T> {
    /// What does not change.
    pub(crate) const NONE: Self = Self { all: Vec::new(), begun: 0 };

    /// Creates the eras of `first`, followed by `later` in the order of their times.
    pub(crate) fn new(first: T, mut later: Vec<(Instant, T)>) -> Self {
        later.insert(0, (Instant::ZERO, first));
        Self { all: later, begun: 0 }
    }

    /// Returns the values that `change` makes of these.
    #[cfg(feature = "dns")]
    pub(crate) fn map(self, change: impl Fn(T) -> T) -> Self {
        let all = self.all.into_iter().map(|(at, value)| (at, change(value))).collect();
        Self { all, ..self }
    }

    #[inline]
    pub(crate) const fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Returns true if one of the values is as `is` says.
    pub(crate) fn any(&self, is: impl Fn(&T) -> bool) -> bool {
        self.all.iter().any(|(_, value)| is(value))
    }

    /// Returns the value of `now`, if it has begun since the last call.
    pub(crate) fn begin(&mut self, now: Instant) -> Option<&T> {
        let begun = self.number(now);
        if begun <= self.begun {
            return None;
        }
        self.begun = begun;
        Some(&self.all[begun - 1].1)
    }

    /// Returns the value of `now`, if [`begin`](Self::begin) would return it.
    pub(crate) fn next(&self, now: Instant) -> Option<&T> {
        let begun = self.number(now);
        (begun > self.begun).then(|| &self.all[begun - 1].1)
    }

    /// Returns to time 0.
    pub(crate) const fn restart(&mut self) {
        self.begun = 0;
    }

    /// Returns the number of values that have begun at `now`.
    fn number(&self, now: Instant) -> usize {
        self.all.partition_point(|(at, _)| *at <= now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn each_value_begins_once_at_its_time() {
        let at = Instant::from_millis;
        let mut eras = Eras::new('a', vec![(at(0), 'b'), (at(5), 'c'), (at(6), 'd')]);
        assert_eq!(eras.begin(at(0)), Some(&'b'), "of two at the same time the later one");
        assert_eq!(eras.begin(at(4)), None);
        assert_eq!(eras.next(at(5)), Some(&'c'));
        assert_eq!(eras.begin(at(9)), Some(&'d'));
        assert_eq!(eras.begin(at(5)), None, "time that goes back is harmless");
        assert_eq!(eras.next(at(9)), None);
        eras.restart();
        assert_eq!(eras.begin(at(5)), Some(&'c'));
        assert!(Eras::<char>::NONE.is_empty() && Eras::<char>::NONE.next(at(1)).is_none());
    }
}
