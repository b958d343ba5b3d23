//! Round-trip estimates: the worked samples of the RFCs, to the nanosecond.

use super::super::*;
use crate::time::{Duration, Instant};
use core::num::NonZeroU32;

fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn adaptive(adaptive: Adaptive) -> PolicyBuilder {
    Policy::exponential(Duration::from_secs(1)).adaptive(adaptive)
}

/// RFC 6298 section 2, with a clock of 1 ms and no lower bound.
#[test]
fn the_retransmission_timeout_follows_the_samples_to_the_nanosecond() {
    let policy = adaptive(Adaptive::Rfc6298).build().unwrap();
    let mut rtt = Rtt::default();
    assert_eq!(rtt.timeout(&policy), Duration::from_secs(1), "before the first sample");
    assert_eq!(rtt.smoothed(), None);
    for (sample, timeout) in [
        (100, 300_000_000),
        (100, 250_000_000),
        (300, 437_500_000),
        (100, 381_250_000),
        (50, 379_296_875),
    ] {
        rtt.sample(ms(sample));
        assert_eq!(rtt.timeout(&policy), Duration::from_nanos(timeout), "after {sample} ms");
    }
    assert_eq!(rtt.smoothed(), Some(Duration::from_nanos(112_890_625)));
}

/// RFC 6298 section 2.4: less than a second is rounded up to a second.
#[test]
fn the_timeout_has_a_floor_and_a_cap() {
    let floored = adaptive(Adaptive::Rfc6298).min_timeout(Some(Duration::from_secs(1)));
    let capped = adaptive(Adaptive::Rfc6298).max_timeout(Some(Duration::from_secs(2)));
    let mut rtt = Rtt::default();
    rtt.sample(ms(100));
    assert_eq!(rtt.timeout(&floored.build().unwrap()), Duration::from_secs(1));
    rtt.sample(Duration::from_secs(30));
    assert_eq!(rtt.timeout(&capped.build().unwrap()), Duration::from_secs(2));
    // A steady path: G keeps the timeout above the round trip itself.
    let mut steady = Rtt::default();
    (0..1_000).for_each(|_| steady.sample(ms(80)));
    let policy = adaptive(Adaptive::Rfc6298).build().unwrap();
    assert_eq!(steady.timeout(&policy), ms(81));
}

/// RFC 9002 appendix A.7's order: the deviation is updated before the mean. Section 5.3's order would
/// give .071875.
#[test]
fn quics_probe_timeout_adds_the_peers_delay() {
    let policy = adaptive(Adaptive::Rfc9002).build().unwrap();
    let mut rtt = Rtt::default();
    for sample in [100, 100, 300] {
        rtt.sample(ms(sample));
    }
    assert_eq!(rtt.deviation(), Duration::from_nanos(78_125_000));
    assert_eq!(rtt.smoothed(), Some(ms(125)));
    // 125 + 4 * 78.125 + 25 ms.
    assert_eq!(rtt.timeout(&policy), Duration::from_nanos(462_500_000));
    assert_eq!(Preset::QuicPto.policy().initial_timeout(), ms(999));
}

/// Runs one exchange through a pacer: `sends` sends, and `rtt` after the last one a reply that names no send.
/// Returns the first wait.
fn exchange(
    pacer: &mut Pacer,
    policy: &Policy,
    number: u32,
    sends: u32,
    rtt: Duration,
) -> Duration {
    exchange_named(pacer, policy, number, sends, (rtt, None))
}

/// The same with a reply that names its send, if there is a number.
fn exchange_named(
    pacer: &mut Pacer,
    policy: &Policy,
    number: u32,
    sends: u32,
    (rtt, named): (Duration, Option<u32>),
) -> Duration {
    let stream = Name::exchange(1, 1, number).stream(Purpose::Jitter);
    pacer.begin(policy, Instant::ZERO, stream).unwrap();
    let mut elapsed = Duration::ZERO;
    let mut first = Duration::ZERO;
    for send in 1..=sends {
        let wait = pacer.next(policy, Instant::ZERO, elapsed).unwrap();
        if send == 1 {
            first = wait.timeout;
        }
        elapsed += if send == sends { rtt } else { wait.timeout };
    }
    pacer.answered_send(Instant::ZERO, sends, elapsed, named.and_then(NonZeroU32::new));
    first
}

