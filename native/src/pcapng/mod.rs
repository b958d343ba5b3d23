//! `--pcapng FILE`: a capture of what each host sends and receives, for Wireshark, tshark and other programs.
//!
//! The packets of a UDP datagram begin with an IP header (link type RAW): there is no Ethernet below them, and
//! nothing is invented. Frames of hosts that have an Ethernet are written as they are, on an interface of that type; those
//! with a TCP segment only where they are sent.
//! Each host is an interface. A simulated datagram is in the file where it is sent and where it arrives, so its
//! latency can be seen.
//!
//! TCP connections of real sockets are reconstructed: see [`streams`].
//!
//! A packet that was dropped, damaged, duplicated or too late has a comment, in the words of the trace. What happens
//! to a packet follows in the records after it, so the last packet waits for them.

mod file;
mod frame;
mod streams;
mod writer;

use crate::output::OutputError;
use file::CaptureFile;
use retrylab_core::time::Duration;
use retrylab_core::trace::words::{self, Known, Setting};
use retrylab_core::trace::{
    Carried, Cause, Direction, FrameStep, HostId, Packet, Record, Sink, What,
};
use std::collections::{BTreeMap, VecDeque};
use std::fs::File;
use std::io::{self, Write};
pub(crate) use streams::StreamCapture;
use writer::{ETHERNET, RAW, Way};

/// Maximum number of bytes of requests that wait at the server and are kept in case it drops them.
const MAX_KEPT: usize = 64 << 20;

/// End of the note of a machine that ignores a datagram.
const IGNORED: &str = ", ignored";

/// The help of the flag.
pub(crate) const HELP: &str = "Write a capture of all packets to FILE, in the format of Wireshark and tshark, with a \
                               comment on each packet that was dropped or late";

/// The help of the flag for real sockets.
pub(crate) const LIVE_HELP: &str = "Write a capture to FILE, replacing it if it exists, in the format of Wireshark and tshark, with a comment on \
                                    each packet that was dropped, late or refused. Datagrams are captured as IP \
                                    packets. For TCP, packets are reconstructed from what the program reads and \
                                    writes and from the steps of each connection: how the system divides bytes into \
                                    segments and repeats them is not captured. Neither are the queries of the \
                                    system's resolver";

/// Reads the name of a file that is not stdout.
pub(crate) fn file(text: &str) -> Result<String, String> {
    match text {
        "-" => Err("stdout has the results; name a file".to_string()),
        path => Ok(path.to_string()),
    }
}

/// A capture file, as a sink.
pub(crate) struct Capture {
    file: CaptureFile,
    /// What the server is, if it is not the only one.
    service: Option<&'static str>,
    /// The Unix time at which the clock of the records began; zero in a simulation.
    epoch: Duration,
    setting: Setting,
    last: Option<Pending>,
    kept: Kept,
}

/// Writes what is left of a capture, if there is one. Returns the error that ended it.
pub(crate) fn finish(capture: Option<Capture>) -> Option<OutputError> {
    capture.and_then(|capture| capture.finish().err())
}

/// The last packet, which waits for its comments.
struct Pending {
    packet: writer::Packet,
    record: Record,
}

/// Requests that wait at a server. It may drop them later: they are then written again, with the reason.
#[derive(Default)]
struct Kept {
    requests: BTreeMap<Key, VecDeque<writer::Packet>>,
    bytes: usize,
    max_bytes: usize,
}

/// The client, the exchange and the send of a request, as far as they are known.
type Key = (u32, Option<(u32, u32)>);

impl Capture {
    /// Creates the file of a real run, if the flag names one. `epoch` is the Unix time at which its clock began.
    pub(crate) fn live(
        path: Option<&str>,
        epoch: Duration,
        setting: Setting,
    ) -> Result<Option<Self>, OutputError> {
        let Some(path) = path else { return Ok(None) };
        let failed = |error| OutputError { name: path.to_string(), error };
        let out = Box::new(File::create(path).map_err(failed)?);
        Self::new(out, path, true, epoch, setting).map(Some)
    }

