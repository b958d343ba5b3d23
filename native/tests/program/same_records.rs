//! The same script runs through the simulated network and over real sockets: both drivers write the same records.
//!
//! A script is some clients and a server that drops, fails or delays requests as the script says. What a real run
//! cannot have in common with a simulated one is removed by [`comparable`], and nowhere else.

use crate::common::within_three_tries;
use retrylab::clock::Clock;
use retrylab::udp::{self, Ended, Socket};
use retrylab_core::client::{Client, Config, OpenClient};
use retrylab_core::dist::Distribution;
use retrylab_core::link::Link;
use retrylab_core::machine::{Label, Machine, Subject, Timer, Transmit};
use retrylab_core::policy::Policy;
use retrylab_core::protocol::{Echo, Token};
use retrylab_core::random::Probability;
use retrylab_core::server::echo::{self, Reply, Server};
use retrylab_core::server::service::{self, Overflow, Station};
use retrylab_core::sim::{Network, SERVER};
use retrylab_core::time::{Duration, Instant};
use retrylab_core::trace::{Cause, HostId, Record, What};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::num::NonZeroU32;
use tokio::task::JoinSet;

/// One way over the simulated link. Over the loopback it is less.
const LATENCY: Duration = Duration::from_millis(1);

/// A timer fires at least this long after everything else, so that a busy machine does not change the order.
const GAP: Duration = Duration::from_millis(90);

/// Time for the server to finish when its clients have.
const REST: Duration = Duration::from_millis(200);

/// The records of each host of a run.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Trace {
    clients: Vec<Vec<Record>>,
    server: Vec<Record>,
}

impl Trace {
    /// Lines of text, so that a difference is easy to find.
    fn lines(&self, labels: Labels) -> Vec<String> {
        let hosts = self.clients.iter().chain([&self.server]);
        hosts.flatten().map(|record| format!("{:?}", comparable(record, labels))).collect()
    }

    fn has(&self, wanted: impl Fn(&What) -> bool) -> bool {
        self.clients.iter().chain([&self.server]).flatten().any(|record| wanted(&record.what))
    }
}

/// Do the datagrams name their sends?
#[derive(Clone, Copy, PartialEq, Eq)]
enum Labels {
    /// All that have one: an end knows as much as the network.
    InPayload,
    /// None: the network knows more.
    InNetwork,
}

/// Removes what the two runs cannot have in common:
///
/// - Times. In a real run they are measured.
/// - The client's number at a client. A client of a real run knows only itself and is number 1.
/// - The send that an arriving datagram belongs to, and what follows from it, if no payload names it.
fn comparable(record: &Record, labels: Labels) -> Record {
    let (at, elapsed) = (Instant::ZERO, Duration::ZERO);
    let what = match record.what {
        What::TimerArmed { timer, .. } => What::TimerArmed { timer, deadline: at },
        What::Answered { sends, answered_send, .. } => {
            What::Answered { sends, answered_send, elapsed }
        }
        What::GaveUp { sends, why, .. } => What::GaveUp { sends, elapsed, why },
        What::Refused { sends, .. } => What::Refused { sends, elapsed },
        What::Served { .. } => What::Served { arrived: at, begun: at },
        other => other,
    };
    let of_client = record.host == HostId::Client;
    let flow = if of_client { NonZeroU32::new(1) } else { record.flow };
    let about_arrival = !of_client
        || matches!(what, What::Delivered { .. } | What::Failed | What::LateReply | What::Stranger);
    let unknown = labels == Labels::InNetwork && about_arrival;
    let label = record.label.filter(|_| !unknown);
    Record { at, flow, label, what, ..*record }
}

