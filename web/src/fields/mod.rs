//! The core's table of keys, described for a form. The page's JavaScript knows no key: it draws what
//! this table says and hands back what a person wrote.

mod change;
mod controls;
mod labels;

pub(crate) use change::change;
pub(crate) use controls::SEED;

use crate::json::Json;
use crate::numbers::{capital, span};
use crate::schedule::resolver_options;
use controls::{JITTER, MAIN, MODES, Main, PRESET};
use labels::{heading, in_words, label};
use retrylab_core::random::Probability;
use retrylab_core::scenario::{FIELDS, Field, Scenario};
use retrylab_core::time::{nanos, parse_duration};
use retrylab_core::value::{Form, Shape};

/// Maximum length of a help that fits in one line.
const LINE: usize = 40;

/// Returns the form's description with the values of `scenario`.
///
/// An array of objects: `key`, `label`, `help` (one line, of the controls that are always visible), `value`, `group` (empty
/// for these controls), `input` (`text`, `long`, `number`, `switch`, `choice` or `modes`),
/// `choices`, `refused` (for each of the modes why it cannot be chosen now, or empty), `stops` (those that the scenario
/// allows), `stop` (the nearest one's place), `changed` (from the default, or from the preset), `later` (its values later in
/// the run, in words, or empty), `default` (what a reset sets; empty if there is nothing to reset), `dice`, `idle` (why it has no effect now, or empty), `hidden` (no client has a
/// policy, so that its keys need not be shown); and for the preset alone `apart` (the policy no longer equals the preset).
///
/// Jitter has two objects: its modes, and the text with their parameters, which is folded.
pub(crate) fn describe(scenario: &Scenario) -> String {
    let changed: Vec<&str> = scenario.changes().map(|(key, _)| key).collect();
    let first = MAIN.iter().filter_map(|m| FIELDS.iter().find(|field| field.key == m.key));
    let folded =
        FIELDS.iter().filter(|field| field.key == JITTER || Main::find(field.key).is_none());
    Json::array(|json| {
        for field in first {
            let changed = changed.contains(&field.key);
            json.element(|json| one(json, field, Main::find(field.key), scenario, changed));
        }
        for field in folded {
            let changed = changed.contains(&field.key);
            json.element(|json| one(json, field, None, scenario, changed));
        }
    })
}

fn one(json: &mut Json, field: &Field, main: Option<&Main>, scenario: &Scenario, changed: bool) {
    let value = field.value(scenario);
    let group = if field.group().is_empty() { "run" } else { field.group() };
    let stops = main.map_or_else(Vec::new, |main| stops(main, scenario));
    let is_modes = main.is_some() && field.key == JITTER;
    let later = later(scenario, field);
    json.text("key", field.key);
    json.text("label", &label(field));
    json.text("help", &main.map_or_else(String::new, |main| line(field, main, scenario)));
    json.text("group", &if main.is_some() { String::new() } else { heading(group) });
    json.text("value", &value);
    json.text("input", if is_modes { "modes" } else { input(&field.shape) });
    json.texts("choices", if is_modes { MODES } else { choices(&field.shape) });
    let modes = MODES.iter().filter(|_| is_modes);
    json.texts("refused", modes.map(|mode| refused(scenario, field, mode)));
    json.number("stop", nearest(&stops, &value) as u64);
    json.texts("stops", stops);
    json.flag("changed", changed || !later.is_empty());
    json.text("later", &later);
    json.text("default", &default(scenario, field, changed));
    json.flag("dice", field.key == SEED);
    json.text("idle", field.unused(scenario).unwrap_or_default());
    json.flag("hidden", field.group() == "policy" && !has_policy(scenario));
    if field.key == PRESET {
        json.flag("apart", is_apart(scenario));
    }
}

/// Returns the values that a key gets during the run, in words.
fn later(scenario: &Scenario, field: &Field) -> String {
    let mut out = String::new();
    for change in scenario.changes.as_slice() {
        if change.key == field.key {
            out += if out.is_empty() { "" } else { ", " };
            out = out + &change.value + " from " + &span(nanos(change.at)) + " on";
        }
    }
    out
}

/// Returns what changes during the run: the times in nanoseconds, and in words what is set then.
pub(crate) fn changes(scenario: &Scenario) -> Vec<(u64, String)> {
    let mut all: Vec<(u64, String)> = Vec::new();
    for change in scenario.changes.as_slice() {
        let (at, words) = (nanos(change.at), label_of(&change.key) + " " + &change.value);
        match all.last_mut() {
            Some((last, out)) if *last == at => *out = std::mem::take(out) + ", " + &words,
            _ => all.push((at, words)),
        }
    }
    all
}

/// Returns the name of a key's control.
pub(crate) fn label_of(key: &str) -> String {
    FIELDS.iter().find(|field| field.key == key).map_or_else(String::new, label)
}

