//! `retrylab send`: runs the core's client on a real socket.

mod heartbeat;
mod message;
mod peers;
mod report;
mod session;
mod statistics;
mod tcp;

use crate::address::{Address, NameError};
use crate::exit::{Exit, is_exhausted};
use crate::filter::{self, Filter, Reversed, Selection};
use crate::flags::{self, Flags};
use crate::ladder::{Drawing, LineSink};
use crate::output::{self, OutputError, exit_after, finish_stdout, left_out, narrate};
use crate::pcapng;
use crate::peers::Peers;
use crate::queue::{LineQueue, Lines, Stream, WhenFull};
use crate::runtime;
use crate::seed;
use crate::signals::Signals;
use heartbeat::Reporting;
pub(crate) use message::MAX_MESSAGE_IPV6;
use message::MessageError;
use report::{Outcome, SendReport};
use retrylab::clock::Clock;
use retrylab::udp;
use retrylab_core::client::{self, Candidates, Client, Config};
use retrylab_core::policy::Preset;
use retrylab_core::protocol::heartbeat::MESSAGE;
use retrylab_core::random::Probability;
use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::trace::Ladder;
use retrylab_core::trace::words::Setting;
use session::Session;
use std::ffi::{OsStr, OsString};
use std::io;
use std::net::SocketAddr;
use std::time::Duration;

const EXAMPLES: &str = "\
Examples:
  retrylab send 127.0.0.1                      send to the server of `retrylab serve`
  retrylab send 127.0.0.1 --ladder             also show each send, wait and reply
  retrylab send localhost:7 'how are you?' --count 10 --json
  retrylab send 127.0.0.1 --interval 1s        an exchange per second, until Ctrl-C, as ping does
  retrylab send 127.0.0.1 --count 20 --interval 1s --max-loss 5%   exit code 1 if more is lost
  retrylab send 127.0.0.1:12000 --preset udp-pinger --count 10
  retrylab send 127.0.0.1 --heartbeat 500ms    send heartbeats to `retrylab serve --heartbeat`
  retrylab send 127.0.0.1 --initial-timeout 1s --max-sends 4 --give-up-above none
  retrylab send 127.0.0.1 --tcp                to the server of `retrylab serve --tcp 1060`
  head -c 1000 /dev/urandom | retrylab send 127.0.0.1:1060 -

The default policy (`textbook`) waits 0.1 s for a reply, doubles the wait after each timeout, and
gives up when the next wait would exceed 2 s. It sends at 0, 0.1, 0.3, 0.7 and 1.5 s and gives up
at 3.1 s. Write a time as a number with a unit: 250us, 100ms, 1.5s, 2m.

--preset udp-pinger is the client of the UDP Pinger, an exercise of Kurose and Ross: its message is
`Ping {seq} {time}`, and it prints each reply with its round-trip time (RTT), or `Request timed
out`. With --count or --interval, `send` ends with a summary, also after Ctrl-C: exchanges without a
reply (loss), sends after the first of an exchange (retries), and the RTT: shortest, mean, p50, p99
and longest. A reply that may answer one of several sends has no RTT; with --token and a server that
mirrors requests, each reply names the send that it answers.

With --tcp, the message ends where the client closes its direction (half-close). A server that stops
when that happens, as `ncat -e` does, needs --no-half-close. A send whose reply does not come in
time is abandoned with its connection; addresses are tried as `retrylab http --help` says.
The RTT is the time from the first byte of the message to the end of its reply, without the time for
the connection.

If a name has several addresses, each send of an exchange goes to the next one, in the order of RFC
6724. When an address turns out to be unreachable, the next one is asked at once; the times of the
policy stay the same. The next exchange begins with the address that replied.

What the network or this host reports about a datagram is one of three:
  final      nobody listens on the port, or the network, the host or the protocol is unreachable or
             prohibited: the exchange ends at once with exit code 3, unless the server has another
             address
  transient  there is no route at the moment, a packet filter or a full queue of this host dropped
             the datagram, or it passed too many routers: the datagram counts as lost, the cause is
             reported once, and the policy continues; exit code 3 if no datagram could leave at all
  too long   If the path refuses the datagram, it counts as lost, and the system divides the next
             ones into fragments. If this host refuses it, the exit code is 2.

Exit codes: 0 answered, 1 no reply, 2 usage error, 3 refused or unreachable (reported by the
network or this host), 4 name not found, 130 interrupted. With --count, the exit code is that of
the worst exchange: 3 if any was refused, otherwise 1 if any got no reply, otherwise 0. With
--max-loss, it is 0 if the share of exchanges without a reply is not larger. Without --count, Ctrl-C
is the usual end of --interval, and the exit code is that of the exchanges before it.";

