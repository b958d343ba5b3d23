//! Test harness for your own state machines: two machines, a virtual clock, a link, and many seeds.
//!
//! A [`Pair`] runs a client and a server of any types in the simulated network. It jumps from event to
//! event, records what happens, stops a run that does not end by itself, and panics when a machine
//! breaks a rule of the [contract](crate::machine). [`for_each_seed`] repeats a test with many seeds and
//! reports the one that fails.
//!
//! ```
//! use retrylab_core::harness::{Pair, for_each_seed};
//! use retrylab_core::link::Link;
//! # use retrylab_core::{client, server::echo, sim::SERVER};
//! # fn my_client() -> client::Client { client::Client::new(client::Config::textbook(SERVER, b"hello")) }
//! # fn my_server() -> echo::Server { echo::Server::new(echo::Config::default(), 1) }
//! # use retrylab_core::machine::Machine;
//!
//! let link = Link::default().with_loss("0.3".parse().unwrap());
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
//! `examples/own_machine.rs` tests a whole protocol. For more than one client, use
//! [`Network`](crate::sim::Network).

mod pair;
#[cfg(feature = "std")]
mod seeds;
mod watched;

pub use pair::{NoEnd, Pair};
#[cfg(feature = "std")]
pub use seeds::{SEED_VARIABLE, for_each_seed};
pub use watched::MAX_PER_INPUT;
