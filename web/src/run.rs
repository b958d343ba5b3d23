//! A run in the page. The network advances in slices, so that a long run never freezes the tab, and only
//! the first records are kept, so that an endless run never fills the memory.

use crate::frames::Frames;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{self, Bounds, RunSink, Summary};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Digest, FrameStep, Packet, Record, Sink, What};

/// Maximum number of records kept for the pictures, of 64 bytes each. The digest and the summary cover
/// the whole run.
pub(crate) const MAX_RECORDS: usize = 200_000;

/// Maximum number of clients whose records are kept: with more clients the picture shows the first ones
/// for as long as possible, not all of them for one instant.
pub(crate) const MAX_FLOWS: u32 = 10_000;

/// Keeps the first records.
#[derive(Debug, Default)]
pub(crate) struct Kept {
    first: Vec<Record>,
    /// Number of records made, kept or not.
    total: u64,
    /// Whether a record was not kept because there were [`MAX_RECORDS`].
    full: bool,
    /// The frames and payloads of the records kept.
    frames: Frames,
    /// Number of frames lost that the summary does not count, in records kept or not: fragments and errors of IP.
    lost_frames: u64,
}

impl Sink for Kept {
    #[inline]
    fn record(&mut self, record: &Record) {
        self.total += 1;
        if let What::Frame { step: FrameStep::Lost(_), carried, .. } = record.what {
            // The summary has those of TCP.
            self.lost_frames += u64::from(!carried.is_tcp());
        }
        if record.flow.is_some_and(|flow| flow.get() > MAX_FLOWS) || self.full {
            return;
        }
        if self.first.len() < MAX_RECORDS {
            self.first.push(*record);
        } else {
            self.full = true;
        }
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        let id = self.first.len();
        self.record(record);
        if self.first.len() > id {
            self.frames.keep(id as u32, bytes);
        }
    }

    #[inline]
    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        // Its record is the last one, if that is kept. What arrives is what was sent, except for a bit whose place is known.
        if let (Packet::Datagram { payload, .. }, What::Sent { .. }) = (packet, record.what)
            && self.first.last() == Some(record)
        {
            self.frames.keep(self.first.len() as u32 - 1, payload);
        }
    }

    fn takes_packets(&self) -> bool {
        !self.full
    }
}

/// One scenario's run.
pub(crate) struct PageRun {
    scenario: Scenario,
    state: State,
}

enum State {
    Running(Box<sim::Run<Kept>>),
    /// The run has ended or was stopped.
    Over {
        sink: Box<RunSink<Kept>>,
        simulated: Instant,
        stopped: bool,
    },
}

impl PageRun {
    /// Creates the run of `scenario` at its start.
    pub(crate) fn new(scenario: Scenario) -> Self {
        // The person at the page stops a run that takes too long.
        let run = Box::new(scenario.begin(Kept::default(), Bounds::NONE));
        Self { scenario, state: State::Running(run) }
    }

    /// Handles up to `steps` events; returns `true` when the run is over.
    pub(crate) fn advance(&mut self, steps: u32) -> bool {
        if let State::Running(run) = &mut self.state {
            let until = run.events() + u64::from(steps);
            while run.events() < until {
                if run.advance_by(until - run.events()).is_some() {
                    self.end(false);
                    break;
                }
            }
        }
        self.is_over()
    }

    /// Stops the run.
    pub(crate) fn stop(&mut self) {
        self.end(true);
    }

    fn end(&mut self, stopped: bool) {
        if let State::Running(run) = &self.state {
            let simulated = run.now();
            let placeholder =
                State::Over { sink: Box::default(), simulated: Instant::ZERO, stopped };
            if let State::Running(run) = std::mem::replace(&mut self.state, placeholder) {
                let sink = Box::new(run.into_sink());
                self.state = State::Over { sink, simulated, stopped };
            }
        }
    }

    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Returns true if the run has ended or was stopped.
    pub(crate) fn is_over(&self) -> bool {
        matches!(self.state, State::Over { .. })
    }