/// Runs the machines in the simulated network.
fn simulated<C, S>((clients, server): (Vec<C>, S)) -> Trace
where
    C: Machine<Event: Into<What>>,
    S: Machine<Event: Into<What>>,
{
    let link = Link::default().with_latency(Distribution::Constant(LATENCY).into());
    let mut network = Network::new(clients, server, link, 1, Vec::<Record>::new());
    while network.step().is_some() {}
    let count = network.clients().len();
    let records = network.into_sink();
    let mut last = Instant::ZERO;
    for record in &records {
        let gap = record.at.saturating_since(last);
        let fired = matches!(record.what, What::TimerFired { .. });
        assert!(!fired || gap >= GAP, "{gap:?} before {record:?} is too short");
        last = record.at;
    }
    let of = |host: HostId, flow: Option<u32>| -> Vec<Record> {
        let own = |record: &&Record| {
            record.host == host && flow.is_none_or(|flow| record.flow == NonZeroU32::new(flow))
        };
        records.iter().filter(own).copied().collect()
    };
    let clients = (1..=count as u32).map(|flow| of(HostId::Client, Some(flow))).collect();
    Trace { clients, server: of(HostId::SERVER, None) }
}

/// Runs the machines that `script` returns for the server's address over sockets of the loopback.
fn real<C, S>(script: impl Fn(SocketAddr) -> (Vec<C>, S)) -> Trace
where
    C: Machine<Event: Clone + Into<What> + Send> + Send + 'static,
    S: Machine<Event: Clone + Into<What>>,
{
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let serving = Socket::serving("127.0.0.1:0".parse().unwrap()).await.unwrap();
        let address = serving.local_addr().unwrap();
        let (machines, mut server) = script(address);
        let mut trace = Trace { clients: vec![Vec::new(); machines.len()], server: Vec::new() };
        let (clock, mut running) = (Clock::start(), JoinSet::new());
        for (i, mut machine) in machines.into_iter().enumerate() {
            let socket = Socket::connected(address).await.unwrap();
            running.spawn(async move {
                let mut records: Vec<Record> = Vec::new();
                let ended = udp::drive(&mut machine, &socket, clock, &mut records, ()).await;
                assert_eq!(ended.unwrap(), Ended::Finished);
                // The socket stays open: a late reply to it does not reach a closed port.
                (i, records, socket)
            });
        }
        let clients = async {
            let mut sockets = Vec::new();
            while let Some(finished) = running.join_next().await {
                let (i, records, socket) = finished.unwrap();
                trace.clients[i] = records;
                sockets.push(socket);
            }
            tokio::time::sleep(REST).await;
        };
        tokio::select! {
            () = clients => {}
            ended = udp::drive(&mut server, &serving, clock, &mut trace.server, ()) => {
                panic!("the server has ended: {ended:?}");
            }
        }
        trace
    })
}

/// Asserts that both drivers write the same records. Returns the simulated ones.
fn same<C, S>(labels: Labels, script: impl Fn(SocketAddr) -> (Vec<C>, S)) -> Trace
where
    C: Machine<Event: Clone + Into<What> + Send> + Send + 'static,
    S: Machine<Event: Clone + Into<What>>,
{
    let expected = simulated(script(SERVER));
    let lines = expected.lines(labels);
    within_three_tries(|| {
        let measured = real(&script).lines(labels);
        let differs =
            (0..lines.len().max(measured.len())).find(|i| lines.get(*i) != measured.get(*i));
        differs.map_or(Ok(()), |i| {
            let (sim, udp) = (lines.get(i), measured.get(i));
            Err(format!("record {i}:\nsimulated {sim:?}\nreal      {udp:?}"))
        })
    });
    expected
}

/// Sends after 0, 200 and 600 ms; gives up after 1.4 s.
fn policy() -> Policy {
    let policy = Policy::exponential(Duration::from_millis(200)).max_sends(Some(3));
    policy.build().unwrap()
}

/// Drops by number, fails by chance, and mirrors.
fn dropping(list: &str) -> echo::Config {
    echo::Config::default().with_drop_list(list.parse().unwrap()).with_reply(Reply::Mirror)
}

