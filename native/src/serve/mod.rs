//! `retrylab serve`: runs the core's server on a real socket.

mod counts;
mod dns;
mod follower;
mod guard;
mod heartbeat;
mod largest;
mod lines;
mod log;
mod overtaken;
mod streams;

use crate::address::{Address, NameError};
use crate::exit::Exit;
use crate::flags::{self, Flags};
use crate::output::{self, OutputError, Rounded, exit_after, narrate, warn};
use crate::pcapng::{self, Capture};
use crate::runtime;
use crate::signals::Signals;
use crate::source::{self, SourceError};
use dns::Dns;
use guard::{Allowed, Guard};
use largest::LargestReply;
use log::Log;
use overtaken::Overtaken;
use retrylab::clock::Clock;
use retrylab::udp::{self, Observer, Socket};
use retrylab_core::link::{Behind, Pipe};
use retrylab_core::machine::Machine;
use retrylab_core::name::TooManyAddresses;
use retrylab_core::scenario::{Field, FieldError, Scenario};
use retrylab_core::server::service::Station;
use retrylab_core::server::{
    self,
    echo::{Reply, Server},
};
use retrylab_core::trace::Sink as _;
use retrylab_core::trace::words::Setting;
use std::io;
use std::net::SocketAddr;
use std::time::Duration;
use streams::{Listeners, StreamArgs, Streams};

const EXAMPLES: &str = "\
Examples:
  retrylab serve                         answer on 127.0.0.1:1060 until Ctrl-C
  retrylab serve --drop 0.5 --seed 7     drop half of the requests, the same half in every run
  retrylab serve --drop-list 1-2         drop the first two requests, answer the others
  retrylab serve --set link.loss=0.3 --set link.latency=50ms     lose and delay, both ways
  retrylab serve 0 --json -q             listen on any free port and print it as JSON
  retrylab serve [::1]:1060 --reply mirror
  retrylab serve --dns 5353 --record www.example=192.0.2.9       answer DNS queries as well
  retrylab serve --heartbeat 3s          watch the heartbeats of `send --heartbeat`
  retrylab serve --tcp 1060 --http 8080  answer on TCP connections and HTTP requests, too

Clients are numbered in the order in which they appear, and each client's datagrams are numbered
from 1. Whether a datagram is dropped depends only on the seed and on these two numbers. With the
same seed, `retrylab sim` drops the same datagrams.

The server refuses datagrams that could make it answer itself or another server forever, or flood
a victim: those from its own address, from a port below 1024, those of a source beyond the
loopback that sends more than --source-rate, and replies. The summary counts them by reason.

When the reader of stdout is too slow, lines of the log are left out and counted; the server never
waits for it.

--set puts a link between the socket and the server. Its keys are link.*, faults and acts, as in
`retrylab sim`. Requests pass the link before the server receives them, replies after it has sent
them. Unlike in `retrylab sim`, link.latency is 0s unless you set it, link.rtt or link.preset.

--dns adds a name server: the authority for the names of --record, and no others. It truncates
replies above 512 bytes over UDP, or above the size that the query allows, at most 1232, and sends
them whole over TCP, with the limits of the other connections: see below.

Requests that arrive faster than the server reads them wait in the receive buffer of the system:
4 MiB on Linux, or net.core.rmem_max if that is less. When it is full, the system loses requests.
The server warns when that begins, and the summary counts them.

--tcp and --http add services over connections. The flags --reply, --drop, --fail and so on apply to
each TCP connection and to each HTTP request as to a datagram (a failure is status 503, with --hint
as Retry-After); --set does not. If a client is too slow or silent, or sends too much, the server
answers with status 408, 413, 414 or 431, or closes the connection. Other clients are not affected.
A connection is closed after one response, unless the client asks for keep-alive; a client has 1 s
to close its end, too. After Ctrl-C, SIGTERM or SIGHUP, exchanges in progress have 5 s to
finish; a second signal ends them.

Exit codes: 0 stopped by Ctrl-C, SIGTERM or SIGHUP, 1 cannot listen on the address (in use, not
permitted, or not an address of this host) or stdout cannot be written, 2 usage error, 4 name not
found.";

