//! Machines of another crate in the simulated network.

use retrylab_core::link::Link;
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::server::echo::{self, Server};
use retrylab_core::sim::{Network, SERVER, Summary};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{HostId, Record, What};
use std::net::SocketAddr;

/// Sends a heartbeat every 30 ms, five times, whatever comes back, and counts the answers.
#[derive(Default)]
struct Heart {
    beats: u32,
    answers: u32,
    next: Option<Instant>,
    said: Option<&'static str>,
}

impl Machine for Heart {
    type Event = &'static str;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        _local: SocketAddr,
        _from: SocketAddr,
        _bytes: &[u8],
    ) {
        self.answers += 1;
        self.said = Some("received");
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_some_and(|next| next <= now) {
            self.next = None;
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.next.is_some() || self.beats == 5 {
            return None;
        }
        self.beats += 1;
        self.next = now.checked_add(Duration::from_millis(30)).filter(|_| self.beats < 5);
        buf.extend_from_slice(b"beat");
        Some(Transmit::to(SERVER))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        self.said.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.next.map(|next| (Timer::Other(&"heartbeat"), next))
    }
}

#[test]
fn a_foreign_client_runs_against_our_server() {
    let config = echo::Config::default().with_drop_list("2".parse().unwrap());
    let sink = (Summary::default(), Vec::<Record>::new());
    let hearts = vec![Heart::default()];
    let mut network = Network::new(hearts, Server::new(config, 1), Link::default(), 1, sink);
    while network.step().is_some() {}

    let heart = network.clients().next().expect("one client");
    assert_eq!((heart.beats, heart.answers), (5, 4), "the second is on the server's list");
    let (summary, records) = network.into_sink();
    assert_eq!((summary.sends, summary.replies, summary.server_dropped), (5, 4, 1));
    let at = |keep: fn(&Record) -> bool| -> Vec<u64> {
        let of = records.iter().filter(|record| keep(record));
        of.map(|record| record.at.as_nanos() / 1_000_000).collect()
    };
    let sent = |r: &Record| r.host == HostId::Client && matches!(r.what, What::Sent { .. });
    assert_eq!(at(sent), [0, 30, 60, 90, 120]);
    assert_eq!(at(|r| r.what == What::Note { words: "received" }), [20, 80, 110, 140]);
    let fired = What::TimerFired { timer: Timer::Other(&"heartbeat") };
    assert_eq!(records.iter().filter(|record| record.what == fired).count(), 4);
}

/// Answers after thinking for 5 ms: a server of its own, with a timer.
#[derive(Default)]
struct Thinker {
    waiting: Option<(SocketAddr, Instant)>,
    ready: Option<SocketAddr>,
}

impl Machine for Thinker {
    type Event = &'static str;

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        _bytes: &[u8],
    ) {
        self.waiting = Some((from, now.saturating_add(Duration::from_millis(5))));
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some((to, _)) = self.waiting.take_if(|(_, at)| *at <= now) {
            self.ready = Some(to);
        }
    }

    fn poll_transmit(&mut self, _now: Instant, _buf: &mut Vec<u8>) -> Option<Transmit> {
        self.ready.take().map(Transmit::to)
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.waiting.map(|(_, at)| (Timer::Other(&"think"), at))
    }
}

#[test]
fn our_client_runs_against_a_foreign_server() {
    use retrylab_core::client::{Client, Config};
    let client = Client::new(Config::textbook(SERVER, b"hello"));
    let sink = Vec::<Record>::new();
    let mut network = Network::new(vec![client], Thinker::default(), Link::default(), 1, sink);
    while network.step().is_some() {}
    let elapsed = Duration::from_millis(25);
    let answered = What::Answered { sends: 1, answered_send: 1, elapsed };
    assert!(network.sink().iter().any(|record| record.what == answered));
}

/// Has the deadlines 10 ms, then 5 ms, which is already past, then 20 ms.
struct Late {
    fired: Vec<u64>,
    next: Vec<u64>,
}

impl Machine for Late {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, _: &[u8]) {}

    fn handle_timeout(&mut self, now: Instant) {
        self.fired.push(now.as_nanos() / 1_000_000);
    }

    fn poll_transmit(&mut self, _: Instant, _: &mut Vec<u8>) -> Option<Transmit> {
        None
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let next = self.next.get(self.fired.len()).or(self.next.last().filter(|ms| **ms == 0))?;
        Some((Timer::Other(&"late"), Instant::from_millis(*next)))
    }
}

#[test]
fn a_deadline_in_the_past_is_due_at_once() {
    let late = |next: &[u64]| Late { fired: Vec::new(), next: next.to_vec() };
    let run = |next: &[u64]| {
        let mut network = Network::new([late(next)], late(next), Link::default(), 1, ());
        while network.step().is_some() {}
        let fired = |machine: &Late| machine.fired.clone();
        (fired(network.server()), fired(network.clients().next().unwrap()), network.is_stuck())
    };
    let fired = vec![10, 10, 20];
    assert_eq!(run(&[10, 5, 20]), (fired.clone(), fired, false));
    let (server, client, stuck) = run(&[10, 0]);
    assert!(stuck, "after {} and {} time-outs", server.len(), client.len());
    assert!(server.iter().chain(&client).all(|ms| *ms == 10));
}
