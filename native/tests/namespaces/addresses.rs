//! A server and a name with several addresses.

use crate::common::namespace::{Namespace, Path};
use crate::{CONNECTED_OR_NOT, send, with_port};

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
                for mode in CONNECTED_OR_NOT {
                    let finished = send(&client, &with_port(host), mode);
                    assert_eq!(finished.code, Some(0), "{listen} {args:?} {mode:?}: {finished:?}");
                }
            }
            server.stop();
        }
    }
}

/// Returns the addresses that a client asked, in JSON.
fn asked(exchange: &serde_json::Value) -> Vec<&str> {
    exchange["peers"].as_array().unwrap().iter().map(|peer| peer.as_str().unwrap()).collect()
}

/// Nobody listens on the first address of a name: the next one is asked at once, as the same send.
#[test]
fn the_next_address_of_a_name_is_asked_when_one_refuses() {
    let Some(host) = Namespace::new() else { return };
    host.name_addresses("both", &["::1", "127.0.0.1"]);
    let (v6, v4) = ("[::1]:7000", "127.0.0.1:7000");
    for (alive, order) in [(v4, &[v6, v4][..]), (v6, &[v6])] {
        let server = host.serve(alive, &[]);
        for mode in CONNECTED_OR_NOT {
            let finished = send(&host, "both:7000", &[mode, &["--initial-timeout", "1s"]].concat());
            assert_eq!(finished.code, Some(0), "{finished:?}");
            let exchange = finished.object();
            assert_eq!((&exchange["peer"], asked(&exchange)), (&alive.into(), order.to_vec()));
            assert_eq!(
                (&exchange["sends"], &exchange["answered_send"]),
                (&order.len().into(), &1.into())
            );
            assert!(exchange["elapsed_s"].as_f64().unwrap() < 0.9, "{finished:?}");
            assert!(finished.stderr.contains(&format!(" by {alive}: send 1 of 1")), "{finished:?}");
            let reason =
                "[::1]:7000 cannot be reached: ::1 reports that nobody listens on the port";
            assert_eq!(finished.stderr.contains(reason), order.len() > 1, "{finished:?}");
        }
        server.stop();
    }
    for mode in CONNECTED_OR_NOT {
        let finished = send(&host, "both:7000", mode);
        assert_eq!(finished.code, Some(3), "{finished:?}");
        let exchange = finished.object();
        assert_eq!((&exchange["outcome"], asked(&exchange)), (&"refused".into(), vec![v6, v4]));
        assert!(
            finished.stderr.contains("none of 2 addresses can be reached: [::1]:7000: "),
            "{finished:?}"
        );
    }
}

/// The first addresses of a name are silent, without a route, prohibited, or reported as unreachable. The policy's
/// sends go around, at its times.
#[test]
fn each_send_goes_to_the_next_address_of_a_name() {
    let Some(path) = Path::new() else { return };
    path.server.addresses("b0", &["10.2.0.3/24", "10.2.0.4/24", "fd02::3/64"]);
    path.client.ip("route add prohibit 10.9.0.0/16");
    path.client.ip("route add 10.7.0.0/16 via 10.1.0.2");
    let _answering = path.server.serve("10.2.0.1:7000", &[]);
    let _silent: Vec<_> = ["10.2.0.3:7000", "10.2.0.4:7000", "[fd02::3]:7000"]
        .map(|address| path.server.serve(address, &["--drop", "1"]))
        .into();
    for (addresses, sends) in [
        (&["10.2.0.3", "10.2.0.1"][..], 2),
        (&["10.2.0.3", "10.2.0.4", "10.2.0.1"], 3),
        (&["fd02::3", "10.2.0.1"], 2),
        // Its router reports that there is no way: the same send goes to the next address.
        (&["10.7.0.1", "10.2.0.1"], 1),
        (&["10.7.0.1", "10.2.0.3", "10.2.0.1"], 2),
        // A route of this host prohibits it: it is not asked.
        (&["10.9.0.1", "10.2.0.1"], 1),
        (&["10.2.0.1", "10.2.0.3"], 1),
        // There is no route to it: RFC 6724, rule 1.
        (&["2001:db8::1", "10.2.0.1"], 1),
    ] {
        path.client.name_addresses("several", addresses);
        for mode in CONNECTED_OR_NOT {
            let policy = ["--initial-timeout", "200ms", "--multiplier", "1", "--count", "2"];
            let finished = send(&path.client, "several:7000", &[mode, &policy].concat());
            assert_eq!(finished.code, Some(0), "{addresses:?} {finished:?}");
            let exchanges = finished.exchanges();
            let first = &exchanges[0];
            assert_eq!(first["peer"], "10.2.0.1:7000", "{addresses:?} {mode:?} {finished:?}");
            assert_eq!(first["answered_send"], sends, "{addresses:?} {mode:?} {finished:?}");
            assert_eq!(first["lost"], 0, "{finished:?}");
            // The schedule is that of the policy.
            let waited = first["elapsed_s"].as_f64().unwrap();
            assert!(waited >= 0.2 * f64::from(sends - 1), "{finished:?}");
            // The next exchange begins with the address that replied.
            assert_eq!(asked(&exchanges[1]), ["10.2.0.1:7000"], "{finished:?}");
            assert_eq!(exchanges[1]["sends"], 1, "{finished:?}");
        }
    }
}
