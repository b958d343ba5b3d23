//! The driver of every machine: in which order it is drained, what its timers and events refer to, and
//! when its timer is due.
//!
//! A [`Host`] is a machine with what its driver has to remember. An input ([`start`](Host::start),
//! [`deliver`](Host::deliver), [`fire`](Host::fire), [`refuse`](Host::refuse)) returns a [`Visit`];
//! [`poll`](Host::poll) then hands out what the machine wants, one [`Output`] at a time, until it waits.
//! The simulated network and the UDP driver of the `retrylab` program are loops around this: they move
//! bytes, keep time and write the records.
//!
//! The order after each input: events, then one transmit, then the events that it raised, then the next
//! transmit, and so on; finally the timer, if the input changed it.
//!
//! ```
//! use retrylab_core::client::{Client, Config};
//! use retrylab_core::drive::{Host, Output, Role};
//! use retrylab_core::time::Instant;
//!
//! let server = "192.0.2.1:1060".parse().unwrap();
//! let mut host = Host::new(Client::new(Config::textbook(server, b"hello")));
//! let (mut buf, mut log) = (Vec::new(), Vec::new());
//! let role = Role::Client(1);
//! let visit = host.start(role, Instant::ZERO);
//! let deadline = loop {
//!     match host.poll(role, &visit, Instant::ZERO, &mut buf, |_| None) {
//!         Output::Event(..) => log.push("event"),
//!         Output::Transmit(..) => log.push("transmit"),
//!         Output::Wait(wait) => break wait.deadline(),
//!     }
//! };
//! assert_eq!(log, ["transmit"]);
//! assert_eq!(deadline, Some(Instant::from_millis(100)));
//! ```

mod stuck;
#[cfg(test)]
mod tests;

pub use stuck::Timeouts;

use crate::machine::{Label, Machine, Subject, Timer, Transmit};
use crate::time::Instant;
use crate::trace::{HostId, Record, What};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::num::{NonZeroU16, NonZeroU32};

/// The note of a driver about a datagram that is not sent, because the machine asks for a source address
/// ([`Transmit::from`]) that its host does not own.
pub const NOT_ITS_ADDRESS: &str = "not sent: the source address is not one of the host's";

/// A machine with what its driver has to remember between two inputs.
#[derive(Clone, Debug)]
pub struct Host<M> {
    machine: M,
    /// The last send: timers and events refer to it unless they say otherwise.
    label: Option<Label>,
}

/// Which end of the network a host is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The client with this number, from 1. All that it does belongs to its own flow.
    Client(u32),
    /// The server with this number, from 1. What it does belongs to the flow of the client concerned.
    Server(NonZeroU16),
}

impl Role {
    /// The server of a network with a single server.
    pub const SERVER: Self = Self::Server(NonZeroU16::MIN);

    #[inline(always)]
    const fn host(self) -> HostId {
        match self {
            Self::Client(_) => HostId::Client,
            Self::Server(number) => HostId::Server(number),
        }
    }

    /// Returns the context of what concerns no datagram and no peer in particular.
    #[inline(always)]
    const fn context(self) -> Context {
        Context { host: self.host(), flow: self.flow(), packet: 0, label: None, server: None }
    }

    /// Returns the flow of what concerns no peer in particular.
    #[inline(always)]
    const fn flow(self) -> u32 {
        match self {
            Self::Client(flow) => flow,
            Self::Server(_) => 0,
        }
    }
}

/// What a record refers to. Clients and datagrams are numbered from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Context {
    /// Which host makes the record.
    pub host: HostId,
    /// Which client it concerns.
    pub flow: u32,
    /// Which datagram, by its number within its flow and direction.
    pub packet: u32,
    /// Which send.
    pub label: Option<Label>,
    /// In a network with several servers: which one it concerns.
    pub server: Option<NonZeroU16>,
}

impl Context {
    /// Returns the record of `what`, at `at`.
    #[must_use]
    #[inline(always)]
    pub const fn record(self, at: Instant, what: What) -> Record {
        let Self { host, flow, packet, label, server } = self;
        let (flow, packet) = (NonZeroU32::new(flow), NonZeroU32::new(packet));
        Record { at, host, flow, packet, label, server, what }
    }
}

/// A datagram that arrived, as far as its driver knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The client that sent it or that it is for.
    pub flow: u32,
    /// Its number within its flow and direction, from 1.
    pub packet: u32,
    /// The send that it belongs to, where that is known.
    pub label: Option<Label>,
    /// In a network with several servers: the one that it comes from or that it has reached.
    pub server: Option<NonZeroU16>,
}

/// What follows one input: see [`Host::poll`].
#[derive(Clone, Copy, Debug)]
pub struct Visit {
    /// What the input referred to, as in a [`Context`].
    flow: u32,
    packet: u32,
    label: Option<Label>,
    server: Option<NonZeroU16>,
    /// The timer before the input.
    before: Option<(Timer, Instant)>,
}

impl Visit {
    #[inline(always)]
    const fn new(cause: Context, before: Option<(Timer, Instant)>) -> Self {
        let Context { flow, packet, label, server, .. } = cause;
        Self { flow, packet, label, server, before }
    }

