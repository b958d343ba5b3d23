use super::*;
use crate::machine::{LOCAL, Machine, Timer};
use crate::policy::{
    Adaptive, Backoff, BreakerRule, Delay, HintRule, Jitter, Pacer, Policy, PolicyBuilder, Timeouts,
};
use crate::protocol::{Codec, Echo, Received};
use crate::time::Instant;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;
use core::net::SocketAddr;

const SERVER: &str = "192.0.2.1:1060";

fn server() -> SocketAddr {
    SERVER.parse().unwrap()
}

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn client(change: impl FnOnce(&mut Config)) -> Client {
    let mut config = Config::textbook(server(), b"hello");
    change(&mut config);
    Client::new(config)
}

/// Drains `client` and returns the datagrams it wants to send.
fn sends(client: &mut Client, now: Instant) -> Vec<Vec<u8>> {
    let mut buf = Vec::new();
    let mut out = vec![];
    while let Some(transmit) = client.poll_transmit(now, &mut buf) {
        assert_eq!(transmit.to, server());
        out.push(core::mem::take(&mut buf));
    }
    out
}

/// Lets `n` timers of `client` fire and drains it; returns when the last one fired.
fn fire(client: &mut Client, n: usize) -> Instant {
    let mut now = at(0);
    let _ = sends(client, now);
    for _ in 0..n {
        (_, now) = client.poll_timeout().expect("a timer runs");
        client.handle_timeout(now);
        let _ = sends(client, now);
    }
    now
}

#[test]
fn silence_ends_after_five_sends_at_3_1_seconds() {
    let mut client = client(|_| ());
    let now = fire(&mut client, 5);
    assert_eq!(now, at(3_100));
    let elapsed = Duration::from_millis(3_100);
    assert_eq!(
        client.poll_event(),
        Some(Event::GaveUp { exchange: 1, sends: 5, elapsed, why: Stop::GiveUpAbove })
    );
    assert!(client.is_finished());
    assert_eq!(client.poll_timeout(), None);
}

#[test]
fn the_timer_says_why_it_runs() {
    let mut client = client(|config| {
        config.policy = Policy::textbook().to_builder().max_sends(Some(2)).build().unwrap();
    });
    let _ = sends(&mut client, at(0));
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(100))));
    client.handle_timeout(at(100));
    let _ = sends(&mut client, at(100));
    assert_eq!(client.poll_timeout(), Some((Timer::GiveUp, at(300))));
}

#[test]
fn a_reply_ends_the_exchange_and_the_next_begins_at_once() {
    let mut client = client(|config| config.load.exchanges = 2);
    let now = fire(&mut client, 2);
    client.handle_datagram(now, LOCAL, server(), b"Your data was 5 bytes");
    let elapsed = Duration::from_millis(300);
    assert_eq!(
        client.poll_event(),
        Some(Event::Answered { exchange: 1, sends: 3, answered_send: 3, elapsed })
    );
    assert_eq!(sends(&mut client, now), [b"hello"]);
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(400))));
}

#[test]
fn a_connected_client_is_deaf_to_strangers_and_an_unconnected_one_reports_them() {
    let stranger: SocketAddr = "198.51.100.7:1060".parse().unwrap();
    for connected in [true, false] {
        let mut client = client(|config| config.connected = connected);
        let _ = sends(&mut client, at(0));
        client.handle_datagram(at(1), LOCAL, stranger, b"Your data was 5 bytes");
        let reported = (!connected).then_some(Event::Stranger);
        assert_eq!(client.poll_event(), reported);
        assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(100))), "it keeps waiting");
    }
}

