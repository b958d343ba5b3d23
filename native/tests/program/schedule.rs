//! `retrylab schedule` and `retrylab presets`, as people and scripts see them.

use crate::common::{Finished, numbers, run};
use serde_json::Value;

fn schedule(args: &[&str]) -> Finished {
    run(&[&["schedule"], args].concat())
}

fn json(args: &[&str]) -> Value {
    let finished = schedule(&[&["--json"], args].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.object()
}

#[test]
fn a_schedule_in_json_has_the_send_times_the_end_and_the_source() {
    let textbook = json(&[]);
    assert_eq!(textbook["preset"], "textbook");
    assert_eq!(numbers(&textbook["sends_s"]), [0.0, 0.1, 0.3, 0.7, 1.5]);
    assert_eq!(numbers(&textbook["waits_s"]), [0.1, 0.2, 0.4, 0.8, 1.6]);
    assert_eq!((&textbook["gives_up_s"], &textbook["why"]), (&3.1.into(), &"give_up_above".into()));
    let coap = json(&["--preset", "coap"]);
    assert_eq!(numbers(&coap["sends_s"]), [0.0, 2.0, 6.0, 14.0, 30.0]);
    assert_eq!(coap["source"], "RFC 7252 4.2, 4.8");
    assert_eq!(coap["gives_up_s"], 62.0);
    assert_eq!(coap["gives_up_band_s"]["most"], 93.0);
    let last = &coap["bands_s"][4];
    assert_eq!((&last["least"], &last["most"]), (&30.0.into(), &45.0.into()));
    let mean = last["mean"].as_f64().unwrap();
    // 15 times the first wait, which is uniform from 2 to 3 s: mean 37.5, 4 standard errors 0.55.
    assert!((mean - 37.5).abs() < 0.55, "{mean}");
}

#[test]
fn a_schedule_without_an_end_is_shown_from_its_beginning() {
    let solicit = json(&["--preset", "dhcpv6-solicit", "--show", "4"]);
    assert_eq!(numbers(&solicit["sends_s"]), [0.0, 1.0, 3.0, 7.0]);
    assert_eq!((&solicit["gives_up_s"], &solicit["sends"]), (&Value::Null, &Value::Null));
    assert_eq!(numbers(&solicit["first_delay_s"]), [0.0, 1.0]);
    let text = schedule(&["--preset", "dhcpv6-solicit"]).stdout;
    assert!(text.contains("never gives up"), "{text}");
    assert!(text.contains("delayed by 0s to 1s"), "{text}");
}

#[test]
fn scripts_get_every_send_of_a_schedule_that_ends() {
    let wget = json(&["--preset", "wget"]);
    let sends = numbers(&wget["sends_s"]);
    assert_eq!((sends.len(), sends[19], &wget["sends"]), (20, 145.0, &20.into()));
    assert_eq!(numbers(&json(&["--preset", "curl"])["sends_s"]).len(), 20, "the first of many");
}

#[test]
fn a_deadline_explains_which_sends_fit() {
    for (args, sentence) in [
        (
            &["--deadline", "2s"][..],
            "the deadline is 2s: 5 sends fit; the last wait, 1.6s, is cut to 500ms",
        ),
        (
            &["--deadline", "700ms"],
            "the deadline is 700ms: 3 sends fit; send 4 would be exactly at it",
        ),
        (
            &["--preset", "stun", "--deadline", "10s"],
            "the deadline is 10s: 5 sends fit; send 6 at 15.5s would be too late; \
             the last wait, 8s, is cut to 2.5s",
        ),
        (
            &["--deadline", "2s", "--deadline-rule", "before"],
            "the deadline is 2s: 4 sends fit; send 5 at 1.5s would wait beyond it",
        ),
    ] {
        let text = schedule(args).stdout;
        assert!(text.lines().any(|line| line == sentence), "{sentence}\n{text}");
    }
}

#[test]
fn the_same_seed_draws_the_same() {
    let drawn = |seed| json(&["--preset", "aws-standard", "--seed", seed, "--samples", "100"]);
    assert_eq!(drawn("7"), drawn("7"));
    assert_ne!(drawn("7"), drawn("8"));
}

#[test]
fn invalid_policies_are_refused_in_one_sentence() {
    for (args, sentence) in [
        (
            &["--backoff", "list"][..],
            "policy.timeouts does not fit policy.backoff, list: it must contain a wait above zero",
        ),
        (
            &["--jitter", "lots"],
            "it is not a jitter mode; try `none`, `full`, `equal`, `decorrelated`, `proportional 0.2`",
        ),
        (&["--preset", "coapp"], "a similar value exists: 'coap'"),
        (&["--samples", "0"], "it is not a whole number from 1 to 1000000"),
        (&["--show", "1001"], "it is not a whole number from 1 to 1000"),
    ] {
        let finished = schedule(args);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{sentence}\n{}", finished.stderr);
    }
}

#[test]
fn every_preset_is_listed_with_its_source_and_its_use() {
    let listed = run(&["presets", "--json"]).object();
    let presets = listed["presets"].as_array().unwrap();
    let text = run(&["presets"]).stdout;
    assert!(presets.len() > 30, "{}", presets.len());
    for preset in presets {
        let name = preset["preset"].as_str().unwrap();
        assert!(text.lines().any(|line| line.starts_with(name)), "{name}");
        let shown = json(&["--preset", name, "--samples", "1"]);
        assert_eq!(shown["source"], preset["source"], "{name}");
        assert_eq!(shown["use_when"], preset["use_when"], "{name}");
        let first = &numbers(&preset["sends_s"])[..];
        assert_eq!(numbers(&shown["sends_s"])[..first.len()], *first, "{name}");
        assert_eq!(shown["gives_up_s"], preset["gives_up_s"], "{name}");
    }
}

/// Two programs that drew the same waits would retry together.
#[test]
fn clients_without_a_seed_draw_apart() {
    let send = |more: &[&str]| {
        let (_silent, address) = crate::common::socket();
        let policy = ["--json", "--jitter", "full", "--initial-timeout", "20ms"];
        let bounds = ["--give-up-above", "none", "--max-sends", "3"];
        let finished = run(&[&["send", &address][..], &policy, &bounds, more].concat());
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let waits = finished.stderr.lines().filter_map(|line| line.split_once("waiting "));
        waits.map(|(_, wait)| wait.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(send(&["--seed", "7"]), send(&["--seed", "7"]));
    // Six draws at a resolution of 10 us are never all equal by chance.
    assert_ne!(send(&[]), send(&[]));
}

#[test]
fn a_spent_budget_and_an_open_breaker_say_so() {
    let (_silent, address) = crate::common::socket();
    let quick = ["--initial-timeout", "10ms", "--max-sends", "3", "--count", "4", "--json"];
    let send = |limit: &[&str]| {
        let finished = run(&[&["send", &address][..], &quick, limit].concat());
        assert_eq!(finished.code, Some(1), "{finished:?}");
        let objects = finished.exchanges();
        objects.iter().map(|o| (o["sends"].clone(), o["why"].clone())).collect::<Vec<_>>()
    };
    let pair = |sends: u32, why: &str| (Value::from(sends), Value::from(why));
    // Three tokens, and two per retry: one retry, then none.
    assert_eq!(
        send(&["--budget", "quota 3 2 1"]),
        [pair(2, "budget"), pair(1, "budget"), pair(1, "budget"), pair(1, "budget")]
    );
    assert_eq!(
        send(&["--breaker", "2 1m"]),
        [pair(3, "max_sends"), pair(3, "max_sends"), pair(0, "breaker"), pair(0, "breaker")]
    );
}

/// The longest times of this preset have 14 characters.
#[test]
fn columns_are_as_wide_as_their_widest_cell() {
    let text = run(&["schedule", "--preset", "grpc-connect"]).stdout;
    let mut lines = text.lines().skip_while(|line| !line.starts_with("send"));
    let head = lines.next().unwrap();
    let end = head.find("wait").unwrap() + "wait".len();
    let rows: Vec<&str> = lines.take_while(|line| !line.is_empty()).collect();
    assert!(rows.len() > 10, "{text}");
    for row in rows {
        let cells = row.chars().take(end).collect::<String>();
        let after: String = row.chars().skip(end).take(2).collect();
        assert!(cells.ends_with('s') && after.trim().is_empty(), "{row}");
    }
}

#[test]
fn times_beyond_584_years_are_not_printed() {
    let args =
        "schedule --give-up-above none --initial-timeout 2400h --multiplier 1000 --max-sends 10";
    let args: Vec<&str> = args.split(' ').collect();
    let text = run(&args).stdout;
    assert!(text.contains("gives up after more than 584 years; the first 2 are shown"), "{text}");
    assert!(!text.contains("18446744073"), "{text}");
    let object = run(&[&args[..], &["--json"]].concat()).object();
    assert!(object["gives_up_s"].is_null(), "{object}");
}

/// Help and version are output like any other: a full disk is an error.
#[test]
fn help_that_cannot_be_written_is_an_error() {
    for args in [&["--help"][..], &["--version"], &["send", "--help"]] {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        let output = crate::common::retrylab(args).stdout(full).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(stderr.contains("cannot write stdout"), "{args:?}: {stderr}");
        let good = run(args);
        assert_eq!((good.code, good.stderr.as_str()), (Some(0), ""), "{args:?}");
    }
    let bad = run(&["--frobnicate"]);
    assert_eq!((bad.code, bad.stdout.as_str()), (Some(2), ""));
}
