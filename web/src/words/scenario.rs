//! What a scenario is, in words.

use crate::fields;
use crate::lessons;
use crate::numbers::{count, grouped, percent, ratio, span};
use crate::schedule::{Schedule, resolver_options};
use retrylab_core::dist::Distribution;
use retrylab_core::link::{Latency, Link, Loss, Rate};
use retrylab_core::policy::{Backoff, BudgetRule, Jitter, Policy};
use retrylab_core::random::Probability;
use retrylab_core::scenario::{Protocol, Scenario, Workload};
use retrylab_core::server::service::Overflow;
use retrylab_core::time::{Duration, nanos};
use retrylab_core::value::{Factor, Same, Share};

/// Returns the scenario's title, and a description of it or of what to watch.
pub(crate) fn headline(scenario: &Scenario) -> (&'static str, String) {
    let fragment = scenario.to_fragment();
    if let Some(lesson) = lessons::find(&fragment) {
        return (lesson.title, lesson.watch().to_string());
    }
    match lessons::find_shipped(&fragment) {
        Some(shipped) => (shipped.name, format!("{} {}", shipped.question(), own(scenario))),
        None => ("Your own run", own(scenario) + &changes(scenario)),
    }
}

/// Returns the subject of a scenario, for paper: its question if it has one, not what to watch.
pub(crate) fn topic(scenario: &Scenario) -> String {
    let lesson = lessons::find(&scenario.to_fragment());
    lesson.map_or_else(|| headline(scenario).1, |lesson| lesson.question().to_string())
}

/// Returns what changes during the run, a sentence for each time.
fn changes(scenario: &Scenario) -> String {
    let mut out = String::new();
    for (at, what) in &fields::changes(scenario) {
        out = out + " From " + &span(*at) + " on: " + what + ".";
    }
    out
}

/// Returns a description of a scenario that is not a lesson.
fn own(scenario: &Scenario) -> String {
    let one = scenario.clients == 1;
    let mut out = workload(scenario);
    out += &trips(&scenario.link);
    if scenario.server.drop > Probability::NEVER {
        out += &format!("; the server drops a request with probability {}", scenario.server.drop);
    }
    if let Some(capacity) = scenario.station.capacity() {
        let server = if scenario.servers.is_several() { "each" } else { "the" };
        let requests = ratio((capacity * 1e3).round() as u64, 1_000);
        out += &format!("; {server} server can process {requests} requests per second");
    }
    if scenario.servers.is_several() {
        let names = scenario.servers.as_slice().iter().map(|server| server.name.to_string());
        out += &format!(". The servers {} are asked in turn", names.collect::<Vec<_>>().join(", "));
    }
    if scenario.workload.heartbeat().is_some() {
        return out + ".";
    }
    if let Some(options) = resolver_options(scenario) {
        return out + &format!(". The resolver follows resolv.conf with {options}.");
    }
    let apart = scenario.policy != scenario.preset.policy();
    let which = if apart { "a changed policy" } else { "the policy" };
    out += &format!(". With {which} {}, ", scenario.preset);
    out += if one { "the client " } else { "each client " };
    out + &policy(scenario) + "."
}

/// Returns how long packets take and how many are lost: of each direction, if they differ.
fn trips(link: &Link) -> String {
    let time = match &link.latency {
        Latency::OneWay(time) => latency(time),
        Latency::RoundTrip(time) => format!("half of a round trip of {}", latency(time)),
    };
    let reply_time = match &link.reply_latency {
        Same::Own(time) => &latency(time),
        Same::Same => &time,
    };
    let reply_loss = match &link.reply_loss {
        Same::Own(loss) => loss,
        Same::Same => &link.loss,
    };
    let reply_rate = match link.reply_rate {
        Same::Own(rate) => rate,
        Same::Same => link.rate,
    };
    let request = trip(&time, link.rate, &link.loss);
    let reply = trip(reply_time, reply_rate, reply_loss);
    if request == reply {
        return format!(". A packet {request}");
    }
    let no_loss = Loss::Independent(Probability::NEVER);
    let none = |loss: &Loss| if *loss == no_loss { " and is not lost" } else { "" };
    let differ = link.loss != *reply_loss;
    let [kept, reply_kept] =
        [&link.loss, reply_loss].map(|loss| if differ { none(loss) } else { "" });
    format!(". A request {request}{kept}; a reply {reply}{reply_kept}")
}