    /// Creates the file of a simulation, or writes to stdout if `path` is `-`. Its times begin at 1970-01-01.
    pub(crate) fn simulated(path: &str, setting: Setting) -> Result<Self, OutputError> {
        let failed = |error| OutputError { name: path.to_string(), error };
        let (name, out): (&str, Box<dyn Write>) = match path {
            "-" => ("stdout", Box::new(io::stdout())),
            path => (path, Box::new(File::create(path).map_err(failed)?)),
        };
        Self::new(out, name, false, Duration::ZERO, setting)
    }

    fn new(
        out: Box<dyn Write>,
        name: &str,
        live: bool,
        epoch: Duration,
        setting: Setting,
    ) -> Result<Self, OutputError> {
        Ok(Self::of(CaptureFile::new(out, name, live)?, None, epoch, setting))
    }

    fn of(
        file: CaptureFile,
        service: Option<&'static str>,
        epoch: Duration,
        setting: Setting,
    ) -> Self {
        Self { file, service, epoch, setting, last: None, kept: Kept::default() }
    }

    /// Returns the capture of another server, to the same file.
    pub(crate) fn beside(&self, service: &'static str) -> Self {
        Self::of(self.file.clone(), Some(service), self.epoch, self.setting)
    }

    /// Sets whether the server may drop a request some time after its arrival: it is kept until then.
    pub(crate) fn with_waiting(mut self, waiting: bool) -> Self {
        self.kept.max_bytes = if waiting { MAX_KEPT } else { 0 };
        self
    }

    /// Returns whether the file could not be written. Nothing more is written then.
    pub(crate) fn has_failed(&self) -> bool {
        self.file.has_failed()
    }

    /// Writes what is left.
    pub(crate) fn finish(mut self) -> Result<(), OutputError> {
        self.complete();
        self.file.finish()
    }

    /// Writes the last packet: it gets no more comments.
    fn complete(&mut self) {
        if let Some(Pending { packet, record }) = self.last.take() {
            self.file.packet(&packet);
            // A server may drop a request later, and nobody knows yet.
            if is_request_at_server(&record) && packet.comments.is_empty() {
                self.kept.add(key(&record), packet);
            }
        }
    }

    /// Returns the number of the interface of the host that made `record`.
    fn interface(&self, record: &Record, link_type: u16) -> u32 {
        let flow = record.flow.map_or(0, std::num::NonZeroU32::get);
        let name = match record.host {
            HostId::Client if self.setting.clients => Some(format!("client {flow}")),
            HostId::Client => Some("client".to_string()),
            HostId::Server(number) => {
                self.setting.servers.get(number.get()).map(|name| format!("server {name}"))
            }
            HostId::Link => None,
        };
        let name = name.unwrap_or_else(|| self.service.unwrap_or("server").to_string());
        let kind = if self.file.is_live() { "UDP socket" } else { "simulated host" };
        let description = format!("{kind} of the {name}, as retrylab sees it");
        self.file.interface(link_type, &name, &description).0
    }

    /// Adds what `record` says about a packet as its comment.
    fn comment(&mut self, record: &Record) {
        let said =
            Record { host: if is_of_link(record) { HostId::Link } else { record.host }, ..*record };
        let comment = words::describe(&said, self.setting, Known::default()).sentence();
        if let Some(last) = self.last.as_mut().filter(|last| last.concerns(record)) {
            last.packet.comments.push(comment);
            return;
        }
        let waited = matches!(
            (record.host, record.what),
            (HostId::Server(_), What::Dropped { direction: Direction::Request, .. })
        );
        if let Some(mut packet) = waited.then(|| self.kept.take(key(record))).flatten() {
            packet.nanos = self.nanos(record);
            packet.comments.push(comment);
            self.file.packet(&packet);
        }
    }

    /// Adds a packet, which then waits for its comments.
    fn captured(&mut self, record: &Record, link_type: u16, bytes: Vec<u8>) {
        self.complete();
        let is_out =
            matches!(record.what, What::Sent { .. } | What::Frame { step: FrameStep::Sent, .. });
        let comments = match record.what {
            // What a host says about a packet that no machine handles.
            What::Note { words } => vec![words.to_string()],
            _ => Vec::new(),
        };
        let way = if is_out { Way::Out } else { Way::In };
        let (nanos, interface) = (self.nanos(record), self.interface(record, link_type));
        let packet = writer::Packet { interface, nanos, way, bytes, comments };
        self.last = Some(Pending { packet, record: *record });
    }

