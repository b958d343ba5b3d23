//! The keys `link.*`: from text into a link, and back.

use super::fields::Kind;
use super::{integer, none_or, or_none};
use crate::link::{Link, Rate};
use crate::random::Probability;
use alloc::string::{String, ToString};
use core::str::FromStr;

/// Sets `link.NAME`; `None` if there is no such key, or the value is not of its kind.
pub(super) fn set(link: &mut Link, name: &str, kind: Kind, value: &str) -> Option<()> {
    let count = |value: &str| u32::try_from(integer(kind, value)?).ok();
    match name {
        "latency" => link.latency = value.parse().ok()?,
        "correlation" => link.correlation = Probability::parse(value)?,
        "loss" => link.loss = value.parse().ok()?,
        "duplicate" => link.duplicate = Probability::parse(value)?,
        "reorder" => link.reorder = Probability::parse(value)?,
        "reorder_gap" => link.reorder_gap = count(value)?,
        "corrupt" => link.corrupt = Probability::parse(value)?,
        "checksum" => link.checksum = value.parse().ok()?,
        "rate" => link.rate = rate(value)?,
        "queue" => link.queue = count(value)?,
        "queue_rule" => link.queue_rule = value.parse().ok()?,
        "overhead" => link.overhead = count(value)?,
        "mtu" => link.mtu = or_none(value, count)?,
        "shared" => link.shared = value.parse().ok()?,
        "reply_latency" => link.reply_latency = same_or(value, read)?,
        "reply_loss" => link.reply_loss = same_or(value, read)?,
        "reply_rate" => link.reply_rate = same_or(value, rate)?,
        _ => return None,
    }
    Some(())
}

/// The value of `link.NAME` as text that [`set`] takes; `None` if there is no such key.
pub(super) fn value(link: &Link, name: &str) -> Option<String> {
    Some(match name {
        "latency" => link.latency.to_string(),
        "correlation" => link.correlation.to_string(),
        "loss" => link.loss.to_string(),
        "duplicate" => link.duplicate.to_string(),
        "reorder" => link.reorder.to_string(),
        "reorder_gap" => link.reorder_gap.to_string(),
        "corrupt" => link.corrupt.to_string(),
        "checksum" => link.checksum.to_string(),
        "rate" => none_or(link.rate),
        "queue" => link.queue.to_string(),
        "queue_rule" => link.queue_rule.to_string(),
        "overhead" => link.overhead.to_string(),
        "mtu" => none_or(link.mtu),
        "shared" => link.shared.to_string(),
        "reply_latency" => same(link.reply_latency.as_ref()),
        "reply_loss" => same(link.reply_loss.as_ref()),
        "reply_rate" => same(link.reply_rate.map(none_or)),
        _ => return None,
    })
}

fn read<T: FromStr>(value: &str) -> Option<T> {
    value.parse().ok()
}

fn rate(value: &str) -> Option<Option<Rate>> {
    or_none(value, read)
}

/// Reads `same`, or a value with `parse`.
fn same_or<T>(value: &str, parse: impl FnOnce(&str) -> Option<T>) -> Option<Option<T>> {
    if value.trim() == "same" { Some(None) } else { parse(value).map(Some) }
}

fn same(value: Option<impl ToString>) -> String {
    value.map_or_else(|| "same".to_string(), |value| value.to_string())
}

#[cfg(test)]
mod tests {
    use crate::link::{Link, Preset};
    use crate::scenario::{FIELDS, FieldError, Scenario};
    use crate::sim::run;
    use alloc::format;
    use alloc::string::{String, ToString};
    use alloc::vec::Vec;

    /// Every key with a value that is not its default.
    const ALL: [(&str, &str); 18] = [
        ("link.preset", "mobile-4g"),
        ("link.latency", "lognormal 10ms 2ms"),
        ("link.correlation", "0.25"),
        ("link.loss", "burst 0.04 4"),
        ("link.duplicate", "0.01"),
        ("link.reorder", "0.02"),
        ("link.reorder_gap", "5"),
        ("link.corrupt", "0.03"),
        ("link.checksum", "false"),
        ("link.rate", "1.5mbit"),
        ("link.queue", "20"),
        ("link.queue_rule", "red 5 15 0.1"),
        ("link.overhead", "48"),
        ("link.mtu", "1500"),
        ("link.shared", "true"),
        ("link.reply_latency", "table 9ms 10ms"),
        ("link.reply_loss", "0.5"),
        ("link.reply_rate", "none"),
    ];

    fn scenario(pairs: &[(&str, &str)]) -> Scenario {
        let mut scenario = Scenario::default();
        scenario.apply(pairs.iter().copied()).unwrap();
        scenario
    }

