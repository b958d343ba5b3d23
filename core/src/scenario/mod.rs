//! A scenario: everything that a run depends on, in one struct.

mod faults;
mod fields;
mod fragment;
mod link_keys;
mod policy_keys;
#[cfg(feature = "serde")]
mod serde;
mod server_keys;
mod shipped;

pub use faults::{Fault, FaultKind, Faults, FaultsError};
pub use fields::{FIELDS, Field, FieldError, Kind};
pub use shipped::{SHIPPED, Shipped};

use crate::client::{self, Arrivals, MAX_MESSAGE_IPV4};
use crate::dist::Distribution;
use crate::link::{self, Link};
use crate::policy::{Policy, PolicyBuilder, Preset};
use crate::protocol::{Echo, FAILURE, Token};
use crate::server::{echo, service};
use crate::time::Duration;
use crate::value::words;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::str::FromStr;

/// The most bytes of messages that one client may send at the same moment.
const MOST_BURST: usize = 1 << 28;

/// What to simulate. Same scenario, same trace, byte for byte.
///
/// The fields are named by the keys of [`FIELDS`]; [`apply`](Self::apply) changes them from text and
/// checks them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scenario {
    /// Names every random draw of the run.
    pub seed: u64,
    /// Clients that ask at the same time.
    pub clients: u32,
    /// Exchanges per client.
    pub exchanges: u32,
    /// The request.
    pub message: String,
    /// Do clients hear their server only?
    pub connected: bool,
    /// Does each datagram begin with its own name?
    pub token: bool,
    /// The preset that the policy started from.
    pub preset: Preset,
    /// The clients' policy.
    pub policy: Policy,
    /// When exchanges begin.
    pub workload: Workload,
    /// What the server answers.
    pub server: echo::Config,
    /// How long that takes it. Its outages are those of `faults`.
    pub station: service::Config,
    /// The preset that the link started from.
    pub link_preset: link::Preset,
    /// The link between each client and the server.
    pub link: Link,
    /// What goes wrong, and when.
    pub faults: Faults,
}

words! {
    /// What clients want of the server.
    Task {
        /// An answer to their message.
        #[default]
        Ask = "ask",
        /// To write one row, once each, under optimistic concurrency (see [`contention`](crate::client::contention)).
        Write = "write",
    }
}

/// When exchanges begin.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub struct Workload {
    /// When they arrive at each client, whatever became of those before (an open loop); `None`: each
    /// client begins the next exchange when the one before is over (a closed loop).
    pub arrivals: Option<Arrivals>,
    /// Until when they arrive.
    pub duration: Option<Duration>,
    /// How long a client of a closed loop rests between two exchanges.
    pub think: Option<Distribution>,
    /// What clients want.
    pub task: Task,
}

/// One exchange under the textbook's policy over a perfect link of 10 ms.
impl Default for Scenario {
    fn default() -> Self {
        Self {
            seed: 1,
            clients: 1,
            exchanges: 1,
            message: "hello".to_string(),
            connected: true,
            token: false,
            preset: Preset::Textbook,
            policy: Preset::Textbook.policy(),
            workload: Workload::default(),
            server: echo::Config::default(),
            station: service::Config::default(),
            link_preset: link::Preset::Default,
            link: Link::default(),
            faults: Faults::default(),
        }
    }
}

impl Scenario {
    /// Changes the scenario by pairs of key and value; all of them or, on an error, none.
    ///
    /// `policy.preset` and `link.preset` are applied before the other keys of the same call, wherever
    /// they stand; among equal keys the last one counts.
    ///
    /// # Errors
    /// The first [`FieldError`].
    pub fn apply<K, V>(&mut self, pairs: impl IntoIterator<Item = (K, V)>) -> Result<(), FieldError>
    where
        K: AsRef<str>,
        V: AsRef<str>,
    {
        let mut pairs: Vec<(K, V)> = pairs.into_iter().collect();
        pairs.sort_by_key(|(key, _)| !key.as_ref().ends_with(".preset"));
        let mut changed = self.clone();
        let mut policy = changed.policy.to_builder();
        for (key, value) in &pairs {
            changed.set(key.as_ref(), value.as_ref(), &mut policy)?;
        }
        changed.policy = policy.build().map_err(|error| FieldError::Contradiction {
            key: format!("policy.{}", error.field()),
            sentence: error.to_string(),
        })?;
        changed.check()?;
        *self = changed;
        Ok(())
    }