/// Answer datagrams, and drop some on purpose
///
/// Listens on a UDP address and answers each datagram with `Your data was N bytes`, or with the same
/// bytes (RFC 862), or with its text in upper case; on request also over TCP and HTTP. Prints one line per datagram on
/// stdout.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Address to listen on: PORT, HOST, HOST:PORT or [IPV6]:PORT; port 0 selects a free port
    #[arg(default_value = "127.0.0.1:1060", value_parser = Address::for_serving)]
    addr: Address,
    #[command(flatten)]
    server: Flags<flags::Server>,
    /// Watch heartbeats (`retrylab send --heartbeat`) instead of answering: report what is missing or out of
    /// order, and declare a client dead after this silence
    #[arg(
        long,
        value_name = "TIME",
        value_parser = flags::interval,
        allow_negative_numbers = true,
        conflicts_with_all = ["tcp", "http", "dns"]
    )]
    heartbeat: Option<Duration>,
    /// Set a key of the link, such as link.loss=0.3; can be repeated
    #[arg(long, value_name = "KEY=VALUE", allow_hyphen_values = true)]
    set: Vec<String>,
    /// Seed for random drops; the same seed drops the same datagrams
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true)]
    #[arg(value_parser = flags::parser("seed"))]
    seed: String,
    /// Maximum number of requests per second from one source beyond the loopback, or `none`. A source is an
    /// IPv4 address or the /64 of an IPv6 address; it may exceed the rate by one second's requests
    #[arg(long, value_name = "N", default_value = "1000", value_parser = source_rate)]
    #[arg(allow_negative_numbers = true)]
    source_rate: SourceRate,
    /// Also answer datagrams from ports below 1024
    #[arg(long)]
    allow_low_ports: bool,
    /// Print only the address and the summary, not a line per datagram
    #[arg(short, long)]
    quiet: bool,
    #[arg(long, value_name = "FILE", help = pcapng::LIVE_HELP, value_parser = pcapng::file)]
    pcapng: Option<String>,
    /// Print one JSON object per line: first `listening`, then one per datagram, last `summary`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    streams: StreamArgs,
    #[command(flatten)]
    dns: dns::DnsArgs,
}

/// The value of `--source-rate`; `None` for no limit.
#[derive(Clone, Copy, Debug)]
struct SourceRate(Option<u32>);

fn source_rate(text: &str) -> Result<SourceRate, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(SourceRate(None));
    }
    let rate = flags::whole_number(text).map_err(|error| format!("{error}, or none"))?;
    Ok(SourceRate(Some(rate)))
}

/// Error that ends `serve`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error(transparent)]
    Set(#[from] SourceError),
    #[error(
        "--set: {0} is not a key of the link; serve takes link.*, faults and acts, and flags for the server"
    )]
    NotLink(String),
    #[error(
        "--heartbeat: the server answers nothing, so --{0} has no effect; to lose heartbeats, use --set link.loss=0.1"
    )]
    NotWithHeartbeat(String),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot listen on {0}: {reason}", reason = bind_reason(.1))]
    Bind(SocketAddr, io::Error),
    #[error("--record {0}: {1}")]
    Record(String, TooManyAddresses),
    #[error("the socket on {0} keeps failing: {1}")]
    Socket(SocketAddr, io::Error),
    #[error("cannot set up sockets, signal handlers or threads: {0}")]
    System(#[from] io::Error),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Field(_)
            | Self::Set(_)
            | Self::NotLink(_)
            | Self::NotWithHeartbeat(_)
            | Self::Record(..) => Exit::Usage,
            Self::Name(error) => error.exit(),
            Self::Bind(..) | Self::Socket(..) | Self::System(_) | Self::Output(_) => Exit::Failed,
        }
    }
}

fn bind_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use; choose another port, or 0 for any free one".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "permission denied; ports 1024 and higher need no privileges".to_string()
        }
        io::ErrorKind::AddrNotAvailable => "it is not an address of this host".to_string(),
        _ => error.to_string(),
    }
}

