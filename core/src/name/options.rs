//! The rule by which glibc's stub resolver asks its servers: the `options` line of resolv.conf(5).

use crate::policy::{Backoff, Policy, Timeouts};
#[cfg(feature = "dns")]
use crate::random::{Name, Purpose};
use crate::time::Duration;
use crate::value::Printable;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

/// Maximum number of servers that glibc uses (`MAXNS` in resolv.h).
pub const MAX_SERVERS: usize = 3;

/// Maximum of [`Options::timeout`] in seconds (`RES_MAXRETRANS` in resolv.h).
pub const MAX_TIMEOUT: u32 = 30;

/// Maximum of [`Options::attempts`] (`RES_MAXRETRY` in resolv.h).
pub const MAX_ATTEMPTS: u32 = 5;

/// Options of resolv.conf(5), as glibc follows them (`res_send.c`).
///
/// Each attempt asks every server once, in their order. Of n servers, server number k, from 0, has `timeout << k`
/// seconds, for k above 0 divided by n; in whole seconds, at least one. A server that fails or cannot be reached is
/// followed by the next one at once.
///
/// ```
/// use retrylab_core::name::Options;
///
/// let options: Options = "timeout:5 attempts:2".parse().unwrap();
/// assert_eq!(options, Options::default());
/// let waits: Vec<u32> = (0..3).map(|k| options.seconds(k, 3)).collect();
/// assert_eq!(waits, [5, 3, 6]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Options {
    /// How long to wait for the first server, in seconds.
    pub timeout: u32,
    /// How often to ask each server.
    pub attempts: u32,
    /// Begin with a server that is drawn at random. The wait for a server depends on its place in the list, not on
    /// when it is asked.
    pub rotate: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self { timeout: 5, attempts: 2, rotate: false }
    }
}

impl Options {
    /// Returns how many seconds to wait for server number `k`, from 0, of `servers`.
    #[must_use]
    pub fn seconds(&self, k: u32, servers: u32) -> u32 {
        let seconds = self.timeout.checked_shl(k).unwrap_or(0);
        let share = if k > 0 { seconds / servers.max(1) } else { seconds };
        share.max(1)
    }

    /// Returns the schedule for `servers` servers, at most [`MAX_SERVERS`], when server `first` is asked first. A
    /// server that fails is followed by the next one at once, and replies to earlier sends still count.
    ///
    /// # Panics
    /// Never: a list of waits contradicts nothing.
    #[must_use]
    pub fn policy(&self, servers: usize, first: usize) -> Policy {
        let servers = servers.clamp(1, MAX_SERVERS) as u32;
        let attempts = self.attempts.clamp(1, MAX_ATTEMPTS);
        let order = (0..servers).map(|place| (place + first as u32) % servers);
        let round: Vec<Duration> =
            order.map(|k| Duration::from_secs(self.seconds(k, servers).into())).collect();
        let waits = round.repeat(attempts as usize);
        let timeouts = Timeouts::new(&waits).expect("at most 3 servers and 5 attempts: 15 waits");
        Policy::exponential(round[0])
            .backoff(Backoff::List)
            .timeouts(timeouts)
            .max_sends(Some(servers * attempts))
            .hedging(true)
            .build()
            .expect("a list of waits contradicts nothing")
    }
}

#[cfg(feature = "dns")]
impl Options {
    /// Returns with which of `servers` servers client `flow` begins.
    pub(super) fn first(&self, servers: usize, seed: u64, flow: u32) -> usize {
        if !self.rotate || servers == 0 {
            return 0;
        }
        let mut draw = Name::exchange(seed, flow, 1).stream(Purpose::FirstServer);
        draw.up_to(servers as u64 - 1) as usize
    }
}

/// Reads options such as `timeout:1 attempts:3 rotate`. What is left out has its default.
impl FromStr for Options {
    type Err = OptionsError;

