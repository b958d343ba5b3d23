use super::*;
use crate::machine::LOCAL;
use crate::scenario::Scenario;
use crate::server::echo::Reply;
use crate::sim::{CLIENTS, client_address, flow_of};
use crate::trace::What;
use alloc::format;
use alloc::string::String;

fn station(pairs: &[(&str, &str)]) -> Station {
    let mut scenario = Scenario::default();
    scenario.apply([("server.reply", "mirror")].iter().chain(pairs).copied()).unwrap();
    assert_eq!(scenario.server.reply, Reply::Mirror);
    let server = Server::numbered(scenario.server.clone(), 1, CLIENTS);
    Station::numbered(server, scenario.station_config(), 1, CLIENTS)
}

/// Sends requests of client 1 at these milliseconds, each with its own bytes, and returns the results in
/// order: `12ms a` is a reply, `3ms !b` a failure, `5ms server.queue` a loss.
fn story(station: &mut Station, requests: &[(u64, &str)]) -> Vec<String> {
    let (mut results, mut buf) = (Vec::new(), Vec::new());
    let mut requests = requests.iter().peekable();
    loop {
        let deadline = station.poll_timeout().map(|(_, at)| at);
        let next = requests.peek().map(|(ms, _)| Instant::from_millis(*ms));
        let now = match (deadline, next) {
            (None, None) => return results,
            // A request that arrives at the instant at which a worker becomes free finds it free.
            (Some(a), Some(b)) if a <= b => {
                station.handle_timeout(a);
                a
            }
            (Some(a), None) => {
                station.handle_timeout(a);
                a
            }
            (_, Some(b)) => {
                let (_, request) = requests.next().unwrap();
                station.handle_datagram(b, LOCAL, client_address(1), request.as_bytes());
                b
            }
        };
        let at = now.as_nanos() / 1_000_000;
        while let Some(event) = station.poll_event() {
            if let What::Dropped { cause, .. } = event.into() {
                results.push(format!("{at}ms {}", cause.name()));
            }
        }
        while station.poll_transmit(now, &mut buf).is_some() {
            let text = String::from_utf8_lossy(&buf).replace("retrylab: failed\n", "!");
            results.push(format!("{at}ms {text}"));
            buf.clear();
        }
    }
}

const TEN: (&str, &str) = ("server.service", "10ms");

#[test]
fn one_worker_does_one_after_the_other() {
    let requests = [(0, "a"), (1, "b"), (2, "c")];
    let results = story(&mut station(&[TEN]), &requests);
    assert_eq!(results, ["10ms a", "20ms b", "30ms c"]);
    let two = story(&mut station(&[TEN, ("server.workers", "2")]), &requests);
    assert_eq!(two, ["10ms a", "11ms b", "20ms c"]);
    let all = story(&mut station(&[TEN, ("server.workers", "none")]), &requests);
    assert_eq!(all, ["10ms a", "11ms b", "12ms c"]);
    let newest = story(&mut station(&[TEN, ("server.order", "lifo")]), &requests);
    assert_eq!(newest, ["10ms a", "20ms c", "30ms b"]);
}

#[test]
fn a_full_queue_drops_or_says_so() {
    let requests = [(0, "a"), (1, "b"), (2, "c"), (12, "d")];
    let one = [TEN, ("server.queue", "1")];
    let mut server = station(&one);
    assert_eq!(story(&mut server, &requests), ["2ms server.queue", "10ms a", "20ms b", "30ms d"]);
    assert_eq!((server.deepest(), server.waiting(), server.working(), server.held()), (1, 0, 0, 0));
    let shed = story(&mut station(&[&one[..], &[("server.overflow", "fail")]].concat()), &requests);
    assert_eq!(shed, ["2ms !c", "10ms a", "20ms b", "30ms d"]);
}

#[test]
fn late_work_is_done_or_dropped() {
    let requests = [(0, "a"), (1, "b"), (2, "c")];
    let results = story(&mut station(&[TEN, ("server.expire", "15ms")]), &requests);
    assert_eq!(results, ["10ms a", "20ms server.expire", "20ms b"], "c had waited 18 ms");
}

#[test]
fn work_takes_longer_in_a_crowd_and_in_trouble() {
    let crowd = [("server.rising", "1ms"), ("server.workers", "none"), TEN];
    let results = story(&mut station(&crowd), &[(0, "a"), (1, "b"), (20, "c")]);
    assert_eq!(results, ["11ms a", "13ms b", "31ms c"]);
    let slow = [TEN, ("faults", "5ms 10ms slow 3")];
    let results = story(&mut station(&slow), &[(0, "a"), (1, "b"), (40, "c")]);
    assert_eq!(results, ["10ms a", "40ms b", "50ms c"], "b began at 10 ms");
}

