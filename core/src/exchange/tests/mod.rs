mod spread;

use super::*;
use crate::policy::{BreakerRule, HintRule, PolicyBuilder};

fn at(ms: u64) -> Instant {
    Instant::from_millis(ms)
}

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// An exchange and its policy.
struct Case {
    policy: Policy,
    exchange: Exchange,
}

impl Case {
    fn new(policy: PolicyBuilder) -> Self {
        let policy = policy.build().unwrap();
        Self { exchange: Exchange::new(&policy), policy }
    }

    /// Creates a case with the textbook's policy, changed.
    fn textbook(change: impl FnOnce(PolicyBuilder) -> PolicyBuilder) -> Self {
        Self::new(change(Policy::textbook().to_builder()))
    }

    /// Begins exchange `number` at `now`.
    fn begin(&mut self, number: u32, now: Instant) -> Option<Outcome> {
        self.exchange.prepare(NonZeroU32::new(number).unwrap());
        self.exchange.begin(Rules::new(&self.policy, 1, 1), now)
    }

    /// Makes send `send` at `now`, which must be due.
    fn send(&mut self, send: u32, now: Instant) {
        let label = self.exchange.next_send(now).expect("a send is due");
        assert_eq!(label.send.get(), send);
        assert_eq!(self.exchange.next_send(now), None, "one at a time");
    }

    fn due(&mut self, now: Instant) -> Option<Outcome> {
        self.exchange.due(Rules::new(&self.policy, 1, 1), now)
    }

    fn failed(&mut self, now: Instant, send: u32, hint: Option<Hint>) -> Option<Outcome> {
        let send = NonZeroU32::new(send).unwrap();
        self.exchange.failed(Rules::new(&self.policy, 1, 1), now, send, hint)
    }

    fn refused(&mut self, now: Instant) -> Option<Outcome> {
        self.exchange.refused(Rules::new(&self.policy, 1, 1), now)
    }

    /// Returns the send that a reply with this label answers.
    fn answered_by(&self, exchange: u32, send: u32) -> Option<u32> {
        let rules = Rules::new(&self.policy, 1, 1);
        self.exchange.send_answered(rules, Label::new(exchange, send)).map(|reply| reply.send.get())
    }

    fn deadline(&self) -> Option<(Timer, Instant)> {
        self.exchange.deadline()
    }
}

fn gave_up(sends: u32, elapsed: Duration, why: Stop) -> Option<Outcome> {
    Some(Outcome::new(sends, nanos(elapsed), Ending::GaveUp(why)))
}

#[test]
fn silence_ends_it_after_the_last_wait() {
    let mut case = Case::textbook(|policy| policy.max_sends(Some(2)));
    assert_eq!(case.begin(1, at(5)), None);
    assert_eq!(case.deadline(), None, "a send is due");
    case.send(1, at(5));
    assert_eq!(case.deadline(), Some((Timer::Resend, at(105))));
    assert_eq!(case.due(at(104)), None);
    assert_eq!(case.exchange.next_send(at(104)), None, "early calls do nothing");
    assert_eq!(case.due(at(105)), None);
    assert_eq!((case.exchange.sends(), case.deadline()), (1, None));
    case.send(2, at(105));
    assert_eq!(case.deadline(), Some((Timer::GiveUp, at(305))));
    assert_eq!(case.due(at(305)), gave_up(2, ms(300), Stop::MaxSends));
    assert!(case.exchange.is_over());
    assert_eq!((case.deadline(), case.due(at(999))), (None, None));
}