    fn from_str(text: &str) -> Result<Self, OptionsError> {
        let mut options = Self::default();
        for option in text.split_whitespace() {
            let error = || OptionsError(Printable::short(option).to_string());
            let number = |text: &str, min, max| {
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                let number = text.parse().ok().filter(|_| digits);
                number.filter(|number| (min..=max).contains(number)).ok_or_else(error)
            };
            match option.split_once(':') {
                Some(("timeout", n)) => options.timeout = number(n, 0, MAX_TIMEOUT)?,
                Some(("attempts", n)) => options.attempts = number(n, 1, MAX_ATTEMPTS)?,
                None if option == "rotate" => options.rotate = true,
                _ => return Err(error()),
            }
        }
        Ok(options)
    }
}

/// Writes them as in resolv.conf.
impl fmt::Display for Options {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { timeout, attempts, rotate } = self;
        write!(f, "timeout:{timeout} attempts:{attempts}{}", if *rotate { " rotate" } else { "" })
    }
}

/// Error for an option that is unknown or has an impossible value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OptionsError(String);

impl fmt::Display for OptionsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "`{}` is not an option; use timeout:N with 0 to {MAX_TIMEOUT} seconds, attempts:N with 1 to \
             {MAX_ATTEMPTS}, or rotate",
            self.0
        )
    }
}

impl core::error::Error for OptionsError {}

#[cfg(all(test, feature = "dns"))]
mod tests {
    use super::*;

    fn options(text: &str) -> Options {
        text.parse().unwrap()
    }

    fn sends(text: &str, servers: usize, first: usize) -> (Vec<u64>, u64) {
        let policy = options(text).policy(servers, first);
        let end = policy.gives_up_after().unwrap().as_secs();
        (policy.sends().map(|at| at.as_secs()).collect(), end)
    }

    /// Numbers of `send_dg` in glibc 2.42, computed by hand.
    #[test]
    fn the_waits_are_those_of_glibc() {
        assert_eq!(sends("", 1, 0), (alloc::vec![0, 5], 10));
        assert_eq!(sends("", 2, 0), (alloc::vec![0, 5, 10, 15], 20));
        assert_eq!(sends("", 3, 0), (alloc::vec![0, 5, 8, 14, 19, 22], 28));
        // 1 << 1 divided by 3 is 0 whole seconds, and at least one second is waited.
        assert_eq!(sends("timeout:1 attempts:1", 3, 0), (alloc::vec![0, 1, 2], 3));
        assert_eq!(sends("timeout:0 attempts:1", 2, 0), (alloc::vec![0, 1], 2));
        assert_eq!(sends("timeout:30 attempts:1", 3, 0), (alloc::vec![0, 30, 50], 90));
    }

    /// glibc computes the wait from the server's number, whenever it is asked.
    #[test]
    fn a_server_keeps_its_wait_when_another_one_is_asked_first() {
        assert_eq!(sends("attempts:1", 3, 1), (alloc::vec![0, 3, 9], 14));
        assert_eq!(sends("attempts:1", 3, 2), (alloc::vec![0, 6, 11], 14));
        let rotating = options("rotate");
        let first: Vec<usize> = (1..=200).map(|flow| rotating.first(3, 7, flow)).collect();
        assert!([0, 1, 2].iter().all(|server| first.contains(server)));
        assert!((1..=200).all(|flow| Options::default().first(3, 7, flow) == 0));
    }

    #[test]
    fn options_are_those_of_resolv_conf() {
        assert_eq!(options(""), Options::default());
        let all = options(" rotate attempts:5  timeout:30 ");
        assert_eq!(all, Options { timeout: 30, attempts: 5, rotate: true });
        assert_eq!(options(&all.to_string()), all);
        for bad in [
            "timeout",
            "timeout:",
            "timeout:31",
            "timeout:+1",
            "timeout:-1",
            "timeout:1s",
            "attempts:0",
            "attempts:6",
            "rotate:1",
            "edns0",
            "ROTATE",
        ] {
            let error = bad.parse::<Options>().expect_err(bad).to_string();
            assert!(error.starts_with(&alloc::format!("`{bad}` is not an option;")), "{error}");
        }
    }
}
