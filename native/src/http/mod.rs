//! `retrylab http`: one HTTP exchange over a real connection, as often as the policy allows.

mod report;
mod session;
mod url;

use crate::address::NameError;
use crate::exit::Exit;
use crate::flags::{self, Flags};
use crate::output::{
    BAD, Count, GOOD, OutputError, Rounded, SCHEMA, Stdout, exit_after, narrate, seconds,
};
use crate::pcapng::{self, StreamCapture};
use crate::peers::{self, MAX_ADDRESSES};
use crate::runtime;
use crate::seed;
use crate::signals::Signals;
use crate::unreached::{Reason, Unreached};
use report::{HttpReport, Outcome};
use retrylab::clock::Clock;
use retrylab::tcp::Driver;
use retrylab_core::client::Config;
use retrylab_core::policy::Stop;
use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::stream::http::{self, Http, Response};
use retrylab_core::stream::{Client, Failure};
use retrylab_core::time::Duration;
use retrylab_core::trace::words::Setting;
use retrylab_core::value::Printable;
use session::{Session, describe, status};
use std::ffi::OsString;
use std::io::{self, IsTerminal, Write};
use std::net::SocketAddr;
use url::Url;

const EXAMPLES: &str = "\
Examples:
  retrylab http localhost:8080/hello             print the body of the response
  retrylab http -v http://127.0.0.1:8080/        also show each step, from the name to the release
  retrylab http http://127.0.0.1:8080/ --data 'how are you?' --header 'Content-Type: text/plain'
  retrylab http http://127.0.0.1:8080/ --json    times of each step, status, fields and body

One exchange: the name is looked up, a connection is opened, the request is sent, the response
read, and the connection released. If the name has several addresses, an attempt to connect to the
next one begins when the last one has failed or has taken 250 ms, IPv6 and IPv4 in turn, and the
first connection is used (Happy Eyeballs, RFC 8305).

The default policy is that of `curl --retry 3`, with a limit for each attempt:
  --preset curl --max-sends 4 --attempt-timeout 10s
Another --preset replaces all three. A send is an attempt: a connection and a request. The policy
decides what follows when no address can be reached, the connection breaks, the response does not
arrive in time, or its status is 408, 429, 502, 503 or 504. It follows the field `Retry-After` as
--hint says. POST and PATCH are not repeated once the request may have arrived, except with
--repeat.

There is no TLS, and a redirect is not followed.

Exit codes: 0 a response with a status below 400, 1 another status, an invalid response or none,
2 usage error, 3 refused or unreachable, 4 name not found, 130 interrupted.";

/// Send one HTTP request and show how long each step takes
///
/// Prints the body of the response on stdout, byte for byte if that is not a terminal, and progress
/// messages on stderr.
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// What to request, without TLS: http://HOST[:PORT][/PATH][?QUERY]; `http://` may be left out
    #[arg(value_parser = Url::parse)]
    url: Url,
    /// Method of the request [default: GET, or POST with --data]
    #[arg(short = 'X', long, value_name = "METHOD")]
    method: Option<String>,
    /// Body of the request; `-` reads it from stdin, byte for byte
    #[arg(short, long, value_name = "BODY", allow_hyphen_values = true)]
    data: Option<OsString>,
    /// Header field of the request; can be repeated
    #[arg(short = 'H', long, value_name = "NAME: VALUE")]
    header: Vec<String>,
    /// Send a request again even if its method is not idempotent, as POST
    #[arg(long)]
    repeat: bool,
    /// Maximum length of the response's body, in bytes
    #[arg(long, value_name = "N", default_value = "16777216", allow_negative_numbers = true)]
    #[arg(value_parser = flags::whole_number::<u32>)]
    max_body: u32,
    /// Seed for the policy's random draws; reuse a seed to repeat a run [default: random]
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"))]
    #[arg(allow_negative_numbers = true)]
    seed: Option<String>,
    /// Show each step, and the heads of request and response, on stderr
    #[arg(short, long)]
    verbose: bool,
    #[arg(long, value_name = "FILE", help = pcapng::LIVE_HELP, value_parser = pcapng::file)]
    pcapng: Option<String>,
    /// Print the result as one JSON object; times are in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: Flags<flags::OtherPolicy>,
}

