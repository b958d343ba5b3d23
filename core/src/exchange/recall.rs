//! Repeats a client's exchanges from its records, to know what its policy knew when it decided.

use super::{Exchange, Reply, Rules};
use crate::machine::{Label, Timer};
use crate::policy::{Hint, Outlook, Shared};
use crate::random::Direction;
use crate::time::Instant;
use crate::trace::{HostId, Record, What};
use alloc::boxed::Box;
use alloc::collections::BTreeMap;

/// The exchanges of one client, repeated from its records in a trace.
///
/// It is for clients of datagrams in a closed or an open loop, with one server. If a record contradicts what it computes,
/// it knows nothing from then on.
#[derive(Debug)]
pub struct Recall<'a> {
    rules: Rules<'a>,
    /// Whether replies name their send.
    named: bool,
    /// Hint in every failure.
    hint: Option<Hint>,
    open: BTreeMap<u32, Exchange>,
    shared: Option<Box<Shared>>,
    /// The latest decision: its time, and its exchange with what decided it; `None` for several of different exchanges.
    latest: Option<(Instant, Option<(u32, Outlook)>)>,
    /// Whether exchanges overlap.
    overlaps: bool,
    is_sure: bool,
}

impl<'a> Recall<'a> {
    /// Creates it before the client's first record. `named`: replies name their send; `hint`: that of every failure.
    #[must_use]
    pub fn new(rules: Rules<'a>, named: bool, hint: Option<Hint>) -> Self {
        let mut shared = None;
        Exchange::new(rules.policy).swap_shared(&mut shared);
        let open = BTreeMap::new();
        Self { rules, named, hint, open, shared, latest: None, overlaps: false, is_sure: true }
    }

    /// Returns what decided at `now` about the next send of an exchange, or about its end; `None` if unknown.
    #[must_use]
    pub fn outlook(&self, now: Instant, exchange: u32) -> Option<Outlook> {
        let (at, Some((own, outlook))) = self.latest? else { return None };
        (self.is_sure && (at, own) == (now, exchange)).then_some(outlook)
    }

    /// Takes the next record. Those of other hosts and other clients change nothing.
    pub fn follow(&mut self, record: &Record) {
        let (now, Some(label)) = (record.at, record.label) else { return };
        if record.host != HostId::Client || record.flow_number() != self.rules.flow {
            return;
        }
        match record.what {
            What::TimerArmed { timer: Timer::Start | Timer::Limits, .. } => self.begin(now, label),
            What::TimerArmed { timer: Timer::Think | Timer::Arrival, .. } => {}
            What::TimerArmed { deadline, .. } => {
                let own = self.open.get(&label.exchange.get()).and_then(Exchange::deadline);
                self.is_sure &= own.is_none_or(|(_, own)| own == deadline);
            }
            What::TimerFired { timer: Timer::Think | Timer::Arrival } => self.begin(now, label),
            What::TimerFired { .. } => self.settle(now, label),
            What::Sent { direction: Direction::Request, .. } => self.sent(now, label),
            What::Failed => self.failed(now, label),
            What::Answered { sends, answered_send, .. } => {
                let send = core::num::NonZeroU32::new(answered_send).unwrap_or(label.send);
                let reply = Reply { send, named: self.named };
                let own = self.with(label, |exchange, _| exchange.answered(now, reply).sends);
                self.end(label, own == Some(sends));
            }
            What::GaveUp { sends, .. } => {
                self.settle(now, label);
                let own = self.open.get(&label.exchange.get());
                let agrees = own.is_some_and(|own| own.is_over() && own.number() == label.exchange);
                self.end(label, agrees || sends == 0);
            }
            What::Refused { .. } => {
                let ended = self.with(label, |exchange, rules| exchange.refused(rules, now));
                self.end(label, ended.flatten().is_some());
            }
            _ => {}
        }
    }

    /// Runs `act` on an exchange, with what all exchanges of the client share.
    fn with<T>(
        &mut self,
        label: Label,
        act: impl FnOnce(&mut Exchange, Rules<'a>) -> T,
    ) -> Option<T> {
        let exchange = self.open.get_mut(&label.exchange.get())?;
        exchange.swap_shared(&mut self.shared);
        let result = act(exchange, self.rules);
        exchange.swap_shared(&mut self.shared);
        Some(result)
    }

    fn decided(&mut self, now: Instant, label: Label, outlook: Outlook) {
        let own = label.exchange.get();
        // Of exchanges that overlap, the order of decisions at one instant is not recorded, and a limit depends on it.
        let alone = self.latest.is_none_or(|(at, other)| {
            !self.overlaps || at < now || other.is_some_and(|(other, _)| other == own)
        });
        self.latest = Some((now, alone.then_some((own, outlook))));
    }

    fn begin(&mut self, now: Instant, label: Label) {
        if self.open.contains_key(&label.exchange.get()) {
            return;
        }
        self.overlaps |= !self.open.is_empty();
        let mut exchange = Exchange::new(self.rules.policy);
        exchange.swap_shared(&mut None);
        exchange.prepare(label.exchange);
        self.open.insert(label.exchange.get(), exchange);
        let begun = self.with(label, |exchange, rules| {
            let outlook = exchange.outlook(rules, now);
            (outlook, exchange.begin(rules, now))
        });
        if let Some((outlook, ended)) = begun {
            self.decided(now, label, outlook);
            self.is_sure &= ended.is_none();
        }
    }

    /// Does what is due at `now`.
    fn settle(&mut self, now: Instant, label: Label) {
        let is_due = |exchange: &Exchange| exchange.deadline().is_some_and(|(_, at)| at <= now);
        if !self.open.get(&label.exchange.get()).is_some_and(is_due) {
            return;
        }
        let due = self.with(label, |exchange, rules| {
            let starts = matches!(exchange.deadline(), Some((Timer::Start, _)));
            let decides = exchange.sends() > 0 || starts;
            let outlook = decides.then(|| exchange.outlook(rules, now));
            // How it ends is in the record of its end.
            let _ = exchange.due(rules, now);
            outlook
        });
        if let Some(outlook) = due.flatten() {
            self.decided(now, label, outlook);
        }
    }

    fn sent(&mut self, now: Instant, label: Label) {
        self.begin(now, label);
        self.settle(now, label);
        let sent = self.with(label, |exchange, _| exchange.next_send(now));
        self.is_sure &= sent.flatten() == Some(label);
    }

    fn failed(&mut self, now: Instant, label: Label) {
        let hint = self.hint;
        let outlook = self.with(label, |exchange, rules| {
            let outlook = exchange.outlook(rules, now);
            let _ = exchange.failed(rules, now, label.send, hint);
            outlook
        });
        if let Some(outlook) = outlook {
            self.decided(now, label, outlook);
        }
    }

    fn end(&mut self, label: Label, agrees: bool) {
        self.is_sure &= agrees;
        self.open.remove(&label.exchange.get());
    }
}
