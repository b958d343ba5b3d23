//! A scale: the positions of numbers along an axis, and its ticks.

use super::quantity::Quantity;
use crate::sim::words::Unit;

/// A tick with its label.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Tick {
    /// From 0 at the low end to 1 at the high end.
    pub(super) place: f64,
    pub(super) label: String,
}

/// Maps the numbers from `low` to `high` to 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Scale {
    low: f64,
    high: f64,
    log: bool,
    pub(super) ticks: Vec<Tick>,
    /// Unit of the ticks' labels; empty if they need none.
    pub(super) unit: String,
}

/// How a scale is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Shape {
    pub(super) log: bool,
    /// Whether the scale begins and ends at a tick, as far as the quantity has such numbers.
    pub(super) widened: bool,
}

/// Maximum number of linear ticks.
const MAX_TICKS: usize = 10;

impl Scale {
    /// Creates a scale for numbers from `low` to `high`, with the most ticks for whose labels `fits` returns true.
    pub(super) fn new(
        (low, high): (f64, f64),
        quantity: &Quantity,
        shape: Shape,
        fits: impl Fn(&[Tick]) -> bool,
    ) -> Self {
        // Numbers that differ only by rounding have no ticks between them.
        let differ = high - low > 1e-9 * high.abs().max(low.abs());
        let (low, high) = if differ { (low, high) } else { around(low, shape.log) };
        let bounds = quantity.bounds();
        let (low, high) = (low.max(bounds.0), high.min(bounds.1));
        let mut last = None;
        for scale in candidates(low, high, quantity, shape) {
            if fits(&scale.ticks) {
                return scale;
            }
            last = Some(scale);
        }
        // No room for two labels: only the first one stays.
        let mut scale = last.unwrap_or_else(|| linear(low, high, quantity, shape.widened, 1));
        scale.ticks.truncate(1);
        scale
    }

    /// Returns the position of `number`: 0 at the low end, 1 at the high end. Numbers beyond are clamped.
    pub(super) fn place(&self, number: f64) -> f64 {
        let place = if self.log {
            let number = number.max(self.low);
            (number / self.low).ln() / (self.high / self.low).ln()
        } else {
            (number - self.low) / (self.high - self.low)
        };
        place.clamp(0.0, 1.0)
    }
}

/// Returns scales with fewer and fewer ticks.
fn candidates(
    low: f64,
    high: f64,
    quantity: &Quantity,
    shape: Shape,
) -> impl Iterator<Item = Scale> {
    let Shape { log, widened } = shape;
    let dense = [&[1.0, 2.0, 5.0][..], &[1.0, 3.0]].map(|digits| (digits, 1));
    let powers = (1..12).map(|every| (&[1.0][..], every));
    let logs = dense.into_iter().chain(powers).filter(move |_| log);
    let logs = logs.filter_map(move |ticks| logarithmic(low, high, quantity, widened, ticks));
    // Below a factor of ten or so, linear ticks are more useful on a logarithmic axis too.
    let lines = (1..=MAX_TICKS).rev().map(move |count| {
        let scale = linear(low, high, quantity, widened && !log, count);
        if log { scale.bent() } else { scale }
    });
    logs.chain(lines)
}

fn linear(low: f64, high: f64, quantity: &Quantity, widened: bool, count: usize) -> Scale {
    let (size, unit) = quantity.scaled(low.abs().max(high.abs()));
    let (low, high) = (low / size, high / size);
    let step = nice_step((high - low) / count as f64);
    // A number that differs from a tick only by rounding counts as the tick.
    let (first, last) = if widened {
        ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
    } else {
        ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
    };
    let bounds = quantity.bounds();
    let ends = if widened {
        ((first * step).max(bounds.0 / size), (last * step).min(bounds.1 / size))
    } else {
        (low, high)
    };
    let scale =
        Scale { low: ends.0 * size, high: ends.1 * size, log: false, ticks: Vec::new(), unit };
    let numbers = (0..=(last - first).max(0.0) as usize).map(|at| (first + at as f64) * step);
    let numbers =
        numbers.filter(|number| *number <= ends.1 * (1.0 + 1e-9) && *number >= ends.0 - 1e-9);
    let ticks = numbers.map(|number| Tick {
        place: scale.place(number * size),
        label: quantity.tick(number, step),
    });
    Scale { ticks: ticks.collect(), ..scale }
}

impl Scale {
    /// Returns the scale with the same ticks at logarithmic positions.
    fn bent(self) -> Self {
        let bent = Self { log: true, ticks: Vec::new(), ..self.clone() };
        let ticks = self.ticks.into_iter().map(|tick| Tick {
            place: bent.place(self.low + tick.place * (self.high - self.low)),
            ..tick
        });
        Self { ticks: ticks.collect(), ..bent }
    }
}

