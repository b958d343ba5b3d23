//! What a comparison says, in a sentence.

use super::pair::{Difference, Pair};
use crate::output::{Count, Rounded};
use retrylab_core::time::Duration;

/// Returns the sentence about `pair`, which ran with `seeds` seeds:
///
/// `full answers 4.1 percentage points more than none, in 178 of 200 seeds; full sends 0.32 more per exchange`
pub(super) fn conclusion(pair: &Pair, seeds: usize) -> String {
    let measures = &pair.measures.0;
    if measures.iter().all(|(_, difference)| difference.is_none()) {
        return format!("{} and {} do not differ in any measure", pair.name, pair.with);
    }
    let mut parts: Vec<String> = answered(pair, seeds).into_iter().collect();
    parts.extend(sends(pair));
    parts.extend(latency(pair));
    if parts.is_empty() {
        return clear_measures(pair);
    }
    parts.join("; ")
}

/// Says who answers more exchanges; `None` if a seed has no share, as for heartbeats.
fn answered(pair: &Pair, seeds: usize) -> Option<String> {
    let Pair { with, name, .. } = pair;
    let of = pair.of("answered_share")?;
    let by = of.difference.median.filter(|by| by.is_finite())?;
    if of.is_none() {
        return Some(format!("{name} and {with} answer the same share of exchanges"));
    }
    if !of.is_clear() || by == 0.0 {
        return Some(format!("{name} and {with} do not differ clearly in answered exchanges"));
    }
    let (word, count) = if by > 0.0 { ("more", of.higher) } else { ("fewer", of.lower) };
    let points = two_digits(100.0 * by.abs());
    let seeds = Count(seeds as u64, "seed");
    let doubt = if of.significant.is_none() { ", too few to exclude chance" } else { "" };
    Some(format!(
        "{name} answers {points} percentage points {word} than {with}, in {count} of {seeds}{doubt}"
    ))
}

fn sends(pair: &Pair) -> Option<String> {
    let by = clear(pair.of("amplification")?)?;
    let word = if by > 0.0 { "more" } else { "fewer" };
    Some(format!("{} sends {} {word} per exchange", pair.name, two_digits(by.abs())))
}

/// Says whose 99th percentile is higher: that of all exchanges, if fewer than one in a hundred gave up in every run.
fn latency(pair: &Pair) -> Option<String> {
    let all = pair.of("all_p99_s").filter(|all| all.significant.is_some());
    let (of, whose) = match all {
        Some(all) => (all, ""),
        None => (pair.of("latency_p99_s")?, ", among answered exchanges,"),
    };
    let by = clear(of)?;
    let word = if by > 0.0 { "higher" } else { "lower" };
    let by = Rounded(Duration::from_secs_f64(by.abs()));
    Some(format!("the p99 latency of {}{whose} is {by} {word}", pair.name))
}

/// Returns the median of a difference that chance does not explain.
fn clear(of: &Difference) -> Option<f64> {
    let by = of.difference.median.filter(|by| by.is_finite() && *by != 0.0)?;
    (of.significant == Some(true)).then_some(by)
}

/// Says how many measures differ, if none of the ones above does.
fn clear_measures(pair: &Pair) -> String {
    let Pair { with, name, measures } = pair;
    match measures.0.iter().filter(|(_, difference)| difference.is_clear()).count() as u64 {
        0 => format!("{name} and {with} do not differ clearly in any measure"),
        count => format!("{name} and {with} differ in {}", Count(count, "measure")),
    }
}

/// Formats a positive number with two significant digits: `41`, `4.1`, `0.041`.
fn two_digits(number: f64) -> String {
    let decimals = 1.0 - number.log10().floor();
    let decimals = if decimals.is_finite() { decimals.clamp(0.0, 9.0) as usize } else { 0 };
    let text = format!("{number:.decimals$}");
    match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_string(),
        false => text,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_two_digits() {
        for (number, text) in [
            (41.26, "41"),
            (4.126, "4.1"),
            (0.0412, "0.041"),
            (3.0, "3"),
            (99.96, "100"),
            (0.0, "0"),
        ] {
            assert_eq!(two_digits(number), text);
        }
    }
}
