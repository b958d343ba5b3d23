//! What do I do when no reply comes?
//!
//! This crate holds the state machines of that question (a client that sends again, a server that
//! loses datagrams on purpose), the network between them, and a simulation of all three. It has no
//! clock, no socket, no thread and no global generator: drivers have those.
//!
//! ```text
//!            bytes, time, addresses                     records
//!   driver ──────────────────────────▶  machine  ──────────────────▶  trace
//!          ◀──────────────────────────          (through the driver)
//!            datagrams, events, deadline
//!
//!   drivers: sim::Network (here), tokio over UDP (the `retrylab` program), yours
//! ```
//!
//! What it does not do: it is not a transport (no congestion control, no ordering, no fragments of its
//! own) and not a service to expose to the Internet.
//!
//! Which policy is for which job, and what each kind of jitter costs, says the guide of [`policy`].
//!
//! The layers, each knowing only those above it:
//!
//! | module | what it is |
//! |---|---|
//! | [`time`] | integer nanoseconds since the run began |
//! | [`addresses`] | of the simulated network: they tell a client's number |
//! | [`random`] | every draw comes from a named stream of one seed |
//! | [`machine`] | the contract that every state machine keeps, with its law as compiled code |
//! | [`policy`] | when to send again, and when to stop |
//! | [`trace`] | what happened, as typed records: digest, JSON lines, text ladder |
//! | [`retry`] | the client: one exchange, then the next, or as many as arrive |
//! | [`echo`] | the server: mirror or report, drop or fail on purpose |
//! | [`station`] | work that takes time: a queue and workers before the server's replies |
//! | [`contention`] | many writers and one row: what backing off costs |
//! | [`link`] | what a network does to a datagram |
//! | [`sim`] | the simulated network: event queue, hosts, scenario |
//! | [`harness`] | your own machines under test |
//! | [`stats`] | what a sample says: means, shares and their intervals |
//! | [`theory`] | closed forms, to stand beside every measurement |

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

#[macro_use]
mod words;

pub mod addresses;
pub mod contention;
pub mod echo;
#[cfg(feature = "sim")]
pub mod harness;
pub mod link;
pub mod machine;
pub mod policy;
pub mod random;
pub mod retry;
#[cfg(feature = "sim")]
pub mod sim;
pub mod station;
pub mod stats;
mod text;
pub mod theory;
pub mod time;
pub mod trace;
