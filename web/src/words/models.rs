//! Models in words: how long something takes, what is lost, when exchanges arrive.

use super::policy::time;
use crate::numbers::{grouped, span};
use crate::rest::{fill, text};
use retrylab_core::client::Arrivals;
use retrylab_core::dist::Distribution;
use retrylab_core::link::{Loss, Rate};
use retrylab_core::random::Probability;
use retrylab_core::time::Duration;

/// Number of times that a list names.
const LISTED: usize = 5;

/// Returns how long something takes, after "takes".
pub(super) fn distribution(distribution: &Distribution) -> String {
    match distribution {
        Distribution::Constant(Duration::ZERO) => text!("no time").to_string(),
        Distribution::Constant(always) => time(*always),
        Distribution::Uniform(low, high) => fill("# to #", &[&time(*low), &time(*high)]),
        Distribution::Normal(mean, deviation) => {
            fill(text!("# on average (standard deviation #)"), &[&time(*mean), &time(*deviation)])
        }
        Distribution::LogNormal(mean, deviation) => fill(
            text!("# on average (log-normal, standard deviation #)"),
            &[&time(*mean), &time(*deviation)],
        ),
        Distribution::Quantiles(quantiles) => {
            let [(low, low_at), (high, high_at)] = quantiles.points();
            let [low, high] = [low.to_string(), high.to_string()];
            let values = [&time(quantiles.median()), &low, &time(low_at), &high, &time(high_at)];
            fill(text!("# in the median (log-normal: # #, # #)"), &values.map(String::as_str))
        }
        Distribution::Pareto(least, shape) => {
            fill(text!("at least # (Pareto, shape #)"), &[&time(*least), &shape.to_string()])
        }
        Distribution::Exponential(mean) => time(*mean) + text!(" on average (exponential)"),
        Distribution::Table(samples) => match samples.as_slice() {
            [] => String::new(),
            [only] => time(*only),
            all @ [least, .., most] => fill(
                text!("one of # measured times from # to #"),
                &[&grouped(all.len() as u64), &time(*least), &time(*most)],
            ),
        },
        other => other.to_string(),
    }
}

