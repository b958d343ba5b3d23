//! Sentences: what a scenario is, what happens at a moment, what came out.

use crate::lessons::LESSONS;
use crate::numbers::{count, grouped, percent, ratio, span};
use crate::run::{MOST_FLOWS, Run};
use crate::schedule::Schedule;
use crate::timeline::{Id, Packet, Purpose, Timeline, Wait};
use retrylab_core::dist::Distribution;
use retrylab_core::link::Loss;
use retrylab_core::policy::{Backoff, Jitter, Policy, Stop};
use retrylab_core::random::Probability;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::Summary;
use retrylab_core::time::{Duration, nanos};
use retrylab_core::trace::{Cause, Direction, Record, What};
use retrylab_core::value::Factor;
use retrylab_core::value::Share;

/// The scenario's title, and what it is or what to look at in it.
pub(crate) fn headline(scenario: &Scenario) -> (&'static str, String) {
    let fragment = scenario.to_fragment();
    match LESSONS.iter().find(|lesson| lesson.fragment == fragment) {
        Some(lesson) => (lesson.title, lesson.sentence.to_string()),
        None => ("Your own run", own(scenario)),
    }
}

/// A scenario that is no lesson, in words.
fn own(scenario: &Scenario) -> String {
    let one = scenario.clients == 1;
    let who = if one { "One client asks" } else { "clients ask at once" };
    let mut out = if one { String::new() } else { grouped(scenario.clients.into()) + " " };
    out += who;
    if scenario.exchanges > 1 {
        let each = if scenario.clients > 1 { " each" } else { "" };
        let times = grouped(scenario.exchanges.into());
        out += &format!(", {times} times{each}, one after another");
    }
    out += &format!(". A packet takes {}", latency(&scenario.link.latency));
    match &scenario.link.loss {
        Loss::Independent(Probability::NEVER) => {}
        Loss::Independent(loss) => out += &format!(" and is lost with probability {loss}"),
        loss => out += &format!(" and is lost by the law {loss}"),
    }
    if scenario.server.drop > Probability::NEVER {
        out += &format!("; the server drops a request with probability {}", scenario.server.drop);
    }
    let apart = scenario.policy != scenario.preset.policy();
    let changed = if apart { ", changed" } else { "" };
    out += &format!(". By the policy {}{changed}, ", scenario.preset);
    out += if one { "the client " } else { "each client " };
    out + &policy(&scenario.policy) + "."
}

/// What a policy's client does: "waits 2 s, then …, and gives up at 62 s".
fn policy(policy: &Policy) -> String {
    let time = |duration| span(nanos(duration));
    let (first, factor) = (time(policy.initial_timeout()), policy.multiplier());
    let more = time(policy.increment());
    let adds = !policy.increment().is_zero();
    let mut out = match policy.backoff() {
        Backoff::Linear if adds => format!("waits {first}, then {more} longer after each silence"),
        Backoff::Exponential if factor > Factor::ONE => {
            let and = if adds { format!(" and {more} more") } else { String::new() };
            let times =
                if factor == Factor::TWO { "twice".to_string() } else { format!("{factor} times") };
            format!("waits {first}, then {times} as long{and} after each silence")
        }
        Backoff::Exponential if adds => {
            format!("waits {first}, then {more} longer after each silence")
        }
        Backoff::Fibonacci => format!("waits {first} twice, then as long as the last two together"),
        Backoff::List => {
            let waits: Vec<String> = policy.timeouts().iter().map(time).collect();
            format!("waits {}, and so on", waits.join(", "))
        }
        _ => format!("waits {first} after every send"),
    };
    if let Some(most) = policy.max_timeout() {
        out += &format!(", at most {}", time(most));
    }
    out += &match policy.jitter() {
        Jitter::Full => ", each drawn from nothing up to that".to_string(),
        Jitter::Equal => ", each drawn from half of that up to that".to_string(),
        Jitter::Decorrelated => {
            format!(", each drawn from {first} up to three times the one before")
        }
        Jitter::Once(share) => format!(", the first drawn up to {} longer", part(share)),
        Jitter::Additive(spread) => format!(", each up to {} off", time(spread)),
        Jitter::Slots(slot) => format!(", each drawn in slots of {}", time(slot)),
        Jitter::Proportional(share)
        | Jitter::ProportionalLater(share)
        | Jitter::Compounding(share)
        | Jitter::CompoundingUp(share) => format!(", each up to {} off", part(share)),
        _ => String::new(),
    };
    out += ", and ";
    out + &Schedule::new(policy).ending()
}

