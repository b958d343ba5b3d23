//! Links and addresses of the page, which the program prints and accepts.

use crate::common::{Finished, Folder, run};
use serde_json::Value;

/// Returns what follows `name` in the line of a report.
fn line(finished: &Finished, name: &str) -> String {
    let all = finished.stdout.lines().chain(finished.stderr.lines());
    let line = all.map(str::trim).find_map(|line| line.strip_prefix(name));
    line.unwrap_or_else(|| panic!("no {name} in {finished:?}")).trim_start().to_string()
}

/// Runs the scenario of an address, and returns its digest.
fn digest(address: &str) -> Value {
    assert!(address.starts_with("http://127.0.0.1:8060/#"), "{address}");
    run(&["sim", address, "--json"]).object()["digest"].clone()
}

/// Wherever the program prints an address, it runs the same scenario again.
#[test]
fn an_address_repeats_the_run() {
    let sim = |more: &[&str]| {
        let base = ["sim", "--set", "exchanges=50", "--set", "server.drop=4/11"];
        run(&[&base[..], more].concat())
    };
    let whole = sim(&["--json"]).object();
    let expected = &whole["digest"];
    let link = whole["link"].as_str().unwrap();
    let address = whole["address"].as_str().unwrap();
    assert_eq!(address, format!("http://127.0.0.1:8060/#{link}"));
    assert_eq!(&digest(address), expected);
    assert_eq!(line(&sim(&[]), "address"), address);
    assert_eq!(line(&sim(&["--seeds", "2"]), "address: "), address);
    assert_eq!(sim(&["--seeds", "2", "--json"]).object()["address"], address);
    let versus = ["--seeds", "2", "--versus-set", "server.drop=0"];
    let both = sim(&versus);
    assert_eq!(line(&both, "address base: "), address);
    let b = line(&both, "address server.drop=0: ");
    assert_eq!(digest(&b), run(&["sim", "--set", "exchanges=50", "--json"]).object()["digest"]);
    let both = sim(&[&versus[..], &["--json"]].concat()).object();
    let of = |at: usize| &both["variants"][at]["address"];
    assert_eq!((of(0), of(1)), (&address.into(), &b.into()));
    let failed = sim(&["--assert", "sends < 1"]);
    assert_eq!(line(&failed, "address: "), address);
    let check = sim(&["--assert", "sends < 1", "--json"]).object()["assertions"][0].clone();
    assert_eq!(check["address"], address);
    assert_eq!(digest("http://127.0.0.1:8060/#"), run(&["sim", "--json"]).object()["digest"]);
}

/// The failing seed of several is in the address.
#[test]
fn the_address_of_a_failed_assertion_has_its_seed() {
    let args = ["--seeds", "3", "--assert", "answered == 1000 in all seeds", "--json"];
    let check = run(&[&["sim", "textbook"][..], &args].concat()).object()["assertions"][0].clone();
    let address = check["address"].as_str().unwrap();
    let again = run(&["sim", address, "--json"]).object();
    assert_eq!(again["seed"], check["seed"]);
    assert_ne!(again["answered"], 1000);
}

/// A fraction is a share everywhere, and what is printed for it is read as the same share.
#[test]
fn a_fraction_is_a_share_everywhere() {
    let folder = Folder::new("fraction");
    let file = folder.path("fraction.toml");
    let text = "exchanges = 200\n[server]\ndrop = \"4/11\"\n[link]\nloss = \"1/3\"\n";
    std::fs::write(&file, text).unwrap();
    let sets = ["server.drop=4/11", "link.loss=1/3", "exchanges=200"];
    let sets: Vec<&str> = sets.iter().flat_map(|set| ["--set", *set]).collect();
    let set = run(&[&["sim", "--json"][..], &sets].concat()).object();
    let decimal = "exchanges=200&server.drop=0.363636364&link.loss=0.333333333";
    let link = "exchanges=200&server.drop=4/11&link.loss=1/3";
    for args in [&["sim", &file, "--json"][..], &["sim", link, "--json"]] {
        assert_eq!(run(args).object(), set, "{args:?}");
    }
    assert_eq!(run(&["sim", "--link", decimal, "--json"]).object(), set);
    assert_eq!(run(&["sim", set["address"].as_str().unwrap(), "--json"]).object(), set);
    let sweep =
        ["sweep", "--set", "exchanges=50", "--vary", "server.drop=0,4/11,1/3", "--out", "-"];
    let rows = run(&sweep);
    let drops: Vec<&str> = rows.stdout.lines().map(|row| row.split(',').nth(1).unwrap()).collect();
    assert_eq!(drops, ["server.drop", "0.0", "0.363636364", "0.333333333"], "{rows:?}");
}
