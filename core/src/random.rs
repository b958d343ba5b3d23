//! Random draws by name, without a shared generator.
//!
//! A draw depends only on its [`Name`] *(seed, flow, direction, index)* and its [`Purpose`]. What
//! happens to the third request of client 5 therefore does not depend on other traffic. Two policies can
//! be compared under the same losses, and a server on a real socket drops exactly the datagrams that its
//! simulation drops.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! OOPSLA 2014): eight bytes of state, the same numbers on every platform, and its mixing function is
//! the hash that turns a name into a stream.

use crate::text::{Scaled, parse_share};
use core::fmt;
use core::num::NonZeroU32;

/// Purpose of a draw. Streams with different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Purpose {
    /// Loss of a datagram on the link.
    LinkLoss = 1,
    /// Latency of a datagram on the link.
    LinkLatency = 2,
    /// Drop of a request at the server.
    ServerDrop = 3,
    /// Waits of a client between sends, and the decisions of its retry budget.
    Jitter = 4,
    /// Think time of a client between two exchanges.
    Think = 5,
    /// Arrival of the next exchange of an open loop.
    Arrival = 6,
    /// Failure as the server's reply.
    ServerFail = 7,
    /// Service time of a request at the server.
    Service = 8,
    /// Loss of a datagram during a fault of the link.
    FaultLoss = 9,
    /// Change of state of the link's loss model.
    LinkState = 16,
    /// Duplication of a datagram by the link.
    LinkDuplicate = 17,
    /// Datagram that overtakes earlier ones.
    LinkReorder = 18,
    /// Corruption of a datagram, and the position of the flipped bit.
    LinkCorrupt = 19,
    /// Early drop by a queue that is not full.
    LinkQueue = 20,
    /// What a host's TCP/IP stack draws: identifiers of packets, ports, sequence numbers.
    Stack = 21,
    /// Ids of a resolver's queries.
    QueryId = 32,
    /// The server that a resolver asks first.
    FirstServer = 33,
    /// Instances of exercises.
    Exercise = 48,
}

/// Which way a datagram travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize, serde::Deserialize),
    serde(rename_all = "snake_case")
)]
pub enum Direction {
    /// From a client to the server.
    Request,
    /// From the server to a client.
    Reply,
}

/// Increment of SplitMix64: 2^64 divided by the golden ratio.
pub(crate) const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// Applies the mixing function of SplitMix64 (variant 13 of Stafford's search).
#[inline]
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// Returns `random * below / 2^64`. It multiplies halves, because a target without a wide
/// multiplication, such as wasm, would call a function.
const fn scaled(random: u64, below: u32) -> u64 {
    let (high, low) = (random >> 32, random & u32::MAX as u64);
    (high * below as u64 + ((low * below as u64) >> 32)) >> 32
}

/// Name of everything that is drawn for one datagram, or for one exchange of a client. With a
/// [`Purpose`] it gives a [`Stream`] of draws.
///
/// ```
/// use retrylab_core::random::{Direction, Name, Probability, Purpose};
///
/// let third = Name { seed: 42, flow: 1, direction: Direction::Request, index: 2 };
/// let half = Probability::parse("0.5").unwrap();
/// let lost = third.stream(Purpose::LinkLoss).chance(half);
/// assert_eq!(lost, third.stream(Purpose::LinkLoss).chance(half), "the same name, the same draws");
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Name {
    /// Seed of the run.
    pub seed: u64,
    /// Number of the client, from 1. Where addresses do not give it, clients are numbered in the order
    /// in which they appear.
    pub flow: u32,
    /// Direction of the datagram.
    pub direction: Direction,
    /// Number of the datagram within its flow and direction, from 0.
    pub index: u64,
}

impl Name {
    /// Returns the name of what client `flow` draws for itself in its exchange number `exchange`, from
    /// 1: jitter, think time, arrival.
    #[must_use]
    pub const fn exchange(seed: u64, flow: u32, exchange: u32) -> Self {
        Self { seed, flow, direction: Direction::Request, index: exchange as u64 }
    }

    /// Returns the name of the duplicate of this datagram. No other datagram has the same name, because
    /// no flow sends 2^63 datagrams.
    #[must_use]
    pub const fn duplicate(self) -> Self {
        Self { index: self.index ^ 1 << 63, ..self }
    }

    /// Returns the name of a fragment of this datagram, numbered from 0. The first one has the datagram's name. No
    /// other datagram has the same name, because no flow sends 2^32 datagrams.
    #[must_use]
    pub const fn fragment(self, number: u16) -> Self {
        Self { index: self.index ^ (number as u64) << 32, ..self }
    }

    /// Returns the name of the ICMP error that answers this datagram. No datagram has the same name.
    #[must_use]
    pub const fn answer(self) -> Self {
        Self { index: self.index ^ 1 << 62, ..self }
    }

    /// Returns the number in the trace, from 1, of this datagram, or of the one that it is a fragment or the duplicate of;
    /// `None` for an ICMP error about one.
    pub(crate) const fn packet_number(self) -> Option<NonZeroU32> {
        if self.index & 1 << 62 != 0 {
            return None;
        }
        NonZeroU32::new((self.index as u32).wrapping_add(1))
    }

