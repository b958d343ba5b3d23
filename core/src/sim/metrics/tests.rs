use super::*;
use crate::machine::Label;
use crate::sim::{Bounds, Outcome, Scenario, Summary, run};
use crate::trace::What::{Answered, Dropped, Failed, GaveUp, Refused, Sent};
use core::num::NonZeroU32;
use core::ops::Range;

const SECOND: Duration = Duration::from_secs(1);
const MILLISECOND: Duration = Duration::from_millis(1);

/// Returns metrics that have seen each of `what` at its second.
fn measured(what: impl IntoIterator<Item = (u64, What)>) -> Metrics {
    let mut metrics = Metrics::new(SECOND);
    for (second, what) in what {
        metrics.record(&seen(Instant::from_millis(1_000 * second), HostId::Client, None, what));
    }
    metrics
}

const fn seen(at: Instant, host: HostId, label: Option<Label>, what: What) -> Record {
    Record { at, host, flow: NonZeroU32::new(1), packet: None, label, server: None, what }
}

const fn answered(sends: u32, nanos: u64) -> What {
    Answered { sends, answered_send: 1, elapsed: Duration::from_nanos(nanos) }
}

const fn gave_up(sends: u32, nanos: u64, why: Stop) -> What {
    GaveUp { sends, elapsed: Duration::from_nanos(nanos), why }
}

/// Returns answers that took 1, 2, 3, … nanoseconds.
fn answers(nanos: Range<u64>) -> impl Iterator<Item = (u64, What)> {
    nanos.map(|n| (0, answered(1, n)))
}

const LEVELS: [u32; 5] = [5_000, 9_000, 9_900, 9_990, 9_999];

#[test]
fn quantiles_are_ranks() {
    let metrics = measured(answers(1..1_001));
    let times = metrics.latency();
    let quantiles = LEVELS.map(|level| times.quantile(level).unwrap().as_nanos());
    assert_eq!(quantiles, [500, 900, 990, 999, 1_000]);
    assert_eq!(times.quantile(0).unwrap().as_nanos(), 1, "the shortest");
    assert_eq!(times.quantile(10_000), times.max());
    assert_eq!(times.quantile(10_001), None);
    assert_eq!((times.count(), times.max().unwrap().as_nanos()), (1_000, 1_000));
    assert_eq!(times.mean().unwrap().as_nanos(), 500, "500.5, rounded down");

    let nothing = Metrics::new(SECOND);
    assert_eq!(nothing.latency().quantile(5_000), None);
    assert_eq!((nothing.latency().max(), nothing.latency().mean()), (None, None));
    assert_eq!(nothing.quantile_of_all(5_000), None);
}

#[test]
fn long_times_are_right_to_a_thousandth_and_the_longest_is_exact() {
    let mut times = Times::default();
    // Times between a microsecond and a day, each 1.37 times the previous one.
    let mut all = Vec::new();
    let mut time = 1_013_u64;
    while time < 86_400_000_000_000 {
        all.push(time);
        time = time * 137 / 100;
    }
    all.iter().for_each(|time| times.add(Duration::from_nanos(*time)));
    for (rank, exact) in all.iter().enumerate() {
        let found = nanos(times.at_rank(rank as u64 + 1).unwrap());
        assert!((*exact..=exact + exact / 1_000).contains(&found), "{exact} became {found}");
    }
    assert_eq!(times.max().unwrap().as_nanos(), u128::from(*all.last().unwrap()));
    assert_eq!(times.at_rank(all.len() as u64), times.max());

    times.add(Duration::MAX);
    assert_eq!(times.max(), Some(Duration::from_nanos(u64::MAX)));
    let most = times.quantile(10_000).unwrap();
    let longest = times.max().unwrap();
    assert!(most <= longest && most > longest / 1_000 * 999, "centuries are not cut: {most:?}");
}

#[test]
fn who_gave_up_took_longer_than_every_answer() {
    let lost = |count| (0..count).map(|_| (0, gave_up(5, 7, Stop::MaxSends)));
    let metrics = measured(answers(1..991).chain(lost(10)));
    assert_eq!(metrics.quantile_of_all(9_900).unwrap().as_nanos(), 990, "the slowest answer");
    assert_eq!(metrics.quantile_of_all(9_901), None);
    assert_eq!(metrics.gave_up().max().unwrap().as_nanos(), 7, "its time is kept separately");

    // One more in 1,000, and p99 is one of those.
    let metrics = measured(answers(1..990).chain(lost(11)));
    assert_eq!(metrics.quantile_of_all(9_900), None);
    assert_eq!(metrics.quantile_of_all(9_890).unwrap().as_nanos(), 989);
    assert_eq!(metrics.latency().quantile(9_900).unwrap().as_nanos(), 980, "the 980th of 989");

    // A refusal does not count as a reply either.
    let refused = Refused { sends: 1, elapsed: Duration::ZERO };
    let metrics = measured(answers(1..2).chain([(0, refused)]));
    assert_eq!(metrics.quantile_of_all(5_000).unwrap().as_nanos(), 1);
    assert_eq!(metrics.quantile_of_all(5_001), None);
    assert_eq!((metrics.finished(), metrics.gave_up().count()), (2, 0));
}

