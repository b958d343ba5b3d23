//! Table of the closed-form models with their inputs and results, for the command line.

use super::{Bernoulli, GilbertElliott, Load, Metastable};
use super::{aloha, amplification, erlang_b, erlang_c, herd, md1, mm1, mm1k, slotted_aloha};
use crate::policy::Preset;
use crate::time::parse_duration;
use crate::value::{Printable, nearest};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;
use core::fmt;

/// Closed-form model.
#[derive(Clone, Copy, Debug)]
pub struct Model {
    /// Name on the command line.
    pub name: &'static str,
    /// Subject of the model.
    pub about: &'static str,
    /// Conditions under which its results are predictions.
    pub conditions: &'static str,
    /// Inputs of the model.
    pub inputs: &'static [Input],
    evaluate: fn(&Values<'_>) -> Result<Vec<Output>, TheoryError>,
}

/// Input of a [`Model`].
#[derive(Clone, Copy, Debug)]
pub struct Input {
    /// Key of the input.
    pub key: &'static str,
    /// Default value.
    pub default: &'static str,
    /// Meaning of the input.
    pub help: &'static str,
    kind: InputKind,
}

#[derive(Clone, Copy, Debug)]
enum InputKind {
    /// Number from 0 to 1.
    Share,
    /// Number above 0.
    Positive,
    /// Whole number from 1 to this one.
    Count(u32),
    /// Time with its unit.
    Time,
    /// Name of a preset.
    Preset,
}

impl fmt::Display for InputKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Share => f.write_str("a number from 0 to 1, or a fraction such as `4/11`"),
            Self::Positive => f.write_str("a number above 0"),
            Self::Count(most) => write!(f, "a whole number from 1 to {most}"),
            Self::Time => f.write_str("a time with its unit such as `100ms`"),
            Self::Preset => f.write_str("the name of a preset"),
        }
    }
}

impl Input {
    /// Returns a description of the values that the input accepts.
    pub fn allowed(&self) -> impl fmt::Display {
        self.kind
    }
}

/// Result of a [`Model`].
#[derive(Clone, Debug, PartialEq)]
pub struct Output {
    /// Key of the result.
    pub key: &'static str,
    /// Value; NaN if it does not exist.
    pub value: f64,
    /// Meaning of the result.
    pub help: &'static str,
    /// Word that replaces the number, for a result that is not a number.
    pub word: Option<&'static str>,
}

/// Inputs and results of an evaluated [`Model`].
#[derive(Clone, Debug, PartialEq)]
pub struct Evaluation {
    /// Inputs as used, each with its key.
    pub inputs: Vec<(&'static str, String)>,
    /// Results.
    pub outputs: Vec<Output>,
}

/// Error that [`Model::evaluate`] returns.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TheoryError {
    /// The model has no input with this key; the second text lists the keys that it has.
    UnknownKey(String, String),
    /// The input does not accept this value; the second text describes what it accepts.
    BadValue(&'static str, String, String),
    /// Each value is valid, but the conditions of the model do not hold.
    Conditions(&'static str),
}

impl fmt::Display for TheoryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownKey(key, known) => {
                write!(f, "there is no input `{}`; ", Printable::short(key))?;
                match nearest(key, known.split(", ")) {
                    Some(meant) => write!(f, "did you mean {meant}?"),
                    None => write!(f, "the inputs are {known}"),
                }
            }
            Self::BadValue(key, value, allowed) => {
                write!(f, "{key} is `{}`; it must be {allowed}", Printable::short(value))
            }
            Self::Conditions(sentence) => f.write_str(sentence),
        }
    }
}

impl core::error::Error for TheoryError {}

impl Model {
    /// Returns the model with this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        MODELS.iter().find(|model| model.name == name)
    }

    /// Evaluates the model and returns the inputs as used, and the results.
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

/// Inputs of one evaluation.
struct Values<'a> {
    inputs: &'static [Input],
    values: &'a [(&'static str, String)],
}

impl Values<'_> {
    /// Returns the input `key` and its text. A model reads only inputs that its table has.
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
            if let InputKind::Time = input.kind {
                return parse_duration(text).map(|time| time.as_secs_f64());
            }
            let number = match (input.kind, text.split_once('/')) {
                (InputKind::Share, Some((part, whole))) => fraction(part, whole),
                _ => text.parse().ok(),
            };
            let number: f64 = number.filter(|number| number.is_finite())?;
            let fits = match input.kind {
                InputKind::Share => (0.0..=1.0).contains(&number),
                _ => number > 0.0,
            };
            fits.then_some(number)
        })
    }

    fn count(&self, key: &str) -> Result<u32, TheoryError> {
        let (input, _) = self.text(key)?;
        let InputKind::Count(most) = input.kind else {
            return Err(TheoryError::Conditions(
                "a model reads a count from another kind of input",
            ));
        };
        self.read(key, |text| text.parse().ok().filter(|n| (1..=most).contains(n)))
    }
}

