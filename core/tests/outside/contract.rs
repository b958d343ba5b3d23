//! The rules of the contract (see `retrylab_core::machine`), kept by every machine of the crate under
//! arbitrary bytes, addresses, times and call orders.

use crate::local::LOCAL;
use proptest::prelude::*;
use retrylab_core::client::{self, Candidates, Client, OpenClient, OpenLoop, contention};
use retrylab_core::link::{Behind, Link, Pipe};
use retrylab_core::machine::{Machine, Timer, Transmit};
use retrylab_core::name::{self, NameServer, Options, Resolver, Zone};
use retrylab_core::policy::Policy;
use retrylab_core::protocol::Echo;
use retrylab_core::random::Probability;
use retrylab_core::scenario::Scenario;
use retrylab_core::server::echo::{self, Reply, Server};
use retrylab_core::server::service::Station;
use retrylab_core::server::{heartbeat, row};
use retrylab_core::sim::CLIENTS;
use retrylab_core::time::{Duration, Instant};
use retrylab_core::value::Factor;
use std::net::SocketAddr;
use std::sync::Arc;

const PEER: &str = "192.0.2.1:1060";

/// More transmits or events than this after one input is a loop.
const MAX_PER_INPUT: usize = 64;

/// One action of a driver, correct or not.
#[derive(Clone, Debug)]
enum Op {
    Datagram {
        from_peer: bool,
        from: SocketAddr,
        bytes: Vec<u8>,
    },
    Timeout,
    /// Calls `handle_timeout` at the deadline, as a correct driver does.
    AtDeadline,
    Refused {
        peer: bool,
        other: SocketAddr,
    },
    Drain,
    /// Polls once without draining.
    PollTransmit,
    PollEvent,
    /// Moves time, possibly backwards.
    Clock(Instant),
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let address = any::<SocketAddr>();
    // Bytes that some machine understands, and arbitrary bytes.
    let bytes = prop_oneof![
        Just(b"hello".to_vec()),
        (0u32..4, 0u32..4).prop_map(|(e, s)| format!("#{e}.{s} hello").into_bytes()),
        (0u32..4, 0u32..4)
            .prop_map(|(e, s)| format!("retrylab: failed\n#{e}.{s} hello").into_bytes()),
        any::<u32>().prop_map(|seq| format!("Heartbeat {seq} 1.5").into_bytes()),
        (0u32..200).prop_map(|seq| format!("{seq}").into_bytes()),
        Just(b"retrylab: failed, retry in 10ms\n".to_vec()),
        prop::sample::select(&["read", "write 0", "write 1", "version 1", "ok 1", "stale 1"])
            .prop_map(|said| said.as_bytes().to_vec()),
        (any::<u8>(), any::<u16>(), 0u8..6).prop_map(|(flags, id, code)| dns(flags, id, code)),
        prop::collection::vec(any::<u8>(), 0..64),
    ];
    let clock = prop_oneof![
        any::<u64>().prop_map(Instant::from_nanos),
        (0u64..10_000).prop_map(Instant::from_millis),
        (0u64..10).prop_map(|before| Instant::from_nanos(u64::MAX - before)),
    ];
    let op = prop_oneof![
        3 => (any::<bool>(), address.clone(), bytes)
            .prop_map(|(from_peer, from, bytes)| Op::Datagram { from_peer, from, bytes }),
        2 => Just(Op::Timeout),
        4 => Just(Op::AtDeadline),
        1 => (any::<bool>(), address).prop_map(|(peer, other)| Op::Refused { peer, other }),
        4 => Just(Op::Drain),
        1 => Just(Op::PollTransmit),
        1 => Just(Op::PollEvent),
        2 => clock.prop_map(Op::Clock),
    ];
    prop::collection::vec(op, 0..60)
}