#[test]
fn exchanges_are_counted_by_sends_and_by_what_ended_them() {
    let ends = [
        gave_up(0, 0, Stop::Breaker),
        answered(1, 1),
        answered(1, 1),
        gave_up(32, 9, Stop::MaxSends),
        answered(33, 1),
        gave_up(u32::MAX, 9, Stop::MaxSends),
        Refused { sends: 2, elapsed: Duration::ZERO },
    ];
    let metrics = measured(ends.map(|what| (0, what)));
    let counted: Vec<(usize, u64)> =
        metrics.attempts().iter().copied().enumerate().filter(|(_, count)| *count > 0).collect();
    assert_eq!(counted, [(0, 1), (1, 2), (2, 1), (32, 1), (33, 2)]);
    assert!(metrics.gave_up_by().eq([(Stop::Breaker, 1), (Stop::MaxSends, 2)]));

    let drop = |cause| (0, Dropped { direction: Direction::Request, cause });
    let metrics = measured([Cause::LinkLoss, Cause::ServerDrop, Cause::LinkLoss].map(drop));
    assert!(metrics.dropped_by().eq([(Cause::LinkLoss, 2), (Cause::ServerDrop, 1)]));
}

#[test]
fn an_exchange_begins_with_its_first_send_and_a_failure_counts_at_the_client() {
    let mut metrics = Metrics::new(SECOND);
    let request = Sent { direction: Direction::Request, bytes: 5 };
    let reply = Sent { direction: Direction::Reply, bytes: 5 };
    let first = Label::new(7, 1);
    for (side, label, what) in [
        (HostId::Client, first, request),
        (HostId::Client, Label::new(7, 2), request),
        (HostId::Client, None, request),
        (HostId::SERVER, first, Failed),
        (HostId::SERVER, first, reply),
        (HostId::Client, first, Failed),
    ] {
        metrics.record(&seen(Instant::ZERO, side, label, what));
    }
    let expected = Counts { begun: 1, sends: 3, failed: 1, replies: 1, ..Counts::default() };
    assert_eq!(metrics.series().intervals(), [expected]);
}

#[test]
fn when_a_run_is_too_long_neighbours_become_one() {
    let sends = |series: &Series| -> Vec<(usize, u64)> {
        let all = series.intervals().iter().map(|counts| counts.sends).enumerate();
        all.filter(|(_, sends)| *sends > 0).collect()
    };
    let mut series = Series::new(SECOND, MAX_INTERVALS);
    let mut send = |seconds: &[u64]| {
        for second in seconds {
            series.at(Instant::from_millis(1_000 * second)).sends += 1;
        }
        (series.interval(), sends(&series), series.intervals().len())
    };
    let found = send(&[0, 1, 2, 2, 1_023]);
    assert_eq!(found, (SECOND, [(0, 1), (1, 1), (2, 2), (1_023, 1)].to_vec(), 1_024));
    let found = send(&[1_024]);
    assert_eq!(found, (2 * SECOND, [(0, 2), (1, 2), (511, 1), (512, 1)].to_vec(), 513));
    let found = send(&[3, 1_022, 1_025]);
    assert_eq!(found.1, [(0, 2), (1, 3), (511, 2), (512, 2)], "back in time, and on again");
    let found = send(&[1_024 * 64]);
    assert_eq!(found, (128 * SECOND, [(0, 5), (7, 2), (8, 2), (512, 1)].to_vec(), 513));

    let mut series = Series::new(Duration::ZERO, MAX_INTERVALS);
    for at in [0, u64::MAX, 1] {
        series.at(Instant::from_nanos(at)).answered += 1;
    }
    assert_eq!(series.interval(), Duration::from_nanos(1 << 54));
    let answered = |n: usize| series.intervals()[n].answered;
    assert_eq!((answered(0), answered(1_023)), (2, 1));
}

