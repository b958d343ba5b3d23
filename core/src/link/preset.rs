//! Links by name, with the source of their numbers.
//!
//! If a source gives only the round-trip time, the latency is half of it. Clients are on the slow side, so
//! replies travel downstream.

use super::{Latency, Link, Loss, Rate};
use crate::dist::Distribution;
use crate::random::Probability;
use crate::time::Duration;
use crate::value::{Factor, Same, words};

/// Declares [`Preset`] and the properties of each preset from one table.
macro_rules! presets {
    ($($(#[$doc:meta])* $name:ident $text:literal, source: $source:literal, $link:expr;)*) => {
        words! {
            /// Link with a name.
            #[non_exhaustive]
            Preset {
                $($(#[$doc])* $name = $text,)*
            }
        }

        impl Preset {
            /// Where its numbers are from.
            #[must_use]
            pub const fn source(self) -> &'static str {
                match self { $(Self::$name => $source),* }
            }

            /// Returns the preset's link.
            #[must_use]
            pub fn link(self) -> Link {
                match self {
                    $(Self::$name => {
                        // The page loads those of other presets when it needs them, so each is a function.
                        #[inline(never)]
                        fn link() -> Link {
                            $link
                        }
                        link()
                    })*
                }
            }
        }
    };
}

/// Returns a link with a latency of `micros` microseconds.
fn takes(micros: u64) -> Link {
    let latency = Latency::OneWay(Distribution::Constant(Duration::from_micros(micros)));
    Link { latency, ..Link::default() }
}

/// Returns a link with a latency of `micros` microseconds, and `up` and `down` kbit/s.
fn line(micros: u64, up: u64, down: u64) -> Link {
    let rate = |kilobits: u64| Rate::from_bits(kilobits * 1_000);
    let reply_rate = if up == down { Same::Same } else { Same::Own(rate(down)) };
    Link { rate: rate(up), reply_rate, ..takes(micros) }
}

presets! {
    /// 10 ms each way and nothing else.
    #[default]
    Default "default",
    source: "an arbitrary choice: round numbers, no loss",
    Link::default();

    /// Within a data centre: a round trip of 0.5 ms.
    Datacentre "datacentre",
    source: "Dean, Numbers everyone should know: round trip within the same datacenter 0.5 ms",
    takes(250);

    /// California to the Netherlands: a round trip of 150 ms.
    Transatlantic "transatlantic",
    source: "Dean, Numbers everyone should know: packet CA to Netherlands to CA 150 ms",
    takes(75_000);

    /// Geostationary satellite, from the edge of its coverage: 279 ms one way, 558 ms round trip.
    Satellite "satellite",
    source: "RFC 2488 section 2: 239.6 ms below the satellite, 279.0 ms at the edge, one way",
    takes(279_000);

    /// DSL: 5 ms, 256 kbit/s up and 2 Mbit/s down.
    Dsl "dsl",
    source: "Apple's Network Link Conditioner, DSL: 5 ms, 256 kbit/s up, 2 Mbit/s down",
    line(5_000, 256, 2_000);

    /// Slow 4G: a round trip of 150 ms, 750 kbit/s up and 1.6 Mbit/s down.
    Mobile4g "mobile-4g",
    source: "Lighthouse, mobile throttling (slow 4G): 150 ms round trip, 750 kbit/s up, 1.6 Mbit/s down",
    line(75_000, 750, 1_600);

    /// 3G: 100 ms, 330 kbit/s up and 780 kbit/s down.
    Mobile3g "mobile-3g",
    source: "Apple's Network Link Conditioner, 3G: 100 ms, 330 kbit/s up, 780 kbit/s down",
    line(100_000, 330, 780);

    /// Half a second, a tenth lost, 1 Mbit/s.
    VeryBad "very-bad",
    source: "Apple's Network Link Conditioner, Very Bad Network: 500 ms, 10 % loss, 1 Mbit/s",
    Link {
        loss: Loss::Independent(parts(100_000_000)),
        ..line(500_000, 1_000, 1_000)
    };

    /// Wi-Fi with interference: 3 ms with a long tail, a tenth lost in bursts of 200 ms.
    WifiLossy "wifi-lossy",
    source: "an example for teaching, not measured: bursts of loss that outlast a short wait",
    Link {
        latency: Latency::OneWay(Distribution::LogNormal(Duration::from_millis(3), Duration::from_millis(3))),
        loss: Loss::Timed {
            bad: Duration::from_millis(200),
            good: Duration::from_millis(1_800),
            lost_bad: Probability::ALWAYS,
            lost_good: Probability::NEVER,
        },
        ..Link::default()
    };

    /// One in 25 lost, four in a row on average; the state changes with each datagram.
    Bursty "bursty",
    source: "an example for teaching: a Gilbert-Elliott channel, in the terms of netem",
    Link {
        loss: Loss::Burst { share: parts(40_000_000), mean: Factor::from_millionths(4_000_000).unwrap_or(Factor::ONE) },
        ..Link::default()
    };
}

fn parts(per_billion: u32) -> Probability {
    Probability::from_parts_per_billion(per_billion).unwrap_or(Probability::ALWAYS)
}
