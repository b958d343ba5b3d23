//! Deciding whether and when to send again allocates nothing, whatever the policy.

#[path = "support/counting.rs"]
mod counting;

use counting::{Counting, allocations};
use retrylab_core::policy::{Pacer, Preset};
use retrylab_core::random::{Name, Purpose};
use retrylab_core::time::{Duration, Instant};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Runs two hundred exchanges, every other one answered; returns the number of sends.
fn exchanges(preset: Preset, pacer: &mut Pacer) -> u64 {
    let policy = preset.policy();
    let (mut now, mut decided) = (Instant::ZERO, 0);
    for exchange in 1..=200 {
        if pacer
            .begin(&policy, now, Name::exchange(1, 1, exchange).stream(Purpose::Jitter))
            .is_err()
        {
            now = now.saturating_add(Duration::from_secs(1));
            continue;
        }
        let (begun, mut sends) = (now, 0);
        while let Ok(wait) = pacer.next(&policy, now, now.saturating_since(begun)) {
            sends += 1;
            now = now.saturating_add(wait.timeout);
            if exchange % 2 == 0 || sends == 50 {
                break;
            }
        }
        match exchange % 2 {
            0 => pacer.answered(now, sends, now.saturating_since(begun)),
            _ => pacer.gave_up(now, sends),
        }
        decided += u64::from(sends);
    }
    decided
}

#[test]
fn deciding_allocates_nothing() {
    let before = allocations();
    drop(vec![0u8; 64]);
    assert_eq!(allocations() - before, 1, "the counter counts");
    for preset in Preset::ALL {
        let mut pacer = Pacer::new(&preset.policy());
        let before = allocations();
        let decided = exchanges(*preset, &mut pacer);
        assert_eq!(allocations() - before, 0, "{preset}");
        assert!(decided > 100, "{preset}: {decided}");
    }
}