/// A share in percent.
fn part(share: Share) -> String {
    percent(share.millionths().into(), 1_000_000)
}

/// What came out of a run, or of what was simulated of it.
pub(crate) fn outcome(run: &Run) -> String {
    let summary = run.summary();
    let mut out = String::new();
    if run.was_stopped() {
        let (events, at) = (run.events(), span(run.simulated().as_nanos()));
        out += &format!("Stopped after {} and {at}. ", count(events, "event"));
    }
    out += &match ending(run, &summary) {
        Some(sentence) => sentence,
        None => exchanges(&summary),
    };
    for (n, one, many) in [
        (summary.lost, "The link lost one packet.", "The link lost # packets."),
        (
            summary.server_dropped,
            "The server dropped one request.",
            "The server dropped # requests.",
        ),
        (summary.late_replies, "One reply came too late.", "# replies came too late."),
    ] {
        match n {
            0 => {}
            1 => out = out + " " + one,
            n => out = out + " " + &many.replace('#', &grouped(n)),
        }
    }
    out + &brakes(run, &summary)
}

/// How many of several exchanges a brake ended, where all records are there to tell.
fn brakes(run: &Run, summary: &Summary) -> String {
    if summary.finished() < 2 || run.is_cut() || run.scenario().clients > MOST_FLOWS {
        return String::new();
    }
    let ended = |by: Stop| {
        let is = |record: &&Record| matches!(record.what, What::GaveUp { why, .. } if why == by);
        run.records().iter().filter(is).count() as u64
    };
    let of = |n| count(n, "exchange");
    let mut out = String::new();
    for (n, what) in [
        (ended(Stop::Budget), "The spent budget"),
        (ended(Stop::Breaker), "The open breaker"),
        (ended(Stop::Deadline), "The deadline"),
    ] {
        if n > 0 {
            out += &format!(" {what} ended {}.", of(n));
        }
    }
    out
}

/// How the only exchange of a run ended.
fn ending(run: &Run, summary: &Summary) -> Option<String> {
    if summary.finished() != 1 {
        return None;
    }
    run.records().iter().rev().find_map(|record| end_of_exchange(&record.what))
}

/// The end of an exchange as a sentence; `None` for other events.
fn end_of_exchange(what: &What) -> Option<String> {
    let sends = |n: u32| count(n.into(), "send");
    Some(match what {
        What::Answered { sends: n, elapsed, .. } => {
            format!("Answered after {} and {}.", span(nanos(*elapsed)), sends(*n))
        }
        What::GaveUp { sends: 0, why, .. } => format!("The client did not ask: {why}."),
        What::GaveUp { sends: n, elapsed, why } => {
            let why = match why {
                Stop::MaxSends | Stop::GiveUpAbove => "it takes the server to be down".to_string(),
                Stop::Deadline => "its deadline allows no more".to_string(),
                brake => brake.to_string(),
            };
            let (elapsed, sends) = (span(nanos(*elapsed)), sends(*n));
            format!("The client gave up after {elapsed} and {sends}: {why}.")
        }
        What::Refused { sends: n, elapsed } => {
            format!("Refused after {} and {}.", span(nanos(*elapsed)), sends(*n))
        }
        _ => return None,
    })
}

