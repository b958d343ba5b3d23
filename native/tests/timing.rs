//! When datagrams leave, on real sockets: within 5 ms of the schedule, and never early.
//!
//! A separate file, with one test at a time, so that other tests do not use the processor.

mod common;

use common::{Server, close, numbers, run, socket, within_three_tries};
use serde_json::Value;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

const TEXTBOOK: [f64; 5] = [0.0, 0.1, 0.3, 0.7, 1.5];

fn alone() -> MutexGuard<'static, ()> {
    static ALONE: Mutex<()> = Mutex::new(());
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// No wait is ever shortened, whatever else the machine does, so this check is not retried.
fn assert_never_early(times: &[f64], waits: &[f64]) {
    for (pair, wait) in times.windows(2).zip(waits) {
        // A nanosecond of tolerance for the rounding error of a difference of floats.
        assert!(pair[1] - pair[0] >= wait - 1e-9, "{times:?} is early: the wait was {wait}");
    }
}

#[test]
fn two_lost_requests_cost_sends_at_0_and_100_and_300_ms() {
    let _alone = alone();
    within_three_tries(|| {
        let mut server = Server::start(&["--drop-list", "1-2"]);
        let finished = run(&["send", &server.address, "--json"]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        let exchange = finished.object();
        assert_eq!(exchange["outcome"], "answered");
        assert_eq!(exchange["sends"], 3);
        assert_eq!(exchange["answered_send"], 3);
        assert_eq!(exchange["reply"], "Your data was 5 bytes");
        let times = numbers(&exchange["send_times_s"]);
        assert_never_early(&times, &[0.1, 0.2]);
        let events: Vec<Value> = (0..3).map(|_| server.running.json()).collect();
        assert_eq!(events[0]["cause"], "server.drop_list");
        assert_eq!(events[1]["event"], "dropped");
        assert_eq!(events[2]["event"], "answered");
        assert_eq!(events[2]["reply_bytes"], 21);
        close(&times, &[0.0, 0.1, 0.3])?;
        close(&[exchange["elapsed_s"].as_f64().unwrap()], &[0.3])
    });
}

/// Checked by the program's own report, and by the clock of an independent socket.
#[test]
fn silence_is_asked_five_times_and_given_up_at_3_1_seconds() {
    let _alone = alone();
    within_three_tries(|| {
        let (silent, address) = socket();
        let arrivals = std::thread::spawn(move || {
            let mut buf = [0; 16];
            let arrivals: Vec<Instant> = (0..5)
                .map(|_| {
                    assert_eq!(silent.recv(&mut buf).unwrap(), 5);
                    Instant::now()
                })
                .collect();
            silent.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            assert!(silent.recv(&mut buf).is_err(), "there is no sixth");
            arrivals.iter().map(|at| (*at - arrivals[0]).as_secs_f64()).collect::<Vec<f64>>()
        });
        let finished = run(&["send", &address, "--json"]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("is the server down?"), "{finished:?}");
        let exchange = finished.object();
        assert_eq!(exchange["outcome"], "gave_up");
        assert_eq!(exchange["reply"], Value::Null);
        let times = numbers(&exchange["send_times_s"]);
        let elapsed = exchange["elapsed_s"].as_f64().unwrap();
        assert_never_early(&times, &[0.1, 0.2, 0.4, 0.8]);
        assert!(elapsed >= 3.1);
        let arrivals = arrivals.join().unwrap();
        close(&times, &TEXTBOOK)?;
        close(&arrivals, &TEXTBOOK)?;
        close(&[elapsed], &[3.1])?;
        if !finished.stderr.contains("no reply after 5 sends in 3.1 s: is the server down?") {
            return Err(finished.stderr);
        }
        Ok(())
    });
}

/// Errors of single waits must not add up: forty waits of 10 ms would end within 5 ms of 400 ms.
///
/// Each wait begins with the send before it, so a single delay by a busy machine stays in all later
/// times. The median wait shows what the program itself adds.
#[test]
fn errors_do_not_accumulate() {
    let _alone = alone();
    within_three_tries(|| {
        let (_silent, address) = socket();
        let policy =
            ["--initial-timeout", "10ms", "--multiplier", "1", "--max-sends", "40", "--json"];
        let finished = run(&[&["send", &address][..], &policy].concat());
        let exchange = finished.object();
        let times = numbers(&exchange["send_times_s"]);
        assert_eq!(times.len(), 40);
        assert_never_early(&times, &[0.01; 39]);
        let mut waits: Vec<f64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        waits.push(exchange["elapsed_s"].as_f64().unwrap() - times[39]);
        waits.sort_by(f64::total_cmp);
        close(&[40.0 * waits[20]], &[0.4])
    });
}

#[test]
fn a_closed_port_is_reported_at_once() {
    let _alone = alone();
    within_three_tries(|| {
        let address = format!("127.0.0.1:{}", common::free_port());
        let sentence = format!("{address} refused the datagram: nobody listens there");
        let finished = run(&["send", &address]);
        assert_eq!(finished.code, Some(3), "{finished:?}");
        assert!(finished.stderr.contains(&sentence), "{finished:?}");
        assert_eq!(finished.stdout, "");
        // The refusal arrives during the first wait, not only with the second send.
        let json = run(&["send", &address, "--json"]);
        assert_eq!(json.code, Some(3));
        let exchange = json.object();
        assert_eq!(exchange["outcome"], "refused");
        assert_eq!(exchange["sends"], 1);
        assert_eq!(exchange["error"], sentence);
        let slow = finished.took.max(json.took) > Duration::from_millis(500);
        let late = exchange["elapsed_s"].as_f64().unwrap() > 0.05;
        if slow || late { Err(format!("{finished:?} {json:?}")) } else { Ok(()) }
    });
}