#[test]
fn a_late_reply_is_known_from_a_current_one_by_its_token() {
    let mut client = client(|config| {
        config.codec.token = true;
        config.load.exchanges = 2;
    });
    assert_eq!(sends(&mut client, at(0)), [b"#1.1 hello"]);
    client.handle_timeout(at(100));
    assert_eq!(sends(&mut client, at(100)), [b"#1.2 hello"]);
    // The first send's reply comes after the second went out: the token says which it is.
    client.handle_datagram(at(120), LOCAL, server(), b"#1.1 hello");
    let elapsed = Duration::from_millis(120);
    assert_eq!(
        client.poll_event(),
        Some(Event::Answered { exchange: 1, sends: 2, answered_send: 1, elapsed })
    );
    assert_eq!(sends(&mut client, at(120)), [b"#2.1 hello"]);
    // The second send's reply now meets the second exchange, which must not accept it.
    client.handle_datagram(at(130), LOCAL, server(), b"#1.2 hello");
    let late = Label::new(1, 2);
    assert_eq!(client.poll_event(), Some(Event::LateReply { label: late }));
    client.handle_datagram(at(140), LOCAL, server(), b"#2.2 hello");
    let unsent = Label::new(2, 2);
    assert_eq!(client.poll_event(), Some(Event::LateReply { label: unsent }), "never sent");
    client.handle_datagram(at(150), LOCAL, server(), b"#2.1 hello");
    assert!(matches!(client.poll_event(), Some(Event::Answered { exchange: 2, .. })));
    assert!(client.is_finished());
    client.handle_datagram(at(160), LOCAL, server(), b"#2.1 hello");
    assert!(matches!(client.poll_event(), Some(Event::LateReply { .. })));
}

#[test]
fn a_refusal_ends_the_exchange_connected_or_not() {
    for connected in [true, false] {
        let mut client = client(|config| config.connected = connected);
        client.handle_refused(at(0), server());
        assert_eq!(client.poll_event(), None, "nothing is out yet");
        let _ = sends(&mut client, at(0));
        client.handle_refused(at(1), "192.0.2.2:1060".parse().unwrap());
        assert_eq!(client.poll_event(), None, "somebody else's");
        client.handle_refused(at(1), server());
        let elapsed = Duration::from_millis(1);
        let event = Event::Refused { exchange: 1, sends: 1, elapsed };
        assert_eq!(client.poll_event(), Some(event));
        assert!(client.is_finished());
    }
}

#[test]
fn a_driver_that_comes_late_sends_no_burst_and_keeps_the_deadline() {
    let mut client = client(|config| {
        config.policy =
            Policy::textbook().to_builder().deadline(Some(Duration::from_secs(1))).build().unwrap();
    });
    let _ = sends(&mut client, at(0));
    // 650 ms late: one send, not the three that the schedule contains in that time.
    client.handle_timeout(at(750));
    assert_eq!(sends(&mut client, at(750)).len(), 1);
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(950))));
    client.handle_timeout(at(5_000));
    assert_eq!(sends(&mut client, at(5_000)).len(), 0, "past the deadline");
    assert!(matches!(client.poll_event(), Some(Event::GaveUp { sends: 2, .. })));
}

#[test]
fn a_client_without_exchanges_does_nothing() {
    let mut client = client(|config| config.load.exchanges = 0);
    assert!(client.is_finished());
    assert!(sends(&mut client, at(0)).is_empty());
}

/// Returns a client with a policy made from scenario keys.
fn client_of(policy: PolicyBuilder, exchanges: u32) -> Client {
    client(|config| {
        config.policy = policy.build().unwrap();
        config.load.exchanges = exchanges;
    })
}

#[test]
fn a_first_delay_holds_back_the_first_send_only() {
    let delay = Delay { least: Duration::from_millis(20), most: Duration::from_millis(20) };
    let mut client = client_of(Policy::textbook().to_builder().first_delay(Some(delay)), 1);
    assert!(sends(&mut client, at(5)).is_empty());
    assert_eq!(client.poll_timeout(), Some((Timer::Start, at(25))));
    client.handle_datagram(at(10), LOCAL, server(), b"early");
    assert_eq!(
        client.poll_event(),
        Some(Event::LateReply { label: None }),
        "nothing was asked yet"
    );
    client.handle_timeout(at(24));
    assert!(sends(&mut client, at(24)).is_empty());
    client.handle_timeout(at(25));
    assert_eq!(sends(&mut client, at(25)).len(), 1);
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(125))));
}

#[test]
fn a_wait_of_nothing_sends_again_at_once_and_still_has_a_later_deadline() {
    let waits = Timeouts::new(&[Duration::ZERO, Duration::from_secs(1)]).unwrap();
    let list = Policy::textbook().to_builder().backoff(Backoff::List).timeouts(waits);
    let mut client = client_of(list.give_up_above(None), 1);
    assert_eq!(sends(&mut client, at(0)).len(), 1);
    let (_, deadline) = client.poll_timeout().unwrap();
    assert_eq!(deadline.as_nanos(), 1);
    client.handle_timeout(deadline);
    assert_eq!(sends(&mut client, deadline).len(), 1);
    assert_eq!(client.poll_timeout().unwrap().1.as_nanos(), 1_000_000_001);
}

