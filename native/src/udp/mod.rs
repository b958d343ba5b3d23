//! The driver: any machine over a UDP socket.
//!
//! [`retrylab_core::drive`] drives the machine and decides what to record, as in the simulated network. This
//! module moves bytes with a tokio socket and reads the real clock. A trace of a real run contains only what
//! one end can observe: it has no records of the link, and an arriving datagram names the send that it belongs to
//! only if its payload does ([`Machine::label_of`]).

mod errors;
mod flows;
mod observer;
mod socket;
mod sys;
mod wait;

pub use errors::{Class, Icmp, Report};
pub use observer::{Datagram, Observer, Trouble};
pub use socket::{Socket, Unhandled};

use crate::clock::Clock;
use flows::Flows;
use retrylab_core::drive::{
    Arrival, Context, Host, NOT_ITS_ADDRESS, Output, Role, Timeouts, Visit, Wait,
};
use retrylab_core::machine::{Machine, Transmit};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Direction, HostId, Packet, Sink, What};
use socket::{Problem, Received};
use std::collections::VecDeque;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use sys::Timer;
use wait::{Woken, wait};

/// Size of the receive buffer: larger than any UDP payload (65,527 bytes over IPv6), so that no datagram is
/// truncated.
const RECEIVE_BUFFER: usize = 65_536;

/// Maximum number of consecutive errors without a datagram or timer between them. After it the driver gives
/// up on the socket.
const MAX_ERRORS: u32 = 1_000;

/// Maximum number of datagrams to handle before a timer that is due, so that a flood cannot delay it forever.
const MAX_BEFORE_TIMER: u32 = 32;

/// Number of datagrams in a row after which the receive buffer may have been full: half of the short ones
/// that fit into the default one of Linux.
const LONG_RUN: u32 = 128;

/// Minimum time between two looks at the system's count of losses, which takes longer
/// the more sockets the system has.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Maximum lateness of a time-out that is handled as if it were on time, so that a delay does not shift what
/// follows. After a longer one, as of a program that was stopped, the schedule continues from now: otherwise
/// the machine would send all at once what it has missed.
const MAX_LATE: Duration = Duration::from_millis(100);

/// The reason why [`drive`] returned.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The machine is finished.
    Finished,
    /// The observer stopped the driver.
    Stopped,
}

/// Runs `machine` over `socket` until it is finished. A server never finishes.
///
/// Records every event into `sink` and reports it to `observer`. Pass `()` for either if you do not need it,
/// or `&mut` to keep it. The future can be dropped at any time, for example on a signal; the machine then
/// stays in the state after its last input.
///
/// # Errors
/// If the socket fails repeatedly. A single failure is reported to the observer as [`Trouble`], and a refusal
/// by the peer of a connected socket is an input of the machine.
pub async fn drive<M, K, O>(
    machine: &mut M,
    socket: &Socket,
    clock: Clock,
    sink: K,
    observer: O,
) -> io::Result<Ended>
where
    M: Machine<Event: Clone + Into<What>>,
    K: Sink,
    O: Observer<M::Event>,
{
    let mut driver = Driver {
        host: Host::new(machine),
        role: match socket.host {
            HostId::Server(number) => Role::Server(number),
            HostId::Client | HostId::Link => Role::Client(OWN_FLOW),
        },
        socket,
        clock,
        timer: Timer::new(),
        last: Instant::ZERO,
        sink,
        observer,
        incoming: vec![0; RECEIVE_BUFFER],
        outgoing: Vec::new(),
        deadline: None,
        own: [0; 2],
        flows: Flows::default(),
        refused: VecDeque::new(),
        errors: 0,
        before_timer: 0,
        run: 0,
        looked: None,
        turn: 0,
        timeouts: Timeouts::of_hosts(1),
    };
    driver.run().await
}

/// The number of a client in its own trace.
const OWN_FLOW: u32 = 1;