fn exchanges(summary: &Summary) -> String {
    let finished = summary.finished();
    if finished == 0 {
        return format!("No exchange has ended; {} so far.", count(summary.sends, "send"));
    }
    let mut out = match summary.answered {
        0 => format!("None of {} was answered", count(finished, "exchange")),
        n if n == finished => format!("All {} were answered", count(finished, "exchange")),
        n => format!(
            "{} of {} were answered ({})",
            grouped(n),
            count(finished, "exchange"),
            percent(n, finished)
        ),
    };
    if summary.gave_up > 0 && summary.answered > 0 {
        out += &format!(", {} gave up", grouped(summary.gave_up));
    }
    if summary.refused > 0 {
        out += &format!(", {} were refused", grouped(summary.refused));
    }
    let s = if summary.sends == finished { "" } else { "s" };
    out += &format!(". {} send{s} per exchange.", ratio(summary.sends, finished));
    out
}

/// Beyond so many clients at one moment they are counted, not named.
const NAMED: usize = 2;

/// Beyond so many records at one moment they are counted, not told.
const TOLD: usize = 12;

/// What happens at the latest moment at or before `at`.
pub(crate) fn moment(run: &Run, timeline: &Timeline, at: u64) -> String {
    let Some(moment) = timeline.moment(at) else { return String::new() };
    let records = run.records();
    if timeline.shown_at(moment).nth(TOLD).is_some() {
        return crowd(records, timeline, timeline.shown_at(moment));
    }
    let ids: Vec<Id> = timeline.shown_at(moment).collect();
    let mut flows = Vec::new();
    for id in &ids {
        let flow = records[*id as usize].flow;
        if !flows.contains(&flow) {
            if flows.len() == NAMED {
                return crowd(records, timeline, ids.iter().copied());
            }
            flows.push(flow);
        }
    }
    let mut sentences = Vec::new();
    for flow in flows {
        let of_flow = ids.iter().copied().filter(|id| records[*id as usize].flow == flow);
        let happened: Vec<Id> = of_flow.collect();
        let name = (run.scenario().clients > 1).then_some(flow);
        sentences.extend(story(run, timeline, &happened, name));
    }
    sentences.join(" ")
}

/// How long a packet takes.
fn latency(latency: &Distribution) -> String {
    let span = |time: &Duration| span(nanos(*time));
    match latency {
        Distribution::Constant(time) => span(time),
        Distribution::Uniform(low, high) => format!("{} to {}", span(low), span(high)),
        Distribution::Normal(mean, deviation) => {
            format!("{}, give or take {}", span(mean), span(deviation))
        }
        other => other.to_string(),
    }
}

/// How many clients stand where at `at`: for a crowd that moves too fast to be told one by one.
pub(crate) fn overview(run: &Run, timeline: &Timeline, at: u64) -> String {
    let summary = timeline.summary(run.records(), at);
    let total = u64::from(run.scenario().clients) * u64::from(run.scenario().exchanges);
    let flying = timeline.in_flight(at) as u64;
    let mut out = format!("{} of {} answered", grouped(summary.answered), count(total, "exchange"));
    if summary.gave_up > 0 {
        out += &format!(", {} gave up", grouped(summary.gave_up));
    }
    out + &format!("; {} in flight.", count(flying, "packet"))
}

