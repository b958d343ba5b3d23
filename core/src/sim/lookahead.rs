//! The event loop's look-ahead: with a million clients every event finds its datagram and its host far from
//! the processor. Looking at those of some events together lets these waits overlap; nothing else comes of
//! it.

/// So many clients are near the processor anyway.
const NEAR: usize = 4_096;

/// So many events are looked at together.
const TOGETHER: usize = 64;

/// How far the event loop has looked ahead.
#[derive(Debug)]
pub(super) struct LookAhead {
    /// Are there more clients than are near the processor?
    far: bool,
    /// Events to come that have been looked at.
    looked_at: usize,
}

impl LookAhead {
    /// Maximum number of hosts to look at.
    pub(super) const MAX: usize = TOGETHER;

    /// The look-ahead of a loop with this number of clients.
    pub(super) const fn new(clients: usize) -> Self {
        Self { far: clients > NEAR, looked_at: 0 }
    }

    /// Counts an event. Is it the first that has not been looked at?
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

    /// Looks at the hosts of the next events; `see` reads something of each that has to be loaded.
    #[inline(always)]
    pub(super) fn look(
        &mut self,
        hosts: impl ExactSizeIterator<Item = u32>,
        see: impl Fn(u32) -> u64,
    ) {
        self.looked_at = hosts.len().saturating_sub(1);
        // Nothing is decided by what is seen: a decision would wait for it.
        core::hint::black_box(hosts.fold(0, |looks, host| looks ^ see(host)));
    }
}