#[test]
fn a_crash_loses_the_work_and_the_queue_unless_it_is_kept() {
    let requests = [(0, "a"), (1, "b"), (20, "c"), (40, "d")];
    let lost = story(&mut station(&[TEN, ("faults", "5ms 25ms server-down")]), &requests);
    let down = "fault.server_down";
    let at = |ms: u64| format!("{ms}ms {down}");
    assert_eq!(lost, [at(5), at(5), at(20), "50ms d".into()]);
    let kept = story(&mut station(&[TEN, ("faults", "5ms 25ms server-down keep")]), &requests);
    assert_eq!(kept, [at(5), at(20), "40ms b".into(), "50ms d".into()], "b is done after 30 ms");
}

/// Random times depend on the client and its datagram, not on the order in which others come.
#[test]
fn a_requests_work_does_not_depend_on_others() {
    let server = || station(&[("server.service", "exponential 10ms"), ("server.workers", "none")]);
    let done = |flows: &[u32]| {
        let mut server = server();
        for flow in flows {
            server.handle_datagram(Instant::ZERO, LOCAL, client_address(*flow), b"x");
        }
        let mut done = Vec::new();
        while let Some((_, at)) = server.poll_timeout() {
            server.handle_timeout(at);
            while let Some(transmit) = server.poll_transmit(at, &mut Vec::new()) {
                done.push((flow_of(transmit.to).unwrap(), at));
            }
        }
        done.sort_unstable();
        done
    };
    let (alone, together) = (done(&[2]), done(&[3, 2, 1]));
    assert_eq!(together.len(), 3);
    assert!(together.contains(&alone[0]), "{together:?}");
}

/// A station of a real server bounds its memory for requests of any length, whatever the queue allows.
#[test]
fn the_memory_of_a_real_server_is_bounded() {
    for (service, workers) in [("1h", "1"), ("1h", "none")] {
        for len in [0, 60_000] {
            let mut scenario = Scenario::default();
            let pairs = [("server.service", service), ("server.workers", workers)];
            scenario.apply(pairs.into_iter().chain([("server.reply", "mirror")])).unwrap();
            let server = Server::new(scenario.server.clone(), 1);
            let mut station = Station::new(server, scenario.station_config(), 1);
            let mut held = 0;
            while station.poll_event().is_none() {
                let payload = alloc::vec![b'x'; len];
                station.handle_datagram(Instant::ZERO, LOCAL, client_address(1), &payload);
                held += 1;
            }
            // The last one found the queue full.
            assert_eq!(station.waiting() + station.working(), held - 1);
            let least = len + size_of::<Job>();
            assert!((1_000..MAX_BYTES / least).contains(&held), "{held} of {len} bytes");
        }
    }
}

#[test]
fn the_capacity_is_what_the_workers_can_process() {
    let capacity = |service: &str, rising: u64, workers| {
        let config = Config::default().with_service(service.parse().unwrap());
        config.with_rising(Duration::from_millis(rising)).with_workers(workers).capacity()
    };
    for (service, rising, workers, expected) in [
        ("10ms", 0, Some(1), 100.0),
        ("exponential 10ms", 0, Some(4), 400.0),
        // Two requests in work slow each other down to 40 ms.
        ("20ms", 10, Some(2), 50.0),
        ("1s", 10, None, 100.0),
        // The mean of a half-normal is sqrt(2/pi) deviations; far from zero, nothing is reflected.
        ("normal 0s 10ms", 0, Some(1), 125.331_413_7),
        ("normal 10ms 1ms", 0, Some(1), 100.0),
        ("pareto 1ms 3", 0, Some(1), 1_000.0 / 1.5),
        // Up to the cut, the mean is 1 + ln(3,600,000) times the minimum.
        ("pareto 1ms 1", 0, Some(1), 1_000.0 / (1.0 + 3.6e6f64.ln())),
    ] {
        let found = capacity(service, rising, workers).unwrap();
        assert!((found / expected - 1.0).abs() < 1e-6, "{service}: {found}");
    }
    assert_eq!(capacity("0s", 0, Some(1)), None);
    assert_eq!(capacity("10ms", 0, None), None);
}
