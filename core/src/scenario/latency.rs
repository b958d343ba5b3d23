//! The keys `link.latency` and `link.rtt`: two ways to give one value.

use super::error::FieldError;
use super::model::Scenario;
use crate::dist::Distribution;
use crate::link::Latency;
use crate::value::{Printable, Same, Value};
use alloc::format;

/// Returns the value of `link.latency`: none if the link has a round-trip time.
pub(super) fn one_way(scenario: &Scenario) -> Option<&Distribution> {
    match &scenario.link.latency {
        Latency::OneWay(latency) => Some(latency),
        Latency::RoundTrip(_) => None,
    }
}

/// Returns the value of `link.rtt`.
pub(super) fn round_trip(scenario: &Scenario) -> Option<&Distribution> {
    match &scenario.link.latency {
        Latency::OneWay(_) => None,
        Latency::RoundTrip(rtt) => Some(rtt),
    }
}

/// What is set of the two keys; `None` for a key that is not.
#[derive(Clone, Debug, Default)]
pub(super) struct LatencyKeys {
    pub(super) one_way: Option<Option<Distribution>>,
    pub(super) round_trip: Option<Option<Distribution>>,
}

impl LatencyKeys {
    /// Sets the latency of the link. A key that is set replaces the other one of an earlier call; both in
    /// one call contradict each other.
    pub(super) fn apply(self, scenario: &mut Scenario) -> Result<(), FieldError> {
        match (self.one_way, self.round_trip) {
            (Some(Some(latency)), Some(Some(rtt))) => {
                let [latency, rtt] = [latency, rtt].map(|value| value.to_text());
                let (latency, rtt) = (Printable::short(&latency), Printable::short(&rtt));
                let sentence = format!(
                    "link.latency is \"{latency}\" and link.rtt is \"{rtt}\"; set only one of them: \
                     link.latency is one way, link.rtt there and back"
                );
                return FieldError::contradiction("link.rtt", sentence);
            }
            (Some(Some(latency)), _) => scenario.link.latency = Latency::OneWay(latency),
            (_, Some(Some(rtt))) => scenario.link.latency = Latency::RoundTrip(rtt),
            (None, Some(None)) if round_trip(scenario).is_some() => {
                scenario.link.latency = scenario.link_preset.link().latency;
            }
            (Some(None), _) if one_way(scenario).is_some() => {
                let sentence = "link.latency is none; without link.rtt it must be a time";
                return FieldError::contradiction("link.latency", sentence);
            }
            _ => {}
        }
        match &scenario.link {
            link if round_trip(scenario).is_some() && link.reply_latency != Same::Same => {
                let reply = link.reply_latency.to_text();
                let sentence = format!(
                    "link.reply_latency is \"{}\"; with link.rtt it must be same, because each \
                     direction takes half of the round trip",
                    Printable::short(&reply)
                );
                FieldError::contradiction("link.reply_latency", sentence)
            }
            _ => Ok(()),
        }
    }
}
