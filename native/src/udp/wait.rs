//! Waits for a datagram or a deadline, whichever comes first, with an accuracy of microseconds.

use super::Socket;
use crate::clock::Clock;
use retrylab_core::time::{Duration, Instant};
use std::io;

/// Time before a deadline at which the driver stops relying on tokio's timer.
///
/// tokio's timer and the system call below it round up to whole milliseconds. A sleep is never early, but it
/// is late by 1.1 ms in the median and by 1.8 ms in one case of ten (300 sleeps of 3 to 8 ms next to a socket,
/// Linux). In a schedule of relative waits these errors would add up with each send. So the timer only wakes
/// the driver this long before the deadline; for the rest of the time the driver polls the socket and the clock
/// in turn, which is accurate to microseconds.
const COARSE: Duration = Duration::from_micros(2_500);

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
            () = pause(left) => {}
        }
    }
}

/// Sleeps for most of `left`, or yields once, so that tokio polls its sockets without blocking.
async fn pause(left: Duration) {
    match left.checked_sub(COARSE) {
        Some(coarse) if !coarse.is_zero() => tokio::time::sleep(coarse).await,
        _ => tokio::task::yield_now().await,
    }
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
            let clock = Clock::start();
            let mut late = Vec::new();
            for i in 1..=40 {
                let deadline = clock.now().saturating_add(Duration::from_micros(i * 250));
                assert_eq!(wait(&socket, clock, Some(deadline)).await.unwrap(), Woken::Due);
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
            let clock = Clock::start();
            let woken = wait(&socket, clock, Some(clock.now())).await.unwrap();
            assert_eq!(woken, Woken::Readable);
        });
    }
}
