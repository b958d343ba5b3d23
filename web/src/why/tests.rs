use super::*;
use crate::run::PageRun;
use retrylab_core::exchange::State;
use retrylab_core::link::Check;
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::Cause;

pub(super) fn over(fragment: &str) -> (PageRun, Timeline) {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, [], "{fragment}");
    let mut run = PageRun::new(scenario);
    while !run.advance(1_000) {}
    let timeline = Timeline::new(&run);
    (run, timeline)
}

pub(super) fn texts(chain: Chain<'_>) -> Vec<String> {
    chain.links.into_iter().map(|(text, _)| text).collect()
}

/// Returns the chain of the last wait.
pub(super) fn of_last_wait(fragment: &str) -> Vec<String> {
    let (run, timeline) = over(fragment);
    texts(Chain::of_wait(&run, &timeline, timeline.waits().len() as Id - 1, (3, u64::MAX)))
}

/// Returns the first sentence about the first packet with this ending.
fn of_first(fragment: &str, test: impl Fn(&Packet) -> bool) -> String {
    let (run, timeline) = over(fragment);
    let id = timeline.packets().iter().position(test).expect(fragment);
    texts(Chain::of_packet(&run, &timeline, id as Id, (3, u64::MAX))).swap_remove(0)
}

#[test]
fn a_send_goes_back_to_the_start_of_its_exchange() {
    let (run, timeline) = over(crate::lessons::OPENING.fragment);
    let chain = Chain::of_packet(&run, &timeline, 2, (3, u64::MAX));
    assert_eq!(
        texts(chain),
        [
            "The link delivered it: it drew 0.77, not below the loss rate of 0.3.",
            "Send 2 left at 0.100 s, because the wait of 100 ms for a reply ran out.",
            "The reply to send 1 was lost on the link: it drew 0.15, below the loss rate of 0.3.",
            "The server replied to send 1 at 0.010 s.",
            "Send 1 began exchange 1 at 0.000 s.",
        ]
    );
    let chain = Chain::of_packet(&run, &timeline, 2, (3, u64::MAX));
    for (text, record) in &chain.links {
        let about = timeline.subject(record.expect(text));
        let reply = text.contains("eply to send 1") || text.contains("replied");
        let place = if reply {
            1
        } else if text.contains("Send 1") {
            0
        } else {
            2
        };
        assert_eq!(about, crate::timeline::Subject::Packet(place), "{text}");
    }
}

#[test]
fn a_long_exchange_is_cut_and_says_so() {
    let (run, timeline) = over("link.loss=1&policy.give_up_above=10s");
    let last = timeline.packets().len() as Id - 1;
    let chain = texts(Chain::of_packet(&run, &timeline, last, (3, u64::MAX)));
    assert_eq!(chain.last().unwrap(), "Before that came sends 1 to 3.");
}

#[test]
fn giving_up_has_the_limits_numbers() {
    for (fragment, sentence) in [
        (
            "link.loss=1",
            "at 3.100 s after 5 sends: the next wait would be 3.2 s, above the limit of 2 s.",
        ),
        (
            "link.loss=1&policy.max_sends=1",
            "at 0.100 s after 1 send: its policy allows no more than 1 send.",
        ),
        (
            "link.loss=1&policy.deadline=1s",
            "at 1.000 s after 4 sends: its deadline of 1 s was reached.",
        ),
        (
            "link.loss=1&policy.deadline=1s&policy.deadline_rule=before",
            "at 0.700 s after 3 sends: its deadline of 1 s left 300 ms, less than the next wait takes.",
        ),
        (
            "link.loss=0.7&exchanges=9&policy.budget=bucket+2+0.3&seed=2",
            "at 1.620 s after 1 send: its retry budget had 0.4 tokens left, and a retry needs more than 1.",
        ),
        (
            "link.loss=1&policy.budget=bucket+1+0.3",
            "at 0.100 s after 1 send: its retry budget had 1 token left, and a retry needs more than 1.",
        ),
        (
            "link.loss=1&policy.budget=deposits+0.2+0+9s",
            "at 0.100 s after 1 send: its retry budget had 0.2 left, and a retry takes 1.",
        ),
        (
            "link.loss=1&policy.budget=concurrent+0.2+0",
            "at 0.100 s after 1 send: 0 exchanges were being retried, and its budget allows 0.",
        ),
        (
            "link.loss=1&policy.breaker=share+0.3",
            "at 0.100 s after 1 send: its circuit breaker was open: the share of failures, 1 in 1 call, was above 0.3.",
        ),
    ] {
        let chain = of_last_wait(fragment);
        assert_eq!(chain[0], format!("The client gave up {sentence}"), "{fragment}");
    }
    let refused = of_last_wait("link.loss=1&exchanges=4&policy.breaker=2+2s&policy.max_sends=2");
    assert_eq!(refused[0], "The client sent nothing: its circuit breaker was open, until 2.600 s.");
}

