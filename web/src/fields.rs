//! The core's table of keys, described for a form. The page's JavaScript knows no key: it draws what
//! this table says and hands back what a person wrote.

use crate::json::Json;
use crate::numbers::capital;
use crate::schedule::resolver_options;
use retrylab_core::random::Probability;
use retrylab_core::scenario::{FIELDS, Field, Scenario};
use retrylab_core::time::{nanos, parse_duration};
use retrylab_core::value::{Form, Shape};

/// A control that is always visible.
struct Main {
    key: &'static str,
    label: &'static str,
    /// Stops of its slider, as values of the key; none for a control without a slider.
    stops: &'static [&'static str],
    /// Its help if that of the table would be too long.
    help: &'static str,
}

/// The controls that a visitor sees first: the policy, then its environment. All other keys are folded.
const MAIN: &[Main] = &[
    Main { key: PRESET, label: "Policy", stops: &[], help: "" },
    Main {
        key: "policy.initial_timeout",
        label: "First timeout",
        stops: &[
            "5ms", "10ms", "15ms", "20ms", "30ms", "50ms", "70ms", "100ms", "150ms", "200ms",
            "300ms", "500ms", "700ms", "1s", "1.5s", "2s", "3s", "4s", "5s", "10s",
        ],
        help: "the wait after the first send",
    },
    Main {
        key: "policy.multiplier",
        label: "Multiplier",
        stops: &["1", "1.1", "1.25", "1.5", "1.75", "2", "2.5", "3", "4", "5", "8", "10"],
        help: "what each wait is multiplied by",
    },
    Main {
        key: "link.loss",
        label: "Loss",
        stops: &[
            "0", "0.01", "0.02", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4",
            "0.45", "0.5", "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95", "1",
        ],
        help: "share of packets lost, each way",
    },
    Main {
        key: "clients",
        label: "Clients",
        stops: &[
            "1", "2", "3", "4", "5", "8", "12", "20", "50", "100", "200", "500", "1000", "2000",
            "5000",
        ],
        help: "they all ask at the same time",
    },
    Main { key: SEED, label: "Seed", stops: &[], help: "the same seed repeats the same run" },
];

/// The key that names the policy to start from.
const PRESET: &str = "policy.preset";

/// The key of the seed of all random draws.
pub(crate) const SEED: &str = "seed";

/// Returns the form's description with the values of `scenario`.
///
/// An array of objects: `key`, `label`, `help`, `value`, `allowed` (in words), `group` (empty for the
/// controls that are always visible), `input` (`text`, `long`, `number`, `switch` or `choice`),
/// `choices`, `stops` (those that the scenario allows), `stop` (the nearest one's place), `changed`
/// (from the default, or from the preset), `dice`, `idle` (why it has no effect now, or empty), `hidden` (no client has a
/// policy, so that its keys need not be shown); and for the preset alone `notes` (sentences), `apart` (the policy no longer equals the preset).
pub(crate) fn describe(scenario: &Scenario) -> String {
    let changed: Vec<&str> = scenario.changes().map(|(key, _)| key).collect();
    let main = |field: &Field| MAIN.iter().find(|main| main.key == field.key);
    let first = MAIN.iter().filter_map(|m| FIELDS.iter().find(|field| field.key == m.key));
    let folded = FIELDS.iter().filter(|field| main(field).is_none());
    Json::array(|json| {
        for field in first.chain(folded) {
            let changed = changed.contains(&field.key);
            json.element(|json| one(json, field, main(field), scenario, changed));
        }
    })
}

fn one(json: &mut Json, field: &Field, main: Option<&Main>, scenario: &Scenario, changed: bool) {
    let value = field.value(scenario);
    let group = if field.group().is_empty() { "run" } else { field.group() };
    let stops = main.map_or_else(Vec::new, |main| stops(main, scenario));
    json.text("key", field.key);
    json.text("label", &label(field.key));
    json.text("help", main.map_or(field.help, |main| main.help));
    json.text("allowed", &field.shape.to_string());
    json.text("group", &if main.is_some() { String::new() } else { capital(group) });
    json.text("value", &value);
    json.text("input", input(&field.shape));
    if let Form::Choice(words) = field.shape.form {
        json.texts("choices", words);
    } else {
        json.texts("choices", [""; 0]);
    }
    json.number("stop", nearest(&stops, &value) as u64);
    json.texts("stops", stops);
    json.flag("changed", changed);
    json.flag("dice", field.key == SEED);
    json.text("idle", field.unused(scenario).unwrap_or_default());
    json.flag("hidden", field.group() == "policy" && !has_policy(scenario));
    if field.key == PRESET {
        let (use_when, source) = (scenario.preset.use_when(), scenario.preset.source());
        json.texts("notes", [format!("Use when: {use_when}."), format!("Source: {source}.")]);
        json.flag("apart", scenario.policy != scenario.preset.policy());
    }
}

/// Returns the name of a key's control.
pub(crate) fn label(key: &str) -> String {
    let name = || capital(&key.rsplit('.').next().unwrap_or(key).replace('_', " "));
    MAIN.iter().find(|main| main.key == key).map_or_else(name, |main| main.label.to_string())
}

/// Returns true if a key's control is not always visible.
pub(crate) fn is_folded(key: &str) -> bool {
    MAIN.iter().all(|main| main.key != key)
}

/// Returns true if the clients follow the policy. If not, the scenario allows no other policy than the default.
fn has_policy(scenario: &Scenario) -> bool {
    scenario.workload.heartbeat().is_none() && resolver_options(scenario).is_none()
}

