//! HTTP/1.1 between client and server in memory, and what the retry policy decides.

use crate::wire::{Network, Wire};
use retrylab_core::client::Config;
use retrylab_core::policy::{Policy, Preset, Stop};
use retrylab_core::protocol::echo::Reply;
use retrylab_core::random::Probability;
use retrylab_core::server::echo;
use retrylab_core::stream::http::{EchoHandler, Http, HttpConfig, HttpError, HttpService};
use retrylab_core::stream::{
    Client, Command, ConnectionId, Endpoint, Event, Failure, Input, Limits, Server,
};
use retrylab_core::time::{Duration, Instant};

fn get(target: &str) -> Http {
    Http::new("GET", "192.0.2.1", target).unwrap()
}

fn post(body: &[u8]) -> Http {
    Http::new("POST", "192.0.2.1", "/").unwrap().with_body(body)
}

type HttpWire = Wire<Client<Http>, Server<HttpService<EchoHandler>>>;

fn run(http: Http, policy: Policy, config: HttpConfig, network: Network) -> HttpWire {
    let client = Config::new("192.0.2.1:80".parse().unwrap(), http).policy(policy);
    let service = HttpService::new(EchoHandler(Reply::Mirror), config, 1);
    Wire::new(Client::new(client), Server::new(service, Limits::default()), network).run()
}

fn response(wire: &HttpWire) -> (u16, &[u8]) {
    let response = wire.client.reply().expect("a reply").response().expect("a response");
    (response.status, &response.body)
}

fn connects(wire: &HttpWire) -> Vec<u64> {
    let connects = wire.commands.iter().filter(|(.., c)| matches!(c, Command::Connect { .. }));
    connects.map(|(at, ..)| at.as_nanos() / 1_000_000).collect()
}

fn end(wire: &HttpWire) -> Event {
    wire.client_events.iter().find(|(_, event)| event.ends()).expect("an end").1
}

#[test]
fn one_request_one_response_and_the_connection_is_released() {
    for segment in [1, 7, 1_460] {
        for (http, expected) in [
            (get("/hello"), &b"hello"[..]),
            (post(b"some data"), b"some data"),
            (post(b"some data").with_chunked(true), b"some data"),
            (post(b""), b""),
            (post(b"").with_chunked(true), b""),
            (Http::new("PUT", "192.0.2.1", "/").unwrap(), b""),
            (Http::new("HEAD", "192.0.2.1", "/hello").unwrap(), b""),
            (get("/hello").with_close(false), b"hello"),
        ] {
            let network = Network { segments: vec![segment], ..Network::default() };
            let wire = run(http, Policy::textbook(), HttpConfig::default(), network);
            assert_eq!(response(&wire), (200, expected));
            let events: Vec<_> = wire.client_events.iter().map(|(_, event)| *event).collect();
            assert!(
                matches!(
                    events[..],
                    [
                        Event::Confirmed { .. },
                        Event::Answered { sends: 1, .. },
                        Event::Released { .. }
                    ]
                ),
                "{events:?}"
            );
            assert_eq!(wire.server.connections(), 0);
        }
    }
}

#[test]
fn the_response_to_head_has_the_length_of_a_body_that_does_not_follow() {
    let head = Http::new("HEAD", "192.0.2.1", "/hello").unwrap();
    let wire = run(head, Policy::textbook(), HttpConfig::default(), Network::default());
    let response = wire.client.reply().unwrap().response().unwrap();
    assert_eq!(response.fields.first("content-length"), Some(&b"5"[..]));
    assert!(response.body.is_empty());
}

#[test]
fn statuses_of_a_server_in_trouble_are_repeated_by_the_policy() {
    let config = HttpConfig::default().with_faults(echo::Config::default().with_drop_first(1));
    let wire = run(get("/x"), Policy::textbook(), config, Network::default());
    assert_eq!((connects(&wire), response(&wire)), (vec![0, 100], (200, &b"x"[..])));

    // Retry-After is in whole seconds: 50 ms become 1 s, and up to half of it more.
    let faults = echo::Config::default()
        .with_fail(Probability::ALWAYS)
        .with_hint(Some(Duration::from_millis(50)));
    let config = HttpConfig::default().with_faults(faults);
    let policy =
        Policy::exponential(Duration::from_millis(100)).max_sends(Some(3)).build().unwrap();
    let wire = run(get("/x"), policy, config, Network::default());
    let at = connects(&wire);
    assert!(
        (1_000..=1_500).contains(&at[1]) && (1_000..=1_500).contains(&(at[2] - at[1])),
        "{at:?}"
    );
    assert_eq!(response(&wire).0, 503, "what the server has said last");
    assert!(matches!(end(&wire), Event::GaveUp { sends: 3, why: Stop::MaxSends, .. }));
}

