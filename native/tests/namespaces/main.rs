//! Real sockets in network namespaces that each test builds for itself. Without root the tests are skipped.

#![cfg(target_os = "linux")]

#[path = "../common/mod.rs"]
mod common;

mod addresses;
mod host;
mod icmp;
mod router;
mod sources;

use common::namespace::Namespace;
use common::{Finished, run_command};

/// Sends to `address` from a namespace.
fn send(from: &Namespace, address: &str, args: &[&str]) -> Finished {
    run_command(from.retrylab(&[&["send", address, "--json"], args].concat()), b"")
}

/// The two kinds of sockets of a client.
const CONNECTED_OR_NOT: [&[&str]; 2] = [&[], &["--unconnected"]];

fn with_port(host: &str) -> String {
    if host.contains(':') { format!("[{host}]:7000") } else { format!("{host}:7000") }
}

/// Settings of a policy whose waits are long enough for a reply or a report, also on a busy machine.
const PATIENT: [&str; 4] = ["--initial-timeout", "500ms", "--give-up-above", "none"];

/// Asserts that the client lost `lost` datagrams for this cause, reported it once, and was answered.
#[track_caller]
fn assert_answered_after(finished: &Finished, lost: u64, cause: &str) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let exchange = finished.object();
    assert_eq!(exchange["outcome"], "answered", "{finished:?}");
    assert_eq!(exchange["lost"], lost, "{finished:?}");
    assert_eq!(exchange["answered_send"], lost + 1, "{finished:?}");
    assert_eq!(finished.stderr.matches(cause).count(), 1, "{finished:?}");
}
