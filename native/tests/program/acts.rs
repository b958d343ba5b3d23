//! Acts by hand: `sim` replays them from wherever they come, `serve` obeys them, and an act that does nothing is named.

use crate::common::{Folder, Server, assert_refused, run, run_with};
use serde_json::Value;
use std::time::Duration;

const ACTS: &str =
    "acts=drop client 1 request 1; duplicate client 2 request 2; delay client 3 reply 2 by 90ms";

/// A lossy run with three acts.
const ACTED: [&str; 9] =
    ["sim", "--set", "clients=5", "--set", "exchanges=4", "--set", "link.loss=0.2", "--set", ACTS];

fn digest(args: &[&str]) -> Value {
    run(&[args, &["--json"]].concat()).object()["digest"].clone()
}

/// A flag, an address, a file and the parts of a run all give the same run, in cells or in one network.
#[test]
fn acts_are_replayed_from_wherever_they_come() {
    let whole = run(&[&ACTED[..], &["--json"]].concat());
    assert!(!whole.stderr.contains("did nothing"), "{whole:?}");
    let object = whole.object();
    let expected = &object["digest"];
    assert_ne!(*expected, digest(&ACTED[..7]));
    assert_eq!(object["cells"]["count"], 5);
    assert_eq!(digest(&[&ACTED[..], &["--cells", "one"]].concat()), *expected);
    assert_eq!(digest(&["sim", object["address"].as_str().unwrap()]), *expected);
    let toml = "clients = 5\nexchanges = 4\nacts = [\n  \"delay client 3 reply 2 by 90ms\",\n  \
                \"drop client 1 request 1\",\n  \"duplicate client 2 request 2\",\n]\n\
                [link]\nloss = 0.2\n";
    assert_eq!(run_with(&["sim", "-", "--json"], toml.as_bytes()).object()["digest"], *expected);
    let folder = Folder::new("acts");
    let parts = ["1/2", "2/2"].map(|shard| {
        let path = folder.path(&format!("{}.json", &shard[..1]));
        let finished = run(&[&ACTED[..], &["--shard", shard, "--out", &path]].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        path
    });
    let merged = run(&["merge", &parts[0], &parts[1], "--json"]);
    assert_eq!(merged.object()["digest"], *expected);
    assert!(!merged.stderr.contains("did nothing"), "{merged:?}");
}

#[test]
fn an_act_that_does_nothing_is_named() {
    let idle = "acts=drop client 1 request 1; drop client 1 request 9; delay client 2 reply 1 by 5ms; \
                duplicate client 1 request 2";
    let sentence = "warning: acts: `drop client 1 request 9; delay client 2 reply 1 by 5ms` did nothing: no such \
                    packet was sent, or the link lost or duplicated it anyway\n";
    for more in [&[][..], &["--ladder"], &["--cells", "one"], &["--set", "network=packets"]] {
        let finished = run(&[&["sim", "--set", idle][..], more].concat());
        assert_eq!(finished.code, Some(0));
        assert!(finished.stderr.contains(sentence), "{finished:?}");
    }
}

#[test]
fn acts_are_refused_in_one_sentence() {
    for (set, words) in [
        (
            "acts=drop client 1",
            "--set: acts: \"drop client 1\" is not a list of acts separated by `;`",
        ),
        ("acts=drop client 1 request 1; drop client 1 request 1", "is not a list of acts"),
        ("act=none", "unknown key \"act\"; did you mean acts?"),
        ("faults=1s always partition", "`20s forever server-down` (it never comes back"),
    ] {
        assert_refused(&run(&["sim", "--set", set]), &[words]);
    }
    let writers = ["--set", "workload.task=write", "--set", "policy.give_up_above=none"];
    let refused = run(&[&["sim", "--set", ACTS][..], &writers].concat());
    assert_refused(
        &refused,
        &["acts is \"drop client 1 request 1", "with workload.task=write it must be none"],
    );
}

/// The events of each act, in the log and in words.
#[test]
fn acts_are_events() {
    let args = [&ACTED[..], &["--set", "link.loss=0", "--trace", "-"]].concat();
    let events = run(&args).json();
    let find = |name: &str| {
        let event = events.iter().find(|event| event["event"] == name);
        event.unwrap_or_else(|| panic!("no {name}")).clone()
    };
    let delayed = find("delayed_by_hand");
    assert_eq!((&delayed["flow"], &delayed["packet"]), (&3.into(), &2.into()));
    assert_eq!((&delayed["direction"], &delayed["by_s"]), (&"reply".into(), &0.09.into()));
    assert_eq!(find("duplicated_by_hand")["flow"], 2);
    assert_eq!(find("dropped")["cause"], "by_hand");
    let ladder = run(&[&ACTED[..], &["--set", "link.loss=0", "--ladder"]].concat()).stdout;
    for words in ["dropped by hand", "delayed by hand, by 90 ms", "duplicated by hand"] {
        assert!(ladder.contains(words), "{ladder}");
    }
}

/// A server on a real socket has the same link: the first client is client 1.
#[test]
fn a_server_obeys_acts() {
    let acts = "acts=drop client 1 request 1; duplicate client 1 request 2";
    let mut server = Server::start(&["--set", acts]);
    let sent = run(&["send", &server.address, "hello", "--initial-timeout", "300ms", "--json"]);
    assert_eq!(sent.exchanges()[0]["sends"], 2, "{sent:?}");
    let line = server.running.json();
    assert_eq!((&line["event"], &line["cause"]), (&"dropped".into(), &"by_hand".into()), "{line}");
    std::thread::sleep(Duration::from_millis(50));
    let summary = server.stop().pop().unwrap();
    assert_eq!((&summary["datagrams"], &summary["answered"]), (&2.into(), &2.into()), "{summary}");
    assert_eq!(summary["dropped_by"]["by_hand"], 1, "{summary}");
}