/// Reads a fraction of two whole numbers.
fn fraction(part: &str, whole: &str) -> Option<f64> {
    let [part, whole] = [part, whole].map(|text| text.trim().parse::<u32>().ok());
    Some(f64::from(part?) / f64::from(whole?))
}

const fn input(
    key: &'static str,
    default: &'static str,
    help: &'static str,
    kind: InputKind,
) -> Input {
    Input { key, default, help, kind }
}

const fn output(key: &'static str, value: f64, help: &'static str) -> Output {
    Output { key, value, help, word: None }
}

const LOAD: Input = input("load", "0.8", "arrivals per service time", InputKind::Positive);

/// All models.
pub const MODELS: &[Model] = &[
    Model {
        name: "bernoulli",
        about: "an exchange whose sends are lost and dropped independently of each other",
        conditions: "independent loss and drop, a round trip shorter than the first wait, no jitter",
        inputs: &[
            input("preset", "textbook", "the policy", InputKind::Preset),
            input(
                "loss",
                "0",
                "share of datagrams that the link loses, each way",
                InputKind::Share,
            ),
            input("drop", "0.5", "share of requests that the server drops", InputKind::Share),
            input("rtt", "0s", "the round-trip time", InputKind::Time),
            input("exchanges", "1", "number of exchanges", InputKind::Count(u32::MAX)),
        ],
        evaluate: bernoulli,
    },
    Model {
        name: "amplification",
        about: "calls per request through layers of clients that retry",
        conditions: "failures do not depend on the load, and each layer retries independently",
        inputs: &[
            input("failure", "0.5", "share of calls that fail", InputKind::Share),
            input(
                "sends",
                "4",
                "maximum number of sends, the first included",
                InputKind::Count(1_000_000),
            ),
            input("layers", "1", "number of layers that retry", InputKind::Count(1_000)),
        ],
        evaluate: |values| {
            let (f, sends) = (values.number("failure")?, values.count("sends")?);
            let one = amplification(f, sends, 1);
            let all = amplification(f, sends, values.count("layers")?);
            Ok(vec![
                output("amplification", one, "calls per request with one layer"),
                output(
                    "amplification_all",
                    all,
                    "calls at the last layer per request at the first",
                ),
                output(
                    "success",
                    1.0 - libm::pow(f, f64::from(sends)),
                    "share of exchanges that succeed",
                ),
            ])
        },
    },
    Model {
        name: "mm1k",
        about: "a server with a limited queue",
        conditions: "Poisson arrivals, exponential service, one server, at most k requests in the system",
        inputs: &[
            LOAD,
            input("k", "10", "limit, the request in service included", InputKind::Count(1_000_000)),
        ],
        evaluate: |values| {
            let queue = mm1k(values.number("load")?, values.count("k")?);
            Ok(vec![
                output("blocked", queue.blocked, "share of arrivals that find the queue full"),
                output("in_system", queue.in_system, "mean number in the system"),
                output("time", queue.time, "mean time in the system, in service times"),
            ])
        },
    },
    Model {
        name: "md1",
        about: "a server with constant service time, compared with M/M/1",
        conditions: "Poisson arrivals, one server, an unlimited queue, a load below 1",
        inputs: &[LOAD],
        evaluate: |values| {
            let load = values.number("load")?;
            if load >= 1.0 {
                return Err(TheoryError::Conditions(
                    "`load` must be below 1: otherwise the queue grows forever",
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
        about: "calls that are rejected when all servers are busy",
        conditions: "Poisson arrivals, any distribution of service times",
        inputs: ERLANG,
        evaluate: |values| {
            let blocked = erlang_b(values.count("servers")?, values.number("offered")?);
            Ok(vec![output("blocked", blocked, "share of arrivals that find all servers busy")])
        },
    },
    Model {
        name: "erlang-c",
        about: "calls that wait for a free server",
        conditions: "Poisson arrivals, exponential service, `offered` below `servers`",
        inputs: ERLANG,
        evaluate: |values| {
            let (servers, offered) = (values.count("servers")?, values.number("offered")?);
            if offered >= f64::from(servers) {
                return Err(TheoryError::Conditions("`offered` must be below `servers`"));
            }
            let waits = erlang_c(servers, offered);
            let wait = waits / (f64::from(servers) - offered);
            Ok(vec![
                output("waits", waits, "share of arrivals that wait"),
                output("wait", wait, "mean wait of all arrivals, in service times"),
            ])
        },
    },
    Model {
        name: "gilbert-elliott",
        about: "burst losses",
        conditions: "one step per packet",
        inputs: &[
            input("u", "0.01", "probability to turn bad, at each step", InputKind::Share),
            input("v", "0.25", "probability to turn good, at each step", InputKind::Share),
            input("loss_good", "0", "loss in the good state", InputKind::Share),
            input("loss_bad", "1", "loss in the bad state", InputKind::Share),
        ],
        evaluate: |values| {
            let (u, v) = (values.number("u")?, values.number("v")?);
            if u == 0.0 || v == 0.0 {
                return Err(TheoryError::Conditions(
                    "`u` and `v` must be above 0: otherwise one state lasts forever",
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
        about: "senders that share a medium without carrier sensing",
        conditions: "frames, retransmissions included, are offered as a Poisson process",
        inputs: &[input("g", "0.5", "frames offered per frame time", InputKind::Positive)],
        evaluate: |values| {
            let g = values.number("g")?;
            Ok(vec![
                output("throughput", aloha(g), "frames received per frame time"),
                output("slotted", slotted_aloha(g), "the same with slotted ALOHA"),
            ])
        },
    },
    Model {
        name: "herd",
        about: "clients that return spread over a window",
        conditions: "many clients, a uniform spread, a service time that is short for the window",
        inputs: &[
            input("clients", "1000", "number of clients", InputKind::Count(u32::MAX)),
            input("window", "10s", "time over which they return", InputKind::Time),
            input("service", "1ms", "time for which each occupies the server", InputKind::Time),
        ],
        evaluate: |values| {
            let clients = f64::from(values.count("clients")?);
            let window = values.number("window")?;
            if window <= 0.0 {
                return Err(TheoryError::Conditions("`window` must be above 0"));
            }
            let alone = herd(clients, window, values.number("service")?);
            Ok(vec![output("untouched", alone, "share of clients that overlap with no other")])
        },
    },
    Model {
        name: "metastable",
        about: "whether a server recovers from a short overload",
        conditions: "an approximation: M/M/1, late requests are processed too, retries are independent \
                     Poisson arrivals",
        inputs: &[
            input(
                "mu",
                "100",
                "requests that the server can process per second",
                InputKind::Positive,
            ),
            input("timeout", "100ms", "time after which a client abandons a send", InputKind::Time),
            input(
                "sends",
                "3",
                "maximum number of sends, the first included",
                InputKind::Count(1_000),
            ),
            input("load", "50", "exchanges per second", InputKind::Positive),
        ],
        evaluate: metastable,
    },
];

const ERLANG: &[Input] = &[
    input("servers", "2", "number of servers", InputKind::Count(1_000_000)),
    input("offered", "1.6", "calls that arrive per service time", InputKind::Positive),
];

fn bernoulli(values: &Values<'_>) -> Result<Vec<Output>, TheoryError> {
    let preset: Preset = values.read("preset", |text| text.parse().ok())?;
    let (loss, drop, rtt) = (values.number("loss")?, values.number("drop")?, values.number("rtt")?);
    let model = Bernoulli::new(&preset.policy(), loss, drop, rtt);
    let model =
        model.ok_or(TheoryError::Conditions("this preset never gives up; use one that does"))?;
    let all_answered = libm::pow(1.0 - model.gave_up, f64::from(values.count("exchanges")?));
    Ok(vec![
        output("gave_up", model.gave_up, "share of exchanges that fail"),
        output("all_answered", all_answered, "probability that every exchange is answered"),
        output("amplification", model.amplification, "sends per exchange"),
        output("time_answered_s", model.time_answered, "mean time to the reply"),
        output("time_s", model.time, "mean time to the end, failed exchanges included"),
        output("executions", model.executions, "times that the server processes an exchange"),
        output(
            "executed_gave_up",
            model.executed_gave_up,
            "share of exchanges that the server processes and the client gives up",
        ),
    ])
}

fn metastable(values: &Values<'_>) -> Result<Vec<Output>, TheoryError> {
    let (mu, timeout) = (values.number("mu")?, values.number("timeout")?);
    let model = Metastable { mu, timeout, sends: values.count("sends")? };
    let load = values.number("load")?;
    let (state, nan) = (model.at(load), f64::NAN);
    let (healthy, tipping, collapsed, life) = match state {
        Load::Stable(x) => (x, nan, nan, nan),
        Load::Vulnerable { healthy, tipping, collapsed } => {
            (healthy, tipping, collapsed, model.mean_life(load))
        }
        Load::Collapsed(x) => (nan, nan, x, nan),
    };
    Ok(vec![
        Output {
            key: "state",
            value: nan,
            help: "state of the server at this load",
            word: Some(state.name()),
        },
        output("healthy", healthy, "arrivals per second in the healthy state"),
        output("tipping", tipping, "arrivals per second from which the server collapses"),
        output("collapsed", collapsed, "arrivals per second after a collapse"),
        output("mean_life_s", life, "mean time until it collapses by chance, without a spike"),
        output("vulnerable_from", model.vulnerable_from(), "load from which a collapse persists"),
        output("collapses_from", model.collapses_from().0, "load without a healthy state"),
    ])
}

/// Writes the name and the subject: `bernoulli: …`.
impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&format!("{}: {}", self.name, self.about))
    }
}