    /// Returns the stream of draws for `purpose`.
    #[must_use]
    #[inline]
    pub const fn stream(self, purpose: Purpose) -> Stream {
        let Self { seed, flow, direction, index } = self;
        Seed::new(seed).stream(flow, direction, index, purpose)
    }
}

/// The seed of a run, mixed once for the many names that it is part of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seed {
    key: u64,
}

impl Seed {
    #[inline]
    pub(crate) const fn new(seed: u64) -> Self {
        Self { key: mix(seed.wrapping_add(GOLDEN)) }
    }

    /// Returns the stream of draws of the [`Name`] with this seed and these parts.
    #[inline]
    pub(crate) const fn stream(
        self,
        flow: u32,
        direction: Direction,
        index: u64,
        purpose: Purpose,
    ) -> Stream {
        let name = (flow as u64) << 16 | (purpose as u64) << 8 | direction as u64;
        let key = mix((self.key ^ name).wrapping_add(GOLDEN));
        Stream { state: mix((key ^ index).wrapping_add(GOLDEN)) }
    }
}

/// Stream of draws; see [`Name::stream`].
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// The stream of a schedule that draws nothing. All other streams have a [`Name`]:
    /// an unnamed stream gives every client the same numbers.
    pub(crate) const NONE: Self = Self { state: 0 };

    /// Creates a stream from its raw state: SplitMix64 seeded with `state`.
    #[cfg(test)]
    const fn from_state(state: u64) -> Self {
        Self { state }
    }

    /// Returns the next 64 random bits.
    #[inline]
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// Returns a uniform integer in `0..=max`.
    ///
    /// It uses multiply-shift (Lemire 2019) without the rejection step: the bias is below `max / 2^64`,
    /// far too small for any run to detect, and every draw costs the same.
    pub const fn up_to(&mut self, max: u64) -> u64 {
        let random = self.next_u64();
        if max < u32::MAX as u64 {
            return scaled(random, max as u32 + 1);
        }
        ((random as u128 * (max as u128 + 1)) >> 64) as u64
    }

    /// Returns a uniform number in `[0, 1)`, a multiple of 2^-53.
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// Returns a draw from the standard normal distribution (Box and Muller 1958, cosine branch).
    pub(crate) fn standard_normal(&mut self) -> f64 {
        // 1 - u is in (0, 1], so the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(2.0 * core::f64::consts::PI * self.unit())
    }

    /// Returns true with this probability.
    #[inline]
    pub const fn chance(&mut self, probability: Probability) -> bool {
        self.trial(probability).happens()
    }

    /// Draws whether something with this probability happens.
    pub const fn trial(&mut self, probability: Probability) -> Trial {
        // A draw from 0..10^9 is never below 0 and always below 10^9: probabilities 0 and 1 are exact.
        Trial { drawn: scaled(self.next_u64(), BILLION) as u32, probability }
    }
}

/// A random decision with its numbers.
///
/// ```
/// use retrylab_core::random::{Direction, Name, Probability, Purpose};
///
/// let third = Name { seed: 42, flow: 1, direction: Direction::Request, index: 2 };
/// let trial = third.stream(Purpose::LinkLoss).trial(Probability::parse("0.5").unwrap());
/// assert_eq!(trial.happens(), trial.drawn < 500_000_000);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Uniform draw in parts per billion, from 0 to 999,999,999.
    pub drawn: u32,
    /// Probability that it is compared with.
    pub probability: Probability,
}

impl Trial {
    /// Returns true if the draw is below the probability.
    #[must_use]
    pub const fn happens(self) -> bool {
        self.drawn < self.probability.0
    }
}

const BILLION: u32 = 1_000_000_000;

/// Probability in parts per billion, so that every decision uses integers only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Probability(u32);

impl Probability {
    /// Probability 0.
    pub const NEVER: Self = Self(0);
    /// Probability 1.
    pub const ALWAYS: Self = Self(BILLION);

    /// Creates a probability of `parts` per billion; `None` above a billion.
    #[must_use]
    pub const fn from_parts_per_billion(parts: u32) -> Option<Self> {
        if parts <= BILLION { Some(Self(parts)) } else { None }
    }

    /// Returns the probability nearest to `value`: 0 below 0 and for NaN, 1 above 1.
    pub(crate) fn nearest(value: f64) -> Self {
        let parts = libm::round(value * f64::from(BILLION)).clamp(0.0, f64::from(BILLION));
        Self(parts as u32)
    }

    /// Returns the parts per billion.
    #[must_use]
    pub const fn parts_per_billion(self) -> u32 {
        self.0
    }

    /// Reads `0` to `1`, `0%` to `100%`, or a fraction such as `4/11`, rounded to nine decimals.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = u32::try_from(parse_share(text, 9)?).ok()?;
        Self::from_parts_per_billion(parts)
    }

    /// Returns the probability as a float, for formulas and display, never for decisions.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        f64::from(self.0) / f64::from(BILLION)
    }
}