    /// Returns true if the run was stopped before its end.
    pub(crate) fn was_stopped(&self) -> bool {
        matches!(self.state, State::Over { stopped: true, .. })
    }

    /// Returns true if no further record will be kept: the picture can then be drawn while the run
    /// continues.
    pub(crate) fn is_drawable(&self) -> bool {
        self.is_over() || self.is_cut()
    }

    /// Returns true if records are missing at the end of those that are kept.
    pub(crate) fn is_cut(&self) -> bool {
        self.sink().records.full
    }

    /// Returns the records kept.
    pub(crate) fn records(&self) -> &[Record] {
        &self.sink().records.first
    }

    /// Returns the frames and payloads of the records kept.
    pub(crate) fn frames(&self) -> &Frames {
        &self.sink().records.frames
    }

    /// Returns the number of packets that the link lost so far; of the fragments of a datagram, each counts.
    pub(crate) fn lost(&self) -> u64 {
        self.summary().lost + self.sink().records.lost_frames
    }

    /// Returns the number of records made so far.
    pub(crate) fn events(&self) -> u64 {
        self.sink().records.total
    }

    /// Returns the counts so far.
    pub(crate) fn summary(&self) -> Summary {
        self.sink().summary
    }

    /// Returns the fingerprint of the whole run; `None` while it is in progress or if it was stopped.
    pub(crate) fn digest(&self) -> Option<Digest> {
        match &self.state {
            State::Over { sink, stopped: false, .. } => Some(sink.digest.digest()),
            _ => None,
        }
    }

    /// Returns the time reached.
    pub(crate) fn simulated(&self) -> Instant {
        match &self.state {
            State::Running(run) => run.now(),
            State::Over { simulated, .. } => *simulated,
        }
    }

    fn sink(&self) -> &RunSink<Kept> {
        match &self.state {
            State::Running(run) => run.sink(),
            State::Over { sink, .. } => sink,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(fragment: &str) -> PageRun {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, []);
        PageRun::new(scenario)
    }

    #[test]
    fn slices_come_to_the_same_as_one_go() {
        let fragment = "seed=3&clients=20&exchanges=5&link.loss=0.3";
        let mut sliced = run(fragment);
        while !sliced.advance(7) {
            assert_eq!(sliced.digest(), None, "a run that is not over has no digest");
        }
        let whole = sim::run(sliced.scenario(), Vec::<Record>::new());
        assert_eq!(sliced.digest(), Some(whole.digest));
        assert_eq!(sliced.summary(), whole.summary);
        assert_eq!(sliced.records(), whole.sink);
        assert_eq!(sliced.simulated(), whole.simulated);
        assert!(!sliced.is_cut() && !sliced.was_stopped());
    }

    #[test]
    fn a_long_run_is_counted_to_its_end_and_kept_from_its_beginning() {
        let mut long = run("clients=100&exchanges=400&server.drop=0.5");
        while !long.advance(10_000) {}
        assert!(long.is_cut());
        assert_eq!(long.records().len(), MAX_RECORDS);
        assert!(long.events() > MAX_RECORDS as u64);
        assert_eq!(long.summary().finished(), 40_000);
        let whole = sim::run(long.scenario(), ());
        assert_eq!(long.digest(), Some(whole.digest));
    }

    #[test]
    fn of_very_many_clients_the_first_are_kept() {
        let mut many = run("clients=20000");
        while !many.advance(10_000) {}
        assert!(!many.is_cut());
        assert!(many.records().iter().all(|record| record.flow.unwrap().get() <= MAX_FLOWS));
        assert!(many.events() > many.records().len() as u64);
    }

    #[test]
    fn a_stopped_run_has_counts_but_no_digest() {
        let mut endless = run("server.drop=1&policy.multiplier=1");
        assert!(!endless.advance(100));
        endless.stop();
        assert!(endless.is_over() && endless.was_stopped() && endless.advance(100));
        assert!(endless.summary().sends > 10);
        assert_eq!(endless.digest(), None);
    }
}
