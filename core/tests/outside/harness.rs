//! The test harness, with the machines of the example.

#[path = "../../examples/own_machine.rs"]
mod own_machine;

use own_machine::pair;
use retrylab_core::harness::{Pair, SEED_VARIABLE, for_each_seed};
use retrylab_core::link::Link;
use retrylab_core::machine::{Label, Machine, Subject, Timer, Transmit};
use retrylab_core::random::Direction;
use retrylab_core::server::echo;
use retrylab_core::sim::SERVER;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{HostId, What};
use std::net::SocketAddr;
use std::process::{Command, Output};

#[test]
fn the_example_runs() {
    own_machine::main();
}

#[test]
fn a_pair_steps_from_event_to_event() {
    let mut pair = pair("0", 1);
    assert_eq!((pair.now(), pair.records().len()), (Instant::ZERO, 0));
    // The start, then three numbers, each of which arrives and is acknowledged 10 ms later.
    let times: Vec<u64> =
        std::iter::from_fn(|| pair.step()).map(|at| at.as_nanos() / 1_000_000).collect();
    assert_eq!(times, [0, 10, 20, 30, 40, 50, 60]);
    assert!(pair.client().is_finished());
    assert_eq!(pair.server().numbers, [0, 1, 2]);
    let new = pair.records().iter().filter(|record| record.what == What::Note { words: "new" });
    assert!(new.clone().all(|record| record.host == HostId::SERVER));
    assert_eq!(new.count(), 3);
    assert_eq!(pair.ladder().lines().count(), pair.records().len() + 1, "and a header");
    assert!(pair.ladder().contains("    0.000000  waits 50 ms\n"), "{}", pair.ladder());
}

#[test]
fn a_run_within_its_bound_says_how_long_it_was() {
    assert_eq!(pair("0", 1).drive_bounded(1_000), Ok(7));
    assert_eq!(pair("0", 1).drive_bounded(7), Ok(7));
    let late = pair("0", 1).drive_bounded(6).unwrap_err();
    assert_eq!((late.max, late.at), (6, Instant::from_millis(60)));
    // The same seed loses the same datagrams.
    let records = |seed| {
        let mut pair = pair("0.5", seed);
        pair.drive_bounded(1_000).unwrap();
        pair.records().to_vec()
    };
    assert_eq!(records(5), records(5));
    assert_ne!(records(5), records(6));
}

#[test]
fn a_run_without_an_end_says_who_waits_for_what() {
    let error = pair("1", 1).drive_bounded(10).unwrap_err();
    let sentence = "the run did not end within 10 events: at 0.5 s the client waits until 0.55 s \
                    (resend), the server waits for no timer, datagrams in flight: 0";
    assert_eq!(error.to_string(), sentence);
    assert_eq!(format!("{error:?}"), sentence, "what `unwrap` shows");
}

/// A machine with one flaw.
#[derive(Default)]
struct Flawed {
    flaw: &'static str,
    sent: bool,
    deadline: Option<Instant>,
    finished: bool,
}

impl Machine for Flawed {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, _: &[u8]) {}

    fn handle_timeout(&mut self, now: Instant) {
        match self.flaw {
            "keeps its deadline" => {}
            "finishes with its timer on" => {
                self.finished = true;
                self.deadline = now.checked_add(Duration::from_millis(1));
            }
            _ => self.deadline = None,
        }
    }

    fn poll_transmit(&mut self, now: Instant, _buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.sent && self.flaw != "sends without end" {
            return None;
        }
        if !self.sent {
            self.deadline = now.checked_add(Duration::from_millis(5));
        }
        self.sent = true;
        Some(Transmit::to(SERVER))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        (self.flaw == "reports without end").then_some("again")
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.deadline.map(|at| (Timer::Other(&"flaw"), at))
    }

    fn is_finished(&self) -> bool {
        self.finished
    }
}

/// Returns how a run of a client with this flaw ends.
fn flawed(flaw: &'static str) -> Result<u64, String> {
    let client = Flawed { flaw, ..Flawed::default() };
    let run = move || {
        let server = own_machine::Receiver::default();
        Pair::new(client, server, Link::default(), 1).drive_bounded(20_000).expect("an end")
    };
    std::panic::catch_unwind(run).map_err(|panic| *panic.downcast::<String>().expect("a sentence"))
}

#[test]
fn a_broken_rule_is_reported() {
    assert_eq!(flawed("none"), Ok(3), "the start, the arrival of nothing, the timer");
    for (flaw, sentence) in [
        (
            "keeps its deadline",
            "the client is stuck: at 0.005 s it has asked for more than 10000 time-outs in a row \
             (flaw), each due when the previous one was handled",
        ),
        (
            "finishes with its timer on",
            "the client breaks the contract: it is finished, yet waits until 0.006 s \
             (flaw)",
        ),
        (
            "sends without end",
            "the client breaks the contract: `poll_transmit` does not return `None` after 10000 \
             transmits and events since the last input",
        ),
        (
            "reports without end",
            "the client breaks the contract: `poll_event` does not return `None` after 10000 \
             transmits and events since the last input",
        ),
    ] {
        assert_eq!(flawed(flaw), Err(sentence.to_string()), "{flaw}");
    }
}

