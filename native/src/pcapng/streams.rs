//! The packets of TCP connections, reconstructed from what a program reads and writes.
//!
//! A program sees bytes, not segments. So that Wireshark can show a connection as it always does (its steps, its
//! bytes in both directions, the messages of HTTP and DNS in them), each step and each read or write becomes a
//! packet with consistent headers. The times, addresses, bytes and their order are real; how the bytes were
//! divided into segments, their numbers, acknowledgements and retransmissions are not known. The first packet of an
//! interface has a comment that says so.

use super::Capture;
use super::file::CaptureFile;
use retrylab::tcp::Happened;
use retrylab_core::capture::frame::{self, ACK, FIN, MAX_SEGMENT, PSH, RST, SYN, Segment};
use retrylab_core::capture::{File as _, Packet, RAW, Way};
use retrylab_core::stream::ConnectionId;
use retrylab_core::time::{Duration, Instant};
use std::collections::HashMap;
use std::io;
use std::net::SocketAddr;

/// The comment of the first packet of an interface.
const RECONSTRUCTED: &str = "The headers of this interface's packets are reconstructed: retrylab sees what it reads \
                             and writes, not the segments of TCP.";

/// The connections of one service, as packets of a capture, if there is one.
pub(crate) struct StreamCapture {
    file: Option<CaptureFile>,
    epoch: Duration,
    /// The name of the interface.
    name: String,
    /// Connections that are open.
    open: HashMap<ConnectionId, Conversation>,
    /// Attempts to open one.
    attempts: Vec<(ConnectionId, Conversation)>,
    /// Number of conversations so far.
    count: u32,
    /// Time of the last packet: the times of one service's connections do not go back.
    nanos: u64,
    /// Comments for the next packet of a connection.
    comments: HashMap<ConnectionId, Vec<String>>,
    /// The last packet, which waits for its comments.
    last: Option<(ConnectionId, Packet)>,
}

impl Drop for StreamCapture {
    fn drop(&mut self) {
        self.settle();
    }
}

/// The ends of a connection, and the number of the next byte that each of them sends.
#[derive(Clone, Copy, Debug)]
struct Conversation {
    local: SocketAddr,
    peer: SocketAddr,
    sent: u32,
    received: u32,
    /// Which end has closed its direction last.
    last_end: Way,
}

impl StreamCapture {
    /// Returns the capture of the TCP connections of `host`, to the same file. Without a capture, it does nothing.
    pub(crate) fn of(capture: Option<&Capture>, host: &str) -> Self {
        Self {
            file: capture.map(|capture| capture.file().clone()),
            epoch: capture.map_or(Duration::ZERO, Capture::epoch),
            name: format!("{host}, TCP"),
            open: HashMap::new(),
            attempts: Vec::new(),
            count: 0,
            nanos: 0,
            comments: HashMap::new(),
            last: None,
        }
    }

    /// Adds a comment to the packet of a connection that was just captured, or to its next one.
    pub(crate) fn comment(&mut self, id: ConnectionId, comment: &str) {
        if let Some((last, packet)) = &mut self.last
            && *last == id
        {
            packet.comments.push(comment.to_string());
        } else if self.open.contains_key(&id) || self.attempts.iter().any(|(other, _)| *other == id)
        {
            self.comments.entry(id).or_default().push(comment.to_string());
        }
    }

    /// Writes the last packet: it gets no more comments.
    pub(crate) fn settle(&mut self) {
        if let (Some(file), Some((_, packet))) = (&self.file, self.last.take()) {
            file.packet(&packet);
        }
    }

    /// Captures what happens to a connection.
    pub(crate) fn happened(&mut self, at: Instant, id: ConnectionId, what: Happened<'_>) {
        if self.file.as_ref().is_none_or(CaptureFile::has_failed) {
            return;
        }
        let nanos = at.saturating_add(self.epoch).as_nanos();
        match what {
            // Without an address of this end, nothing was sent.
            Happened::Trying { local: Some(local), peer } => {
                let mut conversation = self.conversation(local, peer);
                self.segment(nanos, id, &mut conversation, Way::Out, SYN, &[]);
                self.attempts.push((id, conversation));
            }
            Happened::Failed(peer, error) => self.not_connected(nanos, id, peer, error),
            Happened::Connected { local, peer } => self.connected(nanos, id, local, peer),
            Happened::Accepted { local, peer } => {
                let mut conversation = self.conversation(local, peer);
                self.segment(nanos, id, &mut conversation, Way::In, SYN, &[]);
                self.segment(nanos, id, &mut conversation, Way::Out, SYN | ACK, &[]);
                self.segment(nanos, id, &mut conversation, Way::In, ACK, &[]);
                self.open.insert(id, conversation);
            }
            Happened::Sent(bytes) => self.bytes(nanos, id, Way::Out, bytes),
            Happened::Received(bytes) => self.bytes(nanos, id, Way::In, bytes),
            Happened::Finished => self.step(nanos, id, Way::Out, FIN | ACK),
            Happened::PeerFinished => self.step(nanos, id, Way::In, FIN | ACK),
            Happened::Released => self.released(nanos, id),
            Happened::Broken(error) => self.broken(nanos, id, error),
            Happened::Aborted => self.aborted(nanos, id),
            _ => {}
        }
    }

    /// Returns a new conversation, with its own first sequence number, so that conversations on the same ports stay
    /// apart.
    fn conversation(&mut self, local: SocketAddr, peer: SocketAddr) -> Conversation {
        let first = self.count.wrapping_mul(1 << 16);
        self.count = self.count.wrapping_add(1);
        Conversation { local, peer, sent: first, received: first, last_end: Way::Out }
    }

