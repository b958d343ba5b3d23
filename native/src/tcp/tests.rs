//! Clients and servers of the core over real sockets of the loopback.

use super::*;
use retrylab_core::client::{ClosedLoop, Config};
use retrylab_core::policy::Policy;
use retrylab_core::protocol::Echo;
use retrylab_core::protocol::echo::Reply;
use retrylab_core::server::echo;
use retrylab_core::stream::{
    Client, EchoService, Event, Failure, Limit, Limits, Server, ServerEvent,
};
use retrylab_core::time::Duration;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream as StdStream};

/// More than any test takes, even on a slow machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(PATIENCE, test).await.expect("the test ends") })
}

/// Remembers events, and what happens in words.
#[derive(Debug)]
struct Seen<E> {
    events: Vec<E>,
    happened: Vec<String>,
    /// The driver stops after this many events.
    enough: usize,
}

impl<E> Default for Seen<E> {
    fn default() -> Self {
        Self { events: Vec::new(), happened: Vec::new(), enough: usize::MAX }
    }
}

impl<E: Endpoint<Event: Clone>> Observer<E> for Seen<E::Event> {
    fn event(&mut self, _at: Instant, _endpoint: &E, event: &E::Event) -> ControlFlow<()> {
        self.events.push(event.clone());
        if self.events.len() >= self.enough {
            return ControlFlow::Break(());
        }
        ControlFlow::Continue(())
    }

    fn happened(&mut self, _at: Instant, _id: ConnectionId, what: Happened<'_>) {
        let words = format!("{what:?}");
        self.happened.push(words.split([' ', '(']).next().unwrap_or_default().to_string());
    }
}

type EchoServer = Server<EchoService>;
type Events = Seen<<EchoServer as Endpoint>::Event>;

fn server(reply: Reply, limits: Limits) -> (Driver<EchoServer, Events>, SocketAddr) {
    let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let address = listener.local_addr();
    let config = echo::Config::default().with_reply(reply);
    let endpoint = Server::new(EchoService::new(config, 1), limits);
    (Driver::server(endpoint, listener, Clock::start(), Seen::default()), address)
}

/// Waits for one reply for a long time.
fn patient(peer: SocketAddr, message: &[u8]) -> Config<ClosedLoop, Echo> {
    let policy = {
        let policy = Policy::textbook().to_builder().initial_timeout(PATIENCE);
        policy.give_up_above(None).max_sends(Some(1)).build().unwrap()
    };
    Config::textbook(peer, message).policy(policy)
}

fn client(
    config: Config<ClosedLoop, Echo>,
    addresses: &[SocketAddr],
) -> Driver<Client<Echo>, Seen<Event>> {
    Driver::client(Client::new(config), addresses, Clock::start(), Seen::default())
}

/// Runs `client` to its end while `server` runs.
async fn run<C: Endpoint, O: Observer<C>>(
    client: &mut Driver<C, O>,
    server: &mut Driver<EchoServer, Events>,
) -> Ended {
    tokio::select! {
        ended = client.run() => ended,
        ended = server.run() => panic!("the server ended: {ended:?}"),
    }
}

#[test]
fn an_exchange_takes_every_step_of_a_connection() {
    block_on(async {
        let (mut server, peer) = server(Reply::Report, Limits::default());
        let mut client = client(patient(peer, b"hello"), &[peer]);
        assert_eq!(run(&mut client, &mut server).await, Ended::Finished);
        assert_eq!(client.endpoint().reply().unwrap().reply(), b"Your data was 5 bytes");
        let Seen { events, happened, .. } = client.observer_mut();
        assert!(matches!(
            events[..],
            [Event::Confirmed { .. }, Event::Answered { sends: 1, .. }, Event::Released { .. }]
        ));
        let steps = "Asked Trying Connected Sent Finished Received PeerFinished Released";
        assert_eq!(happened.join(" "), steps);

        server.stop_listening();
        assert_eq!(server.run().await, Ended::Finished);
        let steps = "Accepted Received PeerFinished Sent Finished Released";
        assert_eq!(server.observer_mut().happened.join(" "), steps);
    });
}

#[test]
fn a_long_message_comes_back_whole_in_pieces() {
    block_on(async {
        let (mut server, peer) = server(Reply::Mirror, Limits::default());
        let message: Vec<u8> = (0..8_000_000_u32).map(|n| ((n * 31) >> 8) as u8).collect();
        let mut client = client(patient(peer, &message), &[peer]);
        assert_eq!(run(&mut client, &mut server).await, Ended::Finished);
        assert!(client.endpoint().reply().unwrap().reply() == message);
    });
}

