//! The closed forms by name, with inputs and results as a table: for the command line.

use super::{Bernoulli, GilbertElliott, Load, Metastable};
use super::{aloha, amplification, erlang_b, erlang_c, herd, md1, mm1, mm1k, slotted_aloha};
use crate::policy::Preset;
use crate::time::parse_duration;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// A closed form.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Its name.
    pub name: &'static str,
    /// What it answers.
    pub about: &'static str,
    /// When its numbers are predictions.
    pub conditions: &'static str,
    /// What it takes.
    pub inputs: &'static [Input],
    evaluate: fn(&Values<'_>) -> Result<Vec<Output>, TheoryError>,
}

/// An input of a [`Model`].
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Its key.
    pub key: &'static str,
    /// Its value when none is given.
    pub default: &'static str,
    /// What it means.
    pub help: &'static str,
    kind: Kind,
}

#[derive(Clone, Copy, Debug)]
enum Kind {
    /// A number from 0 to 1.
    Share,
    /// A number above 0.
    Positive,
    /// A whole number from 1 to this.
    Count(u32),
    /// A time with its unit.
    Time,
    /// The name of a preset.
    Preset,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share => f.write_str("a number from 0 to 1"),
            Self::Positive => f.write_str("a number above 0"),
            Self::Count(most) => write!(f, "a whole number from 1 to {most}"),
            Self::Time => f.write_str("a time with its unit such as `100ms`"),
            Self::Preset => f.write_str("the name of a preset"),
        }
    }
}

impl Input {
    /// What values it takes, in words.
    pub fn allowed(&self) -> impl fmt::Display {
        self.kind
    }
}

/// A result of a [`Model`].
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Its key.
    pub key: &'static str,
    /// Its value; NaN where it does not exist.
    pub value: f64,
    /// What it is.
    pub help: &'static str,
    /// A word instead of a number.
    pub word: Option<&'static str>,
}

/// A [`Model`] with its numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// The inputs as used, each with its key.
    pub inputs: Vec<(&'static str, String)>,
    /// What they come to.
    pub outputs: Vec<Output>,
}

/// Why a model was not evaluated.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TheoryError {
    /// The model has no such input.
    UnknownKey(String, String),
    /// The value is not what the input takes.
    BadValue(&'static str, String, String),
    /// The values are fine by themselves, but the model has no answer for them together.
    Conditions(&'static str),
}

impl fmt::Display for TheoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(key, known) => {
                write!(f, "there is no input `{key}`; it takes {known}")
            }
            Self::BadValue(key, value, allowed) => {
                write!(f, "{key} cannot be `{value}`; it takes {allowed}")
            }
            Self::Conditions(sentence) => f.write_str(sentence),
        }
    }
}

impl core::error::Error for TheoryError {}

impl Model {
    /// The model of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.name == name)
    }

    /// Evaluates the model: the inputs as used, and the results.
    ///
    /// # Errors
    /// The first [`TheoryError`].
    pub fn evaluate<'a>(&self, pairs: &[(&'a str, &'a str)]) -> Result<Evaluation, TheoryError> {
        for (key, _) in pairs {
            if !self.inputs.iter().any(|input| input.key == *key) {
                let known: Vec<&str> = self.inputs.iter().map(|input| input.key).collect();
                return Err(TheoryError::UnknownKey((*key).to_string(), known.join(", ")));
            }
        }
        let given = |input: &Input| {
            let given = pairs.iter().rev().find(|(key, _)| *key == input.key);
            given.map_or(input.default, |(_, value)| *value).trim().to_string()
        };
        let inputs: Vec<(&'static str, String)> =
            self.inputs.iter().map(|input| (input.key, given(input))).collect();
        let outputs = (self.evaluate)(&Values { inputs: self.inputs, values: &inputs })?;
        Ok(Evaluation { inputs, outputs })
    }
}

/// The inputs of one evaluation.
struct Values<'a> {
    inputs: &'static [Input],
    values: &'a [(&'static str, String)],
}

impl Values<'_> {
    /// The text of `key` and its input. Models ask only for what their own table has.
    fn text(&self, key: &str) -> Result<(&'static Input, &str), TheoryError> {
        let place = self.inputs.iter().position(|input| input.key == key);
        let place = place.ok_or(TheoryError::Conditions("a model asks for an input it lacks"))?;
        Ok((&self.inputs[place], &self.values[place].1))
    }

    fn read<T>(&self, key: &str, parse: impl Fn(&str) -> Option<T>) -> Result<T, TheoryError> {
        let (input, text) = self.text(key)?;
        let bad = || TheoryError::BadValue(input.key, text.to_string(), input.kind.to_string());
        parse(text).ok_or_else(bad)
    }

    fn number(&self, key: &str) -> Result<f64, TheoryError> {
        let (input, _) = self.text(key)?;
        self.read(key, |text| {
            if let Kind::Time = input.kind {
                return parse_duration(text).map(|time| time.as_secs_f64());
            }
            let number = text.parse::<f64>().ok().filter(|number| number.is_finite())?;
            let fits = match input.kind {
                Kind::Share => (0.0..=1.0).contains(&number),
                _ => number > 0.0,
            };
            fits.then_some(number)
        })
    }

    fn count(&self, key: &str) -> Result<u32, TheoryError> {
        let (input, _) = self.text(key)?;
        let Kind::Count(most) = input.kind else {
            return Err(TheoryError::Conditions("a model counts what is no number"));
        };
        self.read(key, |text| text.parse().ok().filter(|n| (1..=most).contains(n)))
    }
}

