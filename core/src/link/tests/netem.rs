use super::*;
use crate::link::{Netem, Preset};
use crate::random::Probability;
use alloc::format;

fn request(link: &Link) -> Netem {
    link.netem(Direction::Request)
}

fn latency(distribution: &str) -> Netem {
    request(&Link { latency: distribution.parse().unwrap(), ..Link::default() })
}

fn loss(model: &str) -> Netem {
    request(&Link {
        latency: "0s".parse().unwrap(),
        loss: model.parse().unwrap(),
        ..Link::default()
    })
}

/// The options after the limit, and the beginning of each note.
#[track_caller]
fn says(netem: &Netem, options: &str, notes: &[&str]) {
    assert_eq!(netem.options().strip_prefix("limit 1000000").unwrap().trim(), options);
    assert_eq!(netem.notes().len(), notes.len(), "{:?}", netem.notes());
    for (note, begin) in netem.notes().iter().zip(notes) {
        assert!(note.contains(begin) && note.ends_with('.'), "{note}");
    }
}

#[test]
fn latencies_become_delays() {
    says(&latency("0s"), "", &[]);
    says(&latency("10ms"), "delay 10ms", &[]);
    says(&latency("7ns"), "delay 0.001ms", &["whole microseconds"]);
    says(&latency("1.5004ms"), "delay 1.5ms", &["whole microseconds"]);
    says(&latency("uniform 0s 1ns"), "delay 0.001ms 0.001ms", &["whole microseconds"]);
    says(&latency("uniform 0s 2ns"), "delay 0.001ms 0.001ms", &["whole microseconds"]);
    let normal = ["below zero", "whole microseconds"];
    says(&latency("normal 0s 2ms"), "delay 0.001ms 2ms distribution normal", &normal);
    says(&latency("normal 0s 0s"), "", &[]);
    says(&latency("uniform 5ms 15ms"), "delay 10ms 5ms", &[]);
    says(&latency("uniform 5ms 5ms"), "delay 5ms", &[]);
    says(&latency("normal 10ms 2ms"), "delay 10ms 2ms distribution normal", &[]);
    let reflected = ["below zero"];
    says(&latency("normal 10ms 4ms"), "delay 10ms 4ms distribution normal", &reflected);
    // Netem's own table: shape 3, least latency = mean - 2/3 of the jitter.
    let cut = ["at 4.5 times its minimum"];
    says(&latency("pareto 10ms 3"), "delay 15ms 7.5ms distribution pareto", &cut);
    says(&latency("pareto 10ms 2"), "delay 20ms", &["has shape 3 only"]);
    says(&latency("lognormal 10ms 5ms"), "delay 10ms", &["no log-normal"]);
    says(&latency("exponential 10ms"), "delay 10ms", &["no exponential"]);
    says(&latency("table 10ms 20ms"), "delay 15ms", &["maketable"]);
    let delay = ["refuses delays above 274s; the command uses 274s instead of 300s"];
    says(&latency("5m"), "delay 274000ms", &delay);
    let jitter = ["cuts jitter above 2.147s; the command uses 2.147s instead of 5s"];
    says(&latency("uniform 0s 10s"), "delay 5000ms 2147ms", &jitter);
    let correlation = Probability::ALWAYS;
    let latency = "uniform 5ms 15ms".parse().unwrap();
    let correlated = request(&Link { latency, correlation, ..Link::default() });
    says(&correlated, "delay 10ms 5ms", &["correlation"]);
}

#[test]
fn losses_become_losses() {
    let begins = ["starts in its good state"];
    says(&loss("0.015"), "loss random 1.5%", &[]);
    says(&loss("0.000000001"), "loss random 0.0000001%", &[]);
    says(&loss("gilbert-elliott 0.01 0.25 0.9 0.001"), "loss gemodel 1% 25% 90% 0.1%", &begins);
    says(&loss("burst 0.2 4"), "loss gemodel 6.25% 25% 100% 0%", &begins);
    let state = "loss state 1% 30% 10% 50% 0.1%";
    says(&loss("4-state 0.01 0.3 0.1 0.5 0.001"), state, &begins);
    says(&loss("timed 1s 2s"), "", &["none with time"]);
    says(&loss("first 2"), "", &["by number"]);
    says(&loss("list 2"), "", &["by number"]);
}

#[test]
fn faults_become_options() {
    let quarter = Probability::parse("0.25").unwrap();
    let link = Link {
        duplicate: quarter,
        corrupt: quarter,
        reorder: quarter,
        reorder_gap: 5,
        ..Link::default()
    };
    let options = "delay 10ms duplicate 25% corrupt 25% reorder 25% gap 5";
    says(&request(&link), options, &["flips a bit"]);
    let still = Link { latency: "0s".parse().unwrap(), reorder: quarter, ..Link::default() };
    says(&request(&still), "", &["reorders only datagrams that it delays"]);
    let lossy = Link {
        loss: "0.1".parse().unwrap(),
        duplicate: quarter,
        reorder: Probability::NEVER,
        ..still
    };
    says(&request(&lossy), "loss random 10% duplicate 25%", &["before it loses one"]);
    let unchecked = Link { corrupt: quarter, checksum: false, ..Link::default() };
    says(&request(&unchecked), "delay 10ms corrupt 25%", &["flips a bit", "UDP's checksum"]);
    says(&request(&Link { mtu: Some(1_500), ..Link::default() }), "delay 10ms", &["no MTU"]);
}

#[test]
fn rates_take_ethernets_header_out() {
    let link = Link { latency: "0s".parse().unwrap(), ..Preset::Mobile4g.link() };
    assert_eq!(request(&link).options(), "limit 1000 rate 750kbit -14");
    assert_eq!(link.netem(Direction::Reply).options(), "limit 1000 rate 1.6mbit -14");
    assert_eq!(request(&link).notes().len(), 0, "a client's own link");
    let reply = link.netem(Direction::Reply);
    assert!(reply.notes()[0].contains("all clients as one"), "{:?}", reply.notes());
    let shared = Link { shared: true, queue_rule: "red 5 15 0.1".parse().unwrap(), ..link };
    let notes = request(&shared).notes().join("\n");
    assert!(notes.contains("RED as a separate qdisc") && notes.contains("on a router"), "{notes}");
    let odd =
        Link { rate: "1001bit".parse().ok(), latency: "0s".parse().unwrap(), ..Link::default() };
    assert!(request(&odd).notes()[0].contains("whole bytes"));
    for (rate, option) in
        [("7bit", "8bit"), ("1bit", "8bit"), ("8bit", "8bit"), ("1000gbit", "1000gbit")]
    {
        let link =
            Link { rate: rate.parse().ok(), latency: "0s".parse().unwrap(), ..Link::default() };
        let netem = request(&link);
        assert_eq!(netem.options(), format!("limit 1000 rate {option} -14"));
        let note = format!("0 means no limit; the command uses 8bit instead of {rate}.");
        let changed = rate != option;
        assert_eq!(netem.notes().iter().any(|text| text.ends_with(&note)), changed, "{rate}");
    }
    let command = request(&Preset::Mobile3g.link()).command("eth0");
    assert_eq!(command, "tc qdisc add dev eth0 root netem limit 1000 delay 100ms rate 330kbit -14");
}
