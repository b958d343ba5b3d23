//! Many writers and one row: what backing off costs under contention.
//!
//! Each [`Client`] has to write the row once, under optimistic concurrency: it reads the row's version
//! and writes with it. Whoever comes second with a version is stale: the [`Server`] refuses the write,
//! and the client waits as its policy says and reads again. Nothing is lost and nobody is slow; all the
//! trouble is that the clients do the same thing at the same time. This is the model of "Exponential
//! Backoff And Jitter" (AWS Architecture Blog, 2015); `tests/results_contention.rs` holds it to that
//! experiment's numbers.
//!
//! ```text
//! client   read ──▶            write 7 ──▶            waits, then read ──▶
//! server         ◀── version 7            ◀── stale 7
//! ```
//!
//! What it does not do: send anything again because no reply came. Over a link that loses, a client
//! that misses a reply waits for ever.
//!
//! ```
//! use retrylab_core::contention::{Client, Config, Server};
//! use retrylab_core::link::Link;
//! use retrylab_core::policy::{Jitter, Policy};
//! use retrylab_core::sim::{Network, SERVER};
//! use retrylab_core::time::Duration;
//! use std::sync::Arc;
//!
//! // Five writers over a link of 10 ms each way. Without jitter they meet again and again.
//! let calls = |jitter| {
//!     let policy = Policy::exponential(Duration::from_millis(10)).jitter(jitter).build().unwrap();
//!     let config = Arc::new(Config { peer: SERVER, policy, seed: 1 });
//!     let clients = (1..=5).map(|flow| Client::numbered(config.clone(), flow)).collect::<Vec<_>>();
//!     let mut network = Network::new(clients, Server::default(), Link::default(), 1, ());
//!     while network.step().is_some() {}
//!     assert_eq!(network.server().written(), 5);
//!     network.server().calls()
//! };
//! assert_eq!(calls(Jitter::None), 5 + 4 + 3 + 2 + 1);
//! assert!(calls(Jitter::Full) < 15);
//! ```

mod client;
mod server;
#[cfg(test)]
mod tests;
mod wire;

pub use client::{Client, Config, Event};
pub use server::{Server, Verdict};
pub use wire::{Reply, Request};
