//! The loss models of [`Loss`] at run time: their states and transitions.

use super::Loss;
use super::check::{LossCheck, LossState};
use super::flow::FlowState;
use super::loss::burst_chain;
use crate::random::{Name, Probability, Purpose};
use crate::time::{Instant, nanos};

/// Loss model, with everything its transitions need precomputed.
#[derive(Clone, Debug)]
pub(super) enum Chain {
    Independent(Probability),
    TwoState {
        p: Probability,
        r: Probability,
        lost: [Probability; 2],
        /// Share of the bad state.
        start: Probability,
    },
    Timed {
        /// Rate at which the state becomes independent of the past, per nanosecond.
        rate: f64,
        /// Share of the bad state.
        share: f64,
        lost: [Probability; 2],
    },
    FourState {
        /// Two transitions from each state, with their probabilities.
        from: [[(u8, Probability); 2]; 4],
        /// Shares of states 2, 3 and 4.
        start: [Probability; 3],
    },
    Numbered(Loss),
}

// States of `Chain::FourState`: netem's numbers minus 1.
const RECEIVED: u8 = 0;
const RECEIVED_IN_BURST: u8 = 1;
const LOST_IN_BURST: u8 = 2;
const LOST_ALONE: u8 = 3;

impl Chain {
    pub(super) fn new(loss: &Loss) -> Self {
        match *loss {
            Loss::Independent(probability) => Self::Independent(probability),
            Loss::GilbertElliott { p, r, bad, good } => Self::two_state(p, r, [good, bad]),
            Loss::Burst { share, mean } => {
                // Bursts of this mean cannot reach the share: everything is lost.
                let all = (Probability::ALWAYS, Probability::NEVER);
                let (p, r) = burst_chain(share, mean).unwrap_or(all);
                Self::two_state(p, r, [Probability::NEVER, Probability::ALWAYS])
            }
            Loss::Timed { bad, good, lost_bad, lost_good } => {
                let (v, u) = (1.0 / nanos(bad) as f64, 1.0 / nanos(good) as f64);
                Self::Timed { rate: u + v, share: u / (u + v), lost: [lost_good, lost_bad] }
            }
            Loss::FourState { p13, p31, p32, p23, p14 } => Self::FourState {
                from: [
                    [(LOST_ALONE, p14), (LOST_IN_BURST, p13)],
                    [(LOST_IN_BURST, p23), (LOST_IN_BURST, Probability::NEVER)],
                    [(RECEIVED_IN_BURST, p32), (RECEIVED, p31)],
                    [(RECEIVED, Probability::ALWAYS), (RECEIVED, Probability::NEVER)],
                ],
                start: four_shares([p13, p31, p32, p23, p14].map(Probability::as_f64)),
            },
            Loss::First(_) | Loss::List(_) => Self::Numbered(loss.clone()),
        }
    }

    fn two_state(p: Probability, r: Probability, lost: [Probability; 2]) -> Self {
        let start = Probability::nearest(p.as_f64() / (p.as_f64() + r.as_f64()));
        Self::TwoState { p, r, lost, start }
    }

    /// Returns true if the model keeps state between datagrams.
    pub(super) const fn has_memory(&self, shared: bool) -> bool {
        match self {
            Self::Independent(_) => false,
            Self::TwoState { .. } | Self::Timed { .. } | Self::FourState { .. } => true,
            // On a link that is not shared, the sender numbers the datagrams of a flow.
            Self::Numbered(_) => shared,
        }
    }

    /// Returns what happens to this datagram, with its numbers. `number` counts earlier datagrams.
    #[inline]
    pub(super) fn look(
        &self,
        flow: &FlowState,
        now: Instant,
        number: u64,
        name: Name,
    ) -> LossCheck {
        let by_draw = |state, next: Option<u8>, probability| {
            let trial = name.stream(Purpose::LinkLoss).trial(probability);
            LossCheck { state, trial: Some(trial), lost: trial.happens(), next }
        };
        match self {
            Self::Independent(probability) => by_draw(LossState::None, None, *probability),
            Self::TwoState { p, r, lost, start } => {
                let mut steps = name.stream(Purpose::LinkState);
                let bad = flow.loss.map_or_else(|| steps.chance(*start), |state| state == 1);
                let next = if bad { !steps.chance(*r) } else { steps.chance(*p) };
                by_draw(LossState::of(bad), Some(u8::from(next)), lost[usize::from(bad)])
            }
            Self::Timed { rate, share, lost } => {
                let passed = nanos(now.saturating_since(flow.last)) as f64;
                let was = flow.loss.map_or(*share, f64::from);
                let bad = share + (was - share) * libm::exp(-rate * passed);
                let bad = name.stream(Purpose::LinkState).chance(Probability::nearest(bad));
                by_draw(LossState::of(bad), Some(u8::from(bad)), lost[usize::from(bad)])
            }
            Self::FourState { from, start } => {
                let mut steps = name.stream(Purpose::LinkState);
                let draw = steps.up_to(999_999_999) as u32;
                let state = match flow.loss {
                    None => choose(draw, start.iter().zip(1..).map(|(p, s)| (s, *p)), RECEIVED),
                    Some(state) => choose(draw, from[usize::from(state)], state),
                };
                let lost = state >= LOST_IN_BURST;
                LossCheck {
                    state: LossState::Four(state + 1),
                    trial: None,
                    lost,
                    next: Some(state),
                }
            }
            Self::Numbered(loss) => {
                let number = number.saturating_add(1);
                let lost = match loss {
                    Loss::First(count) => number <= *count,
                    Loss::List(list) => list.contains(number),
                    _ => false,
                };
                LossCheck { state: LossState::Number(number), trial: None, lost, next: None }
            }
        }
    }

    /// Returns true if this datagram is lost, and advances the state. `number` counts earlier datagrams.
    #[inline]
    pub(super) fn loses(
        &self,
        flow: &mut FlowState,
        now: Instant,
        number: u64,
        name: Name,
    ) -> bool {
        let check = self.look(flow, now, number, name);
        if check.next.is_some() {
            (flow.loss, flow.last) = (check.next, now);
        }
        check.lost
    }
}

/// Returns the choice that `draw`, below a billion, selects; `otherwise` if it selects none.
fn choose(draw: u32, choices: impl IntoIterator<Item = (u8, Probability)>, otherwise: u8) -> u8 {
    let mut left = draw;
    for (state, probability) in choices {
        match left.checked_sub(probability.parts_per_billion()) {
            None => return state,
            Some(after) => left = after,
        }
    }
    otherwise
}

/// Returns the stationary shares of states 2, 3 and 4, for which each state is entered as often as it is
/// left. If a burst may never end, the shares are 0, so that the model starts in state 1 like netem.
fn four_shares([p13, p31, p32, p23, p14]: [f64; 5]) -> [Probability; 3] {
    if p13 > 0.0 && (p31 == 0.0 || p32 > 0.0 && p23 == 0.0) {
        return [Probability::NEVER; 3];
    }
    // Multiples of the share of state 1.
    let lost_alone = p14;
    let lost_in_burst = if p13 > 0.0 { p13 / p31 } else { 0.0 };
    let in_burst = if p32 > 0.0 { lost_in_burst * p32 / p23.max(f64::MIN_POSITIVE) } else { 0.0 };
    let all = 1.0 + in_burst + lost_in_burst + lost_alone;
    [in_burst, lost_in_burst, lost_alone].map(|share| Probability::nearest(share / all))
}
