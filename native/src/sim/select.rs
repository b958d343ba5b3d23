//! `--client`, `--exchange`, `--failed`, `--from` and `--to`: which events of a run are shown.

use super::Error;
use super::run::{self, Limits, Recorder};
use crate::filter::{self, Filter, HEADING, Name, Selection};
use crate::flags;
use crate::output::narrate;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::{Record, Sink, What};
use retrylab_core::value::NumberList;
use std::collections::BTreeSet;

/// The flags.
#[derive(clap::Args, Debug)]
#[command(group(
    clap::ArgGroup::new("events").args(["ladder", "trace", "pcapng"]).multiple(true)
))]
pub(super) struct Select {
    /// Only events of the first N exchanges that gave up or were refused [default of N: 1]
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, default_missing_value = "1")]
    #[arg(value_parser = flags::failed, requires = "events", help_heading = HEADING)]
    failed: Option<usize>,
    /// Only events of these clients, such as `3` or `1-4,8`
    #[arg(long, value_name = "LIST", value_parser = filter::list, requires = "events")]
    #[arg(help_heading = HEADING)]
    client: Option<NumberList>,
    #[command(flatten)]
    filter: filter::Flags,
}

impl Select {
    /// Returns the selection. The exchanges of `--failed` are known only when they have ended, so a run of their own
    /// finds them: the same scenario always gives the same run.
    pub(super) fn selection(
        &self,
        scenario: &Scenario,
        limits: &Limits,
    ) -> Result<Selection, Error> {
        let mut selection = self.filter.selection()?;
        selection.clients.clone_from(&self.client);
        selection.named = self.failed.map(|wanted| {
            let mut found = BTreeSet::new();
            run::run(scenario, Finder { wanted, found: &mut found }, limits, |_| ());
            if found.len() < wanted {
                narrate!("exchanges that gave up or were refused: {}", found.len());
            }
            found
        });
        Ok(selection)
    }
}

impl<K: Recorder> Recorder for Filter<K> {
    fn has_failed(&self) -> bool {
        self.sink.has_failed()
    }
}

/// Finds the first exchanges that end without an answer, and then stops the run.
struct Finder<'a> {
    wanted: usize,
    found: &'a mut BTreeSet<Name>,
}

impl Sink for Finder<'_> {
    fn record(&mut self, record: &Record) {
        let is_end = matches!(record.what, What::GaveUp { .. } | What::Refused { .. });
        if let (true, Some(client), Some(label)) = (is_end, record.flow, record.label)
            && !self.has_failed()
        {
            self.found.insert((client.get(), label.exchange.get()));
        }
    }
}

impl Recorder for Finder<'_> {
    fn has_failed(&self) -> bool {
        self.found.len() >= self.wanted
    }
}
