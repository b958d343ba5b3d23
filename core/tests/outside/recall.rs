//! What a policy knew when it decided, repeated from the trace.

use retrylab_core::exchange::{Recall, Rules};
use retrylab_core::machine::Timer;
use retrylab_core::policy::{Allowance, Gate, Hint, Policy, Stop};
use retrylab_core::scenario::Scenario;
use retrylab_core::sim::run;
use retrylab_core::time::Duration;
use retrylab_core::trace::{HostId, Record, What};

/// Scenarios in which every decision of a client is known.
const KNOWN: [&str; 13] = [
    "link.loss=0.5&exchanges=20",
    "link.loss=0.6&exchanges=30&policy.jitter=full",
    "link.loss=0.6&exchanges=30&policy.jitter=decorrelated&policy.max_timeout=1s",
    "link.loss=0.6&exchanges=30&policy.jitter=once+0.5&policy.max_sends=4",
    "link.loss=0.5&exchanges=40&policy.preset=aws-standard&workload.think=1ms",
    "link.loss=0.5&exchanges=40&policy.preset=grpc&server.fail=0.3&server.hint=70ms",
    "link.loss=0.5&exchanges=40&policy.budget=bucket+2+0.3",
    "link.loss=0.5&exchanges=40&policy.budget=throttle+4+0.5&policy.attempt_timeout=80ms",
    "link.loss=0.5&exchanges=40&policy.budget=deposits+0.2+1+5s",
    "link.loss=0.7&exchanges=60&policy.breaker=3+2s&policy.max_sends=2",
    "link.loss=0.6&exchanges=60&policy.breaker=share+0.3&policy.deadline=900ms",
    "link.loss=0.4&exchanges=40&policy.adaptive=rfc6298&token=true&policy.first_delay=1ms+9ms",
    "link.loss=0.6&exchanges=40&policy.budget=throttle+4+0.5&changes=2s+policy.jitter%3Dfull;\
     +5s+policy.max_sends%3D3;+5s+policy.budget%3Dbucket+2+0.3",
];

/// Scenarios in which some are not.
const OPEN: [&str; 2] = [
    "link.loss=0.5&exchanges=60&workload.rate=40&policy.budget=bucket+3+0.2",
    "link.loss=0.5&exchanges=60&workload.rate=20&workload.arrivals=constant&policy.budget=quota+9+5+1&policy.jitter=equal",
];

struct Decision<'a> {
    record: &'a Record,
    recall: &'a Recall<'a>,
    policy: &'a Policy,
}

impl Decision<'_> {
    /// Checks what is known about the decision; returns whether that is anything.
    fn holds(&self, wait: Option<Duration>) -> bool {
        let Some(label) = self.record.label else { return false };
        let Some(outlook) = self.recall.outlook(self.record.at, label.exchange.get()) else {
            return false;
        };
        let allowed = outlook.budget.and_then(Allowance::suffices);
        match self.record.what {
            What::GaveUp { why: Stop::GiveUpAbove, .. } => {
                assert!(Some(outlook.grown) > self.policy.give_up_above(), "{outlook:?}");
            }
            What::GaveUp { why: Stop::Budget, .. } => assert_eq!(allowed, Some(false)),
            What::GaveUp { why: Stop::Breaker, .. } => match outlook.breaker {
                Some(Gate::Open(until)) => assert!(self.record.at < until),
                Some(Gate::Share { failures, calls, share }) => {
                    assert!(failures as f64 > calls as f64 * f64::from(share.millionths()) / 1e6);
                }
                other => panic!("{other:?}"),
            },
            What::Sent { .. } => {
                if label.send.get() > 1 {
                    assert_ne!(allowed, Some(false), "{outlook:?}");
                }
                let [least, most] = outlook.range;
                let cut =
                    self.policy.attempt_timeout().is_some() || self.policy.deadline().is_some();
                assert!(
                    cut || wait.is_none_or(|wait| (least..=most).contains(&wait)),
                    "{outlook:?} {wait:?}"
                );
            }
            _ => {}
        }
        true
    }
}

/// Returns the number of decisions, and of those that are known.
fn decisions(fragment: &str, seed: u64) -> (u32, u32) {
    let (scenario, errors) = Scenario::from_fragment(&format!("seed={seed}&clients=2&{fragment}"));
    assert_eq!(errors, []);
    let records = run(&scenario, Vec::<Record>::new()).sink;
    let later = scenario.later_policies();
    let (mut all, mut known) = (0, 0);
    for flow in 1..=2 {
        let rules = Rules::new(&scenario.policy, seed, flow);
        let hint = scenario.server.hint.map(Hint::After);
        let mut recall = Recall::new(rules, scenario.token, hint).followed_by(&later);
        let own = |record: &&Record| record.flow.is_some_and(|own| own.get() == flow);
        let mut records = records.iter().filter(own).peekable();
        while let Some(record) = records.next() {
            recall.follow(record);
            let decides = match record.what {
                What::GaveUp { sends, .. } => sends > 0,
                What::Sent { .. } => record.host == HostId::Client,
                _ => false,
            };
            if decides {
                // The order within an instant matters only if others decide then, too.
                let wait = records.peek().and_then(|next| match next.what {
                    What::TimerArmed { timer: Timer::Resend | Timer::GiveUp, deadline } => {
                        Some(deadline.saturating_since(next.at))
                    }
                    _ => None,
                });
                let wait = wait.filter(|_| scenario.workload.arrivals().is_none());
                all += 1;
                known += u32::from(
                    Decision { record, recall: &recall, policy: &scenario.policy }.holds(wait),
                );
            }
        }
    }
    (all, known)
}

#[test]
fn decisions_have_the_numbers_that_decided_them() {
    for fragment in KNOWN {
        for seed in 1..4 {
            let (all, known) = decisions(fragment, seed);
            assert!(all > 10 && known == all, "{fragment}, seed {seed}: {known} of {all}");
        }
    }
    for fragment in OPEN {
        for seed in 1..4 {
            let (all, known) = decisions(fragment, seed);
            assert!(all > 10 && known * 2 > all, "{fragment}, seed {seed}: {known} of {all}");
        }
    }
}
