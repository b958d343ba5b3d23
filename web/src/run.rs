//! A run in the page. The network advances in slices, so that a long run never freezes the tab, and only
//! the first records are kept, so that an endless run never fills the memory.

use crate::frames::Frames;
use crate::report::Report;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{self, Bounds, EndedBy, RunSink, Summary};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Digest, FrameStep, Packet, Record, Sink, What};

/// Maximum number of records kept for the pictures, of 64 bytes each. The digest and the summary cover
/// the whole run.
pub(crate) const MAX_RECORDS: usize = 1_000_000;

/// Maximum number of clients whose records are kept: with more clients the picture shows the first ones
/// for as long as possible, not all of them for one instant.
pub(crate) const MAX_FLOWS: u32 = 10_000;

/// Number of clients that the pictures show of very many independent ones, and maximum number of records kept of them: the
/// pictures are made in less time than two frames take, while web workers simulate all clients.
const SAMPLE: u32 = 1_000;
const SAMPLE_RECORDS: usize = 20_000;

/// Maximum memory of the network in bytes: half of what a module can have.
pub(crate) const MEMORY: u64 = 2 << 30;

/// What captures the packets of a run that is not shown. Only the module with TCP/IP stacks does.
#[cfg(feature = "packets")]
pub(crate) type Captured = Option<retrylab_core::capture::Capture<retrylab_core::capture::Writer>>;
#[cfg(not(feature = "packets"))]
type Captured = Option<()>;

/// Keeps the first records.
#[derive(Debug, Default)]
struct Kept {
    first: Vec<Record>,
    /// Maximum number of records to keep.
    max: usize,
    /// Number of records made, kept or not.
    total: u64,
    /// Whether no more records are kept.
    full: bool,
    /// The frames and payloads of the records kept.
    frames: Frames,
    /// Number of frames lost that the summary does not count, in records kept or not: fragments and errors of IP.
    lost_frames: u64,
    /// Takes the packets of the records kept.
    capture: Captured,
}

impl Kept {
    /// Creates a sink that keeps up to `max` records.
    fn new(max: usize) -> Self {
        Self { max, full: max == 0, ..Self::default() }
    }

    /// Creates a sink that keeps up to `max` records and captures their packets.
    #[cfg(feature = "packets")]
    fn capturing(max: usize, capture: Captured) -> Self {
        Self { capture, ..Self::new(max) }
    }

    /// Keeps a record if it is one of those to keep; returns whether it is.
    #[inline]
    fn keep(&mut self, record: &Record) -> bool {
        self.total += 1;
        if let What::Frame { step: FrameStep::Lost(_), carried, .. } = record.what {
            // The summary has those of TCP.
            self.lost_frames += u64::from(!carried.is_tcp());
        }
        if record.flow.is_some_and(|flow| flow.get() > MAX_FLOWS) || self.full {
            return false;
        }
        self.full = self.first.len() == self.max;
        if !self.full {
            self.first.push(*record);
        }
        !self.full
    }
}

impl Sink for Kept {
    #[inline]
    fn record(&mut self, record: &Record) {
        if self.keep(record) {
            self.capture.record(record);
        }
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        if self.keep(record) {
            self.frames.keep(self.first.len() as u32 - 1, bytes);
            self.capture.frame(record, bytes);
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
        if !self.full {
            self.capture.packet(record, packet);
        }
    }

    fn takes_packets(&self) -> bool {
        !self.full
    }
}

/// One scenario's run.
pub(crate) struct PageRun {
    scenario: Scenario,
    network: State,
    /// What is known about all clients if the network has only a sample of them.
    all: Option<Report>,
    /// Whether the reader stopped it.
    stopped: bool,
    /// Whether nothing is simulated that is not kept.
    ends_cut: bool,
}

enum State {
    Running(Box<sim::Run<Kept>>),
    Over {
        sink: Box<RunSink<Kept>>,
        simulated: Instant,
        /// `None` if it did not come to its end.
        ended_by: Option<EndedBy>,
    },
}

impl PageRun {
    /// Creates the run of `scenario` at its start.
    pub(crate) fn new(scenario: Scenario) -> Self {
        Self::keeping(MAX_RECORDS, scenario)
    }

    /// Creates the run of `scenario` at its start, of which up to `max` records are kept.
    #[must_use]
    pub(crate) fn keeping(max: usize, scenario: Scenario) -> Self {
        Self::into_sink(Kept::new, max, scenario)
    }

