//! Brooker's retry simulation with serial clients: 100 clients that wait for a call's end before the next
//! one, for 10 s, against a server that fails half of the calls.
//!
//! The time to the next call, 100 ms on average, is drawn when a call begins; a client that is then still
//! busy begins the next call when this one ends. The pause before the retries is 0.1 s and doubles. This
//! model gives both published numbers. A pause of 100 ms after each call would give 7,300 and 3,500, and
//! pauses of 0.1 s that do not grow would give 5,800.

use crate::local::LOCAL;
use crate::sample::Sample;
use retrylab_core::client::{Client, Config, Event};
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::random::{Name, Purpose, Stream};
use retrylab_core::scenario::Scenario;
use retrylab_core::server::echo::Server;
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::{Duration, Instant};
use std::net::SocketAddr;
use std::sync::Arc;

const RUNS: u32 = 20;
/// Run r has the seed `SEED + r`.
const SEED: u64 = 2_022;

/// A client for each call, one after another.
struct Serial {
    config: Arc<Config>,
    flow: u32,
    gaps: Stream,
    /// The call in progress, or the last one.
    call: Option<Client>,
    /// When the next call may begin.
    due: Instant,
    begun: u32,
}

impl Serial {
    fn new(config: Arc<Config>, flow: u32) -> Self {
        let gaps = Name::exchange(config.seed, flow, 0).stream(Purpose::Arrival);
        let mut serial = Self { config, flow, gaps, call: None, due: Instant::ZERO, begun: 0 };
        serial.draw(Instant::ZERO);
        serial
    }

    fn draw(&mut self, now: Instant) {
        let gap = Duration::from_secs_f64(-0.1 * (1.0 - self.gaps.unit()).ln());
        self.due = now.checked_add(gap).unwrap();
    }

    fn busy(&self) -> Option<&Client> {
        self.call.as_ref().filter(|call| !call.is_finished())
    }
}

impl Machine for Serial {
    type Event = Event;

    fn handle_datagram(
        &mut self,
        now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if let Some(call) = &mut self.call {
            call.handle_datagram(now, LOCAL, from, bytes);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some(call) = &mut self.call {
            call.handle_timeout(now);
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.busy().is_none() && self.due <= now {
            self.call = Some(Client::numbered(self.config.clone(), self.flow));
            self.begun += 1;
            self.draw(now);
        }
        self.call.as_mut()?.poll_transmit(now, buf)
    }

    fn poll_event(&mut self) -> Option<Event> {
        self.call.as_mut()?.poll_event()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        match self.busy() {
            Some(_) => self.call.as_mut().and_then(Machine::poll_timeout),
            None => Some((Timer::Other(&"next call"), self.due)),
        }
    }
}

/// Returns the number of first tries of all clients in 10 s.
fn first_tries(sets: &[(&str, &str)], seed: u64) -> f64 {
    let mut scenario = Scenario::default();
    scenario.seed = seed;
    let calls = [
        ("token", "true"),
        ("server.reply", "mirror"),
        ("server.fail", "0.5"),
        ("link.latency", "exponential 10ms"),
        ("policy.attempt_timeout", "1h"),
        ("policy.give_up_above", "none"),
        ("policy.max_sends", "4"),
        ("policy.initial_timeout", "1us"),
        ("policy.backoff", "constant"),
    ];
    scenario.apply(calls.iter().chain(sets).copied()).unwrap();
    let config = Arc::new(scenario.client_config(SERVER));
    let clients: Vec<_> = (1..=100).map(|flow| Serial::new(config.clone(), flow)).collect();
    let server = Server::new(scenario.server.clone(), seed);
    let mut network = Network::new(clients, server, scenario.link.clone(), seed, ());
    while network.step().is_some_and(|now| now < Instant::from_millis(10_000)) {}
    f64::from(network.clients().map(|client| client.begun).sum::<u32>())
}

/// Each published number is that of one run: the mean of these runs may differ by four deviations of that
/// difference, about 240 and 290 calls. Without a pause a call takes E max(X, S) = 108.8 ms, with it
/// 235.5 ms.
#[test]
fn a_backoff_cuts_the_first_tries_of_serial_clients() {
    let pauses = [("policy.initial_timeout", "100ms"), ("policy.backoff", "exponential")];
    for (name, sets, published) in [("no pause", &[][..], 9163.0), ("pauses", &pauses, 4263.0)] {
        let runs = (0..RUNS).map(|run| first_tries(sets, SEED + u64::from(run)));
        let Sample { mean, deviation } = Sample::of(&runs.collect::<Vec<_>>());
        let allowed = 4.0 * deviation * (1.0 + 1.0 / f64::from(RUNS)).sqrt();
        println!("{name}: {mean:.1} ({deviation:.1}), published {published} +- {allowed:.1}");
        assert!(
            (mean - published).abs() <= allowed,
            "{name}, seeds from {SEED}: {mean}, not {published} +- {allowed}",
        );
    }
}
