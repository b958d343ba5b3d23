//! What a scenario is, in words.

use super::by_hand::{acts, faults};
use super::models::{arrivals, distribution, loss, rate};
use super::policy::policy;
use crate::fields;
use crate::lessons::{self, Lesson};
use crate::numbers::{count, grouped, ratio, span};
use crate::rest::{fill, text};
use crate::schedule::resolver_options;
use retrylab_core::link::{Latency, Link, Loss, Rate};
use retrylab_core::policy::Adaptive;
use retrylab_core::random::Probability;
use retrylab_core::scenario::{Protocol, Scenario, Workload};
use retrylab_core::time::nanos;
use retrylab_core::trace::words;
use retrylab_core::value::Same;

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

/// Returns what a scenario is, for paper: its question if it has one, not what to watch, and its description.
pub(crate) fn topic(scenario: &Scenario) -> String {
    let lesson = lessons::find(&scenario.to_fragment());
    let described = |lesson: &Lesson| lesson.question().to_string() + " " + &own(scenario);
    lesson.map_or_else(|| headline(scenario).1, described)
}

/// Returns what changes during the run, a sentence for each time.
#[inline(never)]
fn changes(scenario: &Scenario) -> String {
    let mut out = String::new();
    for change in scenario.changes.as_slice() {
        let (at, label) = (span(nanos(change.at)), fields::label_of(&change.key));
        out += &fill(text!(" From # on, “#” is #."), &[&at, &label, &change.value]);
    }
    out
}

/// Returns a description of a scenario that is not a lesson.
fn own(scenario: &Scenario) -> String {
    what_happens(scenario) + &others(scenario) + &faults(scenario) + &acts(scenario)
}

/// Returns the settings that the other sentences leave out, as a sentence; empty if there are none.
fn others(scenario: &Scenario) -> String {
    let is_described = |key: &str| {
        let described = [
            "clients",
            "exchanges",
            "seed",
            "message",
            "link.preset",
            "link.latency",
            "link.rtt",
            "link.loss",
            "link.rate",
            "link.reply_latency",
            "link.reply_loss",
            "link.reply_rate",
            "server.drop",
            "server.service",
            "server.workers",
            "server.rising",
            "servers",
            "faults",
            "acts",
            "changes",
            "dns.options",
        ];
        let is_lookup = scenario.protocol == Protocol::Dns && key == "protocol";
        let is_queue = key == "server.queue" && scenario.station.capacity().is_some();
        is_lookup
            || is_queue
            || described.contains(&key)
            || key.starts_with("policy.")
            || key.starts_with("workload.")
    };
    let others = scenario.changes().filter(|(key, _)| !is_described(key));
    let named =
        others.map(|(key, value)| fill(text!("“#” is #"), &[&fields::label_of(key), &value]));
    match named.collect::<Vec<_>>().as_slice() {
        [] => String::new(),
        named => text!(" Besides, ").to_string() + &named.join(", ") + ".",
    }
}

/// Returns who sends what over which link to which server, and by which policy.
fn what_happens(scenario: &Scenario) -> String {
    let one = scenario.clients == 1;
    let mut out = workload(scenario);
    out += &trips(&scenario.link, one);
    if scenario.server.drop > Probability::NEVER {
        out += text!("; the server drops a request with probability ");
        out += &scenario.server.drop.to_string();
    }
    if let Some(capacity) = scenario.station.capacity() {
        let server = if scenario.servers.is_several() { "each" } else { "the" };
        let requests = ratio((capacity * 1e3).round() as u64, 1_000);
        out += &fill(text!("; # server can process # requests per second"), &[server, &requests]);
        out += &places(scenario);
    } else if !scenario.station.is_instant() {
        let takes = distribution(&scenario.station.service);
        out += &format!("{}{takes}", text!("; the work on a request takes "));
    }
    if scenario.servers.is_several() {
        let names = scenario.servers.as_slice().iter().map(|server| words::quoted(server.name));
        out += &format!(". The servers {} are asked in turn", names.collect::<Vec<_>>().join(", "));
    }
    if scenario.workload.heartbeat().is_some() {
        return out + ".";
    }
    if let Some(options) = resolver_options(scenario) {
        return out
            + text!(". The resolver follows resolv.conf with ")
            + &options.to_string()
            + ".";
    }
    let apart = scenario.policy != scenario.preset.policy();
    let which = if apart { "a changed" } else { "the" };
    out += &format!(". With {which} {} policy, ", scenario.preset);
    out += if one { "the client " } else { "each client " };
    out += &policy(scenario);
    // A heartbeat or a lookup has no policy.
    if scenario.policy.adaptive() != Adaptive::None && scenario.max_exchanges() > 1 {
        out += text!(". In later exchanges, measured round trips move the first wait");
    }
    out + "."
}

/// Returns how many requests may wait for the work of a server.
fn places(scenario: &Scenario) -> String {
    match scenario.station.queue {
        None => String::new(),
        Some(0) => text!(" and has no queue").to_string(),
        Some(most) => text!(" and has a queue of ").to_string() + &grouped(u64::from(most)),
    }
}