/// The link between the socket and the server, unless something else is set: there is none.
const NO_LATENCY: (&str, &str) = ("link.latency", "0s");

/// Returns the settings that differ from a server without a link.
fn settings(scenario: &Scenario) -> impl Iterator<Item = (&'static str, String)> {
    scenario.changes().filter(|(key, value)| (*key, value.as_str()) != NO_LATENCY)
}

/// Returns true if replies can leave later than their requests arrive, so that nobody can say which reply
/// belongs to which request.
fn delays(scenario: &Scenario, pipe: &Pipe) -> bool {
    !(scenario.station.is_instant() && pipe.is_instant())
}

/// Serves until a signal arrives.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let mut scenario = Scenario::default();
    scenario.apply([NO_LATENCY])?;
    let set = source::pairs("--set", &args.set, SourceError::Set)?;
    if let Some((key, _)) =
        set.iter().find(|(key, _)| Field::find(key).is_ok() && !flags::is_link(key))
    {
        return Err(Error::NotLink((*key).to_string()));
    }
    scenario.apply(set).map_err(SourceError::Set)?;
    scenario.apply(args.server.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
    scenario.apply([("seed", &args.seed)])?;
    if let (Some(_), Some((key, _))) = (args.heartbeat, args.server.pairs.first()) {
        return Err(Error::NotWithHeartbeat(flags::name(key)));
    }
    runtime::block_on(serve(args, scenario))?
}

async fn serve(args: &Args, scenario: Scenario) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let resolved = tokio::select! {
        biased;
        () = signals.recv() => return Ok(Exit::Interrupted),
        resolved = args.addr.resolve() => resolved?,
    };
    let wanted = resolved.for_serving();
    let socket = Socket::serving(wanted).await.map_err(|error| Error::Bind(wanted, error))?;
    output::queue_progress()?;
    match args.heartbeat {
        Some(dead_after) => watch(args, &scenario, dead_after, &socket, &mut signals).await,
        None => answer(args, scenario, &socket, &mut signals).await,
    }
}

/// Answers until a signal arrives.
async fn answer(
    args: &Args,
    scenario: Scenario,
    socket: &Socket,
    signals: &mut Signals,
) -> Result<Exit, Error> {
    let (address, pipe) = (socket.local_addr()?, scenario.pipe());
    let allowed = Allowed { low_ports: args.allow_low_ports, rate: args.source_rate.0 };
    let guard = Guard::new(address, allowed);
    let mut dns = Dns::bind(&args.dns, allowed).await?;
    let listeners = Listeners::open(&args.streams, &scenario, dns.is_some()).await?;
    let others = listeners.addresses();
    let delayed = delays(&scenario, &pipe);
    let mut log = Log::new(args.json, args.quiet, delayed, guard)?;
    let mut overtaken =
        (delayed && scenario.server.reply == Reply::Report).then(Overtaken::default);
    let clock = Clock::start();
    let mut capture = capture(args, clock, delayed)?;
    announce(address, &scenario);
    streams::announce(&others);
    let link = settings(&scenario).filter(|(key, _)| flags::is_link(key)).collect();
    let dns_address = dns.as_ref().map(|dns| dns.address);
    let max_reply_bytes = LargestReply::of(&scenario).bytes(address);
    log.listening(address, &scenario, max_reply_bytes, link, dns_address, &others);

    let station = scenario.station_config();
    if let Some(dns) = &dns {
        log.share(dns, clock);
    }
    let mut name_capture = capture.as_ref().map(|capture| capture.beside("dns server"));
    let (lines, packets) = (log.lines(), capture.as_ref());
    let mut streams = listeners.start(&scenario, clock, args.json, lines, dns.as_mut(), packets);
    let server = Server::new(scenario.server, scenario.seed);
    let mut server = Behind::new(Station::new(server, station, scenario.seed), pipe);
    let mut sink = (&mut overtaken, &mut capture);
    let datagrams = udp::drive(&mut server, socket, clock, &mut sink, &mut log);
    let names = dns::run(&mut dns, clock, &mut name_capture);
    let failed = tokio::select! {
        biased;
        () = signals.recv() => None,
        error = first_failure(address, datagrams, names, &mut streams) => Some(error),
    };
    // The driver of the name server may have been stopped within an input.
    name_capture.settle();
    streams.stop(signals).await;
    if let Some(dns) = dns {
        log.name_server(dns.finish());
    }
    log.unhandled(socket.discard());
    log.misattributed(overtaken.map_or(0, |overtaken| overtaken.count));
    // The driver may have been stopped between a datagram and its events.
    while let Some(event) = server.poll_event() {
        let _ = log.event(clock.now(), &event, None);
    }
    let station = server.machine();
    let waiting = server.delayed() + station.waiting() + station.working();
    let exit = log.summary(clock.now(), waiting, &streams.counts());
    let exit = exit_after(pcapng::finish(capture), exit);
    failed.map_or(Ok(exit), Err)
}

