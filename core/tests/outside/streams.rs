//! Echo over connections, client and server connected in memory: the textbook's case, and what can go wrong.

use crate::wire::{Network, Wire};
use retrylab_core::client::Config;
use retrylab_core::dist::Distribution;
use retrylab_core::policy::{Policy, Preset, Stop};
use retrylab_core::protocol::Echo;
use retrylab_core::protocol::echo::Reply;
use retrylab_core::random::Probability;
use retrylab_core::server::echo;
use retrylab_core::stream::{
    Command, ConnectionId, EchoEvent, EchoService, Endpoint, Event, Failure, Input, Limit, Limits,
    MAX_CONNECTIONS, READ_AHEAD, Server, ServerEvent,
};
use retrylab_core::time::{Duration, Instant};
use std::net::SocketAddr;

type Client = retrylab_core::stream::Client<Echo>;

const SERVER: &str = "192.0.2.1:1060";

fn config(message: &[u8]) -> Config {
    Config::textbook(SERVER.parse().unwrap(), message)
}

fn server(config: echo::Config) -> Server<EchoService> {
    Server::new(EchoService::new(config, 1), Limits::default())
}

fn mirror() -> echo::Config {
    echo::Config::default().with_reply(Reply::Mirror)
}

fn run(
    client: Config,
    server: Server<EchoService>,
    network: Network,
) -> Wire<Client, Server<EchoService>> {
    Wire::new(Client::new(client), server, network).run()
}

/// The times of the client's commands that open a connection, in milliseconds.
fn connects(wire: &Wire<Client, Server<EchoService>>) -> Vec<u64> {
    let connects = wire.commands.iter().filter(|(.., c)| matches!(c, Command::Connect { .. }));
    connects.map(|(at, ..)| at.as_nanos() / 1_000_000).collect()
}

fn failures(wire: &Wire<Client, Server<EchoService>>) -> Vec<Failure> {
    let failure = |(_, event): &(Instant, Event)| match event {
        Event::Failed { why, .. } => Some(*why),
        _ => None,
    };
    wire.client_events.iter().filter_map(failure).collect()
}

fn last(wire: &Wire<Client, Server<EchoService>>) -> Event {
    wire.client_events.last().expect("an event").1
}

#[test]
fn a_message_is_reported_or_mirrored_and_the_connection_is_released() {
    for (reply, expected) in [
        (Reply::Report, &b"Your data was 5 bytes"[..]),
        (Reply::Mirror, b"hello"),
        (Reply::Upper, b"HELLO"),
    ] {
        for segment in [1, 3, 1_460] {
            let network = Network { segments: vec![segment], ..Network::default() };
            let echo = echo::Config::default().with_reply(reply);
            let wire = run(config(b"hello"), server(echo), network);
            assert_eq!(wire.client.reply().unwrap().reply(), expected);
            let events: Vec<Event> = wire.client_events.iter().map(|(_, event)| *event).collect();
            assert!(
                matches!(
                    events[..],
                    [
                        Event::Confirmed { exchange: 1, send: 1 },
                        Event::Answered { exchange: 1, sends: 1, answered_send: 1, .. },
                        Event::Released { exchange: 1, send: 1 },
                    ]
                ),
                "{events:?}"
            );
            assert_eq!(wire.server.connections(), 0);
            let id = ConnectionId(1);
            let sent = expected.len() as u64;
            let answered =
                ServerEvent::Service { id, event: EchoEvent::Answered { bytes: 5, sent } };
            assert!(wire.server_events.iter().any(|(_, event)| *event == answered));
        }
    }
}

#[test]
fn an_empty_message_is_answered_when_both_ends_finish() {
    for (reply, expected) in [(Reply::Report, &b"Your data was 0 bytes"[..]), (Reply::Mirror, b"")]
    {
        let echo = echo::Config::default().with_reply(reply);
        // Without bytes, there is nothing to send.
        let wire = run(config(b""), server(echo), Network::default());
        assert!(matches!(wire.client_events[1].1, Event::Answered { .. }));
        assert_eq!(wire.client.reply().unwrap().reply(), expected);
    }
}

#[test]
fn a_megabyte_is_mirrored_within_the_windows() {
    let message: Vec<u8> = (0..1_000_000u32).map(|i| i.to_le_bytes()[0]).collect();
    let network = Network { segments: vec![60_000, 1, 1_460], ..Network::default() };
    let wire = run(config(&message), server(mirror()), network);
    assert!(wire.client.reply().unwrap().reply() == message, "the same bytes come back");
}

