//! The cost of a decision on the next send: `cargo bench -p retrylab-core --bench policy`.
//!
//! Printed first: the size of a client's state, and the allocations of a million decisions.

#[path = "../tests/support/counting.rs"]
mod counting;

use backon::{BackoffBuilder, ExponentialBuilder};
use counting::{Counting, allocations};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use retrylab_core::policy::{Pacer, Policy, Preset};
use retrylab_core::random::{Name, Purpose};
use retrylab_core::time::{Duration, Instant};
use std::hint::black_box;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs unanswered exchanges, one after another, until `decisions` sends have been decided.
fn decide(policy: &Policy, pacer: &mut Pacer, decisions: u64) -> Instant {
    let (mut now, mut asked, mut exchange) = (Instant::ZERO, 0, 0);
    while asked < decisions {
        exchange += 1;
        let _ = black_box(pacer.begin(
            policy,
            now,
            Name::exchange(1, 1, exchange).stream(Purpose::Jitter),
        ));
        let begun = now;
        while asked < decisions {
            asked += 1;
            let Ok(wait) = pacer.next(policy, now, now.saturating_since(begun)) else { break };
            now = now.saturating_add(black_box(wait.timeout));
        }
        pacer.gave_up(now, pacer.sends());
    }
    now
}

/// Returns backon's exponential policy with the textbook's waits.
fn peer() -> ExponentialBuilder {
    ExponentialBuilder::default()
        .with_min_delay(Duration::from_millis(100))
        .with_factor(2.0)
        .without_max_delay()
        .with_max_times(5)
}

fn benches(c: &mut Criterion) {
    const DECISIONS: u64 = 1_000_000;
    let policy = Policy::textbook();
    let mut pacer = Pacer::new(&policy);
    let before = allocations();
    black_box(decide(&policy, &mut pacer, DECISIONS));
    let allocated = allocations() - before;
    println!("a client's policy state: {} bytes", size_of::<Pacer>());
    println!("{DECISIONS} decisions: {allocated} allocations");

    let mut group = c.benchmark_group("next send");
    // A single decision is too short to measure, so a thousand are measured together.
    group.throughput(Throughput::Elements(1_000));
    for preset in [
        Preset::Textbook,
        Preset::Coap,
        Preset::AwsStandard,
        Preset::Dhcpv6Request,
        Preset::TcpRfc6298,
        Preset::Grpc,
        Preset::Ethernet,
    ] {
        let policy = preset.policy();
        group.bench_function(preset.name(), |b| {
            b.iter_batched_ref(
                || Pacer::new(&policy),
                |pacer| decide(&policy, pacer, 1_000),
                BatchSize::SmallInput,
            );
        });
    }
    // The same work with a widely used library: its iterator of waits, built again for each exchange.
    for (name, builder) in [("backon, textbook", peer()), ("backon, jitter", peer().with_jitter())]
    {
        group.bench_function(name, |b| {
            b.iter(|| {
                let (mut asked, mut sum) = (0, Duration::ZERO);
                while asked < 1_000 {
                    for wait in black_box(&builder).build() {
                        sum += wait;
                        asked += 1;
                    }
                    asked += 1;
                }
                sum
            });
        });
    }
    group.finish();

    c.bench_function("schedule of coap", |b| {
        let policy = Preset::Coap.policy();
        b.iter(|| black_box(&policy).gives_up_after());
    });
}

criterion_group!(policy, benches);
criterion_main!(policy);
