//! Prefetches what the next events need. With a million clients, the datagram and the host of each event
//! are cache misses; touching those of several events together lets the misses overlap. It has no other
//! effect.

/// Number of clients that fit in the processor's cache.
const NEAR: usize = 4_096;

/// Number of events that are prefetched together.
const TOGETHER: usize = 64;

/// How far the event loop has looked ahead.
#[derive(Debug)]
pub(super) struct LookAhead {
    /// There are more clients than fit in the processor's cache.
    far: bool,
    /// Number of events ahead whose memory has been prefetched.
    looked_at: usize,
}

impl LookAhead {
    /// Maximum number of hosts to look at.
    pub(super) const MAX: usize = TOGETHER;

    /// Creates the look-ahead of a loop with this number of clients.
    pub(super) const fn new(clients: usize) -> Self {
        Self { far: clients > NEAR, looked_at: 0 }
    }

    /// Returns true if there is anything to prefetch.
    pub(super) const fn is_on(&self) -> bool {
        self.far
    }

    /// Counts an event. Returns true if nothing has been prefetched for it.
    #[inline(always)]
    pub(super) const fn is_due(&mut self) -> bool {
        if !self.far {
            return false;
        }
        match self.looked_at.checked_sub(1) {
            Some(left) => {
                self.looked_at = left;
                false
            }
            None => true,
        }
    }

    /// Prefetches the hosts of the next events; `see` reads something of each host.
    #[inline(always)]
    pub(super) fn look(
        &mut self,
        hosts: impl ExactSizeIterator<Item = u32>,
        see: impl Fn(u32) -> u64,
    ) {
        self.looked_at = hosts.len().saturating_sub(1);
        // Nothing is decided by the values: a branch would wait for them.
        core::hint::black_box(hosts.fold(0, |looks, host| looks ^ see(host)));
    }
}