/// What decided is what was in force: the link when a packet was sent, the server when a request arrived, the policy when
/// an exchange began.
#[test]
fn changes_during_the_run_have_their_own_numbers() {
    let run = "exchanges=3&link.loss=0.1&policy.max_sends=2";
    for (changes, test, why) in [
        (
            "30ms+link.loss%3D0.9",
            (|ending| matches!(ending, Ending::Lost(_))) as fn(_) -> bool,
            "loss rate of 0.9",
        ),
        (
            "30ms+server.drop%3D0.8",
            |ending| matches!(ending, Ending::Dropped(_)),
            "drop rate of 0.8",
        ),
    ] {
        let sentence = of_first(&format!("{run}&changes={changes}"), |packet| test(packet.ending));
        assert!(sentence.ends_with(&format!(", below the {why}.")), "{sentence}");
    }
    let gave_up = of_last_wait(
        "exchanges=2&link.loss=1&policy.max_sends=2&changes=150ms+policy.max_sends%3D3",
    );
    assert_eq!(
        gave_up[0],
        "The client gave up at 1.000 s after 3 sends: its policy allows no more than 3 sends."
    );
    let (run, timeline) =
        over("exchanges=2&link.loss=1&policy.max_sends=2&changes=150ms+policy.max_sends%3D3");
    let first = timeline.waits().iter().position(|wait| wait.timer == Timer::GiveUp).unwrap();
    let chain = texts(Chain::of_wait(&run, &timeline, first as Id, (3, u64::MAX)));
    assert!(chain[0].ends_with("its policy allows no more than 2 sends."), "{chain:?}");
}

/// Checks the first sentence about the first packet that is lost.
fn check_losses<'a>(cases: impl IntoIterator<Item = (&'a str, &'a str)>) {
    let lost = |packet: &Packet| matches!(packet.ending, Ending::Lost(_) | Ending::Dropped(_));
    for (fragment, sentence) in cases {
        assert_eq!(of_first(fragment, lost), sentence, "{fragment}");
    }
}

#[test]
fn every_drop_of_the_server_has_the_numbers_of_its_cause() {
    check_losses([
        (
            "server.drop=0.5&seed=4",
            "Send 1 was dropped by the server: it drew 0.39, below the drop rate of 0.5.",
        ),
        ("server.drop=1", "Send 1 was dropped by the server: the drop rate was 1."),
        (
            "server.drop_first=1",
            "Send 1 was dropped by the server: it drops every request of its life up to number 1.",
        ),
        (
            "server.drop_list=1",
            "Send 1 was dropped by the server: its drop list (1) names the request.",
        ),
        (
            "server.service=80ms&clients=4&server.queue=1",
            "Send 1 was dropped by the server: its queue was full, with 1 request of at most 1.",
        ),
        (
            "server.service=120ms&clients=4&server.expire=100ms",
            "Send 1 was dropped by the server: it had waited 120 ms, longer than the limit of 100 ms.",
        ),
        ("faults=0s+500ms+server-down", "Send 1 was lost: the server was down from 0 s to 500 ms."),
    ]);
}

