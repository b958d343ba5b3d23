//! The TCP/IP stack of one host.

use super::place::Place;
use super::port::{Frames, Limits, Port};
use super::reassembly::Reassembly;
use crate::heap::OVERHEAD;
use crate::time::Instant;
use alloc::vec;
use core::net::{IpAddr, SocketAddr};
use smoltcp::iface::{Config, Interface, SocketHandle, SocketSet};
use smoltcp::socket::{tcp, udp};
use smoltcp::time::Instant as StackInstant;
use smoltcp::wire::{IpCidr, IpEndpoint, IpListenEndpoint};

/// Bytes of a UDP socket's buffers at first. They grow to the longest datagram.
const BUFFER: usize = 512;

/// Bytes of a TCP socket's buffer in each direction, unless a network sets another number.
pub(super) const TCP_BUFFER: usize = 16 << 10;

/// The stack of a host, with the UDP socket of its machine.
pub(in crate::sim) struct Stack {
    interface: Interface,
    sockets: SocketSet<'static>,
    udp: SocketHandle,
    /// Fragments that have arrived.
    pub(super) reassembly: Reassembly,
    pub(super) place: Place,
    limits: Limits,
    /// The machine has a socket. Otherwise nobody listens on its port.
    listens: bool,
    /// Bytes that each buffer of the socket holds.
    capacity: usize,
    /// Number of TCP sockets, and the bytes of the buffer of each in each direction.
    tcp_sockets: usize,
    tcp_buffer: usize,
    /// When the router forgets its Ethernet address.
    pub(super) known_until: Instant,
}

impl Stack {
    pub(super) fn new(place: Place, limits: Limits, listens: bool, seed: u64) -> Self {
        let mut config = Config::new(place.ethernet.into());
        config.random_seed = seed;
        let mut frames = Frames::default();
        let mut port = Port { arriving: None, leaving: &mut frames, limits };
        let mut interface = Interface::new(config, &mut port, StackInstant::ZERO);
        interface.update_ip_addrs(|addresses| {
            // A stack has room for two addresses.
            let _ = addresses.push(IpCidr::new(place.address().into(), place.prefix));
        });
        let routes = interface.routes_mut();
        // A stack has room for two routes.
        let _ = match place.gateway {
            IpAddr::V4(gateway) => routes.add_default_ipv4_route(gateway),
            IpAddr::V6(gateway) => routes.add_default_ipv6_route(gateway),
        };
        let mut sockets = SocketSet::new(vec![]);
        let udp = sockets.add(socket(place.socket, listens, BUFFER));
        let known_until = Instant::ZERO;
        Self {
            interface,
            sockets,
            udp,
            reassembly: Reassembly::default(),
            place,
            limits,
            listens,
            capacity: BUFFER,
            tcp_sockets: 0,
            tcp_buffer: TCP_BUFFER,
            known_until,
        }
    }

    /// Returns the memory in bytes.
    pub(super) const fn memory(&self) -> usize {
        size_of::<Self>() + 2 * self.capacity
    }

    /// Sets the bytes of the buffers of TCP sockets, each way.
    pub(super) const fn set_tcp_buffer(&mut self, bytes: usize) {
        self.tcp_buffer = bytes;
    }

    /// Returns the memory in bytes of the TCP sockets.
    pub(super) const fn memory_of_tcp(&self) -> usize {
        self.tcp_sockets * memory_of_tcp_socket(self.tcp_buffer)
    }

    /// Queues a datagram, for which there must be room.
    pub(super) fn send(&mut self, to: SocketAddr, bytes: &[u8]) {
        let socket = self.sockets.get_mut::<udp::Socket>(self.udp);
        // The socket is empty between two calls, and has room for this one.
        let sent = socket.send_slice(bytes, IpEndpoint::from(to));
        debug_assert!(sent.is_ok() || !self.listens, "{sent:?}");
    }

    /// Sends what is queued: one frame per call, as long as there are any.
    pub(super) fn transmit(&mut self, now: Instant, leaving: &mut Frames) {
        let mut port = Port { arriving: None, leaving, limits: self.limits };
        self.interface.poll_egress(stack_time(now), &mut port, &mut self.sockets);
    }

