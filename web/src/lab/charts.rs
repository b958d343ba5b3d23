//! The numbers of the charts, up to the playhead.

use super::Lab;
use crate::charts::{COUNTS, Ends, series, step};
use retrylab_core::scenario::Workload;
use retrylab_core::theory::{independent, predict};
use wasm_bindgen::prelude::wasm_bindgen;

/// The charts. All times are in seconds, and numbers that do not exist are NaN.
#[wasm_bindgen]
impl Lab {
    /// Returns the length of the intervals of `chartSeries`.
    #[wasm_bindgen(js_name = chartStep)]
    #[must_use]
    pub fn chart_step(&self) -> f64 {
        step(self.end_nanos()) as f64 / 1e9
    }

    /// Returns counts over time: for each interval that is over, the exchanges that began, the sends, and the exchanges that
    /// were answered. At the end, the last interval is over too.
    #[wasm_bindgen(js_name = chartSeries)]
    #[must_use]
    pub fn chart_series(&self, which: usize) -> Vec<f64> {
        let step = step(self.end_nanos());
        let run = &self.exhibits[which].run;
        let writes = run.scenario().workload == Workload::Write;
        let mut counts = series(run.records(), self.at, step, writes);
        if !self.at_end() {
            counts.truncate((self.at / step) as usize * COUNTS);
        }
        counts
    }

    /// Returns the length of the intervals of `chartLatencies`: the same for all exhibits.
    #[wasm_bindgen(js_name = chartLatencyStep)]
    pub fn chart_latency_step(&mut self) -> f64 {
        self.latency_step() as f64 / 1e9
    }

    fn latency_step(&mut self) -> u64 {
        let longest = (0..self.exhibits.len())
            .filter_map(|which| self.ends(which).latencies.iter().copied().max())
            .max();
        step(longest.unwrap_or_else(|| self.end_nanos()))
    }

    /// Returns the share of finished exchanges that were answered within 0, 1, 2, … intervals.
    #[wasm_bindgen(js_name = chartLatencies)]
    pub fn chart_latencies(&mut self, which: usize) -> Vec<f64> {
        let step = self.latency_step();
        self.ends(which).within(step)
    }

    /// Returns finished exchanges by their number of sends, from 0. Each has eight numbers: the share of exchanges with N
    /// sends, the ends of its 95 % interval, the prediction; the share of exchanges that N sends or fewer answered, the
    /// ends of its interval, the prediction.
    #[wasm_bindgen(js_name = chartSends)]
    pub fn chart_sends(&mut self, which: usize) -> Vec<f64> {
        let theory = predict(self.exhibits[which].run.scenario()).ok();
        let independent = self.coupled(which).is_empty();
        self.ends(which).rows(theory.as_ref(), independent)
    }

    /// Returns the number of finished exchanges; the share that was answered, the ends of its 95 % interval; the sends per
    /// exchange, the ends of its interval; the predictions of both.
    #[wasm_bindgen(js_name = chartMeans)]
    pub fn chart_means(&mut self, which: usize) -> Vec<f64> {
        let theory = predict(self.exhibits[which].run.scenario());
        let independent = self.coupled(which).is_empty();
        let ends = self.ends(which);
        let mut out = vec![ends.finished as f64];
        out.extend(ends.means(independent));
        out.extend(
            theory.map_or([f64::NAN; 2], |model| [1.0 - model.gave_up, model.amplification]),
        );
        out
    }

    /// Returns what couples the exchanges, so that intervals for one run do not exist; empty if nothing does.
    #[must_use]
    pub fn coupled(&self, which: usize) -> String {
        let run = &self.exhibits[which].run;
        let reason = match independent(run.scenario()) {
            Ok(()) if run.summary().misattributed == 0 => "",
            Ok(()) => "clients took replies for those of other exchanges",
            Err(reason) => reason,
        };
        reason.to_string()
    }

    /// Returns the reason for a missing closed form for the exchanges; empty if there is one.
    #[wasm_bindgen(js_name = notPredicted)]
    #[must_use]
    pub fn not_predicted(&self, which: usize) -> String {
        predict(self.exhibits[which].run.scenario()).err().unwrap_or_default().to_string()
    }

    fn ends(&mut self, which: usize) -> &Ends {
        let exhibit = &mut self.exhibits[which];
        exhibit.ends.until(exhibit.run.records(), self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_charts_show_what_the_playhead_has_passed() {
        let mut lab = Lab::finished("seed=7&link.loss=0.3&clients=50");
        assert_eq!(lab.chart_means(0)[0], 0.0);
        assert_eq!(lab.chart_series(0), [] as [f64; 0], "no interval is over");
        lab.seek(0.5);
        let half = lab.chart_means(0)[0];
        lab.seek(1.0);
        let whole = lab.chart_means(0);
        assert!(0.0 < half && half < whole[0] && whole[0] == 50.0, "{half}");
        let sends: f64 = lab.chart_series(0).iter().skip(1).step_by(COUNTS).sum();
        assert_eq!(sends, lab.exhibits[0].run.summary().sends as f64);
        assert!((sends / 50.0 - whole[4]).abs() < 1e-12);
        assert_eq!(lab.not_predicted(0), "");
        let last = lab.chart_latencies(0);
        assert!((last.last().unwrap() - whole[1]).abs() < 1e-12);
    }

    #[test]
    fn a_missing_prediction_has_its_reason() {
        let mut lab = Lab::new("policy.jitter=full");
        assert_eq!(lab.not_predicted(0), "the waits are drawn or measured");
        assert!(lab.chart_means(0)[7].is_nan());
    }

    #[test]
    fn exchanges_that_depend_on_each_other_have_no_interval() {
        let mut lab = Lab::finished("clients=50&link.loss=0.3&server.service=5ms&server.queue=9");
        lab.seek(1.0);
        assert_ne!(lab.coupled(0), "");
        let means = lab.chart_means(0);
        assert_eq!(means[0], 50.0);
        assert!(means[1] > 0.0 && means[2].is_nan() && means[4] > 1.0 && means[5].is_nan());
    }
}
