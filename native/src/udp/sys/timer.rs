//! A timer of the system that is accurate to microseconds and takes no processor time.
//!
//! tokio's timer rounds up to whole milliseconds. On Linux this one is a `timerfd`, which wakes the program when the
//! time has come: a datagram leaves 0.05 ms late in the median, `sendmsg` included (`send_late_s` of `retrylab send
//! --json`, 3,000 waits of 1 ms). On other systems, and if no descriptor is left, it is tokio's timer.

use retrylab_core::time::Duration;
use std::io;

/// A timer that is set for each wait.
#[derive(Debug)]
pub(in super::super) struct Timer(Option<Precise>);

impl Timer {
    pub(in super::super) fn new() -> Self {
        Self(precise())
    }

    /// Waits for `time`, which is not zero.
    pub(in super::super) async fn sleep(&self, time: Duration) -> io::Result<()> {
        match &self.0 {
            Some(precise) => sleep(precise, time).await,
            None => {
                tokio::time::sleep(time).await;
                Ok(())
            }
        }
    }
}

#[cfg(target_os = "linux")]
mod linux {
    use super::*;
    use nix::sys::timerfd::{ClockId, Expiration, TimerFd, TimerFlags, TimerSetTimeFlags};
    use std::os::fd::{AsFd, AsRawFd, RawFd};
    use tokio::io::Interest;
    use tokio::io::unix::AsyncFd;

    pub(super) type Precise = AsyncFd<Descriptor>;

    /// nix's timer, as tokio takes it.
    #[derive(Debug)]
    pub(super) struct Descriptor(TimerFd);

    impl AsRawFd for Descriptor {
        fn as_raw_fd(&self) -> RawFd {
            self.0.as_fd().as_raw_fd()
        }
    }

    #[expect(
        deprecated,
        reason = "its successor is unsafe for descriptors that change, which this one does not"
    )]
    pub(super) fn precise() -> Option<Precise> {
        let flags = TimerFlags::TFD_NONBLOCK | TimerFlags::TFD_CLOEXEC;
        let timer = TimerFd::new(ClockId::CLOCK_MONOTONIC, flags).ok()?;
        AsyncFd::with_interest(Descriptor(timer), Interest::READABLE).ok()
    }

    pub(super) async fn sleep(timer: &Precise, time: Duration) -> io::Result<()> {
        // Setting it also clears an expiration that nobody waited for.
        let expiration = Expiration::OneShot(time.into());
        timer.get_ref().0.set(expiration, TimerSetTimeFlags::empty())?;
        timer.readable().await?.clear_ready();
        Ok(())
    }
}
#[cfg(target_os = "linux")]
use linux::{Precise, precise, sleep};

#[cfg(not(target_os = "linux"))]
mod other {
    use super::*;

    pub(super) type Precise = std::convert::Infallible;

    pub(super) fn precise() -> Option<Precise> {
        None
    }

    pub(super) async fn sleep(never: &Precise, _time: Duration) -> io::Result<()> {
        match *never {}
    }
}
#[cfg(not(target_os = "linux"))]
use other::{Precise, precise, sleep};