    /// Keys against each other.
    fn check(&self) -> Result<(), FieldError> {
        let wrong = |key: &str, sentence: String| {
            Err(FieldError::Contradiction { key: key.to_string(), sentence })
        };
        let longest = MAX_MESSAGE_IPV4 - Token::MAX_LEN;
        if self.token && self.message.len() > longest {
            let length = self.message.len();
            let sentence = format!(
                "message is {length} bytes long; with token=true it must be at most {longest}"
            );
            return wrong("message", sentence);
        }
        if self.message.as_bytes().starts_with(FAILURE) {
            let sentence = "message begins like a server's failure; it must begin otherwise";
            return wrong("message", sentence.to_string());
        }
        let open = self.workload.arrivals.is_some();
        if open && !(self.token && self.server.reply == echo::Reply::Mirror) {
            let sentence = "workload.arrivals opens exchanges beside each other: replies have to say \
                            what they answer, so token must be true and server.reply mirror";
            return wrong("workload.arrivals", sentence.to_string());
        }
        // One event handles them all: no bound on memory could step in.
        let burst = self.workload.arrivals.as_ref().map_or(0, Arrivals::burst);
        if burst.saturating_mul(self.message.len()) > MOST_BURST {
            let length = self.message.len();
            let sentence = format!(
                "workload.arrivals opens {burst} exchanges at the same moment, each with a message \
                 of {length} bytes; together they must be at most {MOST_BURST} bytes"
            );
            return wrong("workload.arrivals", sentence);
        }
        if open && self.workload.think.is_some() {
            let sentence = "workload.think is for clients that begin the next exchange by \
                            themselves; with workload.arrivals it must be none";
            return wrong("workload.think", sentence.to_string());
        }
        if !open && self.workload.duration.is_some() {
            let sentence = "workload.duration ends arrivals; in a closed loop it must be none";
            return wrong("workload.duration", sentence.to_string());
        }
        if self.workload.task == Task::Write {
            self.check_writers()?;
        }
        let load = |kind| matches!(kind, FaultKind::Load(_));
        if !open && self.faults.as_slice().iter().any(|fault| load(fault.kind)) {
            let sentence = "faults multiply the load of an open loop; in a closed one there must be \
                            no `load`";
            return wrong("faults", sentence.to_string());
        }
        Ok(())
    }

    /// Writers send nothing again because no reply came: whatever loses one would hold them for ever.
    fn check_writers(&self) -> Result<(), FieldError> {
        let default = Self::default();
        let same = |key: &str| self.value(key) == default.value(key);
        let keys = FIELDS.iter().map(|field| field.key);
        let mut others = keys.filter(|key| {
            let meant = ["workload.task", "link.preset", "link.latency", "link.correlation"];
            let group = key.split('.').next().unwrap_or_default();
            ["exchanges", "workload", "server", "link", "faults"].contains(&group)
                && !meant.contains(key)
        });
        match others.find(|key| !same(key)) {
            None => Ok(()),
            Some(key) => {
                let value = default.value(key).unwrap_or_default();
                let sentence = format!(
                    "{key} must be `{value}` with workload.task=write: a write is done once, over \
                     a link that loses nothing, by a server that takes no time"
                );
                Err(FieldError::Contradiction { key: key.to_string(), sentence })
            }
        }
    }

    fn set(
        &mut self,
        key: &str,
        value: &str,
        policy: &mut PolicyBuilder,
    ) -> Result<(), FieldError> {
        let Some(field) = FIELDS.iter().find(|field| field.key == key) else {
            return Err(FieldError::unknown(key));
        };
        let bad = || FieldError::BadValue { key: field.key, value: value.to_string() };
        self.set_known(field.key, field.kind, value, policy).ok_or_else(bad)
    }

    /// Sets a key of [`FIELDS`]; `None` if the value is not of its kind.
    fn set_known(
        &mut self,
        key: &str,
        kind: Kind,
        value: &str,
        policy: &mut PolicyBuilder,
    ) -> Option<()> {
        let small = || u32::try_from(integer(kind, value)?).ok();
        match key {
            "seed" => self.seed = seed(value)?,
            "clients" => self.clients = small()?,
            "exchanges" => self.exchanges = small()?,
            "message" => self.message = text(kind, value)?,
            "connected" => self.connected = value.parse().ok()?,
            "token" => self.token = value.parse().ok()?,
            "policy.preset" => {
                self.preset = value.parse().ok()?;
                *policy = self.preset.policy().to_builder();
            }
            "faults" => self.faults = value.parse().ok()?,
            "link.preset" => {
                self.link_preset = value.parse().ok()?;
                self.link = self.link_preset.link();
            }
            _ => {
                return match key.split_once('.')? {
                    ("server", name) => server_keys::set_server(self, name, kind, value),
                    ("workload", name) => server_keys::set_workload(self, name, value),
                    ("link", name) => link_keys::set(&mut self.link, name, kind, value),
                    ("policy", name) => {
                        *policy = policy_keys::set(*policy, name, kind, value)?;
                        Some(())
                    }
                    _ => None,
                };
            }
        }
        Some(())
    }

