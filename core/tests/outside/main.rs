//! The crate as its users see it. All of these tests are one binary, because linking each file as its own takes
//! longer than most of them run.
//!
//! `cargo test -p retrylab-core --test outside contract::` runs the tests of one file.

#[path = "../support/scenarios.rs"]
mod arbitrary;
#[path = "../support/http_bytes.rs"]
mod http_bytes;
#[path = "../support/local.rs"]
mod local;
#[path = "../support/sample.rs"]
mod sample;
#[path = "../support/wire.rs"]
mod wire;

mod acts;
mod addresses;
mod behind;
mod cells;
mod changes;
mod connections;
mod contract;
mod digests;
mod dissect;
mod foreign;
mod harness;
mod heartbeats;
mod http;
mod http_requests;
mod http_responses;
mod lookups;
mod names;
mod packets;
mod packets_ipv6;
mod packets_tcp;
mod protocols;
mod recall;
mod results_medium;
mod results_retries;
mod results_serial;
mod scenarios;
mod servers;
mod stream_contract;
mod streams;
mod words;