/// The policy, unless a preset replaces it.
const POLICY: [(&str, &str); 3] =
    [("policy.preset", "curl"), ("policy.max_sends", "4"), ("policy.attempt_timeout", "10s")];

/// Maximum length of a request's body.
const MAX_DATA: usize = 16 << 20;

/// Error that ends `http` before the exchange.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("{0}")]
    Field(#[from] FieldError),
    #[error("{0}")]
    Request(#[from] http::RequestError),
    #[error("--header: {0}")]
    Header(#[from] http::FieldError),
    #[error("--data: cannot read the body from stdin: {0}")]
    Stdin(io::Error),
    #[error("--data: the body has more than {MAX_DATA} bytes")]
    TooLong,
    #[error(transparent)]
    Name(#[from] NameError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot set up sockets, signal handlers or threads: {0}")]
    System(#[from] io::Error),
    #[error("interrupted before anything was sent")]
    Interrupted,
}

impl Error {
    fn outcome(&self) -> Outcome {
        match self {
            Self::Name(error) if error.exit() == Exit::NameNotFound => Outcome::NameNotFound,
            Self::Interrupted => Outcome::Interrupted,
            _ => Outcome::Failed,
        }
    }

    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Field(_) | Self::Request(_) | Self::Header(_) | Self::TooLong => Exit::Usage,
            _ => self.outcome().exit(None),
        }
    }
}

/// Runs the exchange.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let mut scenario = Scenario::default();
    if !args.policy.pairs.iter().any(|(key, _)| *key == "policy.preset") {
        scenario.apply(POLICY)?;
    }
    scenario.apply(args.policy.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
    match &args.seed {
        Some(seed) => scenario.apply([("seed", seed)])?,
        None => scenario.seed = seed::short(),
    }
    let request = request(args)?;
    runtime::block_on(async {
        let result = exchange(args, &scenario, request).await;
        if let (Err(error), true) = (&result, args.json)
            && error.exit() != Exit::Usage
        {
            let report =
                HttpReport { error: Some(error.to_string()), ..blank(args, error.outcome()) };
            Stdout::default().json(&report);
        }
        result
    })?
}

impl Args {
    fn method(&self) -> &str {
        let default = if self.data.is_some() { "POST" } else { "GET" };
        self.method.as_deref().unwrap_or(default)
    }
}

/// Returns the request without its body.
fn request(args: &Args) -> Result<Http, Error> {
    let mut request = Http::new(args.method(), &args.url.host(), &args.url.target)?;
    for header in &args.header {
        let (name, value) = header.split_once(':').unwrap_or((header, ""));
        request.fields.add(name, value)?;
    }
    for (name, value) in
        [("User-Agent", concat!("retrylab/", env!("CARGO_PKG_VERSION"))), ("Accept", "*/*")]
    {
        if request.fields.first(name).is_none() {
            request.fields.add(name, value)?;
        }
    }
    let repeatable = request.repeatable || args.repeat;
    Ok(request.with_repeatable(repeatable).with_max_body(args.max_body as usize))
}

async fn exchange(args: &Args, scenario: &Scenario, request: Http) -> Result<Exit, Error> {
    let mut signals = Signals::listen()?;
    let clock = Clock::start();
    let prepared = tokio::select! {
        biased;
        () = signals.recv() => Err(Error::Interrupted),
        prepared = prepare(args, request, clock) => prepared,
    };
    let (request, addresses, lookup) = prepared?;
    let capture = pcapng::live(args.pcapng.as_deref(), clock.epoch(), Setting::default())?;
    let config = Config::new(addresses[0], request).policy(scenario.policy).seed(scenario.seed);
    let session = Session::new(args.verbose, StreamCapture::of(capture.as_ref(), "client"));
    let mut driver = Driver::client(Client::new(config), &addresses, clock, session);
    let interrupted = tokio::select! {
        biased;
        () = signals.recv() => true,
        _ = driver.run() => false,
    };
    if interrupted && driver.observer_mut().answered.is_none() {
        narrate!("interrupted");
        driver.observer_mut().interrupted(clock.now());
    }
    let (client, session) = driver.into_parts();
    let exit = finish(args, &addresses, lookup, &client, &session, &mut signals).await;
    drop(session);
    Ok(exit_after(pcapng::finish(capture), exit))
}

/// Prepares everything that the first connection needs: the body, the addresses, and the time that it took to find them.
async fn prepare(
    args: &Args,
    mut request: Http,
    clock: Clock,
) -> Result<(Http, Vec<SocketAddr>, Option<Duration>), Error> {
    if let Some(data) = &args.data {
        request = request.with_body(&read(data).await?);
    }
    let begun = clock.now();
    let resolved = args.url.address.resolve().await?;
    let took = clock.now().saturating_since(begun);
    let mut addresses = peers::destinations(&resolved);
    addresses.truncate(MAX_ADDRESSES);
    if args.verbose && resolved.named {
        let list: Vec<String> = addresses.iter().map(|address| address.ip().to_string()).collect();
        let host = Printable::short(&args.url.address.host);
        narrate!("{host} has the addresses {} (looked up in {})", list.join(", "), Rounded(took));
    }
    Ok((request, addresses, resolved.named.then_some(took)))
}

/// Returns the bytes of the body: those of `data`, or those of stdin if it is `-`.
async fn read(data: &OsString) -> Result<Vec<u8>, Error> {
    let bytes = if data == "-" {
        runtime::stdin(MAX_DATA).await.map_err(Error::Stdin)?
    } else {
        data.as_encoded_bytes().to_vec()
    };
    if bytes.len() > MAX_DATA { Err(Error::TooLong) } else { Ok(bytes) }
}

/// Reports how the exchange ended.
async fn finish(
    args: &Args,
    addresses: &[SocketAddr],
    lookup: Option<Duration>,
    client: &Client<Http>,
    session: &Session,
    signals: &mut Signals,
) -> Exit {
    let reader = client.reply().filter(|_| session.is_reply_of_last());
    let response = reader.and_then(|reader| reader.response());
    let outcome = outcome(session);
    let error = reader.and_then(http::HttpReader::error).map(|error| error.to_string());
    let sentence = sentence(outcome, session, lookup, response, error);
    narrate!("{sentence}");
    let exit = outcome.exit(response.map(|response| response.status));
    if args.json {
        let mut out = Stdout::default();
        let error = (outcome != Outcome::Answered)
            .then(|| anstream::adapter::strip_str(&sentence).to_string());
        out.json(&report(args, outcome, addresses, lookup, session, response, error));
        return out.finish(exit);
    }
    let body = response.map(|response| response.body.clone()).unwrap_or_default();
    // A reader may take its time, until a signal asks for the end.
    let written = tokio::select! {
        biased;
        () = signals.recv() => return Exit::Interrupted,
        written = runtime::blocking(move || print(&body)) => written,
    };
    let failure = written.err().map(|error| OutputError { name: "stdout".to_string(), error });
    exit_after(failure, exit)
}

/// Writes the body to stdout. On a terminal, control characters are escaped, and the last line gets an end.
fn print(body: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if out.is_terminal() {
        for line in String::from_utf8_lossy(body).lines() {
            writeln!(out, "{}", Printable::new(line))?;
        }
    } else {
        out.write_all(body)?;
    }
    out.flush()
}

fn outcome(session: &Session) -> Outcome {
    let unreached = session.sends.iter().flat_map(|send| &send.unreached);
    let all_refused = session.sends.iter().all(|send| send.failure == Some(Failure::Refused));
    match session.why {
        None if session.answered.is_some() => Outcome::Answered,
        None => Outcome::Interrupted,
        Some(Stop::Unreadable) => Outcome::InvalidResponse,
        Some(_) if session.sends.is_empty() || !all_refused => Outcome::GaveUp,
        Some(_) => match Unreached::reason(unreached) {
            Reason::Exhausted => Outcome::Failed,
            Reason::Refused => Outcome::Refused,
            Reason::Unreachable => Outcome::Unreachable,
        },
    }
}

/// Returns how the exchange ended, in words.
fn sentence(
    outcome: Outcome,
    session: &Session,
    lookup: Option<Duration>,
    response: Option<&Response>,
    error: Option<String>,
) -> String {
    let sends = Count(session.sends.len() as u64, "send");
    let waited = Rounded(session.elapsed);
    let peer = session.last().and_then(|send| send.peer).map(|peer| format!(" from {peer}"));
    match (outcome, response, session.why) {
        (Outcome::Answered, Some(response), _) => {
            let colour = if response.status < 400 { GOOD } else { BAD };
            let (status, bytes) =
                (status(response.status), Count(response.body.len() as u64, "byte"));
            let peer = peer.unwrap_or_default();
            let steps = session.timings(lookup).to_string();
            format!("{colour}{status}{colour:#}{peer} after {waited}, {sends}: {bytes} ({steps})")
        }
        (Outcome::InvalidResponse, ..) => {
            let error = error.unwrap_or_default();
            format!("{BAD}not a response of HTTP/1.1{BAD:#}{}: {error}", peer.unwrap_or_default())
        }
        (Outcome::Interrupted, ..) => format!("interrupted after {sends} in {waited}"),
        (_, _, why) => {
            let last =
                session.last().and_then(|send| Some(describe(send, send.failure?, response)));
            let why = why.map_or(String::new(), |why| format!(" ({why})"));
            let last = last.map_or(String::new(), |last| format!(": {last}"));
            format!("{BAD}gave up{BAD:#} after {sends} in {waited}{why}{last}")
        }
    }
}

/// Returns the report of an exchange of which nothing is known.
fn blank(args: &Args, outcome: Outcome) -> HttpReport {
    HttpReport {
        schema: SCHEMA,
        outcome,
        method: args.method().to_string(),
        url: args.url.to_string(),
        addresses: Vec::new(),
        peer: None,
        sends: 0,
        send_times_s: Vec::new(),
        failures: Vec::new(),
        why: None,
        status: None,
        fields: None,
        body: None,
        body_bytes: None,
        timings: report::Timings::default(),
        elapsed_s: 0.0,
        error: None,
    }
}

fn report(
    args: &Args,
    outcome: Outcome,
    addresses: &[SocketAddr],
    lookup: Option<Duration>,
    session: &Session,
    response: Option<&Response>,
    error: Option<String>,
) -> HttpReport {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let fields = |response: &Response| {
        response.fields.iter().map(|(name, value)| (name.to_string(), text(value))).collect()
    };
    let failures =
        session.sends.iter().filter_map(|send| Some(describe(send, send.failure?, None)));
    let began = |send: &session::Send| seconds(send.began.saturating_since(session.sends[0].began));
    HttpReport {
        addresses: addresses.iter().map(SocketAddr::to_string).collect(),
        peer: session.last().and_then(|send| send.peer).map(|peer| peer.to_string()),
        sends: session.sends.len(),
        send_times_s: session.sends.iter().map(began).collect(),
        failures: failures.collect(),
        why: session.why.map(Stop::name),
        status: response.map(|response| response.status),
        fields: response.map(fields),
        body: response.map(|response| text(&response.body)),
        body_bytes: response.map(|response| response.body.len()),
        timings: session.timings(lookup),
        elapsed_s: seconds(session.elapsed),
        error,
        ..blank(args, outcome)
    }
}