const fn input(key: &'static str, default: &'static str, help: &'static str, kind: Kind) -> Input {
    Input { key, default, help, kind }
}

const fn output(key: &'static str, value: f64, help: &'static str) -> Output {
    Output { key, value, help, word: None }
}

const LOAD: Input = input("load", "0.8", "arrivals per service time", Kind::Positive);

/// Every model.
pub const MODELS: &[Model] = &[
    Model {
        name: "bernoulli",
        about: "an exchange whose copies are lost and dropped independently of each other",
        conditions: "independent loss and drop, a round trip shorter than the first wait, no jitter",
        inputs: &[
            input("preset", "textbook", "the policy", Kind::Preset),
            input("loss", "0", "share of datagrams that the link loses, each way", Kind::Share),
            input("drop", "0.5", "share of requests that the server drops", Kind::Share),
            input("rtt", "0s", "the round-trip time", Kind::Time),
        ],
        evaluate: bernoulli,
    },
    Model {
        name: "amplification",
        about: "calls per first try through layers of clients that retry",
        conditions: "failures do not depend on the load, and each layer retries on its own",
        inputs: &[
            input("failure", "0.5", "share of calls that fail", Kind::Share),
            input("sends", "4", "sends at most, the first included", Kind::Count(1_000_000)),
            input("layers", "1", "layers that retry", Kind::Count(1_000)),
        ],
        evaluate: |values| {
            let (f, sends) = (values.number("failure")?, values.count("sends")?);
            let one = amplification(f, sends, 1);
            let all = amplification(f, sends, values.count("layers")?);
            Ok(vec![
                output("amplification", one, "calls per first try, one layer"),
                output("amplification_all", all, "calls at the bottom per first try at the top"),
                output("success", 1.0 - libm::pow(f, f64::from(sends)), "exchanges that succeed"),
            ])
        },
    },
    Model {
        name: "mm1k",
        about: "a server with a queue that is full at k",
        conditions: "Poisson arrivals, exponential service, one server, room for k in all",
        inputs: &[
            LOAD,
            input("k", "10", "room, the one in service included", Kind::Count(1_000_000)),
        ],
        evaluate: |values| {
            let queue = mm1k(values.number("load")?, values.count("k")?);
            Ok(vec![
                output("blocked", queue.blocked, "arrivals that find it full"),
                output("in_system", queue.in_system, "mean number in the system"),
                output("time", queue.time, "mean time in the system, in service times"),
            ])
        },
    },
    Model {
        name: "md1",
        about: "a server whose service always takes as long, and M/M/1 beside it",
        conditions: "Poisson arrivals, one server, no limit, a load below 1",
        inputs: &[LOAD],
        evaluate: |values| {
            let load = values.number("load")?;
            if load >= 1.0 {
                return Err(TheoryError::Conditions(
                    "the load must be below 1: no queue without end",
                ));
            }
            Ok(vec![
                output("time", md1(load).time, "mean time in the system, in service times"),
                output("in_system", md1(load).in_system, "mean number in the system"),
                output("mm1_time", mm1(load).time, "the same with exponential service"),
            ])
        },
    },
    Model {
        name: "erlang-b",
        about: "calls that find all servers busy, and are gone",
        conditions: "Poisson arrivals, any service law",
        inputs: ERLANG,
        evaluate: |values| {
            let blocked = erlang_b(values.count("servers")?, values.number("offered")?);
            Ok(vec![output("blocked", blocked, "arrivals that find all servers busy")])
        },
    },
    Model {
        name: "erlang-c",
        about: "calls that have to wait for a server",
        conditions: "Poisson arrivals, exponential service, less offered than there are servers",
        inputs: ERLANG,
        evaluate: |values| {
            let (servers, offered) = (values.count("servers")?, values.number("offered")?);
            if offered >= f64::from(servers) {
                return Err(TheoryError::Conditions("`offered` must be below `servers`"));
            }
            let waits = erlang_c(servers, offered);
            let wait = waits / (f64::from(servers) - offered);
            Ok(vec![
                output("waits", waits, "arrivals that have to wait"),
                output("wait", wait, "mean wait of all, in service times"),
            ])
        },
    },
    Model {
        name: "gilbert-elliott",
        about: "losses that come in bursts",
        conditions: "one step per packet",
        inputs: &[
            input("u", "0.01", "chance to turn bad, at each step", Kind::Share),
            input("v", "0.25", "chance to turn good, at each step", Kind::Share),
            input("loss_good", "0", "loss in the good state", Kind::Share),
            input("loss_bad", "1", "loss in the bad state", Kind::Share),
        ],
        evaluate: |values| {
            let (u, v) = (values.number("u")?, values.number("v")?);
            if u == 0.0 || v == 0.0 {
                return Err(TheoryError::Conditions(
                    "`u` and `v` must be above 0: both states occur",
                ));
            }
            let model =
                GilbertElliott::new(u, v, values.number("loss_good")?, values.number("loss_bad")?);
            Ok(vec![
                output("loss", model.loss, "share of packets lost"),
                output("bad", model.bad, "share of steps in the bad state"),
                output("bad_length", model.bad_length, "mean steps in the bad state"),
                output("loss_run", model.loss_run, "mean packets lost in a row"),
            ])
        },
    },
    Model {
        name: "aloha",
        about: "senders that share a medium without listening",
        conditions: "Poisson offers, retransmissions included",
        inputs: &[input("g", "0.5", "frames offered per frame time", Kind::Positive)],
        evaluate: |values| {
            let g = values.number("g")?;
            Ok(vec![
                output("throughput", aloha(g), "frames per frame time that get through"),
                output("slotted", slotted_aloha(g), "the same with slots"),
            ])
        },
    },
    Model {
        name: "herd",
        about: "clients that come back spread over a window",
        conditions: "many clients, a uniform spread, a service that is short beside the window",
        inputs: &[
            input("clients", "1000", "clients", Kind::Count(u32::MAX)),
            input("window", "10s", "what they are spread over", Kind::Time),
            input("service", "1ms", "how long each keeps the server", Kind::Time),
        ],
        evaluate: |values| {
            let clients = f64::from(values.count("clients")?);
            let window = values.number("window")?;
            if window <= 0.0 {
                return Err(TheoryError::Conditions("`window` must be above 0"));
            }
            let alone = herd(clients, window, values.number("service")?);
            Ok(vec![output("untouched", alone, "clients that meet no other")])
        },
    },
    Model {
        name: "metastable",
        about: "whether a server that was overloaded for a moment comes back",
        conditions: "an approximation: M/M/1, late work is done, retries are Poisson and independent",
        inputs: &[
            input("mu", "100", "what the server can do per second", Kind::Positive),
            input("timeout", "100ms", "when a client takes a copy for lost", Kind::Time),
            input("sends", "3", "sends at most, the first included", Kind::Count(1_000)),
            input("load", "50", "first tries per second", Kind::Positive),
        ],
        evaluate: metastable,
    },
];

