//! The driver: any machine over a UDP socket.
//!
//! It keeps the law of [`retrylab_core::machine`] (one input, then drain, then read the deadline) with
//! tokio's socket and the real clock, and records what happened as the simulated network does. A trace
//! of a real run differs in what nobody can know from one end only: there are no records of the link,
//! and a reply does not name the send that caused it.

mod flows;
mod observer;
mod socket;
mod wait;

pub use observer::{Datagram, Observer, Trouble};
pub use socket::Socket;

use crate::clock::Clock;
use flows::Flows;
use retrylab_core::machine::{Label, Machine, Timer, Transmit};
use retrylab_core::time::Instant;
use retrylab_core::trace::{Record, Side, Sink, What};
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;
use wait::{Woken, wait};

/// More than the largest UDP payload (65,527 bytes over IPv6), so that nothing is ever cut.
const RECEIVE_BUFFER: usize = 65_536;

/// After so many errors on end without one datagram or timer between them the socket is beyond hope.
const MOST_ERRORS: u32 = 1_000;

/// So many datagrams may come before a timer that is due: a flood must not hold it up for ever.
const MOST_BEFORE_TIMER: u32 = 32;

/// Why [`drive`] came back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The machine has done all that it will do.
    Finished,
    /// The observer wanted no more.
    Stopped,
}

/// Runs `machine` over `socket` until it is finished, which a server never is.
///
/// What happens is recorded into `sink` and told to `observer`; `()` is either of them that does
/// nothing, and a `&mut` to one is one too. The future may be dropped at any time,
/// for instance on a signal; the machine then stays as its last input left it.
///
/// # Errors
/// When the socket does nothing but fail. Single failures are [`Trouble`] for the observer, and a
/// refusal by the peer of a connected socket is an input of the machine.
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
        machine,
        local: socket.local_addr()?,
        socket,
        clock,
        sink,
        observer,
        incoming: vec![0; RECEIVE_BUFFER],
        outgoing: Vec::new(),
        timer: None,
        label: None,
        packets: 0,
        flows: Flows::default(),
        errors: 0,
        before_timer: 0,
    };
    driver.run().await
}

/// The loop's state.
struct Driver<'a, M, K, O> {
    machine: &'a mut M,
    socket: &'a Socket,
    local: SocketAddr,
    clock: Clock,
    sink: K,
    observer: O,
    incoming: Vec<u8>,
    outgoing: Vec<u8>,
    /// The machine's timer as last seen.
    timer: Option<(Timer, Instant)>,
    /// What the machine sent last: its timers and events refer to that, unless it says otherwise.
    label: Option<Label>,
    /// Datagrams that this end has seen, its own and others': their numbers in the trace.
    packets: u64,
    flows: Flows,
    /// Errors of the socket on end.
    errors: u32,
    /// Datagrams on end that were taken although a timer was due.
    before_timer: u32,
}

/// What an input was about: for the records and events that it causes.
#[derive(Clone, Copy, Default)]
struct Context {
    flow: u32,
    packet: u64,
    /// The datagram in the buffer: whose, and how long.
    datagram: Option<(SocketAddr, usize)>,
}