#[test]
fn every_loss_on_the_link_has_the_numbers_of_its_cause() {
    check_losses([
        (
            "faults=0s+250ms+partition+reply",
            "The reply to send 1 was lost: a fault cut the link from 0 s to 250 ms.",
        ),
        (
            "faults=0s+250ms+loss+0.9",
            "Send 1 was lost: a fault made the link lossy from 0 s to 250 ms, and it drew 0.35, below the fault's loss rate of 0.9.",
        ),
        (
            "link.rate=3kbit&link.queue=1&policy.initial_timeout=20ms",
            "Send 2 was dropped by the link's queue: it was full, with 1 packet.",
        ),
        (
            "link.mtu=30&policy.max_sends=1",
            "Send 1 was dropped: with headers it has 33 bytes, more than the link's MTU of 30.",
        ),
        (
            "link.corrupt=0.5&seed=3",
            "The reply to send 1 was damaged on the link and dropped by the checksum: it drew 0.14, below the corruption rate of 0.5.",
        ),
        (
            "link.loss=first+2",
            "Send 1 was lost on the link: it was number 1 of its direction, and the link loses by number (first 2).",
        ),
        (
            "link.loss=burst+0.4+3&exchanges=3",
            "The reply to send 1 was lost on the link: the link was in its bad state, and that state's loss rate was 1.",
        ),
        ("link.loss=1", "Send 1 was lost on the link: the loss rate was 1."),
        (
            "faults=0s+250ms+loss+1",
            "Send 1 was lost: a fault made the link lossy from 0 s to 250 ms, and the fault's loss rate was 1.",
        ),
        (
            "link.corrupt=1",
            "Send 1 was damaged on the link and dropped by the checksum: the corruption rate was 1.",
        ),
        (
            "link.loss=4-state+0.5+0.3+0.1+0.5+0.1&seed=2",
            "The reply to send 1 was lost on the link: the loss model was in state 3, which loses packets.",
        ),
        #[cfg(feature = "packets")]
        (
            "network=packets&link.loss=0.3&seed=7",
            "The reply to send 1 was lost on the link: it drew 0.15, below the loss rate of 0.3.",
        ),
    ]);
}

#[test]
fn the_server_says_how_long_it_worked() {
    let (run, timeline) = over("server.service=120ms&policy.initial_timeout=150ms&clients=2");
    let reply = timeline
        .packets()
        .iter()
        .rposition(|packet| packet.direction == Direction::Reply && packet.send() == 1);
    let chain = texts(Chain::of_packet(&run, &timeline, reply.unwrap() as Id, (3, u64::MAX)));
    assert!(
        chain.iter().any(|text| text.contains("after 120 ms in the queue and 120 ms of work.")),
        "{chain:?}"
    );
    let (run, timeline) = over("server.fail=1&policy.max_sends=1");
    assert_eq!(
        texts(Chain::of_packet(&run, &timeline, 1, (3, u64::MAX)))[..2],
        [
            "The reply to send 1 arrived at 0.020 s and reported a failure.",
            "The server failed send 1 at 0.010 s: the failure rate was 1."
        ]
    );
}

/// What the page computes again is what happened, packet by packet.
#[test]
fn every_draw_agrees_with_what_happened() {
    let mut seen = 0;
    for fragment in [
        "link.loss=0.3&clients=9&exchanges=9&link.corrupt=0.1",
        "link.loss=gilbert-elliott+0.1+0.3+0.9+0.1&clients=5&exchanges=9&link.shared=true",
        "link.loss=timed+20ms+50ms&clients=5&exchanges=9&faults=10ms+200ms+loss+0.5",
        "link.rate=20kbit&link.queue=3&link.queue_rule=red+1+3+0.5&clients=5&exchanges=9&link.shared=true",
        "server.drop=0.3&server.fail=0.2&clients=5&exchanges=9&faults=100ms+300ms+server-down",
        "server.drop=0.3&server.service=3ms&server.queue=1&clients=5&exchanges=9&link.duplicate=0.2",
        #[cfg(feature = "packets")]
        "network=packets&link.loss=0.3&exchanges=9&message=@3000&link.mtu=1500",
        #[cfg(feature = "packets")]
        "network=packets&protocol=tcp&link.loss=0.2&exchanges=4",
    ] {
        let (run, timeline) = over(fragment);
        for packet in timeline.packets().iter().filter(|packet| !packet.in_fragments) {
            let lost = on_link::checks(&run, packet).iter().find_map(Check::drops);
            let chain = Chain::new(&run, &timeline, (3, u64::MAX));
            let twice = fragment.contains("duplicate");
            let drop = at_server::trials(&chain, packet).map(|[drop, _]| drop.happens());
            match packet.ending {
                Ending::Lost(cause) => assert_eq!(lost, Some(cause), "{fragment}: {packet:?}"),
                _ => assert!(lost.is_none() || twice, "{fragment}: {packet:?}"),
            }
            match packet.ending {
                Ending::Dropped(Cause::ServerDrop) if !twice => {
                    assert_eq!(drop, Some(true), "{fragment}: {packet:?}");
                }
                Ending::Arrived
                    if packet.direction == Direction::Request
                        && packet.frame.is_none()
                        && !twice =>
                {
                    assert_ne!(drop, Some(true), "{fragment}: {packet:?}");
                }
                _ => {}
            }
            seen += 1;
        }
    }
    assert!(seen > 500, "{seen}");
}