#[test]
fn a_lost_connect_is_repeated_at_the_policys_times() {
    for (lost, expected) in [(1, &[0, 100][..]), (3, &[0, 100, 300, 700])] {
        let network = Network { lose: lost, ..Network::default() };
        let wire = run(config(b"hello"), server(mirror()), network);
        assert_eq!(connects(&wire), expected);
        assert_eq!(failures(&wire), vec![Failure::TimedOut; lost as usize]);
        assert!(wire.client_events.iter().any(|(_, event)| {
            matches!(event, Event::Answered { sends, answered_send, .. }
                if *sends == lost + 1 && *answered_send == lost + 1)
        }));
    }
}

#[test]
fn a_refused_connect_is_repeated_and_the_client_gives_up_at_the_policys_time() {
    let wire = run(config(b"x"), server(mirror()), Network { refuse: 2, ..Network::default() });
    assert_eq!(connects(&wire), [0, 100, 300]);
    assert_eq!(failures(&wire), [Failure::Refused; 2]);
    // Nobody ever answers: the textbook's five sends.
    let lost = run(config(b"x"), server(mirror()), Network { lose: 9, ..Network::default() });
    assert_eq!(connects(&lost), [0, 100, 300, 700, 1_500]);
    let gave_up = last(&lost);
    assert!(
        matches!(gave_up, Event::GaveUp { sends: 5, why: Stop::GiveUpAbove, elapsed, .. }
            if elapsed == Duration::from_millis(3_100)),
        "{gave_up:?}"
    );
    // The last attempt's failure ends the exchange at once.
    let refused = run(config(b"x"), server(mirror()), Network { refuse: 9, ..Network::default() });
    assert_eq!(connects(&refused), [0, 100, 300, 700, 1_500]);
    assert!(matches!(last(&refused), Event::GaveUp { sends: 5, .. }));
}

#[test]
fn a_connection_that_breaks_before_the_reply_is_complete_is_an_attempt_that_failed() {
    let network = Network { reset_after: Some(3), segments: vec![1], ..Network::default() };
    let wire = run(config(b"hello"), server(mirror()), network);
    assert_eq!(failures(&wire), vec![Failure::Reset; 5]);
    assert!(matches!(last(&wire), Event::GaveUp { sends: 5, .. }));
    // The reply was complete: the exchange is answered, although its connection breaks.
    let network = Network { reset_after: Some(5), ..Network::default() };
    let wire = run(config(b"hello"), server(mirror()), network);
    assert!(matches!(wire.client_events[1].1, Event::Answered { sends: 1, .. }));
    assert!(matches!(last(&wire), Event::NotReleased { .. }));
}

#[test]
fn dropped_and_failed_connections_are_repeated() {
    let echo = mirror().with_drop_first(2);
    let wire = run(config(b"hello"), server(echo), Network::default());
    assert_eq!(connects(&wire), [0, 100, 300]);
    assert_eq!(failures(&wire), [Failure::TimedOut; 2]);

    let echo = mirror().with_fail(Probability::ALWAYS).with_hint(Some(Duration::from_millis(50)));
    let wire = run(config(b"hello"), server(echo), Network::default());
    assert_eq!(failures(&wire), vec![Failure::Reply; failures(&wire).len()]);
    assert!(matches!(last(&wire), Event::GaveUp { .. } | Event::Released { .. }));
    // The hint, and up to half of it more, instead of the schedule.
    let at = connects(&wire);
    assert!((50..=75).contains(&at[1]), "{at:?}");
}

#[test]
fn an_abandoned_call_pauses_before_the_next_one() {
    let policy = Policy::exponential(Duration::from_millis(100))
        .attempt_timeout(Some(Duration::from_millis(30)))
        .max_sends(Some(3))
        .build()
        .unwrap();
    let network = Network { lose: 9, ..Network::default() };
    let wire = run(config(b"x").policy(policy), server(mirror()), network);
    assert_eq!(connects(&wire), [0, 130, 360]);
    let aborts = wire.commands.iter().filter(|(.., command)| *command == Command::Abort);
    let aborts: Vec<_> = aborts.map(|(at, ..)| at.as_nanos() / 1_000_000).collect();
    assert_eq!(aborts, [30, 160, 390], "each attempt ends before the backoff");
}

