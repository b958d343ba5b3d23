//! Real sockets in network namespaces that each test builds for itself. Without root the tests are skipped.

#![cfg(target_os = "linux")]

mod common;

use common::namespace::Namespace;
use common::{Finished, run_command};

/// Sends to `address` from a namespace.
fn send(from: &Namespace, address: &str, args: &[&str]) -> Finished {
    run_command(from.retrylab(&[&["send", address, "--json"], args].concat()), b"")
}

/// The server answers from the address that was asked, whichever of its addresses that is.
#[test]
fn a_reply_leaves_from_the_address_that_was_asked() {
    let (Some(client), Some(server)) = (Namespace::new(), Namespace::new()) else { return };
    client.connect("a0", &server, "b0");
    client.connect("a1", &server, "b1");
    client.addresses("a0", &["10.1.0.1/24", "fd01::1/64", "fe80::a/64"]);
    client.addresses("a1", &["10.2.0.1/24", "fd02::1/64"]);
    server.addresses("b0", &["10.1.0.2/24", "10.1.0.3/24", "fd01::2/64", "fd01::3/64"]);
    server.addresses("b0", &["fe80::b/64", "fe80::c/64"]);
    server.addresses("b1", &["10.2.0.2/24", "10.2.0.9/24", "fd02::2/64", "fd02::9/64"]);
    // Loopback addresses of the server that the client reaches through its first interface.
    server.addresses("lo", &["10.3.0.1/32", "fd03::1/128"]);
    client.ip("route add 10.3.0.1 via 10.1.0.2");
    client.ip("route add fd03::1 via fd01::2");
    let v4 = ["10.1.0.2", "10.1.0.3", "10.2.0.2", "10.2.0.9", "10.3.0.1"];
    let v6 = ["fd01::2", "fd01::3", "fd02::2", "fd02::9", "fd03::1", "fe80::b%a0", "fe80::c%a0"];
    let dual = [&v4[..], &v6[..]].concat();
    for (listen, asked) in [("0.0.0.0:7000", &v4[..]), ("[::]:7000", &dual[..])] {
        // The second server answers later than it is asked.
        for args in [&[][..], &["--service", "1ms", "--set", "link.latency=1ms"]] {
            let server = server.serve(listen, args);
            for host in asked {
                let address = if host.contains(':') {
                    format!("[{host}]:7000")
                } else {
                    format!("{host}:7000")
                };
                for mode in [&["--max-sends", "3"][..], &["--max-sends", "3", "--unconnected"]] {
                    let finished = send(&client, &address, mode);
                    assert_eq!(finished.code, Some(0), "{listen} {args:?} {mode:?}: {finished:?}");
                }
            }
            server.stop();
        }
    }
}
