//! Repeats a client's exchanges from its records, to know what its policy knew when it decided.

use super::{Exchange, Reply, Rules};
use crate::machine::{Label, Timer};
use crate::policy::{Hint, Outlook, Policy, Shared};
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
    /// Policies of exchanges that begin at these times or later.
    later: &'a [(Instant, Policy)],
    /// Whether replies name their send.
    named: bool,
    /// Hint in every failure.
    hint: Option<Hint>,
    /// Each with the rules with which it began.
    open: BTreeMap<u32, (Exchange, Rules<'a>)>,
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
        let (later, latest): (&[_], _) = (&[], None);
        Self { rules, later, named, hint, open, shared, latest, overlaps: false, is_sure: true }
    }

    /// Sets the policies of exchanges that begin at these times or later, in their order.
    #[must_use]
    pub fn followed_by(self, later: &'a [(Instant, Policy)]) -> Self {
        Self { later, ..self }
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
                let own = self.open.get(&label.exchange.get()).and_then(|(own, _)| own.deadline());
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
                let agrees =
                    own.is_some_and(|(own, _)| own.is_over() && own.number() == label.exchange);
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
        let (exchange, rules) = self.open.get_mut(&label.exchange.get())?;
        exchange.swap_shared(&mut self.shared);
        let result = act(exchange, *rules);
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

    /// Takes the policy of exchanges that begin now.
    fn adopt(&mut self, now: Instant) {
        let begun = self.later.partition_point(|(at, _)| *at <= now);
        let (begun, later) = self.later.split_at(begun);
        let Some((_, policy)) = begun.last() else { return };
        (self.later, self.rules.policy) = (later, policy);
        self.shared = Shared::followed(self.shared.take(), policy);
    }

    fn begin(&mut self, now: Instant, label: Label) {
        if self.open.contains_key(&label.exchange.get()) {
            return;
        }
        self.overlaps |= !self.open.is_empty();
        self.adopt(now);
        let mut exchange = Exchange::new(self.rules.policy);
        exchange.swap_shared(&mut None);
        exchange.prepare(label.exchange);
        self.open.insert(label.exchange.get(), (exchange, self.rules));
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
        if !self.open.get(&label.exchange.get()).is_some_and(|(own, _)| is_due(own)) {
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
