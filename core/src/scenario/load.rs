//! The keys `workload.arrivals` and `workload.rate`: when exchanges begin.

use super::error::FieldError;
use crate::client::{ArrivalRate, Arrivals, Process};
use crate::value::{Printable, Shape, Value, is_word};
use alloc::format;
use alloc::string::String;
use core::fmt;

/// Value of `workload.arrivals`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Begin {
    /// Each when the previous one is over.
    Closed,
    /// As they arrive at each client.
    Each(Arrivals),
    /// As they arrive at all clients together, at `workload.rate`.
    Together(Process),
}

/// `closed`, arrivals with their rate, or a process without one.
impl Value for Begin {
    const SHAPE: Shape =
        Arrivals::SHAPE.or("closed").or(Process::Poisson.name()).or(Process::Constant.name());

    fn parse(text: &str) -> Option<Self> {
        if is_word(text, "closed") {
            return Some(Self::Closed);
        }
        match Process::parse(text) {
            Some(process) => Some(Self::Together(process)),
            None => Arrivals::parse(text).map(Self::Each),
        }
    }

    fn write(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Closed => f.write_str("closed"),
            Self::Each(arrivals) => arrivals.write(f),
            Self::Together(process) => process.write(f),
        }
    }
}

/// Arrivals of an open loop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Open {
    pub(super) arrivals: Arrivals,
    /// Whether they are those of all clients together.
    pub(super) shared: bool,
}

impl Begin {
    /// Returns the value for an open loop, or for a closed one.
    pub(super) fn of(open: Option<Open>) -> Self {
        let Some(open) = open else { return Self::Closed };
        match open.shared() {
            Some((process, _)) => Self::Together(process),
            None => Self::Each(open.arrivals),
        }
    }
}

impl Open {
    fn together(process: Process, rate: ArrivalRate) -> Self {
        Self { arrivals: Arrivals::at_rate(process, rate), shared: true }
    }

    /// Returns the process and the rate of arrivals of all clients together.
    pub(super) fn shared(&self) -> Option<(Process, ArrivalRate)> {
        self.arrivals.steady().filter(|_| self.shared)
    }

    /// Returns the key that asks for the open loop, its value, and the value without one.
    pub(super) fn key(&self) -> (&'static str, String, &'static str) {
        match self.shared() {
            Some((_, rate)) => ("workload.rate", rate.to_text(), "none"),
            None => ("workload.arrivals", self.arrivals.to_text(), "closed"),
        }
    }
}

/// What is set of the two keys; `None` for a key that is not.
#[derive(Clone, Debug, Default)]
pub(super) struct LoadKeys {
    pub(super) arrivals: Option<Begin>,
    pub(super) rate: Option<Option<ArrivalRate>>,
}

impl LoadKeys {
    /// Returns the arrivals of an open loop, or `None` for a closed one. A key that is set replaces the other one of
    /// an earlier call, which gave `before`; in one call the keys must not contradict each other.
    pub(super) fn build(self, before: Option<Open>) -> Result<Option<Open>, FieldError> {
        match (self.arrivals, self.rate) {
            (Some(Begin::Together(process)), Some(Some(rate))) => {
                Ok(Some(Open::together(process, rate)))
            }
            (Some(begin), Some(Some(rate))) => refuse_rate(rate, &begin),
            (Some(Begin::Closed), _) => Ok(None),
            (Some(Begin::Each(arrivals)), _) => Ok(Some(Open { arrivals, shared: false })),
            (Some(Begin::Together(process)), rate) => {
                let rate = before.as_ref().and_then(Open::shared).filter(|_| rate.is_none());
                match rate {
                    Some((_, rate)) => Ok(Some(Open::together(process, rate))),
                    None => refuse_process(process),
                }
            }
            (None, Some(Some(rate))) => match before {
                None => Ok(Some(Open::together(Process::Poisson, rate))),
                Some(open) => match open.arrivals.steady() {
                    Some((process, _)) => Ok(Some(Open::together(process, rate))),
                    None => refuse_rate(rate, &Begin::Each(open.arrivals)),
                },
            },
            (None, Some(None)) => Ok(before.filter(|open| !open.shared)),
            (None, None) => Ok(before),
        }
    }
}

#[inline(never)]
fn refuse_rate<T>(rate: ArrivalRate, begin: &Begin) -> Result<T, FieldError> {
    let arrivals = begin.to_text();
    let arrivals = Printable::short(&arrivals);
    let why = match begin {
        Begin::Closed => "exchanges then begin when earlier ones are over",
        Begin::Each(_) | Begin::Together(_) => "these arrivals have their own rate at each client",
    };
    let sentence = format!(
        "workload.rate is \"{rate}\"; with workload.arrivals=\"{arrivals}\" it must be none, because {why}; \
         workload.arrivals can be poisson or constant"
    );
    FieldError::contradiction("workload.rate", sentence)
}

#[inline(never)]
fn refuse_process<T>(process: Process) -> Result<T, FieldError> {
    let sentence = format!(
        "workload.arrivals is \"{process}\"; it needs a rate: set workload.rate, exchanges per second over all clients, or \
         write \"{process} 10\" for 10 per second at each client"
    );
    FieldError::contradiction("workload.arrivals", sentence)
}

#[cfg(test)]
mod tests {
    use super::super::Scenario;
    use super::*;
    use alloc::string::ToString;
    use alloc::vec::Vec;