/// Environment variable with which the tests below request a fault, in a separate process.
const FAULT: &str = "RETRYLAB_TEST_FAULT";

/// An ordinary test. With the fault it fails for seed 17.
#[test]
fn lossy_runs_end_well() {
    let fault = std::env::var_os(FAULT).is_some();
    for_each_seed(10..20, |seed| {
        println!("seed {seed} runs");
        let mut pair = pair("0.3", seed);
        pair.drive_bounded(1_000).unwrap();
        let lost = |record: &&_| matches!(record, &&What::Dropped { .. });
        let lost = pair.records().iter().map(|record| &record.what).filter(lost).count();
        let sent = What::Sent { direction: Direction::Request, bytes: 1 };
        let sent = pair.records().iter().filter(|record| record.what == sent).count();
        assert_eq!(sent, 3 + lost, "one more send for each lost datagram: {}", pair.ladder());
        assert!(!(fault && seed == 17), "the fault");
    });
}

/// Runs the test above alone in a separate process.
fn child(fault: bool, seed: Option<&str>) -> (bool, Vec<u64>, String) {
    let mut command = Command::new(std::env::current_exe().expect("this test's program"));
    command
        .args(["--exact", "harness::lossy_runs_end_well", "--nocapture"])
        .env_remove(SEED_VARIABLE);
    if fault {
        command.env(FAULT, "1");
    }
    if let Some(seed) = seed {
        command.env(SEED_VARIABLE, seed);
    }
    let Output { status, stdout, stderr } = command.output().expect("it runs");
    let stdout = String::from_utf8(stdout).unwrap();
    let seeds = stdout.split("seed ").filter_map(|text| text.split_once(" runs")?.0.parse().ok());
    (status.success(), seeds.collect(), String::from_utf8(stderr).unwrap())
}

#[test]
fn a_failing_seed_is_reported_and_replays_alone() {
    let report = "seed 17 failed; replay it alone with RETRYLAB_SEED=17 cargo test harness::lossy_runs_end_well";
    let (passed, seeds, stderr) = child(true, None);
    assert_eq!((passed, seeds), (false, (10..=17).collect()), "{stderr}");
    let line = stderr.lines().position(|line| line == report);
    let fault = stderr.lines().position(|line| line == "the fault");
    assert!(fault.is_some() && line > fault, "the panic's own words, then the seed:\n{stderr}");

    let (passed, seeds, stderr) = child(true, Some("17"));
    assert_eq!((passed, seeds), (false, vec![17]), "{stderr}");
    assert!(stderr.lines().any(|line| line == report), "{stderr}");

    let (passed, seeds, stderr) = child(true, Some("16"));
    assert_eq!((passed, seeds), (true, vec![16]), "{stderr}");
    let (passed, seeds, stderr) = child(false, None);
    assert_eq!((passed, seeds), (true, (10..20).collect()), "{stderr}");
    assert!(!stderr.contains("failed; replay"), "{stderr}");
}

#[test]
fn a_seed_that_is_none_is_refused_in_one_sentence() {
    let (passed, seeds, stderr) = child(false, Some("seventeen"));
    assert_eq!((passed, seeds), (false, vec![]));
    let sentence = "RETRYLAB_SEED is \"seventeen\"; it must be a whole number from 0 to \
                    18446744073709551615";
    assert!(stderr.lines().any(|line| line == sentence), "{stderr}");
}

/// What the pair records is what the network records: labels that a machine gives its events are kept.
#[test]
fn a_watched_machine_keeps_the_subjects_of_its_events() {
    #[derive(Default)]
    struct Labelling {
        sent: bool,
        received: bool,
    }

    impl Machine for Labelling {
        type Event = &'static str;

        fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, _: &[u8]) {
            self.received = true;
        }

        fn handle_timeout(&mut self, _: Instant) {}

        fn poll_transmit(&mut self, _: Instant, _: &mut Vec<u8>) -> Option<Transmit> {
            (!std::mem::replace(&mut self.sent, true)).then(|| Transmit::to(SERVER))
        }

        fn poll_event(&mut self) -> Option<&'static str> {
            std::mem::take(&mut self.received).then_some("received")
        }

        fn subject(&self, _: &&'static str) -> Subject {
            Subject::send(Label::new(7, 3))
        }

        fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
            None
        }
    }

    let server = || echo::Server::new(echo::Config::default(), 1);
    let mut pair = Pair::new(Labelling::default(), server(), Link::default(), 1);
    pair.drive_bounded(10).unwrap();
    let note = pair.records().iter().find(|record| matches!(record.what, What::Note { .. }));
    assert_eq!(note.unwrap().label, Label::new(7, 3));
}
