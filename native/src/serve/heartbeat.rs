//! `serve --heartbeat`: watches clients that send heartbeats, and answers nothing.

use crate::exit::Exit;
use crate::ladder::style;
use crate::output::{Count, Rounded, SCHEMA, exit_after, finish_stdout, left_out, seconds};
use crate::queue::{LineQueue, Stream, WhenFull};
use retrylab::clock::Clock;
use retrylab::udp::{Datagram, Observer};
use retrylab_core::link::{self, Happened};
use retrylab_core::machine::Subject;
use retrylab_core::protocol::heartbeat::Heartbeat;
use retrylab_core::server::heartbeat::{Counts, Event};
use retrylab_core::time::{Duration, Instant, nanos};
use retrylab_core::trace::words::{self, Known, Setting};
use retrylab_core::trace::{HostId, Record, What};
use serde::Serialize;
use std::io;
use std::net::SocketAddr;
use std::ops::ControlFlow;

/// Maximum number of bytes of lines that wait for the reader of the log.
const MAX_LOG_BYTES: usize = 1 << 20;

/// Difference of two clocks from which a time is not believed.
const MAX_AGE: Duration = Duration::from_secs(3_600);

/// Reports heartbeats and what they show.
pub(super) struct Watch {
    json: bool,
    quiet: bool,
    out: LineQueue,
    /// The Unix time at which the clock of the server began.
    epoch: Duration,
}

/// One line as JSON; of the last keys, those that apply.
#[derive(Serialize)]
struct Line<'a> {
    schema: u32,
    event: &'a str,
    at_s: f64,
    from: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seq: Option<u32>,
    /// Time between the sender's time in the heartbeat and its arrival: that on the way, if both clocks agree.
    #[serde(skip_serializing_if = "Option::is_none")]
    age_s: Option<f64>,
    /// Number of missing heartbeats.
    #[serde(skip_serializing_if = "Option::is_none")]
    count: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    silence_s: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'static str>,
}

/// The totals as JSON.
#[derive(Serialize)]
struct Summary {
    schema: u32,
    event: &'static str,
    /// Those that arrived, each counted once.
    heartbeats: u64,
    missing: u64,
    /// Share of the heartbeats that is missing; null without any.
    loss: Option<f64>,
    reordered: u64,
    repeated: u64,
    /// Times that a client was declared dead.
    declared_dead: u64,
    clients_alive: usize,
    clients_dead: usize,
    elapsed_s: f64,
}

impl Watch {
    /// # Errors
    /// If the system starts no thread to write the lines.
    pub(super) fn new(json: bool, quiet: bool, clock: Clock) -> io::Result<Self> {
        let note: fn(u64) -> String = if json {
            left_out
        } else {
            |lines| {
                format!("({lines} lines left out: the log is read more slowly than it is written)")
            }
        };
        let when_full = WhenFull { max_bytes: MAX_LOG_BYTES, patience: Duration::ZERO, note };
        let out = LineQueue::start(Stream::Stdout, when_full)?;
        Ok(Self { json, quiet, out, epoch: clock.epoch() })
    }

    /// Reports to a script where the server listens. People read it on stderr.
    pub(super) fn listening(&self, address: SocketAddr, dead_after: Duration) {
        if self.json {
            self.out.json(&serde_json::json!({
                "schema": SCHEMA,
                "event": "listening",
                "addr": address.to_string(),
                "port": address.port(),
                "dead_after_s": seconds(dead_after),
            }));
        }
    }

    /// Reports the totals.
    pub(super) fn summary(self, at: Instant, counts: Counts, clients: (usize, usize)) -> Exit {
        let (alive, dead) = clients;
        let elapsed = at.saturating_since(Instant::ZERO);
        if self.json {
            self.out.json(&Summary {
                schema: SCHEMA,
                event: "summary",
                heartbeats: counts.received,
                missing: counts.missing,
                loss: counts.loss(),
                reordered: counts.reordered,
                repeated: counts.repeated,
                declared_dead: counts.dead,
                clients_alive: alive,
                clients_dead: dead,
                elapsed_s: seconds(elapsed),
            });
        } else {
            let loss = counts.loss().map_or(0.0, |loss| loss * 100.0);
            self.out.line(format_args!(
                "{} in {}, {} missing ({loss:.1} % loss), {} out of order, {} repeated; clients: \
                 {alive} alive, {dead} dead",
                Count(counts.received, "heartbeat"),
                Rounded(elapsed),
                counts.missing,
                counts.reordered,
                counts.repeated,
            ));
        }
        exit_after(finish_stdout(&self.out), Exit::Success)
    }