    /// The value of `key` as text that [`apply`](Self::apply) takes; `None` if there is no such key.
    #[must_use]
    pub fn value(&self, key: &str) -> Option<String> {
        Some(match key {
            "seed" => self.seed.to_string(),
            "clients" => self.clients.to_string(),
            "exchanges" => self.exchanges.to_string(),
            "message" => self.message.clone(),
            "connected" => self.connected.to_string(),
            "token" => self.token.to_string(),
            "policy.preset" => self.preset.name().to_string(),
            "faults" => self.faults.to_string(),
            "link.preset" => self.link_preset.name().to_string(),
            _ => {
                return match key.split_once('.')? {
                    ("server", name) => server_keys::server_value(self, name),
                    ("workload", name) => server_keys::workload_value(self, name),
                    ("policy", name) => policy_keys::value(&self.policy, name),
                    ("link", name) => link_keys::value(&self.link, name),
                    _ => None,
                };
            }
        })
    }

    /// Every key with its value.
    pub fn pairs(&self) -> impl Iterator<Item = (&'static str, String)> {
        FIELDS.iter().filter_map(|field| Some((field.key, self.value(field.key)?)))
    }

    /// The keys whose values differ from the default scenario's; those of the policy and of the link,
    /// from their presets'.
    pub fn changes(&self) -> impl Iterator<Item = (&'static str, String)> {
        let (preset, link_preset) = (self.preset, self.link_preset);
        let (policy, link) = (preset.policy(), link_preset.link());
        let default = Self { preset, policy, link_preset, link, ..Self::default() };
        self.pairs().filter(move |(key, value)| match *key {
            "policy.preset" => preset != Preset::default(),
            "link.preset" => link_preset != link::Preset::default(),
            key => default.value(key).as_ref() != Some(value),
        })
    }

    /// The clients' configuration, for a server at `peer`.
    #[must_use]
    pub fn client_config(&self, peer: SocketAddr) -> client::Config {
        let codec = Echo::new(self.message.as_bytes()).with_token(self.token);
        client::Config::new(peer, codec)
            .connected(self.connected)
            .policy(self.policy)
            .seed(self.seed)
            .exchanges(self.exchanges)
            .think(self.workload.think.clone())
    }

    /// What its clients of an open loop do with this server; `None` in a closed one.
    #[must_use]
    pub fn open_client_config(&self, peer: SocketAddr) -> Option<client::Config<client::OpenLoop>> {
        let config = self.client_config(peer).open(self.arrivals()?);
        Some(config.duration(self.workload.duration))
    }

    /// The law of arrivals, spikes of the load included.
    fn arrivals(&self) -> Option<Arrivals> {
        let arrivals = self.workload.arrivals.clone()?;
        Some(self.faults.as_slice().iter().fold(arrivals, |arrivals, fault| match fault.kind {
            FaultKind::Load(factor) => {
                arrivals.spiked(fault.from(), fault.until(), factor.as_f64())
            }
            _ => arrivals,
        }))
    }

    /// How the server works, its outages included.
    #[must_use]
    pub fn station_config(&self) -> service::Config {
        service::Config { outages: self.faults.outages(), ..self.station.clone() }
    }

    /// The exchanges of a run that nothing cuts short; `None` if arrivals decide.
    #[must_use]
    pub fn total(&self) -> Option<u64> {
        let closed = self.workload.arrivals.is_none();
        closed.then(|| u64::from(self.clients) * u64::from(self.exchanges))
    }
}

fn seed(value: &str) -> Option<u64> {
    let value = value.trim();
    match value.strip_prefix("0x") {
        Some(digits) => u64::from_str_radix(digits, 16).ok(),
        None => plain_integer(value),
    }
}

/// `u64::from_str` would take a plus sign.
fn plain_integer(value: &str) -> Option<u64> {
    Some(value.trim())
        .filter(|text| !text.starts_with('+'))
        .and_then(|text| u64::from_str(text).ok())
}

pub(super) fn integer(kind: Kind, value: &str) -> Option<u64> {
    let (Kind::Integer(low, high) | Kind::OptionalInteger(low, high)) = kind else { return None };
    plain_integer(value).filter(|n| (low..=high).contains(n))
}

fn text(kind: Kind, value: &str) -> Option<String> {
    let Kind::Text(most) = kind else { return None };
    (value.len() <= most).then(|| value.to_string())
}

/// Reads `none`, or a value with `parse`.
pub(super) fn or_none<T>(value: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if value.trim() == "none" { Some(None) } else { parse(value).map(Some) }
}

pub(super) fn none_or(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "none".to_string(), |value| value.to_string())
}