#[test]
fn a_reply_answers_the_send_that_it_names_or_else_the_last_one() {
    let mut case = Case::textbook(|policy| policy);
    assert_eq!(case.begin(7, at(0)), None);
    let none = |case: &Case| case.exchange.send_answered(Rules::new(&case.policy, 1, 1), None);
    assert_eq!(none(&case), None, "nothing was sent yet");
    case.send(1, at(0));
    assert_eq!(case.due(at(100)), None);
    assert_eq!(case.answered_by(7, 2), None, "due, but not sent");
    case.send(2, at(100));
    assert_eq!((case.answered_by(7, 1), case.answered_by(7, 2)), (Some(1), Some(2)));
    assert_eq!((case.answered_by(7, 3), case.answered_by(6, 1)), (None, None));
    let reply = none(&case).unwrap();
    let outcome = case.exchange.answered(at(120), reply);
    let send = reply.send;
    assert_eq!(outcome, Outcome::new(2, nanos(ms(120)), Ending::Answered { send }));
    assert_eq!(outcome.elapsed(), ms(120));
    assert_eq!(none(&case), None, "it is over");
}

#[test]
fn an_attempt_that_is_over_is_not_answered_any_more() {
    let mut case = Case::textbook(|policy| policy.attempt_timeout(Some(ms(50))));
    assert_eq!(case.begin(1, at(0)), None);
    case.send(1, at(0));
    assert_eq!(
        (case.deadline(), case.answered_by(1, 1)),
        (Some((Timer::Timeout, at(50))), Some(1))
    );
    assert_eq!(case.due(at(50)), None);
    assert_eq!((case.deadline(), case.answered_by(1, 1)), (Some((Timer::Backoff, at(150))), None));
    assert_eq!(case.due(at(150)), None);
    case.send(2, at(150));
    assert_eq!((case.answered_by(1, 1), case.answered_by(1, 2)), (None, Some(2)));
}

#[test]
fn it_can_be_postponed() {
    let mut case = Case::textbook(|policy| policy);
    assert_eq!(case.begin(1, at(0)), None);
    case.send(1, at(0));
    assert_eq!(case.due(at(100)), None);
    case.send(2, at(100));
    assert_eq!(case.exchange.label(), Label::new(1, 2).unwrap());
    case.exchange.prepare(NonZeroU32::new(2).unwrap());
    assert!(case.exchange.is_beginning());
    case.exchange.postpone(at(10), nanos(ms(20)));
    assert_eq!(case.exchange.label(), Label::new(2, 1).unwrap(), "not one of exchange 1");
    assert_eq!(case.deadline(), Some((Timer::Think, at(30))));
    assert_eq!(case.exchange.next_send(at(20)), None);
    assert_eq!(case.due(at(30)), None);
    case.send(1, at(30));
    assert_eq!(case.deadline(), Some((Timer::Resend, at(130))));
}

#[test]
fn the_limits_refuse_an_exchange_that_waits_before_it_ends() {
    let rule = BreakerRule::Consecutive { failures: 1, open_for: Duration::from_secs(10) };
    let mut case = Case::textbook(|policy| policy.max_sends(Some(1)).breaker(Some(rule)));
    assert_eq!(case.begin(1, at(0)), None);
    case.send(1, at(0));
    assert_eq!(case.due(at(100)), gave_up(1, ms(100), Stop::MaxSends));
    assert_eq!(case.begin(2, at(100)), None);
    assert_eq!(case.exchange.next_send(at(100)), None);
    assert_eq!(case.exchange.label(), Label::new(2, 1).unwrap(), "the first send is still to come");
    assert_eq!(case.deadline(), Some((Timer::Limits, at(200))));
    assert_eq!(case.due(at(200)), gave_up(0, ms(100), Stop::Breaker));
}