#[test]
fn a_post_is_sent_once_unless_it_is_repeatable() {
    let fail = echo::Config::default().with_fail(Probability::ALWAYS);
    let config = || HttpConfig::default().with_faults(fail.clone());
    // The server's failure is the answer.
    let wire = run(post(b"x"), Policy::textbook(), config(), Network::default());
    assert_eq!((connects(&wire), response(&wire).0), (vec![0], 503));
    assert!(matches!(end(&wire), Event::Answered { sends: 1, .. }));
    let wire =
        run(post(b"x").with_repeatable(true), Policy::textbook(), config(), Network::default());
    assert_eq!(connects(&wire), [0, 100, 300, 700, 1_500]);

    // A connection that was not confirmed has not carried the request.
    let network = Network { lose: 1, refuse: 1, ..Network::default() };
    let wire = run(post(b"x"), Policy::textbook(), HttpConfig::default(), network);
    assert_eq!((connects(&wire), response(&wire)), (vec![0, 100, 300], (200, &b"x"[..])));

    // A connection that breaks may have.
    let network = Network { reset_after: Some(10), ..Network::default() };
    let wire = run(post(b"x"), Policy::textbook(), HttpConfig::default(), network);
    assert!(matches!(end(&wire), Event::GaveUp { sends: 1, why: Stop::NotRepeated, .. }));
    assert_eq!(connects(&wire), [0]);
}

#[test]
fn the_client_of_a_post_waits_on_its_one_connection_until_the_policy_gives_up() {
    let drop = || HttpConfig::default().with_faults(echo::Config::default().with_drop_first(1));
    let wire = run(post(b"x"), Policy::textbook(), drop(), Network::default());
    assert_eq!(connects(&wire), [0]);
    let end_of_it = end(&wire);
    assert!(
        matches!(end_of_it, Event::GaveUp { sends: 1, elapsed, .. }
            if elapsed == Duration::from_millis(3_100)),
        "{end_of_it:?}"
    );
    // With an attempt timeout, the wait is that.
    let policy = Policy::exponential(Duration::from_millis(100))
        .attempt_timeout(Some(Duration::from_millis(30)))
        .max_sends(Some(3))
        .build()
        .unwrap();
    let wire = run(post(b"x"), policy, drop(), Network::default());
    let end_of_it = end(&wire);
    assert!(
        matches!(end_of_it, Event::GaveUp { sends: 1, elapsed, why: Stop::NotRepeated, .. }
            if elapsed == Duration::from_millis(30)),
        "{end_of_it:?}"
    );
}

#[test]
fn a_hedged_post_is_sent_on_one_connection() {
    let policy = Preset::GrpcHedging.policy();
    let drop = HttpConfig::default().with_faults(echo::Config::default().with_drop_first(1));
    let wire = run(post(b"x"), policy, drop, Network::default());
    let sends = wire.commands.iter().filter(|(.., command)| *command == Command::Send).count();
    assert_eq!(sends, 1);
}

#[test]
fn a_reset_inside_the_body_is_repeated_for_a_get() {
    let network = Network { reset_after: Some(100), ..Network::default() };
    let wire = run(
        get(&format!("/{}", "x".repeat(500))),
        Policy::textbook(),
        HttpConfig::default(),
        network,
    );
    let resets = wire
        .client_events
        .iter()
        .filter(|(_, event)| matches!(event, Event::Failed { why: Failure::Reset, .. }));
    assert_eq!(resets.count(), 5);
}

/// A server may answer before the request ends, and then close.
#[test]
fn a_response_before_the_end_of_the_request_is_the_answer() {
    let config = Config::new("192.0.2.1:80".parse().unwrap(), post(&[7; 1_000_000]));
    let mut client = Client::new(config);
    let (now, id, mut buf) = (Instant::ZERO, ConnectionId(1), Vec::new());
    client.handle_start(now);
    assert!(client.poll_command(now, &mut buf).is_some());
    client.handle_input(now, id, Input::Confirmed);
    assert_eq!(client.poll_command(now, &mut buf), Some((id, Command::Send)));
    client.handle_input(now, id, Input::Written(1_000));
    let response = b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n";
    client.handle_input(now, id, Input::Bytes(response));
    client.handle_input(now, id, Input::Reset);
    let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
    assert!(matches!(
        events[..],
        [Event::Confirmed { .. }, Event::Answered { .. }, Event::NotReleased { .. }]
    ));
    assert_eq!(client.reply().unwrap().response().unwrap().status, 413);
    assert!(client.poll_command(now, &mut buf).is_none() && client.is_finished());
}

#[test]
fn an_unreadable_response_ends_the_exchange() {
    let config = Config::new("192.0.2.1:80".parse().unwrap(), get("/"));
    let mut client = Client::new(config);
    let (now, id, mut buf) = (Instant::ZERO, ConnectionId(1), Vec::new());
    client.handle_start(now);
    assert!(client.poll_command(now, &mut buf).is_some());
    client.handle_input(now, id, Input::Confirmed);
    client.handle_input(now, id, Input::Bytes(b"220 mail.example.org ESMTP\r\n"));
    let events: Vec<_> = std::iter::from_fn(|| client.poll_event()).collect();
    assert!(matches!(
        events[..],
        [
            Event::Confirmed { .. },
            Event::Failed { why: Failure::Unreadable, .. },
            Event::GaveUp { sends: 1, why: Stop::Unreadable, .. }
        ]
    ));
    assert_eq!(client.reply().unwrap().error(), Some(HttpError::Version));
    // Only the abort is left: the request was never collected.
    assert_eq!(client.poll_command(now, &mut buf), Some((id, Command::Abort)));
    assert!(client.is_finished());
}
