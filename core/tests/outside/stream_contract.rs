//! The rules of `retrylab_core::stream`, kept by every endpoint of the crate under arbitrary bytes, splits of the
//! bytes, times and orders of calls.

use crate::http_bytes::{check_requests, check_response};
use proptest::prelude::*;
use retrylab_core::client::Config;
use retrylab_core::policy::{Policy, Preset};
use retrylab_core::protocol::Echo;
use retrylab_core::protocol::echo::Reply;
use retrylab_core::random::Probability;
use retrylab_core::server::echo;
use retrylab_core::stream::http::{EchoHandler, Http, HttpConfig, HttpService};
use retrylab_core::stream::{
    Client, Codec, Command, ConnectionId, EchoService, Endpoint, Input, Limits, Server, Signal,
    State,
};
use retrylab_core::time::{Duration, Instant};
use std::collections::{BTreeMap, BTreeSet};

/// More commands and events than this after one input is a loop.
const MAX_PER_INPUT: usize = 1_000;

/// One action of a driver, correct or not.
#[derive(Clone, Debug)]
enum Op {
    /// An input for a connection. If it is impossible in the connection's state and `always` is false, it is
    /// left out, as a correct driver does.
    Input {
        id: u64,
        input: Happened,
        always: bool,
    },
    Timeout,
    AtDeadline,
    Drain,
    PollCommand,
    PollEvent,
    /// Moves time, possibly backwards.
    Clock(Instant),
}

/// An [`Input`] that owns its bytes.
#[derive(Clone, Debug)]
enum Happened {
    Accepted,
    Confirmed,
    Refused,
    Bytes(Vec<u8>),
    Written(usize),
    Finished,
    Released,
    Reset,
}

impl Happened {
    fn input(&self) -> Input<'_> {
        match self {
            Self::Accepted => Input::Accepted { peer: "192.0.2.7:9".parse().unwrap() },
            Self::Confirmed => Input::Confirmed,
            Self::Refused => Input::Refused,
            Self::Bytes(bytes) => Input::Bytes(bytes),
            Self::Written(bytes) => Input::Written(*bytes),
            Self::Finished => Input::Finished,
            Self::Released => Input::Released,
            Self::Reset => Input::Reset,
        }
    }
}

/// Pieces of messages, from which most meaningful byte sequences are made.
const PIECES: &[&str] = &[
    "GET / HTTP/1.1\r\n",
    "HEAD /x HTTP/1.1\r\n",
    "POST / HTTP/1.1\r\n",
    "GET / HTTP/1.0\r\n",
    "HTTP/1.1 200 OK\r\n",
    "HTTP/1.1 503 Busy\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.0 204 None\r\n",
    "Host: x\r\n",
    "Connection: keep-alive\r\n",
    "Expect: 100-continue\r\n",
    "Content-Length: 5\r\n",
    "Content-Length: 60\r\n",
    "Content-Length: 6, 6\r\n",
    "Transfer-Encoding: chunked\r\n",
    "Retry-After: 1\r\n",
    "X: a\r\n b\r\n",
    "\r\n",
    "\n",
    "\r",
    "5\r\nhello\r\n",
    "3c;x=y\r\n",
    "0\r\n",
    "0\r\n\r\n",
    "hello",
    "retrylab: failed, retry in 10ms\n",
    "Your data was 5 bytes",
    "0123456789012345678901234567890123456789012345678901234567890123456789",
];

fn bytes() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        8 => prop::sample::select(PIECES).prop_map(|piece| piece.as_bytes().to_vec()),
        1 => prop::collection::vec(any::<u8>(), 1..20),
    ];
    prop::collection::vec(piece, 1..14).prop_map(|pieces| pieces.concat())
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let happened = prop_oneof![
        2 => Just(Happened::Accepted),
        3 => Just(Happened::Confirmed),
        1 => Just(Happened::Refused),
        4 => bytes().prop_map(Happened::Bytes),
        2 => (0usize..200).prop_map(Happened::Written),
        2 => Just(Happened::Finished),
        2 => Just(Happened::Released),
        1 => Just(Happened::Reset),
    ];
    let clock = prop_oneof![
        1 => any::<u64>().prop_map(Instant::from_nanos),
        4 => (0u64..20_000).prop_map(Instant::from_millis),
        1 => (0u64..10).prop_map(|before| Instant::from_nanos(u64::MAX - before)),
    ];
    let op = prop_oneof![
        12 => (1u64..5, happened, prop::bool::weighted(0.1))
            .prop_map(|(id, input, always)| Op::Input { id, input, always }),
        1 => Just(Op::Timeout),
        3 => Just(Op::AtDeadline),
        6 => Just(Op::Drain),
        1 => Just(Op::PollCommand),
        1 => Just(Op::PollEvent),
        1 => clock.prop_map(Op::Clock),
    ];
    prop::collection::vec(op, 0..80)
}

