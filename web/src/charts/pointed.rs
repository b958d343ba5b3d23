//! What the cursor of a chart points at.

use retrylab_core::trace::{Record, What};

/// An exchange: its client and its number.
pub(crate) type Exchange = (u32, u32);

/// What the cursor of a chart points at: the same is lit elsewhere.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Pointed {
    #[default]
    Nothing,
    /// An interval: from its first time to the first one after it.
    Times(u64, u64),
    /// Some exchanges, in order: client and number in one.
    Exchanges(Vec<u64>),
}

impl Pointed {
    /// Points at the exchanges that have ended at `at` with a number of sends from `least` to `most`; if there is `within`, only at
    /// those that were answered within this time.
    pub(crate) fn ended(
        records: &[Record],
        at: u64,
        (least, most): (u32, u32),
        within: Option<u64>,
    ) -> Self {
        let until = records.partition_point(|record| record.at.as_nanos() <= at);
        let ended = records[..until].iter().filter_map(|record| {
            let End { sends, answered, .. } = End::of(record)?;
            let in_time = within.is_none_or(|most| answered.is_some_and(|time| time <= most));
            let is_meant = (least..=most).contains(&sends) && in_time;
            exchange_of(record).filter(|_| is_meant).map(key)
        });
        let mut exchanges: Vec<u64> = ended.collect();
        exchanges.sort_unstable();
        Self::Exchanges(exchanges)
    }

    /// Returns true if it points at something of this time and this exchange.
    pub(crate) fn covers(&self, at: u64, exchange: Option<Exchange>) -> bool {
        match self {
            Self::Nothing => false,
            Self::Times(from, to) => (*from..*to).contains(&at),
            Self::Exchanges(all) => {
                exchange.is_some_and(|own| all.binary_search(&key(own)).is_ok())
            }
        }
    }

    /// Returns true if it points at an exchange of this client.
    pub(crate) fn concerns(&self, flow: u32) -> bool {
        let Self::Exchanges(all) = self else { return false };
        let place = all.binary_search(&key((flow, 0))).unwrap_or_else(|place| place);
        all.get(place).is_some_and(|found| *found < key((flow, u32::MAX)))
    }
}

/// Returns an exchange as one number, which sorts by client.
fn key((flow, number): Exchange) -> u64 {
    u64::from(flow) << 32 | u64::from(number)
}

/// How an exchange ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct End {
    pub(crate) sends: u32,
    /// The time to the reply in nanoseconds.
    pub(crate) answered: Option<u64>,
}

impl End {
    /// Returns the end that a record is; `None` if it is none.
    pub(crate) fn of(record: &Record) -> Option<Self> {
        match record.what {
            What::Answered { sends, elapsed, .. } => {
                Some(Self { sends, answered: Some(elapsed.as_nanos() as u64) })
            }
            What::GaveUp { sends, .. } | What::Refused { sends, .. } => {
                Some(Self { sends, answered: None })
            }
            _ => None,
        }
    }
}

/// Returns the exchange that a record belongs to.
pub(crate) fn exchange_of(record: &Record) -> Option<Exchange> {
    Some((record.flow?.get(), record.label?.exchange.get()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PageRun;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn a_chart_points_at_the_exchanges_it_has_counted() {
        let mut run = PageRun::new(Scenario::from_fragment("seed=7&clients=40&link.loss=0.3").0);
        while !run.advance(1_000) {}
        let records = run.records();
        let count = |at, sends, within| match Pointed::ended(records, at, sends, within) {
            Pointed::Exchanges(all) => all.len() as u64,
            _ => unreachable!(),
        };
        let all = (0, u32::MAX);
        assert_eq!(count(u64::MAX, all, None), 40);
        assert_eq!(count(0, all, None), 0, "none has ended");
        assert_eq!(count(u64::MAX, all, Some(u64::MAX)), run.summary().answered);
        let by_sends: u64 = (0..9).map(|n| count(u64::MAX, (n, n), None)).sum();
        assert_eq!(by_sends, 40);
        let quick = Pointed::ended(records, u64::MAX, all, Some(20_000_000));
        let Pointed::Exchanges(exchanges) = &quick else { unreachable!() };
        assert!(!exchanges.is_empty() && exchanges.len() < 40);
        for flow in 1..=40 {
            assert_eq!(quick.concerns(flow), exchanges.contains(&key((flow, 1))));
            assert_eq!(quick.covers(0, Some((flow, 1))), quick.concerns(flow));
        }
        let times = Pointed::Times(5, 7);
        assert_eq!([4, 5, 6, 7].map(|at| times.covers(at, None)), [false, true, true, false]);
    }
}
