//! The lab's page: runs the simulated network in wasm and draws it.
//!
//! The page's JavaScript only shows and asks; everything that knows what a packet, a wait or a scenario is
//! is here or in the core. Three objects cross the boundary: [`Lab`], and in web workers [`Part`] and [`Trials`].
//!
//! ```text
//!   link, controls ──▶ Lab ──▶ run ──▶ timeline ──┬──▶ stage    packets and timers at one moment
//!                       │     (core)              ├──▶ ladder   one client's exchanges, time down
//!                       │                         ├──▶ strip    the whole run, time across
//!                       ▼                         └──▶ words, inspect, table
//!                  address bar
//! ```
//!
//! | module | what it is |
//! |---|---|
//! | `part`, `report` | the crate `retrylab-engine`, in `web/engine/`: simulates very many clients, fast |
//! | `run` | steps the simulated network within a bound, keeps its first records |
//! | `frames` | the bytes of the first frames of a network of packets |
//! | `capture` | a run's packets as a file for Wireshark, in the second module |
//! | `charts` | the numbers of the charts; runs with other values and seeds for a sweep |
//! | `timeline` | records become packets, waits and phases that can be asked "what at this time?" |
//! | `stage`, `ladder`, `strip` | pictures; in each, layout and drawing are separate |
//! | `schedule` | the client's sends and waits when nobody answers, as a picture and in words |
//! | `words` | sentences about a moment, an outcome, a scenario |
//! | `inspect` | everything known about one packet or wait |
//! | `why` | the chain of reasons for it, the waterfall and the states of its exchange |
//! | `fields` | the core's table of keys as a form's description |
//! | `fold` | how long each stretch of a run takes to watch: empty ones are folded |
//! | `rest` | starts the part of the program that arrives after a first visit has begun |
//! | `lessons` | the course, and the menu of scenarios worth looking at |
//!
//! It has no clock either: the page passes in how much time has elapsed.

#[cfg(feature = "packets")]
mod capture;
mod charts;
mod fields;
mod fold;
mod frames;
mod inspect;
mod json;
mod lab;
mod ladder;
mod lessons;
mod numbers;
mod paint;
mod panic;
mod rest;
mod run;
mod schedule;
mod stage;
mod strip;
mod table;
mod theme;
mod timeline;
mod why;
mod words;

#[cfg(feature = "packets")]
pub use capture::Capture;
pub use charts::{Pairs, Trials};
pub use lab::Lab;
pub use rest::start_rest;
pub use retrylab_engine::part::Part;
use retrylab_engine::report;
