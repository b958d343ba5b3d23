//! The services over connections: echo over TCP, and echo over HTTP/1.1.

use super::Error;
use super::dns::{self, Dns};
use super::follower::{Counts, Follower};
use crate::address::{Address, AddressError};
use crate::descriptors;
use crate::flags;
use crate::output::{narrate, warn};
use crate::pcapng::{Capture, StreamCapture};
use crate::queue::LineQueue;
use crate::signals::Signals;
use retrylab::clock::Clock;
use retrylab::tcp::{Driver, Listener, Observer};
use retrylab_core::scenario::Scenario;
use retrylab_core::stream::http::{EchoHandler, HttpConfig, HttpService};
use retrylab_core::stream::{EchoService, Limits, RELEASE, Server, Service};
use retrylab_core::time::{Duration, Instant};
use std::io;
use std::net::SocketAddr;
use std::num::NonZeroUsize;

/// Default port of `--http`.
const HTTP_PORT: u16 = 8080;

/// Maximum time for which exchanges in progress continue after a signal. Then the clients get an answer that says so, if
/// their protocol has one, and [`RELEASE`] to close.
const GRACE: Duration = Duration::from_secs(5);

/// Flags for the services over connections.
#[derive(clap::Args, Debug)]
#[command(next_help_heading = "Connections (TCP, HTTP, and DNS over TCP)")]
pub(super) struct StreamArgs {
    /// Also answer on TCP connections at this address, in the forms of ADDR. A message ends where the client closes
    /// its direction; with --reply mirror, bytes go back as they arrive (RFC 862)
    #[arg(long, value_name = "ADDR", value_parser = Address::for_serving)]
    tcp: Option<Address>,
    /// Also answer HTTP/1.1 requests at this address; the default port is 8080. The data is the body of a POST or
    /// PUT, and the path of a GET
    #[arg(long, value_name = "ADDR", value_parser = http_address)]
    http: Option<Address>,
    /// Maximum number of connections of each service, and at most 256 for DNS. One more ends the one that has been
    /// silent for longest
    #[arg(long, value_name = "N", default_value = "1024", value_parser = flags::connections)]
    #[arg(allow_negative_numbers = true)]
    max_connections: usize,
    /// Maximum number of bytes that a client may send on one connection, and at most 131072 for DNS
    #[arg(long, value_name = "N", default_value = "16777216", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u64>)]
    max_bytes: u64,
    /// Maximum length of a request line with its header fields, in bytes
    #[arg(long, value_name = "N", default_value = "8192", allow_negative_numbers = true)]
    #[arg(value_parser = flags::head)]
    max_head: usize,
    /// Maximum time without a byte in either direction
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = flags::interval)]
    idle_timeout: Duration,
    /// Maximum time for a connection
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = flags::interval)]
    total_timeout: Duration,
}

fn http_address(text: &str) -> Result<Address, AddressError> {
    Address::for_serving_on(text, HTTP_PORT)
}

impl StreamArgs {
    fn limits(&self) -> Limits {
        Limits::default()
            .with_connections(self.max_connections)
            .with_bytes(self.max_bytes)
            .with_idle(self.idle_timeout)
            .with_total(self.total_timeout)
    }

    fn http_config(&self, scenario: &Scenario) -> HttpConfig {
        let max_body = usize::try_from(self.max_bytes).unwrap_or(usize::MAX);
        HttpConfig::default()
            .with_max_head(self.max_head)
            .with_max_body(max_body)
            .with_faults(scenario.server.clone())
    }
}

/// The listening sockets of the services over connections.
pub(super) struct Listeners {
    tcp: Option<Listener>,
    http: Option<Listener>,
    limits: Limits,
    /// Maximum number of connections of the name server.
    dns_connections: usize,
    http_config: HttpConfig,
}

impl Listeners {
    /// Opens the sockets that the flags ask for. A name server has a socket of its own.
    pub(super) async fn open(
        args: &StreamArgs,
        scenario: &Scenario,
        has_dns: bool,
    ) -> Result<Self, Error> {
        let mut limits = args.limits();
        let mut dns_connections = limits.connections.min(dns::MAX_CONNECTIONS);
        let services = [&args.tcp, &args.http].into_iter().flatten();
        let mut wanted: Vec<usize> = services.map(|_| limits.connections).collect();
        wanted.extend(has_dns.then_some(dns_connections));
        if let Some(allowed) = allow(&wanted)? {
            warn(format_args!(
                "the system allows {allowed} connections of each service, not {} (see `ulimit -Hn`)",
                wanted.iter().max().unwrap_or(&0)
            ));
            limits.connections = limits.connections.min(allowed);
            dns_connections = dns_connections.min(allowed);
        }
        let (tcp, http) = (listen(args.tcp.as_ref()).await?, listen(args.http.as_ref()).await?);
        let http_config = args.http_config(scenario);
        Ok(Self { tcp, http, limits, dns_connections, http_config })
    }