/// Returns how long a packet takes, and how it may be lost.
fn trip(time: &str, rate: Option<Rate>, loss: &Loss) -> String {
    let rate = rate.map(|rate| format!(" after it is sent at {rate} per second"));
    let lost = match loss {
        Loss::Independent(Probability::NEVER) => String::new(),
        Loss::Independent(loss) => format!(" and is lost with probability {loss}"),
        loss => format!(" and is lost as in the loss model {loss}"),
    };
    format!("takes {time}{}{lost}", rate.unwrap_or_default())
}

/// Returns what the client of a scenario does: "waits 2 s, then …, and gives up at 62 s".
fn policy(scenario: &Scenario) -> String {
    let policy = &scenario.policy;
    let writes = scenario.workload == Workload::Write;
    let schedule = if writes { Schedule::of_writes(policy) } else { Schedule::new(policy) };
    let sends = schedule.certain_sends(policy);
    let ending = schedule.ending() + if_no_reply(scenario, &schedule) + sooner(policy);
    if sends == 1 {
        return if writes { ending } else { format!("waits for the reply, and {ending}") };
    }
    let attempt = policy.attempt_timeout();
    let last = policy.last_timeout().filter(|_| {
        attempt.is_none()
            && !writes
            && policy.max_sends().is_some_and(|most| most as usize == sends)
    });
    // Nothing follows the last send of a client that pauses between its sends.
    let waits = sends - usize::from(attempt.is_some() || writes || last.is_some());
    let mut out = growth(policy, waits, last.is_some());
    if writes {
        out = out.replace("each timeout", "each refused write");
        out = out.replace("every send", "every refused write");
    }
    if let Some(attempt) = attempt {
        // What follows are the pauses between sends, not the waits for replies.
        let pauses = out.replacen("waits", "pauses", 1).replacen("each wait", "each pause", 1);
        out = format!("waits {} for each reply, then {pauses}", time(attempt));
    }
    let most = policy.max_timeout().map(|most| format!(", at most {}", time(most)));
    let (before, after) = (most.unwrap_or_default(), jitter(policy));
    out += &if policy.caps_jittered_waits() { after + &before } else { before + &after };
    if let Some(last) = last {
        out += &format!(", waits a final {}", time(last));
    }
    out + ", and " + &ending
}

fn time(duration: Duration) -> String {
    span(nanos(duration))
}

/// Returns how the first `waits` waits of a policy grow, before cap and jitter: "waits 2 s, then twice as long after each timeout".
/// `ends` if a wait of its own follows.
fn growth(policy: &Policy, waits: usize, ends: bool) -> String {
    let (first, factor) = (time(policy.initial_timeout()), policy.multiplier());
    let (more, adds) = (time(policy.increment()), !policy.increment().is_zero());
    let is_zero = policy.initial_timeout().is_zero();
    // A Fibonacci number comes twice before they grow.
    let fibonacci = usize::from(policy.backoff() == Backoff::Fibonacci);
    let alike = (policy.linear_timeouts() as usize).saturating_add(1 + fibonacci);
    let begins = format!("waits {first}{}", times(alike));
    match policy.backoff() {
        Backoff::List => {
            let list = policy.timeouts();
            let listed: Vec<String> = list.iter().take(waits).map(time).collect();
            let more = if waits > listed.len() { ", and so on" } else { "" };
            format!("waits {}{more}", listed.join(", "))
        }
        _ if policy.jitter() == Jitter::Decorrelated && !is_zero => {
            format!("draws each wait from {first} up to three times the previous one")
        }
        Backoff::Linear if adds && waits > alike => {
            format!("{begins}, then {more} longer after each timeout")
        }
        Backoff::Exponential if factor > Factor::ONE && (adds || !is_zero) && waits > alike => {
            let and = if adds { format!(" and {more} more") } else { String::new() };
            let times =
                if factor == Factor::TWO { "twice".to_string() } else { format!("{factor} times") };
            format!("{begins}, then {times} as long{and} after each timeout")
        }
        Backoff::Exponential if adds && waits > alike => {
            format!("{begins}, then {more} longer after each timeout")
        }
        Backoff::Fibonacci if !is_zero && waits > alike => {
            format!("{begins}, then as long as the last two together")
        }
        _ if is_zero => "sends again at once".to_string(),
        _ if ends => format!("waits {first}{}", times(waits)),
        _ => format!("waits {first} after every send"),
    }
}

/// Returns how often, after a verb: nothing for once.
fn times(n: usize) -> String {
    match n {
        1 => String::new(),
        2 => " twice".to_string(),
        n => format!(" {} times", grouped(n as u64)),
    }
}