#[test]
fn an_open_breaker_refuses_exchanges_and_the_client_pauses_instead() {
    let rule = BreakerRule::Consecutive { failures: 1, open_for: Duration::from_secs(10) };
    let builder = Policy::textbook().to_builder().max_sends(Some(1)).breaker(Some(rule));
    let mut client = client_of(builder, 3);
    assert_eq!(fire(&mut client, 1), at(100));
    assert!(matches!(client.poll_event(), Some(Event::GaveUp { why: Stop::MaxSends, .. })));
    // The second exchange is refused: no send, and a pause of the first wait.
    assert!(sends(&mut client, at(100)).is_empty());
    assert_eq!(client.poll_timeout(), Some((Timer::Limits, at(200))));
    client.handle_timeout(at(200));
    let elapsed = Duration::from_millis(100);
    let refused = Event::GaveUp { exchange: 2, sends: 0, elapsed, why: Stop::Breaker };
    assert_eq!(client.poll_event(), Some(refused));
    // When the breaker has been open for long enough, the third is the probe.
    assert_eq!(sends(&mut client, at(10_200)).len(), 1);
    client.handle_datagram(at(10_210), LOCAL, server(), b"back");
    assert!(matches!(client.poll_event(), Some(Event::Answered { exchange: 3, .. })));
}

#[test]
fn measured_round_trips_shorten_the_first_wait() {
    let adaptive = Policy::exponential(Duration::from_secs(1)).adaptive(Adaptive::Rfc6298);
    let mut client = client_of(adaptive, 2);
    let _ = sends(&mut client, at(0));
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(1_000))));
    client.handle_datagram(at(100), LOCAL, server(), b"reply");
    let _ = sends(&mut client, at(100));
    // SRTT 100 ms and RTTVAR 50 ms make an RTO of 300 ms.
    assert_eq!(client.poll_timeout(), Some((Timer::Resend, at(400))));
}

#[test]
fn a_refusal_is_a_failure_to_the_budget() {
    let throttle = "throttle 4 0.1".parse().unwrap();
    let mut client = client_of(Policy::textbook().to_builder().budget(Some(throttle)), 2);
    let _ = sends(&mut client, at(0));
    client.handle_refused(at(1), server());
    assert!(matches!(client.poll_event(), Some(Event::Refused { .. })));
    // Four tokens minus two failures are not more than half: the second exchange may not retry.
    let _ = sends(&mut client, at(1));
    client.handle_timeout(at(101));
    let ended = client.poll_event();
    assert!(matches!(ended, Some(Event::GaveUp { sends: 1, why: Stop::Budget, .. })), "{ended:?}");
}

#[test]
fn clients_of_one_seed_wait_apart_and_each_the_same_again() {
    let builder = Policy::textbook().to_builder().jitter(Jitter::Full).max_sends(Some(9));
    let policy = builder.give_up_above(None).build().unwrap();
    let config = Arc::new(Config::textbook(server(), b"hello").policy(policy));
    let ends: Vec<Instant> =
        [1, 1, 2, 3].map(|flow| fire(&mut Client::numbered(Arc::clone(&config), flow), 9)).to_vec();
    assert_eq!(ends[0], ends[1]);
    assert!(ends[1] != ends[2] && ends[2] != ends[3], "{ends:?}");
}

/// A protocol with replies of one byte: `+` is an answer, `-` a failure. Like HTTP, it has no labels.
struct Signs;

impl Codec for Signs {
    fn request(&self, label: Label, buf: &mut Vec<u8>) {
        buf.extend_from_slice(alloc::format!("{}", label.send).as_bytes());
    }

    fn reply(&self, bytes: &[u8], _newest: core::num::NonZeroU32) -> Received {
        match bytes {
            b"+" => Received::Answer { label: None },
            b"-" => Received::Failure { label: None, hint: None },
            _ => Received::Other,
        }
    }

    fn replies_are_labelled(&self) -> bool {
        false
    }
}