#[test]
fn a_servers_hint_moves_the_next_send_and_its_no_ends_the_exchange() {
    let failing = |rule, hint| {
        let mut case = Case::textbook(|policy| policy.hint(rule));
        assert_eq!(case.begin(1, at(0)), None);
        assert_eq!(case.failed(at(0), 1, None), None, "nothing is out");
        case.send(1, at(0));
        let outcome = case.failed(at(10), 1, hint);
        (case.deadline().map(|(_, deadline)| deadline), outcome)
    };
    let after = |n| Some(Hint::After(ms(n)));
    // A failure alone leaves the schedule as it is.
    assert_eq!(failing(HintRule::Exact, None), (Some(at(100)), None));
    assert_eq!(failing(HintRule::Ignore, after(500)), (Some(at(100)), None));
    assert_eq!(failing(HintRule::Exact, after(500)), (Some(at(510)), None));
    let clamp = HintRule::Clamp(ms(20));
    assert_eq!(failing(clamp, after(30)), (Some(at(100)), None), "90 ms are left");
    assert_eq!(failing(clamp, after(500)), (Some(at(120)), None), "at most 20 ms more than those");
    let jittered = failing(HintRule::default(), after(500)).0.unwrap();
    assert!(jittered >= at(510) && jittered <= at(760), "{jittered:?}");
    let pushed_back = failing(HintRule::default(), Some(Hint::Never));
    let outcome = gave_up(1, ms(10), Stop::PushedBack).unwrap();
    assert_eq!(pushed_back, (None, Some(outcome.ended(Ending::Failed(Stop::PushedBack)))));
}

#[test]
fn an_exact_hint_begins_the_schedule_anew() {
    let mut case = Case::textbook(|policy| policy.hint(HintRule::Exact));
    assert_eq!(case.begin(1, at(0)), None);
    case.send(1, at(0));
    for (send, now) in [(2, 100), (3, 300), (4, 700)] {
        assert_eq!(case.due(at(now)), None);
        case.send(send, at(now));
    }
    assert_eq!(case.deadline(), Some((Timer::Resend, at(1_500))), "the wait is 0.8 s now");
    assert_eq!(case.failed(at(700), 3, Some(Hint::After(ms(50)))), None);
    assert_eq!(case.deadline(), Some((Timer::Resend, at(1_500))), "send 3 was followed by 4");
    assert_eq!(case.failed(at(700), 4, Some(Hint::After(ms(50)))), None);
    assert_eq!(case.due(at(750)), None);
    case.send(5, at(750));
    assert_eq!(case.deadline(), Some((Timer::Resend, at(850))), "and the first one again");
}

#[test]
fn a_failure_while_hedging_sends_at_once_and_leaves_the_other_sends_their_chance() {
    let mut case = Case::textbook(|policy| policy.max_sends(Some(2)).hedging(true));
    assert_eq!(case.begin(1, at(0)), None);
    case.send(1, at(0));
    assert_eq!(case.failed(at(10), 1, None), None);
    let (_, soon) = case.deadline().unwrap();
    assert_eq!(soon.as_nanos(), 10_000_001);
    assert_eq!(case.due(soon), None);
    case.send(2, soon);
    // The last send has failed as well, but an earlier one may still be answered: keep waiting.
    assert_eq!(case.failed(at(20), 2, None), None);
    assert_eq!(case.answered_by(1, 1), Some(1));
}

#[test]
fn a_refusal_ends_it_unless_another_hedge_may_follow() {
    let mut case = Case::textbook(|policy| policy.max_sends(Some(2)).hedging(true));
    assert_eq!(case.begin(1, at(0)), None);
    assert_eq!(case.refused(at(0)), None, "nothing is out");
    case.send(1, at(0));
    assert_eq!(case.refused(at(10)), None);
    case.send(2, at(10));
    let outcome = case.refused(at(11)).unwrap();
    assert_eq!((outcome.sends, outcome.how), (2, Ending::Refused));
}

#[test]
fn a_deadline_past_the_last_instant_is_none() {
    let mut case = Case::textbook(|policy| policy);
    assert_eq!(case.begin(1, Instant::MAX), None);
    case.send(1, Instant::MAX);
    assert_eq!((case.deadline(), case.due(Instant::MAX)), (None, None));
    assert_eq!(case.answered_by(1, 1), Some(1), "it waits for a reply nevertheless");
}

/// The state of waiting exchanges is most of the memory of a million clients.
#[test]
fn an_exchange_is_small() {
    assert!(size_of::<Exchange>() <= 64, "{}", size_of::<Exchange>());
    assert!(size_of::<Option<Outcome>>() <= 20, "{}", size_of::<Option<Outcome>>());
}