    /// Returns the services that there are, with their addresses.
    pub(super) fn addresses(&self) -> Vec<(&'static str, SocketAddr)> {
        let all = [("tcp", &self.tcp), ("http", &self.http)].into_iter();
        let there = all.filter_map(|(name, listener)| Some((name, listener.as_ref()?)));
        there.map(|(name, listener)| (name, listener.local_addr())).collect()
    }

    /// Creates the servers. They write lines to `out` and packets to `capture`, if there is one.
    pub(super) fn start(
        self,
        scenario: &Scenario,
        clock: Clock,
        json: bool,
        out: Option<&LineQueue>,
        dns: Option<&mut Dns>,
        capture: Option<&Capture>,
    ) -> Streams {
        let Self { tcp, http, limits, dns_connections, http_config } = self;
        let streams = |name| StreamCapture::of(capture, name);
        let follower = |service, name| Follower::new(service, json, out.cloned(), streams(name));
        let tcp = tcp.map(|listener| {
            let service = EchoService::new(scenario.server.clone(), scenario.seed);
            let server = Server::new(service, limits.clone());
            Driver::server(server, listener, clock, follower("tcp", "server"))
        });
        let http = http.map(|listener| {
            let handler = EchoHandler(scenario.server.reply);
            let service = HttpService::new(handler, http_config, scenario.seed);
            let server = Server::new(service, limits.clone());
            Driver::server(server, listener, clock, follower("http", "http server"))
        });
        let limits = limits.with_connections(dns_connections);
        let dns = dns.and_then(|dns| dns.connections(clock, limits, streams("dns server")));
        Streams { tcp, http, dns, clock }
    }
}

/// Asks the system to allow the `wanted` connections of each service; returns how many it allows for each, if it does
/// not allow all of them.
fn allow(wanted: &[usize]) -> io::Result<Option<usize>> {
    let Some(services) = NonZeroUsize::new(wanted.len()) else { return Ok(None) };
    let all = wanted.iter().fold(0, |sum: usize, wanted| sum.saturating_add(*wanted));
    let allowed = descriptors::allow(all)?;
    let each = allowed / services;
    if each == 0 {
        return Err(io::Error::other(
            "the system allows fewer connections than there are services",
        ));
    }
    Ok((allowed < all).then_some(each))
}

async fn listen(address: Option<&Address>) -> Result<Option<Listener>, Error> {
    let Some(address) = address else { return Ok(None) };
    let wanted = address.resolve().await?.for_serving();
    let listener = Listener::bind(wanted).map_err(|error| Error::Bind(wanted, error))?;
    Ok(Some(listener))
}

/// Prints the addresses of the services.
pub(super) fn announce(addresses: &[(&'static str, SocketAddr)]) {
    for (service, address) in addresses {
        narrate!("listening on {address} ({service})");
        if !address.ip().is_loopback() {
            warn(format_args!(
                "{address} is not a loopback address: the {service} server answers anyone who can reach it"
            ));
        }
    }
}

/// The server of one service, if there is one.
type Running<S, O = Follower> = Option<Driver<Server<S>, O>>;

async fn run<S: Service, O: Observer<Server<S>>>(server: &mut Running<S, O>) {
    if let Some(server) = server {
        server.run().await;
    }
}

/// Accepts no more connections, and lets exchanges in progress continue for [`GRACE`]. Returns the number of
/// connections.
fn shut_down<S: Service, O: Observer<Server<S>>>(
    server: &mut Running<S, O>,
    now: Instant,
) -> usize {
    let Some(server) = server else { return 0 };
    server.stop_listening();
    server.endpoint_mut().shut_down(now, GRACE);
    server.connections()
}

/// The servers over connections.
pub(super) struct Streams {
    tcp: Running<EchoService>,
    http: Running<HttpService<EchoHandler>>,
    dns: Option<dns::Connections>,
    clock: Clock,
}

impl Streams {
    /// Serves until [`stop`](Self::stop), then until no connection is left. The future can be dropped at any time.
    pub(super) async fn run(&mut self) {
        tokio::join!(run(&mut self.tcp), run(&mut self.http), run(&mut self.dns));
    }

    /// Ends the servers: exchanges in progress may continue for [`GRACE`], unless another signal arrives.
    pub(super) async fn stop(&mut self, signals: &mut Signals) {
        let now = self.clock.now();
        let [tcp, http] = [shut_down(&mut self.tcp, now), shut_down(&mut self.http, now)];
        if tcp + http + shut_down(&mut self.dns, now) == 0 {
            return;
        }
        narrate!("waiting up to {} s for exchanges in progress", GRACE.as_secs());
        tokio::select! {
            biased;
            () = signals.recv() => {}
            () = tokio::time::sleep(GRACE + 2 * RELEASE) => {}
            () = self.run() => {}
        }
    }

    /// Returns the totals of each service.
    pub(super) fn counts(&mut self) -> Vec<(&'static str, Counts)> {
        let tcp = self.tcp.as_mut().map(|tcp| ("tcp", tcp.observer_mut().counts()));
        let http = self.http.as_mut().map(|http| ("http", http.observer_mut().counts()));
        tcp.into_iter().chain(http).collect()
    }
}
