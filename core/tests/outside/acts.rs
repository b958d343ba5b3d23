//! Acts by hand change single packets, and faults that last forever end with the run.

use crate::arbitrary::from_bytes;
use retrylab_core::random::{Direction, Name, Purpose};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::{Bounds, EndedBy, Outcome, run, run_within};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Cause, FrameStep, HostId, PacketId, Record, What};

fn scenario(link: &str) -> Scenario {
    let (scenario, errors) = Scenario::from_fragment(link);
    assert_eq!(errors, [], "{link}");
    scenario
}

fn records(link: &str) -> Vec<Record> {
    run(&scenario(link), Vec::new()).sink
}

/// Returns the records of all clients but the first one.
fn of_others(scenario: &Scenario, bounds: Bounds) -> Vec<Record> {
    let records = run_within(scenario, Vec::<Record>::new(), bounds).sink;
    records.into_iter().filter(|record| record.flow.is_some_and(|flow| flow.get() > 1)).collect()
}

/// Nothing that is done to packets of one client changes a record of another one.
#[test]
fn an_act_does_not_concern_other_clients() {
    let bounds = Bounds::NONE.with_time(Duration::from_secs(60)).with_memory(16 << 20);
    let (mut compared, mut changed) = (0, 0);
    for case in 0..300 {
        let name = Name { seed: case, flow: 2, direction: Direction::Request, index: 0 };
        let mut draws = name.stream(Purpose::Jitter);
        let bytes: Vec<u8> = (0..draws.up_to(120)).map(|_| draws.up_to(255) as u8).collect();
        let mut plain = from_bytes(&bytes);
        plain.clients = plain.clients.clamp(2, 9);
        plain.exchanges = Some(plain.max_exchanges().min(9));
        let first = run_within(&plain, (), bounds.with_events(5_000));
        if plain.coupled_by().is_some() || first.ended_by == EndedBy::Events {
            continue;
        }
        let mut acted = plain.clone();
        let acts =
            "drop client 1 request 1; delay client 1 request 2 by 70ms; duplicate client 1 reply 1";
        acted.acts = acts.parse().unwrap();
        plain.acts = "none".parse().unwrap();
        assert_eq!(acted.coupled_by(), None);
        assert_eq!(of_others(&acted, bounds), of_others(&plain, bounds), "{bytes:?}");
        let digests = [&acted, &plain].map(|one| run_within(one, (), bounds).digest);
        (compared, changed) = (compared + 1, changed + u32::from(digests[0] != digests[1]));
    }
    assert!(compared > 30 && changed > 15, "{compared} {changed}");
}

/// The reply of the first exchange is late by hand, so that the client sends again, and takes it all the same.
#[test]
fn a_delay_by_hand_is_added_to_the_latency() {
    let records = records("acts=delay+client+1+reply+1+by+90ms");
    let at = |wanted: fn(&What) -> bool| {
        let record = records.iter().find(|record| wanted(&record.what)).unwrap();
        (record.at, record.host, record.packet())
    };
    let (sent, host, packet) = at(|what| matches!(what, What::DelayedByHand { .. }));
    let reply = scenario("acts=drop+client+1+reply+1").acts.as_slice()[0].packet;
    assert_eq!((sent, host, packet), (Instant::from_millis(10), HostId::Link, Some(reply)));
    let (answered, ..) =
        at(|what| matches!(what, What::Answered { sends: 2, answered_send: 2, .. }));
    assert_eq!(answered, Instant::from_millis(110));
}

/// Over real packets, the trace names what leaves a host: a datagram with all its fragments, or a segment of TCP.
#[test]
fn acts_concern_packets_of_ip() {
    let dropped = |link: &str| -> Vec<(Option<PacketId>, bool)> {
        let named = records(link).into_iter().filter_map(|record| match record.what {
            What::Dropped { cause: Cause::ByHand, .. } => Some((record.packet(), false)),
            What::Frame { step: FrameStep::Lost(Cause::ByHand), .. } => {
                Some((record.packet(), true))
            }
            _ => None,
        });
        named.collect()
    };
    let acts = "acts=drop+client+1+request+2&exchanges=3&network=packets";
    let second = scenario(acts).acts.as_slice()[0].packet;
    assert_eq!(dropped(acts), [(Some(second), false)]);
    let fragments = format!("{acts}&link.mtu=68&message={}", "x".repeat(100));
    assert_eq!(dropped(&fragments), [(Some(second), true); 3]);
    // The second packet that the client sends is the ACK of the handshake; its request follows, and confirms the same.
    let tcp = format!("{acts}&protocol=tcp");
    assert_eq!(dropped(&tcp), [(Some(second), true)]);
    let Outcome { summary, .. } = run(&scenario(&tcp), ());
    assert_eq!((summary.answered, summary.lost), (3, 1));
}

/// Whoever restarts the server later shortens the fault, and everything until then stays the same.
#[test]
fn a_server_that_is_down_forever_can_come_back() {
    let load = "clients=2&exchanges=20&server.service=5ms";
    let down = scenario(&format!("{load}&faults=50ms+forever+server-down"));
    let Outcome { summary, ended_by, sink, .. } = run(&down, Vec::<Record>::new());
    assert_eq!((ended_by, summary.finished()), (EndedBy::Finished, 40));
    assert!(summary.gave_up > 30, "{summary:?}");
    assert!(!sink.iter().any(|record| record.what == What::Up));
    let back = records(&format!("{load}&faults=50ms+600ms+server-down"));
    assert!(back.iter().any(|record| record.what == What::Up));
    let before = |records: Vec<Record>| -> Vec<Record> {
        let at_host = |record: &Record| {
            matches!(record.what, What::TimerArmed { .. }) && record.flow.is_none()
        };
        let until = Instant::from_millis(650);
        records.into_iter().filter(|record| record.at < until && !at_host(record)).collect()
    };
    assert_eq!(before(sink), before(back));
}

/// Each kind of fault can last forever.
#[test]
fn any_fault_can_last_forever() {
    let load =
        "exchanges=40&workload.rate=20&workload.duration=2s&server.service=1ms&policy.max_sends=2";
    let digest = |faults: &str| run(&scenario(&format!("{load}&{faults}")), ()).digest;
    for kind in ["server-down", "slow+10", "partition", "loss+0.3", "latency+100ms", "load+3"] {
        let forever = digest(&format!("faults=500ms+forever+{kind}"));
        assert_ne!(forever, digest(&format!("faults=500ms+300ms+{kind}")), "{kind}");
        assert_ne!(forever, digest(""), "{kind}");
    }
}