/// What happens to one client at one moment, as sentences.
fn story(run: &Run, timeline: &Timeline, ids: &[Id], name: Option<u32>) -> Vec<String> {
    let client = name.map_or("the client".to_string(), |flow| format!("client {flow}"));
    let whose = name.map_or(String::new(), |flow| format!(" of client {flow}"));
    let records = run.records();
    let has = |test: fn(&What) -> bool| ids.iter().any(|id| test(&records[*id as usize].what));
    let replies = has(|what| matches!(what, What::Sent { direction: Direction::Reply, .. }));
    let armed = ids
        .iter()
        .copied()
        .find(|id| matches!(records[*id as usize].what, What::TimerArmed { .. }));
    let waits = armed.and_then(|id| timeline.wait_of(id)).filter(|wait| !wait.is_unsent());
    let waits = waits.map_or(String::new(), |wait| {
        let last = wait.purpose() == Purpose::LastReply;
        let what = if last { "waits a last" } else { "waits" };
        format!(" and {what} {}", wait.length())
    });
    let mut out = Vec::new();
    let mut silence = None;
    for id in ids {
        let record = &records[*id as usize];
        let (send, exchange) = record.label.map_or((1, 1), |l| (l.send.get(), l.exchange.get()));
        out.push(match record.what {
            What::TimerFired { .. } => {
                let wait = timeline.wait_of(*id).filter(|wait| !wait.is_unsent());
                silence = wait.map(Wait::length);
                continue;
            }
            What::TimerArmed { .. } => {
                let Some(wait) = timeline.wait_of(*id) else { continue };
                let (client, length) = (capital(&client), wait.length());
                match wait.purpose() {
                    Purpose::Start if wait.exchange() == 1 => {
                        format!("{client} waits {length} before its first send.")
                    }
                    Purpose::Start => {
                        format!("{client} waits {length} before exchange {}.", wait.exchange())
                    }
                    Purpose::Rest => format!("{client} may not ask now, and rests {length}."),
                    Purpose::Reply | Purpose::LastReply => continue,
                }
            }
            What::Sent { direction: Direction::Request, .. } => match (silence.take(), exchange) {
                (Some(silence), _) => format!(
                    "No reply for {silence}: {client} sends the same request again (send {send})\
                     {waits}."
                ),
                (None, 1) => format!("{} sends its request{waits} for a reply.", capital(&client)),
                (None, n) => format!("{} begins exchange {n}{waits}.", capital(&client)),
            },
            What::Delivered { direction: Direction::Request } if replies => {
                format!("The request{whose} arrives (send {send}); the server replies.")
            }
            What::Delivered { direction: Direction::Request } => {
                format!("The request{whose} arrives (send {send}).")
            }
            What::Dropped { direction: Direction::Request, cause: Cause::LinkLoss } => {
                format!("The request{whose} is lost on the link (send {send}).")
            }
            What::Dropped { direction: Direction::Request, cause } => format!("It is {cause}."),
            What::Dropped { direction: Direction::Reply, cause } => {
                format!("The reply to send {send}{whose} is {cause}.")
            }
            What::Delivered { direction: Direction::Reply } => continue,
            What::Answered { .. } => {
                let end = end_of_exchange(&record.what).unwrap_or_default();
                format!("The reply to send {}{whose} arrives. {end}", arrived(timeline, record))
            }
            What::LateReply => format!(
                "The reply to send {}{whose} arrives too late and is ignored.",
                arrived(timeline, record)
            ),
            What::GaveUp { .. } | What::Refused { .. } => {
                let end = end_of_exchange(&record.what).unwrap_or_default();
                match silence.take() {
                    Some(silence) => format!("No reply for {silence}. {end}"),
                    None => end,
                }
                .replace("The client", &capital(&client))
            }
            What::Stranger => format!("{} hears a stranger and ignores it.", capital(&client)),
            What::Note(words) => format!("{}: {words}.", capital(&client)),
            _ => continue,
        });
    }
    if let (Some(silence), true) = (silence, out.is_empty()) {
        // What followed is not kept.
        out.push(format!("No reply for {silence}."));
    }
    out
}

/// Which send the reply answers that a record is about.
fn arrived(timeline: &Timeline, record: &Record) -> u32 {
    let packet = timeline.packet_numbered(record.packet).and_then(|id| timeline.packet(id));
    packet.map_or(1, Packet::send)
}

