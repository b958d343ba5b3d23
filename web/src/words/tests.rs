use super::*;
use crate::lessons::OPENING;
use crate::report::Report;
use retrylab_core::scenario::Scenario;
use retrylab_core::time::Instant;

fn over(fragment: &str) -> (PageRun, Timeline) {
    let (scenario, errors) = Scenario::from_fragment(fragment);
    assert_eq!(errors, []);
    let mut run = PageRun::new(scenario);
    while !run.advance(1_000) {}
    let timeline = Timeline::new(&run);
    (run, timeline)
}

fn stories(fragment: &str) -> Vec<String> {
    let (run, timeline) = over(fragment);
    timeline.moments().iter().map(|at| moment(&run, &timeline, *at)).collect()
}

#[test]
fn the_opening_run_reads_as_a_story() {
    assert_eq!(
        stories(OPENING.fragment),
        [
            "The client sends its request and waits 100 ms for a reply.",
            "The request arrives (send 1); the server replies.",
            "The reply to send 1 is lost on the link.",
            "No reply for 100 ms: the client sends its request again (send 2) and waits 200 ms for \
             a reply.",
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
            "The client sends its request and waits a final 100 ms for a reply.",
            "The request arrives (send 1); the server drops it.",
            "No reply for 100 ms: the client gives up after 100 ms and 1 send; it has made all its \
             sends.",
        ]
    );
    let late = stories("link.latency=60ms").pop().unwrap();
    assert_eq!(late, "The reply to send 2 arrives and is ignored: nothing waits for it.");
    let second = &stories("exchanges=2")[2];
    assert_eq!(
        second,
        "The reply to send 1 of exchange 1 arrives. Answered after 20 ms and 1 send. The client \
         begins exchange 2 and waits 100 ms for a reply."
    );
}

#[test]
fn two_clients_are_named_and_many_are_counted() {
    assert!(stories("clients=2")[0].contains("Client 2 sends its request"));
    let many = stories("clients=40&link.loss=0.3");
    assert_eq!(many[0], "40 requests sent, 40 waits begun.");
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
        "Answered after 120 ms and 2 sends. One packet was lost."
    );
    assert_eq!(
        say("server.drop=1"),
        "The client gave up after 3.1 s and 5 sends; it assumes that the server is down. The \
         server dropped 5 requests."
    );
    assert_eq!(say("clients=3"), "All 3 exchanges were answered. 1 send per exchange.");
    assert!(say("clients=100&link.loss=0.3").contains("of 100 exchanges were answered ("));
    let (scenario, _) = Scenario::from_fragment("server.drop=1");
    let mut run = PageRun::new(scenario);
    run.advance(1);
    run.stop();
    assert!(outcome(&run).starts_with("Stopped after 2 events and 0 s. No exchange"));
}

/// Before the end, it says how many exchanges were answered until then.
#[test]
fn an_outcome_stays_hidden_until_it_happens() {
    let (run, timeline) = over("seed=7&exchanges=5&server.drop=0.5");
    let say = |at| outcome_so_far(&run, &timeline, at);
    assert_eq!(say(0), "So far: 0 of 5 exchanges answered; 1 packet in flight.");
    for at in timeline.moments().iter().copied().filter(|at| *at < timeline.end()) {
        let answered = |record: &&Record| {
            matches!(record.what, What::Answered { .. }) && record.at.as_nanos() <= at
        };
        let answered = run.records().iter().filter(answered).count();
        let words = format!("So far: {answered} of 5 exchanges answered");
        assert!(say(at).starts_with(&words), "{}", say(at));
    }
    assert_eq!(say(timeline.end()), outcome(&run));

    let mut many = PageRun::new(Scenario::from_fragment("clients=1000000&server.drop=0.5").0);
    while !many.advance(10_000) {}
    let timeline = Timeline::new(&many);
    let part = "So far, of what is shown: 0 of 1,000 exchanges answered; 1,000 packets in flight.";
    assert_eq!(outcome_so_far(&many, &timeline, 0), part);
    let running = outcome_so_far(&many, &timeline, timeline.end());
    assert!(running.starts_with("So far, of what is shown: "), "{running}");
}