/// Returns a scale whose ticks are each of `digits` times each power of ten, or times every nth one; `None` if that
/// makes fewer than two.
fn logarithmic(
    low: f64,
    high: f64,
    quantity: &Quantity,
    widened: bool,
    (digits, every): (&[f64], i32),
) -> Option<Scale> {
    let decades = |digits: &[f64], every: i32| -> Vec<f64> {
        let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
        let powers = (first..=last).filter(|power| power.rem_euclid(every) == 0);
        let mut all: Vec<f64> = powers
            .flat_map(|power| digits.iter().map(move |digit| decimal(*digit, power, quantity)))
            .collect();
        all.dedup();
        all
    };
    let all = decades(digits, 1);
    let (low, high) = if widened {
        // From the last tick below the numbers to the first one above.
        let below = all.iter().copied().rfind(|tick| *tick <= low * 1.000_001);
        let above = all.iter().copied().find(|tick| *tick >= high / 1.000_001);
        (below.unwrap_or(low), above.unwrap_or(high).min(quantity.bounds().1))
    } else {
        (low, high)
    };
    let scale = Scale { low, high, log: true, ticks: Vec::new(), unit: String::new() };
    let within = |tick: &f64| *tick >= low / 1.000_001 && *tick <= high * 1.000_001;
    let ticks = decades(digits, every).into_iter().filter(within);
    let ticks: Vec<Tick> =
        ticks.map(|tick| Tick { place: scale.place(tick), label: power(quantity, tick) }).collect();
    (ticks.len() > 1).then_some(Scale { ticks, ..scale })
}

/// Returns a digit times a power of ten as its nearest number. Times are instead whole minutes and hours of about
/// that length.
fn decimal(digit: f64, power: i32, quantity: &Quantity) -> f64 {
    let one = match power {
        _ if quantity.unit != Unit::Seconds => 10f64.powi(power),
        2 | 3 => 60.0 * 10f64.powi(power - 2),
        4.. => 3600.0 * 10f64.powi(power - 4),
        _ => 10f64.powi(power),
    };
    match digit {
        // A minute is near 50 s, an hour near 50 min.
        2.0 | 5.0 if quantity.unit == Unit::Seconds && matches!(power, 1 | 3) => 3.0 * one,
        _ if power < 0 => digit / 10f64.powi(-power),
        _ => digit * one,
    }
}

/// Writes a tick of a logarithmic axis: each with its own unit, as they differ by powers of ten.
fn power(quantity: &Quantity, tick: f64) -> String {
    match quantity.unit {
        Unit::Seconds if tick >= 3600.0 => format!("{} h", tick / 3600.0),
        Unit::Seconds if tick >= 60.0 => format!("{} min", tick / 60.0),
        Unit::Share | Unit::Seconds => quantity.shown(tick),
        _ if !(1e-4..1e7).contains(&tick) => format!("{tick:e}"),
        _ => quantity.shown(tick),
    }
}

/// Returns a range around a single number.
fn around(number: f64, log: bool) -> (f64, f64) {
    if log {
        (number / 2.0, number * 2.0)
    } else if number == 0.0 {
        (0.0, 1.0)
    } else {
        (number - 0.5 * number.abs(), number + 0.5 * number.abs())
    }
}

/// Returns the smallest 1, 2 or 5 times a power of ten that is at least `step`.
fn nice_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= step * 0.999_999);
    factor.unwrap_or(10.0) * power
}