/// What happens to many clients at one moment.
fn crowd(records: &[Record], timeline: &Timeline, ids: impl Iterator<Item = Id>) -> String {
    let mut sum = Summary::default();
    let (mut requests, mut again, mut replies) = (0, 0, 0);
    let (mut starting, mut resting) = (0, 0);
    for id in ids {
        use retrylab_core::trace::Sink;
        let record = &records[id as usize];
        sum.record(record);
        match record.what {
            What::Delivered { direction: Direction::Request } => requests += 1,
            What::Delivered { direction: Direction::Reply } => replies += 1,
            What::Sent { direction: Direction::Request, .. } => {
                again += u64::from(record.label.is_some_and(|label| label.send.get() > 1));
            }
            What::TimerArmed { .. } => match timeline.wait_of(id).map(Wait::purpose) {
                Some(Purpose::Start) => starting += 1,
                Some(Purpose::Rest) => resting += 1,
                _ => {}
            },
            _ => {}
        }
    }
    let mut parts = Vec::new();
    for (n, noun, verb) in [
        (sum.sends - again, "request", "sent"),
        (again, "request", "sent again"),
        (requests, "request", "arrive at the server"),
        (sum.lost, "packet", "lost on the link"),
        (sum.server_dropped, "request", "dropped by the server"),
        (replies, "reply", "arrive"),
        (sum.gave_up, "client", "gave up"),
        (starting, "client", "about to send"),
        (resting, "client", "held by a brake"),
    ] {
        if n > 0 {
            let things = count(n, noun).replace("replys", "replies");
            parts.push(format!("{things} {verb}"));
        }
    }
    if parts.is_empty() { String::new() } else { format!("{}.", parts.join(", ")) }
}