#[test]
fn the_memory_of_a_long_run_is_bounded() {
    let mut metrics = Metrics::new(Duration::from_nanos(1));
    let many = 200_000_u64;
    for n in 0..many {
        // 97 years, in increasing steps.
        let at = Instant::from_nanos((n * n).saturating_mul(76_000_000));
        let time = n.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> (n % 64);
        let stop = [Stop::MaxSends, Stop::Deadline, Stop::Budget][n as usize % 3];
        let what = if n % 2 == 0 { answered(n as u32, time) } else { gave_up(1, time, stop) };
        metrics.record(&seen(at, HostId::Client, None, what));
        assert!(metrics.series.intervals().len() <= MAX_INTERVALS);
    }
    let intervals = metrics.series.intervals();
    assert!(intervals.len() > MAX_INTERVALS / 2, "and not coarser than need be");
    assert_eq!(intervals.iter().map(|counts| counts.answered + counts.gave_up).sum::<u64>(), many);
    assert_eq!(metrics.gave_up_by.0.len(), 3);
    assert_eq!(metrics.finished(), many);
}

/// Returns a scenario of `pairs`.
fn scenario<const N: usize>(pairs: [(&str, &str); N]) -> Scenario {
    let mut scenario = Scenario::default();
    scenario.apply(pairs).unwrap_or_else(|error| panic!("{error}"));
    scenario
}

/// Runs a scenario to its end.
fn report(scenario: &Scenario) -> MetricsReport {
    let mut run = scenario.begin(Metrics::new(10 * MILLISECOND), Bounds::default());
    while run.advance().is_none() {}
    run.sink().records.report(&run.state())
}

#[test]
fn what_is_measured_agrees_with_the_summary() {
    let lossy = scenario([
        ("clients", "20"),
        ("exchanges", "200"),
        ("server.drop", "0.3"),
        ("server.fail", "0.1"),
        ("link.loss", "0.2"),
    ]);
    let crowded = scenario([
        ("clients", "5"),
        ("exchanges", "400"),
        ("token", "true"),
        ("server.reply", "mirror"),
        ("workload.arrivals", "poisson 30"),
        ("server.service", "8ms"),
        ("server.queue", "20"),
        ("policy.preset", "textbook"),
    ]);
    for scenario in [lossy, crowded] {
        let Outcome { summary, sink, .. } = run(&scenario, Metrics::new(10 * MILLISECOND));
        let Summary { answered, gave_up, refused, sends, replies, lost, server_dropped, .. } =
            summary;
        assert!(gave_up > 0 && answered > 0 && lost + server_dropped > 0, "{summary:?}");
        assert_eq!(sink.latency().count(), answered);
        assert_eq!(sink.gave_up().count(), gave_up);
        assert_eq!(sink.finished(), answered + gave_up + refused);
        assert_eq!(sink.gave_up_by().map(|(_, count)| count).sum::<u64>(), gave_up);
        let dropped = sink.dropped_by().map(|(_, count)| count).sum::<u64>();
        assert_eq!(dropped, lost + server_dropped);
        let sent: u64 = sink.attempts().iter().zip(0..).map(|(count, sends)| count * sends).sum();
        assert_eq!(sent, sends, "no exchange took more than 32");
        let sum = |of: fn(&Counts) -> u64| sink.series().intervals().iter().map(of).sum::<u64>();
        assert_eq!(sum(|counts| counts.begun), summary.finished());
        assert_eq!(sum(|counts| counts.sends), sends);
        assert_eq!(sum(|counts| counts.answered), answered);
        assert_eq!(sum(|counts| counts.gave_up), gave_up);
        assert_eq!(sum(|counts| counts.replies), replies);
    }
}

#[test]
fn two_requests_for_one_worker() {
    // They arrive after 10 ms. One is served until 20 ms, the other waits and is served until 30 ms;
    // its reply ends the run at 40 ms.
    let scenario = scenario([("clients", "2"), ("server.service", "10ms")]);
    let report = report(&scenario);
    let work = WorkReport {
        served: 2,
        wasted: 0,
        utilisation: Some(20.0 / 30.0),
        capacity_per_s: Some(100.0),
        mean_queue: Some(10.0 / 30.0),
        deepest_queue: 1,
        mean_wait_s: Some(0.005),
        mean_work_s: Some(0.01),
    };
    assert_eq!(report.work, work);
    assert_eq!(report.latency_s.max, Some(0.04));
    assert_eq!(report.latency_s.mean, Some(0.035));
    assert_eq!(report.all_s, report.latency_s);
    assert_eq!(report.attempts, [0, 2]);
    assert_eq!(report.series.begun, [2, 0, 0, 0, 0]);
    assert_eq!(report.series.served, [0, 0, 1, 1, 0]);
    assert_eq!(report.series.answered, [0, 0, 0, 1, 1]);
}

