//! Contenders take turns, so that a slowdown of the machine affects all of them.

use anyhow::{Context, Result, ensure};

/// A program under measurement.
pub(super) struct Contender<'a> {
    pub(super) name: &'static str,
    /// Does the work once and returns its rate: more is better.
    pub(super) run: Box<dyn FnMut() -> Result<f64> + 'a>,
}

/// The rates of every contender in each round.
pub(super) struct Rates(Vec<Vec<f64>>);

/// Runs every contender once in each of `rounds` rounds, in an order that is reversed from round to round,
/// so that a drift within a round favours no contender.
pub(super) fn take_turns(contenders: &mut [Contender<'_>], rounds: u32) -> Result<Rates> {
    let mut rates = vec![Vec::new(); contenders.len()];
    for round in 1..=rounds {
        let mut order: Vec<usize> = (0..contenders.len()).collect();
        if round % 2 == 0 {
            order.reverse();
        }
        for index in order {
            let Contender { name, run } = &mut contenders[index];
            let rate = run().with_context(|| format!("{name}, round {round}"))?;
            ensure!(rate.is_finite() && rate > 0.0, "{name} says that its rate is {rate}");
            eprintln!("round {round} of {rounds}: {name}: {rate:.0}/s");
            rates[index].push(rate);
        }
    }
    Ok(Rates(rates))
}

impl Rates {
    /// Returns the rates of contender `index`.
    pub(super) fn of(&self, index: usize) -> &[f64] {
        &self.0[index]
    }

    /// Returns the ratio of contender `index` to contender `base` within each round.
    pub(super) fn ratios(&self, index: usize, base: usize) -> Vec<f64> {
        self.0[index].iter().zip(&self.0[base]).map(|(rate, base)| rate / base).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::RefCell;

    #[test]
    fn turns_are_taken_in_alternating_order_and_compared_within_each() {
        let order = RefCell::new(String::new());
        let contender = |name: &'static str, speed: f64| {
            let order = &order;
            let run = move || {
                order.borrow_mut().push_str(name);
                // The machine becomes slower and slower.
                Ok(speed / order.borrow().len().div_ceil(2) as f64)
            };
            Contender { name, run: Box::new(run) }
        };
        let mut contenders = [contender("a", 10.0), contender("b", 30.0)];
        let rates = take_turns(&mut contenders, 3).unwrap();
        assert_eq!(*order.borrow(), "abbaab");
        assert_eq!(rates.of(0), [10.0, 5.0, 10.0 / 3.0]);
        for ratio in rates.ratios(1, 0) {
            assert!((ratio - 3.0).abs() < 1e-9, "{ratio}");
        }
    }

    #[test]
    fn a_rate_that_is_no_number_is_refused_by_name() {
        let mut contenders = [Contender { name: "broken", run: Box::new(|| Ok(f64::NAN)) }];
        let error = take_turns(&mut contenders, 1).err().unwrap();
        assert_eq!(error.to_string(), "broken says that its rate is NaN");
    }
}