#[test]
fn an_outcome_says_which_part_it_is_of() {
    let mut many = PageRun::new(Scenario::from_fragment("clients=1000000&server.drop=0.5").0);
    many.advance(1);
    assert_eq!(
        outcome(&many),
        "The run continues, after 0 events so far. No exchange has ended; 0 sends so far."
    );
    let counts = [1, 0, 0, 3, 1, 1, 0, 0, 1, 0, 0];
    let (summary, simulated) = (Summary::from_counts(counts), Instant::from_nanos(20_000_000));
    let report = Report { events: 7, simulated, summary, ..Report::default() };
    many.report(report);
    many.stop();
    let part = "One finished exchange was answered. 1 send per finished exchange. The server dropped one request.";
    assert_eq!(outcome(&many), format!("Stopped after 7 events and 20 ms. {part}"));
    let mut coupled = over("clients=4294967295&server.service=1ms").0;
    assert!(coupled.advance(1));
    assert_eq!(
        outcome(&coupled),
        "Ended by the limit of memory, 2 GiB, after 0 events and 0 s. All clients are in one network, because \
         server.service lets them influence each other. No exchange has ended; 0 sends so far."
    );
}

#[cfg(feature = "packets")]
#[test]
fn over_connections_a_server_drops_packets_too() {
    let silence = crate::lessons::lessons().find(|lesson| lesson.title == "Silence").unwrap();
    let say = outcome(&over(silence.fragment).0);
    assert!(say.ends_with(" The server dropped 4 requests or packets."), "{say}");
    let one = outcome(&over("network=packets&protocol=tcp&server.drop=1&policy.max_sends=1").0);
    assert!(one.ends_with(" The server dropped one request or packet."), "{one}");
}

#[test]
fn an_instant_with_very_much_in_it_is_counted() {
    let (run, timeline) = over("exchanges=5000&link.latency=0s");
    let wording = moment(&run, &timeline, 0);
    assert!(wording.len() < 200 && wording.contains("5,000 requests"), "{wording}");
}