/// Returns a rate: "10 Mbit/s".
pub(super) fn rate(rate: Rate) -> String {
    let text = rate.to_string();
    let unit = text.find(|c: char| c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (number, unit) = text.split_at(unit);
    // Multiples are written as everywhere: kbit, Mbit, Gbit.
    let unit = match unit.split_at(1) {
        (prefix @ ("m" | "g"), bit) => prefix.to_ascii_uppercase() + bit,
        _ => unit.to_string(),
    };
    fill("# #/s", &[number, &unit])
}

/// Returns what a link loses, after "a packet takes 10 ms"; empty if it loses nothing. `whose`: what it counts for apart from
/// the direction, such as " client and".
pub(super) fn loss(loss: &Loss, whose: &str) -> String {
    match loss {
        Loss::Independent(Probability::NEVER) => String::new(),
        Loss::Independent(loss) => {
            text!(" and is lost with probability ").to_string() + &loss.to_string()
        }
        Loss::GilbertElliott { p, r, bad, good } => fill(
            text!(
                " and is lost with probability # in a bad state, # in a good one (Gilbert-Elliott: to bad #, \
                 to good #)"
            ),
            &[bad, good, p, r].map(ToString::to_string).each_ref().map(String::as_str),
        ),
        Loss::Burst { share, mean } => fill(
            text!(" and is lost with probability #, in bursts of # on average"),
            &[&share.to_string(), &mean.to_string()],
        ),
        Loss::Timed { bad, good, lost_bad, lost_good } => fill(
            text!(
                " and is lost with probability # in bad times, # in good ones (on average # bad, # good)"
            ),
            &[&lost_bad.to_string(), &lost_good.to_string(), &time(*bad), &time(*good)],
        ),
        Loss::FourState { p13, p31, p32, p23, p14 } => fill(
            text!(" and is lost by a model of four states (p13 #, p31 #, p32 #, p23 #, p14 #)"),
            &[p13, p31, p32, p23, p14].map(ToString::to_string).each_ref().map(String::as_str),
        ),
        Loss::First(1) => {
            fill(text!(" and is lost if it is the first of its# direction"), &[whose])
        }
        Loss::First(n) => fill(
            text!(" and is lost if it is one of the first # of its# direction"),
            &[&grouped(*n), whose],
        ),
        Loss::List(list) => {
            let list = list.to_string().replace(',', ", ").replace('-', " to ");
            fill(
                text!(" and is lost if its number in its# direction is in this list: #"),
                &[whose, &list],
            )
        }
        other => text!(" and is lost as in the loss model ").to_string() + &other.to_string(),
    }
}

/// Returns when exchanges arrive; `whose` says at which clients, after the rate.
pub(super) fn arrivals(arrivals: &Arrivals, whose: &str) -> String {
    let (steps, how) = match arrivals {
        Arrivals::Poisson(steps) => (steps, text!(", at random")),
        Arrivals::Constant(steps) => (steps, text!(", evenly spaced")),
        Arrivals::Times(times) => {
            let first: Vec<String> = times.iter().take(LISTED).map(|at| span(*at)).collect();
            return fill("at ##", &[&first.join(", "), and_so_on(times.len())]);
        }
        _ => return arrivals.to_string(),
    };
    let mut out = String::new();
    for (place, (at, rate)) in steps.iter().enumerate().take(LISTED) {
        out += &match place {
            0 => fill(text!("# per second#"), &[&rate.to_string(), whose]),
            _ => fill(text!(", # from # on"), &[&rate.to_string(), &span(*at)]),
        };
    }
    out + and_so_on(steps.len()) + how
}

fn and_so_on(len: usize) -> &'static str {
    if len > LISTED { ", and so on" } else { "" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_model_has_words() {
        for (value, words) in [
            ("0s", "no time"),
            ("lognormal 10ms 2ms", "10 ms on average (log-normal, standard deviation 2 ms)"),
            ("quantiles p50=8ms p99=60ms", "8 ms in the median (log-normal: p50 8 ms, p99 60 ms)"),
            ("pareto 5ms 3", "at least 5 ms (Pareto, shape 3)"),
            ("exponential 10ms", "10 ms on average (exponential)"),
            ("table 9ms 10ms 12ms", "one of 3 measured times from 9 ms to 12 ms"),
        ] {
            assert_eq!(distribution(&value.parse().unwrap()), words);
        }
        for (value, words) in [
            (
                "gilbert-elliott 0.01 0.25",
                "with probability 1 in a bad state, 0 in a good one (Gilbert-Elliott: to bad 0.01, to good 0.25)",
            ),
            ("burst 0.04 4", "with probability 0.04, in bursts of 4 on average"),
            (
                "timed 200ms 5s",
                "with probability 1 in bad times, 0 in good ones (on average 200 ms bad, 5 s good)",
            ),
            (
                "4-state 0.01 0.3 0.1 0.5 0.001",
                "by a model of four states (p13 0.01, p31 0.3, p32 0.1, p23 0.5, p14 0.001)",
            ),
            ("first 1", "if it is the first of its direction"),
            ("first 2", "if it is one of the first 2 of its direction"),
            ("list 1,3-5", "if its number in its direction is in this list: 1, 3 to 5"),
        ] {
            assert_eq!(loss(&value.parse().unwrap(), ""), format!(" and is lost {words}"));
        }
        for (value, words) in [
            ("poisson 6", "6 per second each, at random"),
            (
                "constant 40, 20s 80, 25s 40",
                "40 per second each, 80 from 20 s on, 40 from 25 s on, evenly spaced",
            ),
            ("times 0s, 10ms", "at 0 s, 10 ms"),
        ] {
            assert_eq!(arrivals(&value.parse().unwrap(), " each"), words);
        }
        for (value, words) in
            [("1kbit", "1 kbit/s"), ("2.5mbit", "2.5 Mbit/s"), ("9bit", "9 bit/s")]
        {
            assert_eq!(rate(value.parse().unwrap()), words);
        }
    }
}
