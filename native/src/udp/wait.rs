//! Waiting for a datagram or a deadline, whichever comes first, to within microseconds.

use crate::clock::Clock;
use retrylab_core::time::{Duration, Instant};
use std::io;
use tokio::io::Interest;
use tokio::net::UdpSocket;

/// How long before a deadline the timer is no longer trusted.
///
/// tokio's timer counts whole milliseconds and rounds up, and so does the system call below it: a
/// sleep ends late by 1.1 ms in the middle and by 1.8 ms in one case of ten (300 sleeps of 3 to 8 ms
/// beside a socket, Linux), never early. A schedule of relative waits would add these errors up, copy
/// by copy. So the timer only has to wake the driver this long before the deadline, and the rest is
/// spent asking the socket and the clock in turn, which is exact to microseconds.
const COARSE: Duration = Duration::from_micros(2_500);

/// Why a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Woken {
    /// The socket has a datagram or an error to tell, or seems to.
    Readable,
    /// The deadline has passed, and the socket had nothing to tell after it did.
    Due,
}

/// Waits for `socket` or `deadline`. Like in the simulated network, an arrival comes before a timer of
/// the same instant.
pub(super) async fn wait(
    socket: &UdpSocket,
    clock: Clock,
    deadline: Option<Instant>,
) -> io::Result<Woken> {
    // An error such as a refusal alone does not make a socket readable.
    let anything = Interest::READABLE | Interest::ERROR;
    let Some(deadline) = deadline else {
        socket.ready(anything).await?;
        return Ok(Woken::Readable);
    };
    let mut asked_after_deadline = false;
    loop {
        let left = deadline.saturating_since(clock.now());
        if left.is_zero() && asked_after_deadline {
            return Ok(Woken::Due);
        }
        asked_after_deadline = left.is_zero();
        tokio::select! {
            biased;
            ready = socket.ready(anything) => {
                ready?;
                return Ok(Woken::Readable);
            }
            () = pause(left) => {}
        }
    }
}

/// Sleeps for most of `left`, or gives way once: tokio then polls its sockets without blocking.
async fn pause(left: Duration) {
    match left.checked_sub(COARSE) {
        Some(most) if !most.is_zero() => tokio::time::sleep(most).await,
        _ => tokio::task::yield_now().await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs `test` on a runtime of its own.
    fn block_on<T>(test: impl Future<Output = T>) -> T {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(test)
    }

    #[test]
    fn a_deadline_is_met_closely_and_never_early() {
        block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let clock = Clock::start();
            let mut late = Vec::new();
            for i in 1..=40 {
                let deadline = clock.now().saturating_add(Duration::from_micros(i * 250));
                assert_eq!(wait(&socket, clock, Some(deadline)).await.unwrap(), Woken::Due);
                let now = clock.now();
                assert!(now >= deadline, "{now} is before {deadline}");
                late.push(now.saturating_since(deadline));
            }
            // The median: a busy machine may take the processor away now and then.
            late.sort();
            assert!(late[20] < Duration::from_millis(1), "{late:?}");
        });
    }

    #[test]
    fn a_datagram_that_is_there_comes_before_a_deadline_that_has_passed() {
        block_on(async {
            let socket = UdpSocket::bind("127.0.0.1:0").await.unwrap();
            let to = socket.local_addr().unwrap();
            let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
            sender.send_to(b"hello", to).unwrap();
            let clock = Clock::start();
            let woken = wait(&socket, clock, Some(clock.now())).await.unwrap();
            assert_eq!(woken, Woken::Readable);
        });
    }
}
