//! A real server replays a simulated one: with the same seed, every exchange ends the same way.

use crate::common::{Server, run, within_three_tries};
use serde_json::Value;

/// Short waits, but long enough for replies on a busy machine.
const POLICY: [(&str, &str); 2] = [("initial_timeout", "40ms"), ("max_sends", "3")];

/// Returns outcome and sends of each exchange, for one real client after another.
fn real(server: &[&str], clients: usize, exchanges: &str) -> Vec<Vec<(String, u64)>> {
    let server = Server::start(&[server, &["--seed", "7"]].concat());
    let mut args = vec!["send".to_string(), server.address.clone()];
    args.extend(["--json", "--count", exchanges].map(String::from));
    for (key, value) in POLICY {
        args.extend([format!("--{}", key.replace('_', "-")), value.to_string()]);
    }
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    let fate = |exchange: &Value| {
        (exchange["outcome"].as_str().unwrap().to_string(), exchange["sends"].as_u64().unwrap())
    };
    (0..clients).map(|_| run(&args).exchanges().iter().map(fate).collect()).collect()
}

/// Returns the same for the simulated clients, from the trace.
fn simulated(setting: (&str, &str), clients: usize, exchanges: &str) -> Vec<Vec<(String, u64)>> {
    let mut args: Vec<String> =
        ["sim", "--seed", "7", "--trace", "-", "--json"].map(Into::into).into();
    let mut set = |key: &str, value: &str| args.extend(["--set".into(), format!("{key}={value}")]);
    set(setting.0, setting.1);
    set("clients", &clients.to_string());
    set("exchanges", exchanges);
    set("link.latency", "1ms");
    for (key, value) in POLICY {
        set(&format!("policy.{key}"), value);
    }
    let finished = run(&args.iter().map(String::as_str).collect::<Vec<_>>());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let mut fates = vec![Vec::new(); clients];
    for record in finished.json() {
        let event = record["event"].as_str().unwrap_or_default();
        if ["answered", "gave_up"].contains(&event) {
            let flow = usize::try_from(record["flow"].as_u64().unwrap()).unwrap();
            fates[flow - 1].push((event.to_string(), record["sends"].as_u64().unwrap()));
        }
    }
    fates
}

#[test]
fn a_real_server_drops_what_the_simulated_one_drops() {
    replays(("server.drop", "0.5"), &["--drop", "0.5"]);
}

/// Requests and replies are lost.
#[test]
fn a_real_server_behind_a_link_loses_what_the_simulated_link_loses() {
    replays(("link.loss", "0.3"), &["--set", "link.loss=0.3"]);
}

fn replays(setting: (&str, &str), server: &[&str]) {
    let expected = simulated(setting, 2, "40");
    for fates in &expected {
        assert_eq!(fates.len(), 40);
        for kind in [("answered", 1), ("answered", 2), ("answered", 3), ("gave_up", 3)] {
            let seen = fates.iter().any(|(event, sends)| (event.as_str(), *sends) == kind);
            assert!(seen, "forty exchanges see {kind:?}");
        }
    }
    assert_ne!(expected[0], expected[1], "each client has its own fates");
    within_three_tries(|| {
        let measured = real(server, 2, "40");
        if measured == expected { Ok(()) } else { Err(format!("{measured:?}")) }
    });
}
