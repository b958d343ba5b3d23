//! `--dns`: a name server in addition to the server of datagrams, over UDP and TCP.

mod connections;
mod report;

use super::Error;
use super::guard::{Allowed, Guard};
use crate::address::Address;
use crate::output::{Count, narrate, warn};
use crate::pcapng::{Capture, StreamCapture};
use crate::queue::LineQueue;
pub(super) use connections::{Connections, MAX_CONNECTIONS};
use report::Report;
pub(super) use report::Totals;
use retrylab::clock::Clock;
use retrylab::tcp::Listener;
use retrylab::udp::{self, Datagram, Observer, Socket, Trouble};
use retrylab_core::machine::Transmit;
use retrylab_core::name::{DomainName, NameServer, ServerEvent, Transport, Zone, ipv4};
use retrylab_core::stream::Limits;
use retrylab_core::time::Instant;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::ops::ControlFlow;
use std::sync::Arc;

/// Number of free ports to try that are free for UDP, until one is free for TCP as well.
const MAX_PORTS: usize = 20;

/// The flags of the name server.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Name server (DNS)")]
pub(super) struct DnsArgs {
    /// Also answer DNS queries at this address, over UDP and TCP: PORT, HOST:PORT or [IPV6]:PORT
    #[arg(long, value_name = "ADDR", value_parser = Address::with_port)]
    pub(super) dns: Option<Address>,
    /// Address of a name, such as www.example=192.0.2.9; can be repeated, also for the same name
    #[arg(long, value_name = "NAME=ADDRESS", value_parser = record, requires = "dns")]
    record: Vec<(DomainName, IpAddr)>,
}

/// Reads `NAME=ADDRESS`.
fn record(text: &str) -> Result<(DomainName, IpAddr), String> {
    let (name, address) = text
        .split_once('=')
        .ok_or("it has no `=`; use NAME=ADDRESS, as in www.example=192.0.2.9")?;
    let name = name.parse().map_err(|error| format!("{error}"))?;
    if address.contains(':') {
        let parsed = address.parse::<Ipv6Addr>();
        let ip = parsed.map_err(|_| format!("`{address}` is not an IPv6 address"))?;
        return Ok((name, ip.into()));
    }
    let ip = ipv4::parse(address).map_err(|error| error.to_string())?;
    Ok((name, ip.into()))
}

impl DnsArgs {
    /// Returns the names to answer for.
    fn zone(&self) -> Result<Zone, Error> {
        let mut zone = Zone::default();
        for (name, address) in &self.record {
            let added = zone.add(name.clone(), *address);
            added.map_err(|error| Error::Record(name.to_string(), error))?;
        }
        Ok(zone)
    }
}

/// The name server.
pub(super) struct Dns {
    pub(super) address: SocketAddr,
    zone: Arc<Zone>,
    socket: Socket,
    /// Until the connections are started.
    listener: Option<Listener>,
    report: Report,
    guard: Guard,
}

impl Dns {
    /// Binds the sockets of the name server, if the flags ask for one.
    pub(super) async fn bind(args: &DnsArgs, allowed: Allowed) -> Result<Option<Self>, Error> {
        let Some(address) = &args.dns else { return Ok(None) };
        let zone = Arc::new(args.zone()?);
        let wanted = address.resolve().await?.for_serving();
        let bound = bind_both(wanted).await;
        let (socket, listener) = bound.map_err(|error| Error::Bind(wanted, error))?;
        let address = socket.local_addr()?;
        let names = Count(zone.len() as u64, "name");
        narrate!("answering DNS queries about {names} on {address}, over UDP and TCP");
        if !address.ip().is_loopback() {
            warn(format_args!(
                "{address} is not a loopback address: the name server answers anyone who can reach it, and \
                 its replies can be longer than the queries"
            ));
        }
        let (report, listener) = (Report::new(), Some(listener));
        let guard = Guard::new(address, allowed);
        Ok(Some(Self { address, zone, socket, listener, report, guard }))
    }

    /// Sets where the lines of the log go.
    pub(super) fn log_to(&self, out: &LineQueue, json: bool, clock: Clock) {
        self.report.log_to(out.clone(), json, clock);
    }

    /// Returns the server of its connections. Only the first call returns one.
    pub(super) fn connections(
        &mut self,
        clock: Clock,
        limits: Limits,
        capture: StreamCapture,
    ) -> Option<Connections> {
        let (zone, report) = (Arc::clone(&self.zone), self.report.clone());
        Some(connections::start(self.listener.take()?, zone, report, clock, limits, capture))
    }

