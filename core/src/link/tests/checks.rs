//! The checks that a pipe reports are those that it makes.

use super::*;
use crate::link::{Check, Fault, FaultEffect, LossState, Pipe};
use crate::random::Probability;
use proptest::prelude::*;
use proptest::sample::select;

fn share(text: &str) -> Probability {
    Probability::parse(text).unwrap()
}

fn links() -> impl Strategy<Value = Link> {
    let losses = ["0", "0.3", "1", "gilbert-elliott 0.1 0.3 0.8 0.1", "burst 0.3 3"];
    let more = ["timed 20ms 50ms 0.9 0.2", "4-state 0.1 0.3 0.1 0.5 0.05", "first 3", "list 2,5"];
    let losses: Vec<_> = losses.into_iter().chain(more).collect();
    let rates = select(alloc::vec![None, Some("100kbit")]);
    let rules = select(alloc::vec!["tail", "red 1 4 0.5", "red 0 1 1"]);
    let odds = || select(alloc::vec!["0", "0.2"]).prop_map(share);
    let mtu = select(alloc::vec![None, Some(300)]);
    let shape = (rates, rules, mtu, any::<bool>(), 1u32..4);
    (select(losses), shape, [odds(), odds(), odds()], 1u32..5).prop_map(
        |(loss, (rate, rule, mtu, shared, gap), [duplicate, reorder, corrupt], queue)| Link {
            loss: loss.parse().unwrap(),
            rate: rate.map(|rate| rate.parse().unwrap()),
            queue,
            queue_rule: rule.parse().unwrap(),
            mtu,
            shared,
            duplicate,
            reorder,
            reorder_gap: gap,
            corrupt,
            ..Link::default()
        },
    )
}

/// Checks the numbers that a check shows.
fn is_true(link: &Link, check: &Check) -> bool {
    match *check {
        Check::Cut(_) => true,
        Check::Lossy(fault, trial) => fault.effect == FaultEffect::Loss(trial.probability),
        Check::Size { mtu, .. } => Some(mtu) == link.mtu,
        Check::Loss(check) => match (check.trial, check.state) {
            (Some(trial), _) => trial.happens() == check.lost,
            (None, LossState::Four(state)) => check.lost == (state >= 3),
            (None, LossState::Number(number)) => number > 0,
            (None, LossState::None | LossState::Good | LossState::Bad) => false,
        },
        Check::Queue(check) => {
            let early = check.early.is_some_and(|(_, trial)| trial.happens());
            check.drops == (early || check.depth >= check.limit)
        }
        Check::Damage(trial) => trial.probability == link.corrupt,
    }
}

proptest! {
    #[test]
    fn a_datagram_is_lost_by_the_check_that_says_so(
        link in links(), seed: u64, steps in prop::collection::vec((0u64..20, 0u32..3, any::<bool>(), 1usize..400), 1..80),
    ) {
        let fault = |from, until, effect| Fault {
            from: Instant::from_millis(from), until: Instant::from_millis(until), effect,
        };
        let mut pipe = Pipe::new(&link, seed).with_faults([
            fault(100, 200, FaultEffect::Loss(share("0.5"))),
            fault(150, 250, FaultEffect::Partition(Some(Direction::Reply))),
            fault(0, 900, FaultEffect::Latency(MS)),
        ]);
        let mut now = Instant::ZERO;
        for (gap, flow, reply, payload) in steps {
            now = now.saturating_add(MS * gap as u32);
            let name = pipe.name(flow, if reply { Direction::Reply } else { Direction::Request });
            let checks = pipe.checks(now, name, payload);
            let by = checks.iter().find_map(Check::drops);
            prop_assert!(checks.iter().all(|check| is_true(&link, check)), "{checks:?}");
            match pipe.send(now, name, payload) {
                Action::Drop(cause) => prop_assert_eq!(by, Some(cause), "{:?}", checks),
                // The duplicate may get through where the first one does not.
                Action::Deliver(_) if link.duplicate > Probability::NEVER => {
                    prop_assert!(matches!(by, None | Some(Cause::LinkQueue | Cause::Corrupted)));
                }
                Action::Deliver(_) | Action::DeliverTwice(..) | Action::ByHand(..) => prop_assert_eq!(by, None, "{:?}", checks),
            }
        }
    }
}