/// The text with a capital first letter, if that is an ASCII one.
pub(crate) fn capital(text: &str) -> String {
    let mut text = text.to_string();
    if let Some(first) = text.get_mut(..1) {
        first.make_ascii_uppercase();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    fn over(fragment: &str) -> (Run, Timeline) {
        let (scenario, errors) = Scenario::from_fragment(fragment);
        assert_eq!(errors, []);
        let mut run = Run::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(run.scenario(), run.records(), run.is_cut());
        (run, timeline)
    }

    fn stories(fragment: &str) -> Vec<String> {
        let (run, timeline) = over(fragment);
        timeline.moments().iter().map(|at| moment(&run, &timeline, *at)).collect()
    }

    #[test]
    fn the_opening_run_reads_as_a_story() {
        assert_eq!(
            stories(LESSONS[0].fragment),
            [
                "The client sends its request and waits 100 ms for a reply.",
                "The request arrives (send 1); the server replies.",
                "The reply to send 1 is lost on the link.",
                "No reply for 100 ms: the client sends the same request again (send 2) and waits \
                 200 ms.",
                "The request arrives (send 2); the server replies.",
                "The reply to send 2 arrives. Answered after 120 ms and 2 sends.",
            ]
        );
    }

    #[test]
    fn drops_late_replies_and_giving_up_have_their_words() {
        let nobody = stories("server.drop=1&policy.max_sends=1");
        assert_eq!(
            nobody,
            [
                "The client sends its request and waits a last 100 ms for a reply.",
                "The request arrives (send 1). It is dropped by the server at random.",
                "No reply for 100 ms. The client gave up after 100 ms and 1 send: it takes the \
                 server to be down.",
            ]
        );
        let late = stories("link.latency=60ms").pop().unwrap();
        assert_eq!(late, "The reply to send 2 arrives too late and is ignored.");
        let second = &stories("exchanges=2")[2];
        assert_eq!(
            second,
            "The reply to send 1 arrives. Answered after 20 ms and 1 send. The client begins \
             exchange 2 and waits 100 ms."
        );
    }

    #[test]
    fn two_clients_are_named_and_many_are_counted() {
        assert!(stories("clients=2")[0].contains("Client 2 sends its request"));
        let many = stories("clients=40&link.loss=0.3");
        assert_eq!(many[0], "40 requests sent.");
        assert!(many[1].contains(" lost on the link"), "{}", many[1]);
        let (run, timeline) = over("clients=40");
        assert_eq!(
            overview(&run, &timeline, 5_000_000),
            "0 of 40 exchanges answered; 40 packets in flight."
        );
    }

    #[test]
    fn outcomes_say_what_came_out() {
        let say = |fragment| outcome(&over(fragment).0);
        assert_eq!(
            say("seed=7&link.loss=0.3"),
            "Answered after 120 ms and 2 sends. The link lost one packet."
        );
        assert_eq!(
            say("server.drop=1"),
            "The client gave up after 3.1 s and 5 sends: it takes the server to be down. The \
             server dropped 5 requests."
        );
        assert_eq!(say("clients=3"), "All 3 exchanges were answered. 1 send per exchange.");
        assert!(say("clients=100&link.loss=0.3").contains("of 100 exchanges were answered ("));
        let (scenario, _) = Scenario::from_fragment("server.drop=1");
        let mut run = Run::new(scenario);
        run.advance(1);
        run.stop();
        assert!(outcome(&run).starts_with("Stopped after 2 events and 0 s. No exchange"));
    }

    #[test]
    fn a_run_of_ones_own_is_described() {
        let say = |fragment: &str| headline(&Scenario::from_fragment(fragment).0);
        assert_eq!(say("seed=7&link.loss=0.3").0, "One lost reply");
        let (title, sentence) = say("clients=3&link.loss=0.25&server.drop=0.5&exchanges=2");
        assert_eq!(title, "Your own run");
        assert_eq!(
            sentence,
            "3 clients ask at once, 2 times each, one after another. A packet takes 10 ms and is \
             lost with probability 0.25; the server drops a request with probability 0.5. By the \
             policy textbook, each client waits 100 ms, then twice as long after each silence, \
             and gives up at 3.1 s."
        );
        for (fragment, words) in [
            ("policy.multiplier=1", "waits 100 ms after every send, and never gives up."),
            (
                "policy.preset=coap",
                "By the policy coap, the client waits 2 s, then twice as long after each \
                 silence, the first drawn up to 50 % longer, and gives up at 62 to 93 s.",
            ),
            (
                "policy.preset=wget&policy.max_sends=3",
                "By the policy wget, changed, the client waits 1 s, then 1 s longer after each \
                 silence, at most 10 s, and gives up at 6 s.",
            ),
            (
                "policy.preset=aws-standard",
                "at most 20 s, each drawn from nothing up to that, and gives up at 0 to 7 s.",
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
                "policy.preset=ethernet",
                "at most 52.4 ms, each drawn in slots of 51.2 µs, and gives up at 0 to 419 ms.",
            ),
        ] {
            let (_, sentence) = say(fragment);
            assert!(sentence.ends_with(words), "{fragment}: {sentence}");
        }
    }

    #[test]
    fn an_instant_with_very_much_in_it_is_counted() {
        let (run, timeline) = over("exchanges=5000&link.latency=0s");
        let told = moment(&run, &timeline, 0);
        assert!(told.len() < 200 && told.contains("5,000 requests"), "{told}");
    }

    #[test]
    fn a_delayed_start_and_the_brakes_have_their_words() {
        let delayed = stories("policy.first_delay=50ms&exchanges=2");
        assert_eq!(delayed[0], "The client waits 50 ms before its first send.");
        assert_eq!(delayed[1], "The client sends its request and waits 100 ms for a reply.");
        assert!(
            delayed[3].ends_with("The client waits 50 ms before exchange 2."),
            "{}",
            delayed[3]
        );
        assert_eq!(delayed[4], "The client begins exchange 2 and waits 100 ms.");

        let broken = stories("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
        assert_eq!(
            broken[2..],
            [
                "No reply for 100 ms. The client gave up after 100 ms and 1 send: it takes the \
                 server to be down. The client may not ask now, and rests 100 ms.",
                "The client did not ask: the breaker is open.",
            ]
        );
        let (run, _) = over("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
        assert!(
            outcome(&run).ends_with(" The open breaker ended 1 exchange."),
            "{}",
            outcome(&run)
        );

        let say = |fragment| outcome(&over(fragment).0);
        assert!(say("policy.deadline=250ms&server.drop=1").starts_with(
            "The client gave up after 250 ms and 2 sends: its deadline allows no more."
        ));
        assert!(
            say("policy.budget=quota+500+501+1&server.drop=1")
                .starts_with("The client gave up after 100 ms and 1 send: the budget is spent.")
        );
        let crowd = stories("clients=40&policy.first_delay=0s+50ms");
        assert_eq!(crowd[0], "40 clients about to send.");
        assert!(crowd.iter().all(|words| words != "."));
    }
}
