//! When datagrams leave, on real sockets: on schedule, never early, and without keeping a processor busy.
//!
//! A separate file, with one test at a time, so that other tests do not use the processor.

mod common;

use common::{Running, Server, close, numbers, retry, retrylab, run, socket, within_three_tries};
use serde_json::Value;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
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

/// Returns when the datagrams of an exchange left, since its first send was due: the times of its schedule, and
/// how late each send was.
fn left(exchange: &Value) -> Vec<f64> {
    let (due, late) = (numbers(&exchange["send_times_s"]), numbers(&exchange["send_late_s"]));
    assert_eq!(due.len(), late.len());
    assert!(late.iter().all(|late| *late >= 0.0), "{late:?}");
    due.iter().zip(late).map(|(due, late)| due + late).collect()
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
        close(&left(&exchange), &[0.0, 0.1, 0.3])?;
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
                    assert_eq!(retry(|| silent.recv(&mut buf)).unwrap(), 5);
                    Instant::now()
                })
                .collect();
            silent.set_read_timeout(Some(Duration::from_secs(2))).unwrap();
            assert!(retry(|| silent.recv(&mut buf)).is_err(), "there is no sixth");
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
        close(&left(&exchange), &TEXTBOOK)?;
        close(&arrivals, &TEXTBOOK)?;
        close(&[elapsed], &[3.1])?;
        if !finished.stderr.contains("no reply after 5 sends in 3.1 s: is the server down?") {
            return Err(finished.stderr);
        }
        Ok(())
    });
}

/// Threads that keep all processors busy until it is dropped.
struct Busy(Arc<AtomicBool>, Vec<JoinHandle<()>>);

impl Busy {
    fn new() -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let spin = |over: Arc<AtomicBool>| {
            std::thread::spawn(move || while !over.load(Ordering::Relaxed) {})
        };
        let count = std::thread::available_parallelism().map_or(1, usize::from) + 1;
        let threads = (0..count).map(|_| spin(Arc::clone(&over))).collect();
        Self(over, threads)
    }
}

impl Drop for Busy {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
        for thread in self.1.drain(..) {
            let _ = thread.join();
        }
    }
}

/// Each wait begins when the previous one was due to end, not when the program woke up: a delay does not shift
/// the sends that follow, also on a busy machine. Only a delay of more than 100 ms moves the schedule.
#[test]
fn delays_do_not_accumulate() {
    const WAITS: usize = 3_000;
    let _alone = alone();
    let (_silent, address) = socket();
    let busy = Busy::new();
    let sends = WAITS.to_string();
    let policy = ["--initial-timeout", "1ms", "--multiplier", "1", "--max-sends", &sends];
    let finished =
        run(&[&["send", &address, "--json", "--give-up-above", "none"][..], &policy].concat());
    drop(busy);
    let exchange = finished.object();
    let times = numbers(&exchange["send_times_s"]);
    assert_eq!(times.len(), WAITS);
    assert_never_early(&times, &[0.001; WAITS - 1]);
    let gaps = times.windows(2).map(|pair| pair[1] - pair[0]);
    let drift: Vec<f64> = gaps.filter(|gap| *gap > 0.001 + 1e-9 && *gap < 0.1).collect();
    assert!(drift.is_empty(), "{} waits shift the next one: {drift:?}", drift.len());
    // The times are those of the clock: the program really took as long.
    let elapsed = exchange["elapsed_s"].as_f64().unwrap();
    assert!(elapsed >= times[WAITS - 1] && finished.took.as_secs_f64() >= elapsed, "{finished:?}");
    let last = left(&exchange)[WAITS - 1];
    assert!(last <= finished.took.as_secs_f64(), "{last} {:?}", finished.took);
}

/// A stopped program does not send at once all that it has missed.
#[test]
fn a_long_pause_moves_the_schedule() {
    let _alone = alone();
    let (silent, address) = socket();
    let policy = ["--initial-timeout", "50ms", "--multiplier", "1", "--max-sends", "20"];
    let args = [&["send", &address, "--json", "--give-up-above", "none"][..], &policy].concat();
    let running = Running::start(retrylab(&args));
    retry(|| silent.recv(&mut [0; 16])).unwrap();
    running.signal("STOP");
    std::thread::sleep(Duration::from_millis(600));
    running.signal("CONT");
    let finished = running.finish(Instant::now());
    let times = numbers(&finished.object()["send_times_s"]);
    assert_never_early(&times, &[0.05; 19]);
    let longest = times.windows(2).map(|pair| pair[1] - pair[0]).fold(0.0, f64::max);
    assert!(longest > 0.5, "the pause is in the times: {times:?}");
}

/// 1,000 services of 0.5 ms in a second: the server sleeps until each of them is over.
#[cfg(target_os = "linux")]
#[test]
fn waiting_takes_no_processor_time() {
    let _alone = alone();
    within_three_tries(|| {
        let server = Server::start(&["--quiet", "--service", "500us"]);
        let (client, _) = socket();
        let (before, begun) = (server.running.processor_time(), Instant::now());
        let mut answered = 0;
        while begun.elapsed() < Duration::from_secs(2) {
            client.send_to(b"hi", &server.address).unwrap();
            retry(|| client.recv(&mut [0; 64])).unwrap();
            answered += 1;
        }
        let used = server.running.processor_time() - before;
        let share = used.as_secs_f64() / begun.elapsed().as_secs_f64();
        // Without optimization a service takes several times as long as in the program that people use.
        if answered < 1_000 || share > 0.5 {
            return Err(format!("{answered} answers, {share} of a processor"));
        }
        Ok(())
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