/// Two clients of a closed loop: the first one's exchanges and the pause between them in milliseconds, the second
/// one's exchanges and the delay before each.
fn two(server: SocketAddr, token: bool, first: (u32, u64), second: (u32, u64)) -> Vec<Client> {
    let config = Config::new(server, Echo::new(b"hello").with_token(token)).policy(policy());
    let pause = Distribution::Constant(Duration::from_millis(first.1));
    let first = Client::new(config.exchanges(first.0).think(Some(pause)));
    let delay = format!("{}ms", second.1).parse().unwrap();
    let late = policy().to_builder().first_delay(Some(delay)).build().unwrap();
    let config = Config::new(server, Echo::new(b"there").with_token(token)).policy(late);
    vec![first, Client::numbered(config.exchanges(second.0), 2)]
}

#[test]
fn a_closed_loop() {
    let script = |token| {
        move |server| {
            let fail = Probability::parse("0.3").unwrap();
            let config = dropping("3,4,7-9").with_fail(fail);
            (two(server, token, (4, 400), (1, 300)), Server::new(config, 1))
        }
    };
    let trace = same(Labels::InPayload, script(true));
    assert!(trace.has(|what| matches!(what, What::GaveUp { sends: 3, .. })));
    assert!(trace.has(|what| matches!(what, What::Answered { sends: 3, .. })));
    assert!(trace.has(|what| *what == What::Failed));
    same(Labels::InNetwork, script(false));
}

/// Exchanges that overlap.
#[test]
fn an_open_loop() {
    let trace = same(Labels::InPayload, |server| {
        let config = Config::new(server, Echo::new(b"hello").with_token(true)).policy(policy());
        let arrivals = "times 100ms, 400ms, 500ms, 1.7s".parse().unwrap();
        let client = OpenClient::numbered(config.exchanges(4).open(arrivals), 1);
        (vec![client], Server::new(dropping("1,3-5,7-9"), 1))
    });
    assert!(trace.has(|what| matches!(what, What::GaveUp { sends: 3, .. })));
    assert!(trace.has(|what| matches!(what, What::Answered { sends: 3, .. })));
}

/// One worker. Requests wait, expire, find the queue full and are answered too late.
#[test]
fn a_server_with_a_queue() {
    let trace = same(Labels::InPayload, |server| {
        let config = service::Config::default()
            .with_service(Distribution::Constant(Duration::from_millis(350)))
            .with_queue(Some(1))
            .with_overflow(Overflow::Fail)
            .with_expire(Some(Duration::from_millis(160)));
        let station = Station::new(Server::new(dropping("none"), 1), config, 1);
        (two(server, true, (2, 600), (1, 600)), station)
    });
    assert!(trace.has(|what| *what == What::Failed));
    assert!(trace.has(|what| *what == What::LateReply));
    assert!(trace.has(|what| matches!(what, What::Dropped { cause: Cause::Expired, .. })));
}

/// What the foreign machines report: words, and what they refer to.
#[derive(Clone, Copy)]
struct Note(&'static str, Subject);

impl From<Note> for What {
    fn from(Note(words, _): Note) -> Self {
        Self::from(words)
    }
}

/// The payloads of the foreign machines begin with a token, or not.
fn token(payload: &[u8]) -> Option<Label> {
    Token::parse(payload).map(|Token(label)| label)
}

/// Probes four times, 200 ms apart, and says each time that it is alive. Expects two replies to each probe.
struct Prober {
    server: SocketAddr,
    /// When the next probe is due; `None` before the start and after the last probe.
    next: Option<Instant>,
    probes: u32,
    replies: u32,
    sending: VecDeque<(Option<Label>, Vec<u8>)>,
    events: VecDeque<Note>,
}

impl Prober {
    fn new(server: SocketAddr) -> Self {
        let (sending, events) = (VecDeque::new(), VecDeque::new());
        Self { server, next: None, probes: 0, replies: 0, sending, events }
    }

    fn report(&mut self, words: &'static str, label: Option<Label>) {
        self.events.push_back(Note(words, Subject::send(label)));
    }
}

impl Machine for Prober {
    type Event = Note;

    fn handle_start(&mut self, now: Instant) {
        self.next = Some(now.saturating_add(Duration::from_millis(100)));
        self.report("ready", None);
    }

    fn handle_datagram(&mut self, _: Instant, _: SocketAddr, _: SocketAddr, bytes: &[u8]) {
        self.replies += 1;
        self.report("a reply", token(bytes));
        if self.replies.is_multiple_of(2) {
            self.report("the second one", None);
        }
    }

    fn handle_timeout(&mut self, now: Instant) {
        let Some(at) = self.next.filter(|at| *at <= now) else { return };
        self.probes += 1;
        self.next = Some(at.saturating_add(Duration::from_millis(200))).filter(|_| self.probes < 4);
        let label = Label::new(self.probes.div_ceil(2), 2 - self.probes % 2);
        let mut probe = Vec::new();
        Token(label.expect("both count from 1")).emit(&mut probe);
        self.sending.push_back((label, probe));
        self.sending.push_back((None, b"alive".to_vec()));
        self.report("probing", label);
    }

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (label, payload) = self.sending.pop_front()?;
        buf.extend_from_slice(&payload);
        self.report("sent", label);
        Some(Transmit::to(self.server).labelled(label))
    }

    fn poll_event(&mut self) -> Option<Note> {
        self.events.pop_front()
    }

    fn subject(&self, Note(_, subject): &Note) -> Subject {
        *subject
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        let name = if self.probes.is_multiple_of(2) { &"tick" } else { &"tock" };
        self.next.map(|at| (Timer::Other(name), at))
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        token(payload)
    }

    fn is_finished(&self) -> bool {
        self.replies == 8
    }
}