    /// Returns what the input referred to, at the host of this role: for the record of the input itself.
    #[must_use]
    #[inline(always)]
    pub const fn cause(&self, role: Role) -> Context {
        let Self { flow, packet, label, server, .. } = *self;
        Context { host: role.host(), flow, packet, label, server }
    }

    /// Returns the timer that ran before the input: after [`Host::fire`], the one that fired.
    #[must_use]
    #[inline(always)]
    pub fn timer(&self) -> Option<Timer> {
        self.before.map(|(timer, _)| timer)
    }

    /// Returns the record of the input itself, if it was a timer that fired.
    #[must_use]
    #[inline(always)]
    pub fn fired(&self) -> Option<What> {
        self.timer().map(|timer| What::TimerFired { timer })
    }

    /// Returns what the record of an event refers to. If the network knows which send a datagram belongs
    /// to, that takes precedence over the client's own view.
    #[must_use]
    #[inline(always)]
    pub const fn of_event(&self, context: Context, what: &What) -> Context {
        match (context.host, what) {
            (HostId::Client, What::Failed | What::LateReply | What::Stranger)
                if self.packet != 0 && self.label.is_some() =>
            {
                Context { label: self.label, ..context }
            }
            _ => context,
        }
    }
}

/// What a machine wants from its driver, in this order of precedence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Output<E, T = Transmit> {
    /// The machine reports an event.
    Event(Context, E),
    /// Send the datagram in the buffer. (The driver assigns its packet number.)
    Transmit(Context, T),
    /// The machine wants nothing more for now.
    Wait(Wait),
}

/// What a machine waits for once it has been drained.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wait {
    /// The timer and its deadline; `None` if it waits for datagrams only.
    pub timer: Option<(Timer, Instant)>,
    /// What the timer's record refers to; `None` if the input changed neither the timer nor its deadline.
    pub armed: Option<Context>,
}

impl Wait {
    /// Returns when to fire the timer. A time that is not later than now is due at once.
    #[must_use]
    #[inline(always)]
    pub fn deadline(&self) -> Option<Instant> {
        self.timer.map(|(_, deadline)| deadline)
    }

    /// Returns the record of the timer, if the input changed it.
    #[must_use]
    #[inline(always)]
    pub fn record(&self) -> Option<(Context, What)> {
        let (timer, deadline) = self.timer?;
        Some((self.armed?, What::TimerArmed { timer, deadline }))
    }
}

impl<M> Host<M> {
    /// Creates a host that has not started.
    #[must_use]
    pub const fn new(machine: M) -> Self {
        Self { machine, label: None }
    }

    /// Returns the machine.
    #[must_use]
    #[inline(always)]
    pub const fn machine(&self) -> &M {
        &self.machine
    }

    /// Returns the machine, to change it between two inputs.
    #[inline(always)]
    pub const fn machine_mut(&mut self) -> &mut M {
        &mut self.machine
    }

    /// Forgets everything but the machine.
    #[cfg(feature = "sim")]
    pub(crate) const fn forget(&mut self) {
        let Self { machine: _, label } = self;
        *label = None;
    }

    /// Returns the machine.
    #[must_use]
    pub fn into_machine(self) -> M {
        self.machine
    }
}

impl<M: Machine> Host<M> {
    /// Starts the machine.
    #[inline]
    pub fn start(&mut self, role: Role, now: Instant) -> Visit {
        self.machine.handle_start(now);
        self.own_visit(role, None)
    }

    /// Hands over a datagram from `from` that has arrived at `local`.
    #[inline(always)]
    pub fn deliver(
        &mut self,
        now: Instant,
        arrival: Arrival,
        (local, from): (SocketAddr, SocketAddr),
        bytes: &[u8],
    ) -> Visit {
        let before = self.machine.poll_timeout();
        self.machine.note_label(arrival.label);
        self.machine.handle_datagram(now, local, from, bytes);
        let Arrival { flow, packet, label, server } = arrival;
        Visit { flow, packet, label, server, before }
    }

    /// Reports to the machine that `peer` cannot be reached; see [`Machine::handle_refused`].
    pub fn refuse(&mut self, role: Role, now: Instant, peer: SocketAddr) -> Visit {
        let before = self.machine.poll_timeout();
        self.machine.handle_refused(now, peer);
        self.own_visit(role, before)
    }

    /// Returns what a record refers to that a driver makes without an input of the machine: for a client, its
    /// last send.
    #[must_use]
    pub const fn context(&self, role: Role) -> Context {
        Context { label: self.label, ..role.context() }
    }

