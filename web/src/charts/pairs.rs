//! Two scenarios, run with the same seeds one after another, in a web worker: what differs between them, in words.

use super::{Ends, interval};
use crate::numbers::count;
use crate::rest::text;
use crate::run::PageRun;
use retrylab_core::scenario::Scenario;
use retrylab_core::stats::Mean;
use wasm_bindgen::prelude::wasm_bindgen;

/// Number of pairs below which there is no interval.
const FEWEST: u64 = 10;

/// Runs of scenario A and scenario B with the same seeds, so that the same packets share their fates.
#[wasm_bindgen]
pub struct Pairs {
    scenarios: [Scenario; 2],
    /// The run of A is over, or not.
    first: Option<Ends>,
    run: PageRun,
    /// B minus A, a number for each pair: the share that was answered, in percentage points, and the sends per exchange.
    shares: Mean,
    sends: Mean,
}

#[wasm_bindgen]
impl Pairs {
    /// Begins the first pair, with the seed of B.
    #[wasm_bindgen(constructor)]
    #[must_use]
    pub fn new(a: &str, b: &str) -> Self {
        let [mut a, b] = [a, b].map(|link| Scenario::from_fragment(link).0);
        a.seed = b.seed;
        Self {
            run: PageRun::new(a.clone()),
            scenarios: [a, b],
            first: None,
            shares: Mean::default(),
            sends: Mean::default(),
        }
    }

    /// Advances the pair by up to `steps` events; returns `true` when it is over, and begins the next one with the next seed.
    pub fn advance(&mut self, steps: u32) -> bool {
        // What is not kept is not counted: such a run is measured by its beginning.
        if !self.run.advance(steps) && !self.run.is_cut() {
            return false;
        }
        let mut own = Ends::default();
        self.run.records().iter().for_each(|record| own.add(record));
        let Some(a) = self.first.take() else {
            self.first = Some(own);
            self.run = PageRun::new(self.scenarios[1].clone());
            return false;
        };
        let ([share_a, _, _, sends_a, ..], [share_b, _, _, sends_b, ..]) =
            (a.means(false), own.means(false));
        if !(share_a.is_nan() || share_b.is_nan()) {
            self.shares.add((share_b - share_a) * 100.0);
            self.sends.add(sends_b - sends_a);
        }
        for scenario in &mut self.scenarios {
            scenario.seed = scenario.seed.wrapping_add(1);
        }
        self.run = PageRun::new(self.scenarios[0].clone());
        true
    }

    /// Returns what differs, in sentences, with their 95 % confidence intervals, or why nothing can be compared; empty while
    /// there are too few pairs.
    #[must_use]
    pub fn words(&self) -> String {
        if self.scenarios.iter().any(|scenario| scenario.workload.heartbeat().is_some()) {
            return text!("Heartbeats are not exchanges: there is no share answered to compare.")
                .to_string();
        }
        let pairs = self.shares.count();
        if pairs < FEWEST {
            return String::new();
        }
        let shares = difference(
            &self.shares,
            "answers",
            text!(" percentage points"),
            [
                text!("the same share of its exchanges"),
                text!("what share of its exchanges"),
                text!("of its exchanges"),
            ],
        );
        let sends = difference(
            &self.sends,
            "needs",
            "",
            [
                text!("as many sends per exchange"),
                text!("how many sends per exchange"),
                text!("sends per exchange"),
            ],
        );
        format!("Over {}, the same for both: {shares}; {sends}.", count(pairs, "seed"))
    }
}

/// Returns by how much B differs: "B answers 4.20 percentage points more of its exchanges (95 % confidence interval 3.10 to
/// 5.30)". A unit begins with a space.
fn difference(of: &Mean, does: &str, unit: &str, [same, which, what]: [&str; 3]) -> String {
    let [mean, low, high] = interval(of, true);
    let number = |value: f64| {
        let hundredths = (value.abs() * 100.0).round() as u64;
        let sign = if value < 0.0 && hundredths > 0 { "−" } else { "" };
        format!("{sign}{}.{:02}", hundredths / 100, hundredths % 100)
    };
    if low == 0.0 && high == 0.0 {
        return format!("B {does} {same} as A in every pair");
    }
    if low <= 0.0 && high >= 0.0 {
        let range = format!("{} to {}{unit}", number(low), number(high));
        return format!(
            "no clear difference in {which} B {does} (95 % confidence interval {range})"
        );
    }
    let (more, low, high) = if mean > 0.0 { ("more", low, high) } else { ("fewer", -high, -low) };
    format!(
        "B {does} {}{unit} {more} {what} (95 % confidence interval {} to {})",
        number(mean.abs()),
        number(low),
        number(high),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(a: &str, b: &str, pairs: u32) -> String {
        let mut trials = Pairs::new(a, b);
        for _ in 0..pairs {
            while !trials.advance(10_000) {}
        }
        trials.words()
    }

    #[test]
    fn a_difference_has_its_interval() {
        let two = "clients=20&server.drop=0.5&policy.max_sends=2";
        let text = words("clients=20&server.drop=0.5", two, 30);
        assert!(text.starts_with("Over 30 seeds, the same for both: B answers "), "{text}");
        assert!(
            text.contains(" percentage points fewer of its exchanges (95 % confidence interval "),
            "{text}"
        );
        assert!(
            text.contains("; B needs ") && text.contains(" fewer sends per exchange"),
            "{text}"
        );
    }

    #[test]
    fn the_same_scenario_does_not_differ() {
        let text = words("server.drop=0.5", "server.drop=0.5", 10);
        let same = "B answers the same share of its exchanges as A in every pair; B needs as many sends per exchange as A";
        assert!(text.contains(same), "{text}");
        assert_eq!(words("server.drop=0.5", "server.drop=0.5", 9), "");
        let more = words("clients=2", "clients=4", 10);
        assert!(more.contains("B answers the same share of its exchanges as A"), "{more}");
    }

    #[test]
    fn heartbeats_cannot_be_compared() {
        let beats = "workload.task=heartbeat&exchanges=3";
        let text = words(beats, "workload.task=heartbeat&exchanges=4", 1);
        assert_eq!(text, "Heartbeats are not exchanges: there is no share answered to compare.");
    }
}
