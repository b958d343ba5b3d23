//! tokio's paused clock as a benchmark: `tokio_paused CLIENTS EXCHANGES`.
//!
//! This simulates a network without a simulator: one thread, a task for each host, channels instead of sockets,
//! and a sleeping task for each datagram in flight. When every task waits, the clock jumps to the next timer.
//! No other approach with existing libraries that we have tried is faster.

use retrylab_bench::{Report, SEED};
use retrylab_core::random::{Name, Probability, Purpose};
use std::cell::RefCell;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tokio::runtime::Builder;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::{LocalSet, spawn_local};
use tokio::time::{sleep, timeout};

const LATENCY: Duration = Duration::from_millis(10);
const FIRST_TIMEOUT: Duration = Duration::from_millis(100);
const GIVE_UP_ABOVE: Duration = Duration::from_secs(2);

/// A request: its number and the channel for its reply.
type Request = (u64, UnboundedSender<u64>);

#[derive(Default)]
struct Counts {
    exchanges: u64,
    sends: u64,
    failures: u64,
}

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let numbers: Option<Vec<u32>> = args.iter().map(|arg| arg.parse().ok()).collect();
    let Some([clients, exchanges]) = numbers.as_deref() else {
        eprintln!("error: usage: tokio_paused CLIENTS EXCHANGES, two whole numbers");
        return ExitCode::from(2);
    };
    let begun = Instant::now();
    match run(*clients, *exchanges) {
        Ok(Counts { exchanges, sends, failures }) => {
            let wall = begun.elapsed();
            println!("{}", Report { exchanges, sends, failures, wall, digest: None }.json());
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(clients: u32, exchanges: u32) -> std::io::Result<Counts> {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build()?;
    let counts = Rc::new(RefCell::new(Counts::default()));
    LocalSet::new().block_on(&runtime, async {
        let (to_server, requests) = unbounded_channel();
        spawn_local(serve(requests));
        let clients: Vec<_> = (0..clients)
            .map(|_| spawn_local(client(exchanges, to_server.clone(), Rc::clone(&counts))))
            .collect();
        for client in clients {
            client.await?;
        }
        Ok(counts.take())
    })
}

/// Drops half of the requests and answers the others.
async fn serve(mut requests: UnboundedReceiver<Request>) {
    let half = Probability::from_parts_per_billion(500_000_000).unwrap_or_default();
    let mut draws = Name::exchange(SEED, 1, 1).stream(Purpose::ServerDrop);
    while let Some((number, client)) = requests.recv().await {
        if !draws.chance(half) {
            carry(client, number);
        }
    }
}

/// The link: a task that sleeps, then delivers. The receiver may be gone by then.
fn carry<T: 'static>(to: UnboundedSender<T>, datagram: T) {
    spawn_local(async move {
        sleep(LATENCY).await;
        let _ = to.send(datagram);
    });
}

async fn client(exchanges: u32, server: UnboundedSender<Request>, counts: Rc<RefCell<Counts>>) {
    let (socket, mut replies) = unbounded_channel();
    let mut number = 0;
    for _ in 0..exchanges {
        counts.borrow_mut().exchanges += 1;
        let mut wait = FIRST_TIMEOUT;
        while wait <= GIVE_UP_ABOVE {
            number += 1;
            counts.borrow_mut().sends += 1;
            carry(server.clone(), (number, socket.clone()));
            let reply = async { while replies.recv().await != Some(number) {} };
            if timeout(wait, reply).await.is_ok() {
                break;
            }
            wait *= 2;
        }
        if wait > GIVE_UP_ABOVE {
            counts.borrow_mut().failures += 1;
        }
    }
}
