//! Comparing two runs: the one that the controls change, and one that was pinned. Both have the same seed unless it was
//! changed, so the same packets share their fates.

use super::Lab;
use super::exhibit::Exhibit;
use crate::fields::label_of;
use crate::json::Json;
use retrylab_core::scenario::{FIELDS, Scenario};
use wasm_bindgen::prelude::wasm_bindgen;

/// The place of the pinned run.
const PINNED: usize = 1;

/// Comparing.
#[wasm_bindgen]
impl Lab {
    /// Pins the first exhibit's scenario: its run begins again in a second exhibit, and stays when the first one changes.
    pub fn pin(&mut self) {
        self.exhibits.truncate(PINNED);
        let first = &self.exhibits[0];
        let mut pinned = Exhibit::new(first.run.scenario().clone(), Vec::new());
        if first.chosen {
            pinned.follow(first.flow);
        }
        self.exhibits.push(pinned);
    }

    /// Removes the pinned exhibit.
    pub fn unpin(&mut self) {
        self.exhibits.truncate(PINNED);
        self.fold();
    }

    /// Returns in what the two scenarios differ: an array of `label`, `a` (the value of the pinned one) and `b`. What a
    /// preset implies goes without saying.
    #[must_use]
    pub fn differences(&self) -> String {
        let [b, a] = [0, PINNED].map(|which| self.exhibits.get(which));
        let (Some(a), Some(b)) = (a, b) else { return "[]".to_string() };
        differences([a, b].map(|exhibit| exhibit.run.scenario()))
    }
}

/// Returns what differs between two scenarios.
#[inline(never)]
fn differences(both: [&Scenario; 2]) -> String {
    let changed: Vec<_> = both.iter().flat_map(|scenario| scenario.changes()).collect();
    Json::array(|json| {
        for field in FIELDS.iter().filter(|field| changed.iter().any(|(key, _)| *key == field.key))
        {
            let [a, b] = both.map(|scenario| field.value(scenario));
            if a != b {
                json.element(|json| {
                    json.text("label", &label_of(field.key));
                    json.text("a", &a);
                    json.text("b", &b);
                });
            }
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pinned_run_stays() {
        let mut lab = Lab::new("seed=7&link.loss=0.3");
        lab.pin();
        assert_eq!(lab.differences(), "[]");
        lab.load(0, &lab.changed(0, "link.loss", Some("0.5".into())).unwrap(), false);
        assert_eq!(lab.differences(), r#"[{"label":"Loss","a":"0.3","b":"0.5"}]"#);
        assert_eq!(lab.fragment(1), "seed=7&link.loss=0.3");
        lab.load(0, &lab.changed(0, "policy.preset", Some("grpc".into())).unwrap(), false);
        let preset = r#"{"label":"Policy","a":"textbook","b":"grpc"}"#;
        assert_eq!(
            lab.differences(),
            format!(r#"[{preset},{{"label":"Loss","a":"0.3","b":"0.5"}}]"#)
        );
        lab.unpin();
        assert_eq!((lab.exhibits(), lab.differences().as_str()), (1, "[]"));
    }
}