    /// Returns how long ago a heartbeat was sent that arrives at `at`, by both clocks, in nanoseconds.
    fn age(&self, at: Instant, heartbeat: Heartbeat) -> Option<i128> {
        let now = at.saturating_add(self.epoch).as_nanos();
        let age = i128::from(now) - i128::from(heartbeat.time?.as_nanos());
        (age.unsigned_abs() <= u128::from(nanos(MAX_AGE))).then_some(age)
    }

    fn heartbeat(&self, at: Instant, from: SocketAddr, heartbeat: Heartbeat) {
        let age = self.age(at, heartbeat);
        if self.json {
            let age_s = age.map(|age| age as f64 / 1e9);
            let seq = Some(heartbeat.seq);
            return self.out.json(&Line { seq, age_s, ..line("heartbeat", at, Some(from)) });
        }
        let ago = match age {
            Some(age @ 0..) => {
                format!(
                    ", sent {} ago",
                    Rounded(Duration::from_nanos(u64::try_from(age).unwrap_or(0)))
                )
            }
            _ => String::new(),
        };
        self.out.line(format_args!("heartbeat {} from {from}{ago}", heartbeat.seq));
    }

    fn happened(&self, at: Instant, host: HostId, about: Subject, what: What) {
        let (peer, label) = (about.peer, about.label);
        if self.json {
            let (count, silence_s, cause) = match what {
                What::Missing { count } => (Some(count), None, None),
                What::Dead { silence } => (None, Some(seconds(silence)), None),
                What::Dropped { cause, .. } => (None, None, Some(cause.name())),
                _ => (None, None, None),
            };
            let line = line(what.name(), at, peer);
            let seq = label.map(|label| label.exchange.get());
            return self.out.json(&Line { seq, count, silence_s, cause, ..line });
        }
        let style = style(&what);
        if let (What::Dropped { cause, .. }, Some(peer), Some(label)) = (what, peer, label) {
            let seq = label.exchange;
            self.out.line(format_args!("heartbeat {seq} from {peer}: {style}{cause}{style:#}"));
            return;
        }
        let record = Record { at, host, flow: None, packet: None, label, server: None, what };
        let words = words::describe(&record, Setting::default(), Known::default()).sentence();
        let peer = peer.map_or_else(String::new, |peer| format!("{peer}: "));
        self.out.line(format_args!("{peer}{style}{words}{style:#}"));
    }
}

/// Returns a line without the keys that only some have.
fn line(event: &str, at: Instant, from: Option<SocketAddr>) -> Line<'_> {
    Line {
        schema: SCHEMA,
        event,
        at_s: seconds(at.saturating_since(Instant::ZERO)),
        from: from.map(|from| from.to_string()),
        seq: None,
        age_s: None,
        count: None,
        silence_s: None,
        cause: None,
    }
}

impl Observer<link::Event<Event>> for Watch {
    fn received(&mut self, at: Instant, datagram: Datagram<'_>) {
        if let (false, Some(heartbeat)) = (self.quiet, Heartbeat::parse(datagram.bytes)) {
            self.heartbeat(at, datagram.from, heartbeat);
        }
    }

    fn event(
        &mut self,
        at: Instant,
        event: &link::Event<Event>,
        _datagram: Option<Datagram<'_>>,
    ) -> ControlFlow<()> {
        // A death is what the server is for: it is reported even if it is quiet.
        let matters =
            matches!(event.happened, Happened::Machine(Event::Dead { .. } | Event::Alive { .. }));
        let host = match event.happened {
            Happened::Machine(_) => HostId::SERVER,
            Happened::Link(_) => HostId::Link,
        };
        if matters || !self.quiet {
            self.happened(at, host, event.about, What::from(event.clone()));
        }
        ControlFlow::Continue(())
    }
}
