//! What the program says to a word that it does not know.

use crate::common::{assert_refused, run};

#[test]
fn keys_as_flags_and_flags_as_keys_are_explained() {
    for (args, sentence) in [
        (
            &["sim", "--drop", "0.5"][..],
            "`--drop` is not a flag of `sim`; set the key with `--set server.drop=0.5`",
        ),
        (&["sim", "--json", "--drop=0.5"], "set the key with `--set server.drop=0.5`"),
        (
            &["sweep", "--loss", "--out", "-"],
            "is not a flag of `sweep`; set the key with `--set link.loss=VALUE`",
        ),
        (
            &["sim", "--latency", "uniform 1ms 2ms"],
            "set the key with `--set 'link.latency=uniform 1ms 2ms'`",
        ),
        (&["sim", "--policy-initial-timeout", "1s"], "`--set policy.initial_timeout=1s`"),
        (
            &["serve", "--loss", "0.3"],
            "is not a flag of `serve`; set the key with `--set link.loss=0.3`",
        ),
        (&["sim", "--rate", "1mbit"], "`--set workload.rate=1mbit` or `--set link.rate=1mbit`"),
        (
            &["sim", "--set", "seeds=20"],
            "\"seeds\" is not a key of the scenario but a flag of `sim`: --seeds",
        ),
        (&["sim", "--versus-set", "max_events=9"], "a flag of `sim`: --max-events"),
        (&["sweep", "--vary", "seeds=1,2", "--out", "-"], "a flag of `sweep`: --seeds"),
        (&["sim", "--set", "drop=0.5"], "unknown key \"drop\"; did you mean server.drop?"),
        (&["sim", "--set", "preset=coap"], "a flag of `sim`: --preset"),
        (&["sim", "--link", "loss=0.5"], "unknown key \"loss\"; did you mean link.loss?"),
        (&["serve", "--set", "los=0.5"], "unknown key \"los\"; did you mean link.loss?"),
        (&["keys", "juter"], "a key contains \"juter\"; did you mean jitter?"),
        (&["presets", "coop"], "no preset contains \"coop\"; did you mean coap?"),
        (&["theory", "bernoulli", "drap=1"], "there is no input `drap`; did you mean drop?"),
        (&["--no-config"], "a subcommand is missing; `retrylab --help` lists them"),
        (&["scenarios", "metestable"], "did you mean metastable?"),
    ] {
        assert_refused(&run(args), &[sentence]);
    }
    // clap's own, of several lines.
    for (args, meant) in [
        (&["simm"][..], "'sim'"),
        (&["sim", "--laddr"], "'--ladder'"),
        (&["theory", "bernouli"], "'bernoulli'"),
        (&["sim", "--preset", "coop"], "'coap'"),
        (&["config", "--jsn"], "'--json'"),
    ] {
        let finished = run(args);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(meant), "{finished:?}");
    }
}

#[test]
fn presets_are_listed_by_a_part_of_their_names() {
    let all = run(&["presets"]).stdout;
    let several = run(&["presets", "gRPC"]).stdout;
    let names: Vec<&str> = several.lines().filter(|line| line.starts_with("grpc")).collect();
    assert_eq!(names.len(), 3, "{several}");
    assert!(several.lines().all(|line| all.contains(line)), "{several}");
    let one = run(&["presets", "coap"]).stdout;
    assert!(one.ends_with("\n  every send: retrylab schedule --preset coap\n"), "{one}");
    let object = run(&["presets", "grpc", "--json"]).object();
    assert_eq!(object["presets"].as_array().unwrap().len(), 3);
}