/// The state of the loop.
struct Driver<'a, M, K, O> {
    host: Host<&'a mut M>,
    role: Role,
    socket: &'a Socket,
    clock: Clock,
    timer: Timer,
    /// Time of the machine's last input.
    last: Instant,
    sink: K,
    observer: O,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// Time at which to wake the machine.
    deadline: Option<Instant>,
    /// A client's datagrams so far, by direction: their numbers in the trace.
    own: [u32; 2],
    flows: Flows,
    /// Peers that cannot be reached, as a send has shown.
    refused: VecDeque<SocketAddr>,
    /// Consecutive errors of the socket.
    errors: u32,
    /// Consecutive datagrams that were handled while a timer was due.
    before_timer: u32,
    /// Datagrams since the socket was last empty.
    run: u32,
    /// When the driver last looked for losses.
    looked: Option<Instant>,
    /// Number of attempts to receive: the sockets take turns.
    turn: usize,
    timeouts: Timeouts,
}

/// One input of the machine.
struct Input {
    now: Instant,
    visit: Visit,
    /// Sender and length of the datagram in the buffer, if the input was one.
    datagram: Option<(SocketAddr, usize)>,
}

impl Input {
    const fn without_datagram(now: Instant, visit: Visit) -> Self {
        Self { now, visit, datagram: None }
    }
}