    /// Answers datagrams until the socket fails.
    async fn run(&mut self, clock: Clock, capture: &mut Option<Capture>) -> Error {
        let mut server = NameServer::new(Arc::clone(&self.zone));
        let mut datagrams = Datagrams { report: &self.report, guard: &mut self.guard, from: None };
        let ended = udp::drive(&mut server, &self.socket, clock, capture, &mut datagrams).await;
        let error = ended.err().unwrap_or_else(|| io::Error::other("it ended"));
        Error::Socket(self.address, error)
    }

    /// Ends the name server, and returns its totals.
    pub(super) fn finish(self) -> Totals {
        self.report.unread(self.socket.discard().unread);
        self.report.totals()
    }
}

/// Answers the datagrams of the name server, if there is one, until its socket fails.
pub(super) async fn run(
    dns: &mut Option<Dns>,
    clock: Clock,
    capture: &mut Option<Capture>,
) -> Error {
    match dns {
        Some(dns) => dns.run(clock, capture).await,
        None => std::future::pending().await,
    }
}

/// Binds sockets for UDP and TCP with the same port.
async fn bind_both(wanted: SocketAddr) -> io::Result<(Socket, Listener)> {
    for _ in 0..MAX_PORTS {
        let socket = Socket::serving(wanted).await?;
        match Listener::bind(socket.local_addr()?) {
            Ok(listener) => return Ok((socket, listener)),
            Err(error) if wanted.port() == 0 && error.kind() == io::ErrorKind::AddrInUse => {}
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AddrInUse.into())
}

/// Counts and logs what arrives over UDP, and refuses what the guard refuses.
struct Datagrams<'a> {
    report: &'a Report,
    guard: &'a mut Guard,
    /// The query whose reply is sent next.
    from: Option<(SocketAddr, Vec<u8>, ServerEvent)>,
}

impl Observer<ServerEvent> for Datagrams<'_> {
    fn admits(&mut self, at: Instant, datagram: Datagram<'_>) -> bool {
        match self.guard.check(at, datagram.from, datagram.bytes) {
            Ok(()) => true,
            Err(refusal) => {
                self.report.refused(datagram.from, refusal);
                false
            }
        }
    }

    fn event(
        &mut self,
        _at: Instant,
        event: &ServerEvent,
        datagram: Option<Datagram<'_>>,
    ) -> ControlFlow<()> {
        let Some(Datagram { from, bytes }) = datagram else { return ControlFlow::Continue(()) };
        match event {
            ServerEvent::Handled(_) => self.from = Some((from, bytes.to_vec(), *event)),
            _ => self.report.query(Transport::Udp, from, bytes, None),
        }
        ControlFlow::Continue(())
    }

    fn sent(&mut self, _at: Instant, transmit: &Transmit, bytes: &[u8]) {
        self.guard.replied(transmit.to, bytes);
        if let Some((from, query, ServerEvent::Handled(handled))) = self.from.take() {
            self.report.query(Transport::Udp, from, &query, Some((handled, bytes.len())));
        }
    }

    fn lost(&mut self, _at: Instant, count: u32) {
        self.report.lost(count);
    }

    fn trouble(&mut self, _at: Instant, trouble: &Trouble) -> ControlFlow<()> {
        if let Trouble::Send { .. } = trouble {
            self.report.not_sent();
        }
        ControlFlow::Continue(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_read_or_refused_with_a_sentence() {
        for (text, name, address) in [
            ("www.example=192.0.2.9", "www.example", "192.0.2.9"),
            ("www.example=3221225993", "www.example", "192.0.2.9"),
            ("a.=2001:db8::1", "a", "2001:db8::1"),
        ] {
            let (read, ip) = record(text).unwrap();
            assert_eq!((read.to_string().as_str(), ip.to_string().as_str()), (name, address));
        }
        for (text, part) in [
            ("www.example", "NAME=ADDRESS"),
            ("=192.0.2.9", "the name is empty"),
            ("a b=192.0.2.9", "it contains ' '"),
            ("a=192.0.2", "it has 3 numbers"),
            ("a=", "the address is empty"),
            ("a=::x", "`::x` is not an IPv6 address"),
        ] {
            let error = record(text).expect_err(text);
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
