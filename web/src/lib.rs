//! The lab's page: runs the simulated network in wasm and draws it.
//!
//! The page's JavaScript only shows and asks; everything that knows what a packet, a wait or a scenario is
//! is here or in the core. Two objects cross the boundary: [`Lab`], and in web workers [`Part`].
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
//! | `run` | steps the simulated network within a bound, keeps its first records |
//! | `part` | some of very many independent clients, simulated in a web worker |
//! | `report` | what workers report, added up |
//! | `frames` | the bytes of the first frames of a network of packets |
//! | `timeline` | records become packets, waits and phases that can be asked "what at this time?" |
//! | `stage`, `ladder`, `strip` | pictures; in each, layout and drawing are separate |
//! | `schedule` | the client's sends and waits when nobody answers, as a picture and in words |
//! | `words` | sentences about a moment, an outcome, a scenario |
//! | `inspect` | everything known about one packet or wait |
//! | `why` | the chain of reasons for it, the waterfall and the states of its exchange |
//! | `fields` | the core's table of keys as a form's description |
//! | `fold` | how long each stretch of a run takes to watch: empty ones are folded |
//! | `lessons` | the course, and the menu of scenarios worth looking at |
//!
//! It has no clock either: the page passes in how much time has elapsed.

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
mod part;
mod report;
mod run;
mod schedule;
mod stage;
mod strip;
mod table;
mod theme;
mod timeline;
mod why;
mod words;

pub use lab::Lab;
pub use part::Part;
