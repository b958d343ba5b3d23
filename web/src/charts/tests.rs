use super::*;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::sim::run;
use retrylab_core::theory::predict;
use retrylab_core::time::Duration;

fn scenario(link: &str) -> Scenario {
    let (scenario, errors) = Scenario::from_fragment(link);
    assert_eq!(errors, []);
    scenario
}

/// Returns how all exchanges of a run ended.
fn ends_of(records: &[Record]) -> Ends {
    let mut ends = Ends::default();
    records.iter().for_each(|record| ends.add(record));
    ends
}

#[test]
fn intervals_are_round_and_few() {
    for (span, expected) in [
        (0, 1_000),
        (1_520_000_000, 20_000_000),
        (3_100_000_000, 50_000_000),
        (80_000_000_000, 2_000_000_000),
        (u64::MAX, 500_000_000_000_000_000),
    ] {
        assert_eq!(step(span), expected);
        assert!(span / step(span) < MAX_INTERVALS);
    }
}

/// Loss, a full queue, failures, a breaker and a time-out too short: everything that the metrics count.
#[test]
fn the_numbers_are_those_of_the_metrics() {
    for link in [
        "seed=7&link.loss=0.3&clients=40&exchanges=5",
        "seed=3&clients=300&policy.budget=throttle+10+0.1&server.service=5ms&server.queue=20",
        "seed=9&clients=20&exchanges=9&server.fail=0.5&policy.breaker=2+1s",
    ] {
        let scenario = scenario(link);
        let interval = Duration::from_millis(100);
        let metrics = run(&scenario, Metrics::new(interval)).sink;
        let records = run(&scenario, Vec::<Record>::new()).sink;
        assert!(records.is_sorted_by_key(|record| record.at), "{link}");
        let end = records.last().unwrap().at.as_nanos();
        let of_metrics: Vec<f64> = metrics
            .series()
            .intervals()
            .iter()
            .flat_map(|counts| [counts.begun, counts.sends, counts.answered])
            .map(|count| count as f64)
            .collect();
        let counted = series(&records, end, 100_000_000, false);
        assert_eq!(counted[..of_metrics.len()], of_metrics, "{link}");
        assert!(counted[of_metrics.len()..].iter().all(|count| *count == 0.0));

        let mut ends = ends_of(&records);
        assert_eq!(ends.finished, metrics.finished(), "{link}");
        for (n, (all, _)) in ends.by_sends.iter().enumerate() {
            assert_eq!(*all, metrics.attempts()[n], "{n} sends");
        }
        let within = ends.within(1_000_000);
        let share = metrics.latency().count() as f64 / metrics.finished() as f64;
        assert!((within.last().unwrap() - share).abs() < 1e-9);
        let p99 = metrics.quantile_of_all(9_900).map_or(f64::NAN, |time| time.as_secs_f64());
        let own = ends.p99();
        assert!(own.is_nan() == p99.is_nan());
        assert!(own.is_nan() || (own / p99 - 1.0).abs() < 0.001, "{own} {p99}");
    }
}

#[test]
fn before_its_end_a_run_has_only_what_has_happened() {
    let records = run(&scenario("seed=7&link.loss=0.3&clients=40"), Vec::<Record>::new()).sink;
    let mut until = EndsUntil::default();
    let early = until.until(&records, 0);
    assert_eq!(early.finished, 0);
    assert_eq!(early.within(1_000), [0.0]);
    assert!(early.means(true).iter().all(|number| number.is_nan()));
    assert!(Ends::default().p99().is_nan());
    // Forwards in steps, back, and forwards at once.
    let half = until.until(&records, 100_000_000).finished;
    let whole = until.until(&records, u64::MAX).finished;
    assert!(0 < half && half < whole && whole == ends_of(&records).finished);
    assert_eq!(until.until(&records, 100_000_000).finished, half);
    assert_eq!(until.until(&records, u64::MAX).finished, whole);
    let at_once = series(&records, 0, 1_000_000, false);
    assert_eq!(at_once, [40.0, 40.0, 0.0], "all clients begin at time 0");
}

#[test]
fn a_writer_begins_once() {
    let scenario = scenario("clients=3&workload.task=write");
    let records = run(&scenario, Vec::<Record>::new()).sink;
    let counts = series(&records, 100_000_000_000, 200_000_000_000, true);
    let mut ends = ends_of(&records);
    let sends: f64 =
        ends.by_sends.iter().zip(0u32..).map(|((all, _), n)| *all as f64 * f64::from(n)).sum();
    assert_eq!(counts, [3.0, sends, 3.0]);
    assert!(ends.p99() > 0.0 && sends > 3.0, "some writes were refused");
}

