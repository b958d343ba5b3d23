//! Runs a test with many seeds.

use alloc::format;
use alloc::string::String;

/// Environment variable with the only seed to run.
pub const SEED_VARIABLE: &str = "RETRYLAB_SEED";

/// Runs `body` once for each of `seeds`.
///
/// If a seed panics, the panic propagates unchanged, and stderr gets an additional line with the seed and
/// the command that replays it. If the environment variable `RETRYLAB_SEED` is set, `body` runs for that
/// seed only, even if it is not one of `seeds`.
///
/// ```
/// use retrylab_core::harness::for_each_seed;
/// use retrylab_core::random::{Name, Purpose};
///
/// for_each_seed(0..1_000, |seed| {
///     let draw = Name::exchange(seed, 1, 0).stream(Purpose::LinkLoss).up_to(5);
///     assert!(draw <= 5, "{draw}");
/// });
/// ```
///
/// # Panics
/// If `body` panics; if `seeds` is empty, because such a test cannot fail; if `RETRYLAB_SEED` is not a
/// whole number.
#[track_caller]
pub fn for_each_seed(seeds: impl IntoIterator<Item = u64>, mut body: impl FnMut(u64)) {
    let mut run = |seed| {
        let report = ReportSeed(seed);
        body(seed);
        drop(report);
    };
    let mut seeds = seeds.into_iter().peekable();
    assert!(seeds.peek().is_some(), "there are no seeds: a test that runs nothing cannot fail");
    if let Some(text) = std::env::var_os(SEED_VARIABLE) {
        let seed = text.to_str().and_then(|text| text.trim().parse().ok());
        let Some(seed) = seed else {
            panic!("{SEED_VARIABLE} is {text:?}; it must be a whole number from 0 to {}", u64::MAX);
        };
        std::eprintln!("{SEED_VARIABLE} is set: seed {seed} runs alone");
        return run(seed);
    }
    seeds.for_each(run);
}

/// Prints its seed if a panic drops it. The panic is not caught, so its message and backtrace do not
/// change.
struct ReportSeed(u64);

impl Drop for ReportSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let thread = std::thread::current();
            std::eprintln!("{}", replay(self.0, thread.name()));
        }
    }
}

/// Returns the command that runs `seed` alone. Rust's test harness names each thread after its test,
/// except for the main thread.
fn replay(seed: u64, thread: Option<&str>) -> String {
    let command = match thread {
        Some(test) if test != "main" => format!(" cargo test {test}"),
        _ => String::new(),
    };
    format!("seed {seed} failed; replay it alone with {SEED_VARIABLE}={seed}{command}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_names_the_test_if_there_is_one() {
        let alone = "seed 17 failed; replay it alone with RETRYLAB_SEED=17";
        let test = format!("{alone} cargo test my::test");
        assert_eq!(replay(17, Some("my::test")), test);
        assert_eq!(replay(17, Some("main")), alone);
        assert_eq!(replay(17, None), alone);
    }

    #[test]
    #[should_panic(expected = "there are no seeds")]
    fn a_test_without_seeds_panics() {
        for_each_seed([], |_| {});
    }
}
