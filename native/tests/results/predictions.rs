//! The closed form that `sim` prints for a queue is compared with what it measured.

use crate::{number, sim};

/// 400,000 Poisson arrivals per link, seed 1. Across seeds, the standard deviation is about 2 % of the share
/// refused, 1 % of wait and queue, and 0.2 % of the busy share; the tolerances are at least four times that.
#[test]
fn a_server_measures_what_its_model_predicts() {
    let open = "#seed=1&token=true&server.reply=mirror&policy.max_sends=1&exchanges=400000&\
                workload.arrivals=poisson+";
    for (rest, model) in [
        ("80&link.latency=0s&server.service=exponential+10ms&server.queue=9", "M/M/1/K"),
        ("120&link.latency=0s&server.service=exponential+10ms&server.queue=9", "M/M/1/K"),
        ("70&link.latency=0s&server.service=exponential+10ms&server.order=lifo", "M/M/1"),
        ("70&server.service=10ms&link.latency=exponential+50ms", "M/D/1"),
        (
            "160&link.latency=0s&server.service=uniform+5ms+15ms&server.workers=2&server.queue=0",
            "Erlang B",
        ),
        ("140&link.latency=0s&server.service=exponential+10ms&server.workers=2", "Erlang C"),
    ] {
        let queue = &sim(&[&format!("{open}{rest}")], &[])["theory"]["queue"];
        assert_eq!(queue["model"], model, "{rest}");
        for (what, tolerance) in [
            ("refused_share", 0.1),
            ("mean_wait_s", 0.05),
            ("mean_queue", 0.05),
            ("utilisation", 0.01),
        ] {
            let value = |which| number(&queue[what], which);
            let (predicted, measured) = (value("predicted"), value("measured"));
            assert!(
                (measured - predicted).abs() <= tolerance * predicted,
                "{rest}, {what}: {measured} measured, {predicted} predicted"
            );
        }
    }
}

/// M/M/1/10 at a load of 0.8. Refused requests keep their clients waiting for 30 s after the last arrival: that
/// time does not count.
#[test]
fn a_queue_is_measured_until_its_last_request() {
    let sets = [
        "workload.arrivals=poisson 80",
        "workload.duration=150s",
        "exchanges=100000000",
        "server.service=exponential 10ms",
        "server.queue=9",
        "server.reply=mirror",
        "token=true",
        "policy.max_sends=1",
        "policy.initial_timeout=30s",
        "policy.give_up_above=none",
        "link.latency=0s",
    ];
    let seeds = sim(&["--seeds", "20"], &sets);
    let queue = &seeds["theory"]["queue"];
    assert_eq!(queue["model"], "M/M/1/K");
    for what in ["refused_share", "mean_wait_s", "mean_queue", "utilisation"] {
        let distance = number(&queue[what], "standard_errors");
        assert!(distance.abs() < 4.0, "{what}, seeds 1 to 20: {distance} standard errors");
    }
}
