//! Links of scenarios.

use crate::fields;
use retrylab_core::scenario::Scenario;

/// The name of the scenario that is compared with, in what a link says about the view.
pub(super) const AGAINST: &str = "against";

/// Returns true if this module can run all scenarios of a link.
pub(super) fn runnable(link: &str) -> bool {
    let link = Scenario::from_link(link);
    let mut others = link.view.iter().filter(|(name, _)| name == AGAINST);
    link.scenario.is_runnable()
        && others.all(|(_, other)| Scenario::from_fragment(other).0.is_runnable())
}

/// Returns the fragment of a scenario's link, without `#`; never empty.
pub(super) fn link_of(scenario: &Scenario) -> String {
    let fragment = scenario.to_fragment();
    if fragment.is_empty() { format!("{}={}", fields::SEED, scenario.seed) } else { fragment }
}
