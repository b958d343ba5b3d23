//! `retrylab lookup`: the addresses of a name, from the system's resolver or from name servers.

mod over_tcp;
mod report;
mod servers;
mod session;

use crate::address::{Address, NameError};
use crate::exit::{Exit, is_exhausted};
use crate::flags::{self, Flags};
use crate::output::{OutputError, Stdout, exit_after, narrate};
use crate::pcapng::{self, Capture};
use crate::peers::Peers;
use crate::runtime;
use crate::seed;
use crate::signals::Signals;
use report::{LookupReport, Outcome};
use retrylab::clock::Clock;
use retrylab_core::name::{
    Config, DomainName, DomainNameError, Kind, Options, OptionsError, Resolver, ipv4,
};
use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::trace::words::Setting;
use std::io;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// Port of name servers, RFC 1035 section 4.2.
const DNS_PORT: u16 = 53;

const EXAMPLES: &str = "\
Examples:
  retrylab lookup localhost                     ask the system's resolver
  retrylab lookup www.example --server 192.0.2.53
  retrylab lookup www.example --server 127.0.0.1:5353 --server 192.0.2.53 --json
  retrylab lookup www.example --server 192.0.2.53 --options 'timeout:1 attempts:3'
  retrylab lookup www.example --server 192.0.2.53 --preset coap
  retrylab lookup 3221225985                    write a number as an address, without a query

Prints one address per line; an IPv4 address is followed by the same address as an unsigned 32-bit
number.

With --server, the program itself asks the name servers over UDP, for IPv4 and IPv6 addresses at
once. It accepts a reply only from the address and port that it asked, with the id and the question
of its query, and counts all others. If a reply is truncated, it asks the same server over TCP. It
adds no search list to the name, and reads no file of the system.

Without policy flags, it follows the rule of resolv.conf(5) as glibc does: each attempt asks every
server once. The first server has 5 s; server k of n, counted from 0, has 5 s x 2^k / n, rounded
down to whole seconds. A server that answers SERVFAIL, REFUSED or NOTIMP or that cannot be reached
is followed by the next one at once. --options changes the 5 seconds, the 2 attempts and the first
server. With policy flags, the policy decides when to send again; each send goes to the next server.

Exit codes: 0 found, 1 no server answered, or each one failed, 2 usage error, 3 no server can be
reached, 4 the name does not exist or has no address, 130 interrupted.";

/// Look up the addresses of a name, as dotted text and as 32-bit numbers
///
/// Asks the system's resolver, or name servers of your choice (DNS) under a retry policy.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Name to look up. An IPv4 address, dotted or as a number, or an IPv6 address is written in both forms
    name: String,
    /// Name server to ask; the default port is 53. Can be repeated up to three times: they are asked in turn
    #[arg(long, value_name = "HOST[:PORT]", value_parser = name_server)]
    server: Vec<Address>,
    /// Options of resolv.conf(5): timeout:SECONDS, attempts:N, rotate [default: timeout:5 attempts:2]
    #[arg(long, value_name = "OPTIONS", value_parser = options)]
    options: Option<Options>,
    /// Look up IPv4 addresses only
    #[arg(short = '4', long, conflicts_with = "ipv6")]
    ipv4: bool,
    /// Look up IPv6 addresses only
    #[arg(short = '6', long)]
    ipv6: bool,
    /// Seed for the ids of queries and the policy's random draws; predictable ids make forged replies easier
    /// [default: random]
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    #[arg(long, value_name = "FILE", help = pcapng::LIVE_HELP, value_parser = pcapng::file)]
    pcapng: Option<String>,
    /// Print one JSON object; times are in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: Flags<flags::OtherPolicy>,
}

fn name_server(text: &str) -> Result<Address, String> {
    Address::with_default_port(text, DNS_PORT).map_err(|error| error.to_string())
}

fn options(text: &str) -> Result<Options, OptionsError> {
    text.parse()
}

impl Args {
    fn kinds(&self) -> Vec<Kind> {
        match (self.ipv4, self.ipv6) {
            (true, _) => vec![Kind::A],
            (_, true) => vec![Kind::Aaaa],
            _ => Kind::ALL.into(),
        }
    }

    fn wants(&self, address: IpAddr) -> bool {
        self.kinds().contains(if address.is_ipv4() { &Kind::A } else { &Kind::Aaaa })
    }
}

/// Error that ends `lookup`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("{0}")]
    Number(#[from] ipv4::AddressError),
    #[error("{0}")]
    Name(#[from] DomainNameError),
    #[error("{0} needs --server: without it, the system's resolver follows its own rules")]
    NeedsServer(&'static str),
    #[error("--options does not go with policy flags: use one or the other")]
    OptionsAndPolicy,
    #[error("--server is given {0} times; use at most {max}", max = retrylab_core::name::MAX_SERVERS)]
    TooManyServers(usize),
    #[error(transparent)]
    Resolve(#[from] NameError),
    #[error("cannot reach the name server {0}: {1}")]
    Unreachable(SocketAddr, io::Error),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot set up sockets, signal handlers or threads: {0}")]
    Io(#[from] io::Error),
    #[error("interrupted before there was an answer")]
    Interrupted,
}

impl Error {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Resolve(error) if error.exit() == Exit::Failed => Outcome::Failed,
            Self::Resolve(_) => Outcome::NameNotFound,
            Self::Unreachable(_, error) if is_exhausted(error) => Outcome::Failed,
            Self::Unreachable(..) => Outcome::Unreachable,
            Self::Interrupted => Outcome::Interrupted,
            _ => Outcome::Failed,
        }
    }

    fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Field(_)
                | Self::Number(_)
                | Self::Name(_)
                | Self::NeedsServer(_)
                | Self::OptionsAndPolicy
                | Self::TooManyServers(_)
        )
    }

    pub(crate) fn exit(&self) -> Exit {
        if self.is_usage() { Exit::Usage } else { self.outcome().exit() }
    }
}

