//! Formats the metrics of a run as lines of text.

use super::figures::TimeUnit;
use crate::output::Count;
use retrylab_core::sim::metrics::{LinkReport, LoadReport, MetricsReport, Quantiles, WorkReport};
use std::collections::BTreeMap;

/// Exchanges with this many sends or more are counted together.
const MANY: usize = 8;

/// Returns the lines of the report, each as a name and a text. Lines without content are left out, and so is the offered
/// load unless exchanges arrive: those of an `open` loop.
pub(super) fn lines(
    metrics: &MetricsReport,
    open: bool,
) -> impl Iterator<Item = (&'static str, String)> {
    let MetricsReport { latency_s, gave_up_s, all_s, work, link, load, .. } = metrics;
    let gave_up = (gave_up_s.count > 0).then(|| {
        let (p9999, last) = (all_s.p9999.or(all_s.p999).or(all_s.p99), gave_up_s.p50);
        let unit = TimeUnit::of(p9999.into_iter().chain(last));
        let median = last.map(|time| unit.show(time)).unwrap_or_default();
        format!(
            "{}; {} gave up, half of them after {median}",
            without_answer(all_s, unit),
            gave_up_s.count
        )
    });
    let reasons = &metrics.gave_up_by;
    let lines = [
        ("offered load", open.then(|| offered(load)).flatten()),
        ("goodput", open.then(|| goodput(load, work)).flatten()),
        ("latency", latency_s.p50.map(|_| quantiles(latency_s))),
        ("  of all", gave_up),
        ("  gave up by", (reasons.len() > 1).then(|| by_name(reasons))),
        ("exchanges by sends", (all_s.count > 0).then(|| attempts(&metrics.attempts))),
        ("server", served(work)),
        ("  queue", queue(work)),
        ("link", ways(link)),
    ];
    lines.into_iter().filter_map(|(name, words)| Some((name, words?)))
}

/// `p50 0.02 s, p90 0.32 s, …, max 1.52 s`
fn quantiles(of: &Quantiles) -> String {
    let named = levels(of).into_iter().chain([("max", of.max)]);
    let unit = TimeUnit::of(of.max);
    let words = named.filter_map(|(name, at)| Some(format!("{name} {}", unit.show(at?))));
    words.collect::<Vec<_>>().join(", ")
}

/// `p50 0.02 s, p90 0.32 s, p99 and above gave up`
fn without_answer(all: &Quantiles, unit: TimeUnit) -> String {
    let levels = levels(all);
    let answered =
        levels.iter().map_while(|(name, at)| Some(format!("{name} {}", unit.show((*at)?))));
    let first_without = levels.iter().find(|(_, at)| at.is_none()).map_or("max", |(name, _)| name);
    let rest = match first_without {
        "max" => "the longest gave up".to_string(),
        name => format!("{name} and above gave up"),
    };
    answered.chain([rest]).collect::<Vec<_>>().join(", ")
}

const fn levels(of: &Quantiles) -> [(&'static str, Option<f64>); 5] {
    [("p50", of.p50), ("p90", of.p90), ("p99", of.p99), ("p99.9", of.p999), ("p99.99", of.p9999)]
}

/// `1: 50012, 2: 24990, 8 or more: 3`
fn attempts(by_sends: &[u64]) -> String {
    let few = by_sends.iter().take(MANY).enumerate().filter(|(_, count)| **count > 0);
    let many: u64 = by_sends.iter().skip(MANY).sum();
    let few = few.map(|(sends, count)| format!("{sends}: {count}"));
    let many = (many > 0).then(|| format!("{MANY} or more: {many}"));
    few.chain(many).collect::<Vec<_>>().join(", ")
}

fn by_name(counts: &BTreeMap<&'static str, u64>) -> String {
    let words = counts.iter().map(|(name, count)| format!("{name} {count}"));
    words.collect::<Vec<_>>().join(", ")
}

/// `502.9 per second, 2298 with retries, at most 3100 sends in one second`. The maximum of a very long run is not known.
fn offered(load: &LoadReport) -> Option<String> {
    let (offered, sends) = load.offered_per_s.zip(load.offered_with_retries_per_s)?;
    let (offered, sends) = (rate(offered), rate(sends));
    let peak = load.peak_sends_per_s.map(|peak| Count(peak, "send"));
    let peak = peak.map(|peak| format!(", at most {peak} in one second")).unwrap_or_default();
    Some(format!("{offered} per second, {sends} with retries{peak}"))
}

/// `83.75 per second; capacity 500 per second`
fn goodput(load: &LoadReport, work: &WorkReport) -> Option<String> {
    let goodput = format!("{} per second", rate(load.goodput_per_s?));
    let Some(capacity) = work.capacity_per_s else { return Some(goodput) };
    Some(format!("{goodput}; capacity {} per second", rate(capacity)))
}

/// Writes a rate with four digits or, if it is larger, as a whole number.
fn rate(rate: f64) -> String {
    let whole = if rate >= 1.0 { rate.log10() as usize + 1 } else { 1 };
    let text = format!("{rate:.*}", 4usize.saturating_sub(whole));
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.').to_string()
    } else {
        text
    }
}

