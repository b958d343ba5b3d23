//! An axis: the positions of numbers and its ticks.

/// Maps the numbers from `low` to `high` to 0 to 1.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    low: f64,
    high: f64,
    log: bool,
    /// The ticks with their labels.
    pub(super) ticks: Vec<(f64, String)>,
}

/// Approximate number of ticks.
const TICKS: f64 = 7.0;

impl Axis {
    /// Creates an axis for numbers from `low` to `high`. A widened axis begins and ends at a tick.
    pub(super) fn new(low: f64, high: f64, log: bool, widened: bool) -> Self {
        let (low, high) = if low < high { (low, high) } else { around(low, log) };
        if log { Self::logarithmic(low, high, widened) } else { Self::linear(low, high, widened) }
    }

    fn linear(low: f64, high: f64, widened: bool) -> Self {
        let step = nice_step((high - low) / TICKS);
        // A number that differs from a tick only by rounding counts as the tick.
        let (first, last) = if widened {
            ((low / step + 1e-9).floor(), (high / step - 1e-9).ceil())
        } else {
            ((low / step - 1e-9).ceil(), (high / step + 1e-9).floor())
        };
        let count = (last - first) as usize;
        let ticks: Vec<f64> = (0..=count).map(|i| (first + i as f64) * step).collect();
        let (low, high) = if widened { (first * step, last * step) } else { (low, high) };
        let ticks = ticks.into_iter().map(|tick| (tick, label(tick, step))).collect();
        Self { low, high, log: false, ticks }
    }

    fn logarithmic(low: f64, high: f64, widened: bool) -> Self {
        let decades = |digits: &[f64]| -> Vec<f64> {
            let (first, last) = (low.log10().floor() as i32, high.log10().ceil() as i32);
            let decade = |power: i32| digits.iter().map(move |digit| digit * 10f64.powi(power));
            (first..=last).flat_map(decade).collect()
        };
        let mut ticks = decades(&[1.0, 2.0, 5.0]);
        // The range goes from the last tick below the numbers to the first one above.
        let min = ticks.iter().copied().rfind(|tick| *tick <= low * 1.000_001).unwrap_or(low);
        let max = ticks.iter().copied().find(|tick| *tick >= high / 1.000_001).unwrap_or(high);
        let (low, high) = if widened { (min, max) } else { (low, high) };
        if ticks.len() as f64 > 2.0 * TICKS {
            ticks = decades(&[1.0]);
        }
        let every = (ticks.len() as f64 / (2.0 * TICKS)).ceil() as usize;
        let within = |tick: &f64| *tick >= low / 1.000_001 && *tick <= high * 1.000_001;
        let ticks: Vec<f64> = ticks.into_iter().step_by(every.max(1)).filter(within).collect();
        if ticks.len() < 2 {
            // Below a factor of two, linear ticks are more useful.
            return Self { log: true, ..Self::linear(low, high, false) };
        }
        let ticks = ticks.into_iter().map(|tick| (tick, label(tick, tick))).collect();
        Self { low, high, log: true, ticks }
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

/// Formats a number with as many decimals as `step` needs.
fn label(number: f64, step: f64) -> String {
    let power = step.abs().log10().floor() as i32;
    // The tick at 0 may differ from 0 by rounding.
    let number = if number.abs() < step / 2.0 { 0.0 } else { number };
    if number == 0.0 && power < -6 {
        return "0".to_string();
    }
    if number != 0.0 && (number.abs() >= 1e7 || power < -6) {
        // The digits down to the step.
        let digits = (number.abs().log10().floor() as i32 - power).clamp(0, 15) as usize;
        let text = format!("{number:.digits$e}");
        let (digits, exponent) = text.split_once('e').unwrap_or((&text, "0"));
        let digits = if digits.contains('.') {
            digits.trim_end_matches('0').trim_end_matches('.')
        } else {
            digits
        };
        return format!("{digits}e{exponent}");
    }
    let places = (-power).max(0) as usize;
    format!("{number:.places$}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(low: f64, high: f64, log: bool, widened: bool) -> String {
        let axis = Axis::new(low, high, log, widened);
        let texts: Vec<String> = axis.ticks.into_iter().map(|(_, text)| text).collect();
        texts.join(" ")
    }

    #[test]
    fn ticks_are_round_numbers() {
        assert_eq!(texts(0.0, 0.5, false, false), "0.0 0.1 0.2 0.3 0.4 0.5");
        assert_eq!(texts(1.03, 1.94, false, true), "1.0 1.2 1.4 1.6 1.8 2.0");
        assert_eq!(texts(-3.0, 3.0, false, false), "-3 -2 -1 0 1 2 3");
        assert_eq!(texts(2.0, 2.0, false, true), "1.0 1.5 2.0 2.5 3.0");
        assert_eq!(texts(0.0, 0.0, false, true), "0.0 0.2 0.4 0.6 0.8 1.0");
        assert_eq!(texts(0.0, 4e9, false, false), "0 1e9 2e9 3e9 4e9");
        assert_eq!(texts(0.0, 3e-9, false, false), "0 5e-10 1e-9 1.5e-9 2e-9 2.5e-9 3e-9");
        assert_eq!(texts(1.0, 1000.0, true, false), "1 2 5 10 20 50 100 200 500 1000");
        assert_eq!(texts(3.0, 4e6, true, true), "10 100 1000 10000 100000 1000000");
        assert_eq!(texts(0.011, 0.019, true, true), "0.01 0.02");
    }

    #[test]
    fn positions_are_clamped_to_the_ends() {
        for log in [false, true] {
            let axis = Axis::new(1.0, 100.0, log, false);
            assert_eq!((axis.place(1.0), axis.place(100.0)), (0.0, 1.0));
            assert_eq!((axis.place(0.0), axis.place(1e9)), (0.0, 1.0), "numbers beyond the ends");
        }
        assert!((Axis::new(1.0, 100.0, true, false).place(10.0) - 0.5).abs() < 1e-12);
    }
}