    fn nanos(&self, record: &Record) -> u64 {
        record.at.saturating_add(self.epoch).as_nanos()
    }
}

impl Pending {
    /// Returns whether `record` says what happened to this packet, or to the reply that it caused.
    fn concerns(&self, record: &Record) -> bool {
        if record.flow != self.record.flow || record.at != self.record.at {
            return false;
        }
        match (record.packet(), self.record.packet()) {
            (Some(one), Some(other)) if one.direction == other.direction => one == other,
            // A reply that the link of a real server drops is never sent: its request says so.
            (Some(one), Some(_)) => one.direction == Direction::Reply,
            _ => false,
        }
    }
}

impl Kept {
    fn add(&mut self, key: Key, packet: writer::Packet) {
        if self.bytes + packet.bytes.len() <= self.max_bytes {
            self.bytes += packet.bytes.len();
            self.requests.entry(key).or_default().push_back(packet);
        }
    }

    /// Removes the oldest request of this client and send.
    fn take(&mut self, key: Key) -> Option<writer::Packet> {
        let waiting = self.requests.get_mut(&key)?;
        let packet = waiting.pop_front();
        if waiting.is_empty() {
            self.requests.remove(&key);
        }
        self.bytes -= packet.as_ref().map_or(0, |packet| packet.bytes.len());
        packet
    }
}

/// Returns whether the link did what `record` says. A real server has its link inside, and reports for it.
fn is_of_link(record: &Record) -> bool {
    match record.what {
        What::Dropped { direction: Direction::Request, cause } => {
            cause.name().starts_with("link.")
                || matches!(cause, Cause::Partition | Cause::FaultLoss | Cause::ByHand)
        }
        What::Dropped { .. }
        | What::Duplicated { .. }
        | What::Damaged { .. }
        | What::DelayedByHand { .. }
        | What::DuplicatedByHand { .. } => true,
        _ => false,
    }
}

fn key(record: &Record) -> Key {
    let flow = record.flow.map_or(0, std::num::NonZeroU32::get);
    (flow, record.label.map(|label| (label.exchange.get(), label.send.get())))
}

fn is_request_at_server(record: &Record) -> bool {
    let is_request = match record.what {
        What::Delivered { direction } => direction == Direction::Request,
        What::Frame { step, direction, carried, .. } => {
            (step, direction, carried) == (FrameStep::Received, Direction::Request, Carried::Udp)
        }
        _ => false,
    };
    matches!(record.host, HostId::Server(_)) && is_request
}

impl Sink for Capture {
    fn record(&mut self, record: &Record) {
        match record.what {
            What::Dropped { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Frame {
                step: FrameStep::Lost(_) | FrameStep::Duplicated | FrameStep::Damaged,
                ..
            }
            | What::LateReply
            | What::Stranger => self.comment(record),
            What::Note { words } if words.ends_with(IGNORED) => self.comment(record),
            // The server's answer or its work ends the wait of a request.
            What::Served { .. } | What::Sent { direction: Direction::Reply, .. } => {
                if matches!(record.host, HostId::Server(_)) {
                    self.complete();
                    self.kept.take(key(record));
                }
            }
            _ => {}
        }
    }

    fn frame(&mut self, record: &Record, bytes: &[u8]) {
        // A second capture of a segment, where it arrives, would look like a retransmission.
        let What::Frame { step, carried, .. } = record.what else { return };
        if step != FrameStep::Received || !carried.is_tcp() {
            self.packet(record, Packet::Frame(bytes));
        }
        // A host that is down loses the frame: it is in the file where it would have arrived.
        self.record(record);
    }

    fn takes_packets(&self) -> bool {
        !self.file.has_failed()
    }

    fn packet(&mut self, record: &Record, packet: Packet<'_>) {
        match packet {
            _ if self.has_failed() => {}
            Packet::Datagram { from, to, payload } => {
                self.captured(record, RAW, frame::udp(from, to, payload));
            }
            Packet::Frame(bytes) => self.captured(record, ETHERNET, bytes.to_vec()),
            _ => {}
        }
    }

    fn settle(&mut self) {
        self.complete();
    }
}
