//! The UDP Pinger of the textbook by Kurose and Ross, with programs as students write them as the other end.

use crate::common::{Running, Server, free_port, retry, retrylab, run, socket};
use std::process::Command;
use std::time::{Duration, Instant};

/// The client of the exercise.
const CLIENT: &str = r"
import sys, time
from socket import *

client = socket(AF_INET, SOCK_DGRAM)
client.settimeout(1)
rtts = []
for seq in range(1, 11):
    sent = time.time()
    client.sendto(f'Ping {seq} {sent}'.encode(), ('127.0.0.1', int(sys.argv[1])))
    try:
        reply, address = client.recvfrom(1024)
        rtts.append(time.time() - sent)
        assert reply.decode() == f'PING {seq} {sent}', reply
        print(reply.decode(), rtts[-1])
    except timeout:
        print('Request timed out')
print('min', min(rtts), 'max', max(rtts), 'mean', sum(rtts) / len(rtts))
print('loss', 100 * (10 - len(rtts)) / 10, '%')
";

/// The server of the exercise. Its random numbers are those of a seed, so that the test knows them.
const SERVER: &str = r"
import random
from socket import *

random.seed(1)
server = socket(AF_INET, SOCK_DGRAM)
server.bind(('127.0.0.1', 0))
print(server.getsockname()[1], flush=True)
while True:
    message, address = server.recvfrom(1024)
    message = message.upper()
    if random.randint(0, 10) < 4:
        print('dropped', flush=True)
        continue
    server.sendto(message, address)
    print('answered', flush=True)
";

fn python(program: &str, argument: &str) -> Running {
    let mut command = Command::new("python3");
    command.args(["-c", program, argument]);
    Running::start(command)
}

#[test]
fn a_students_client_pings_our_server() {
    // With this seed the server drops some of the first ten requests of its first client.
    let server = Server::start(&["--reply", "upper", "--drop", "4/11", "--seed", "3"]);
    let begun = Instant::now();
    let finished = python(CLIENT, &server.port.to_string()).finish(begun);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let count = |word: &str| finished.stdout.lines().filter(|line| line.contains(word)).count();
    let (answered, lost) = (count("PING "), count("Request timed out"));
    assert_eq!(answered + lost, 10, "{finished:?}");
    let summary = server.stop().pop().unwrap();
    assert_eq!(summary["answered"], answered, "{summary}");
    assert_eq!(summary["dropped"], lost, "{summary}");
    assert!(finished.stdout.contains(&format!("loss {}.0 %", 10 * lost)), "{finished:?}");
    assert!(lost > 0, "the seed loses some");
}

#[test]
fn our_client_pings_a_students_server() {
    let mut server = python(SERVER, "");
    let address = format!("127.0.0.1:{}", server.line().trim());
    let finished = run(&["send", &address, "--preset", "udp-pinger", "--count", "10"]);
    let fates: Vec<String> = (0..10).map(|_| server.line().trim().to_string()).collect();
    let lines: Vec<&str> = finished.stdout.lines().collect();
    for (i, fate) in fates.iter().enumerate() {
        if fate == "dropped" {
            assert_eq!(lines[i], "Request timed out", "{finished:?}");
        } else {
            let ping = format!("PING {} ", i + 1);
            assert!(lines[i].starts_with(&ping) && lines[i].contains(": RTT "), "{finished:?}");
            assert!(lines[i].ends_with(" ms"), "{finished:?}");
        }
    }
    let answered = fates.iter().filter(|fate| *fate == "answered").count();
    let loss = 10 * (10 - answered);
    let counts = format!("10 exchanges, {answered} answered, {loss} % loss, 10 sends, 0 retries");
    assert_eq!(lines[10], counts, "{finished:?}");
    assert!(lines[11].starts_with("RTT min/mean/p50/p99/max "), "{finished:?}");
    assert_eq!(lines.len(), 12, "{finished:?}");
    assert_eq!(finished.code, Some(if answered == 10 { 0 } else { 1 }), "{finished:?}");
    assert!(answered > 0 && answered < 10, "the seed loses some, not all: {fates:?}");
}

