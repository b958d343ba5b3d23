//! Whom a server beyond the loopback answers.

use crate::common::forged::forge;
use crate::common::namespace::Namespace;
use crate::common::{PATIENCE, Server, retry};
use serde_json::Value;
use std::net::UdpSocket;

/// Returns a client and a server with one link, for both families.
fn network() -> Option<[Namespace; 2]> {
    let [client, server] = [Namespace::new()?, Namespace::new()?];
    client.connect("a0", &server, "b0");
    client.addresses("a0", &["10.1.0.1/24", "10.1.0.3/24", "fd01::1/64", "fd01::3/64"]);
    server.addresses("b0", &["10.1.0.2/24", "fd01::2/64"]);
    Some([client, server])
}

/// Sends `count` requests from each of `from` in turn, as fast as they are read; returns the server's summary.
fn flood(client: &Namespace, server: Server, from: &[&str], to: &str, count: usize) -> Value {
    let to = format!("{to}:{}", server.port);
    client.inside(|| {
        let sockets: Vec<UdpSocket> =
            from.iter().map(|from| UdpSocket::bind(format!("{from}:0")).unwrap()).collect();
        for _ in 0..count {
            for socket in &sockets {
                socket.send_to(b"hello", &to).unwrap();
            }
        }
    });
    std::thread::sleep(std::time::Duration::from_millis(500));
    server.stop().pop().unwrap()
}

fn count(summary: &Value, key: &str) -> u64 {
    summary[key].as_u64().unwrap()
}

#[test]
fn a_source_has_a_rate_whatever_its_addresses_and_ports() {
    let Some([client, server]) = network() else { return };
    let limit = ["-q", "--source-rate", "100"];
    for (at, from, to, sources) in [
        ("10.1.0.2:0", &["10.1.0.1"][..], "10.1.0.2", 1),
        ("0.0.0.0:0", &["10.1.0.1", "10.1.0.1"], "10.1.0.2", 1),
        ("0.0.0.0:0", &["10.1.0.1", "10.1.0.3"], "10.1.0.2", 2),
        ("[::]:0", &["[fd01::1]", "[fd01::3]"], "[fd01::2]", 1),
        ("[::]:0", &["10.1.0.1"], "10.1.0.2", 1),
    ] {
        let summary = flood(&client, server.serve(at, &limit), from, to, 500);
        let answered = count(&summary, "answered");
        assert_eq!(
            answered + count(&summary, "refused"),
            count(&summary, "datagrams"),
            "{summary}"
        );
        assert_eq!(summary["refused"], summary["refused_by"]["source_rate"], "{summary}");
        // A second's requests at once, and those of the time that the flood takes.
        let elapsed = summary["elapsed_s"].as_f64().unwrap();
        let most = f64::from(sources) * 100.0 * (1.0 + elapsed);
        assert!(answered >= 100 && answered as f64 <= most, "{from:?} to {at}: {summary}");
    }
    for rate in ["none", "4000000000"] {
        let limit = ["-q", "--source-rate", rate];
        let server = server.serve("10.1.0.2:0", &limit);
        let summary = flood(&client, server, &["10.1.0.1"], "10.1.0.2", 500);
        assert_eq!(count(&summary, "refused"), 0, "{summary}");
        assert!(count(&summary, "answered") > 100, "{summary}");
    }
}

/// A datagram from any of the host's own addresses and the server's port is not answered.
#[test]
fn a_server_at_all_addresses_does_not_answer_itself() {
    let Some([_client, server]) = network() else { return };
    let mut running = server.serve("0.0.0.0:0", &[]);
    for own in ["127.0.0.1", "127.9.9.9", "10.1.0.2"] {
        let own = format!("{own}:{}", running.port);
        assert!(server.inside(|| forge(&own, &own, b"forged")));
        let line = running.running.json();
        assert_eq!((&line["event"], &line["cause"]), (&"refused".into(), &"own_address".into()));
    }
    // Another port of the same address is a client.
    server.inside(|| {
        let client = UdpSocket::bind("10.1.0.2:0").unwrap();
        client.set_read_timeout(Some(PATIENCE)).unwrap();
        client.send_to(b"hello", format!("10.1.0.2:{}", running.port)).unwrap();
        assert_eq!(retry(|| client.recv(&mut [0; 64])).unwrap(), 21);
    });
    let summary = running.stop().pop().unwrap();
    assert_eq!((&summary["refused"], &summary["answered"]), (&3.into(), &1.into()), "{summary}");
}