/// A DNS message about the addresses of the name `a`, without records.
fn dns(flags: u8, id: u16, code: u8) -> Vec<u8> {
    let mut bytes = id.to_be_bytes().to_vec();
    bytes.extend([flags, 0x80 | code, 0, 1, 0, 0, 0, 0, 0, 0, 1, b'a', 0, 0, 1, 0, 1]);
    bytes
}

/// Jitter, retry budgets and circuit breakers, as settings of a scenario.
fn any_jitter() -> impl Strategy<Value = Vec<(&'static str, &'static str)>> {
    let of = |key: &'static str, values: &'static [&'static str]| {
        prop::option::weighted(0.3, prop::sample::select(values).prop_map(move |v| (key, v)))
    };
    let jitters = &[
        "full",
        "equal",
        "decorrelated",
        "proportional 0.2",
        "proportional 1 later",
        "once 0.5",
        "compounding 0.1",
        "compounding 1 up",
        "additive 1s",
        "slots 7ms",
    ];
    let budgets = &[
        "throttle 3 0.5",
        "deposits 0.2 1 1s",
        "quota 3 2 1",
        "concurrent 0.2 1",
        "concurrent 0 0",
        "bucket 2 0.5",
        "adaptive 1.1 1s",
    ];
    (
        of("policy.backoff", &["constant", "linear", "exponential", "fibonacci", "list"]),
        of("policy.timeouts", &["0s", "0s, 1ms", "10ms, 0s, 2s", "1ns"]),
        of("policy.increment", &["1ns", "10ms"]),
        of("policy.jitter", jitters),
        of("policy.first_delay", &["1s", "0s 1ms", "0s"]),
        of("policy.adaptive", &["rfc6298", "rfc9002", "rfc9147"]),
        of("policy.budget", budgets),
        of("policy.breaker", &["1 1s", "2 10ms", "share 0.5"]),
        of("policy.hedging", &["true"]),
        of("policy.deadline_rule", &["before"]),
        of("policy.attempt_timeout", &["1ns", "10ms", "3s"]),
    )
        .prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| {
            [a, b, c, d, e, f, g, h, i, j, k].into_iter().flatten().collect()
        })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let wait = || 1u64..10_000_000_000;
    let bound = || prop::option::of(wait());
    let sends = prop::option::of(1u32..10);
    let bounds = (wait(), 1_000_000u32..4_000_000, bound(), bound(), sends, bound());
    (bounds, any_jitter()).prop_filter_map(
        "a contradiction",
        |((first, factor, cap, above, sends, deadline), settings)| {
            let ns = Duration::from_nanos;
            let mut scenario = Scenario::default();
            // Settings that contradict each other are left out one by one.
            scenario.apply([("policy.give_up_above", "none")]).ok()?;
            for setting in settings {
                let _ = scenario.apply([setting]);
            }
            scenario
                .policy
                .to_builder()
                .initial_timeout(ns(first))
                .multiplier(Factor::from_millionths(factor)?)
                .max_timeout(cap.map(ns))
                .give_up_above(above.map(ns))
                .max_sends(sends)
                .deadline(deadline.map(ns))
                .build()
                .ok()
        },
    )
}

fn any_config() -> impl Strategy<Value = client::Config> {
    let message = prop::collection::vec(any::<u8>(), 0..16);
    let pauses = &["0s", "10ms", "uniform 0s 1s"];
    let think = prop::option::of(prop::sample::select(pauses));
    let think = think.prop_map(|pause| pause.map(|text| text.parse().unwrap()));
    (any_policy(), any::<bool>(), any::<bool>(), 0u32..4, message, think).prop_map(
        |(policy, connected, token, exchanges, message, think)| {
            let codec = Echo::new(&message).with_token(token);
            client::Config::new(PEER.parse().unwrap(), codec)
                .connected(connected)
                .policy(policy)
                .exchanges(exchanges)
                .think(think)
        },
    )
}