/// Returns true if a key's control is not always visible.
pub(crate) fn is_folded(key: &str) -> bool {
    MAIN.iter().all(|main| main.key != key)
}

/// Returns what a control that is always visible means, in one line.
fn line(field: &Field, main: &Main, scenario: &Scenario) -> String {
    if field.key == PRESET && is_apart(scenario) {
        return String::from("Changed from ") + scenario.preset.name();
    }
    capital(main.help)
}

/// Returns what a key of `scenario` means: `line`, the beginning, and `details`, sentences that say more. A first visit does
/// without.
pub(crate) fn help(scenario: &Scenario, key: &str) -> String {
    let Ok(field) = Field::find(key) else { return String::new() };
    let line = field.help().split(';').next().unwrap_or_default();
    let mut details = Vec::new();
    if key == PRESET {
        let preset = scenario.preset;
        details.push(format!("Use it when {}.", preset.use_when()));
        details.push(format!("Source: {}.", preset.source()));
    } else if line.len() > LINE || line != field.help() || Main::find(key).is_some() {
        details.push(in_words(field.help()) + ".");
    }
    if input(&field.shape) == "long" {
        details.push(format!("Allowed: {}.", field.shape));
    }
    Json::object(|json| {
        json.text("line", &in_words(line));
        json.texts("details", details);
    })
}

/// Returns the value that a reset sets; empty if there is nothing to reset.
fn default(scenario: &Scenario, field: &Field, changed: bool) -> String {
    let can_reset = if field.key == PRESET { is_apart(scenario) } else { changed };
    let reset = if can_reset { change::reset(scenario, field.key).ok() } else { None };
    reset.map_or_else(String::new, |reset| field.value(&reset))
}

/// Returns true if the policy differs from its preset.
fn is_apart(scenario: &Scenario) -> bool {
    scenario.policy != scenario.preset.policy()
}

/// Returns why a jitter mode cannot be chosen now; empty if it can.
fn refused(scenario: &Scenario, field: &Field, mode: &str) -> String {
    change(scenario, field.key, Some(mode)).err().unwrap_or_default()
}

fn choices(shape: &Shape) -> &'static [&'static str] {
    if let Form::Choice(words) = shape.form { words } else { &[] }
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
            assert!([SEED, PRESET, JITTER].contains(&main.key) || main.stops.len() > 4);
        }
    }

    #[test]
    fn each_jitter_mode_has_a_button() {
        let field = Field::find(JITTER).unwrap();
        let mode = |text: &&str| text.split(' ').next().unwrap().to_string();
        let mut all: Vec<String> =
            field.shape.grammar().unwrap().examples.iter().map(|(text, _)| mode(text)).collect();
        all.dedup();
        assert_eq!(MODES.iter().map(mode).collect::<Vec<_>>(), all);
        let mut scenario = Scenario::default();
        assert!(MODES.iter().all(|mode| refused(&scenario, field, mode).is_empty()));
        scenario.apply([("policy.backoff", "constant")]).unwrap();
        let refused = |mode: &&&str| !refused(&scenario, field, mode).is_empty();
        let refused: Vec<_> = MODES.iter().filter(refused).collect();
        assert_eq!(refused, [&"decorrelated", &"compounding 0.1"]);
    }

    #[test]
    fn a_help_of_the_first_controls_fits_in_one_line() {
        for main in MAIN {
            assert!(main.help.len() <= LINE, "{}", main.help);
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
        let help = help(&scenario, PRESET);
        assert!(help.contains("Source: RFC 7252 4.2, 4.8."), "{help}");
        let text = describe(&scenario);
        assert!(text.contains(r#""apart":false"#));
        scenario.apply([("policy.max_sends", "3")]).unwrap();
        let text = describe(&scenario);
        assert!(text.contains(r#""apart":true"#));
        assert_eq!(text.matches("\"changed\":true").count(), 2, "the preset and what was changed");
    }

    #[test]
    fn the_policy_is_hidden_from_clients_that_do_not_follow_it() {
        // Jitter is described twice.
        let policy = FIELDS.iter().filter(|field| field.group() == "policy").count() + 1;
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
    fn every_key_is_described_once_and_jitter_twice() {
        let mut scenario = Scenario::default();
        scenario.apply([("server.drop", "0.5")]).unwrap();
        let text = describe(&scenario);
        for field in FIELDS {
            let key = format!("\"key\":\"{}\"", field.key);
            let times = if field.key == JITTER { 2 } else { 1 };
            assert_eq!(text.matches(&key).count(), times, "{key}");
        }
        assert_eq!(text.matches("\"group\":\"\"").count(), MAIN.len());
        assert_eq!(text.matches("\"changed\":true").count(), 1);
        assert!(text.contains(r#""key":"server.drop_first","label":"Drop first""#), "{text}");
    }
}
