//! Runs machines that are not part of the core over the native driver.

use crate::common::{Server, retry, socket};
use retrylab::clock::Clock;
use retrylab::udp::{self, Datagram, Ended, Observer, Socket, Trouble};
use retrylab_core::client::{Client, Config};
use retrylab_core::machine::{Label, Machine, Timer, Transmit};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Direction, HostId, Record, What};
use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::ops::ControlFlow;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Sends a probe every 20 ms until it has three replies.
struct Prober {
    peer: SocketAddr,
    probes: u32,
    replies: u32,
    /// Time of the next probe; `None` while one is due.
    next: Option<Instant>,
    event: Option<&'static str>,
}

const PERIOD: Duration = Duration::from_millis(20);

impl Prober {
    fn new(peer: SocketAddr) -> Self {
        Self { peer, probes: 0, replies: 0, next: None, event: None }
    }
}

impl Machine for Prober {
    type Event = &'static str;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        bytes: &[u8],
    ) {
        if from == self.peer && bytes.starts_with(b"probe ") {
            self.replies += 1;
            self.event = Some("a probe came back");
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.next.is_some_and(|next| next <= now) {
            self.next = None;
        }
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.next.is_some() || self.is_finished() {
            return None;
        }
        self.probes += 1;
        self.next = Some(now.saturating_add(PERIOD));
        buf.extend_from_slice(format!("probe {}", self.probes).as_bytes());
        Some(Transmit::to(self.peer).labelled(Label::new(1, self.probes)))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        self.event.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let next = self.next.filter(|_| !self.is_finished())?;
        Some((Timer::Other(&"probe"), next))
    }

    fn is_finished(&self) -> bool {
        self.replies == 3
    }
}

/// Runs `test` on a new runtime, under the deadline of the tests.
fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let bounded =
        runtime.block_on(async { tokio::time::timeout(crate::common::PATIENCE, test).await });
    bounded.expect("the driver returns")
}

#[test]
fn a_foreign_machine_runs_over_a_real_socket_and_is_traced() {
    let server = Server::start(&["--reply", "mirror", "--drop-list", "2"]);
    let peer = server.address.parse().unwrap();
    let mut records: Vec<Record> = Vec::new();
    let mut prober = Prober::new(peer);
    let ended = block_on(async {
        let socket = Socket::connected(peer).await.unwrap();
        udp::drive(&mut prober, &socket, Clock::start(), &mut records, ()).await.unwrap()
    });
    assert_eq!(ended, Ended::Finished);
    assert_eq!((prober.probes, prober.replies), (4, 3), "one of four was lost");
    let of = |wanted: &dyn Fn(&What) -> bool| -> Vec<Record> {
        records.iter().filter(|record| wanted(&record.what)).copied().collect()
    };
    let sent = of(&|what| *what == What::Sent { direction: Direction::Request, bytes: 7 });
    let labels: Vec<Option<Label>> = sent.iter().map(|record| record.label).collect();
    assert_eq!(labels, [1, 2, 3, 4].map(|send| Label::new(1, send)));
    for pair in sent.windows(2) {
        assert!(pair[1].at >= pair[0].at.saturating_add(PERIOD), "early: {pair:?}");
    }
    let fired = What::TimerFired { timer: Timer::Other(&"probe") };
    assert_eq!(of(&|what| *what == fired).len(), 3);
    assert_eq!(of(&|what| *what == What::Note { words: "a probe came back" }).len(), 3);
    let delivered = What::Delivered { direction: Direction::Reply };
    assert_eq!(of(&|what| *what == delivered).len(), 3);
    assert!(
        records
            .iter()
            .all(|record| record.host == HostId::Client && record.flow == NonZeroU32::new(1))
    );
    assert!(records.is_sorted_by_key(|record| record.at));
}

/// Answers each datagram with two greetings and finishes after three datagrams.
struct Greeter {
    received: u32,
    greet: Vec<SocketAddr>,
}

impl Machine for Greeter {
    type Event = &'static str;

    fn handle_datagram(
        &mut self,
        _now: Instant,
        _local: SocketAddr,
        from: SocketAddr,
        _bytes: &[u8],
    ) {
        self.received += 1;
        self.greet.extend([from, from]);
    }

    fn handle_timeout(&mut self, _now: Instant) {}

    fn poll_transmit(&mut self, _now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        buf.extend_from_slice(b"hi");
        self.greet.pop().map(Transmit::to)
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }

    fn is_finished(&self) -> bool {
        self.received == 3
    }
}