/// Returns each probe at once, and again after 100 ms.
#[derive(Default)]
struct Parrot {
    sending: VecDeque<(SocketAddr, Vec<u8>)>,
    again: Option<(Instant, SocketAddr, Vec<u8>)>,
    events: VecDeque<Note>,
    noted: Option<Label>,
}

impl Machine for Parrot {
    type Event = Note;

    fn handle_datagram(&mut self, now: Instant, _: SocketAddr, from: SocketAddr, bytes: &[u8]) {
        if token(bytes).is_none() {
            return self.events.push_back(Note("alive", Subject::default()));
        }
        assert_eq!(self.noted, token(bytes), "the driver notes the send");
        self.sending.push_back((from, bytes.to_vec()));
        let at = now.saturating_add(Duration::from_millis(100));
        self.again = Some((at, from, bytes.to_vec()));
        self.events.push_back(Note("a probe", Subject::of(from, token(bytes))));
    }

    fn handle_timeout(&mut self, now: Instant) {
        if let Some((_, to, bytes)) = self.again.take_if(|(at, ..)| *at <= now) {
            self.events.push_back(Note("again", Subject::of(to, token(&bytes))));
            self.sending.push_back((to, bytes));
        }
    }

    fn poll_transmit(&mut self, _: Instant, buf: &mut Vec<u8>) -> Option<Transmit> {
        let (to, payload) = self.sending.pop_front()?;
        buf.extend_from_slice(&payload);
        Some(Transmit::to(to).labelled(token(&payload)))
    }

    fn poll_event(&mut self) -> Option<Note> {
        self.events.pop_front()
    }

    fn subject(&self, Note(_, subject): &Note) -> Subject {
        *subject
    }

    fn poll_timeout(&mut self) -> Option<(Timer, Instant)> {
        self.again.as_ref().map(|(at, ..)| (Timer::Other(&"again"), *at))
    }

    fn timer_subject(&self) -> Subject {
        let subject = |(_, to, bytes): &(_, _, Vec<u8>)| Subject::of(*to, token(bytes));
        self.again.as_ref().map_or_else(Subject::default, subject)
    }

    fn note_label(&mut self, label: Option<Label>) {
        self.noted = label;
    }

    fn label_of(&self, payload: &[u8]) -> Option<Label> {
        token(payload)
    }
}

/// Machines that this project knows nothing of, on both sides.
#[test]
fn foreign_machines() {
    let trace = same(Labels::InPayload, |server| (vec![Prober::new(server)], Parrot::default()));
    let notes = |words| What::Note { words };
    assert_eq!(trace.clients[0][0].what, notes("ready"));
    for words in ["probing", "sent", "a reply", "the second one", "a probe", "alive", "again"] {
        assert!(trace.has(|what| *what == notes(words)), "{words}");
    }
}
