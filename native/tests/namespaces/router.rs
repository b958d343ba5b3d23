//! What routers and hosts report about datagrams on their way.

use crate::common::Finished;
use crate::common::namespace::Path;
use crate::{CONNECTED_OR_NOT, PATIENT, assert_answered_after, send, with_port};

/// A router reports that no way leads to the server.
#[test]
fn a_routers_report_ends_the_exchange_at_once() {
    for mode in CONNECTED_OR_NOT {
        // A network for each mode: a router sends few reports to one host, however it is set.
        let Some(path) = Path::new() else { return };
        let cases = [
            ("10.4.1.1", "", "the network is unreachable (ICMP type 3, code 0)"),
            (
                "10.4.2.1",
                "unreachable 10.4.2.0/24",
                "the host is unreachable (ICMP type 3, code 1)",
            ),
            (
                "10.4.3.1",
                "prohibit 10.4.3.0/24",
                "a filter prohibits the datagram (ICMP type 3, code 13)",
            ),
            // A socket of IPv6 that sends over IPv4.
            ("::ffff:10.4.1.1", "", "the network is unreachable (ICMP type 3, code 0)"),
            ("fd04:1::1", "", "there is no route to the host (ICMPv6 type 1, code 0)"),
            (
                "fd04:3::1",
                "prohibit fd04:3::/64",
                "with the host is prohibited (ICMPv6 type 1, code 1)",
            ),
        ];
        for (host, of_router, cause) in cases {
            if !of_router.is_empty() {
                path.router.ip(&format!("route add {of_router}"));
            }
            let finished = send(&path.client, &with_port(host), &[mode, &PATIENT].concat());
            assert_unreachable(&finished, cause);
            let by = if host.starts_with("fd") { "fd01::2 reports" } else { "10.1.0.2 reports" };
            assert!(finished.stderr.contains(by), "{finished:?}");
        }
    }
}

/// The last router finds that a host does not exist; a host reports that nobody listens on the port.
#[test]
fn a_missing_host_and_a_closed_port_end_the_exchange_at_once() {
    let Some(path) = Path::new() else { return };
    // Nobody answers for this address in the server's network.
    path.router.sysctl("net.ipv4.neigh.c1.retrans_time_ms=20");
    path.router.sysctl("net.ipv6.neigh.c1.retrans_time_ms=20");
    for host in ["10.2.0.77", "fd02::77"] {
        for mode in CONNECTED_OR_NOT {
            assert_unreachable(
                &send(&path.client, &with_port(host), &[mode, &PATIENT].concat()),
                "the host is unreachable",
            );
        }
    }
    // Nobody listens on the port.
    for host in ["10.2.0.1", "fd02::1"] {
        for mode in CONNECTED_OR_NOT {
            let finished = send(&path.client, &with_port(host), &[mode, &PATIENT].concat());
            assert_eq!(finished.code, Some(3), "{finished:?}");
            assert_eq!(finished.object()["outcome"], "refused", "{finished:?}");
        }
    }
}

/// The second network on the way carries 1,280 bytes. The first datagram is lost; the system divides the next
/// one into fragments.
#[test]
fn a_datagram_that_is_too_long_for_the_path_is_a_loss() {
    let Some(path) = Path::new() else { return };
    let _server = path.server.serve("[::]:7000", &[]);
    let message = "x".repeat(1_400);
    path.server.addresses("b0", &["10.2.0.3/24", "fd02::3/64"]);
    for (hosts, mode) in
        [["10.2.0.1", "fd02::1"], ["10.2.0.3", "fd02::3"]].iter().zip(CONNECTED_OR_NOT)
    {
        for host in hosts {
            let finished = send(
                &path.client,
                &with_port(host),
                &[&[message.as_str()], mode, &PATIENT].concat(),
            );
            assert_answered_after(&finished, 1, "too long for the path");
            assert!(finished.stderr.contains("1280 bytes at most"), "{finished:?}");
            // The system remembers the length of the path.
            let finished = send(
                &path.client,
                &with_port(host),
                &[&[message.as_str()], mode, &PATIENT].concat(),
            );
            assert_eq!(finished.object()["sends"], 1, "{finished:?}");
        }
    }
}

/// A datagram that passes too many routers is lost, and the policy continues.
#[test]
fn a_report_of_time_exceeded_is_a_loss() {
    let Some(path) = Path::new() else { return };
    path.client.sysctl("net.ipv4.ip_default_ttl=1");
    path.client.sysctl("net.ipv6.conf.all.hop_limit=1");
    path.client.sysctl("net.ipv6.conf.a0.hop_limit=1");
    for host in ["10.2.0.1", "fd02::1"] {
        for mode in CONNECTED_OR_NOT {
            let args = [mode, &["--max-sends", "3", "--initial-timeout", "50ms"]].concat();
            let finished = send(&path.client, &with_port(host), &args);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            let exchange = finished.object();
            assert_eq!((&exchange["outcome"], &exchange["lost"]), (&"gave_up".into(), &3.into()));
            assert_eq!(
                finished.stderr.matches("passed too many routers").count(),
                1,
                "{finished:?}"
            );
        }
    }
}

/// Asserts that the client ended at once, because the server cannot be reached.
#[track_caller]
fn assert_unreachable(finished: &Finished, cause: &str) {
    assert_eq!(finished.code, Some(3), "{finished:?}");
    let exchange = finished.object();
    assert_eq!(exchange["outcome"], "unreachable", "{finished:?}");
    assert!(exchange["error"].as_str().unwrap().contains(cause), "{finished:?}");
    assert!(exchange["sends"].as_u64().unwrap() <= 1, "{finished:?}");
    assert!(exchange["elapsed_s"].as_f64().unwrap() < 2.0, "{finished:?}");
}
