//! Randomness without a generator that is passed around: every draw has a name.
//!
//! A draw is a function of its [`Name`] *(seed, flow, direction, index)* and its [`Purpose`], and of
//! nothing else. What happens
//! to the third request of client 5 therefore does not depend on which other traffic was drawn before
//! it: two policies can be compared on the same packet fates, and a server on a real socket drops
//! exactly the datagrams that its simulated twin drops.
//!
//! The generator is SplitMix64 (Steele, Lea, Flood: "Fast splittable pseudorandom number generators",
//! OOPSLA 2014): eight bytes of state, the same numbers on every platform, and its mixing function is
//! the hash that turns a name into a stream.

use crate::text::{Scaled, parse_share};
use core::fmt;

/// What a draw is for. Streams of different purposes are independent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[repr(u8)]
pub enum Purpose {
    /// Does the link lose this datagram?
    LinkLoss = 1,
    /// How long does the link take to carry it?
    LinkLatency = 2,
    /// Does the server drop it?
    ServerDrop = 3,
    /// How long does a client wait before it sends again, and does its budget let it?
    Jitter = 4,
    /// How long does a client rest between two exchanges?
    Think = 5,
    /// When does the next exchange of an open loop arrive?
    Arrival = 6,
    /// Does the server answer with a failure?
    ServerFail = 7,
    /// How long does the server work on a request?
    Service = 8,
    /// Does a fault of the link take this datagram?
    FaultLoss = 9,
    /// Does the link's loss change its state?
    LinkState = 16,
    /// Does the link deliver this datagram twice?
    LinkDuplicate = 17,
    /// Does it overtake those before it?
    LinkReorder = 18,
    /// Does the link damage it, and where?
    LinkCorrupt = 19,
    /// Does a queue that is not full drop it?
    LinkQueue = 20,
}

/// Which way a datagram travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// From a client to the server.
    Request,
    /// From the server to a client.
    Reply,
}

/// 2^64 divided by the golden ratio, the increment of SplitMix64.
const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

/// The mixing function of SplitMix64 (variant 13 of Stafford's search).
const fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `random * below / 2^64`, by halves: where there is no wide multiplication, as in wasm, it is a call.
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

    /// Returns the name of the second copy of a duplicated datagram. It collides with no other
    /// datagram's name, because no flow sends 2^63 datagrams.
    #[must_use]
    pub const fn duplicate(self) -> Self {
        Self { index: self.index ^ 1 << 63, ..self }
    }

    /// Returns the stream of draws for `purpose`.
    #[must_use]
    #[inline]
    pub const fn stream(self, purpose: Purpose) -> Stream {
        let name = (self.flow as u64) << 16 | (purpose as u64) << 8 | self.direction as u64;
        let key = mix(self.seed.wrapping_add(GOLDEN));
        let key = mix((key ^ name).wrapping_add(GOLDEN));
        Stream { state: mix((key ^ self.index).wrapping_add(GOLDEN)) }
    }
}

/// A stream of draws. A [`Name`] and a [`Purpose`] give one.
#[derive(Clone, Debug)]
pub struct Stream {
    state: u64,
}

impl Stream {
    /// A stream from its raw state; the numbers are those of SplitMix64 seeded with `state`.
    #[must_use]
    pub const fn from_state(state: u64) -> Self {
        Self { state }
    }

    /// The next 64 random bits.
    pub const fn next_u64(&mut self) -> u64 {
        self.state = self.state.wrapping_add(GOLDEN);
        mix(self.state)
    }

    /// A uniform integer in `0..=max`.
    ///
    /// Multiply-shift (Lemire 2019) without the rejection step: the bias is below `max / 2^64`, far
    /// below what any run can see, and every draw costs the same.
    pub const fn up_to(&mut self, max: u64) -> u64 {
        let random = self.next_u64();
        if max < u32::MAX as u64 {
            return scaled(random, max as u32 + 1);
        }
        ((random as u128 * (max as u128 + 1)) >> 64) as u64
    }