/// A driver that remembers the states of connections as it knows them.
struct Driver<E> {
    endpoint: E,
    accepts: bool,
    now: Instant,
    states: BTreeMap<u64, State>,
    /// Connections about which the driver has reported what is impossible: nothing is expected of them.
    spoiled: BTreeSet<u64>,
    buf: Vec<u8>,
}

impl<E: Endpoint> Driver<E> {
    fn new(mut endpoint: E, accepts: bool) -> Self {
        endpoint.handle_start(Instant::ZERO);
        let (states, spoiled) = (BTreeMap::new(), BTreeSet::new());
        Self { endpoint, accepts, now: Instant::ZERO, states, spoiled, buf: Vec::new() }
    }

    fn state(&mut self, id: ConnectionId) -> &mut State {
        self.states.entry(id.0).or_insert(State::New)
    }

    /// Collects one command, which must be possible in its connection's state.
    fn command(&mut self) -> bool {
        self.buf.clear();
        let Some((id, command)) = self.endpoint.poll_command(self.now, &mut self.buf) else {
            return false;
        };
        assert_eq!(command == Command::Send, !self.buf.is_empty(), "bytes belong to `Send`");
        let followed = self.state(id).follow(command.into());
        assert!(followed.is_ok() || self.spoiled.contains(&id.0), "{id}: {followed:?}");
        true
    }

    fn drain(&mut self) {
        let mut polls = 0;
        while self.command() || self.endpoint.poll_event().is_some() {
            polls += 1;
            assert!(polls < MAX_PER_INPUT, "the endpoint does not end");
        }
    }

    fn input(&mut self, id: u64, input: &Happened, always: bool) {
        let (id, signal) = (ConnectionId(id), Signal::from(input.input()));
        // A client listens nowhere, and so accepts nothing.
        let foreign = !self.accepts && signal == Signal::Accepted;
        if foreign || self.state(id).follow(signal).is_err() {
            if !always {
                return;
            }
            self.spoiled.insert(id.0);
        }
        if let Happened::Bytes(bytes) = input {
            let window = self.endpoint.window(id);
            let bytes = &bytes[..bytes.len().min(window)];
            if !bytes.is_empty() {
                self.endpoint.handle_input(self.now, id, Input::Bytes(bytes));
            }
            return;
        }
        self.endpoint.handle_input(self.now, id, input.input());
    }

    /// Fires the timer at its deadline, after which it has moved on.
    fn at_deadline(&mut self) {
        self.drain();
        let Some((_, deadline)) = self.endpoint.poll_timeout() else { return };
        self.now = self.now.max(deadline);
        for _ in 0..100 {
            self.endpoint.handle_timeout(self.now);
            self.drain();
            let next = self.endpoint.poll_timeout();
            if next.is_none_or(|(_, next)| next > self.now) {
                return;
            }
        }
        panic!("the deadline stays at {deadline:?}");
    }
}

/// Drives an endpoint through `ops` and checks every rule after every call.
fn keeps_the_contract<E: Endpoint>(endpoint: E, accepts: bool, ops: Vec<Op>) {
    let mut driver = Driver::new(endpoint, accepts);
    for op in ops {
        match op {
            Op::Input { id, input, always } => driver.input(id, &input, always),
            Op::Timeout => driver.endpoint.handle_timeout(driver.now),
            Op::AtDeadline if driver.now < Instant::from_nanos(u64::MAX - 1_000) => {
                driver.at_deadline();
            }
            Op::AtDeadline | Op::Drain => driver.drain(),
            Op::PollCommand => drop(driver.command()),
            Op::PollEvent => drop(driver.endpoint.poll_event()),
            Op::Clock(now) => driver.now = now,
        }
        if driver.endpoint.is_finished() {
            assert_eq!(driver.endpoint.poll_timeout(), None, "a finished endpoint has no timer");
        }
        let timeout = driver.endpoint.poll_timeout();
        assert_eq!(timeout, driver.endpoint.poll_timeout(), "asking changes nothing");
    }
}

fn any_policy() -> impl Strategy<Value = Policy> {
    let presets = &[Preset::GrpcHedging, Preset::AwsStandard, Preset::Grpc, Preset::Coap];
    let attempts = Policy::exponential(Duration::from_millis(10))
        .attempt_timeout(Some(Duration::from_millis(5)))
        .max_sends(Some(4))
        .build()
        .unwrap();
    prop_oneof![
        Just(Policy::textbook()),
        Just(attempts),
        prop::sample::select(presets).prop_map(Preset::policy),
    ]
}

