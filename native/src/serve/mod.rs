//! `retrylab serve`: the core's server on a real socket.

mod log;

use crate::address::{Address, NameError};
use crate::exit::Exit;
use crate::flags::{self, Flags};
use crate::output::{narrate, warn};
use crate::runtime;
use crate::signals::Signals;
use log::Log;
use retrylab::clock::Clock;
use retrylab::udp::{self, Socket};
use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::server::echo::{Reply, Server};
use retrylab_core::server::service::Station;
use std::io;
use std::net::SocketAddr;

const EXAMPLES: &str = "\
Examples:
  retrylab serve                         answer at 127.0.0.1:1060 until Ctrl-C
  retrylab serve --drop 0.5 --seed 7     lose half of the requests, the same half each time
  retrylab serve --drop-list 1-2         lose the first two, answer from the third on
  retrylab serve 0 --json -q             any free port, told in JSON; no line per datagram
  retrylab serve [::1]:1060 --reply mirror

A datagram's fate depends on the seed, on its sender's place in the order of appearance and on its
number among that sender's datagrams, and on nothing else: the server loses the same datagrams as
the simulated one of `retrylab sim` with the same seed.

Exit codes: 0 told to stop by Ctrl-C or SIGTERM, 1 cannot listen there (the address is in use, not
permitted, or not this machine's), 2 usage, 4 name not found.";

/// Answer datagrams, and lose some on purpose
///
/// Listens on a UDP address and answers each datagram: `Your data was N bytes`, or the same bytes
/// back (RFC 862). What it does is told on stdout, one line a datagram.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where to listen: PORT, HOST, HOST:PORT or [IPV6]:PORT; port 0 takes a free one
    #[arg(default_value = "127.0.0.1:1060", value_parser = Address::for_serving)]
    addr: Address,
    #[command(flatten)]
    server: Flags<flags::Server>,
    /// Names the random drops: same seed, same fate for each sender's n-th datagram
    #[arg(long, value_name = "N", default_value = "1", allow_negative_numbers = true)]
    #[arg(value_parser = flags::parser("seed"))]
    seed: String,
    /// No line per datagram; only where it listens, and the summary
    #[arg(short, long)]
    quiet: bool,
    /// One JSON object a line: `listening` first, one per datagram, `summary` last
    #[arg(long)]
    json: bool,
}

/// Why there is no server.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error("cannot listen on {0}: {reason}", reason = bind_reason(.1))]
    Bind(SocketAddr, io::Error),
    #[error("the socket at {0} does nothing but fail: {1}")]
    Socket(SocketAddr, io::Error),
    #[error("the system gives no sockets or signals: {0}")]
    System(#[from] io::Error),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        match self {
            Self::Field(_) => Exit::Usage,
            Self::Name(_) => Exit::NameNotFound,
            Self::Bind(..) | Self::Socket(..) | Self::System(_) => Exit::Failed,
        }
    }
}

fn bind_reason(error: &io::Error) -> String {
    match error.kind() {
        io::ErrorKind::AddrInUse => {
            "the address is in use; name another port, or 0 for any free one".to_string()
        }
        io::ErrorKind::PermissionDenied => {
            "that is not permitted; ports from 1024 on need no privilege".to_string()
        }
        io::ErrorKind::AddrNotAvailable => "it is not an address of this machine".to_string(),
        _ => error.to_string(),
    }
}

/// Serves until a signal comes.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let mut scenario = Scenario::default();
    scenario.apply(args.server.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
    scenario.apply([("seed", &args.seed)])?;
    runtime::block_on(serve(args, scenario))?
}

async fn serve(args: &Args, scenario: Scenario) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let resolved = tokio::select! {
        biased;
        () = signals.recv() => return Ok(Exit::Interrupted),
        resolved = args.addr.resolve() => resolved?,
    };
    let wanted = resolved.address;
    let socket = Socket::serving(wanted).await.map_err(|error| Error::Bind(wanted, error))?;
    let address = socket.local_addr()?;

    let mut log = Log::new(args.json, args.quiet, !scenario.station.is_instant());
    announce(address, &scenario);
    log.listening(address, &scenario);

    let station = scenario.station_config();
    let server = Server::new(scenario.server, scenario.seed);
    let mut server = Station::new(server, station, scenario.seed);
    let clock = Clock::start();
    let failed = tokio::select! {
        biased;
        () = signals.recv() => None,
        ended = udp::drive(&mut server, &socket, clock, (), &mut log) => ended.err(),
    };
    let exit = log.summary(clock.now());
    failed.map_or(Ok(exit), |error| Err(Error::Socket(address, error)))
}

/// Says where the server listens and what it does there.
fn announce(address: SocketAddr, scenario: &Scenario) {
    let settings: Vec<String> = scenario
        .changes()
        .map(|(key, value)| format!("{} {value}", key.trim_start_matches("server.")))
        .collect();
    let settings =
        if settings.is_empty() { "answering everything".to_string() } else { settings.join(", ") };
    narrate!("listening on {address}, {settings}; Ctrl-C stops and sums up");
    if !address.ip().is_loopback() {
        let longer = match scenario.server.reply {
            Reply::Report => {
                ", and `report` replies may be longer than their requests (see --reply mirror)"
            }
            Reply::Mirror => "",
        };
        warn(format_args!(
            "{address} is not the loopback: this answers anyone who can reach it{longer}"
        ));
    }
}