/// Returns how the waits of a policy are drawn.
fn jitter(policy: &Policy) -> String {
    match policy.jitter() {
        Jitter::Full => ", each drawn between zero and that".to_string(),
        Jitter::Equal => ", each drawn between half of that and all of it".to_string(),
        Jitter::Once(share) => format!(", the first drawn up to {} longer", part(share)),
        Jitter::Additive(spread) => format!(", each up to {} off", time(spread)),
        Jitter::Slots(slot) => format!(", each drawn in slots of {}", time(slot)),
        Jitter::Proportional(share) | Jitter::Compounding(share) => {
            format!(", each up to {} off", part(share))
        }
        Jitter::ProportionalLater(share) => {
            format!(", all but the first up to {} off", part(share))
        }
        Jitter::CompoundingUp(share) => {
            format!(", each up to {} off, the first never shorter", part(share))
        }
        _ => String::new(),
    }
}

/// Returns the condition of the time of the end, if a failure or its hint can change it.
fn if_no_reply(scenario: &Scenario, schedule: &Schedule) -> &'static str {
    let fails =
        scenario.server.fail > Probability::NEVER || scenario.station.overflow == Overflow::Fail;
    let is_timed = schedule.ending().starts_with("gives up at ");
    if fails && is_timed { " if no reply comes" } else { "" }
}

/// Returns what can end an exchange before its policy's schedule does. A budget allows retries, and only some of them first
/// sends, too.
fn sooner(policy: &Policy) -> &'static str {
    let retries = policy.max_sends() != Some(1);
    let budget =
        policy.budget().filter(|rule| retries || matches!(rule, BudgetRule::Adaptive { .. }));
    match (budget, policy.breaker()) {
        (None, None) => "",
        (Some(_), None) => ", unless its budget ends the exchange before",
        (None, Some(_)) => ", unless its circuit breaker ends the exchange before",
        (Some(_), Some(_)) => ", unless its budget or circuit breaker ends the exchange before",
    }
}

/// Returns a share in percent.
fn part(share: Share) -> String {
    percent(share.millionths().into(), 1_000_000)
}

/// Returns who asks for what, and when.
fn workload(scenario: &Scenario) -> String {
    let one = scenario.clients == 1;
    // Nobody waits for another one; but each draws its delay.
    let at_once = if one || scenario.policy.first_delay().is_some() { "" } else { " at once" };
    let clients =
        if one { "One client".into() } else { grouped(scenario.clients.into()) + " clients" };
    let (s, each) = if one { ("s", "") } else { ("", " each") };
    let exchanges = u64::from(scenario.max_exchanges());
    match &scenario.workload {
        Workload::Write => format!("{clients} write{s} the same row, once{each}"),
        Workload::Heartbeat { .. } => {
            let (interval, dead_after) = scenario.workload.heartbeat().unwrap_or_default();
            let [interval, dead_after] = [interval, dead_after].map(|time| span(nanos(time)));
            format!(
                "{clients} send{s} {}{each}, one every {interval}, which nobody answers; the server declares a client \
                 dead after {dead_after} without one",
                count(exchanges, "heartbeat")
            )
        }
        Workload::Closed { .. } if scenario.protocol == Protocol::Dns => {
            format!("{clients} look{s} up the name {}", scenario.message)
        }
        Workload::Open { arrivals, shared, duration } => {
            let together = if *shared && !one { " per second over all clients" } else { "" };
            let time = duration.map(|time| format!(", for {}", span(nanos(time))));
            let most = scenario.exchanges.filter(|_| duration.is_none());
            let most = most.map(|most| format!(", up to {}{each}", count(most.into(), "exchange")));
            let (time, most) = (time.unwrap_or_default(), most.unwrap_or_default());
            format!(
                "{clients} begin{s} exchanges as they arrive ({arrivals}{together}){time}{most}, whether or not \
                 earlier ones have ended"
            )
        }
        Workload::Closed { .. } if exchanges == 1 && one => "One client asks".to_string(),
        Workload::Closed { .. } if exchanges == 1 => format!("{clients} ask{at_once}"),
        Workload::Closed { .. } => {
            let times = grouped(exchanges);
            format!("{clients} ask{s}{at_once}, {times} times{each}, one after another")
        }
    }
}

