//! Any valid scenario ends within its limits and reports the reason.

#![no_main]

#[path = "../../core/tests/support/scenarios.rs"]
mod scenarios;

use libfuzzer_sys::fuzz_target;
use retrylab_core::sim::Bounds;
use retrylab_core::time::Duration;

const BOUNDS: Bounds =
    Bounds::NONE.with_events(10_000).with_time(Duration::from_secs(3_600)).with_memory(64 << 20);

fuzz_target!(|bytes: &[u8]| {
    let scenario = scenarios::from_bytes(bytes);
    scenarios::check_text(&scenario);
    scenarios::check_run(&scenario, BOUNDS);
});