#[test]
fn a_delayed_start_and_the_limits_have_their_words() {
    let delayed = stories("policy.first_delay=50ms&exchanges=2");
    assert_eq!(delayed[0], "The client waits 50 ms before its first send.");
    assert_eq!(delayed[1], "The client sends its request and waits 100 ms for a reply.");
    assert!(delayed[3].ends_with("The client waits 50 ms before exchange 2."), "{}", delayed[3]);
    assert_eq!(delayed[4], "The client begins exchange 2 and waits 100 ms for a reply.");

    let broken = stories("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
    assert_eq!(
        broken[2..],
        [
            "No reply for 100 ms: the client gives up after 100 ms and 1 send; it has made all its \
             sends. The client is not allowed to send and pauses 100 ms.",
            "The client did not send: the circuit breaker was open.",
        ]
    );
    let (run, _) = over("exchanges=2&policy.max_sends=1&policy.breaker=1+9s&server.drop=1");
    assert!(
        outcome(&run).ends_with(" The open circuit breaker ended 1 exchange."),
        "{}",
        outcome(&run)
    );

    let say = |fragment| outcome(&over(fragment).0);
    assert!(
        say("policy.deadline=250ms&server.drop=1").starts_with(
            "The client gave up after 250 ms and 2 sends; its deadline allows no more."
        )
    );
    assert!(say("policy.budget=quota+500+501+1&server.drop=1").starts_with(
        "The client gave up after 100 ms and 1 send; the retry budget refuses the send."
    ));
    let crowd = stories("clients=40&policy.first_delay=0s+50ms");
    assert_eq!(crowd[0], "40 waits begun.");
    assert!(crowd.iter().all(|words| words != "."));
}

/// Runs that were once described wrongly.
mod false_once {
    use super::*;

    fn result(fragment: &str) -> String {
        outcome(&over(fragment).0)
    }

    /// Returns the outcome of a run that is stopped after a number of events.
    fn stopped(fragment: &str, events: u32) -> String {
        let mut run = PageRun::new(Scenario::from_fragment(fragment).0);
        assert!(!run.advance(events), "{}", outcome(&run));
        run.stop();
        outcome(&run)
    }

    #[cfg(feature = "packets")]
    #[test]
    fn refused_exchanges_are_counted_so_far() {
        let (run, timeline) = over("exchanges=2&network=packets&server.listening=false");
        let words = overview(&run, &timeline, u64::MAX);
        assert_eq!(words, "0 of 2 exchanges answered, 2 refused; 0 packets in flight.");
    }

    #[test]
    fn what_has_not_ended_does_not_count() {
        let busy = stopped("clients=20&exchanges=100&server.service=5ms", 2_000);
        assert!(busy.contains(" finished exchanges were answered. 1.4"), "{busy}");
        let two = stopped("clients=2&acts=drop+client+2+request+1", 4);
        assert!(two.ends_with("One finished exchange was answered. 1 send per finished exchange. One packet was lost."), "{two}");
    }

    #[test]
    fn a_heartbeat_that_is_not_new_is_a_sign_of_life() {
        let beats = "workload.task=heartbeat&exchanges=9&workload.interval=20ms";
        let twice = whole(&format!("{beats}&link.duplicate=1"));
        assert!(twice.contains("counts only as a sign of life: it has arrived before"), "{twice}");
        let late = whole(&format!("{beats}&link.latency=uniform+5ms+90ms"));
        assert!(late.contains(" is late: a later one has arrived before."), "{late}");
        assert!(!late.contains("arrives and arrives"), "{late}");
    }

    #[test]
    fn clients_write_once_after_some_refusals() {
        assert_eq!(
            result("clients=3&workload.task=write"),
            "All 3 clients have written. 2 writes per client."
        );
        let some = result("clients=30&workload.task=write&policy.max_sends=3");
        assert!(some.contains(" of 30 clients have written (10 %), 27 gave up. "), "{some}");
        assert!(
            stopped("clients=3&workload.task=write", 1).ends_with("None of 3 clients has written.")
        );
    }

    #[test]
    fn what_drops_packets_is_not_blamed_on_others() {
        let by_hand = result("acts=drop+client+1+request+1");
        assert!(by_hand.ends_with(" 2 sends. One packet was lost."), "{by_hand}");
        let two = "servers=a%3D192.0.2.1:7,b%3D192.0.2.2:7";
        let several = result(&format!("{two}&server.drop=1"));
        assert!(several.ends_with(" The servers dropped 5 requests."), "{several}");
        let random = result("policy.budget=adaptive+1+2m&server.drop=1&exchanges=6&seed=2");
        assert!(random.contains(" The retry budget ended "), "{random}");
    }

    fn whole(fragment: &str) -> String {
        stories(fragment).join(" | ")
    }

    #[test]
    fn a_pause_between_exchanges_is_not_a_silence() {
        let wording = stories("seed=7&exchanges=3&workload.think=500ms");
        assert_eq!(
            wording[2],
            "The reply to send 1 of exchange 1 arrives. Answered after 20 ms and 1 send. The \
             client pauses 500 ms before exchange 2."
        );
        assert_eq!(wording[3], "The client begins exchange 2 and waits 100 ms for a reply.");
        assert!(wording.iter().all(|text| !text.contains("again") && !text.contains("No reply")));
    }

    #[test]
    fn an_open_loop_begins_exchanges_as_they_arrive() {
        let fragment = "exchanges=4&token=true&workload.arrivals=constant+20&server.reply=mirror";
        let wording = stories(fragment);
        assert!(wording[0].starts_with("Exchange 1 arrives in "), "{}", wording[0]);
        assert_eq!(
            wording[1],
            "The client sends the request of exchange 1. Exchange 2 arrives in 50 ms."
        );
        assert!(wording.iter().all(|text| !text.contains("again") && !text.contains("No reply")));
        let (_, sentence) = headline(&Scenario::from_fragment(fragment).0);
        assert!(!sentence.contains("one after another"), "{sentence}");
    }

    #[test]
    fn what_the_server_works_on_is_the_servers() {
        let wording = stories("server.service=50ms");
        assert_eq!(
            wording[1..],
            [
                "The request arrives (send 1); the server works on it for 50 ms.",
                "The server finishes send 1 after 50 ms of work and replies to send 1.",
                "The reply to send 1 arrives. Answered after 70 ms and 1 send.",
            ]
        );
    }

    #[test]
    fn client_0_is_never_mentioned() {
        // As thundering-herd, backoff-without-jitter and hedging ship, for fewer clients.
        for fragment in [
            "clients=100&policy.max_timeout=5s&policy.give_up_above=none&policy.max_sends=12\
             &server.service=5ms&server.queue=10",
            "clients=50&faults=0s+1s+server-down&policy.max_timeout=5s&policy.give_up_above=none\
             &policy.max_sends=20&server.service=2ms&server.queue=20",
            "clients=20&exchanges=50&token=true&policy.backoff=constant\
             &policy.initial_timeout=60ms&policy.give_up_above=none&policy.max_sends=2\
             &policy.last_timeout=10s&policy.hedging=true&workload.think=exponential+100ms\
             &server.reply=mirror&server.service=lognormal+20ms+40ms&server.workers=none",
        ] {
            let (run, timeline) = over(fragment);
            assert!((1..=run.scenario().clients).contains(&timeline.busiest()), "{fragment}");
        }
    }

    #[test]
    fn failures_and_the_wait_after_them_are_described() {
        let wording = stories("seed=3&server.fail=1");
        assert_eq!(
            wording[1..4],
            [
                "The request arrives (send 1); the server fails to serve it and replies with a \
                 failure.",
                "The reply to send 1 arrives. The client learns that send 1 failed and waits 80 ms \
                 before it sends again.",
                "The client sends its request again (send 2) and waits 200 ms for a reply.",
            ]
        );
        let hinted = stories("seed=3&server.fail=1&server.hint=1s");
        assert!(
            hinted[2].starts_with(
                "The reply to send 1 arrives. The client learns that send 1 failed and waits "
            ) && hinted[2].ends_with(" s before it sends again, given the server's hint."),
            "{}",
            hinted[2]
        );
        assert!(!hinted.join(" ").contains("No reply"), "{hinted:?}");
        let (run, timeline) = over("seed=3&server.fail=1&server.hint=1s");
        let reply = crate::inspect::packet(&run, &timeline, 1, (3, u64::MAX)).unwrap();
        assert!(reply.contains("retrylab: failed, retry in 1s"), "{reply}");
    }

    #[test]
    fn a_duplicate_by_hand_is_said_once() {
        let first = &stories("seed=1&acts=duplicate+client+1+request+1")[0];
        assert!(first.contains("The request is duplicated by hand (send 1)."), "{first}");
        assert!(!first.contains("The link duplicates"), "{first}");
        let drawn = &stories("seed=1&link.duplicate=1")[0];
        assert!(drawn.contains("The link duplicates the request (send 1)."), "{drawn}");
    }

    #[test]
    fn a_late_reply_names_the_send_that_caused_it() {
        let wording = whole("clients=3&server.service=50ms&server.queue=1");
        assert!(wording.contains("The reply to send 1 of client 1 arrives."), "{wording}");
        assert!(wording.contains("drops it: its queue is full."), "{wording}");
        assert!(!wording.contains(", |") && !wording.contains(", ."), "{wording}");
    }

    #[test]
    fn a_write_is_called_a_write() {
        let wording = whole(
            "clients=2&workload.task=write&policy.initial_timeout=10ms&policy.give_up_above=none",
        );
        assert!(
            wording.starts_with("Client 1 reads the row. Client 2 reads the row."),
            "{wording}"
        );
        assert!(wording.contains("Client 2 writes the row."), "{wording}");
        assert!(wording.contains("the server refuses the write: the row has changed"), "{wording}");
        assert!(wording.contains("Client 2 learns that the row had changed"), "{wording}");
        assert!(wording.contains("Client 2 reads the row again (attempt 2)."), "{wording}");
        assert!(!wording.contains("a request for a reply"), "{wording}");
    }

    #[test]
    fn duplicates_are_two_packets() {
        let (_, timeline) = over("link.duplicate=1");
        // The request twice, and the reply to each of them twice.
        let requests =
            timeline.packets().iter().filter(|packet| packet.name.unwrap().number.get() == 1);
        assert_eq!(timeline.packets().len(), 6);
        assert_eq!(requests.count(), 4, "two requests and two replies");
        let wording = whole("link.duplicate=1");
        assert!(wording.contains("The link duplicates the request (send 1)."), "{wording}");
    }
}