/// Returns how long a packet takes.
fn latency(latency: &Distribution) -> String {
    let span = |time: &Duration| span(nanos(*time));
    match latency {
        Distribution::Constant(time) => span(time),
        Distribution::Uniform(low, high) => format!("{} to {}", span(low), span(high)),
        Distribution::Normal(mean, deviation) => {
            format!("{} on average (standard deviation {})", span(mean), span(deviation))
        }
        Distribution::Quantiles(quantiles) => {
            format!("{} in the median (log-normal, {quantiles})", span(&quantiles.median()))
        }
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_run_of_ones_own_is_described() {
        let say = |fragment: &str| headline(&Scenario::from_fragment(fragment).0);
        assert_eq!(say("seed=7&link.loss=0.3").0, "One lost reply");
        let (title, sentence) = say("exchanges=100&server.drop=0.5");
        assert_eq!(title, "textbook");
        assert!(sentence.starts_with("How does the textbook client cope"), "{sentence}");
        assert!(sentence.contains("? One client asks, 100 times"), "{sentence}");
        let (title, sentence) = say("clients=3&link.loss=0.25&server.drop=0.5&exchanges=2");
        assert_eq!(title, "Your own run");
        assert_eq!(
            sentence,
            "3 clients ask at once, 2 times each, one after another. A packet takes 10 ms and is \
             lost with probability 0.25; the server drops a request with probability 0.5. With the \
             policy textbook, each client waits 100 ms, then twice as long after each timeout, \
             and gives up at 3.1 s."
        );
        let (_, rtt) = say("link.rtt=30ms");
        assert!(rtt.contains(". A packet takes half of a round trip of 30 ms. With"), "{rtt}");
        for (fragment, words) in [
            ("policy.multiplier=1", "waits 100 ms after every send, and never gives up."),
            (
                "policy.preset=coap",
                "With the policy coap, the client waits 2 s, then twice as long after each \
                 timeout, the first drawn up to 50 % longer, and gives up at 62 to 93 s.",
            ),
            (
                "policy.preset=wget&policy.max_sends=3",
                "With a changed policy wget, the client waits 1 s, then 1 s longer after each \
                 timeout, at most 10 s, and gives up at 6 s.",
            ),
            (
                "policy.preset=aws-standard",
                "at most 20 s, each drawn between zero and that, and gives up at 0 to 7 s, unless its budget \
                 ends the exchange before.",
            ),
            (
                "policy.preset=kubernetes-crashloop",
                "waits 0 s, 10 s, 20 s, 40 s, 80 s, 160 s, 5 min, and so on, and never gives up.",
            ),
            (
                "policy.backoff=fibonacci",
                "waits 100 ms twice, then as long as the last two \
              together, and gives up at 3.3 s.",
            ),
            (
                "policy.attempt_timeout=50ms&policy.multiplier=1&policy.max_sends=3",
                "waits 50 ms for each reply, then pauses 100 ms after every send, and gives up at \
                 350 ms.",
            ),
            (
                "policy.preset=ethernet",
                "at most 52.4 ms, each drawn in slots of 51.2 µs, and gives up at 0 to 419 ms.",
            ),
        ] {
            let (_, sentence) = say(fragment);
            assert!(sentence.ends_with(words), "{fragment}: {sentence}");
        }
    }

    /// The growth of the waits was once described as if there were many of them, and all were alike.
    #[test]
    fn only_waits_that_exist_are_described() {
        for (fragment, words) in [
            (
                "policy.max_sends=1",
                "With a changed policy textbook, the client waits for the reply, and gives up at 100 ms.",
            ),
            ("policy.preset=udp-pinger", "the client waits for the reply, and gives up at 1 s."),
            (
                "policy.preset=tcp-syn-linux-6.5",
                "waits 1 s 5 times, then twice as long after each timeout, at most 120 s, and gives up at 131 s.",
            ),
            (
                "policy.linear_timeouts=3&policy.max_sends=4",
                "the client waits 100 ms after every send, and gives up at 400 ms.",
            ),
            (
                "policy.jitter=decorrelated&policy.max_timeout=1s",
                "the client draws each wait from 100 ms up to three times the previous one, at most 1 s, and gives up at ",
            ),
            (
                "policy.preset=grpc-connect",
                "as long after each timeout, at most 120 s, all but the first up to 20 % off, and ",
            ),
            (
                "policy.preset=dhcpv6-solicit",
                ", each up to 10 % off, the first never shorter, and never gives up.",
            ),
            (
                "policy.preset=stun",
                "waits 500 ms, then twice as long after each timeout, waits a final 8 s, and gives up at 39.5 s.",
            ),
            (
                "policy.backoff=list&policy.timeouts=1s,2s,3s&policy.max_sends=2",
                "the client waits 1 s, 2 s, and gives up at 3 s.",
            ),
            (
                "server.fail=1&server.hint=500ms&policy.max_sends=3",
                "and gives up at 700 ms if no reply comes.",
            ),
            (
                "clients=30&workload.task=write",
                "each client waits 100 ms, then twice as long after each refused write, and gives up after 5 refused \
                 writes and pauses of 1.5 s.",
            ),
            (
                "workload.task=write&policy.multiplier=1&policy.max_sends=2",
                "the client waits 100 ms after every refused write, and gives up after 2 refused writes and pauses of \
                 100 ms.",
            ),
        ] {
            let (_, sentence) = headline(&Scenario::from_fragment(fragment).0);
            assert!(sentence.contains(words), "{fragment}: {sentence}");
        }
    }

    #[test]
    fn directions_that_differ_are_described_apart() {
        for (fragment, words) in [
            ("link.reply_latency=200ms", ". A request takes 10 ms; a reply takes 200 ms. With"),
            (
                "link.loss=0.3&link.reply_loss=0",
                ". A request takes 10 ms and is lost with probability 0.3; a reply takes 10 ms and is not lost. With",
            ),
            (
                "link.reply_rate=1kbit",
                ". A request takes 10 ms; a reply takes 10 ms after it is sent at 1kbit per second. With",
            ),
            ("link.reply_latency=10ms", ". A packet takes 10 ms. With"),
            (
                "clients=5&policy.first_delay=0s+1s&link.loss=0.5&link.reply_latency=1s",
                "5 clients ask. A request takes 10 ms and is lost with probability 0.5; a reply takes 1 s and is lost \
                 with probability 0.5. With",
            ),
        ] {
            let (_, sentence) = headline(&Scenario::from_fragment(fragment).0);
            assert!(sentence.contains(words), "{fragment}: {sentence}");
        }
    }

    #[test]
    fn fits_capacities_and_immediate_sends_are_described() {
        for (fragment, words) in [
            (
                "link.latency=quantiles+p50%3D8ms+p99%3D60ms",
                ". A packet takes 8 ms in the median (log-normal, quantiles p50=8ms p99=60ms). With",
            ),
            (
                "server.service=2ms",
                ". A packet takes 10 ms; the server can process 500 requests per second. With",
            ),
            ("server.service=300ms", "; the server can process 3.33 requests per second. With"),
            (
                "policy.initial_timeout=0s&policy.max_sends=3&policy.attempt_timeout=50ms",
                "the client waits 50 ms for each reply, then sends again at once, and gives up at 150 ms.",
            ),
            (
                "policy.initial_timeout=0s&policy.backoff=linear&policy.increment=1s&policy.max_sends=3",
                "waits 0 s, then 1 s longer after each timeout, and gives up at 3 s.",
            ),
        ] {
            let (_, sentence) = headline(&Scenario::from_fragment(fragment).0);
            assert!(sentence.contains(words), "{fragment}: {sentence}");
        }
    }

    /// An open loop was once described as "one after another", and its arrivals as a client's asking.
    #[test]
    fn a_workload_is_called_what_it_is() {
        let say = |fragment: &str| headline(&Scenario::from_fragment(fragment).0).1;
        let open = say("exchanges=4&token=true&workload.arrivals=constant+20&server.reply=mirror");
        assert!(open.starts_with(
            "One client begins exchanges as they arrive (constant 20), up to 4 exchanges, whether \
             or not earlier ones have ended. A packet takes 10 ms."
        ), "{open}");
        let shared = say("clients=4&workload.rate=500&workload.duration=9s");
        let begins = "4 clients begin exchanges as they arrive (poisson 500 per second over all clients), for 9 s, \
                      whether or not earlier ones have ended.";
        assert!(shared.starts_with(begins), "{shared}");
        let write = "workload.task=write&clients=3&policy.give_up_above=none";
        assert!(
            say(write).starts_with("3 clients write the same row, once each."),
            "{}",
            say(write)
        );
        assert!(!say(write).contains("ask"), "{}", say(write));
        assert!(say(write).contains("twice as long after each refused write"), "{}", say(write));
        let beat = "exchanges=20&workload.task=heartbeat&link.loss=0.1";
        assert_eq!(
            say(beat),
            "One client sends 20 heartbeats, one every 1 s, which nobody answers; the server declares a client dead \
             after 3 s without one. A packet takes 10 ms and is lost with probability 0.1."
        );
        assert_eq!(
            say("message=www.example&protocol=dns"),
            "One client looks up the name www.example. A packet takes 10 ms. The resolver follows resolv.conf with \
             timeout:5 attempts:2."
        );
        let two = say("servers=a%3D192.0.2.1:7,b%3D192.0.2.2:7");
        assert!(
            two.contains(". The servers a, b are asked in turn. With the policy textbook"),
            "{two}"
        );
    }
}