fn any_open_config() -> impl Strategy<Value = client::Config<OpenLoop>> {
    let times = &["poisson 10", "constant 1000000", "poisson 1, 10ms 0", "times 0s, 0s, 1s"];
    (any_config(), prop::sample::select(times))
        .prop_map(|(config, arrivals)| config.open(arrivals.parse().unwrap()))
}

fn any_client() -> impl Strategy<Value = Client> {
    any_config().prop_map(Client::new)
}

fn any_station() -> impl Strategy<Value = Station> {
    let of = |key: &'static str, values: &'static [&'static str]| {
        prop::option::weighted(0.5, prop::sample::select(values).prop_map(move |v| (key, v)))
    };
    let faults = &["1s 1s server-down", "0s 10ms server-down keep; 5ms 1s slow 3"];
    let keys = (
        of("server.service", &["0s", "10ms", "uniform 0s 1s"]),
        of("server.rising", &["1ms"]),
        of("server.workers", &["2", "none"]),
        of("server.queue", &["0", "1"]),
        of("server.order", &["lifo"]),
        of("server.expire", &["0s", "5ms"]),
        of("server.overflow", &["fail"]),
        of("faults", faults),
    );
    (any_server(), keys).prop_map(|(server, (a, b, c, d, e, f, g, h))| {
        let mut scenario = Scenario::default();
        scenario.apply([a, b, c, d, e, f, g, h].into_iter().flatten()).unwrap();
        Station::numbered(server, scenario.station_config(), 1, CLIENTS)
    })
}

fn any_server() -> impl Strategy<Value = Server> {
    let probability = (0u32..=1_000_000_000).prop_map(Probability::from_parts_per_billion);
    let some = || (0u32..=1_000_000_000).prop_map(Probability::from_parts_per_billion);
    let hint = prop::option::of((0u64..1 << 40).prop_map(Duration::from_nanos));
    let answers = (any::<bool>(), some(), hint);
    (answers, probability, 0u64..4, any::<u64>()).prop_map(|(answers, drop, first, seed)| {
        let (mirror, fail, hint) = answers;
        let config = echo::Config::default()
            .with_reply(if mirror { Reply::Mirror } else { Reply::Report })
            .with_drop(drop.expect("at most a billion"))
            .with_drop_first(first)
            .with_drop_list("5,7-9".parse().unwrap())
            .with_fail(fail.expect("at most a billion"))
            .with_hint(hint);
        Server::new(config, seed)
    })
}

fn any_writer() -> impl Strategy<Value = contention::Client> {
    any_policy().prop_map(|policy| {
        let config = contention::Config::new(PEER.parse().unwrap(), policy, 1);
        contention::Client::numbered(Arc::new(config), 1)
    })
}

fn any_resolver() -> impl Strategy<Value = Resolver> {
    let options = &["timeout:1", "timeout:0 attempts:1", "attempts:5 rotate"];
    let options = prop::sample::select(options).prop_map(|text| text.parse::<Options>().unwrap());
    let policy = prop::option::of(any_policy());
    (options, policy, 0usize..3, any::<u64>()).prop_map(|(options, policy, others, seed)| {
        let peer = PEER.parse().unwrap();
        let config = name::Config::new("a".parse().unwrap(), peer).with_seed(seed);
        let other = |last: usize| SocketAddr::from(([192, 0, 2, 2 + last as u8], 53));
        let config = (0..others).fold(config, |config, last| config.with_server(other(last)));
        Resolver::new(match policy {
            Some(policy) => config.with_policy(policy),
            None => config.with_options(options),
        })
    })
}

/// A resolver that also gets replies to its queries, and answers over TCP.
struct Answered {
    resolver: Resolver,
    /// The last query.
    query: Vec<u8>,
    now: Instant,
}

impl Machine for Answered {
    type Event = name::Event;

    fn handle_datagram(&mut self, now: Instant, local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        self.now = now;
        // The last query with the flags and the code of arbitrary bytes.
        let mut reply = self.query.clone();
        for (to, byte) in reply.iter_mut().skip(2).zip(bytes.iter().skip(2).take(2)) {
            *to = *byte;
        }
        self.resolver.handle_datagram(now, local, from, &reply);
        self.resolver.handle_datagram(now, local, from, bytes);
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.now = now;
        self.resolver.handle_timeout(now);
    }

