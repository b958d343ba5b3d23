//! Keys that change during a run: the same run from wherever they come, and refused in one sentence.

use crate::common::{Folder, assert_refused, run, run_with};
use serde_json::Value;

const CHANGES: &str =
    "changes=50ms link.loss=0.5; 200ms policy.initial_timeout=50ms; 1s server.drop=0.3";

/// A lossy run with three changes.
const CHANGED: [&str; 9] = [
    "sim",
    "--set",
    "clients=5",
    "--set",
    "exchanges=9",
    "--set",
    "link.loss=0.2",
    "--set",
    CHANGES,
];

fn digest(args: &[&str]) -> Value {
    run(&[args, &["--json"]].concat()).object()["digest"].clone()
}

/// A flag, an address, a file and the parts of a run all give the same run, in cells or in one network.
#[test]
fn changes_are_the_same_from_wherever_they_come() {
    let object = run(&[&CHANGED[..], &["--json"]].concat()).object();
    let expected = &object["digest"];
    assert_ne!(*expected, digest(&CHANGED[..7]));
    assert_eq!(object["cells"]["count"], 5);
    assert_eq!(digest(&[&CHANGED[..], &["--cells", "one"]].concat()), *expected);
    assert_eq!(digest(&[&CHANGED[..], &["--threads", "2"]].concat()), *expected);
    assert_eq!(digest(&["sim", object["address"].as_str().unwrap()]), *expected);
    let toml = "clients = 5\nexchanges = 9\nchanges = [\n  \"50 ms link.loss=50%\",\n  \
                \"1s server.drop=0.3\",\n  \"200ms policy.initial_timeout=50ms\",\n]\n[link]\nloss = 0.2\n";
    assert_eq!(run_with(&["sim", "-", "--json"], toml.as_bytes()).object()["digest"], *expected);
    let folder = Folder::new("changes");
    let parts = ["1/2", "2/2"].map(|shard| {
        let path = folder.path(&format!("{}.json", &shard[..1]));
        let finished = run(&[&CHANGED[..], &["--shard", shard, "--out", &path]].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        path
    });
    assert_eq!(run(&["merge", &parts[0], &parts[1], "--json"]).object()["digest"], *expected);
}

#[test]
fn changes_are_refused_in_one_sentence() {
    for (set, words) in [
        ("changes=1s", "--set: changes: \"1s\" is not a list of changes separated by `;`"),
        (
            "changes=1s clients=2",
            "clients cannot change during the run, because hosts and load are set up",
        ),
        ("changes=1s link.los=2", "unknown key \"link.los\"; did you mean link.loss?"),
        (
            "changes=1s link.loss=2",
            "--set: changes has \"1s link.loss=2\": link.loss: \"2\" is not",
        ),
    ] {
        assert_refused(&run(&["sim", "--set", set]), &[words]);
    }
    assert_refused(&run(&["serve", "--set", CHANGES]), &["changes is not a key of the link"]);
}

#[test]
fn netem_has_no_changes() {
    let script = run(&["sim", "--print-netem", "--set", CHANGES]).stdout;
    assert!(script.contains("50ms link.loss=0.5") && !script.contains("server.drop"), "{script}");
}