    /// Creates the run of `scenario` at its start, into a sink for a number of records.
    fn into_sink(sink: impl FnOnce(usize) -> Kept, max: usize, scenario: Scenario) -> Self {
        // The person at the page stops a run that takes too long.
        let bounds = Bounds::NONE.with_memory(MEMORY);
        let is_sample = scenario.clients > MAX_FLOWS && scenario.coupled_by().is_none();
        let run = if is_sample {
            scenario.begin_sample(SAMPLE, sink(max.min(SAMPLE_RECORDS)), bounds)
        } else {
            scenario.begin(sink(max), bounds)
        };
        let all = is_sample.then(Report::default);
        let network = State::Running(Box::new(run));
        Self { scenario, network, all, stopped: false, ends_cut: is_sample }
    }

    /// Creates the run of `scenario` at its start, which is over after the first `max` records.
    #[must_use]
    pub(crate) fn beginning(max: usize, scenario: Scenario) -> Self {
        Self { ends_cut: true, ..Self::keeping(max, scenario) }
    }

    /// Creates the run of `scenario` at its start. The packets of up to `max` records are captured.
    #[cfg(feature = "packets")]
    #[must_use]
    pub(crate) fn capturing(capture: Captured, max: usize, scenario: Scenario) -> Self {
        Self::into_sink(|max| Kept::capturing(max, capture), max, scenario)
    }

    /// Returns what captures the packets.
    #[cfg(feature = "packets")]
    pub(crate) fn capture(&self) -> &Captured {
        &self.sink().records.capture
    }

    /// Ends the run and returns what captured the packets.
    #[cfg(feature = "packets")]
    #[must_use]
    pub(crate) fn into_capture(self) -> Captured {
        match self.network {
            State::Running(run) => run.into_sink().records.capture,
            State::Over { sink, .. } => sink.records.capture,
        }
    }

    /// Handles up to `steps` events; returns `true` when there is nothing left to simulate here.
    pub(crate) fn advance(&mut self, steps: u32) -> bool {
        if let State::Running(run) = &mut self.network {
            let until = run.events() + u64::from(steps);
            while run.events() < until {
                if let Some(ended_by) = run.advance_by(until - run.events()) {
                    self.end(Some(ended_by));
                    break;
                }
            }
        }
        // A sample is only drawn: others count.
        if self.ends_cut && self.is_cut() {
            self.end(None);
        }
        matches!(self.network, State::Over { .. })
    }

    /// Stops the run.
    pub(crate) fn stop(&mut self) {
        self.stopped = true;
        self.end(None);
    }

    fn end(&mut self, ended_by: Option<EndedBy>) {
        // What is not kept does not count.
        let ended_by = ended_by.filter(|_| !(self.ends_cut && self.is_cut()));
        if let State::Running(run) = &self.network {
            let simulated = run.now();
            let over = State::Over { sink: Box::default(), simulated, ended_by };
            if let State::Running(run) = std::mem::replace(&mut self.network, over) {
                let sink = Box::new(run.into_sink());
                self.network = State::Over { sink, simulated, ended_by };
            }
        }
    }

    /// Takes what is known about all clients, if the network has a sample of them. Returns true if that is the whole run.
    pub(crate) fn report(&mut self, all: Report) -> bool {
        self.all = Some(all);
        self.is_over()
    }

    /// Returns what is run.
    pub(crate) fn scenario(&self) -> &Scenario {
        &self.scenario
    }

    /// Returns the number of clients that the pictures show.
    pub(crate) fn shown(&self) -> u32 {
        self.scenario.clients.min(if self.all.is_some() { SAMPLE } else { MAX_FLOWS })
    }

    /// Returns what is known about all clients; `None` if the network has all of them.
    pub(crate) fn all(&self) -> Option<&Report> {
        self.all.as_ref()
    }

    /// Returns what ended the run; `None` while it is in progress or if it was stopped.
    pub(crate) fn ended_by(&self) -> Option<EndedBy> {
        if self.stopped {
            return None;
        }
        match (&self.all, &self.network) {
            (Some(all), _) => {
                let done = all.clients == u64::from(self.scenario.clients);
                all.cut_by.or_else(|| done.then_some(EndedBy::Finished))
            }
            (None, State::Over { ended_by, .. }) => *ended_by,
            (None, State::Running(_)) => None,
        }
    }

    /// Returns true if the run has ended or was stopped.
    pub(crate) fn is_over(&self) -> bool {
        self.stopped || self.ended_by().is_some()
    }