#[test]
fn a_client_that_does_not_read_is_not_read_and_blocks_nobody() {
    block_on(async {
        let (mut server, peer) = server(Reply::Mirror, Limits::default());
        let stuffed = std::thread::spawn(move || {
            let mut stream = StdStream::connect(peer).unwrap();
            stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
            let mut sent = 0;
            while let Ok(count) = stream.write(&[7; 1 << 16]) {
                sent += count;
            }
            // Now it reads, and the rest of its bytes comes back.
            let mut back = vec![0; sent];
            stream.read_exact(&mut back).unwrap();
            assert!(back.iter().all(|byte| *byte == 7));
        });
        for _ in 0..20 {
            let mut client = client(patient(peer, b"hello"), &[peer]);
            assert_eq!(run(&mut client, &mut server).await, Ended::Finished);
            assert_eq!(client.endpoint().reply().unwrap().reply(), b"hello");
            let pause = tokio::time::sleep(Duration::from_millis(50));
            tokio::select! {
                () = pause => {}
                ended = server.run() => panic!("the server ended: {ended:?}"),
            }
        }
        while !stuffed.is_finished() {
            let pause = tokio::time::sleep(Duration::from_millis(10));
            tokio::select! {
                () = pause => {}
                ended = server.run() => panic!("the server ended: {ended:?}"),
            }
        }
        stuffed.join().unwrap();
    });
}

#[test]
fn a_refused_connection_is_tried_again_as_the_policy_says() {
    block_on(async {
        // Nobody listens on a port that was free a moment ago.
        let listener = Listener::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let peer = listener.local_addr();
        drop(listener);
        let begun = std::time::Instant::now();
        let mut client = client(Config::textbook(peer, b"hello"), &[peer]);
        assert_eq!(client.run().await, Ended::Finished);
        // 0.1 + 0.2 + 0.4 + 0.8 s: the client does not wait after the last failure.
        assert!(begun.elapsed() >= Duration::from_millis(1_500));
        let events = &client.observer_mut().events;
        let refused = |event: &&Event| matches!(event, Event::Failed { why: Failure::Refused, .. });
        assert_eq!(events.iter().filter(refused).count(), 5, "{events:?}");
        assert!(matches!(events.last(), Some(Event::GaveUp { sends: 5, .. })), "{events:?}");
    });
}

#[test]
fn the_next_address_is_tried_at_once() {
    block_on(async {
        let (mut server, peer) = server(Reply::Mirror, Limits::default());
        // Another address of the loopback, on which nobody listens.
        let dead = SocketAddr::from(([127, 0, 0, 2], peer.port()));
        let mut client = client(patient(peer, b"hello"), &[dead, peer]);
        assert_eq!(run(&mut client, &mut server).await, Ended::Finished);
        let happened = &client.observer_mut().happened;
        let first = ["Asked", "Trying", "Failed", "Trying", "Connected"];
        assert_eq!(happened[..5], first, "{happened:?}");
    });
}

#[test]
fn a_connection_that_is_given_up_is_reset() {
    block_on(async {
        let limits = Limits::default().with_idle(Duration::from_millis(50));
        let (mut server, peer) = server(Reply::Mirror, limits);
        let silent = std::thread::spawn(move || {
            let mut stream = StdStream::connect(peer).unwrap();
            stream.read(&mut [0; 10]).unwrap_err().kind()
        });
        server.observer_mut().enough = 2;
        assert_eq!(server.run().await, Ended::Stopped);
        assert!(matches!(
            server.observer_mut().events[..],
            [ServerEvent::Accepted { .. }, ServerEvent::Limited { limit: Limit::Idle, .. }]
        ));
        server.observer_mut().enough = usize::MAX;
        server.stop_listening();
        assert_eq!(server.run().await, Ended::Finished);
        drop(server);
        assert_eq!(silent.join().unwrap(), io::ErrorKind::ConnectionReset);
    });
}

#[test]
fn an_exchange_in_progress_outlives_the_listener() {
    block_on(async {
        let (mut server, peer) = server(Reply::Mirror, Limits::default());
        let [mut busy, mut idle] = [(); 2].map(|()| StdStream::connect(peer).unwrap());
        busy.write_all(b"half").unwrap();
        let mut answer = [0; 4];
        // Both are accepted, and one is answered.
        while server.connections() < 2
            || busy.set_nonblocking(true).is_err()
            || busy.read(&mut answer).is_err()
        {
            let pause = tokio::time::sleep(Duration::from_millis(5));
            tokio::select! {
                () = pause => {}
                ended = server.run() => panic!("the server ended: {ended:?}"),
            }
        }
        assert_eq!(&answer, b"half");
        busy.set_nonblocking(false).unwrap();
        server.stop_listening();
        let now = server.clock.now();
        server.endpoint_mut().shut_down(now, PATIENCE);
        let client = std::thread::spawn(move || {
            assert_eq!(idle.read(&mut [0; 10]).unwrap(), 0, "an idle connection is closed");
            drop(idle);
            busy.write_all(b"rest").unwrap();
            busy.shutdown(Shutdown::Write).unwrap();
            let mut answer = Vec::new();
            busy.read_to_end(&mut answer).unwrap();
            answer
        });
        assert_eq!(server.run().await, Ended::Finished);
        assert_eq!(client.join().unwrap(), b"rest");
        assert!(StdStream::connect(peer).is_err(), "nobody listens any more");
    });
}