/// Karn's algorithm: an exchange with two sends is not sampled, and its backoff is kept until an exchange
/// with one send gives one (RFC 6298 sections 5.5 to 5.7).
#[test]
fn a_retransmitted_exchange_takes_no_sample_and_keeps_its_backoff() {
    let policy = adaptive(Adaptive::Rfc6298).build().unwrap();
    let mut pacer = Pacer::new(&policy);
    assert_eq!(exchange(&mut pacer, &policy, 1, 1, ms(100)), Duration::from_secs(1));
    // 300, then 600 ms, answered 10 ms into the second wait: this is not a sample, and the backoff is kept.
    assert_eq!(exchange(&mut pacer, &policy, 2, 2, ms(10)), ms(300));
    assert_eq!(pacer.rtt().unwrap().smoothed(), Some(ms(100)), "no sample");
    // From there on: 600, 1200, 2400 ms.
    assert_eq!(exchange(&mut pacer, &policy, 3, 3, ms(10)), ms(600));
    assert_eq!(pacer.rtt().unwrap().smoothed(), Some(ms(100)), "no sample");
    assert_eq!(exchange(&mut pacer, &policy, 4, 1, ms(100)), ms(2_400));
    assert_eq!(exchange(&mut pacer, &policy, 5, 1, ms(100)), ms(250));
}

/// RFC 9002 section 6.2.1: an acknowledgement resets the backoff, whatever it acknowledges.
#[test]
fn each_reply_resets_quics_backoff() {
    let policy = Preset::QuicPto.policy();
    let mut pacer = Pacer::new(&policy);
    assert_eq!(exchange(&mut pacer, &policy, 1, 4, ms(20)), ms(999));
    assert_eq!(exchange(&mut pacer, &policy, 2, 4, ms(20)), ms(999), "no sample, no backoff");
    assert_eq!(pacer.rtt().unwrap().smoothed(), None);
}

/// RFC 9002 section 5.1: the sample is the time since the acknowledged packet was sent.
#[test]
fn a_reply_that_names_its_send_is_a_sample_for_quic_after_a_retransmission_too() {
    for (adaptive, preset) in
        [(true, Preset::QuicPto), (false, Preset::TcpRfc6298), (false, Preset::Dtls)]
    {
        let policy = preset.policy();
        let after = |named, rtt| {
            let mut pacer = Pacer::new(&policy);
            exchange_named(&mut pacer, &policy, 1, 3, (ms(rtt), Some(named)));
            pacer.rtt().unwrap().smoothed()
        };
        let waits = if adaptive { 999 + 1_998 } else { 0 };
        assert_eq!(after(3, 20), adaptive.then(|| ms(20)), "{preset}: the last send");
        assert_eq!(after(1, 20), adaptive.then(|| ms(waits + 20)), "{preset}: the first send");
        assert_eq!(after(2, 20), None, "{preset}: when it was sent is not kept");
    }
}

/// RFC 9147 section 5.8.2.
#[test]
fn dtls_waits_one_and_a_half_round_trips_after_a_flight_that_was_sent_once() {
    let policy = Preset::Dtls.policy();
    let mut pacer = Pacer::new(&policy);
    assert_eq!(exchange(&mut pacer, &policy, 1, 2, ms(10)), Duration::from_secs(1));
    assert_eq!(exchange(&mut pacer, &policy, 2, 1, ms(100)), Duration::from_secs(2), "kept");
    assert_eq!(exchange(&mut pacer, &policy, 3, 2, ms(10)), ms(150));
    assert_eq!(exchange(&mut pacer, &policy, 4, 1, ms(40)), ms(300), "kept");
    assert_eq!(exchange(&mut pacer, &policy, 5, 1, ms(40)), ms(60), "of the last one alone");
}

#[test]
fn an_exchange_that_was_given_up_lets_the_next_begin_anew() {
    let policy = adaptive(Adaptive::Rfc6298).max_sends(Some(3)).build().unwrap();
    let mut pacer = Pacer::new(&policy);
    for number in 1..=5 {
        pacer
            .begin(&policy, Instant::ZERO, Name::exchange(1, 1, number).stream(Purpose::Jitter))
            .unwrap();
        let mut elapsed = Duration::ZERO;
        let first = pacer.next(&policy, Instant::ZERO, elapsed).unwrap().timeout;
        assert_eq!(first, Duration::from_secs(1), "exchange {number}");
        elapsed += first;
        while let Ok(wait) = pacer.next(&policy, Instant::ZERO, elapsed) {
            elapsed += wait.timeout;
        }
        pacer.gave_up(Instant::ZERO, 3);
    }
}

#[test]
fn absurd_samples_are_no_panic() {
    let policy = adaptive(Adaptive::Rfc9002).build().unwrap();
    let mut rtt = Rtt::default();
    for sample in [Duration::MAX, Duration::ZERO, Duration::MAX, Duration::from_nanos(1)] {
        for _ in 0..100 {
            rtt.sample(sample);
            assert!(rtt.timeout(&policy) > Duration::ZERO);
        }
    }
}
