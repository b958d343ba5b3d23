//! The same test under many seeds.

use alloc::format;
use alloc::string::String;

/// The environment variable that names the one seed to run.
pub const SEED_VARIABLE: &str = "RETRYLAB_SEED";

/// Runs `body` once for each of `seeds`.
///
/// When one panics, the panic goes on as it would without this function, and stderr gets one line more:
/// which seed it was, and the command that replays it alone. With the environment variable
/// `RETRYLAB_SEED` set, `body` runs for that seed only, whether or not it is one of `seeds`.
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
/// When `body` does; when `seeds` is empty, since such a test could not fail; when `RETRYLAB_SEED` is not
/// a whole number.
#[track_caller]
pub fn for_each_seed(seeds: impl IntoIterator<Item = u64>, mut body: impl FnMut(u64)) {
    let mut run = |seed| {
        let told = TellSeed(seed);
        body(seed);
        drop(told);
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

/// Tells its seed if it is dropped by a panic: nothing has to be caught for that, and so the panic's own
/// message and backtrace stay what they are.
struct TellSeed(u64);

impl Drop for TellSeed {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let thread = std::thread::current();
            std::eprintln!("{}", replay(self.0, thread.name()));
        }
    }
}

/// How to run `seed` alone. The test harness names each thread after its test; the main thread is none.
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
    fn a_test_of_nothing_is_none() {
        for_each_seed([], |_| {});
    }
}
