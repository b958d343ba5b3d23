//! What workers report about the clients that they have simulated, as words that JavaScript passes on.

use retrylab_core::sim::{EndedBy, Merge, Summary};
use retrylab_core::time::Instant;
use retrylab_core::trace::Digest;

/// What is known about clients that were simulated one after another.
#[derive(Clone, Copy, Debug, Default)]
pub struct Report {
    /// Number of clients that are done.
    pub clients: u64,
    /// Number of events handled.
    pub events: u64,
    /// Maximum time reached.
    pub simulated: Instant,
    /// Digest of their records.
    pub digest: Digest,
    /// Counts of all of them.
    pub summary: Summary,
    /// What ended the run early.
    pub cut_by: Option<EndedBy>,
}

/// Number of words of a report.
const WORDS: usize = 16;

/// What can end a run early, in the order of their numbers in a report, from 1.
const CUTS: [EndedBy; 2] = [EndedBy::Memory, EndedBy::Stuck];

impl Report {
    /// Returns the report for the module of the page.
    pub fn words(&self) -> [u64; WORDS] {
        let Self { clients, events, simulated, digest, summary, cut_by } = self;
        let cut = cut_by.and_then(|by| CUTS.iter().position(|cut| *cut == by));
        let mut words = [0; WORDS];
        words[..5].copy_from_slice(&[
            *clients,
            *events,
            simulated.as_nanos(),
            digest.0,
            cut.map_or(0, |place| place as u64 + 1),
        ]);
        words[5..].copy_from_slice(&summary.counts());
        words
    }

    fn from_words(words: &[u64; WORDS]) -> Self {
        let [clients, events, simulated, digest, cut, ref counts @ ..] = *words;
        Self {
            clients,
            events,
            simulated: Instant::from_nanos(simulated),
            digest: Digest(digest),
            summary: Summary::from_counts(*counts),
            cut_by: CUTS.iter().zip(1..).find(|(_, number)| *number == cut).map(|(by, _)| *by),
        }
    }

    /// Returns the sum of reports that stand one after another.
    pub fn of_all(reports: &[u64]) -> Self {
        let (reports, _) = reports.as_chunks();
        let mut sum = Self::default();
        for report in reports {
            sum.merge(Self::from_words(report));
        }
        sum
    }
}

impl Merge for Report {
    fn merge(&mut self, other: Self) {
        let Self { clients, events, simulated, digest, summary, cut_by } = other;
        self.clients += clients;
        self.events += events;
        self.simulated = self.simulated.max(simulated);
        self.digest.merge(digest);
        self.summary.merge(summary);
        self.cut_by = self.cut_by.or(cut_by);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_arrives_as_it_was_sent() {
        for cut_by in [None, Some(EndedBy::Memory), Some(EndedBy::Stuck)] {
            let report = Report {
                clients: 1,
                events: 2,
                simulated: Instant::from_nanos(3),
                digest: Digest(u64::MAX),
                summary: Summary::from_counts([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]),
                cut_by,
            };
            let words = report.words();
            assert_eq!(Report::from_words(&words).words(), words);
            assert_eq!(Report::from_words(&words).cut_by, cut_by);
            let twice = Report::of_all(&[words, words].concat());
            assert_eq!((twice.clients, twice.digest), (2, Digest(u64::MAX - 1)), "sums wrap");
        }
    }
}
