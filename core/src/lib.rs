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
//! The guide in [`policy`] says which policy suits which job, and what each kind of jitter costs.
//!
//! The layers. A module uses only modules above it in this table; `cargo xtask test tidy` reads the table
//! and every path of the code, and fails when they disagree.
//!
//! | module | what it is |
//! |---|---|
//! | `text` | exact decimal text (private) |
//! | `rest` | texts that a build for download can load later (private) |
//! | `heap` | how much memory containers take (private) |
//! | [`time`] | integer nanoseconds since the run began |
//! | `eras` | values that follow each other during a run (private) |
//! | [`random`] | every draw comes from a named stream of one seed |
//! | [`value`] | values that people write: words, lists of numbers, factors |
//! | [`dist`] | distributions of times |
//! | [`policy`] | when to send again, and when to stop |
//! | [`machine`] | the contract of every state machine, with a compiled run loop |
//! | [`dissect`] | what is in a frame or a message: layers, fields and their bytes |
//! | [`trace`] | what happened, as typed records: digest, JSON lines, text ladder |
//! | [`capture`] | the packets of a run as a file for Wireshark and tshark (pcapng) |
//! | [`drive`] | the driver core: drain order, timers, what records refer to |
//! | [`exchange`] | one request with all its sends: policy, phases, outcome; no bytes |
//! | [`protocol`] | what requests and replies look like as bytes |
//! | [`client`] | clients: one exchange after another, as many as arrive, or writers of one row |
//! | [`server`] | servers: echo, work that takes time, the keeper of a row |
//! | [`stream`] | the same roles over a connection: connect, confirm, exchange, release |
//! | [`name`] | names and addresses: numbers of IPv4 addresses, a stub resolver and a name server (DNS) |
//! | [`link`] | what a network does to a datagram |
//! | [`scenario`] | everything that a run depends on, as keys and values |
//! | [`sim`] | the simulated network: event queue, hosts, bounds, metrics |
//! | [`stats`] | what a sample says: means, shares and their intervals |
//! | [`theory`] | closed forms, to compare with every measurement |
//! | [`exercise`] | questions about a run, with the right answers and the reasons |
//! | [`harness`] | your own machines under test |

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(any(test, feature = "std"))]
extern crate std;

pub mod capture;
pub mod client;
pub mod dissect;
pub mod dist;
pub mod drive;
mod eras;
pub mod exchange;
pub mod exercise;
#[cfg(feature = "sim")]
pub mod harness;
mod heap;
pub mod link;
pub mod machine;
pub mod name;
pub mod policy;
pub mod protocol;
pub mod random;
mod rest;
pub mod scenario;
pub mod server;
#[cfg(feature = "sim")]
pub mod sim;
pub mod stats;
pub mod stream;
mod text;
pub mod theory;
pub mod time;
pub mod trace;
pub mod value;