#[test]
fn a_foreign_server_answers_everyone_and_numbers_them() {
    let mut records: Vec<Record> = Vec::new();
    block_on(async {
        let serving = Socket::serving("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = serving.local_addr().unwrap();
        let asking = std::thread::spawn(move || {
            let ((first, _), (second, _)) = (socket(), socket());
            for client in [&first, &second, &first] {
                client.send_to(b"x", address).unwrap();
                let lens = [
                    retry(|| client.recv(&mut [0; 8])).unwrap(),
                    retry(|| client.recv(&mut [0; 8])).unwrap(),
                ];
                assert_eq!(lens, [2, 2]);
            }
        });
        let mut greeter = Greeter { received: 0, greet: Vec::new() };
        let ended =
            udp::drive(&mut greeter, &serving, Clock::start(), &mut records, ()).await.unwrap();
        assert_eq!(ended, Ended::Finished);
        asking.join().unwrap();
    });
    let number = |number: Option<NonZeroU32>| number.map_or(0, NonZeroU32::get);
    let flows: Vec<u32> = records.iter().map(|record| number(record.flow)).collect();
    assert_eq!(flows, [1, 1, 1, 2, 2, 2, 1, 1, 1], "received, and greeted twice");
    let packets: Vec<u32> = records.iter().map(|record| number(record.packet)).collect();
    assert_eq!(packets, [1, 1, 2, 1, 1, 2, 2, 3, 4], "of each client, each way");
    assert!(records.iter().all(|record| record.host == HostId::SERVER));
}

/// Stops at the first event or the third failure.
struct StopAt {
    event: bool,
    troubles: usize,
}

impl<E> Observer<E> for StopAt {
    fn event(&mut self, _: Instant, _: &E, datagram: Option<Datagram<'_>>) -> ControlFlow<()> {
        assert!(datagram.is_some_and(|datagram| datagram.bytes == b"probe 1"));
        if self.event { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }

    fn trouble(&mut self, _: Instant, trouble: &Trouble) -> ControlFlow<()> {
        assert!(matches!(trouble, Trouble::Send { .. }), "{trouble:?}");
        self.troubles += 1;
        if self.troubles == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    }
}

#[test]
fn an_observer_can_stop_the_driver() {
    let server = Server::start(&["--reply", "mirror"]);
    let peer = server.address.parse().unwrap();
    let mut prober = Prober::new(peer);
    let ended = block_on(async {
        let socket = Socket::connected(peer).await.unwrap();
        let observer = StopAt { event: true, troubles: 0 };
        udp::drive(&mut prober, &socket, Clock::start(), (), observer).await.unwrap()
    });
    assert_eq!((ended, prober.replies), (Ended::Stopped, 1));
}

/// A failed send is reported to the observer, and the machine continues until the observer stops it.
#[test]
fn a_failed_send_is_reported_and_does_not_end_the_run() {
    // Port 0 is not a valid destination.
    let nowhere = "127.0.0.1:0".parse().unwrap();
    let mut prober = Prober::new(nowhere);
    let mut observer = StopAt { event: true, troubles: 0 };
    let ended = block_on(async {
        let socket = Socket::unconnected(nowhere).await.unwrap();
        udp::drive(&mut prober, &socket, Clock::start(), (), &mut observer).await.unwrap()
    });
    assert_eq!(ended, Ended::Stopped);
    assert_eq!((observer.troubles, prober.probes), (3, 3));
}

/// Handles datagrams slowly, so that another one is always waiting.
struct Slow;

impl<E> Observer<E> for Slow {
    fn received(&mut self, _: Instant, _: Datagram<'_>) {
        std::thread::sleep(Duration::from_micros(100));
    }
}

/// A flood of datagrams must not delay a timer: the client gives up on time.
#[test]
fn a_flood_does_not_delay_a_timer() {
    let (silent, _) = socket();
    let peer = silent.local_addr().unwrap();
    let mut client = Client::new(Config::textbook(peer, b"hello").connected(false));
    let mut records: Vec<Record> = Vec::new();
    let over = Arc::new(AtomicBool::new(false));
    block_on(async {
        let socket = Socket::unconnected(peer).await.unwrap();
        let port = socket.local_addr().unwrap().port();
        let flood_is_over = Arc::clone(&over);
        std::thread::spawn(move || {
            let flooding = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            while !flood_is_over.load(Ordering::Relaxed) {
                let _ = flooding.send_to(b"noise", ("127.0.0.1", port));
            }
        });
        udp::drive(&mut client, &socket, Clock::start(), &mut records, Slow).await.unwrap();
    });
    over.store(true, Ordering::Relaxed);
    let strangers = records.iter().filter(|record| record.what == What::Stranger).count();
    assert!(strangers > 1_000, "no flood: {strangers}");
    let Some(What::GaveUp { sends: 5, elapsed, .. }) = records.last().map(|record| record.what)
    else {
        panic!("{:?}", records.last());
    };
    assert!(
        elapsed >= Duration::from_millis(3_100) && elapsed < Duration::from_secs(8),
        "{elapsed:?}"
    );
}