impl<M, K, O> Driver<'_, M, K, O>
where
    M: Machine<Event: Clone + Into<What>>,
    K: Sink,
    O: Observer<M::Event>,
{
    async fn run(&mut self) -> io::Result<Ended> {
        let mut context = Context { flow: self.own_flow(), ..Context::default() };
        let mut now = self.clock.now();
        self.machine.handle_start(now);
        loop {
            if self.drain(now, context).await.is_break() {
                return Ok(Ended::Stopped);
            }
            if self.machine.is_finished() {
                return Ok(Ended::Finished);
            }
            (now, context) = loop {
                if let ControlFlow::Break(end) = self.input().await? {
                    match end {
                        Some(input) => break input,
                        None => return Ok(Ended::Stopped),
                    }
                }
            };
        }
    }

    /// Waits, and gives the machine what came. Breaks with the input, or with `None` if the observer
    /// wants no more; continues when nothing was to be given.
    async fn input(&mut self) -> io::Result<ControlFlow<Option<(Instant, Context)>>> {
        let deadline = self.timer.map(|(_, deadline)| deadline);
        let woken = match deadline {
            Some(_) if self.before_timer >= MOST_BEFORE_TIMER => Woken::Due,
            _ => wait(&self.socket.io, self.clock, deadline).await?,
        };
        let now = self.clock.now();
        if woken == Woken::Due {
            (self.before_timer, self.errors) = (0, 0);
            return Ok(ControlFlow::Break(Some((now, self.fire(now)))));
        }
        let due = deadline.is_some_and(|deadline| deadline <= now);
        self.before_timer = if due { self.before_timer + 1 } else { 0 };
        match self.socket.receive(&mut self.incoming) {
            Ok((len, from)) => {
                self.errors = 0;
                Ok(ControlFlow::Break(Some((now, self.deliver(now, from, len)))))
            }
            Err(error) if nothing_there(&error) => Ok(ControlFlow::Continue(())),
            Err(error) => self.failed_to_receive(now, error),
        }
    }

    /// The timer has run out.
    fn fire(&mut self, now: Instant) -> Context {
        let context = Context { flow: self.own_flow(), ..Context::default() };
        if let Some((timer, _)) = self.timer {
            let label = self.machine.timer_label().or(self.label);
            self.machine.handle_timeout(now);
            self.record(now, context, label, What::TimerFired { timer });
        }
        context
    }

    /// A datagram of `len` bytes is in the buffer.
    fn deliver(&mut self, now: Instant, from: SocketAddr, len: usize) -> Context {
        self.packets += 1;
        let flow = self.flow_of(from);
        let context = Context { flow, packet: self.packets, datagram: Some((from, len)) };
        let what = What::Delivered { direction: self.socket.inward() };
        self.record(now, context, None, what);
        let bytes = &self.incoming[..len];
        self.observer.received(now, Datagram { from, bytes });
        self.machine.handle_datagram(now, self.local, from, bytes);
        context
    }

    fn failed_to_receive(
        &mut self,
        now: Instant,
        error: io::Error,
    ) -> io::Result<ControlFlow<Option<(Instant, Context)>>> {
        self.errors += 1;
        if self.errors >= MOST_ERRORS {
            return Err(error);
        }
        if let Some(peer) = self.socket.peer.filter(|_| is_refusal(&error)) {
            let context = Context { flow: self.own_flow(), ..Context::default() };
            self.machine.handle_refused(now, peer);
            return Ok(ControlFlow::Break(Some((now, context))));
        }
        Ok(match self.observer.trouble(now, &Trouble::Receive(error)) {
            ControlFlow::Break(()) => ControlFlow::Break(None),
            ControlFlow::Continue(()) => ControlFlow::Continue(()),
        })
    }

    /// The second half of the law: everything that the machine wants after an input.
    async fn drain(&mut self, now: Instant, mut context: Context) -> ControlFlow<()> {
        loop {
            self.tell_events(now, context)?;
            let mut refused = None;
            loop {
                self.outgoing.clear();
                let Some(transmit) = self.machine.poll_transmit(now, &mut self.outgoing) else {
                    break;
                };
                refused = self.send(now, transmit).await?.or(refused);
            }
            // The system hands a refusal to whichever call comes next, and that may be a send.
            let Some(peer) = refused else { break };
            self.machine.handle_refused(now, peer);
            context = Context { flow: self.own_flow(), ..Context::default() };
        }
        self.follow_timer(now);
        ControlFlow::Continue(())
    }

    fn tell_events(&mut self, now: Instant, context: Context) -> ControlFlow<()> {
        while let Some(event) = self.machine.poll_event() {
            let datagram =
                context.datagram.map(|(from, len)| Datagram { from, bytes: &self.incoming[..len] });
            let flow = self.observer.event(now, &event, datagram);
            let label = self.machine.subject(&event).label.or(self.label);
            self.record(now, context, label, event.into());
            flow?;
        }
        ControlFlow::Continue(())
    }

    /// Sends what is in the outgoing buffer; returns the peer if it refused an earlier datagram.
    async fn send(
        &mut self,
        now: Instant,
        transmit: Transmit,
    ) -> ControlFlow<(), Option<SocketAddr>> {
        let Transmit { to, label, .. } = transmit;
        let result = self.socket.send(&self.outgoing, to).await;
        self.label = label;
        let flow = self.flow_of(to);
        match result {
            Ok(_) => {
                self.packets += 1;
                let context = Context { flow, packet: self.packets, datagram: None };
                let bytes = u32::try_from(self.outgoing.len()).unwrap_or(u32::MAX);
                let what = What::Sent { direction: self.socket.outward(), bytes };
                self.record(now, context, label, what);
                self.observer.sent(now, &transmit, &self.outgoing);
                ControlFlow::Continue(None)
            }
            Err(error) => {
                let context = Context { flow, ..Context::default() };
                self.record(now, context, label, What::Note("the system sent nothing"));
                if is_refusal(&error) && self.socket.peer == Some(to) {
                    return ControlFlow::Continue(Some(to));
                }
                self.observer.trouble(now, &Trouble::Send { to, error })?;
                ControlFlow::Continue(None)
            }
        }
    }

    /// Reads the machine's deadline, and records it if it changed.
    fn follow_timer(&mut self, now: Instant) {
        let timer = self.machine.poll_timeout();
        if timer != self.timer
            && let Some((timer, deadline)) = timer
        {
            let context = Context { flow: self.own_flow(), ..Context::default() };
            let label = self.machine.timer_label().or(self.label);
            self.record(now, context, label, What::TimerArmed { timer, deadline });
            self.observer.armed(now, timer, deadline);
        }
        self.timer = timer;
    }

    /// The flow of what concerns no peer in particular: a client is its own, a server has none.
    fn own_flow(&self) -> u32 {
        u32::from(self.socket.side == Side::Client)
    }

    fn flow_of(&mut self, peer: SocketAddr) -> u32 {
        match self.socket.side {
            Side::Server => self.flows.number(peer),
            Side::Client | Side::Link => self.own_flow(),
        }
    }

    fn record(&mut self, at: Instant, context: Context, label: Option<Label>, what: What) {
        let Context { flow, packet, .. } = context;
        self.sink.record(&Record { at, flow, side: self.socket.side, packet, label, what });
    }
}

/// Does this error say that nobody listens at the peer?
///
/// ICMP's "port unreachable" reaches a connected socket as `ECONNREFUSED`; Windows calls it a reset.
fn is_refusal(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::ConnectionRefused | io::ErrorKind::ConnectionReset)
}

/// Does this error only say that there is no datagram after all?
fn nothing_there(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}
