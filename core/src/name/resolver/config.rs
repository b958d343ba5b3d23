//! What a resolver looks up, which servers it asks, and when it retries.

use super::super::{DomainName, Kind, MAX_SERVERS, Options};
use crate::policy::Policy;
use alloc::boxed::Box;
use alloc::vec::Vec;
use core::net::SocketAddr;

/// What a [`Resolver`](super::Resolver) looks up, which servers it asks, and when it retries.
///
/// ```
/// use retrylab_core::name::{Config, Kind, Options, Resolver};
///
/// let servers = ["192.0.2.53:53", "[2001:db8::53]:53"].map(|server| server.parse().unwrap());
/// let config = Config::new("www.example".parse().unwrap(), servers[0])
///     .with_server(servers[1])
///     .with_kinds([Kind::A])
///     .with_options(Options::default());
/// let resolver = Resolver::new(config);
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Config {
    /// The name to look up.
    pub name: DomainName,
    /// The kinds of addresses to ask for; all queries of a send go out together.
    pub kinds: Vec<Kind>,
    /// The name servers, in the order in which to ask them. There is always one.
    pub servers: Vec<SocketAddr>,
    /// When to ask the next server.
    pub retry: Retry,
    /// Seed of the random draws. To be hard to forge replies for, a real resolver needs one that nobody can
    /// predict.
    pub seed: u64,
}

/// When a resolver asks the next server, and when it gives up.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Retry {
    /// The rule of resolv.conf(5). Only the first [`MAX_SERVERS`] servers are asked.
    Options(Options),
    /// A policy: each of its sends goes to the next server. A server that fails or cannot be reached is followed by
    /// the next one at once, until all servers have been asked; then the policy decides.
    Policy(Box<Policy>),
}

impl Config {
    /// Returns a lookup of both kinds of addresses at one server under the default options, with seed 1.
    #[must_use]
    pub fn new(name: DomainName, server: SocketAddr) -> Self {
        let retry = Retry::Options(Options::default());
        Self { name, kinds: Kind::ALL.into(), servers: Vec::from([server]), retry, seed: 1 }
    }

    /// Adds a server.
    #[must_use]
    pub fn with_server(mut self, server: SocketAddr) -> Self {
        self.servers.push(server);
        self
    }

    /// Sets the kinds of addresses to ask for.
    #[must_use]
    pub fn with_kinds(self, kinds: impl IntoIterator<Item = Kind>) -> Self {
        Self { kinds: kinds.into_iter().collect(), ..self }
    }

    /// Sets the options of resolv.conf.
    #[must_use]
    pub fn with_options(self, options: Options) -> Self {
        Self { retry: Retry::Options(options), ..self }
    }

    /// Sets a policy instead of the rule of resolv.conf.
    #[must_use]
    pub fn with_policy(self, policy: Policy) -> Self {
        Self { retry: Retry::Policy(Box::new(policy)), ..self }
    }

    /// Sets the seed.
    #[must_use]
    pub fn with_seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// Returns the servers in the order in which client `flow` asks them, and the policy.
    pub(super) fn plan(&self, flow: u32) -> (Vec<SocketAddr>, Policy) {
        match &self.retry {
            Retry::Policy(policy) => (self.servers.clone(), **policy),
            Retry::Options(options) => {
                let mut servers = self.servers.clone();
                servers.truncate(MAX_SERVERS);
                let first = options.first(servers.len(), self.seed, flow);
                servers.rotate_left(first);
                let policy = options.policy(servers.len(), first);
                (servers, policy)
            }
        }
    }
}