#[test]
fn another_protocol_is_another_codec() {
    let mut client = Client::new(Config::new(server(), Signs));
    let mut buf = Vec::new();
    assert!(client.poll_transmit(at(0), &mut buf).is_some());
    assert_eq!(buf, b"1");
    client.handle_datagram(at(1), LOCAL, server(), b"what?");
    assert_eq!(client.poll_event(), Some(Event::Unreadable));
    client.handle_datagram(at(2), LOCAL, server(), b"-");
    assert_eq!(client.poll_event(), Some(Event::Failed { exchange: 1, send: 1 }));
    client.handle_datagram(at(3), LOCAL, server(), b"+");
    assert!(matches!(client.poll_event(), Some(Event::Answered { exchange: 1, .. })));
    // Replies without labels go to the newest exchange of an open loop.
    let config = Config::new(server(), Signs).open("times 0s, 1ms".parse().unwrap());
    let mut client = OpenClient::numbered(config.exchanges(None), 1);
    for ms in [0, 1] {
        client.handle_timeout(at(ms));
        assert!(client.poll_transmit(at(ms), &mut buf).is_some());
        assert!(client.poll_transmit(at(ms), &mut buf).is_none());
    }
    client.handle_datagram(at(3), LOCAL, server(), b"+");
    assert!(matches!(client.poll_event(), Some(Event::Answered { exchange: 2, .. })));
    assert_eq!(client.open(), 1);
}

/// A million clients need a million times this state.
#[test]
fn a_client_is_small() {
    assert!(size_of::<Client>() <= 96, "{}", size_of::<Client>());
    assert!(size_of::<Pacer>() <= 64, "{}", size_of::<Pacer>());
}

/// Three attempts of 100 ms, with a backoff of 50 ms and then 100 ms.
fn attempts() -> Config {
    let policy = Policy::textbook()
        .to_builder()
        .attempt_timeout(Some(Duration::from_millis(100)))
        .initial_timeout(Duration::from_millis(50))
        .give_up_above(None)
        .max_sends(Some(3));
    let codec = Echo::new(b"x").with_token(true);
    Config::new(server(), codec).policy(policy.build().unwrap())
}

#[test]
fn an_attempt_is_abandoned_before_the_backoff() {
    let config = attempts();
    let times: Vec<u128> = config.policy.sends().map(|at| at.as_millis()).collect();
    assert_eq!(times, [0, 150, 350]);
    assert_eq!(config.policy.gives_up_after(), Some(Duration::from_millis(450)));
    let mut client = Client::new(config);
    assert_eq!(sends(&mut client, at(0)), [b"#1.1 x"]);
    assert_eq!(client.poll_timeout(), Some((Timer::Timeout, at(100))));
    client.handle_timeout(at(100));
    assert_eq!(sends(&mut client, at(100)), Vec::<Vec<u8>>::new());
    assert_eq!(client.poll_timeout(), Some((Timer::Backoff, at(150))));
    // A reply to the abandoned first attempt is ignored, now and later.
    for ms in [120, 170] {
        client.handle_datagram(at(ms), LOCAL, server(), b"#1.1 x");
        assert!(matches!(client.poll_event(), Some(Event::LateReply { .. })), "{ms}");
        client.handle_timeout(at(150));
        let _ = sends(&mut client, at(150));
    }
    client.handle_datagram(at(200), LOCAL, server(), b"#1.2 x");
    let elapsed = Duration::from_millis(200);
    let answered = Event::Answered { exchange: 1, sends: 2, answered_send: 2, elapsed };
    assert_eq!(client.poll_event(), Some(answered));
    assert!(client.is_finished());
}

#[test]
fn a_failure_begins_the_backoff_and_the_last_one_ends_it() {
    let mut client = Client::new(attempts());
    let failure = |send: u32| alloc::format!("retrylab: failed\n#1.{send} x").into_bytes();
    let mut now = 0;
    for (send, backoff) in [(1, 50), (2, 100)] {
        assert_eq!(sends(&mut client, at(now)).len(), 1);
        now += 10;
        client.handle_datagram(at(now), LOCAL, server(), &failure(send));
        assert_eq!(client.poll_event(), Some(Event::Failed { exchange: 1, send }));
        assert_eq!(client.poll_timeout(), Some((Timer::Backoff, at(now + backoff))));
        // A duplicate does not count as a second failure.
        client.handle_datagram(at(now), LOCAL, server(), &failure(send));
        assert!(matches!(client.poll_event(), Some(Event::LateReply { .. })));
        now += backoff;
        client.handle_timeout(at(now));
    }
    assert_eq!(sends(&mut client, at(now)).len(), 1);
    client.handle_datagram(at(now + 10), LOCAL, server(), &failure(3));
    assert_eq!(client.poll_event(), Some(Event::Failed { exchange: 1, send: 3 }));
    let event = client.poll_event();
    assert!(
        matches!(event, Some(Event::GaveUp { sends: 3, why: Stop::MaxSends, .. })),
        "{event:?}"
    );
}