/// Watches heartbeats until a signal arrives.
async fn watch(
    args: &Args,
    scenario: &Scenario,
    dead_after: Duration,
    socket: &Socket,
    signals: &mut Signals,
) -> Result<Exit, Error> {
    let (address, clock) = (socket.local_addr()?, Clock::start());
    let mut capture = capture(args, clock, false)?;
    let mut watch = heartbeat::Watch::new(args.json, args.quiet, clock)?;
    let after = Rounded(dead_after);
    narrate!(
        "watching heartbeats on {address}, a client is dead after {after} of silence; press Ctrl-C to \
         stop and print a summary"
    );
    watch.listening(address, dead_after);
    let machine = server::heartbeat::Server::new(server::heartbeat::Config::new(dead_after));
    let mut server = Behind::new(machine, scenario.pipe());
    let failed = tokio::select! {
        biased;
        () = signals.recv() => None,
        ended = udp::drive(&mut server, socket, clock, &mut capture, &mut watch) => ended.err(),
    };
    let machine = server.machine();
    let exit = watch.summary(clock.now(), machine.counts(), machine.clients());
    let exit = exit_after(pcapng::finish(capture), exit);
    failed.map_or(Ok(exit), |error| Err(Error::Socket(address, error)))
}

/// Creates the capture, if the flags ask for one.
fn capture(args: &Args, clock: Clock, delayed: bool) -> Result<Option<Capture>, OutputError> {
    let setting = Setting { clients: true, exchanges: true, ..Setting::default() };
    let capture = pcapng::live(args.pcapng.as_deref(), clock.epoch(), setting)?;
    Ok(capture.map(|capture| capture.with_waiting(delayed)))
}

/// Runs all services, none before the others, until a socket for datagrams fails.
async fn first_failure(
    address: SocketAddr,
    datagrams: impl Future<Output = io::Result<udp::Ended>>,
    dns: impl Future<Output = Error>,
    streams: &mut Streams,
) -> Error {
    let connections = async {
        streams.run().await;
        // There are none.
        std::future::pending().await
    };
    tokio::select! {
        ended = datagrams => {
            Error::Socket(address, ended.err().unwrap_or_else(|| io::Error::other("it ended")))
        }
        error = dns => error,
        never = connections => never,
    }
}

/// Prints the address and the settings of the server.
fn announce(address: SocketAddr, scenario: &Scenario) {
    let settings: Vec<String> = settings(scenario)
        .map(|(key, value)| format!("{} {value}", key.trim_start_matches("server.")))
        .collect();
    let settings = if settings.is_empty() {
        "answering every request".to_string()
    } else {
        settings.join(", ")
    };
    let largest = LargestReply::of(scenario);
    narrate!(
        "listening on {address}, {settings}; {largest}; press Ctrl-C to stop and print a summary"
    );
    if !address.ip().is_loopback() {
        let longer = match scenario.server.reply {
            Reply::Report => {
                ", and `report` replies can be longer than the requests (see --reply mirror)"
            }
            Reply::Mirror | Reply::Upper => "",
        };
        warn(format_args!(
            "{address} is not a loopback address: the server answers anyone who can reach it{longer}"
        ));
    }
}