    fn handle_refused(&mut self, now: Instant, peer: SocketAddr) {
        self.now = now;
        self.resolver.handle_refused(now, peer);
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let transmit = self.resolver.poll_transmit(now, buf)?;
        self.query.clone_from(buf);
        Some(transmit)
    }

    fn poll_event(&mut self) -> Option<name::Event> {
        let event = self.resolver.poll_event()?;
        if let name::Event::Truncated(truncated) = event {
            let answer =
                self.query.first().filter(|byte| **byte % 2 == 0).map(|_| self.query.clone());
            self.resolver.handle_tcp(self.now, truncated, answer.as_deref());
        }
        Some(event)
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.resolver.poll_timeout()
    }

    fn is_finished(&self) -> bool {
        self.resolver.is_finished()
    }
}

fn a_name_server() -> NameServer {
    let mut zone = Zone::default();
    for last in 0..40 {
        zone.add("a".parse().unwrap(), [192, 0, 2, last].into()).unwrap();
    }
    NameServer::new(zone)
}

/// Drains `machine`; returns the number of transmits and events.
fn drain<M: Machine>(machine: &mut M, now: Instant, buf: &mut Vec<u8>) -> usize {
    let mut polls = 0;
    buf.clear();
    while machine.poll_transmit(now, buf).is_some() {
        buf.clear();
        polls += 1;
        assert!(polls <= MAX_PER_INPUT, "poll_transmit does not end");
    }
    while machine.poll_event().is_some() {
        polls += 1;
        assert!(polls <= MAX_PER_INPUT, "poll_event does not end");
    }
    polls
}

/// Drives `machine` through `ops` and checks every rule after every call.
fn keeps_the_contract<M: Machine>(mut machine: M, ops: Vec<Op>) {
    let peer: SocketAddr = PEER.parse().unwrap();
    let (mut now, mut buf) = (Instant::ZERO, Vec::new());
    drain(&mut machine, now, &mut buf);
    for op in ops {
        match op {
            Op::Datagram { from_peer, from, bytes } => {
                machine.handle_datagram(now, LOCAL, if from_peer { peer } else { from }, &bytes);
            }
            Op::Timeout => time_out(&mut machine, now, &mut buf),
            Op::AtDeadline => {
                if let Some((_, deadline)) = machine.poll_timeout() {
                    now = deadline;
                    time_out(&mut machine, now, &mut buf);
                }
            }
            Op::Refused { peer: real, other } => {
                machine.handle_refused(now, if real { peer } else { other });
            }
            Op::Drain => drop(drain(&mut machine, now, &mut buf)),
            Op::PollTransmit => {
                buf.clear();
                let _ = machine.poll_transmit(now, &mut buf);
            }
            Op::PollEvent => drop(machine.poll_event()),
            Op::Clock(to) => now = to,
        }
        assert!(
            !machine.is_finished() || machine.poll_timeout().is_none(),
            "a finished machine has no deadline"
        );
        assert_eq!(machine.poll_timeout(), machine.poll_timeout(), "looking changes nothing");
    }
}