impl<M, K, O> Driver<'_, M, K, O>
where
    M: Machine<Event: Clone + Into<What>>,
    K: Sink,
    O: Observer<M::Event>,
{
    async fn run(&mut self) -> io::Result<Ended> {
        let now = self.clock.now();
        let mut input = Input::without_datagram(now, self.host.start(self.role, now));
        loop {
            if self.drain(input).await.is_break() {
                return Ok(Ended::Stopped);
            }
            if self.host.machine().is_finished() {
                return Ok(Ended::Finished);
            }
            input = loop {
                if let ControlFlow::Break(end) = self.input().await? {
                    match end {
                        Some(input) => break input,
                        None => return Ok(Ended::Stopped),
                    }
                }
            };
        }
    }

    /// Waits for an input and passes it to the machine. Breaks with the input, or with `None` if the observer
    /// stopped the driver. Continues if there was no input.
    async fn input(&mut self) -> io::Result<ControlFlow<Option<Input>>> {
        let woken = match self.deadline {
            Some(_) if self.before_timer >= MAX_BEFORE_TIMER => Woken::Due,
            deadline => wait(self.socket, &self.timer, self.clock, deadline).await?,
        };
        let now = self.clock.now();
        if woken == Woken::Due {
            (self.before_timer, self.errors) = (0, 0);
            return self.fire(now);
        }
        let due = self.deadline.is_some_and(|deadline| deadline <= now);
        self.before_timer = if due { self.before_timer + 1 } else { 0 };
        self.turn = self.turn.wrapping_add(1);
        match self.socket.receive(&mut self.incoming, self.turn) {
            Ok(received) => {
                self.errors = 0;
                self.run = self.run.saturating_add(1);
                self.report_lost(now, received.lost);
                let datagram =
                    Datagram { from: received.from, bytes: &self.incoming[..received.len] };
                if !self.observer.admits(now, datagram) {
                    self.refuse(now, received);
                    return Ok(ControlFlow::Continue(()));
                }
                Ok(ControlFlow::Break(Some(self.deliver(now, received))))
            }
            Err(problem) if problem.is_nothing() => {
                self.look_for_losses(now);
                Ok(ControlFlow::Continue(()))
            }
            Err(problem) => self.troubled(now, problem),
        }
    }

    /// Fires the timer that is due.
    fn fire(&mut self, now: Instant) -> io::Result<ControlFlow<Option<Input>>> {
        let now = self.scheduled(now);
        let (role, flows) = (self.role, &mut self.flows);
        match self.host.fire(role, now, |peer| Some(flow_of(role, flows, peer))) {
            Err(deadline) => {
                self.deadline = deadline;
                Ok(ControlFlow::Continue(()))
            }
            Ok(_) if self.timeouts.is_stuck(now, self.deadline.unwrap_or(now)) => {
                Err(io::Error::other("the machine keeps requesting timeouts that are already due"))
            }
            Ok((context, visit)) => {
                if let Some(what) = visit.fired() {
                    self.record(now, context, what);
                }
                Ok(ControlFlow::Break(Some(Input::without_datagram(now, visit))))
            }
        }
    }

    /// Returns the time at which the timer fires for the machine: its deadline, unless that is long past. The
    /// time of the machine does not go back.
    fn scheduled(&self, now: Instant) -> Instant {
        let due = self.deadline.unwrap_or(now).max(self.last);
        if now.saturating_since(due) <= MAX_LATE { due.min(now) } else { now }
    }

    /// Delivers the datagram in the buffer to the machine.
    fn deliver(&mut self, now: Instant, received: Received) -> Input {
        let Received { len, from, local, .. } = received;
        let direction = self.socket.inward();
        let (flow, packet) = (self.flow_of(from), self.count(from, direction));
        let bytes = &self.incoming[..len];
        let arrival =
            Arrival { flow, packet, label: self.host.machine().label_of(bytes), server: None };
        self.observer.received(now, Datagram { from, bytes });
        let visit = self.host.deliver(now, arrival, (local, from), bytes);
        let record = visit.cause(self.role).record(now, What::Delivered { direction });
        self.sink.record(&record);
        self.sink.packet(&record, Packet::Datagram { from, to: local, payload: bytes });
        Input { now, visit, datagram: Some((from, len)) }
    }

    /// Passes a datagram to the sink that the observer does not admit.
    fn refuse(&mut self, now: Instant, Received { len, from, local, .. }: Received) {
        let context =
            Context { host: self.socket.host, flow: 0, packet: 0, label: None, server: None };
        let record = context.record(now, What::from("Refused: no machine handles it."));
        let payload = &self.incoming[..len];
        self.sink.packet(&record, Packet::Datagram { from, to: local, payload });
        self.sink.settle();
    }

    /// Handles a problem that the socket has instead of a datagram.
    fn troubled(
        &mut self,
        now: Instant,
        problem: Problem,
    ) -> io::Result<ControlFlow<Option<Input>>> {
        let Problem { peer, trouble } = problem;
        let is_final = trouble.class() == Class::Final;
        if self.report(now, &trouble).is_break() {
            return Ok(ControlFlow::Break(None));
        }
        match (peer.filter(|_| is_final), trouble) {
            (Some(peer), _) => {
                let visit = self.host.refuse(self.role, now, peer);
                Ok(ControlFlow::Break(Some(Input::without_datagram(now, visit))))
            }
            (None, Trouble::Receive(error)) => {
                self.errors += 1;
                if self.errors >= MAX_ERRORS { Err(error) } else { Ok(ControlFlow::Continue(())) }
            }
            (None, _) => Ok(ControlFlow::Continue(())),
        }
    }

    /// Records what the network reports, and reports trouble to the observer.
    fn report(&mut self, now: Instant, trouble: &Trouble) -> ControlFlow<()> {
        if let Trouble::Report(report) = trouble {
            let context = self.host.context(self.role);
            self.record(now, context, What::from(report.icmp.words()));
        }
        self.observer.trouble(now, trouble)
    }

    /// Drains the machine after an input.
    async fn drain(&mut self, input: Input) -> ControlFlow<()> {
        let Input { now, mut visit, mut datagram } = input;
        self.last = now;
        loop {
            let (role, flows) = (self.role, &mut self.flows);
            let flow_of = |peer| Some(flow_of(role, flows, peer));
            match self.host.poll(role, &visit, now, &mut self.outgoing, flow_of) {
                Output::Event(context, event) => {
                    let datagram =
                        datagram.map(|(from, len)| Datagram { from, bytes: &self.incoming[..len] });
                    let flow = self.observer.event(now, &event, datagram);
                    let what = event.into();
                    self.record(now, visit.of_event(context, &what), what);
                    flow?;
                }
                Output::Transmit(context, transmit) => {
                    self.send(now, context, transmit).await?;
                }
                Output::Wait(wait) => {
                    self.armed(now, &wait);
                    let Some(peer) = self.refused.pop_front() else {
                        self.sink.settle();
                        return ControlFlow::Continue(());
                    };
                    visit = self.host.refuse(self.role, now, peer);
                    datagram = None;
                }
            }
        }
    }

    /// Sends the outgoing buffer.
    async fn send(
        &mut self,
        now: Instant,
        context: Context,
        transmit: Transmit,
    ) -> ControlFlow<()> {
        let (to, mut problems) = (transmit.to, Vec::new());
        self.observer.sending(&transmit);
        let sent = self.socket.send(&self.outgoing, transmit.from, to, &mut problems).await;
        for Problem { peer, trouble } in problems {
            self.report(now, &trouble)?;
            self.refused.extend(peer.filter(|_| trouble.class() == Class::Final));
        }
        let Some(sent) = sent else {
            self.record(now, context, What::from(NOT_ITS_ADDRESS));
            let error = io::Error::new(io::ErrorKind::AddrNotAvailable, NOT_ITS_ADDRESS);
            return self.observer.trouble(now, &Trouble::Send { to, error });
        };
        match sent {
            Ok(()) => {
                let direction = self.socket.outward();
                let context = Context { packet: self.count(to, direction), ..context };
                let bytes = u32::try_from(self.outgoing.len()).unwrap_or(u32::MAX);
                let record = context.record(now, What::Sent { direction, bytes });
                self.sink.record(&record);
                if self.sink.takes_packets() {
                    let (from, payload) = (self.socket.source(transmit.from, to), &self.outgoing);
                    self.sink.packet(&record, Packet::Datagram { from, to, payload });
                }
                self.observer.sent(now, &transmit, &self.outgoing);
                ControlFlow::Continue(())
            }
            Err(error) => {
                self.record(now, context, What::from("the system sent nothing"));
                let trouble = Trouble::Send { to, error };
                self.observer.trouble(now, &trouble)?;
                self.refused.extend(Some(to).filter(|_| trouble.class() == Class::Final));
                ControlFlow::Continue(())
            }
        }
    }

    /// Updates the deadline, and records and reports a change.
    fn armed(&mut self, now: Instant, wait: &Wait) {
        self.deadline = wait.deadline();
        if let Some((context, what)) = wait.record() {
            self.record(now, context, what);
        }
        if let (Some((timer, deadline)), Some(_)) = (wait.timer, wait.armed) {
            self.observer.armed(now, timer, deadline);
        }
    }

    fn flow_of(&mut self, peer: SocketAddr) -> u32 {
        flow_of(self.role, &mut self.flows, peer)
    }

    /// Counts a datagram from or to `peer`; a client counts those of all peers as its own.
    fn count(&mut self, peer: SocketAddr, direction: Direction) -> u32 {
        match self.role {
            Role::Server(_) => self.flows.count(peer, direction),
            Role::Client(_) => {
                let count = &mut self.own[direction as usize];
                *count = count.wrapping_add(1);
                *count
            }
        }
    }

    /// Reports what was lost after the last datagram, now that the socket is empty after a long run.
    fn look_for_losses(&mut self, now: Instant) {
        let was_long = std::mem::take(&mut self.run) >= LONG_RUN;
        let is_time = |looked| now.saturating_since(looked) >= LOOK_INTERVAL;
        if was_long && self.looked.is_none_or(is_time) {
            self.looked = Some(now);
            self.report_lost(now, self.socket.lost());
        }
    }

    fn report_lost(&mut self, now: Instant, count: u32) {
        if count > 0 {
            self.observer.lost(now, count);
        }
    }

    fn record(&mut self, at: Instant, context: Context, what: What) {
        self.sink.record(&context.record(at, what));
    }
}

/// Returns the number of the client of a datagram: for a client its own, for a server that of the peer.
fn flow_of(role: Role, flows: &mut Flows, peer: SocketAddr) -> u32 {
    match role {
        Role::Server(_) => flows.number(peer),
        Role::Client(flow) => flow,
    }
}