#[test]
fn work_for_nobody_is_wasted() {
    // The work takes longer than the first two waits: the first reply answers the exchange, and the
    // work on the other two sends is wasted.
    let slow = scenario([("server.service", "350ms"), ("server.workers", "none")]);
    let found = report(&slow).work;
    assert_eq!((found.served, found.wasted), (3, 2));
    assert_eq!((found.utilisation, found.mean_queue), (None, Some(0.0)), "nobody waits");

    // A server that takes no time counts its replies as served; its times are unknown.
    let instant = scenario([("exchanges", "100"), ("link.loss", "0.4")]);
    let found = report(&instant).work;
    let summary = run(&instant, ()).summary;
    assert_eq!(found.served, summary.replies);
    assert_eq!(found.wasted, summary.replies - summary.answered);
    assert!(found.wasted > 0, "lost replies");
    assert_eq!((found.utilisation, found.mean_queue, found.mean_wait_s), (None, None, None));
}

#[test]
fn a_slow_link_is_busy() {
    // With 28 bytes of headers before `hello`, 33 bytes at 2,640 bits a second take 0.1 s, then 10 ms of
    // latency; replies have no rate and take 10 ms.
    let used = |shared| {
        let (rate, replies) = (("link.rate", "2640bit"), ("link.reply_rate", "none"));
        let wait = ("policy.initial_timeout", "1s");
        report(&scenario([rate, replies, wait, ("clients", "3"), ("link.shared", shared)])).link
    };
    let way = |busy, deepest_queue| {
        let request = Some(WayReport { busy: Some(busy), deepest_queue, dropped: 0 });
        LinkReport { request, reply: None }
    };
    assert_eq!(used("true"), way(0.3 / 0.32, 3), "one after the other");
    assert_eq!(used("false"), way(0.1 / 0.12, 1), "in parallel");
}

#[test]
fn before_anything_happened_nothing_is_claimed() {
    let run = scenario([("server.service", "1s")]).begin((), Bounds::default());
    let report = Metrics::new(SECOND).report(&run.state());
    assert_eq!((report.work.utilisation, report.work.mean_queue), (None, None));
    assert_eq!(
        (report.work.mean_wait_s, report.latency_s.p50, report.all_s.max),
        (None, None, None)
    );
    assert!(report.attempts.is_empty() && report.gave_up_by.is_empty());
}

#[cfg(feature = "serde")]
#[test]
fn its_json_has_the_vocabularys_names() {
    let scenario = scenario([("server.drop", "1"), ("exchanges", "2")]);
    let json = serde_json::to_value(report(&scenario)).unwrap();
    assert_eq!(json["gave_up_by"], serde_json::json!({ "give_up_above": 2 }), "{json}");
    assert_eq!(json["dropped_by"], serde_json::json!({ "server.drop": 10 }));
    assert_eq!(json["attempts"], serde_json::json!([0, 0, 0, 0, 0, 2]));
    assert_eq!(json["latency_s"]["p9999"], serde_json::Value::Null);
    assert_eq!(json["all_s"]["count"], 2);
    let gave_up = json["gave_up_s"]["p50"].as_f64().unwrap();
    assert!((3.1..3.1031).contains(&gave_up), "{gave_up}");
    assert_eq!(json["gave_up_s"]["max"], 3.1);
    assert_eq!(json["work"]["utilisation"], serde_json::Value::Null);
    assert_eq!(json["series"]["interval_s"], 0.01);
    assert_eq!(json["series"]["gave_up"].as_array().unwrap().len(), 621, "{json}");
}

#[test]
fn goodput_at_the_end_is_that_of_the_last_tenth() {
    let goodput = |begun: &[u64], answered: &[u64]| {
        let (begun, answered) = (begun.to_vec(), answered.to_vec());
        SeriesReport { begun, answered, ..SeriesReport::default() }.goodput_at_end()
    };
    let (mut begun, mut answered) = ([40; 20].to_vec(), [40; 18].to_vec());
    answered.extend([10, 30, 40]);
    begun.push(0);
    assert_eq!(goodput(&begun, &answered), Some(0.5));
    assert_eq!(goodput(&[19], &[19]), None);
    assert_eq!(goodput(&[0], &[0]), None);
}