impl fmt::Display for Probability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Scaled(u64::from(self.0), 9).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Compares with the published first outputs of SplitMix64 for the seed 1234567.
    #[test]
    fn the_generator_is_splitmix64() {
        let mut stream = Stream::from_state(1_234_567);
        let expected = [
            6_457_827_717_110_365_317,
            3_203_168_211_198_807_973,
            9_817_491_932_198_370_423,
            4_593_380_528_125_082_431,
            16_408_922_859_458_223_821,
        ];
        assert_eq!(expected.map(|_| stream.next_u64()), expected);
    }

    /// A change to any part of a stream's name gives other draws.
    #[test]
    fn streams_differ_by_every_part_of_their_name() {
        let draw = |seed, purpose, flow, direction, index| {
            Name { seed, flow, direction, index }.stream(purpose).next_u64()
        };
        use Direction::{Reply, Request};
        use Purpose::{LinkLoss, ServerDrop};
        let base = draw(1, LinkLoss, 1, Request, 0);
        assert_eq!(base, draw(1, LinkLoss, 1, Request, 0));
        for other in [
            draw(2, LinkLoss, 1, Request, 0),
            draw(1, ServerDrop, 1, Request, 0),
            draw(1, LinkLoss, 2, Request, 0),
            draw(1, LinkLoss, 1, Reply, 0),
            draw(1, LinkLoss, 1, Request, 1),
        ] {
            assert_ne!(base, other);
        }
        let name = Name { seed: 1, flow: 1, direction: Request, index: 0 };
        assert_ne!(name.duplicate().stream(LinkLoss).next_u64(), base);
        assert_eq!(name.duplicate().duplicate(), name);
    }

    /// Every golden digest depends on these draws.
    #[test]
    fn streams_never_change() {
        let name = Name { seed: 7, flow: 3, direction: Direction::Reply, index: 5 };
        assert_eq!(name.stream(Purpose::LinkLoss).next_u64(), 4_533_639_147_466_464_584);
        assert_eq!(
            Name::exchange(7, 3, 5).stream(Purpose::Jitter).next_u64(),
            736_890_482_640_269_283
        );
    }

    /// A run uses only the first draws of many neighbouring streams. They must be uniform and normal
    /// themselves: mean and variance are within five standard errors over a million streams.
    #[test]
    fn first_draws_of_neighbouring_streams_have_the_right_moments() {
        const N: u32 = 1_000_000;
        let n = f64::from(N);
        let (mut sum, mut sum_normal, mut square_normal, mut hits) = (0.0, 0.0, 0.0, 0.0);
        let third = Probability::from_parts_per_billion(300_000_000).unwrap();
        for i in 0..N {
            let stream = || {
                let (flow, index) = (i % 1_000, u64::from(i / 1_000));
                let name = Name { seed: 7, flow, direction: Direction::Reply, index };
                name.stream(Purpose::LinkLoss)
            };
            sum += stream().unit();
            let z = stream().standard_normal();
            sum_normal += z;
            square_normal += z * z;
            hits += f64::from(u8::from(stream().chance(third)));
        }
        assert!((sum / n - 0.5).abs() < 5.0 * (1.0 / 12.0 / n).sqrt(), "{}", sum / n);
        assert!((sum_normal / n).abs() < 5.0 / n.sqrt(), "{}", sum_normal / n);
        assert!((square_normal / n - 1.0).abs() < 5.0 * (2.0 / n).sqrt());
        assert!((hits / n - 0.3).abs() < 5.0 * (0.21 / n).sqrt(), "{}", hits / n);
    }

    proptest::proptest! {
        #[test]
        fn halves_give_the_same_product_as_a_wide_multiplication(random: u64, below: u32) {
            let wide = (u128::from(random) * u128::from(below)) >> 64;
            proptest::prop_assert_eq!(u128::from(scaled(random, below)), wide);
        }
    }

    #[test]
    fn never_and_always_are_exact() {
        for state in 0..1_000 {
            assert!(!Stream::from_state(state).chance(Probability::NEVER));
            assert!(Stream::from_state(state).chance(Probability::ALWAYS));
        }
    }

    #[test]
    fn probabilities_are_read_exactly() {
        for bad in
            ["", "-0.1", "1.1", "0.0000000001", "half", "101%", "%", "NaN", "1e-10", "1e", "12/11"]
        {
            assert_eq!(Probability::parse(bad), None, "{bad}");
        }
        for (text, shown) in
            [("50%", "0.5"), ("1e-3", "0.001"), (" 0.1 % ", "0.001"), ("4/11", "0.363636364")]
        {
            assert_eq!(alloc::format!("{}", Probability::parse(text).unwrap()), shown);
        }
        assert_eq!(Probability::parse("1"), Some(Probability::ALWAYS));
        assert_eq!(Probability::parse("0"), Some(Probability::NEVER));
        assert_eq!(alloc::format!("{}", Probability::parse("0.250").unwrap()), "0.25");
    }
}
