use super::*;
use crate::machine::MAX_TIMEOUTS_AT_ONCE;
use alloc::boxed::Box;
use alloc::format;
use alloc::string::String;
use alloc::vec;
use core::net::{IpAddr, Ipv4Addr};

const fn address(last: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::new(192, 0, 2, last)), 1060)
}

/// Answers each datagram with two, each of which raises an event, and asks for two time-outs at once.
#[derive(Default)]
struct Chatty {
    to_send: u32,
    events: u32,
    deadlines: Vec<Instant>,
}

impl Machine for Chatty {
    type Event = &'static str;

    fn handle_start(&mut self, now: Instant) {
        self.deadlines = vec![Instant::from_millis(20), Instant::from_millis(5), now];
    }

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, _: &[u8]) {
        self.to_send = 2;
        self.events = 1;
    }

    fn handle_timeout(&mut self, now: Instant) {
        if self.deadlines.last().is_some_and(|deadline| *deadline <= now) {
            self.deadlines.pop();
        }
    }

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        assert!(buf.is_empty(), "the driver hands out an empty buffer");
        self.to_send = self.to_send.checked_sub(1)?;
        self.events += 1;
        buf.push(b'x');
        let label = Label::new(1, 2 - self.to_send);
        Some(Transmit::to(address(9)).sent_from(address(2)).labelled(label))
    }

    fn poll_event(&mut self) -> Option<&'static str> {
        self.events = self.events.checked_sub(1)?;
        Some("event")
    }

    fn subject(&self, _: &&'static str) -> Subject {
        Subject::of(address(7), None)
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.deadlines.last().map(|deadline| (Timer::Other(&"t"), *deadline))
    }
}

/// Returns all outputs after an input, and the deadline.
fn outputs<M: Machine<Event = &'static str>>(
    host: &mut Host<M>,
    role: Role,
    visit: Visit,
    now: Instant,
) -> (Vec<String>, Option<Instant>) {
    let (mut buf, mut log) = (Vec::from(*b"left over"), Vec::new());
    loop {
        let flow_of = |peer| if peer == address(7) { Some(7) } else { None };
        log.push(match host.poll(role, &visit, now, &mut buf, flow_of) {
            Output::Event(context, event) => format!("{event} of {}", context.flow),
            Output::Transmit(context, transmit) => {
                assert_eq!(transmit.from, Some(address(2)), "several addresses a host");
                format!("send {}", context.label.map_or(0, |label| label.send.get()))
            }
            Output::Wait(wait) => {
                if let Some((_, What::TimerArmed { timer, deadline })) = wait.record() {
                    log.push(format!("{timer} until {deadline}"));
                }
                return (log, wait.deadline());
            }
        });
    }
}

#[test]
fn events_of_transmits_are_drained_before_the_next_transmit() {
    // A boxed machine, because the trait is object-safe.
    let boxed: Box<dyn Machine<Event = &'static str>> = Box::new(Chatty::default());
    let mut host = Host::new(boxed);
    let now = Instant::from_millis(1);
    let visit = host.start(Role::SERVER, now);
    assert_eq!(outputs(&mut host, Role::SERVER, visit, now).0, ["t until 0.001"]);
    let arrival = Arrival { flow: 3, packet: 8, label: Label::new(4, 5), server: None };
    let visit = host.deliver(now, arrival, (address(2), address(3)), b"");
    assert_eq!(
        visit.cause(Role::SERVER),
        Context { host: HostId::SERVER, flow: 3, packet: 8, label: Label::new(4, 5), server: None }
    );
    let (log, deadline) = outputs(&mut host, Role::SERVER, visit, now);
    assert_eq!(log, ["event of 7", "send 1", "event of 7", "send 2", "event of 7"]);
    assert_eq!(deadline, Some(now), "due at once");
}

#[test]
fn a_deadline_in_the_past_is_due_at_once() {
    let mut host = Host::new(Chatty::default());
    let visit = host.start(Role::Client(1), Instant::ZERO);
    let _ = outputs(&mut host, Role::Client(1), visit, Instant::ZERO);
    let now = Instant::from_millis(10);
    let mut fired = 0;
    let next = loop {
        match host.fire(Role::Client(1), now, |_| None) {
            Ok((_, visit)) => {
                assert_eq!(visit.timer(), Some(Timer::Other(&"t")));
                fired += 1;
                let _ = outputs(&mut host, Role::Client(1), visit, now);
            }
            Err(next) => break next,
        }
    };
    assert_eq!((fired, next), (2, Some(Instant::from_millis(20))));
}

#[test]
fn progress_ends_a_row_of_timeouts() {
    let mut timeouts = Timeouts::of_hosts(2);
    let at = Instant::from_millis;
    for round in 1..=10u64 {
        // Twice as many, for two hosts.
        for _ in 0..2 * MAX_TIMEOUTS_AT_ONCE {
            assert!(!timeouts.is_stuck(at(round), at(round)));
        }
    }
    assert!(timeouts.is_stuck(at(10), at(9)));
    assert!(!timeouts.is_stuck(at(11), at(11)), "the deadline moved on");
}
