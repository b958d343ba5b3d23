//! The scenarios that ship, as the TOML files of `core/scenarios/`: each opens with its question.

/// A scenario by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shipped {
    /// Its name.
    pub name: &'static str,
    /// Its file: TOML, with a comment that describes the subject and variants worth trying.
    pub toml: &'static str,
}

impl Shipped {
    /// Returns the question that it answers: the first comment of its file.
    #[must_use]
    pub fn question(&self) -> &'static str {
        self.toml.lines().next().unwrap_or_default().trim_start_matches('#').trim()
    }

    /// Returns the scenario of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<&'static Self> {
        SHIPPED.iter().find(|shipped| shipped.name == name)
    }
}

macro_rules! shipped {
    ($($name:literal,)*) => {
        /// Every scenario that ships.
        pub static SHIPPED: &[Shipped] = &[
            $(Shipped {
                name: $name,
                toml: include_str!(concat!("../../scenarios/", $name, ".toml")),
            },)*
        ];
    };
}

shipped! {
    "textbook",
    "udp-pinger",
    "tcp-connect",
    "tcp-lost-syn",
    "tcp-reset",
    "tcp-silence",
    "http-exchange",
    "thundering-herd",
    "retry-storm",
    "metastable",
    "budget-saves-the-day",
    "backoff-without-jitter",
    "bursty-loss",
    "slow-server",
    "partition",
    "hedging",
    "aws-contention",
    "brooker-retries",
    "brooker-collapse",
    "udp-heartbeat",
    "dns-dead-server",
    "dns-lost-question",
}
