//! The cost of the simulated network's parts: `cargo bench -p retrylab-core --bench network`.
//!
//! Measures the whole loop in exchanges per second, from one client to a million, and a datagram's way
//! through the server and the link.

#[path = "../tests/support/local.rs"]
mod local;

use criterion::{BatchSize, BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use local::LOCAL;
use retrylab_core::link::{Link, Loss, Pipe};
use retrylab_core::machine::Machine;
use retrylab_core::random::{Direction, Probability};
use retrylab_core::scenario::Scenario;
use retrylab_core::server::echo::{Config, Server};
use retrylab_core::sim::{CLIENTS, client_address, run};
use retrylab_core::time::Instant;
use retrylab_core::trace::Record;
use std::hint::black_box;

/// The work of `cargo xtask bench`: half of the requests dropped, the textbook's policy.
fn scenario(clients: u32, exchanges: u32) -> Scenario {
    let mut scenario = Scenario::default();
    let (clients, exchanges) = (clients.to_string(), exchanges.to_string());
    let keys = [("clients", &*clients), ("exchanges", &*exchanges), ("server.drop", "0.5")];
    scenario.apply(keys).expect("keys and values that a scenario takes");
    scenario
}

fn event_loop(c: &mut Criterion) {
    let mut group = c.benchmark_group("event loop");
    group.sample_size(10);
    for (clients, exchanges) in [(1, 10_000), (1_000, 100), (100_000, 1), (1_000_000, 1)] {
        let scenario = scenario(clients, exchanges);
        group.throughput(Throughput::Elements(u64::from(clients) * u64::from(exchanges)));
        group.bench_function(BenchmarkId::new("clients", clients), |b| {
            b.iter(|| run(&scenario, ()));
        });
    }
    // `cargo xtask bench trace` measures the targets of the trace in a separate process: here
    // the allocator hands out the same memory again and again.
    let scenario = scenario(1_000, 100);
    group.throughput(Throughput::Elements(100_000));
    group.bench_function("1000 clients, trace kept", |b| {
        b.iter_with_large_drop(|| run(&scenario, Vec::<Record>::new()));
    });
    group.finish();
}

fn datagrams(c: &mut Criterion) {
    let half = Probability::parse("0.5").expect("a probability");
    let mut group = c.benchmark_group("a thousand datagrams");
    group.throughput(Throughput::Elements(1_000));
    for (name, drop) in [("answered", Probability::NEVER), ("half dropped", half)] {
        let server = Server::numbered(Config::default().with_drop(drop), 1, CLIENTS);
        group.bench_function(BenchmarkId::new("server", name), |b| {
            let mut buf = Vec::new();
            b.iter_batched_ref(
                || server.clone(),
                |server| {
                    for flow in 1..=1_000 {
                        server.handle_datagram(
                            Instant::ZERO,
                            LOCAL,
                            client_address(flow),
                            b"hello",
                        );
                        while let Some(event) = server.poll_event() {
                            black_box(event);
                        }
                        while let Some(transmit) = server.poll_transmit(Instant::ZERO, &mut buf) {
                            black_box((transmit, &buf));
                            buf.clear();
                        }
                    }
                },
                BatchSize::SmallInput,
            );
        });
    }
    for (name, distribution, loss) in [
        ("constant", "10ms", Probability::NEVER),
        ("uniform, lossy", "uniform 5ms 15ms", half),
        ("normal, lossy", "normal 10ms 2ms", half),
    ] {
        let link = Link::default()
            .with_latency(distribution.parse().expect("a distribution"))
            .with_loss(Loss::Independent(loss));
        let mut pipe = Pipe::new(&link, 1);
        group.bench_function(BenchmarkId::new("link", name), |b| {
            b.iter(|| {
                for _ in 0..1_000 {
                    let flow = black_box(1);
                    let name = pipe.name(flow, Direction::Request);
                    black_box(pipe.send(Instant::ZERO, name, 5));
                }
            });
        });
    }
    group.finish();
}

criterion_group!(network, event_loop, datagrams);
criterion_main!(network);