    /// A uniform number in `[0, 1)`, a multiple of 2^-53.
    pub const fn unit(&mut self) -> f64 {
        (self.next_u64() >> 11) as f64 * (1.0 / (1u64 << 53) as f64)
    }

    /// A draw from the standard normal distribution (Box and Muller 1958, the cosine branch).
    pub fn standard_normal(&mut self) -> f64 {
        // 1 - u is in (0, 1], so the logarithm is finite.
        let radius = libm::sqrt(-2.0 * libm::log(1.0 - self.unit()));
        radius * libm::cos(2.0 * core::f64::consts::PI * self.unit())
    }

    /// Does an event of this probability happen?
    pub const fn chance(&mut self, probability: Probability) -> bool {
        // A draw from 0..10^9 is below 0 never and below 10^9 always: 0 and 1 are exact.
        scaled(self.next_u64(), BILLION) < probability.0 as u64
    }
}

const BILLION: u32 = 1_000_000_000;

/// A probability in parts per billion, so that every decision is made in integers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Probability(u32);

impl Probability {
    /// It never happens.
    pub const NEVER: Self = Self(0);
    /// It always happens.
    pub const ALWAYS: Self = Self(BILLION);

    /// `parts` per billion, or `None` above a billion.
    #[must_use]
    pub const fn from_parts_per_billion(parts: u32) -> Option<Self> {
        if parts <= BILLION { Some(Self(parts)) } else { None }
    }

    /// The probability nearest to `value`: 0 below 0 and for what is no number, 1 above 1.
    pub(crate) fn nearest(value: f64) -> Self {
        let parts = libm::round(value * f64::from(BILLION)).clamp(0.0, f64::from(BILLION));
        Self(parts as u32)
    }

    /// Parts per billion.
    #[must_use]
    pub const fn parts_per_billion(self) -> u32 {
        self.0
    }

    /// Reads `0` to `1` with at most nine decimals, or `0%` to `100%`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let parts = u32::try_from(parse_share(text, 9)?).ok()?;
        Self::from_parts_per_billion(parts)
    }

    /// The probability as a float, for formulas and displays; never for decisions.
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

    /// The published first outputs of SplitMix64 for the seed 1234567.
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

    /// Every part of a stream's name matters: changing any one gives other draws.
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

    /// The draws behind every golden digest: a change here changes what every run means.
    #[test]
    fn names_give_the_same_streams_as_ever() {
        let name = Name { seed: 7, flow: 3, direction: Direction::Reply, index: 5 };
        assert_eq!(name.stream(Purpose::LinkLoss).next_u64(), 4_533_639_147_466_464_584);
        assert_eq!(
            Name::exchange(7, 3, 5).stream(Purpose::Jitter).next_u64(),
            736_890_482_640_269_283
        );
    }

    /// The first draws of neighbouring streams, which is what a run uses, are themselves uniform and
    /// normal: mean and variance within five standard errors over a million streams.
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
        fn halves_make_the_whole_product(random: u64, below: u32) {
            let wide = (u128::from(random) * u128::from(below)) >> 64;
            proptest::prop_assert_eq!(u128::from(scaled(random, below)), wide);
        }
    }

    #[test]
    fn certain_things_are_certain() {
        for state in 0..1_000 {
            assert!(!Stream::from_state(state).chance(Probability::NEVER));
            assert!(Stream::from_state(state).chance(Probability::ALWAYS));
        }
    }

    #[test]
    fn probabilities_are_read_exactly() {
        for bad in ["", "-0.1", "1.1", "0.0000000001", "half", "101%", "%", "NaN", "1e-10", "1e"] {
            assert_eq!(Probability::parse(bad), None, "{bad}");
        }
        for (text, shown) in [("50%", "0.5"), ("1e-3", "0.001"), (" 0.1 % ", "0.001")] {
            assert_eq!(alloc::format!("{}", Probability::parse(text).unwrap()), shown);
        }
        assert_eq!(Probability::parse("1"), Some(Probability::ALWAYS));
        assert_eq!(Probability::parse("0"), Some(Probability::NEVER));
        assert_eq!(alloc::format!("{}", Probability::parse("0.250").unwrap()), "0.25");
    }
}
