//! The closed form that `sim` prints for a queue is compared with what it measured.

use crate::{number, sim};

/// 400,000 Poisson arrivals per link, seed 1. Across seeds, the standard deviation is about 2 % of the share
/// refused, 1 % of wait and queue, and 0.2 % of the busy share; the tolerances are at least four times that.
#[test]
fn a_server_measures_what_its_model_predicts() {
    let open = "#seed=1&token=true&server.reply=mirror&policy.max_sends=1&exchanges=400000&\
                link.latency=0s&workload.arrivals=poisson+";
    for (rest, model) in [
        ("80&server.service=exponential+10ms&server.queue=9", "M/M/1/K"),
        ("120&server.service=exponential+10ms&server.queue=9", "M/M/1/K"),
        ("70&server.service=exponential+10ms&server.order=lifo", "M/M/1"),
        ("70&server.service=10ms&link.latency=exponential+50ms", "M/D/1"),
        ("160&server.service=uniform+5ms+15ms&server.workers=2&server.queue=0", "Erlang B"),
        ("140&server.service=exponential+10ms&server.workers=2", "Erlang C"),
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
