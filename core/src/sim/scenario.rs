//! A scenario: everything that a run depends on, in one struct.

use super::fields::{FIELDS, FieldError, Kind};
use super::network::{Network, SERVER, flow_of};
use super::{ScenarioNetwork, Summary, link_keys, policy_keys};
use crate::echo::{self, Server};
use crate::link::{self, Link};
use crate::policy::{Policy, PolicyBuilder, Preset};
use crate::random::Probability;
use crate::retry::{self, Client, MAX_MESSAGE_IPV4, Token};
use crate::trace::{DigestSink, Sink};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::str::FromStr;

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
    /// The server.
    pub server: echo::Config,
    /// The preset that the link started from.
    pub link_preset: link::Preset,
    /// The link between each client and the server.
    pub link: Link,
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
            server: echo::Config::default(),
            link_preset: link::Preset::Default,
            link: Link::default(),
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
        let longest = MAX_MESSAGE_IPV4 - Token::MAX_LEN;
        if changed.token && changed.message.len() > longest {
            let sentence = format!(
                "message is {} bytes long; with token=true it must be at most {longest}",
                changed.message.len()
            );
            return Err(FieldError::Contradiction { key: "message".to_string(), sentence });
        }
        *self = changed;
        Ok(())
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
            "server.drop" => self.server.drop = Probability::parse(value)?,
            "server.drop_first" => self.server.drop_first = integer(kind, value)?,
            "server.drop_list" => self.server.drop_list = value.parse().ok()?,
            "server.reply" => self.server.reply = value.parse().ok()?,
            "link.preset" => {
                self.link_preset = value.parse().ok()?;
                self.link = self.link_preset.link();
            }
            _ if key.starts_with("link.") => {
                link_keys::set(&mut self.link, key.strip_prefix("link.")?, kind, value)?;
            }
            _ => {
                *policy = policy_keys::set(*policy, key.strip_prefix("policy.")?, kind, value)?;
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
            "server.drop" => self.server.drop.to_string(),
            "server.drop_first" => self.server.drop_first.to_string(),
            "server.drop_list" => self.server.drop_list.to_string(),
            "server.reply" => self.server.reply.to_string(),
            "link.preset" => self.link_preset.name().to_string(),
            _ if key.starts_with("link.") => {
                return link_keys::value(&self.link, key.strip_prefix("link.")?);
            }
            _ => return policy_keys::value(&self.policy, key.strip_prefix("policy.")?),
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

    /// The clients' configuration.
    #[must_use]
    pub fn client_config(&self) -> retry::Config {
        retry::Config {
            peer: SERVER,
            connected: self.connected,
            message: self.message.as_bytes().into(),
            token: self.token,
            exchanges: self.exchanges,
            policy: self.policy,
            seed: self.seed,
        }
    }

    /// The network that runs this scenario and records into `sink`.
    #[must_use]
    pub fn network<K: Sink>(&self, sink: K) -> ScenarioNetwork<K> {
        let config = Arc::new(self.client_config());
        let clients =
            (1..=self.clients).map(|flow| Client::numbered(Arc::clone(&config), flow)).collect();
        let server = Server::numbered(self.server.clone(), self.seed, flow_of);
        let counted = (Summary::default(), DigestSink::default());
        Network::new(clients, server, self.link.clone(), self.seed, (counted, sink))
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