#[test]
fn an_exchange_goes_through_known_transitions_only() {
    let mut seen = std::collections::BTreeSet::new();
    for fragment in [
        "link.loss=0.6&exchanges=9",
        "link.loss=0.6&exchanges=9&policy.attempt_timeout=50ms&policy.first_delay=10ms",
        "server.fail=0.6&exchanges=9&server.hint=70ms&seed=2&policy.max_sends=3",
        "link.loss=0.5&exchanges=30&policy.breaker=2+1s&policy.max_sends=2",
        "link.loss=0.6&exchanges=30&policy.budget=bucket+2+0.3",
        "link.loss=0.6&exchanges=30&policy.budget=bucket+2+0.3&policy.attempt_timeout=50ms",
        "server.fail=0.5&exchanges=40&link.latency=uniform+5ms+200ms&token=true&server.reply=mirror",
        "server.fail=0.6&exchanges=40&server.hint=70ms&policy.deadline=1s",
        "workload.rate=30&exchanges=20&link.loss=0.4",
        "workload.task=write&clients=3&policy.give_up_above=none",
        "servers=a%3D192.0.2.1:1060%2Cb%3D198.51.100.2:7&exchanges=9&link.loss=0.5",
        #[cfg(feature = "packets")]
        "network=packets&server.listening=false&link.loss=0.3",
        #[cfg(feature = "packets")]
        "network=packets&protocol=tcp&link.loss=0.5&exchanges=4&policy.max_sends=3",
    ] {
        let (run, _) = over(fragment);
        let exchanges = run.scenario().max_exchanges().min(30);
        for of in
            (1..=run.scenario().clients).flat_map(|flow| (1..=exchanges).map(move |n| (flow, n)))
        {
            let mut state = State::Idle;
            for (_, next) in states::steps(run.records(), of) {
                assert!(
                    State::TRANSITIONS.contains(&(state, next)),
                    "{fragment}: {state:?} to {next:?}"
                );
                seen.insert((state, next));
                state = next;
            }
            assert!(
                state.is_over() || run.scenario().exchanges.is_none(),
                "{fragment}: {of:?} ends {state:?}"
            );
        }
    }
    assert!(seen.len() > 12, "{seen:?}");
}

/// Returns what is said at `seen` of each packet and wait that has begun.
fn said(run: &PageRun, timeline: &Timeline, seen: u64) -> Vec<String> {
    let packets = timeline.packets().iter().take_while(|packet| packet.sent <= seen);
    let of_packet = |(id, packet): (Id, &Packet)| {
        let chain = texts(Chain::of_packet(run, timeline, id, (3, seen))).join(" ");
        format!("packet {id}: {chain} {:?}", packet.ending_at(seen))
    };
    let waits = timeline.waits().iter().take_while(|wait| wait.armed <= seen);
    let of_wait = |(id, _)| texts(Chain::of_wait(run, timeline, id, (3, seen))).join(" ");
    (0..).zip(packets).map(of_packet).chain((0..).zip(waits).map(of_wait)).collect()
}

/// Returns the waterfalls at `seen`, without what is said about the end of the records.
fn waterfalls(run: &PageRun, timeline: &Timeline, seen: u64) -> Vec<String> {
    let of_exchange = |of| Json::object(|json| waterfall(json, run, timeline, of, seen));
    let owners = timeline.packets().iter().filter_map(Packet::owner);
    let owners: std::collections::BTreeSet<_> = owners.collect();
    let all = owners.into_iter().map(of_exchange);
    all.map(|text| text.replace(", arrives after the events that are kept", "")).collect()
}