    /// Fires the timer if it is due. Returns what its record refers to; [`Visit::fired`] is the record.
    /// `flow_of` is that of [`poll`](Self::poll).
    ///
    /// # Errors
    /// The machine's deadline, if it is later than `now` or there is none.
    #[inline(always)]
    pub fn fire(
        &mut self,
        role: Role,
        now: Instant,
        flow_of: impl FnMut(SocketAddr) -> Option<u32>,
    ) -> Result<(Context, Visit), Option<Instant>> {
        let before = self.machine.poll_timeout();
        let Some((_, deadline)) = before else { return Err(None) };
        if deadline > now {
            return Err(Some(deadline));
        }
        // A timer that fires refers to what the machine was waiting for.
        let context = self.timer_context(role, flow_of);
        let cause = match role {
            Role::Client(_) => context,
            // What a server does next may concern clients other than the one its timer was for.
            Role::Server(_) => Context { flow: 0, label: None, ..context },
        };
        let visit = Visit::new(cause, before);
        self.machine.handle_timeout(now);
        Ok((context, visit))
    }

    /// Returns the next thing that the machine wants after an input: call it until [`Output::Wait`].
    ///
    /// `role` is that of the input. `flow_of` numbers the clients by their addresses, for a server; a
    /// client has no use for it. The bytes of a transmit replace the contents of `buf`.
    #[inline(always)]
    pub fn poll(
        &mut self,
        role: Role,
        visit: &Visit,
        now: Instant,
        buf: &mut Vec<u8>,
        flow_of: impl FnMut(SocketAddr) -> Option<u32>,
    ) -> Output<M::Event> {
        self.poll_map(role, visit, now, buf, flow_of, |transmit| *transmit)
    }

    /// Like [`poll`](Self::poll), but returns the result of `map` instead of each transmit. A driver that
    /// needs only part of a transmit avoids moving the rest.
    #[inline(always)]
    pub fn poll_map<T>(
        &mut self,
        role: Role,
        visit: &Visit,
        now: Instant,
        buf: &mut Vec<u8>,
        flow_of: impl FnMut(SocketAddr) -> Option<u32>,
        map: impl FnOnce(&Transmit) -> T,
    ) -> Output<M::Event, T> {
        if let Some(event) = self.machine.poll_event() {
            return Output::Event(self.event_context(role, visit, &event, flow_of), event);
        }
        buf.clear();
        // By reference: a move would wait for what the machine has just written.
        if let Some(transmit) = &self.machine.poll_transmit(now, buf) {
            let context = self.transmit_context(role, visit, transmit, flow_of);
            return Output::Transmit(context, map(transmit));
        }
        let timer = self.machine.poll_timeout();
        let armed = timer.is_some_and(|(timer, deadline)| {
            // Compare the time first: it nearly always differs, and comparing names takes longer.
            visit.before.is_none_or(|(was, at)| at != deadline || was != timer)
        });
        Output::Wait(Wait { timer, armed: armed.then(|| self.timer_context(role, flow_of)) })
    }

    fn own_visit(&self, role: Role, before: Option<(Timer, Instant)>) -> Visit {
        Visit::new(self.context(role), before)
    }

    /// Returns what the host's timer refers to: for a client, the send that it names, or its last one.
    #[inline(always)]
    fn timer_context(&self, role: Role, flow_of: impl FnMut(SocketAddr) -> Option<u32>) -> Context {
        let own = role.context();
        let subject = self.machine.timer_subject();
        match role {
            Role::Client(_) => Context { label: subject.label.or(self.label), ..own },
            Role::Server(_) => server_context(subject, own, flow_of),
        }
    }

    #[inline(always)]
    fn event_context(
        &self,
        role: Role,
        visit: &Visit,
        event: &M::Event,
        flow_of: impl FnMut(SocketAddr) -> Option<u32>,
    ) -> Context {
        let subject = self.machine.subject(event);
        let cause = visit.cause(role);
        match role {
            // An event of a client refers to its own last send, whatever the datagram belonged to.
            Role::Client(_) => Context { label: subject.label.or(self.label), ..cause },
            Role::Server(_) => server_context(subject, cause, flow_of),
        }
    }

    #[inline(always)]
    fn transmit_context(
        &mut self,
        role: Role,
        visit: &Visit,
        transmit: &Transmit,
        mut flow_of: impl FnMut(SocketAddr) -> Option<u32>,
    ) -> Context {
        let own = role.context();
        match role {
            Role::Client(_) => {
                self.label = transmit.label;
                Context { label: transmit.label, ..own }
            }
            Role::Server(_) => {
                let flow = flow_of(transmit.to);
                // A reply to the client whose request is being handled belongs to that request.
                let of_request = visit.label.filter(|_| flow == Some(visit.flow));
                let label = transmit.label.or(of_request);
                Context { flow: flow.unwrap_or(0), label, ..own }
            }
        }
    }
}

/// Returns what a server's event refers to, when the input referred to `cause`.
#[inline(always)]
fn server_context(
    subject: Subject,
    cause: Context,
    mut flow_of: impl FnMut(SocketAddr) -> Option<u32>,
) -> Context {
    let Subject { peer: Some(peer), label, .. } = subject else {
        return Context { label: subject.label.or(cause.label), ..cause };
    };
    let flow = flow_of(peer).unwrap_or(0);
    let own = flow == cause.flow;
    // A different send of the same client is a different datagram.
    let same = own && (label.is_none() || label == cause.label);
    let packet = if same { cause.packet } else { 0 };
    Context { flow, packet, label: label.or(cause.label.filter(|_| own)), ..cause }
}
