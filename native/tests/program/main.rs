//! The program as its users and their scripts see it. All of these tests are one binary, because linking each
//! file as its own takes longer than most of them run.
//!
//! `cargo test -p retrylab --test program send::` runs the tests of one file.

#[path = "../common/mod.rs"]
mod common;

mod acts;
mod addresses;
mod assertions;
mod captured_streams;
mod cells;
mod changes;
mod check;
mod compare;
mod completions;
mod config;
mod data_file;
mod docs;
mod events;
mod export_page;
mod foreign;
mod foreign_text;
mod frames;
mod golden;
mod heartbeat;
mod help;
mod http;
mod interop;
mod interrupted;
mod lab;
mod lesson;
mod limits;
mod links;
mod load;
mod man;
mod names;
mod netem;
mod pcapng;
mod pinger;
mod plot;
mod protocols;
mod replay;
mod same_records;
mod scenarios;
mod schedule;
mod send;
mod send_tcp;
mod serve;
mod sim;
mod stopped_readers;
mod stream_limits;
mod streams;
mod suggestions;
mod sweep;
mod theory;
mod unwanted;
mod variants;
