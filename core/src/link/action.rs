//! What a link does with a datagram, and how the datagram arrives.

use super::ActKind;
use crate::random::Direction;
use crate::time::{Duration, Instant};
use crate::trace::{Cause, What};
use alloc::borrow::Cow;

/// What a link does with one datagram.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// It delivers the datagram.
    Deliver(Delivery),
    /// It delivers the datagram twice. Either delivery may arrive first.
    DeliverTwice(Delivery, Delivery),
    /// It delivers the datagram, perhaps twice, as changed by hand. This has a record of its own.
    ByHand(What, Delivery, Option<Delivery>),
    /// It drops the datagram.
    Drop(Cause),
}

/// One step of an [`Action`], for whoever carries it out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// The link does this, which has a record.
    Report(What),
    /// The datagram arrives.
    Deliver(Delivery),
}

impl Action {
    /// Returns what the link does to a datagram that travels in `direction`, after this act.
    pub(super) fn by_hand(self, act: ActKind, direction: Direction) -> Self {
        match (act, self) {
            (ActKind::Drop, _) => Self::Drop(Cause::ByHand),
            (ActKind::Delay(by), Self::Deliver(one)) => {
                Self::ByHand(What::DelayedByHand { direction, by }, one.later_by(by), None)
            }
            (ActKind::Delay(by), Self::DeliverTwice(first, second)) => {
                let second = Some(second.later_by(by));
                Self::ByHand(What::DelayedByHand { direction, by }, first.later_by(by), second)
            }
            (ActKind::Duplicate, Self::Deliver(one)) => {
                Self::ByHand(What::DuplicatedByHand { direction }, one, Some(one))
            }
            (ActKind::Delay(_) | ActKind::Duplicate, other) => other,
        }
    }

    /// Returns the action with each delivery later by `delay`.
    pub(super) fn later_by(self, delay: Duration) -> Self {
        match self {
            Self::Deliver(delivery) => Self::Deliver(delivery.later_by(delay)),
            Self::DeliverTwice(first, second) => {
                Self::DeliverTwice(first.later_by(delay), second.later_by(delay))
            }
            Self::ByHand(what, first, second) => {
                let second = second.map(|second| second.later_by(delay));
                Self::ByHand(what, first.later_by(delay), second)
            }
            Self::Drop(_) => self,
        }
    }

    /// Returns the steps for a datagram that travels in `direction`, in order.
    pub(crate) fn steps(self, direction: Direction) -> impl Iterator<Item = Step> {
        let deliver = move |delivery: Delivery| {
            let damaged =
                delivery.flipped.map(|bit| Step::Report(What::Damaged { direction, bit }));
            [damaged, Some(Step::Deliver(delivery))]
        };
        let twice = What::Duplicated { direction };
        let (reports, first, second) = match self {
            Self::Deliver(delivery) => ([None; 2], Some(delivery), None),
            Self::DeliverTwice(first, second) => ([Some(twice), None], Some(first), Some(second)),
            Self::ByHand(what, first, second) => {
                ([Some(what), second.map(|_| twice)], Some(first), second)
            }
            Self::Drop(cause) => ([Some(What::Dropped { direction, cause }), None], None, None),
        };
        let reports = reports.into_iter().flatten().map(Step::Report);
        let deliveries = [first, second].into_iter().flatten().flat_map(deliver);
        reports.chain(deliveries.flatten())
    }
}

/// How a datagram arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// Delay between sending and arrival.
    pub after: Duration,
    /// Bit of the payload that arrives flipped, counted from the lowest bit of the first byte.
    pub flipped: Option<u32>,
}

impl Delivery {
    /// Returns the delivery of an undamaged datagram.
    #[must_use]
    #[inline]
    pub const fn whole(after: Duration) -> Self {
        Self { after, flipped: None }
    }

    /// Returns the time of arrival of a datagram that was sent at `sent`.
    #[must_use]
    #[inline]
    pub fn at(self, sent: Instant) -> Instant {
        sent.saturating_add(self.after)
    }

    /// Returns the payload as it arrives: borrowed, unless the link damages it.
    #[must_use]
    #[inline]
    pub fn payload(self, sent: &[u8]) -> Cow<'_, [u8]> {
        if self.flipped.is_none() {
            return Cow::Borrowed(sent);
        }
        let mut payload = sent.to_vec();
        self.damage(&mut payload);
        Cow::Owned(payload)
    }

    /// Flips the bit of `payload` that the link flips, if any.
    pub(crate) fn damage(self, payload: &mut [u8]) {
        if let Some(bit) = self.flipped
            && let Some(byte) = payload.get_mut(bit as usize / 8)
        {
            *byte ^= 1 << (bit % 8);
        }
    }

    /// Returns the same delivery, `delay` later.
    pub(super) fn later_by(self, delay: Duration) -> Self {
        Self { after: self.after.saturating_add(delay), ..self }
    }
}