const ERLANG: &[Input] = &[
    input("servers", "2", "servers", Kind::Count(1_000_000)),
    input("offered", "1.6", "calls that arrive per service time", Kind::Positive),
];

fn bernoulli(values: &Values<'_>) -> Result<Vec<Output>, TheoryError> {
    let preset: Preset = values.read("preset", |text| text.parse().ok())?;
    let (loss, drop, rtt) = (values.number("loss")?, values.number("drop")?, values.number("rtt")?);
    let model = Bernoulli::new(&preset.policy(), loss, drop, rtt);
    let model =
        model.ok_or(TheoryError::Conditions("this preset never gives up: it has no `k`"))?;
    Ok(vec![
        output("gave_up", model.gave_up, "exchanges that fail"),
        output("amplification", model.amplification, "sends per exchange"),
        output("time_answered_s", model.time_answered, "mean time to the reply"),
        output("time_s", model.time, "mean time to the end, failed ones included"),
        output("executions", model.executions, "times the server does the work of an exchange"),
        output("executed_gave_up", model.executed_gave_up, "exchanges done, yet given up"),
    ])
}

fn metastable(values: &Values<'_>) -> Result<Vec<Output>, TheoryError> {
    let (mu, timeout) = (values.number("mu")?, values.number("timeout")?);
    let model = Metastable { mu, timeout, sends: values.count("sends")? };
    let load = model.at(values.number("load")?);
    let nan = f64::NAN;
    let (healthy, tipping, collapsed) = match load {
        Load::Stable(x) => (x, nan, nan),
        Load::Vulnerable { healthy, tipping, collapsed } => (healthy, tipping, collapsed),
        Load::Collapsed(x) => (nan, nan, x),
    };
    Ok(vec![
        Output {
            key: "state",
            value: nan,
            help: "what this load comes to",
            word: Some(load.name()),
        },
        output("healthy", healthy, "arrivals per second while all is well"),
        output("tipping", tipping, "arrivals from which on it collapses"),
        output("collapsed", collapsed, "arrivals per second after a collapse"),
        output("vulnerable_from", model.vulnerable_from(), "load from which on a collapse lasts"),
        output("collapses_from", model.collapses_from().0, "load with no healthy state"),
    ])
}

/// `bernoulli: …`
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{}: {}", self.name, self.about))
    }
}
