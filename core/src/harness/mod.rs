//! Your own state machines under test: two of them, a virtual clock, a link, and many seeds.
//!
//! A [`Pair`] runs a client and a server of any types in the simulated network. It jumps from event to
//! event, keeps what happened, ends a run that does not end by itself, and says so when a machine
//! breaks the [driving law](crate::machine). [`for_each_seed`] repeats a test under many fates and names
//! the one that fails.
//!
//! ```
//! use retrylab_core::harness::{Pair, for_each_seed};
//! use retrylab_core::link::Link;
//! # use retrylab_core::{client, server::echo, sim::SERVER};
//! # fn my_client() -> client::Client { client::Client::new(client::Config::textbook(SERVER, b"hello")) }
//! # fn my_server() -> echo::Server { echo::Server::new(echo::Config::default(), 1) }
//! # use retrylab_core::machine::Machine;
//!
//! let link = Link { loss: "0.3".parse().unwrap(), ..Link::default() };
//! for_each_seed(0..100, |seed| {
//!     let mut pair = Pair::new(my_client(), my_server(), link.clone(), seed);
//!     pair.drive_bounded(100).unwrap();
//!     assert!(pair.client().is_finished(), "{}", pair.ladder());
//! });
//! ```
//!
//! When seed 17 fails, the test's output ends with the command that runs that seed alone:
//!
//! ```text
//! seed 17 failed; replay it alone with RETRYLAB_SEED=17 cargo test my_protocol_ends
//! ```
//!
//! `examples/own_machine.rs` is a whole protocol under test. For more than one client there is
//! [`Network`](crate::sim::Network) itself.

mod pair;
#[cfg(feature = "std")]
mod seeds;
mod watched;

pub use pair::{NoEnd, Pair};
#[cfg(feature = "std")]
pub use seeds::{SEED_VARIABLE, for_each_seed};
pub use watched::MAX_PER_INPUT;
