//! Tests your own protocol: stop and wait. A sender has some numbers to transfer, one at a time,
//! and repeats each until it is acknowledged; a receiver acknowledges whatever comes and keeps each
//! number once.
//!
//! `cargo run --example own_machine` shows one run over a link that loses every third datagram, and
//! checks a thousand.

use retrylab_core::harness::{Pair, for_each_seed};
use retrylab_core::link::{Link, Loss};
use retrylab_core::machine::{Label, Machine, Timer, Transmit};
use retrylab_core::random::Probability;
use retrylab_core::sim::SERVER;
use retrylab_core::time::{Duration, Instant};
use std::net::SocketAddr;

/// Number of numbers to send: 0, 1, 2.
pub(crate) const NUMBERS: u8 = 3;

/// Sender of the numbers.
#[derive(Debug, Default)]
pub(crate) struct Sender {
    number: u8,
    /// Number of its sends so far.
    sends: u32,
    /// When to send the next one, after the first.
    resend: Option<Instant>,
}

impl Machine for Sender {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, bytes: &[u8]) {
        if bytes == [self.number] && !self.is_finished() {
            *self = Self { number: self.number + 1, ..Self::default() };
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        self.resend = self.resend.filter(|at| *at > now);
    }

    fn poll_transmit(&mut self, now: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        if self.is_finished() || self.resend.is_some() {
            return None;
        }
        self.resend = now.checked_add(Duration::from_millis(50));
        buf.push(self.number);
        // The label is for the trace: which send of which number.
        self.sends += 1;
        let label = Label::new(u32::from(self.number) + 1, self.sends);
        Some(Transmit::to(SERVER).labelled(label))
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        None
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.resend.map(|at| (Timer::Resend, at))
    }

    fn is_finished(&self) -> bool {
        self.number == NUMBERS
    }
}

/// Keeps the numbers in the order of their arrival.
#[derive(Debug, Default)]
pub(crate) struct Receiver {
    /// Numbers received so far.
    pub(crate) numbers: Vec<u8>,
    reply: Option<(SocketAddr, u8)>,
    event: Option<&'static str>,
}

impl Machine for Receiver {
    type Event = &'static str;

    fn handle_datagram(&mut self, _: Instant, _local: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        let [number] = *bytes else { return };
        self.event = Some("received before");
        if !self.numbers.contains(&number) {
            self.numbers.push(number);
            self.event = Some("new");
        }
        self.reply = Some((from, number));
    }

    fn handle_timeout(&mut self, _: Instant) {}

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (to, number) = self.reply.take()?;
        buf.push(number);
        Some(Transmit::to(to))
    }

    fn poll_event(&mut self) -> Option<Self::Event> {
        self.event.take()
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        None
    }
}

/// Returns both machines over a link that loses this share.
pub(crate) fn pair(loss: &str, seed: u64) -> Pair<Sender, Receiver> {
    let loss = Probability::parse(loss).expect("a probability");
    let link = Link::default().with_loss(Loss::Independent(loss));
    Pair::new(Sender::default(), Receiver::default(), link, seed)
}

/// Prints one run, then checks many.
pub(crate) fn main() {
    let mut one = pair("0.3", 7);
    one.drive_bounded(1_000).expect("one of many sends arrives");
    println!("{}", one.ladder());
    for_each_seed(0..1_000, |seed| {
        let mut pair = pair("0.3", seed);
        pair.drive_bounded(1_000).unwrap();
        assert!(pair.client().is_finished());
        assert_eq!(pair.server().numbers, [0, 1, 2], "{}", pair.ladder());
    });
    println!("and 1000 other seeds end well");
}