/// Returns how long packets take and how many are lost: of each direction, if they differ.
fn trips(link: &Link, one: bool) -> String {
    let time = match &link.latency {
        Latency::OneWay(time) => distribution(time),
        Latency::RoundTrip(time) => {
            text!("half of a round trip of ").to_string() + &distribution(time)
        }
    };
    let reply_time = match &link.reply_latency {
        Same::Own(time) => &distribution(time),
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
    let whose = if one || link.shared { "" } else { text!(" client and") };
    let request = trip(&time, link.rate, (&link.loss, whose));
    let reply = trip(reply_time, reply_rate, (reply_loss, whose));
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
fn trip(time: &str, sent_at: Option<Rate>, (lost, whose): (&Loss, &str)) -> String {
    let sent = sent_at.map(|bits| format!(" after it is sent at {}", rate(bits)));
    format!("takes {time}{}{}", sent.unwrap_or_default(), loss(lost, whose))
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
            let every = match exchanges {
                1 => String::new(),
                _ => fill(text!(", one every #"), &[&interval]),
            };
            fill(
                text!(
                    "# send# ###, which nobody answers; the server declares a client dead after # without one"
                ),
                &[&clients, s, &count(exchanges, "heartbeat"), each, &every, &dead_after],
            )
        }
        Workload::Closed { .. } if scenario.protocol == Protocol::Dns => {
            format!("{clients} look{s} up the name {}", scenario.message)
        }
        Workload::Open { arrivals: when, shared, duration } => {
            let whose = match (one, shared) {
                (true, _) => "",
                (false, true) => " over all clients",
                (false, false) => " at each client",
            };
            let when = arrivals(when, whose);
            let time = duration.map(|time| format!(", for {}", span(nanos(time))));
            let most = scenario.exchanges.filter(|_| duration.is_none());
            let most = most.map(|most| format!(", up to {}{each}", count(most.into(), "exchange")));
            let (time, most) = (time.unwrap_or_default(), most.unwrap_or_default());
            format!(
                "{clients} begin{s} exchanges as they arrive ({when}){time}{most}, whether or not earlier ones have ended"
            )
        }
        Workload::Closed { .. } if exchanges == 1 && one => "One client asks".to_string(),
        Workload::Closed { .. } if exchanges == 1 => format!("{clients} ask{at_once}"),
        Workload::Closed { .. } => {
            let times = grouped(exchanges);
            let asks = match (one, at_once) {
                (true, _) => text!("# asks # times, one after another"),
                (false, "") => text!("# ask # times each, one after another"),
                (false, _) => text!("# begin at once; each asks # times, one after another"),
            };
            fill(asks, &[&clients, &times])
        }
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
        assert!(sentence.contains("? One client asks 100 times"), "{sentence}");
        let (title, sentence) = say("clients=3&link.loss=0.25&server.drop=0.5&exchanges=2");
        assert_eq!(title, "Your own run");
        assert_eq!(
            sentence,
            "3 clients begin at once; each asks 2 times, one after another. A packet takes 10 ms and is \
             lost with probability 0.25; the server drops a request with probability 0.5. With the \
             textbook policy, each client waits 100 ms, then twice as long after each timeout, \
             and gives up at 3.1 s."
        );
        let (_, rtt) = say("link.rtt=30ms");
        assert!(rtt.contains(". A packet takes half of a round trip of 30 ms. With"), "{rtt}");
        for (fragment, words) in [
            ("policy.multiplier=1", "waits 100 ms after every send, and never gives up."),
            (
                "policy.preset=coap",
                "With the coap policy, the client waits 2 s, then twice as long after each \
                 timeout, the first drawn up to 50 % longer, and gives up at 62 to 93 s.",
            ),
            (
                "policy.preset=wget&policy.max_sends=3",
                "With a changed wget policy, the client waits 1 s, then 1 s longer after each \
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
                "waits 50 ms for each reply, then pauses 100 ms between sends, and gives up at \
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
                ". A request takes 10 ms; a reply takes 10 ms after it is sent at 1 kbit/s. With",
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
                ". A packet takes 8 ms in the median (log-normal: p50 8 ms, p99 60 ms). With",
            ),
            (
                "server.service=2ms",
                ". A packet takes 10 ms; the server can process 500 requests per second. With",
            ),
            ("server.service=300ms", "; the server can process 3.33 requests per second. With"),
            (
                "server.service=2ms&server.queue=10",
                "; the server can process 500 requests per second and has a queue of 10. With",
            ),
            (
                "server.service=300ms&server.workers=none",
                "; the work on a request takes 300 ms. With",
            ),
            (
                "policy.preset=quic-pto&exchanges=2",
                ", and never gives up. In later exchanges, measured round trips move the first wait.",
            ),
            ("link.duplicate=0.1&server.fail=0.5", " Besides, “Fail” is 0.5, “Duplicate” is 0.1."),
            (
                "clients=2&link.loss=first+1",
                "A packet takes 10 ms and is lost if it is the first of its client and direction.",
            ),
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
            "One client begins exchanges as they arrive (20 per second, evenly spaced), up to 4 exchanges, whether \
             or not earlier ones have ended. A packet takes 10 ms."
        ), "{open}");
        let shared = say("clients=4&workload.rate=500&workload.duration=9s");
        let begins = "4 clients begin exchanges as they arrive (500 per second over all clients, at random), for 9 s, \
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
            two.contains(". The servers “a”, “b” are asked in turn. With the textbook policy"),
            "{two}"
        );
    }
}