/// Returns the stops of a control that do not contradict the rest of the policy.
fn stops(main: &Main, scenario: &Scenario) -> Vec<&'static str> {
    let fits = |stop: &&&str| {
        !main.key.starts_with("policy.") || scenario.clone().apply([(main.key, **stop)]).is_ok()
    };
    main.stops.iter().filter(fits).copied().collect()
}

/// Returns the form control for a value.
fn input(shape: &Shape) -> &'static str {
    match shape.form {
        Form::Bool => "switch",
        Form::Choice(_) => "choice",
        // A number field cannot show `none`.
        Form::Integer { .. } if shape.words().next().is_none() => "number",
        Form::List(_) | Form::Phrase(_) => "long",
        _ => "text",
    }
}

/// Returns the index of the stop that is nearest to `value` on a logarithmic scale.
fn nearest(stops: &[&str], value: &str) -> usize {
    let value = size(value);
    let distance = |stop: &str| {
        let stop = size(stop);
        let (low, high) = (stop.min(value).max(1), stop.max(value).max(1));
        // Ratio of the larger to the smaller, in thousandths.
        (u128::from(high) * 1_000 / u128::from(low), stop.abs_diff(value))
    };
    (0..stops.len()).min_by_key(|i| distance(stops[*i])).unwrap_or(0)
}

/// Returns a value of any kind as a number for comparisons.
fn size(text: &str) -> u64 {
    if let Some(duration) = parse_duration(text) {
        return nanos(duration);
    }
    if let Ok(n) = text.parse::<u64>() {
        return n.saturating_mul(1_000_000_000);
    }
    // A factor is `whole.fraction`; the fraction reads like a probability.
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let parts = Probability::parse(&format!("0.{fraction}")).map_or(0.0, Probability::as_f64);
    let whole = whole.parse::<u64>().unwrap_or(0).saturating_mul(1_000_000_000);
    whole.saturating_add((parts * 1e9) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stop_is_a_value_that_its_key_takes() {
        for main in MAIN {
            for (place, stop) in main.stops.iter().enumerate() {
                let mut scenario = Scenario::default();
                // A first wait above the textbook's `give_up_above` needs a larger `give_up_above`.
                let none = ("policy.give_up_above", "none");
                scenario.apply([(main.key, *stop), none]).unwrap();
                let value = scenario.value(main.key).unwrap();
                assert_eq!(value, *stop, "written as the core writes it");
                assert_eq!(nearest(main.stops, &value), place, "{} {stop}", main.key);
            }
            assert!([SEED, PRESET].contains(&main.key) || main.stops.len() > 4);
        }
    }

    #[test]
    fn the_nearest_stop_is_near() {
        let stops = ["0", "0.5", "1"];
        for (value, place) in [("0", 0), ("0.45", 1), ("0.9", 2), ("0.000001", 0)] {
            assert_eq!(nearest(&stops, value), place, "{value}");
        }
        assert_eq!(nearest(&["1", "2", "5", "10"], "1000000"), 3);
        assert_eq!(nearest(&["10ms", "1s"], "90ms"), 0);
        assert_eq!(nearest(&[], "x"), 0);
    }

    #[test]
    fn a_slider_stops_where_the_policy_allows_it() {
        let first = MAIN.iter().find(|main| main.label == "First timeout").unwrap();
        let mut scenario = Scenario::default();
        assert_eq!(stops(first, &scenario).last(), Some(&"2s"), "give_up_above");
        scenario.apply([("policy.preset", "coap")]).unwrap();
        assert_eq!(stops(first, &scenario).last(), Some(&"10s"));
    }

    #[test]
    fn a_preset_describes_itself_and_whether_it_was_changed() {
        let mut scenario = Scenario::default();
        scenario.apply([("policy.preset", "coap")]).unwrap();
        let text = describe(&scenario);
        assert!(text.contains("Source: RFC 7252 4.2, 4.8."), "{text}");
        assert!(text.contains(r#""apart":false"#));
        scenario.apply([("policy.max_sends", "3")]).unwrap();
        let text = describe(&scenario);
        assert!(text.contains(r#""apart":true"#));
        assert_eq!(text.matches("\"changed\":true").count(), 2, "the preset and what was changed");
    }

    #[test]
    fn the_policy_is_hidden_from_clients_that_do_not_follow_it() {
        let policy = FIELDS.iter().filter(|field| field.group() == "policy").count();
        for (fragment, hidden) in [
            ("", 0),
            ("workload.task=write", 0),
            ("workload.task=heartbeat", policy),
            ("protocol=dns", policy),
            ("protocol=dns&dns.options=policy", 0),
        ] {
            let (scenario, _) = Scenario::from_fragment(fragment);
            let text = describe(&scenario);
            assert_eq!(text.matches(r#""hidden":true"#).count(), hidden, "{fragment}");
        }
    }

    #[test]
    fn every_key_is_described_once() {
        let mut scenario = Scenario::default();
        scenario.apply([("server.drop", "0.5")]).unwrap();
        let text = describe(&scenario);
        for field in FIELDS {
            let key = format!("\"key\":\"{}\"", field.key);
            assert_eq!(text.matches(&key).count(), 1, "{key}");
        }
        assert_eq!(text.matches("\"group\":\"\"").count(), MAIN.len());
        assert_eq!(text.matches("\"changed\":true").count(), 1);
        assert!(text.contains(r#""key":"server.drop_first","label":"Drop first""#), "{text}");
    }
}