/// Summarises the work of the server; `None` if requests take no time.
fn served(work: &WorkReport) -> Option<String> {
    let took = time(work.mean_work_s?);
    let busy =
        work.utilisation.map(|busy| format!(", {:.2} % busy until the last one", 100.0 * busy));
    let (served, wasted, busy) = (work.served, work.wasted, busy.unwrap_or_default());
    Some(format!("served {served}, {wasted} of them wasted{busy}, {took} of work each"))
}

fn queue(work: &WorkReport) -> Option<String> {
    let (mean, wait, deepest) = (work.mean_queue?, work.mean_wait_s?, work.deepest_queue);
    Some(format!("mean length {mean:.2}, maximum {deepest}, mean wait {}", time(wait)))
}

/// Summarises the traffic of a link with a rate.
fn ways(link: &LinkReport) -> Option<String> {
    let ways = [("requests", link.request), ("replies", link.reply)].into_iter();
    let words = ways.filter_map(|(name, way)| {
        let way = way?;
        let (busy, deepest, dropped) = (100.0 * way.busy?, way.deepest_queue, way.dropped);
        Some(format!(
            "{name} {busy:.2} % busy, at most {deepest} queued, {dropped} dropped by the queue"
        ))
    });
    let words = words.collect::<Vec<_>>().join("; ");
    (!words.is_empty()).then_some(words)
}

fn time(seconds: f64) -> String {
    TimeUnit::of([seconds]).show(seconds)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Quantiles = Quantiles {
        count: 9,
        p50: None,
        p90: None,
        p99: None,
        p999: None,
        p9999: None,
        max: None,
        mean: None,
    };

    #[test]
    fn the_first_quantile_that_gave_up_is_shown() {
        let unit = TimeUnit::of([1.0]);
        let some = Quantiles { p50: Some(0.02), p90: Some(0.32), ..NOTHING };
        assert_eq!(without_answer(&some, unit), "p50 0.02 s, p90 0.32 s, p99 and above gave up");
        assert_eq!(without_answer(&NOTHING, unit), "p50 and above gave up");
        let one = Some(1.0);
        let nearly_all =
            Quantiles { p50: one, p90: one, p99: one, p999: one, p9999: one, ..NOTHING };
        assert!(without_answer(&nearly_all, unit).ends_with("p99.99 1 s, the longest gave up"));
    }

    #[test]
    fn rates_have_four_digits() {
        for (number, text) in [
            (0.0, "0"),
            (0.5, "0.5"),
            (1.0 / 3.0, "0.333"),
            (83.754, "83.75"),
            (100.0, "100"),
            (2298.05, "2298"),
            (1_234_567.8, "1234568"),
        ] {
            assert_eq!(rate(number), text);
        }
    }

    #[test]
    fn many_attempts_are_counted_together() {
        assert_eq!(attempts(&[0, 5, 0, 2]), "1: 5, 3: 2");
        assert_eq!(attempts(&[1, 0, 0, 0, 0, 0, 0, 3, 4, 0, 1]), "0: 1, 7: 3, 8 or more: 5");
    }
}