/// The numbers of the summary are those of the exchanges.
#[test]
fn the_summary_follows_from_the_exchanges() {
    let server = Server::start(&["--reply", "upper", "--drop-list", "2,5"]);
    let finished = run(&[
        "send",
        &server.address,
        "--preset",
        "udp-pinger",
        "--initial-timeout",
        "300ms",
        "--count",
        "6",
        "--json",
    ]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let mut objects = finished.json();
    let summary = objects.pop().unwrap();
    assert_eq!(objects.len(), 6);
    let rtts: Vec<f64> = objects.iter().filter_map(|exchange| exchange["rtt_s"].as_f64()).collect();
    assert_eq!(rtts.len(), 4, "{objects:?}");
    for exchange in &objects {
        let elapsed = exchange["elapsed_s"].as_f64().unwrap();
        assert!(exchange["rtt_s"].as_f64().is_none_or(|rtt| rtt <= elapsed), "{exchange}");
    }
    assert_eq!(summary["event"], "summary");
    assert_eq!((&summary["exchanges"], &summary["answered"]), (&6.into(), &4.into()));
    assert_eq!((&summary["sends"], &summary["rtt_count"]), (&6.into(), &4.into()));
    assert!((summary["loss"].as_f64().unwrap() - 2.0 / 6.0).abs() < 1e-12);
    let (min, max) =
        rtts.iter().fold((f64::MAX, 0.0_f64), |(min, max), rtt| (min.min(*rtt), max.max(*rtt)));
    assert_eq!(summary["rtt_min_s"].as_f64(), Some(min));
    assert_eq!(summary["rtt_max_s"].as_f64(), Some(max));
    let mean = rtts.iter().sum::<f64>() / 4.0;
    assert!((summary["rtt_mean_s"].as_f64().unwrap() - mean).abs() < 2e-9, "{summary}");
    // The median of four is the second; a histogram of three digits has it.
    let mut sorted = rtts.clone();
    sorted.sort_by(f64::total_cmp);
    let p50 = summary["rtt_p50_s"].as_f64().unwrap();
    assert!(p50 >= sorted[1] && p50 <= sorted[1] * 1.001, "{summary}");
    assert_eq!(summary["rtt_p99_s"], summary["rtt_max_s"], "{summary}");
}

/// The time in the message is the Unix time at which it is sent.
#[test]
fn a_message_has_its_number_and_the_time() {
    let server = Server::start(&["--reply", "mirror"]);
    let unix = || std::time::SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs_f64();
    let before = unix();
    let finished = run(&["send", &server.address, "n={seq} t={time} {x}", "--count", "3"]);
    let after = unix();
    let mut last = before - 0.001;
    for (i, line) in finished.stdout.lines().take(3).enumerate() {
        let rest = line.strip_prefix(&format!("n={} t=", i + 1)).unwrap();
        let time: f64 = rest.strip_suffix(" {x}").unwrap().parse().unwrap();
        assert!(last <= time && time <= after, "{time} is not from {last} to {after}");
        last = time;
    }
    // From stdin, the bytes are sent as they are.
    let finished = crate::common::run_with(&["send", &server.address, "-"], b"{seq}");
    assert_eq!(finished.stdout, "{seq}\n");
}

/// With retries, an exchange counts once, and a reply that may answer several sends has no RTT.
#[test]
fn a_policy_with_retries_has_a_summary_as_well() {
    for (token, known) in [(false, 2), (true, 3)] {
        let server = Server::start(&["--reply", "mirror", "--drop-list", "2"]);
        let mut args = vec!["send", &server.address, "--count", "3", "--json"];
        args.extend(["--initial-timeout", "300ms"]);
        args.extend(token.then_some("--token"));
        let finished = run(&args);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let summary = finished.json().pop().unwrap();
        assert_eq!((&summary["loss"], &summary["sends"]), (&0.0.into(), &4.into()), "{summary}");
        assert_eq!(summary["retries"], 1, "{summary}");
        assert_eq!(summary["rtt_count"], known, "{summary}");
        // The RTT begins with the send that was answered.
        assert!(summary["rtt_max_s"].as_f64().unwrap() < 0.3, "{summary}");
    }
}

#[test]
fn one_exchange_has_no_summary_and_silence_no_round_trip_times() {
    let server = Server::start(&[]);
    assert_eq!(run(&["send", &server.address, "--json"]).json().len(), 1);
    let (_silent, address) = socket();
    let args = ["--preset", "udp-pinger", "--initial-timeout", "50ms", "--count", "2"];
    let finished = run(&[&["send", &address][..], &args].concat());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert_eq!(
        finished.stdout,
        "Request timed out\nRequest timed out\n2 exchanges, 0 answered, 100 % loss, 2 sends, 0 retries\n"
    );
    let finished = run(&[&["send", &address, "--json"][..], &args].concat());
    assert!(finished.json()[2]["rtt_mean_s"].is_null(), "{finished:?}");
}

/// Exchanges begin an interval apart, whether they are answered or not.
#[test]
fn an_interval_separates_the_first_sends() {
    let server = Server::start(&["--drop-list", "2"]);
    let args = ["--preset", "udp-pinger", "--initial-timeout", "100ms", "--interval", "250ms"];
    let begun = Instant::now();
    let finished = run(&[&["send", &server.address, "--count", "4"][..], &args].concat());
    assert!(begun.elapsed() >= Duration::from_millis(750), "{finished:?}");
    assert_eq!(finished.stdout.lines().count(), 6, "{finished:?}");
    let arrivals: Vec<f64> = server
        .stop()
        .iter()
        .filter(|line| line["event"] == "answered" || line["event"] == "dropped")
        .map(|line| line["at_s"].as_f64().unwrap())
        .collect();
    assert_eq!(arrivals.len(), 4);
    for pair in arrivals.windows(2) {
        assert!(pair[1] - pair[0] > 0.15, "{arrivals:?}");
    }
}

/// Ctrl-C ends the pings; the summary counts those that have ended.
#[test]
fn ctrl_c_prints_the_summary() {
    let (silent, address) = socket();
    let args = ["--preset", "udp-pinger", "--initial-timeout", "200ms", "--count", "100"];
    let running = Running::start(retrylab(&[&["send", &address][..], &args].concat()));
    for _ in 0..2 {
        retry(|| silent.recv(&mut [0; 64])).unwrap();
    }
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    assert!(finished.stdout.contains(" 0 answered, 100 % loss"), "{finished:?}");
}

/// Without a count, pings go on until Ctrl-C, which is then no failure.
#[test]
fn an_interval_without_a_count_is_endless() {
    for (drops, max_loss, code) in [("none", None, 0), ("1", None, 1), ("1", Some("90%"), 0)] {
        let mut server = Server::start(&["--drop-list", drops]);
        let mut args = vec!["send", &server.address, "--preset", "udp-pinger"];
        args.extend(["--initial-timeout", "50ms", "--interval", "60ms"]);
        args.extend(max_loss.iter().flat_map(|max| ["--max-loss", max]));
        let client = Running::start(retrylab(&args));
        for _ in 0..3 {
            server.running.json();
        }
        client.signal("INT");
        let finished = client.finish(Instant::now());
        assert_eq!(finished.code, Some(code), "{finished:?}");
        assert!(finished.stdout.contains(" answered, "), "{finished:?}");
        assert!(finished.stdout.contains("RTT min/mean/p50/p99/max "), "{finished:?}");
        server.stop();
    }
}

/// A share of lost pings may be accepted; other failures may not.
#[test]
fn max_loss_decides_the_exit_code() {
    let server = Server::start(&["--drop-list", "2,5,8,11"]);
    let closed = format!("127.0.0.1:{}", free_port());
    let ping = |to: &str, max_loss: &str, more: &[&str]| {
        let args = ["--preset", "udp-pinger", "--initial-timeout", "100ms", "--count", "3"];
        run(&[&["send", to, "--max-loss", max_loss][..], &args, more].concat())
    };
    assert_eq!(ping(&server.address, "1/3", &[]).code, Some(0));
    assert_eq!(ping(&server.address, "34%", &["--json"]).code, Some(0));
    let finished = ping(&server.address, "0.33", &[]);
    assert_eq!(finished.code, Some(1), "{finished:?}");
    let words = "no reply in 1 of 3 exchanges: more than --max-loss 0.33";
    assert!(finished.stderr.contains(words), "{finished:?}");
    assert_eq!(ping(&server.address, "0", &[]).code, Some(1));
    assert_eq!(ping(&server.address, "0", &[]).code, Some(0), "none is lost");
    assert_eq!(ping(&closed, "99%", &[]).code, Some(3), "the network refuses them");
    assert_eq!(ping(&closed, "1", &[]).code, Some(0));
    let refused = ping(&closed, "101%", &[]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.stderr.contains("'--max-loss <SHARE>': it is not a share"), "{refused:?}");
    let refused = run(&["send", &closed, "--heartbeat", "1s", "--max-loss", "1"]);
    assert_eq!(refused.code, Some(2), "{refused:?}");
}

/// The exercise in the simulated network: 36.4 % of many pings are lost.
#[test]
fn the_scenario_is_the_exercise() {
    let few = run(&["sim", "udp-pinger", "--json"]).object();
    assert_eq!((&few["exchanges"], &few["sends"]), (&10.into(), &10.into()), "{few}");
    let many = run(&["sim", "udp-pinger", "--set", "exchanges=100000", "--json"]).object();
    let loss = many["gave_up_share"].as_f64().unwrap();
    let error = (4.0 / 11.0 * 7.0 / 11.0 / 100_000.0_f64).sqrt();
    assert!((loss - 4.0 / 11.0).abs() < 4.0 * error, "{loss}");
}