    /// Returns true if the run was stopped before its end.
    pub(crate) fn was_stopped(&self) -> bool {
        self.stopped
    }

    /// Returns true if no further record will be kept: the picture can then be drawn while the run
    /// continues.
    pub(crate) fn is_drawable(&self) -> bool {
        matches!(self.network, State::Over { .. }) || self.is_cut()
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
        // Clients of networks of packets are never simulated as a sample.
        self.summary().lost + self.sink().records.lost_frames
    }

    /// Returns the number of events so far.
    pub(crate) fn events(&self) -> u64 {
        self.all.map_or(self.sink().records.total, |all| all.events)
    }

    /// Returns the counts so far.
    pub(crate) fn summary(&self) -> Summary {
        self.all.map_or(self.sink().summary, |all| all.summary)
    }

    /// Returns the fingerprint of the whole run; `None` while it is in progress or if it ended early.
    pub(crate) fn digest(&self) -> Option<Digest> {
        let digest = self.all.map_or(self.sink().digest.digest(), |all| all.digest);
        (self.ended_by() == Some(EndedBy::Finished)).then_some(digest)
    }

    /// Returns the time reached.
    pub(crate) fn simulated(&self) -> Instant {
        match (&self.all, &self.network) {
            (Some(all), _) => all.simulated,
            (None, State::Running(run)) => run.now(),
            (None, State::Over { simulated, .. }) => *simulated,
        }
    }

    fn sink(&self) -> &RunSink<Kept> {
        match &self.network {
            State::Running(run) => run.sink(),
            State::Over { sink, .. } => sink,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_engine::part::Part;

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
        let (scenario, _) = Scenario::from_fragment("clients=100&exchanges=40&server.drop=0.5");
        let mut long = PageRun::keeping(10_000, scenario);
        while !long.advance(10_000) {}
        assert!(long.is_cut());
        assert_eq!(long.records().len(), 10_000);
        assert!(long.events() > 10_000);
        assert_eq!(long.summary().finished(), 4_000);
        let whole = sim::run(long.scenario(), ());
        assert_eq!(long.digest(), Some(whole.digest));
    }

    #[test]
    fn of_very_many_coupled_clients_the_first_are_kept() {
        let mut many = run("clients=20000&server.drop_first=1");
        while !many.advance(10_000) {}
        assert!(!many.is_cut() && many.all().is_none());
        assert!(many.records().iter().all(|record| record.flow.unwrap().get() <= MAX_FLOWS));
        assert!(many.events() > many.records().len() as u64);
    }

    #[test]
    fn of_very_many_independent_clients_the_first_are_simulated_for_the_picture() {
        let link = "seed=3&clients=20000&link.loss=0.3";
        let mut many = run(link);
        while !many.advance(10_000) {}
        assert!(many.is_drawable() && !many.is_over() && many.digest().is_none());
        let mut first = run("seed=3&clients=1000&link.loss=0.3");
        while !first.advance(10_000) {}
        assert_eq!(many.records(), first.records(), "they are the same as in a run of their own");
        let mut part = Part::new(link);
        part.take(1, 20_000);
        while !part.advance() {}
        assert!(many.report(Report::of_all(&part.report())));
        let whole = sim::run(many.scenario(), ());
        assert_eq!(many.digest(), Some(whole.digest));
        assert_eq!(many.summary().counts(), whole.summary.counts());
        assert_eq!(many.simulated(), whole.simulated);
    }

    /// A rate of all clients together is shared by all, not by those that are drawn.
    #[test]
    fn a_sample_has_its_share_of_the_load() {
        let mut many = run("clients=1000000&workload.rate=20000&workload.duration=1s");
        while !many.advance(10_000) {}
        let sends = many.sink().summary.sends;
        assert!((5..60).contains(&sends), "{sends} of about 20,000");
    }

    #[test]
    fn a_sample_ends_when_no_more_is_kept() {
        let mut endless = run("clients=4294967295&server.drop=1&policy.multiplier=1");
        while !endless.advance(10_000) {}
        assert!(endless.is_cut() && !endless.is_over());
        endless.stop();
        assert!(endless.is_over() && endless.was_stopped());
    }

    #[test]
    fn coupled_clients_that_do_not_fit_into_the_memory_are_not_simulated() {
        let mut many = run("clients=4294967295&server.service=1ms");
        assert!(many.advance(1));
        assert_eq!((many.ended_by(), many.digest()), (Some(EndedBy::Memory), None));
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
