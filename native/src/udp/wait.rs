//! Waits for a datagram or a deadline, whichever comes first.

use super::Socket;
use super::sys::Timer;
use crate::clock::Clock;
use retrylab_core::time::{Duration, Instant};
use std::io;

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The socket probably has a datagram or an error.
    Readable,
    /// The deadline has passed, and the socket was empty after it.
    Due,
}

/// Waits for `socket` or `deadline`. As in the simulated network, an arrival comes before a timer at the same
/// instant.
pub(super) async fn wait(
    socket: &Socket,
    timer: &Timer,
    clock: Clock,
    deadline: Option<Instant>,
) -> io::Result<Woken> {
    let Some(deadline) = deadline else {
        socket.ready().await?;
        return Ok(Woken::Readable);
    };
    let mut polled_after_deadline = false;
    loop {
        let left = deadline.saturating_since(clock.now());
        if left.is_zero() && polled_after_deadline {
            return Ok(Woken::Due);
        }
        polled_after_deadline = left.is_zero();
        tokio::select! {
            biased;
            ready = socket.ready() => {
                ready?;
                return Ok(Woken::Readable);
            }
            passed = pause(timer, left) => passed?,
        }
    }
}

/// Waits for `left`; if it is zero, yields once, so that tokio polls its sockets without blocking.
async fn pause(timer: &Timer, left: Duration) -> io::Result<()> {
    if left.is_zero() {
        tokio::task::yield_now().await;
        return Ok(());
    }
    timer.sleep(left).await
}
#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `test` on a new runtime.
    fn block_on<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test)
    }

    #[test]
    fn a_deadline_is_met_closely_and_never_early() {
        block_on(async {
            let socket = Socket::serving("127.0.0.1:0".parse().unwrap()).await.unwrap();
            let (timer, clock) = (Timer::new(), Clock::start());
            let mut late = Vec::new();
            for i in 1..=40 {
                let deadline = clock.now().saturating_add(Duration::from_micros(i * 250));
                assert_eq!(wait(&socket, &timer, clock, Some(deadline)).await.unwrap(), Woken::Due);
                let now = clock.now();
                assert!(now >= deadline, "{now} is before {deadline}");
                late.push(now.saturating_since(deadline));
            }
            // The test checks the median, because a busy machine delays single waits.
            late.sort();
            assert!(late[20] < Duration::from_millis(1), "{late:?}");
        });
    }

    #[test]
    fn a_datagram_that_is_there_comes_before_a_deadline_that_has_passed() {
        block_on(async {
            let socket = Socket::serving("127.0.0.1:0".parse().unwrap()).await.unwrap();
            let to = socket.local_addr().unwrap();
            let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            sender.send_to(b"hello", to).unwrap();
            let (timer, clock) = (Timer::new(), Clock::start());
            let woken = wait(&socket, &timer, clock, Some(clock.now())).await.unwrap();
            assert_eq!(woken, Woken::Readable);
        });
    }
}