/// Without an attempt timeout a failure does not shorten the wait, unless it says when to send again.
#[test]
fn a_hint_in_a_failure_is_followed() {
    let policy = Policy::textbook().to_builder().hint(HintRule::Exact).build().unwrap();
    let config = Config::textbook(server(), b"x").policy(policy);
    for (bytes, timer, resend) in [
        (&b"retrylab: failed\n"[..], Timer::Backoff, 100),
        (b"retrylab: failed, retry in 30ms\n", Timer::Hint, 40),
        (b"retrylab: failed, retry in soon\n", Timer::Hint, 0),
    ] {
        let mut client = Client::new(config.clone());
        assert_eq!(sends(&mut client, at(0)).len(), 1);
        client.handle_datagram(at(10), LOCAL, server(), bytes);
        match resend {
            // A reply with an unreadable hint is not a failure, so it counts as an answer.
            0 => assert!(matches!(client.poll_event(), Some(Event::Answered { .. }))),
            ms => assert_eq!(client.poll_timeout(), Some((timer, at(ms)))),
        }
    }
}

#[test]
fn a_client_thinks_between_exchanges_only() {
    let think = Some("20ms".parse().unwrap());
    let config = Config::textbook(server(), b"x").exchanges(2).think(think);
    let mut client = Client::new(config);
    assert_eq!(sends(&mut client, at(0)).len(), 1);
    client.handle_datagram(at(5), LOCAL, server(), b"y");
    assert_eq!(sends(&mut client, at(5)).len(), 0);
    assert_eq!(client.poll_timeout(), Some((Timer::Think, at(25))));
    client.handle_timeout(at(25));
    assert_eq!(sends(&mut client, at(25)).len(), 1);
}

#[test]
fn an_open_loop_does_not_wait_for_answers() {
    let config = attempts().open("times 0s, 10ms, 20ms, 500ms".parse().unwrap());
    let mut client = OpenClient::numbered(config.exchanges(None), 1);
    let (mut buf, mut sent) = (Vec::new(), Vec::new());
    let mut events = Vec::new();
    while let Some((_, now)) = client.poll_timeout() {
        client.handle_timeout(now);
        while client.poll_transmit(now, &mut buf).is_some() {
            let bytes = core::mem::take(&mut buf);
            sent.push((now.as_nanos() / 1_000_000, String::from_utf8(bytes).unwrap()));
        }
        events.extend(core::iter::from_fn(|| client.poll_event()));
        if now == at(20) {
            assert_eq!(client.open(), 3);
            client.handle_datagram(at(20), LOCAL, server(), b"#2.1 x");
            assert!(client.poll_transmit(now, &mut buf).is_none());
            events.extend(core::iter::from_fn(|| client.poll_event()));
        }
    }
    let of = |exchange: &str| -> Vec<u64> {
        sent.iter().filter(|(_, text)| text.starts_with(exchange)).map(|(ms, _)| *ms).collect()
    };
    assert_eq!(of("#1."), [0, 150, 350]);
    assert_eq!(of("#2."), [10], "answered at 20 ms");
    assert_eq!(of("#3."), [20, 170, 370]);
    assert_eq!(of("#4."), [500, 650, 850]);
    assert_eq!(events.len(), 4, "{events:?}");
    assert!(client.is_finished());
}

/// Exchanges that are open together spend one budget.
#[test]
fn open_exchanges_share_their_limits() {
    let budget = "bucket 2 0".parse().unwrap();
    let policy = attempts().policy.to_builder().budget(Some(budget)).build().unwrap();
    let arrivals = "times 0s, 1ms, 2ms, 3ms, 4ms, 5ms".parse().unwrap();
    let config = attempts().policy(policy).open(arrivals).exchanges(Some(9));
    let mut client = OpenClient::numbered(config, 1);
    let (mut buf, mut sent) = (Vec::new(), 0);
    while let Some((_, now)) = client.poll_timeout() {
        client.handle_timeout(now);
        while client.poll_transmit(now, &mut buf).is_some() {
            buf.clear();
            sent += 1;
        }
        while client.poll_event().is_some() {}
    }
    assert_eq!(sent, 6 + 1, "two tokens, and a retry needs more than one");
}
