//! Forks: a setting changes at the playhead's time instead of in the whole run.

use super::Lab;
use super::link::link_of;
use crate::fields;
use crate::numbers::span;
use retrylab_core::scenario::{Scenario, Workload};
use retrylab_core::time::{Duration, Instant};
use wasm_bindgen::prelude::wasm_bindgen;

/// Forks, of the first exhibit.
#[wasm_bindgen]
impl Lab {
    /// Returns the links of the scenario `before` after one value is changed or, without a value, reset: in the whole run, and from the playhead's time on only. The second one is empty if that is not possible, or
    /// cannot make a difference.
    ///
    /// # Errors
    /// If the value is invalid: one sentence that says what to type.
    #[allow(clippy::needless_pass_by_value)] // wasm-bindgen passes an optional text as a `String`
    pub fn ways(
        &self,
        before: &str,
        key: &str,
        value: Option<String>,
    ) -> Result<Vec<String>, String> {
        self.may_change(0)?;
        let before = Scenario::from_fragment(before).0;
        let whole = fields::change(&before, key, value.as_deref())?;
        let is_between = self.at > 0 && !self.at_end();
        let fork = if is_between && has_effect(&before, key) {
            before.forked(Duration::from_nanos(self.at), &whole).ok()
        } else {
            None
        };
        let fork = fork.map(|fork| link_of(&fork)).filter(|fork| *fork != link_of(&whole));
        Ok(vec![link_of(&whole), fork.unwrap_or_default()])
    }

    /// Returns what a key is in the present run, of which it is a fork at `at` seconds or not, in a sentence; and the other choice.
    #[must_use]
    pub fn setting(&self, key: &str, at: f64, forked: bool) -> Vec<String> {
        let scenario = self.exhibits[0].run.scenario();
        let (nanos, label) = ((at * 1e9).round() as u64, fields::label_of(key));
        let value = |scenario: &Scenario| scenario.value(key).unwrap_or_default();
        if !forked {
            let sentence = format!("{label} is {} in the whole run.", value(scenario));
            return vec![sentence, format!("Only from {} on", span(nanos))];
        }
        let at = Instant::from_nanos(nanos);
        let who = if key.starts_with("policy.") { " for exchanges that begin" } else { "" };
        let sentence =
            format!("{label} is {}{who} from {} on.", value(&scenario.at(at)), span(nanos));
        vec![sentence, "In the whole run".to_string()]
    }
}

/// Returns whether a change of `key` during the run can make a difference: an exchange keeps the policy with which it began.
fn has_effect(scenario: &Scenario, key: &str) -> bool {
    let one = matches!(scenario.workload, Workload::Closed { .. }) && scenario.exchanges == Some(1);
    !(one && key.starts_with("policy."))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ways(lab: &Lab, key: &str, value: &str) -> [String; 2] {
        lab.ways(&lab.fragment(0), key, Some(value.to_string())).unwrap().try_into().unwrap()
    }

    #[test]
    fn a_setting_changes_in_the_whole_run_or_from_the_playhead_on() {
        let mut lab = Lab::finished("exchanges=5&link.loss=0.3&view.at=0.05");
        assert_eq!(
            ways(&lab, "link.loss", "10%"),
            ["exchanges=5&link.loss=0.1", "exchanges=5&link.loss=0.3&changes=50ms+link.loss%3D0.1"]
        );
        assert_eq!(ways(&lab, "clients", "3")[1], "", "clients cannot change");
        assert_eq!(ways(&lab, "link.loss", "0.3")[1], "", "nothing changes");
        assert!(lab.ways(&lab.fragment(0), "link.loss", Some("x".to_string())).is_err());
        lab.seek(0.0);
        assert_eq!(ways(&lab, "link.loss", "0.1")[1], "", "it is the whole run");
        lab.seek(1.0);
        assert_eq!(ways(&lab, "link.loss", "0.1")[1], "", "nothing follows");
    }

    #[test]
    fn the_policy_changes_for_exchanges_that_are_yet_to_begin() {
        let timeout = "policy.initial_timeout";
        let one = Lab::finished("link.loss=0.3&clients=3&view.at=0.01");
        assert_eq!(ways(&one, timeout, "50ms")[1], "");
        let more = Lab::finished("exchanges=5&view.at=0.05");
        let [_, fork] = ways(&more, timeout, "50");
        assert_eq!(fork, "exchanges=5&changes=50ms+policy.initial_timeout%3D50ms");
        let mut lab = Lab::finished(&format!("{fork}&view.at=0.05"));
        assert_eq!(
            lab.setting(timeout, lab.now(), true),
            ["First timeout is 50ms for exchanges that begin from 50 ms on.", "In the whole run"]
        );
        assert_eq!(
            lab.setting(timeout, 0.05, false),
            ["First timeout is 100ms in the whole run.", "Only from 50 ms on"]
        );
        assert!(lab.sentence(0).ends_with(" From 50 ms on, “First timeout” is 50ms."));
        // A list needs its timeouts, which begin at the same time.
        let [_, list] = ways(&lab, "policy.backoff", "list");
        lab.load(0, &list, false);
        assert!(list.contains("policy.timeouts"), "{list}");
    }

    /// The value of the whole run replaces what follows.
    #[test]
    fn a_fork_is_taken_back_by_setting_the_value_again() {
        let lab =
            Lab::finished("exchanges=5&link.loss=0.3&changes=50ms+link.loss%3D0.1&view.at=0.08");
        let [whole, fork] = ways(&lab, "link.loss", "0.3");
        assert_eq!(whole, "exchanges=5&link.loss=0.3");
        assert_eq!(
            fork,
            "exchanges=5&link.loss=0.3&changes=50ms+link.loss%3D0.1%3B+80ms+link.loss%3D0.3"
        );
        let before = lab.ways(&whole, "link.loss", Some("0.2".to_string())).unwrap();
        assert_eq!(before[1], "exchanges=5&link.loss=0.3&changes=80ms+link.loss%3D0.2");
    }
}