    const END: (&str, &str) = ("workload.duration", "9s");

    fn scenario(pairs: &[(&str, &str)]) -> Scenario {
        let mut scenario = Scenario::default();
        scenario.apply(pairs.iter().copied()).unwrap();
        scenario
    }

    fn values(scenario: &Scenario) -> [String; 4] {
        ["workload.rate", "workload.arrivals", "exchanges", "server.reply"]
            .map(|key| scenario.value(key).unwrap())
    }

    #[test]
    fn a_rate_brings_what_it_needs() {
        let mut open = scenario(&[("workload.rate", "500 /s"), END]);
        assert_eq!(values(&open), ["500", "poisson", "none", "mirror"]);
        assert!(open.token);
        assert_eq!(
            open.to_fragment(),
            "workload.rate=500&workload.duration=9s",
            "it says what else it needs"
        );
        assert_eq!(Scenario::from_fragment(&open.to_fragment()), (open.clone(), Vec::new()));
        open.apply([("workload.arrivals", "constant")]).unwrap();
        assert_eq!(values(&open), ["500", "constant", "none", "mirror"]);
        open.apply([("workload.rate", "0.5"), ("exchanges", "1"), ("server.reply", "upper")])
            .unwrap();
        assert_eq!(values(&open), ["0.5", "constant", "1", "upper"]);
        let fragment = "exchanges=1&workload.rate=0.5&workload.arrivals=constant&workload.duration=9s&server.reply=upper";
        assert_eq!(open.to_fragment(), fragment);
        assert_eq!(Scenario::from_fragment(fragment), (open, Vec::new()));
        let most = scenario(&[("exchanges", "7"), ("workload.rate", "2")]);
        assert_eq!(values(&most), ["2", "poisson", "7", "mirror"], "what is set stays");
    }

    /// As `--set` replaces what a file says.
    #[test]
    fn a_later_call_replaces_the_other_key() {
        let start = || scenario(&[("workload.rate", "500"), END]);
        let of_each = [("workload.arrivals", "constant 10")];
        let mut each = start();
        each.apply(of_each).unwrap();
        assert_eq!(values(&each)[..2], ["none", "constant 10"]);
        each.apply([("workload.rate", "20")]).unwrap();
        assert_eq!(values(&each)[..2], ["20", "constant"]);
        let closed = [END.0, "exchanges"].map(|key| (key, if key == END.0 { "none" } else { "1" }));
        for end in [("workload.rate", "none"), ("workload.arrivals", "closed")] {
            let mut changed = start();
            changed.apply(closed.into_iter().chain([end])).unwrap();
            assert_eq!(values(&changed)[..2], ["none", "closed"], "{end:?}");
            assert_eq!(start().adapted(end.0, end.1), Ok(changed));
        }
        let thinking = scenario(&[("workload.think", "1s")]);
        let page = thinking.adapted("workload.rate", "20").unwrap();
        assert_eq!(page.value("workload.duration").as_deref(), Some("10s"));
    }

    #[test]
    fn one_call_does_not_contradict_itself() {
        let rate = ("workload.rate", "500");
        for (pairs, sentence) in [
            (
                &[rate, ("workload.arrivals", "closed"), END][..],
                "workload.rate is \"500\"; with workload.arrivals=\"closed\" it must be none, because exchanges then \
                 begin when earlier ones are over; workload.arrivals can be poisson or constant",
            ),
            (
                &[rate, ("workload.arrivals", "poisson 4"), END],
                "workload.rate is \"500\"; with workload.arrivals=\"poisson 4\" it must be none, because these \
                 arrivals have their own rate at each client; workload.arrivals can be poisson or constant",
            ),
            (
                &[("workload.arrivals", "constant"), END],
                "workload.arrivals is \"constant\"; it needs a rate: set workload.rate, exchanges per second over all \
                 clients, or write \"constant 10\" for 10 per second at each client",
            ),
            (
                &[rate],
                "workload.duration is none; it must say how long exchanges arrive, such as 60s, because exchanges is none",
            ),
            (
                &[rate, END, ("token", "false")],
                "workload.rate lets exchanges overlap, so each reply has to name",
            ),
            (
                &[rate, END, ("workload.think", "1s")],
                "workload.think is \"1s\"; with workload.rate it must be none",
            ),
            (
                &[rate, ("workload.task", "write")],
                "workload.rate is \"500\"; with workload.task=write it must be none, because each client writes once",
            ),
            (
                &[rate, ("workload.task", "heartbeat")],
                "workload.rate is \"500\"; with workload.task=heartbeat it must be none",
            ),
            (
                &[("exchanges", "none")],
                "exchanges is none; without workload.rate or workload.arrivals it must be a",
            ),
            (
                &[("workload.rate", "1000000.1")],
                "workload.rate: \"1000000.1\" is not a number of exchanges per second",
            ),
        ] {
            let error = Scenario::default().apply(pairs.iter().copied()).unwrap_err().to_string();
            assert!(error.starts_with(sentence), "{error}");
        }
        let mut steps = scenario(&[
            ("token", "true"),
            ("server.reply", "mirror"),
            ("workload.arrivals", "poisson 4, 1s 8"),
        ]);
        assert_eq!(steps.apply([rate]).unwrap_err().key(), "workload.rate");
    }
}