#[test]
fn runs_without_an_end_have_no_share() {
    let beats = "workload.task=heartbeat&exchanges=3";
    let mut trials = Trials::new(beats, "link.loss", "0.1").unwrap();
    for _ in 0..2 {
        while !trials.advance(1_000) {}
    }
    let measures = trials.measures();
    assert_eq!(measures[0], 2.0);
    assert!(measures[1..].iter().all(|number| number.is_nan()), "{measures:?}");
}

#[test]
fn theory_lies_within_the_intervals() {
    let scenario = scenario("seed=4&link.loss=0.3&clients=2000");
    let model = predict(&scenario).unwrap();
    let records = run(&scenario, Vec::<Record>::new()).sink;
    let ends = ends_of(&records);
    let rows = ends.rows(Some(&model), true);
    let (rows, rest) = rows.as_chunks::<8>();
    assert!(rest.is_empty());
    let total: f64 = rows.iter().map(|row| row[3]).sum();
    assert!((total - 1.0).abs() < 1e-12, "the predicted shares sum to {total}");
    let [.., last] = rows[model.max_sends as usize];
    assert!((last - (1.0 - model.gave_up)).abs() < 1e-12);
    for row in &rows[1..] {
        // Five standard errors rather than two.
        let reach = |low: f64, high: f64| 2.5 * (high - low) + 1e-9;
        assert!((row[0] - row[3]).abs() < reach(row[1], row[2]), "{row:?}");
        assert!((row[4] - row[7]).abs() < reach(row[5], row[6]), "{row:?}");
    }
    let [share, low, high, mean, least, most] = ends.means(true);
    assert_eq!(ends.finished, 2_000);
    assert!(ends.means(false)[1].is_nan() && ends.rows(None, false)[9].is_nan());
    assert!(low < share && share < high && least < mean && mean < most);
    assert!((mean - model.amplification).abs() < 2.5 * (most - least));
}

#[test]
fn without_a_closed_form_the_rows_have_no_prediction() {
    let ends = ends_of(&run(&scenario("seed=7&clients=9"), Vec::<Record>::new()).sink);
    let rows = ends.rows(None, true);
    assert!(rows.as_chunks::<8>().0.iter().all(|row| row[3].is_nan() && row[7].is_nan()));
}

#[test]
fn very_many_sends_are_one_row() {
    let model =
        Bernoulli::new(&scenario("policy.max_sends=50&policy.multiplier=1").policy, 0.9, 0.0, 0.02);
    let model = model.unwrap();
    let rows: Vec<_> = (0..=MAX_SENDS + 1).map(|n| of_sends(&model, n)).collect();
    let total: f64 = rows.iter().map(|(share, _)| share).sum();
    assert!((total - 1.0).abs() < 1e-12, "{total}");
    assert!((rows[MAX_SENDS + 1].1 - (1.0 - model.gave_up)).abs() < 1e-12);
}

#[test]
fn trials_change_a_value_and_take_one_seed_after_another() {
    let mut trials = Trials::new("seed=7&link.loss=0.3", "link.loss", "1").unwrap();
    for _ in 0..3 {
        while !trials.advance(1_000) {}
    }
    let measures = trials.measures();
    assert_eq!(measures[..2], [3.0, 0.0], "three runs of an exchange, none is answered");
    assert_eq!(measures[4], 5.0, "sends");
    assert!(measures[7].is_nan(), "no such time");
    let mut whole = Trials::new("seed=7&clients=10", "link.loss", "0").unwrap();
    while !whole.advance(1_000) {}
    let measures = whole.measures();
    assert_eq!(measures[..2], [1.0, 1.0]);
    assert!(measures[2] < 1.0, "ten exchanges are not certain");
    assert_eq!((measures[4], measures[7]), (1.0, 0.02));
    let error = Trials::new("", "link.loss", "2").err().unwrap();
    assert!(error.contains("link.loss"), "{error}");
}

#[test]
fn of_coupled_exchanges_the_runs_are_what_varies() {
    let link = "clients=30&server.service=20ms&server.queue=9";
    let mut trials = Trials::new(link, "link.loss", "0.4").unwrap();
    while !trials.advance(1_000) {}
    let one = trials.measures();
    assert!(one[1] > 0.0 && one[2].is_nan(), "one run has no interval");
    for _ in 0..5 {
        while !trials.advance(1_000) {}
    }
    let six = trials.measures();
    assert!(six[2] < six[1] && six[1] < six[3], "{six:?}");
}
