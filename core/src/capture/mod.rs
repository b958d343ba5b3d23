//! Captures of what each host sends and receives, in the format of Wireshark, tshark and other programs (pcapng).
//!
//! The packets of a UDP datagram begin with an IP header (link type RAW): there is no Ethernet below them, and
//! nothing is invented. Frames of hosts that have an Ethernet are written as they are, on an interface of that type; those
//! with a TCP segment only where they are sent.
//! Each host is an interface. A simulated datagram is in the file where it is sent and where it arrives, so its
//! latency can be seen.
//!
//! A packet that was dropped, damaged, duplicated or too late has a comment, in the words of the trace. What happens
//! to a packet follows in the records after it, so the last packet waits for them.

pub mod frame;
mod writer;

pub use writer::{ETHERNET, Packet, RAW, Way, Writer};

use crate::time::Duration;
use crate::trace::words::{self, Known, Setting};
use crate::trace::{self, Carried, Cause, Direction, FrameStep, HostId, Record, Sink, What};
use alloc::collections::{BTreeMap, VecDeque};
use alloc::format;
use alloc::string::ToString;
use alloc::vec;
use alloc::vec::Vec;

/// Maximum number of bytes of requests that wait at the server and are kept in case it drops them.
const MAX_KEPT: usize = 64 << 20;

/// End of the note of a machine that ignores a datagram.
const IGNORED: &str = ", ignored";

/// Where a capture goes. A [`Writer`] keeps it in memory.
pub trait File {
    /// Returns the number of the interface with this link-layer header type and name.
    fn interface(&mut self, link_type: u16, name: &str, description: &str) -> u32;

    /// Adds a packet.
    fn packet(&mut self, packet: &Packet);

    /// Returns whether the packets are those of real sockets.
    fn is_live(&self) -> bool {
        false
    }

    /// Returns whether the file could not be written. Nothing more is written then.
    fn has_failed(&self) -> bool {
        false
    }
}

impl File for Writer {
    fn interface(&mut self, link_type: u16, name: &str, description: &str) -> u32 {
        Self::interface(self, link_type, name, description).0
    }

    fn packet(&mut self, packet: &Packet) {
        Self::packet(self, packet);
    }
}

/// A capture, as a sink.
#[derive(Debug)]
pub struct Capture<F> {
    file: F,
    /// What the server is, if it is not the only one.
    service: Option<&'static str>,
    /// The Unix time at which the clock of the records began; zero in a simulation.
    epoch: Duration,
    setting: Setting,
    last: Option<Pending>,
    kept: Kept,
}

/// The last packet, which waits for its comments.
#[derive(Debug)]
struct Pending {
    packet: Packet,
    record: Record,
}

/// Requests that wait at a server. It may drop them later: they are then written again, with the reason.
#[derive(Debug, Default)]
struct Kept {
    requests: BTreeMap<Key, VecDeque<Packet>>,
    bytes: usize,
    max_bytes: usize,
}

/// The client, the exchange and the send of a request, as far as they are known.
type Key = (u32, Option<(u32, u32)>);

impl<F: File> Capture<F> {
    /// Begins a capture. `epoch` is the Unix time at which the clock of the records began; zero in a simulation.
    pub fn new(file: F, epoch: Duration, setting: Setting) -> Self {
        Self { file, service: None, epoch, setting, last: None, kept: Kept::default() }
    }

    /// Returns the capture of another server, to the same file.
    #[must_use]
    pub fn beside(&self, service: &'static str) -> Self
    where
        F: Clone,
    {
        let other = Self::new(self.file.clone(), self.epoch, self.setting);
        Self { service: Some(service), ..other }
    }

    /// Sets whether the server may drop a request some time after its arrival: it is kept until then.
    #[must_use]
    pub fn with_waiting(mut self, waiting: bool) -> Self {
        self.kept.max_bytes = if waiting { MAX_KEPT } else { 0 };
        self
    }

    /// Returns where the capture goes.
    pub fn file(&self) -> &F {
        &self.file
    }

    /// Returns the Unix time at which the clock of the records began.
    pub fn epoch(&self) -> Duration {
        self.epoch
    }

    /// Writes the last packet, and returns where the capture went.
    pub fn finish(mut self) -> F {
        self.complete();
        self.file
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
    fn interface(&mut self, record: &Record, link_type: u16) -> u32 {
        let flow = record.flow.map_or(0, core::num::NonZeroU32::get);
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
        self.file.interface(link_type, &name, &description)
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
        let packet = Packet { interface, nanos, way, bytes, comments };
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
    fn add(&mut self, key: Key, packet: Packet) {
        if self.bytes + packet.bytes.len() <= self.max_bytes {
            self.bytes += packet.bytes.len();
            self.requests.entry(key).or_default().push_back(packet);
        }
    }

    /// Removes the oldest request of this client and send.
    fn take(&mut self, key: Key) -> Option<Packet> {
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
    let flow = record.flow.map_or(0, core::num::NonZeroU32::get);
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

impl<F: File> Sink for Capture<F> {
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
            self.packet(record, trace::Packet::Frame(bytes));
        }
        // A host that is down loses the frame: it is in the file where it would have arrived.
        self.record(record);
    }

    fn takes_packets(&self) -> bool {
        !self.file.has_failed()
    }

    fn packet(&mut self, record: &Record, packet: trace::Packet<'_>) {
        match packet {
            _ if self.file.has_failed() => {}
            trace::Packet::Datagram { from, to, payload } => {
                self.captured(record, RAW, frame::udp(from, to, payload));
            }
            trace::Packet::Frame(bytes) => self.captured(record, ETHERNET, bytes.to_vec()),
        }
    }

    fn settle(&mut self) {
        self.complete();
    }
}