    #[test]
    fn every_key_of_the_link_survives_its_text() {
        let known = FIELDS.iter().map(|field| field.key).filter(|key| key.starts_with("link."));
        assert_eq!(known.collect::<Vec<_>>(), ALL.map(|(key, _)| key));
        let all = scenario(&ALL);
        for (key, value) in ALL {
            assert_eq!(all.value(key).unwrap(), value);
            assert_ne!(Scenario::default().value(key).unwrap(), value, "{key}");
        }
        let (back, errors) = Scenario::from_fragment(&all.to_fragment());
        assert_eq!((back, errors), (all, Vec::new()));
    }

    #[cfg(feature = "serde")]
    #[test]
    fn every_key_of_the_link_survives_serde() {
        let all = scenario(&ALL);
        let json = serde_json::to_value(&all).unwrap();
        assert_eq!(json["link"]["loss"], "burst 0.04 4");
        assert_eq!(json["link"]["reply_loss"], 0.5, "a plain number stays one");
        assert_eq!(json["link"]["mtu"], 1_500);
        assert_eq!(serde_json::from_value::<Scenario>(json).unwrap(), all);
    }

    #[test]
    fn presets_come_first_and_survive_their_link() {
        for (preset, name) in Preset::ALL.iter().zip(Preset::NAMES) {
            let named = scenario(&[("link.preset", *name)]);
            assert_eq!(named.link, preset.link());
            let fragment = named.to_fragment();
            let expected =
                if *name == "default" { String::new() } else { format!("link.preset={name}") };
            assert_eq!(fragment, expected);
            let spelled: Vec<_> = named.pairs().filter(|(key, _)| *key != "link.preset").collect();
            let mut other = Scenario::default();
            other.apply(spelled).unwrap();
            assert_eq!(other.link, named.link, "{name}");
        }
        let changed = scenario(&[("link.latency", "1ms"), ("link.preset", "very-bad")]);
        assert_eq!(changed.value("link.latency").unwrap(), "1ms", "whatever the order");
        assert_eq!(changed.value("link.loss").unwrap(), "0.1");
        assert_eq!(changed.to_fragment(), "link.preset=very-bad&link.latency=1ms");
        // A preset resets what was there before.
        let mut again = scenario(&ALL);
        again.apply([("link.preset", "default")]).unwrap();
        assert_eq!(again.link, Link::default());
    }

    /// With every feature on, both ways of sharing, and every preset: each exchange ends, twice alike.
    #[test]
    fn every_exchange_over_any_link_ends() {
        let presets = Preset::NAMES.iter().map(|name| [("link.preset", *name)].to_vec());
        let all = [ALL.to_vec(), [&ALL[..], &[("link.shared", "false")]].concat()];
        for link in presets.chain(all) {
            let basics = [("clients", "20"), ("exchanges", "20"), ("server.reply", "mirror")];
            let scenario = scenario(&[link.as_slice(), &basics].concat());
            let (once, again) = (run(&scenario, ()), run(&scenario, ()));
            assert_eq!(once.summary.finished(), 400, "{link:?}");
            assert_eq!(once.digest, again.digest, "{link:?}");
        }
    }

    #[test]
    fn a_refusal_names_the_key_the_value_and_what_is_allowed() {
        for (key, value, allowed) in [
            ("link.preset", "wifi", "`wifi-lossy`"),
            ("link.latency", "pareto 1ms", "`pareto 5ms 3`"),
            ("link.loss", "burst 0.9 1", "`burst 0.04 4`"),
            ("link.reply_loss", "x", "`same`"),
            ("link.rate", "10", "`10mbit`"),
            ("link.rate", "same", "`none`"),
            ("link.reply_rate", "x", "`none`, or `same`"),
            ("link.queue", "0", "from 1 to 1000000"),
            ("link.queue_rule", "codel", "`tail`"),
            ("link.reorder_gap", "0", "from 1"),
            ("link.overhead", "65536", "from 0 to 65535"),
            ("link.mtu", "0", "`none`"),
            ("link.checksum", "yes", "`true` or `false`"),
            ("link.correlation", "1.1", "probability"),
        ] {
            let error = Scenario::default().apply([(key, value)]).unwrap_err();
            assert_eq!(error, FieldError::BadValue { key, value: value.to_string() });
            let sentence = error.to_string();
            let begin = format!("{key} cannot be `{value}`; it takes ");
            assert!(sentence.starts_with(&begin) && sentence.contains(allowed), "{sentence}");
        }
    }
}