/// What is said at a time is the same if nothing is known about what comes later.
#[test]
fn nothing_is_said_before_it_is_seen() {
    for fragment in [
        "clients=2&server.service=300ms&server.expire=200ms&policy.max_sends=2",
        "clients=3&server.service=50ms&faults=70ms+100ms+server-down&policy.max_sends=2",
        "policy.jitter=full&policy.max_timeout=300ms&server.drop=1&policy.max_sends=5&policy.give_up_above=none&seed=3",
        "link.latency=400ms&link.loss=list+1&link.reply_loss=0",
        "link.latency=60ms",
        "exchanges=3&server.service=140ms",
        "server.fail=1&server.hint=500ms&policy.max_sends=3",
        "policy.budget=bucket+2+0.3&exchanges=4&link.loss=0.5&seed=2",
        "workload.task=write&clients=3&policy.give_up_above=none",
        #[cfg(feature = "packets")]
        "network=packets&protocol=http&server.fail=1&server.hint=1s&policy.max_sends=2",
        #[cfg(feature = "packets")]
        "network=packets&server.listening=false",
    ] {
        let (whole, timeline) = over(fragment);
        let records = whole.records();
        let ends = (1..records.len()).filter(|end| records[*end].at > records[*end - 1].at);
        for end in ends.step_by(1 + records.len() / 40) {
            let mut part = PageRun::beginning(end, whole.scenario().clone());
            while !part.advance(1_000) {}
            let known = Timeline::new(&part);
            let at = records[end - 1].at.as_nanos();
            for seen in [at, at.midpoint(records[end].at.as_nanos())] {
                let all = said(&whole, &timeline, seen);
                for (a, b) in all.iter().zip(said(&part, &known, seen)) {
                    assert_eq!(*a, b, "{fragment} at {seen}");
                }
            }
            let all = waterfalls(&whole, &timeline, at);
            for (a, b) in all.iter().zip(waterfalls(&part, &known, at)) {
                let b = b.replace("arrives after the events that are kept", "");
                assert_eq!(*a, b, "{fragment} at {at}");
            }
        }
    }
}

#[test]
fn a_reply_that_counts_for_another_exchange_says_so() {
    let fragment = "exchanges=3&server.service=140ms";
    let taken = |packet: &Packet| packet.direction == Direction::Reply && packet.send() == 2;
    assert_eq!(
        of_first(fragment, taken),
        "The reply to send 2 arrived at 0.300 s and ended exchange 2: the client took it for that exchange's reply."
    );
}

#[test]
fn causes_are_named_as_they_are() {
    for (fragment, sentence) in [
        (
            "server.fail=1&server.hint=500ms&policy.max_sends=3",
            "Send 2 left at 0.769 s, because the wait of 749 ms after the server's hint was over.",
        ),
        (
            "server.drop_list=1&acts=duplicate+client+1+request+1",
            "It was duplicated by hand: this is the second of two.",
        ),
        (
            "server.drop_list=1&link.duplicate=1",
            "The link duplicated it: this is the second of two.",
        ),
    ] {
        let (run, timeline) = over(fragment);
        let said = said(&run, &timeline, u64::MAX).join(" ");
        assert!(said.contains(sentence), "{fragment}: {said}");
    }
}

#[test]
fn a_first_wait_follows_what_it_follows() {
    let (run, timeline) =
        over("policy.preset=tcp-rfc6298&exchanges=3&policy.max_sends=2&server.drop_list=2");
    let of_wait = |id| texts(Chain::of_wait(&run, &timeline, id, (3, u64::MAX))).join(" ");
    let minimum = "With round trips of 20 ms on average, the first wait would be 60 ms, but the policy's minimum is 1 s.";
    assert!(of_wait(1).contains(minimum), "{}", of_wait(1));
    let kept = "The first wait is still 2 s, the last one of an earlier exchange that was sent again: no round trip was measured since.";
    assert!(of_wait(3).contains(kept), "{}", of_wait(3));
    let (run, timeline) = over("policy.adaptive=rfc6298&exchanges=2");
    let chain = texts(Chain::of_wait(&run, &timeline, 1, (3, u64::MAX))).join(" ");
    let follows = "The first wait follows the measured round trips, 20 ms on average.";
    assert!(chain.contains(follows), "{chain}");
}

#[cfg(feature = "packets")]
#[test]
fn the_wait_for_a_release_ends_with_the_connection() {
    let chain = of_last_wait(
        "network=packets&protocol=http&server.fail=1&server.hint=1s&policy.max_sends=2",
    );
    assert_eq!(chain, ["The wait ended at 1.598 s, because the connection was over."]);
    let refused = of_last_wait("network=packets&server.listening=false");
    assert_eq!(refused[0], "The server's host reported that nobody listens on the port.");
}
