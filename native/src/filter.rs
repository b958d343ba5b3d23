//! `--exchange`, `--from` and `--to`: the events that a ladder, a trace or a capture contains.

use crate::flags;
use crate::output::narrate;
use retrylab_core::time::{Duration, Instant, WithUnit};
use retrylab_core::trace::{Packet, Record, Sink, What};
use retrylab_core::value::{NumberList, Value as _};
use std::collections::{BTreeMap, BTreeSet};

/// The flags that any run can have.
#[derive(clap::Args, Clone, Debug)]
pub(crate) struct Flags {
    /// Only events of these exchanges, such as `7` or `2-5,9`; the ladder shows their numbers after `#`
    #[arg(long, value_name = "LIST", value_parser = list, requires = "events")]
    #[arg(help_heading = HEADING)]
    exchange: Option<NumberList>,
    /// Only events from this time of the run on
    #[arg(long, value_name = "TIME", value_parser = flags::time, requires = "events")]
    #[arg(allow_negative_numbers = true, help_heading = HEADING)]
    from: Option<Duration>,
    /// Only events up to this time of the run
    #[arg(long, value_name = "TIME", value_parser = flags::time, requires = "events")]
    #[arg(allow_negative_numbers = true, help_heading = HEADING)]
    to: Option<Duration>,
}

/// The heading above the flags in `--help`.
pub(crate) const HEADING: &str = "Events to show";

/// Error for a time that ends before it begins.
#[derive(Debug, thiserror::Error)]
#[error("--from: {} is later than --to {}", WithUnit(*.from), WithUnit(*.to))]
pub(crate) struct Reversed {
    from: Duration,
    to: Duration,
}

/// Reads a list of the numbers of clients or exchanges.
pub(crate) fn list(text: &str) -> Result<NumberList, String> {
    NumberList::parse(text)
        .filter(|list| !list.is_empty())
        .ok_or_else(|| "it is not a list of numbers from 1; try 7 or 2-5,9".to_string())
}

/// An exchange: the number of its client and its own number.
pub(crate) type Name = (u32, u32);

/// Which events are selected: those that meet every condition.
#[derive(Clone, Debug, Default)]
pub(crate) struct Selection {
    pub(crate) clients: Option<NumberList>,
    /// Exchanges by name.
    pub(crate) named: Option<BTreeSet<Name>>,
    exchanges: Option<NumberList>,
    from: Option<Instant>,
    to: Option<Instant>,
}

impl Flags {
    /// Returns the selection of these flags.
    pub(crate) fn selection(&self) -> Result<Selection, Reversed> {
        if let (Some(from), Some(to)) = (self.from, self.to)
            && from > to
        {
            return Err(Reversed { from, to });
        }
        let at = |time: Option<Duration>| time.map(|time| Instant::ZERO.saturating_add(time));
        let (from, to, exchanges) = (at(self.from), at(self.to), self.exchange.clone());
        Ok(Selection { exchanges, from, to, ..Selection::default() })
    }
}

impl Selection {
    /// Returns whether every event is selected.
    fn is_everything(&self) -> bool {
        self.from.is_none() && self.to.is_none() && self.is_everyone()
    }

    /// Returns whether the events of all clients and exchanges are selected.
    fn is_everyone(&self) -> bool {
        self.clients.is_none() && self.named.is_none() && self.exchanges.is_none()
    }

    fn has_time(&self, at: Instant) -> bool {
        self.from.is_none_or(|from| from <= at) && self.to.is_none_or(|to| at <= to)
    }

    /// Returns whether the exchange of this client is selected; without an exchange, whether the client is.
    fn has(&self, client: u32, exchange: Option<u32>) -> bool {
        let on = |list: &Option<NumberList>, number: u32| {
            list.as_ref().is_none_or(|list| list.contains(number.into()))
        };
        let Some(exchange) = exchange else {
            return self.exchanges.is_none() && self.named.is_none() && on(&self.clients, client);
        };
        on(&self.clients, client)
            && on(&self.exchanges, exchange)
            && self.named.as_ref().is_none_or(|named| named.contains(&(client, exchange)))
    }
}

/// A sink that passes the selected events on.
pub(crate) struct Filter<S> {
    selection: Selection,
    pub(crate) sink: S,
    /// The exchange that each client's last event names.
    current: BTreeMap<u32, u32>,
    events: u64,
    selected: u64,
}

impl<S> Filter<S> {
    /// Creates a filter before `sink`.
    pub(crate) const fn new(selection: Selection, sink: S) -> Self {
        Self { selection, sink, current: BTreeMap::new(), events: 0, selected: 0 }
    }

    /// Reports how many events were selected, if not all are, and returns the sink.
    pub(crate) fn end(self) -> S {
        if !self.selection.is_everything() {
            narrate!(
                "{} of {} events are shown; the results are those of all",
                self.selected,
                self.events
            );
        }
        self.sink
    }

    fn selects(&mut self, record: &Record) -> bool {
        self.selection.has_time(record.at)
            && (self.selection.is_everyone() || self.concerns(record))
    }

    /// Returns whether the record concerns a selected client and exchange. A server that goes down concerns everybody.
    fn concerns(&mut self, record: &Record) -> bool {
        let Some(client) = record.flow.map(std::num::NonZeroU32::get) else {
            return matches!(record.what, What::Down { .. } | What::Up);
        };
        // What names no exchange, such as a reply that names no send, comes while the last one named is in progress.
        let exchange = match record.label {
            Some(label) => {
                self.current.insert(client, label.exchange.get());
                Some(label.exchange.get())
            }
            None => self.current.get(&client).copied(),
        };
        self.selection.has(client, exchange)
    }

    /// Counts the event, and returns whether it is selected.
    fn takes(&mut self, record: &Record) -> bool {
        let selected = self.selects(record);
        self.events += 1;
        self.selected += u64::from(selected);
        selected
    }
}

impl<S: Sink> Sink for Filter<S> {
    fn record(&mut self, record: &Record) {
        if self.takes(record) {
            self.sink.record(record);
        }
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        if self.takes(record) {
            self.sink.frame(record, bytes);
        }
    }

    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        if self.selects(record) {
            self.sink.packet(record, packet);
        }
    }

    fn takes_packets(&self) -> bool {
        self.sink.takes_packets()
    }

    fn settle(&mut self) {
        self.sink.settle();
    }
}