/// Looks the name up.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let request = Request::of(args)?;
    runtime::block_on(async {
        let result = lookup(args, request).await;
        if let (Err(error), true) = (&result, args.json) {
            let mut out = Stdout::default();
            out.json(&LookupReport::failed(&args.name, error.outcome(), error));
            let _ = out.finish(error.exit());
        }
        result
    })?
}

async fn lookup(args: &Args, request: Request) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let clock = Clock::start();
    let mut capture = pcapng::live(args.pcapng.as_deref(), clock.epoch(), Setting::default())?;
    let report = tokio::select! {
        biased;
        () = signals.recv() => Err(Error::Interrupted),
        report = request.report(args, clock, &mut capture) => report,
    };
    let failure = pcapng::finish(capture);
    let report = report?;
    let mut out = Stdout::default();
    let exit = report.outcome.exit();
    report.print(args.json, &mut out);
    Ok(exit_after(failure, out.finish(exit)))
}

/// What to do, checked before anything else happens.
enum Request {
    /// The name is an address.
    Literal(IpAddr),
    /// Ask the system.
    System,
    /// Ask name servers.
    Servers(DomainName, Box<Scenario>),
}

impl Request {
    fn of(args: &Args) -> Result<Self, Error> {
        let mut scenario = Scenario::default();
        scenario.apply(args.policy.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
        match &args.seed {
            Some(seed) => scenario.apply([("seed", seed)])?,
            None => scenario.seed = seed::random(),
        }
        if args.server.is_empty() {
            let given = [
                (args.options.is_some(), "--options"),
                (args.seed.is_some(), "--seed"),
                (args.pcapng.is_some(), "--pcapng"),
                (!args.policy.pairs.is_empty(), "a policy flag"),
            ];
            if let Some((_, flag)) = given.into_iter().find(|(is_given, _)| *is_given) {
                return Err(Error::NeedsServer(flag));
            }
        }
        if args.options.is_some() && !args.policy.pairs.is_empty() {
            return Err(Error::OptionsAndPolicy);
        }
        if args.server.len() > retrylab_core::name::MAX_SERVERS {
            return Err(Error::TooManyServers(args.server.len()));
        }
        if ipv4::looks_like(&args.name) {
            return Ok(Self::Literal(ipv4::parse(&args.name)?.into()));
        }
        if let Ok(address) = args.name.parse::<Ipv6Addr>() {
            return Ok(Self::Literal(address.into()));
        }
        let name = args.name.parse()?;
        if args.server.is_empty() {
            return Ok(Self::System);
        }
        Ok(Self::Servers(name, Box::new(scenario)))
    }

    async fn report(
        self,
        args: &Args,
        clock: Clock,
        capture: &mut Option<Capture>,
    ) -> Result<LookupReport, Error> {
        match self {
            Self::Literal(address) => {
                narrate!("{} is an address; no server is asked", args.name);
                Ok(LookupReport::of(&args.name, vec![address]))
            }
            Self::System => system(args, clock).await,
            Self::Servers(name, scenario) => {
                let addresses = servers::resolve(&args.server).await?;
                let Peers { socket, addresses } = servers::open(&addresses).await?;
                let config = config(args, name, &scenario, &addresses);
                let mut resolver = Resolver::new(config);
                let mut session = session::Session::new(&addresses);
                servers::ask(&mut resolver, &socket, clock, &mut session, capture).await?;
                Ok(session.report(&args.name, &resolver))
            }
        }
    }
}

fn config(args: &Args, name: DomainName, scenario: &Scenario, servers: &[SocketAddr]) -> Config {
    let config = Config::new(name, servers[0]).with_kinds(args.kinds()).with_seed(scenario.seed);
    let config = servers[1..].iter().fold(config, |config, server| config.with_server(*server));
    if args.policy.pairs.is_empty() {
        config.with_options(args.options.unwrap_or_default())
    } else {
        config.with_policy(scenario.policy)
    }
}

/// Asks the system's resolver.
async fn system(args: &Args, clock: Clock) -> Result<LookupReport, Error> {
    let begun = clock.now();
    // The port is not used.
    let address = Address { host: args.name.clone(), port: DNS_PORT };
    let resolved = address.resolve().await?;
    let mut addresses: Vec<IpAddr> = Vec::new();
    for ip in resolved.addresses.iter().map(SocketAddr::ip).filter(|ip| args.wants(*ip)) {
        if !addresses.contains(&ip) {
            addresses.push(ip);
        }
    }
    let elapsed = clock.now().saturating_since(begun);
    let mut report = LookupReport::of(&args.name, addresses).after(elapsed);
    if report.addresses.is_empty() {
        report.outcome = Outcome::NoAddress;
        report.error = Some(format!("{} has no address of this kind", args.name));
    }
    Ok(report)
}