/// Calls `handle_timeout(now)` and checks the rules for it.
fn time_out<M: Machine>(machine: &mut M, now: Instant, buf: &mut Vec<u8>) {
    drain(machine, now, buf);
    let before = machine.poll_timeout();
    machine.handle_timeout(now);
    let due = before.is_some_and(|(_, deadline)| deadline <= now);
    let polls = drain(machine, now, buf);
    let after = machine.poll_timeout();
    if due {
        assert!(after.is_none_or(|(_, deadline)| deadline > now), "{after:?} at {now:?}");
    } else {
        assert_eq!((after, polls), (before, 0), "an early call is a no-op");
    }
    machine.handle_timeout(now);
    assert_eq!(drain(machine, now, buf), 0, "a repeated call is a no-op");
    assert_eq!(machine.poll_timeout(), after, "a repeated call is a no-op");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn the_client_keeps_the_contract(client in any_client(), ops in ops()) {
        keeps_the_contract(client, ops);
    }

    #[test]
    fn the_client_of_several_addresses_keeps_the_contract(client in any_client(), ops in ops()) {
        let others = ["192.0.2.2:1060", "[2001:db8::1]:1060"].map(|text| text.parse().unwrap());
        keeps_the_contract(Candidates::new(client, others), ops);
    }

    #[test]
    fn the_open_client_keeps_the_contract(config in any_open_config(), ops in ops()) {
        keeps_the_contract(OpenClient::numbered(config, 1), ops);
    }

    #[test]
    fn the_station_keeps_the_contract(station in any_station(), ops in ops()) {
        keeps_the_contract(station, ops);
    }

    #[test]
    fn the_server_keeps_the_contract(server in any_server(), ops in ops()) {
        keeps_the_contract(server, ops);
    }

    #[test]
    fn a_server_behind_a_link_keeps_the_contract(server in any_server(), ops in ops()) {
        let latency = "uniform 0s 2s".parse().unwrap();
        let link = Link::default().with_latency(latency).with_loss("0.3".parse().unwrap());
        keeps_the_contract(Behind::new(server, Pipe::new(&link, 1)), ops);
    }

    #[test]
    fn the_writer_keeps_the_contract(writer in any_writer(), ops in ops()) {
        keeps_the_contract(writer, ops);
    }

    #[test]
    fn the_row_server_keeps_the_contract(ops in ops()) {
        keeps_the_contract(row::Server::default(), ops);
    }

    #[test]
    fn the_client_of_heartbeats_keeps_the_contract(
        interval in 0u64..1 << 40,
        count in prop::option::of(0u32..5),
        ops in ops(),
    ) {
        let config = client::heartbeat::Config::new(PEER.parse().unwrap(), Duration::from_nanos(interval));
        keeps_the_contract(client::heartbeat::Client::new(config.count(count)), ops);
    }

    #[test]
    fn the_server_of_heartbeats_keeps_the_contract(dead_after in 0u64..1 << 40, ops in ops()) {
        let config = heartbeat::Config::new(Duration::from_nanos(dead_after));
        keeps_the_contract(heartbeat::Server::new(config), ops);
    }

    /// If its policy has an end and its driver is on time, every client finishes.
    #[test]
    fn every_client_with_a_stop_ends(client in any_client()) {
        let mut config = client.config().clone();
        let sends = config.policy.max_sends().or(Some(9));
        config.policy = config.policy.to_builder().max_sends(sends).build().unwrap();
        let mut client = Client::new(config);
        let (mut now, mut buf, mut wakes) = (Instant::ZERO, Vec::new(), 0);
        drain(&mut client, now, &mut buf);
        while let Some((_, deadline)) = client.poll_timeout() {
            now = deadline;
            client.handle_timeout(now);
            drain(&mut client, now, &mut buf);
            wakes += 1;
            prop_assert!(wakes <= 4 * 22, "exchanges times sends, each with a pause and a rest");
        }
        prop_assert!(client.is_finished());
    }
}

// Reading messages takes longer than the other machines' work.
proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn the_resolver_keeps_the_contract(resolver in any_resolver(), ops in ops()) {
        keeps_the_contract(resolver, ops);
    }

    #[test]
    fn the_resolver_that_gets_replies_keeps_the_contract(
        resolver in any_resolver(),
        ops in ops(),
    ) {
        keeps_the_contract(Answered { resolver, query: Vec::new(), now: Instant::ZERO }, ops);
    }

    #[test]
    fn the_name_server_keeps_the_contract(ops in ops()) {
        keeps_the_contract(a_name_server(), ops);
    }
}
