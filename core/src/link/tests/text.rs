use crate::dist::{Distribution, Samples};
use crate::link::{Loss, Preset, QueueRule, Rate};
use crate::random::Direction;
use crate::value::{Same, ValueError};
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use proptest::prelude::*;

#[test]
fn latencies_are_read_and_shown() {
    for name in [
        "10ms",
        "uniform 5ms 15ms",
        "normal 10ms 2ms",
        "lognormal 10ms 2.5ms",
        "pareto 5ms 1.5",
        "quantiles p50=8ms p99.9=60ms",
        "exponential 10ms",
        "table 7ms",
        "table 9ms 10ms 10ms 1.2s",
        "0s",
    ] {
        assert_eq!(name.parse::<Distribution>().unwrap().to_string(), name);
    }
    let table: Distribution = " table 30ms  10ms".parse().unwrap();
    assert_eq!(table.to_string(), "table 10ms 30ms", "in order");
    for bad in [
        "",
        "10",
        "uniform 5ms",
        "uniform 2ms 1ms",
        "normal 1ms",
        "2h",
        "10ms 1ms 2ms 3ms",
        "pareto 1ms 2ms",
        "pareto 1ms 0.9",
        "lognormal 0s 1ms",
        "exponential",
        "exponential 1ms 1ms",
        "table",
        "table 1ms x",
        "table 2h",
        "10ms 5ms",
    ] {
        assert_eq!(bad.parse::<Distribution>(), Err(ValueError::of::<Distribution>()), "{bad}");
    }
    let most = |n| format!("table{}", " 1ms".repeat(n));
    assert!(most(Samples::MAX_LEN).parse::<Distribution>().is_ok());
    assert_eq!(
        most(Samples::MAX_LEN + 1).parse::<Distribution>(),
        Err(ValueError::of::<Distribution>())
    );
    assert_eq!(Samples::new(vec![]), None);
}

#[test]
fn losses_are_read_and_shown() {
    for name in [
        "0",
        "0.1",
        "1",
        "gilbert-elliott 0.01 0.25",
        "gilbert-elliott 0.01 0.25 0.9",
        "gilbert-elliott 0.01 0.25 1 0.001",
        "burst 0.04 4",
        "burst 0.5 1",
        "timed 200ms 5s",
        "timed 200ms 5s 0.5 0.01",
        "4-state 0.01 0.3 0.1 0.5 0.001",
        "first 2",
        "first 0",
        "list 1,3-5",
    ] {
        assert_eq!(name.parse::<Loss>().unwrap().to_string(), name);
    }
    for (text, shown) in [
        ("gilbert-elliott 0.01 0.25 1 0", "gilbert-elliott 0.01 0.25"),
        (" timed  1s 1m 1 ", "timed 1s 60s"),
        ("list 3, 1, 2", "list 1-3"),
        ("10%", "0.1"),
        ("1e-05", "0.00001"),
        ("First +1", "first 1"),
        ("BURST 4 % 4", "burst 0.04 4"),
        ("timed 200 ms 5 s", "timed 200ms 5s"),
    ] {
        assert_eq!(text.parse::<Loss>().unwrap().to_string(), shown);
    }
    for bad in [
        "",
        "2",
        "gilbert-elliott 0.01",
        "gilbert-elliott 0.01 0.25 1 0 0",
        "gilbert-elliott 0.01 1.25",
        "burst 0.6 1",
        "burst 0.1",
        "burst 0.1 0.5",
        "burst 1 1000",
        "timed 0s 1s",
        "timed 1s 0",
        "timed 1s",
        "4-state 0.1 0.1 0.1 0.1",
        "4-state 0.6 0.1 0.1 0.1 0.5",
        "4-state 0.1 0.6 0.5 0.1 0.1",
        "first",
        "first -1",
        "list",
        "list ",
        "list 0",
        "list 5-3",
        "sometimes 0.1",
    ] {
        assert_eq!(bad.parse::<Loss>(), Err(ValueError::of::<Loss>()), "{bad}");
    }
}

#[test]
fn rates_and_rules_are_read_and_shown() {
    for (text, bits, shown) in [
        ("10mbit", 10_000_000, "10mbit"),
        ("750kbit", 750_000, "750kbit"),
        ("1.6mbit", 1_600_000, "1.6mbit"),
        ("1600 kbit", 1_600_000, "1.6mbit"),
        ("1bit", 1, "1bit"),
        ("999bit", 999, "999bit"),
        ("1234567bit", 1_234_567, "1.234567mbit"),
        ("1000gbit", Rate::MAX, "1000gbit"),
        (" 10 Mbit/s ", 10_000_000, "10mbit"),
        ("1e3kbit", 1_000_000, "1mbit"),
    ] {
        let rate: Rate = text.parse().unwrap();
        assert_eq!((rate.bits(), rate.to_string().as_str()), (bits, shown));
        assert_eq!(shown.parse(), Ok(rate));
    }
    for bad in
        ["", "0bit", "10", "10mb", "mbit", "-1mbit", "0.5bit", "1001gbit", "10mbps", "1e13bit"]
    {
        assert_eq!(bad.parse::<Rate>(), Err(ValueError::of::<Rate>()), "{bad}");
    }
    for rule in ["tail", "red 5 15 0.1", "red 0 1 1"] {
        assert_eq!(rule.parse::<QueueRule>().unwrap().to_string(), rule);
    }
    for bad in ["", "red", "red 5 5 0.1", "red 15 5 0.1", "red 5 15 2", "red -5 15 0.1", "codel"] {
        assert_eq!(bad.parse::<QueueRule>(), Err(ValueError::of::<QueueRule>()), "{bad}");
    }
}

#[test]
fn presets_are_read_by_their_names_and_say_their_source() {
    for (preset, name) in Preset::ALL.iter().zip(Preset::NAMES) {
        assert_eq!(name.parse(), Ok(*preset));
        assert_eq!(preset.to_string(), *name);
        assert!(preset.source().len() > 20, "{name}");
    }
    assert_eq!("default".parse::<Preset>().unwrap().link(), crate::link::Link::default());
    assert_eq!("nowhere".parse::<Preset>(), Err(ValueError::of::<Preset>()));
    let mobile = Preset::Mobile4g.link();
    assert_eq!(mobile.rate.unwrap().to_string(), "750kbit");
    assert_eq!(mobile.rate_of(Direction::Reply).unwrap().to_string(), "1.6mbit");
    assert_eq!(Preset::VeryBad.link().reply_rate, Same::Same, "the same both ways");
    assert_eq!(Preset::Bursty.link().loss.to_string(), "burst 0.04 4");
}

proptest! {
    /// Names of distributions and loss models, followed by arbitrary text.
    #[test]
    fn arbitrary_text_never_panics(
        name in "(table|pareto|timed|burst|first|list|red|4-state|gilbert-elliott|lognormal|quantiles)",
        rest: String,
        bits in 1..=Rate::MAX,
    ) {
        let text = format!("{name} {rest}");
        let _ = (text.parse::<Distribution>(), text.parse::<Loss>(), text.parse::<QueueRule>());
        let rate = Rate::from_bits(bits).unwrap();
        prop_assert_eq!(rate.to_string().parse(), Ok(rate));
    }
}