    /// Captures an attempt that has failed.
    fn not_connected(&mut self, nanos: u64, id: ConnectionId, peer: SocketAddr, error: &io::Error) {
        let is_it = |(other, attempt): &(_, Conversation)| *other == id && attempt.peer == peer;
        let Some(at) = self.attempts.iter().position(is_it) else { return };
        let (_, mut attempt) = self.attempts.remove(at);
        let comment = format!("The connection cannot be opened: {error}.");
        if error.kind() == io::ErrorKind::ConnectionRefused {
            self.segment(nanos, id, &mut attempt, Way::In, RST | ACK, &[]);
            self.comment(id, &comment);
        } else {
            self.again(nanos, id, attempt, &comment);
        }
    }

    fn connected(&mut self, nanos: u64, id: ConnectionId, local: SocketAddr, peer: SocketAddr) {
        let mut conversation = None;
        for attempt in self.take_attempts(id) {
            if (attempt.local, attempt.peer) == (local, peer) {
                conversation = Some(attempt);
            } else {
                self.again(nanos, id, attempt, "Abandoned: another address has answered first.");
            }
        }
        let Some(mut conversation) = conversation else { return };
        self.segment(nanos, id, &mut conversation, Way::In, SYN | ACK, &[]);
        self.segment(nanos, id, &mut conversation, Way::Out, ACK, &[]);
        self.open.insert(id, conversation);
    }

    fn bytes(&mut self, nanos: u64, id: ConnectionId, way: Way, bytes: &[u8]) {
        let Some(mut conversation) = self.open.get(&id).copied() else { return };
        for payload in bytes.chunks(MAX_SEGMENT) {
            self.segment(nanos, id, &mut conversation, way, PSH | ACK, payload);
        }
        self.open.insert(id, conversation);
    }

    fn step(&mut self, nanos: u64, id: ConnectionId, way: Way, flags: u8) {
        let Some(mut conversation) = self.open.get(&id).copied() else { return };
        conversation.last_end = way;
        self.segment(nanos, id, &mut conversation, way, flags, &[]);
        self.open.insert(id, conversation);
    }

    /// Captures the acknowledgement of the last end.
    fn released(&mut self, nanos: u64, id: ConnectionId) {
        let Some(mut conversation) = self.open.remove(&id) else { return };
        let way = if conversation.last_end == Way::In { Way::Out } else { Way::In };
        self.segment(nanos, id, &mut conversation, way, ACK, &[]);
    }

    fn broken(&mut self, nanos: u64, id: ConnectionId, error: &io::Error) {
        use io::ErrorKind as K;
        let Some(mut conversation) = self.open.remove(&id) else { return };
        // Otherwise nothing has arrived, and the system has given up.
        let is_reset =
            matches!(error.kind(), K::ConnectionReset | K::BrokenPipe | K::ConnectionAborted);
        let (way, flags) = if is_reset { (Way::In, RST | ACK) } else { (Way::Out, ACK) };
        self.segment(nanos, id, &mut conversation, way, flags, &[]);
        self.comment(id, &format!("The connection is broken: {error}."));
    }

    fn aborted(&mut self, nanos: u64, id: ConnectionId) {
        for attempt in self.take_attempts(id) {
            self.again(nanos, id, attempt, "Abandoned: nobody has answered.");
        }
        if let Some(mut conversation) = self.open.remove(&id) {
            self.segment(nanos, id, &mut conversation, Way::Out, RST | ACK, &[]);
            self.comment(id, "This end breaks the connection.");
        }
    }

    /// Removes the attempts to open a connection, and returns them.
    fn take_attempts(&mut self, id: ConnectionId) -> Vec<Conversation> {
        let taken = self.attempts.extract_if(.., |(other, _)| *other == id);
        taken.map(|(_, attempt)| attempt).collect()
    }

    /// Captures the first packet of an attempt again, with the reason why it has failed: nothing else was sent.
    fn again(&mut self, nanos: u64, id: ConnectionId, attempt: Conversation, comment: &str) {
        let mut again = Conversation { sent: attempt.sent.wrapping_sub(1), ..attempt };
        self.segment(nanos, id, &mut again, Way::Out, SYN, &[]);
        self.comment(id, comment);
    }

    /// Captures a segment, which counts in the numbers of its conversation.
    fn segment(
        &mut self,
        nanos: u64,
        id: ConnectionId,
        conversation: &mut Conversation,
        way: Way,
        flags: u8,
        payload: &[u8],
    ) {
        self.settle();
        let Some(file) = &self.file else { return };
        self.nanos = self.nanos.max(nanos);
        let Conversation { local, peer, sent, received, .. } = conversation;
        let (from, to, own, other) = match way {
            Way::Out => (*local, *peer, sent, &*received),
            Way::In => (*peer, *local, received, &*sent),
        };
        let acknowledged = if flags & ACK != 0 { *other } else { 0 };
        let segment = Segment { from, to, sequence: *own, acknowledged, flags, payload };
        let bytes = frame::tcp(&segment);
        // A SYN and a FIN count as a byte each (RFC 9293 section 3.4).
        let length = payload.len() as u32 + u32::from(flags & (SYN | FIN) != 0);
        *own = own.wrapping_add(length);
        let description = "TCP connections: each packet is what retrylab read or wrote at once, or a step of a \
                           connection; its headers are reconstructed";
        let (interface, is_new) = file.interface(RAW, &self.name, description);
        let mut comments = self.comments.remove(&id).unwrap_or_default();
        if is_new {
            comments.insert(0, RECONSTRUCTED.to_string());
        }
        self.last = Some((id, Packet { interface, nanos: self.nanos, way, bytes, comments }));
    }
}