#[test]
fn a_policy_that_hedges_keeps_earlier_connections_and_the_first_answer_wins() {
    let policy = Preset::GrpcHedging.policy();
    let network = Network { lose: 1, ..Network::default() };
    let wire = run(config(b"x").policy(policy), server(mirror()), network);
    assert!(failures(&wire).is_empty(), "the lost connection is not abandoned");
    let answered = wire
        .client_events
        .iter()
        .any(|(_, event)| matches!(event, Event::Answered { sends: 2, answered_send: 2, .. }));
    assert!(answered, "{:?}", wire.client_events);
    let aborts = wire.commands.iter().filter(|(.., command)| *command == Command::Abort).count();
    assert_eq!(aborts, 1, "the connection that is no longer needed");
}

#[test]
fn exchanges_follow_one_another() {
    let wire = run(config(b"hello").exchanges(5), server(mirror()), Network::default());
    let answered = wire.client_events.iter().filter_map(|(_, event)| match event {
        Event::Answered { exchange, .. } => Some(*exchange),
        _ => None,
    });
    assert_eq!(answered.collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(wire.server.connections(), 0);
}

/// As those of a client for datagrams do.
#[test]
fn exchanges_keep_their_interval_or_think_time() {
    let second = Duration::from_secs(1);
    let lossy = || Network { lose: 1, ..Network::default() };
    let client = config(b"hello").exchanges(2).interval(Some(second));
    let wire = run(client, server(mirror()), lossy());
    assert_eq!(connects(&wire), [0, 100, 1_000], "counted from the first send");
    let client = config(b"hello").exchanges(2).think(Some(Distribution::Constant(second)));
    let wire = run(client, server(mirror()), lossy());
    assert_eq!(connects(&wire), [0, 100, 1_100], "counted from the end");
}

/// A server alone, whose clients the test plays.
struct Alone {
    server: Server<EchoService>,
    events: Vec<ServerEvent<EchoEvent>>,
    commands: Vec<(ConnectionId, Command, usize)>,
}

impl Alone {
    fn new(limits: Limits) -> Self {
        let server = Server::new(EchoService::new(mirror(), 1), limits);
        Self { server, events: Vec::new(), commands: Vec::new() }
    }

    fn drain(&mut self, now: Instant) {
        let mut buf = Vec::new();
        while let Some((id, command)) = self.server.poll_command(now, &mut buf) {
            self.commands.push((id, command, buf.len()));
            buf.clear();
        }
        self.events.extend(std::iter::from_fn(|| self.server.poll_event()));
    }

    fn input(&mut self, ms: u64, id: u64, input: Input<'_>) {
        let now = Instant::from_millis(ms);
        self.server.handle_input(now, ConnectionId(id), input);
        self.drain(now);
    }

    fn accept(&mut self, ms: u64, id: u64) {
        let peer = SocketAddr::from(([192, 0, 2, 9], 9));
        self.input(ms, id, Input::Accepted { peer });
    }

    fn time_out(&mut self, ms: u64) {
        self.server.handle_timeout(Instant::from_millis(ms));
        self.drain(Instant::from_millis(ms));
    }

    fn limited(&self) -> Vec<(u64, Limit)> {
        let limited = |event: &ServerEvent<EchoEvent>| match event {
            ServerEvent::Limited { id, limit } => Some((id.0, *limit)),
            _ => None,
        };
        self.events.iter().filter_map(limited).collect()
    }
}

#[test]
fn a_silent_client_is_cut_off_and_a_slow_one_is_too() {
    let ms = Duration::from_millis;
    let mut alone = Alone::new(Limits::default().with_idle(ms(100)).with_total(ms(1_000)));
    alone.accept(0, 1);
    alone.accept(0, 2);
    // One byte every 90 ms: never idle, but not forever.
    for at in (0..=990).step_by(90) {
        alone.time_out(at);
        alone.input(at, 2, Input::Bytes(b"x"));
        alone.input(at, 2, Input::Written(1));
    }
    assert_eq!(alone.limited(), [(1, Limit::Idle)]);
    alone.time_out(1_000);
    assert_eq!(alone.limited(), [(1, Limit::Idle), (2, Limit::Total)]);
    assert_eq!(alone.server.connections(), 0);
    assert_eq!(alone.server.poll_timeout(), None);
    let aborts = alone.commands.iter().filter(|(_, command, _)| *command == Command::Abort);
    assert_eq!(aborts.map(|(id, ..)| id.0).collect::<Vec<_>>(), [1, 2]);
}

#[test]
fn a_client_that_sends_and_never_reads_is_slowed_down_to_a_stop() {
    let mut alone = Alone::new(Limits::default());
    alone.accept(0, 1);
    let (id, mut sent) = (ConnectionId(1), 0);
    while let window @ 1.. = alone.server.window(id) {
        let bytes = vec![7; window.min(1_000)];
        sent += bytes.len();
        alone.input(0, 1, Input::Bytes(&bytes));
    }
    assert_eq!(sent, READ_AHEAD, "and not a byte more");
    alone.input(0, 1, Input::Written(10));
    assert_eq!(alone.server.window(id), 10);
}

#[test]
fn too_many_bytes_and_too_many_connections_are_limited() {
    let limits = Limits::default().with_bytes(10).with_connections(3);
    let mut alone = Alone::new(limits);
    alone.accept(0, 1);
    alone.input(0, 1, Input::Bytes(b"0123456789"));
    assert_eq!(alone.limited(), []);
    alone.input(1, 1, Input::Bytes(b"x"));
    assert_eq!(alone.limited(), [(1, Limit::Bytes)]);
    for id in 2..=4 {
        alone.accept(id, id);
    }
    // The second connection has just been used, so that the third has been silent for longest.
    alone.input(8, 2, Input::Bytes(b"x"));
    alone.accept(9, 5);
    assert_eq!(alone.limited(), [(1, Limit::Bytes), (3, Limit::Connections)]);
    assert_eq!(alone.server.connections(), 3);
}

#[test]
fn ten_thousand_silent_clients_do_not_keep_out_another_one() {
    let mut alone = Alone::new(Limits::default());
    for id in 1..=10_000 {
        alone.accept(0, id);
    }
    assert_eq!(alone.server.connections(), Limits::default().connections);
    alone.accept(1, 10_001);
    alone.input(1, 10_001, Input::Bytes(b"hello"));
    assert_eq!(alone.commands.last(), Some(&(ConnectionId(10_001), Command::Send, 5)));
}

#[test]
fn a_client_that_never_finishes_does_not_hold_a_connection_that_is_answered() {
    let limits = Limits::default().with_idle(Duration::from_secs(5));
    let service = EchoService::new(mirror().with_fail(Probability::ALWAYS), 1);
    let mut alone = Alone::new(limits.clone());
    alone.server = Server::new(service, limits);
    alone.accept(0, 1);
    alone.input(0, 1, Input::Bytes(b"x"));
    let sent = alone.commands[0].2;
    alone.input(0, 1, Input::Written(sent));
    assert_eq!(alone.commands.last().unwrap().1, Command::Finish);
    // It continues to send, which does not extend its time.
    for at in (0..1_000).step_by(100) {
        alone.time_out(at);
        alone.input(at, 1, Input::Bytes(b"x"));
    }
    alone.time_out(1_000);
    assert_eq!(alone.limited(), [(1, Limit::Release)]);
}

#[test]
fn a_server_that_stops_closes_idle_connections_and_gives_the_others_a_grace() {
    let mut alone = Alone::new(Limits::default());
    alone.accept(0, 1);
    alone.accept(0, 2);
    alone.input(0, 2, Input::Bytes(b"x"));
    alone.server.shut_down(Instant::ZERO, Duration::from_millis(300));
    alone.drain(Instant::ZERO);
    assert_eq!(alone.commands.last(), Some(&(ConnectionId(1), Command::Finish, 0)));
    alone.time_out(299);
    assert_eq!(alone.server.connections(), 2);
    alone.time_out(300);
    assert_eq!(alone.server.connections(), 0);
}

#[test]
fn connections_that_a_server_does_not_close_are_bounded() {
    let mut client = Client::new(config(b"x").exchanges(200));
    let (now, mut buf, mut open) = (Instant::ZERO, Vec::new(), 0i64);
    client.handle_start(now);
    while let Some((id, command)) = client.poll_command(now, &mut buf) {
        match command {
            Command::Connect { .. } => {
                open += 1;
                assert!(open <= MAX_CONNECTIONS as i64);
                client.handle_input(now, id, Input::Confirmed);
            }
            Command::Send => client.handle_input(now, id, Input::Bytes(b"x")),
            Command::Finish => {}
            Command::Abort => open -= 1,
        }
        buf.clear();
    }
    assert_eq!(open, MAX_CONNECTIONS as i64);
    client.handle_timeout(Instant::from_millis(1_000));
    while client.poll_command(now, &mut buf).is_some() {}
    assert!(client.is_finished());
}
