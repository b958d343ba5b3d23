//! `brooker-retries`: a server that fails a share of its calls, and what limits the retries. (Serial
//! clients, which no scenario has, are in the core's tests.)

use crate::{measure, number, sim};

const RUNS: u32 = 20;

/// Each published number is that of one run of about 10,000 calls, rounded to a digit: the mean of these runs
/// may differ from it by four deviations of that difference, sd sqrt(1 + 1/20), and by half of the digit. With
/// f = 0.5 and three retries that is 1.1 points of success and 4.9 of load.
///
/// The published bucket adds up tenths as floats, so that a whole token is sometimes above 1 and sometimes not.
/// That changes at most one deposit per client: 0.1 sends per hundred calls.
#[test]
fn the_published_success_and_load_come_out() {
    let bucket: &[&str] = &["policy.budget=bucket 5 0.1", "policy.max_sends=none"];
    let breaker: &[&str] = &["policy.breaker=share 0.1"];
    for (name, fail, sets, published, floats) in [
        ("3 retries", "0.1", &[][..], [99.98, 111.1], 0.0),
        ("3 retries", "0.5", &[], [93.47, 189.4], 0.0),
        ("bucket", "0.1", bucket, [99.23, 110.2], 0.1),
        ("bucket", "0.5", bucket, [57.19, 114.4], 0.1),
        ("breaker", "0.1", breaker, [93.08, 103.6], 0.0),
        ("breaker", "0.5", breaker, [49.96, 100.0], 0.0),
        // In an open loop, a pause before each retry changes no count.
        ("no pause", "0.5", &[], [93.47, 187.6], 0.0),
        ("a pause", "0.5", &["policy.initial_timeout=100ms"], [93.47, 187.9], 0.0),
    ] {
        let fail = format!("server.fail={fail}");
        let runs = sim(
            &["brooker-retries", "--seeds", &RUNS.to_string()],
            &[&[fail.as_str()], sets].concat(),
        );
        for ((what, published), digit) in
            ["answered_share", "amplification"].iter().zip(published).zip([0.01, 0.1])
        {
            let measured = measure(&runs, what);
            let (mean, deviation) = (100.0 * measured.mean, 100.0 * measured.deviation);
            let spread = 4.0 * deviation * (1.0 + 1.0 / f64::from(RUNS)).sqrt();
            let allowed = spread + digit / 2.0 + floats;
            println!("{name}, {fail}: {what} {mean:.3} ({deviation:.3}), published {published}");
            assert!(
                (mean - published).abs() <= allowed,
                "{name}, {fail}, seeds 1 to {RUNS}: {what} {mean}, not {published} +- {allowed}",
            );
        }
    }
}

/// Success 1 - f^(N+1), load (1 - f^(N+1)) / (1 - f): the program's own prediction contains both, and the
/// distance of a run in standard errors.
#[test]
fn a_number_of_retries_gives_what_the_closed_form_says() {
    for f in [0.1_f64, 0.5] {
        for sends in 1..=5 {
            let sets = [format!("server.fail={f}"), format!("policy.max_sends={sends}")];
            let run = sim(&["brooker-retries", "--seed", "2022"], &sets.each_ref().map(|s| &s[..]));
            let theory = &run["theory"];
            let name = format!("f = {f}, {sends} sends, seed 2022");
            let gives_up = f.powi(sends);
            let load = (1.0 - gives_up) / (1.0 - f);
            assert!((number(theory, "gave_up_share") - gives_up).abs() < 1e-9, "{name}: {theory}");
            assert!((number(theory, "amplification") - load).abs() < 1e-9, "{name}: {theory}");
            let distance = number(theory, "gave_up_standard_errors");
            assert!(distance.abs() < 4.0, "{name}: {theory}");
            if sends > 1 {
                let distance = number(theory, "amplification_standard_errors");
                assert!(distance.abs() < 4.0, "{name}: {theory}");
            } else {
                assert_eq!(number(&run, "amplification"), 1.0, "{name}");
            }
        }
    }
}