/// Send a message and retry until a reply arrives or the policy gives up
///
/// Prints each reply as one line on stdout, with control characters escaped, and progress messages
/// on stderr.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Server to send to, as a name or an IP address; the default port is 1060
    #[arg(value_name = "HOST[:PORT]", value_parser = Address::for_sending)]
    host: Address,
    /// Message to send; `-` reads it from stdin, byte for byte. Otherwise `{seq}` is replaced by the number of
    /// the exchange, and `{time}` by the Unix time of the send in seconds [default: hello; with --preset
    /// udp-pinger: Ping {seq} {time}]
    #[arg(allow_negative_numbers = true)]
    message: Option<OsString>,
    /// Number of exchanges; each begins when the previous one is over [default: 1; with --interval: until Ctrl-C]
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    #[arg(value_parser = flags::exchanges)]
    count: Option<u32>,
    /// Send a heartbeat in each interval and expect no reply: --count of them, or until Ctrl-C. The message is
    /// `Heartbeat {seq} {time}` by default
    #[arg(long, value_name = "TIME", value_parser = flags::interval, allow_negative_numbers = true)]
    #[arg(conflicts_with_all = ["interval", "max_loss", "token", "ladder", "unconnected"])]
    heartbeat: Option<Duration>,
    /// Minimum time from the first send of an exchange to that of the next one; by default, an exchange begins
    /// as soon as the previous one is over
    #[arg(long, value_name = "TIME", value_parser = flags::interval, allow_negative_numbers = true)]
    interval: Option<Duration>,
    /// Exit with code 0 if at most this share of the exchanges has no reply, such as `5%`
    #[arg(long, value_name = "SHARE", value_parser = flags::share, allow_negative_numbers = true)]
    max_loss: Option<Probability>,
    /// Leave the socket unconnected (sendto): receive datagrams from any address, and report those
    /// that are not from the server (except on Linux, refusals then go unnoticed)
    #[arg(long)]
    unconnected: bool,
    /// Send over TCP connections: each send is an attempt of a connection, the message and its reply
    #[arg(long, conflicts_with_all = ["unconnected", "ladder", "heartbeat"])]
    tcp: bool,
    /// With --tcp, keep this end open after the message, for servers that stop at the end of their input, as
    /// `ncat -e` does. The reply is complete when it equals the message, in any case of letters, or when the server
    /// closes
    #[arg(long, requires = "tcp")]
    no_half_close: bool,
    /// Prefix each datagram with the token `#EXCHANGE.SEND `, so that a mirrored reply shows which
    /// send it answers
    #[arg(long)]
    token: bool,
    /// Seed for the policy's random draws; reuse a seed to repeat a run [default: random]
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// Print one JSON object per exchange; times are in seconds
    #[arg(long)]
    json: bool,
    #[arg(long, value_name = "FILE", help = pcapng::LIVE_HELP, value_parser = pcapng::file)]
    pcapng: Option<String>,
    /// Draw every event as a ladder on stdout (on stderr with --json)
    #[arg(long, group = "events")]
    ladder: bool,
    #[command(flatten)]
    filter: filter::Flags,
    #[command(flatten)]
    policy: Flags<flags::Policy>,
}

/// Error that ends `send`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("--heartbeat: a heartbeat is never sent again, so --{0} has no effect")]
    NotWithHeartbeat(String),
    #[error(transparent)]
    Reversed(#[from] Reversed),
    #[error(transparent)]
    Message(#[from] MessageError),
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot reach {0}: {1}")]
    Unreachable(SocketAddr, io::Error),
    #[error("cannot set up sockets, signal handlers or threads: {0}")]
    System(#[from] io::Error),
    #[error("interrupted before anything was sent")]
    Interrupted,
}

impl Error {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Field(_) | Self::NotWithHeartbeat(_) | Self::Reversed(_) => Outcome::Failed,
            Self::System(_) | Self::Output(_) => Outcome::Failed,
            Self::Message(MessageError::Stdin(_)) => Outcome::Failed,
            Self::Message(_) => Outcome::TooLong,
            Self::Name(error) if error.exit() == Exit::Failed => Outcome::Failed,
            Self::Name(_) => Outcome::NameNotFound,
            Self::Unreachable(_, error) if is_exhausted(error) => Outcome::Failed,
            Self::Unreachable(..) => Outcome::Unreachable,
            Self::Interrupted => Outcome::Interrupted,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Field(_) | Self::NotWithHeartbeat(_) | Self::Reversed(_) => Exit::Usage,
            _ => self.outcome().exit(),
        }
    }
}

/// Runs the exchanges.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let mut scenario = Scenario::default();
    scenario.apply(args.policy.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
    let endless = args.is_endless().then_some(u32::MAX);
    scenario.exchanges = endless.or(args.count).or(Some(1));
    if let (Some(_), Some((key, _))) = (args.heartbeat, args.policy.pairs.first()) {
        return Err(Error::NotWithHeartbeat(flags::name(key)));
    }
    match &args.seed {
        Some(seed) => scenario.apply([("seed", seed)])?,
        None => scenario.seed = seed::short(),
    }
    let selection = args.filter.selection()?;
    output::queue_progress()?;
    let out = results(args.json)?;
    runtime::block_on(async {
        let mut signals = Signals::listen()?;
        let result = send(args, &scenario, selection, &out, &mut signals).await;
        if let (Err(error), true) = (&result, args.json) {
            out.json(&SendReport::without_exchange(error.outcome(), &args.host, error));
        }
        // A reader may take its time, until a signal asks for the end.
        if !signals.received() {
            tokio::select! {
                biased;
                () = out.written() => {}
                () = signals.recv() => {}
            }
        }
        let failure = finish_stdout(&out);
        result.map(|exit| exit_after(failure, exit))
    })?
}