/// Returns the range of an axis for results from `low` to `high`. A linear one begins at 0 if that takes little space, so that
/// heights can be compared, and shows a share as part of the whole if it covers half of it.
pub(super) fn range((low, high): (f64, f64), quantity: &Quantity, log: bool) -> (f64, f64) {
    let from_zero = !log && low > 0.0 && (low < 0.5 * high || low == high);
    let low = if from_zero { 0.0 } else { low };
    let whole = quantity.unit == Unit::Share && !log && high - low > 0.5;
    (low, if whole { 1.0 } else { high })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scale(name: &str, range: (f64, f64), log: bool, widened: bool, most: usize) -> Scale {
        let quantity = Quantity::measure(name);
        Scale::new(range, &quantity, Shape { log, widened }, |ticks| ticks.len() <= most)
    }

    fn texts(name: &str, range: (f64, f64), log: bool, widened: bool) -> String {
        let scale = scale(name, range, log, widened, 7);
        let texts: Vec<String> = scale.ticks.into_iter().map(|tick| tick.label).collect();
        texts.join(" ") + if scale.unit.is_empty() { "" } else { " in " } + &scale.unit
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts("x", (0.0, 0.5), false, false), "0.0 0.1 0.2 0.3 0.4 0.5");
        assert_eq!(texts("x", (1.03, 1.94), false, true), "1.0 1.2 1.4 1.6 1.8 2.0");
        assert_eq!(texts("x", (-3.0, 3.0), false, false), "-3 -2 -1 0 1 2 3");
        assert_eq!(texts("x", (0.0, 0.0), false, true), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(texts("x", (0.3, 0.1 + 0.2), false, true), "0.15 0.20 0.25 0.30 0.35 0.40 0.45");
        assert_eq!(texts("x", (0.0, 4e9), false, false), "0 1000 2000 3000 4000 in millions");
        assert_eq!(texts("x", (0.0, 3e-9), false, false), "0.0 0.5 1.0 1.5 2.0 2.5 3.0 in 1e-9");
        assert_eq!(texts("x", (0.0, 20_000.0), false, false), "0 5000 10,000 15,000 20,000");
        assert_eq!(texts("latency_p99_s", (0.0, 0.02), false, true), "0 5 10 15 20 in ms");
        assert_eq!(
            texts("latency_p99_s", (0.0, 3.0), false, true),
            "0.0 0.5 1.0 1.5 2.0 2.5 3.0 in s"
        );
    }

    #[test]
    fn logarithmic_ticks_are_readable() {
        assert_eq!(texts("x", (1.0, 100.0), true, false), "1 2 5 10 20 50 100");
        assert_eq!(texts("x", (3.0, 4e5), true, true), "1 10 100 1000 10,000 100,000 1,000,000");
        assert_eq!(texts("x", (1.0, 1e12), true, true), "1 100 10,000 1,000,000 1e8 1e10 1e12");
        assert_eq!(
            texts("latency_p99_s", (0.0002, 3.0), true, true),
            "100 \u{b5}s 1 ms 10 ms 100 ms 1 s 10 s"
        );
        assert_eq!(
            texts("latency_p99_s", (7.0, 3e5), true, true),
            "1 s 10 s 1 min 10 min 1 h 10 h 100 h"
        );
        assert_eq!(
            texts("latency_p99_s", (9.0, 4000.0), true, false),
            "10 s 30 s 1 min 3 min 10 min 30 min 1 h"
        );
        assert_eq!(
            texts("latency_p99_s", (2.0, 100.0), true, true),
            "2 s 5 s 10 s 30 s 1 min 2 min"
        );
        assert_eq!(
            texts("gave_up_share", (0.002, 0.7), true, true),
            "0.1 % 0.3 % 1 % 3 % 10 % 30 % 100 %"
        );
        assert_eq!(texts("x", (1.1, 1.6), true, false), "1.1 1.2 1.3 1.4 1.5 1.6");
    }

    /// Of 20,000 axes, none leaves the bounds of its quantity, has ticks out of order, or is without a tick.
    #[test]
    fn axes_keep_to_their_bounds() {
        let mut state = 7u64;
        let mut draw = || {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 11) as f64 / (1u64 << 53) as f64
        };
        for n in 0..20_000 {
            let name = ["gave_up_share", "latency_p99_s", "sends", "amplification"][n % 4];
            let top = if n % 4 == 0 { 1.0 } else { 10f64.powf(24.0 * draw() - 9.0) };
            let (a, b) = (top * draw(), top * draw());
            let (log, widened) = (n % 3 == 0, n % 2 == 0);
            let quantity = Quantity::measure(name);
            let (low, high) = range((a.min(b), a.max(b)), &quantity, log);
            let scale = scale(name, (low, high), log, widened, 1 + n % 9);
            let bounds = quantity.bounds();
            let slack = 1.0 + 1e-9;
            assert!(
                scale.low >= bounds.0 && scale.high <= bounds.1 * slack,
                "{low} {high} {scale:?}"
            );
            assert!(
                scale.low <= low * slack && scale.high * slack >= high,
                "{low} {high} {scale:?}"
            );
            assert!(scale.ticks.is_sorted_by(|a, b| a.place < b.place), "{low} {high} {scale:?}");
            let labels: Vec<&String> = scale.ticks.iter().map(|tick| &tick.label).collect();
            assert!(labels.windows(2).all(|pair| pair[0] != pair[1]), "{low} {high} {scale:?}");
            assert!(!widened || log || !labels.is_empty(), "{low} {high} {scale:?}");
        }
    }

    #[test]
    fn positions_are_clamped_to_the_ends() {
        for log in [false, true] {
            let scale = scale("x", (1.0, 100.0), log, false, 7);
            assert_eq!((scale.place(1.0), scale.place(100.0)), (0.0, 1.0));
            assert_eq!((scale.place(0.0), scale.place(f64::INFINITY)), (0.0, 1.0));
        }
        assert!((scale("x", (1.0, 100.0), true, false, 7).place(10.0) - 0.5).abs() < 1e-12);
    }
}