    /// Receives a frame, and answers it if the stack does so by itself.
    pub(super) fn receive(&mut self, now: Instant, frame: &[u8], leaving: &mut Frames) {
        let mut port = Port { arriving: Some(frame), leaving, limits: self.limits };
        self.interface.poll_ingress_single(stack_time(now), &mut port, &mut self.sockets);
    }

    /// Makes room for a datagram of this length; returns the memory in bytes that this takes. Between two calls, no
    /// datagram is in the buffers.
    #[inline]
    pub(super) fn reserve(&mut self, bytes: usize) -> usize {
        if bytes <= self.capacity {
            return 0;
        }
        let before = self.memory();
        self.capacity = bytes.next_power_of_two();
        self.sockets.remove(self.udp);
        self.udp = self.sockets.add(socket(self.place.socket, self.listens, self.capacity));
        self.memory() - before
    }

    /// Returns a socket that listens on the host's port; `None` if the port is 0.
    pub(in crate::sim) fn listen(&mut self) -> Option<SocketHandle> {
        let mut socket = tcp_socket(self.tcp_buffer);
        socket.listen(self.place.socket).ok()?;
        self.tcp_sockets += 1;
        Some(self.sockets.add(socket))
    }

    /// Returns a socket that connects from `port`; `None` if there is no way to `to`.
    pub(in crate::sim) fn connect(&mut self, port: u16, to: SocketAddr) -> Option<SocketHandle> {
        let mut socket = tcp_socket(self.tcp_buffer);
        let from = IpListenEndpoint { addr: Some(self.place.address().into()), port };
        socket.connect(self.interface.context(), IpEndpoint::from(to), from).ok()?;
        self.tcp_sockets += 1;
        Some(self.sockets.add(socket))
    }

    /// Returns a socket for TCP.
    pub(in crate::sim) fn tcp(&mut self, socket: SocketHandle) -> &mut tcp::Socket<'static> {
        self.sockets.get_mut(socket)
    }

    /// Removes a TCP socket.
    pub(in crate::sim) fn remove(&mut self, socket: SocketHandle) {
        self.tcp_sockets -= 1;
        self.sockets.remove(socket);
    }

    /// Returns when the stack has something to do by itself, which is later than `now`.
    pub(in crate::sim) fn poll_at(&mut self, now: Instant) -> Option<Instant> {
        let due = self.interface.poll_at(stack_time(now), &self.sockets)?;
        let micros = u64::try_from(due.total_micros()).unwrap_or(0);
        // What could be done now has been done.
        let next = (now.as_nanos() / 1_000).saturating_add(1);
        Some(Instant::from_nanos(micros.max(next).saturating_mul(1_000)))
    }

    /// Returns the datagram that has arrived, with the addresses to which and from which it was sent.
    pub(super) fn datagram(&mut self) -> Option<(&[u8], (SocketAddr, SocketAddr))> {
        let socket = self.sockets.get_mut::<udp::Socket>(self.udp);
        let port = self.place.socket.port();
        let (bytes, meta) = socket.recv().ok()?;
        let local = meta.local_address.map_or(self.place.address(), IpAddr::from);
        Some((bytes, (SocketAddr::new(local, port), meta.endpoint.into())))
    }
}

fn socket(at: SocketAddr, listens: bool, capacity: usize) -> udp::Socket<'static> {
    let buffer = || udp::PacketBuffer::new(vec![udp::PacketMetadata::EMPTY; 2], vec![0; capacity]);
    let mut socket = udp::Socket::new(buffer(), buffer());
    if listens {
        // A new socket is not bound, and no port is 0.
        let bound = socket.bind(at);
        debug_assert!(bound.is_ok(), "{at}");
    }
    socket
}

/// Returns the memory in bytes of a TCP socket whose buffers have this size.
pub(in crate::sim) const fn memory_of_tcp_socket(buffer: usize) -> usize {
    size_of::<tcp::Socket<'static>>() + 2 * (buffer + OVERHEAD)
}

fn tcp_socket(buffer: usize) -> tcp::Socket<'static> {
    let buffer = || tcp::SocketBuffer::new(vec![0; buffer]);
    tcp::Socket::new(buffer(), buffer())
}

/// The stack counts microseconds.
fn stack_time(now: Instant) -> StackInstant {
    StackInstant::from_micros(i64::try_from(now.as_nanos() / 1_000).unwrap_or(i64::MAX))
}