/// Returns the queue of the results. A result waits for a slow reader, but not for one that has stopped.
fn results(json: bool) -> io::Result<LineQueue> {
    let note: fn(u64) -> String =
        if json { left_out } else { |lines| format!("({lines} lines left out: nobody read them)") };
    let (max_bytes, patience) = (1 << 20, Duration::from_millis(250));
    LineQueue::start(Stream::Stdout, WhenFull { max_bytes, patience, note })
}

async fn send(
    args: &Args,
    scenario: &Scenario,
    selection: Selection,
    out: &LineQueue,
    signals: &mut Signals,
) -> Result<Exit, Error> {
    if args.tcp {
        return tcp::send(args, scenario, out, signals).await;
    }
    let prepared = tokio::select! {
        biased;
        () = signals.recv() => return Err(Error::Interrupted),
        prepared = prepare(args, scenario) => prepared?,
    };
    let (peers, mut config) = prepared;
    let clock = Clock::start();
    config.codec = config.codec.with_epoch(clock.epoch());
    let setting = Setting { exchanges: scenario.max_exchanges() > 1, ..Setting::default() };
    let capture = pcapng::live(args.pcapng.as_deref(), clock.epoch(), setting)?;
    if let Some(interval) = args.heartbeat {
        let count = args.count.as_ref().map(|_| scenario.max_exchanges());
        let beats =
            client::heartbeat::Config::new(config.peer, interval).codec(config.codec).count(count);
        let reporting = Reporting { json: args.json, out, clock, capture };
        return heartbeat::send(&peers, beats, reporting, signals).await;
    }
    let Peers { socket, addresses } = peers;
    let (peer, count) = (config.peer, config.load.exchanges);
    let mut client = Candidates::new(Client::new(config), addresses.iter().copied());
    let random_seed = args.seed.is_none();
    let repeat = || narrate!("seed {0}; --seed {0} repeats these waits", scenario.seed);
    let draws = scenario.policy.draws(false);
    if draws && random_seed {
        repeat();
    }
    let mut session = Session::new(&addresses, clock, args, scenario, out.clone());
    let ladder = args.ladder.then(|| ladder(args.json, count, out)).transpose()?;

    let mut sink = (Filter::new(selection, ladder), capture);
    let ended = tokio::select! {
        biased;
        () = signals.recv() => None,
        ended = udp::drive(&mut client, &socket, clock, &mut sink, &mut session) => Some(ended),
    };
    match ended {
        Some(Err(error)) => return Err(Error::Unreachable(peer, error)),
        Some(Ok(_)) => {}
        None => session.interrupted(clock.now()),
    }
    // Only now is it known that the server gave a hint.
    if session.hinted && scenario.policy.draws(true) && !draws && random_seed {
        repeat();
    }
    session.summary();
    sink.0.end();
    Ok(exit_after(pcapng::finish(sink.1), session.exit(args.max_loss)))
}

impl Args {
    /// Returns whether exchanges follow each other until Ctrl-C.
    const fn is_endless(&self) -> bool {
        self.interval.is_some() && self.count.is_none()
    }

    /// Returns the message: the argument, or the default of what is sent.
    fn message(&self, scenario: &Scenario) -> &OsStr {
        let default = match scenario.preset {
            _ if self.heartbeat.is_some() => MESSAGE,
            Preset::UdpPinger => "Ping {seq} {time}",
            _ => "hello",
        };
        self.message.as_deref().unwrap_or(OsStr::new(default))
    }
}

/// Prepares everything that the first datagram needs.
async fn prepare(args: &Args, scenario: &Scenario) -> Result<(Peers, Config), Error> {
    let codec = message::read(args.message(scenario)).await?.with_token(args.token);
    let addresses = peers::resolve(&args.host).await?;
    for address in &addresses {
        message::check_length(&codec, scenario, *address)?;
    }
    let connected = !args.unconnected;
    let peers = peers::open(&addresses, connected).await?;
    let config = Config::new(peers.addresses[0], codec)
        .interval(args.interval)
        .connected(connected)
        .policy(scenario.policy)
        .seed(scenario.seed)
        .exchanges(scenario.max_exchanges());
    Ok((peers, config))
}

/// Returns the sink of the ladder: stdout, or stderr if stdout carries JSON.
fn ladder(json: bool, exchanges: u32, out: &LineQueue) -> io::Result<LineSink<Drawing>> {
    let (name, out) =
        if json { ("stderr", output::queue_progress()?) } else { ("stdout", out.clone()) };
    let setting = Setting { exchanges: exchanges > 1, ..Setting::default() };
    // The queue removes colours where they are not wanted.
    let drawing = Drawing { ladder: Ladder::new(setting), in_colour: true };
    Ok(LineSink::new(drawing, name, Box::new(Lines(out))))
}
