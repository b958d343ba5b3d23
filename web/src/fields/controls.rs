//! The controls that a visitor sees first. All other keys are folded.

/// A control that is always visible.
pub(super) struct Main {
    pub(super) key: &'static str,
    pub(super) label: &'static str,
    /// Stops of its slider, as values of the key; none for a control without a slider.
    pub(super) stops: &'static [&'static str],
    /// Its help, of one line.
    pub(super) help: &'static str,
    /// What to write, if the key takes more than most people need.
    pub(super) must_be: &'static str,
}

impl Main {
    /// Returns the control of `key`, if it is always visible.
    pub(super) fn find(key: &str) -> Option<&'static Self> {
        MAIN.iter().find(|main| main.key == key)
    }
}

/// The key that names the policy to start from.
pub(super) const PRESET: &str = "policy.preset";

/// The key whose modes are buttons.
pub(super) const JITTER: &str = "policy.jitter";

/// The key of the seed of all random draws.
pub(crate) const SEED: &str = "seed";

/// The policy, the four values that decide most, and the size of the run.
pub(super) static MAIN: &[Main] = &[
    Main {
        key: PRESET,
        label: "Policy",
        stops: &[],
        help: "the policy to start from",
        must_be: "",
    },
    Main {
        key: "link.loss",
        label: "Loss",
        stops: &[
            "0", "0.01", "0.02", "0.05", "0.1", "0.15", "0.2", "0.25", "0.3", "0.35", "0.4",
            "0.45", "0.5", "0.55", "0.6", "0.65", "0.7", "0.75", "0.8", "0.85", "0.9", "0.95", "1",
        ],
        help: "share of packets lost, each way",
        must_be: "a share from 0 to 1, for example `0.3` or `30%`",
    },
    Main {
        key: "policy.initial_timeout",
        label: "First timeout",
        stops: &[
            "5ms", "10ms", "15ms", "20ms", "30ms", "50ms", "70ms", "100ms", "150ms", "200ms",
            "300ms", "500ms", "700ms", "1s", "1.5s", "2s", "3s", "4s", "5s", "10s",
        ],
        help: "the wait after the first send",
        must_be: "a duration of at most 2400h, for example `100ms` or `1.5s`",
    },
    Main {
        key: "policy.multiplier",
        label: "Backoff factor",
        stops: &["1", "1.1", "1.25", "1.5", "1.75", "2", "2.5", "3", "4", "5", "8", "10"],
        help: "what each wait is multiplied by",
        must_be: "",
    },
    Main {
        key: JITTER,
        label: "Jitter",
        stops: &[],
        help: "random variation of the waits",
        must_be: "",
    },
    Main {
        key: "clients",
        label: "Clients",
        stops: &[
            "1", "2", "3", "4", "5", "8", "12", "20", "50", "100", "200", "500", "1000", "2000",
            "5000",
        ],
        help: "how many there are",
        must_be: "",
    },
    Main {
        key: SEED,
        label: "Seed",
        stops: &[],
        help: "the same seed repeats the run",
        must_be: "",
    },
];

/// One value of each jitter mode: those of the buttons.
pub(super) const MODES: &[&str] = &[
    "none",
    "full",
    "equal",
    "decorrelated",
    "proportional 0.2",
    "once 0.5",
    "compounding 0.1",
    "additive 20ms",
    "slots 10ms",
];