fn client<C: Codec>(codec: C, policy: Policy, exchanges: u32) -> Client<C> {
    let config = Config::new("192.0.2.1:80".parse().unwrap(), codec);
    Client::new(config.policy(policy).exchanges(exchanges))
}

fn any_http() -> impl Strategy<Value = Http> {
    let method = prop::sample::select(&["GET", "HEAD", "POST"]);
    (method, any::<bool>(), any::<bool>()).prop_map(|(method, body, chunked)| {
        let http = Http::new(method, "x", "/").unwrap().with_max_body(100).with_chunked(chunked);
        if body { http.with_body(b"hello") } else { http }
    })
}

fn any_limits() -> impl Strategy<Value = Limits> {
    (1usize..4, 0u64..300, 0u64..2_000, 0u64..5_000, 0u64..500).prop_map(
        |(connections, bytes, idle, total, release)| {
            Limits::default()
                .with_connections(connections)
                .with_bytes(bytes)
                .with_idle(Duration::from_millis(idle))
                .with_total(Duration::from_millis(total))
                .with_release(Duration::from_millis(release))
        },
    )
}

fn any_faults() -> impl Strategy<Value = echo::Config> {
    let share = (0u32..=1_000_000_000).prop_map(Probability::from_parts_per_billion);
    (any::<bool>(), share.clone(), share).prop_map(|(mirror, drop, fail)| {
        echo::Config::default()
            .with_reply(if mirror { Reply::Mirror } else { Reply::Report })
            .with_drop(drop.unwrap())
            .with_fail(fail.unwrap())
            .with_hint(Some(Duration::from_millis(7)))
    })
}

proptest! {
    #[test]
    fn the_echo_client_keeps_the_contract(
        message in prop::collection::vec(any::<u8>(), 0..8),
        token: bool,
        policy in any_policy(),
        exchanges in 0u32..4,
        ops in ops(),
    ) {
        let echo = Echo::new(&message).with_token(token);
        keeps_the_contract(client(echo, policy, exchanges), false, ops);
    }

    #[test]
    fn the_http_client_keeps_the_contract(
        http in any_http(),
        policy in any_policy(),
        exchanges in 0u32..4,
        ops in ops(),
    ) {
        keeps_the_contract(client(http, policy, exchanges), false, ops);
    }

    #[test]
    fn the_echo_server_keeps_the_contract(
        faults in any_faults(),
        limits in any_limits(),
        ops in ops(),
    ) {
        keeps_the_contract(Server::new(EchoService::new(faults, 1), limits), true, ops);
    }

    #[test]
    fn the_http_server_keeps_the_contract(
        faults in any_faults(),
        limits in any_limits(),
        ops in ops(),
    ) {
        let config = HttpConfig::default().with_faults(faults).with_max_body(100);
        let service = HttpService::new(EchoHandler(Reply::Mirror), config, 1);
        keeps_the_contract(Server::new(service, limits), true, ops);
    }

    #[test]
    fn a_boxed_endpoint_keeps_the_contract(limits in any_limits(), ops in ops()) {
        let server = Server::new(EchoService::new(echo::Config::default(), 1), limits);
        let boxed: Box<dyn Endpoint<Event = _>> = Box::new(server);
        keeps_the_contract(boxed, true, ops);
    }

    #[test]
    fn a_response_means_the_same_however_it_is_split(
        to_head: bool,
        sizes in prop::collection::vec(1u8..40, 1..8),
        bytes in bytes(),
    ) {
        check_response(to_head, &sizes, &bytes);
    }

    #[test]
    fn requests_get_the_same_answers_however_they_are_split(
        finishes: bool,
        sizes in prop::collection::vec(1u8..40, 1..8),
        bytes in bytes(),
    ) {
        check_requests(&sizes, finishes, &bytes);
    }

    /// Whatever the network does, a client whose policy has an end comes to one.
    #[test]
    fn every_exchange_ends(
        http in any_http(),
        policy in any_policy(),
        faults in any_faults(),
        segments in prop::collection::vec(1usize..100, 1..4),
        (lose, refuse) in (0u32..4, 0u32..4),
        reset_after in prop::option::of(0usize..150),
    ) {
        let network = crate::wire::Network { segments, lose, refuse, reset_after };
        let config = HttpConfig::default().with_faults(faults);
        let service = HttpService::new(EchoHandler(Reply::Mirror), config, 1);
        let server = Server::new(service, Limits::default());
        let wire = crate::wire::Wire::new(client(http, policy, 2), server, network).run();
        prop_assert!(wire.client.is_finished());
        let ends = wire.client_events.iter().filter(|(_, event)| event.ends()).count();
        prop_assert_eq!(ends, 2);
    }
}
