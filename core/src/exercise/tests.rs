//! Checks every kind: the answer is well-defined, and what the run shows.

use super::*;
use crate::machine::Timer;
use crate::sim;
use crate::time::{Duration, Instant};
use crate::trace::What;
use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::ToString;

/// Number of instances of each kind.
const COUNT: u32 = 200;

fn simulate(scenario: &Scenario) -> Vec<Record> {
    sim::run(scenario, Vec::new()).sink
}

fn exercise(kind: Kind, number: u32) -> Exercise {
    Exercise::new(kind, number, &simulate)
}

/// Returns the times of a client's sends, and of its end, in a record-by-record reading of the run.
fn sends(records: &[Record], flow: u32) -> Vec<Instant> {
    let mine = records.iter().filter(|record| record.flow_number() == flow);
    let is_request = |what| matches!(what, What::Sent { direction: Direction::Request, .. });
    mine.filter(|record| is_request(record.what)).map(|record| record.at).collect()
}

/// Works out the answer from the scenario alone, or from other records than the exercise does.
fn worked_out(exercise: &Exercise, records: &[Record]) -> Answer {
    let Exercise { scenario, shown, .. } = exercise;
    let policy = &scenario.policy;
    let at = |time: Duration| Instant::ZERO.saturating_add(time);
    match (exercise.kind, &exercise.answer) {
        (Kind::NextSend, Answer::Time(_)) => {
            let known = sends(&records[..*shown], 1).len();
            Answer::Time(policy.sends().nth(known).unwrap())
        }
        (Kind::Sends, Answer::Number(_)) => {
            let fault = scenario.faults.as_slice()[0];
            let latency = Duration::from_nanos(simulate_latency(records));
            let before =
                policy.sends().take_while(|sent| at(*sent + latency) < fault.until().unwrap());
            Answer::Number(before.count() as u32 + 1)
        }
        (Kind::Recovers, Answer::Choice { options, .. }) => {
            let fault = scenario.faults.as_slice()[0];
            let latency = Duration::from_nanos(simulate_latency(records));
            let recovers = policy.sends().any(|sent| at(sent + latency) >= fault.until().unwrap());
            Answer::Choice { options: options.clone(), right: if recovers { 1 } else { 2 } }
        }
        (Kind::AnsweredSend, Answer::Choice { options, .. }) => {
            let end = records.iter().find(|record| matches!(record.what, What::Answered { .. }));
            let latency = Duration::from_nanos(simulate_latency(records));
            let left = |sent: &Instant| sent.saturating_add(2 * latency) == end.unwrap().at;
            let right = 1 + sends(records, 1).iter().position(left).unwrap();
            Answer::Choice { options: options.clone(), right }
        }
        (Kind::FirstToGiveUp, Answer::Choice { options, .. }) => {
            // The client whose current exchange began first, in what is shown.
            let begins = |record: &&Record| {
                matches!(record.what, What::Sent { direction: Direction::Request, .. })
                    && record.label.is_some_and(|label| label.send.get() == 1)
            };
            let last = |flow| {
                let shown = records[..*shown].iter().filter(begins);
                shown.filter(|record| record.flow_number() == flow).map(|record| record.at).max()
            };
            let right = (1..=3).min_by_key(|flow| last(*flow)).unwrap();
            Answer::Choice { options: options.clone(), right: right as usize }
        }
        (Kind::Policy, Answer::Choice { options, .. }) => {
            let armed = records.iter().filter_map(|record| match record.what {
                What::TimerArmed { timer: Timer::Resend | Timer::GiveUp, deadline } => {
                    Some(deadline.saturating_since(record.at))
                }
                _ => None,
            });
            let waits: Vec<u128> = armed.map(|wait| wait.as_micros()).collect();
            let right = 1 + options.iter().position(|option| fits(option, &waits)).unwrap();
            let fitting = options.iter().filter(|option| fits(option, &waits)).count();
            assert_eq!(fitting, 1, "{options:?} {waits:?}");
            Answer::Choice { options: options.clone(), right }
        }
        (kind, answer) => panic!("{kind:?} has the answer {answer:?}"),
    }
}

/// Reads the latency of the link off the first request that arrives.
fn simulate_latency(records: &[Record]) -> u64 {
    let arrival =
        records.iter().find(|record| matches!(record.what, What::Delivered { .. })).unwrap();
    let sent = records.iter().find(|record| {
        matches!(record.what, What::Sent { .. }) && record.packet() == arrival.packet()
    });
    arrival.at.as_nanos() - sent.unwrap().at.as_nanos()
}

/// Reads a policy's text and checks the waits, in microseconds.
fn fits(option: &str, waits: &[u128]) -> bool {
    let first: u128 = option.chars().filter(char::is_ascii_digit).collect::<String>()
        [..option.find(" ms").unwrap() - option.find(|c: char| c.is_ascii_digit()).unwrap()]
        .parse()
        .unwrap();
    let mut most = first * 1_000;
    waits.iter().all(|wait| {
        let allowed = if option.contains("full jitter") {
            *wait < most
        } else if option.contains("equal jitter") {
            (most / 2..most).contains(wait)
        } else {
            *wait == most
        };
        most = match option {
            _ if option.contains("twice") => most * 2,
            _ if option.contains("three times") => most * 3,
            _ if option.contains("longer") => most + first * 1_000,
            _ => most,
        };
        allowed
    })
}

#[test]
fn every_answer_is_what_the_run_shows() {
    for kind in Kind::ALL {
        let mut rights = BTreeSet::new();
        for number in 1..=COUNT {
            let exercise = exercise(*kind, number);
            let name = format!("{}.{number}", kind.name());
            let records = simulate(&exercise.scenario);
            assert!(records.len() < 500, "{name} has {} records", records.len());
            assert!((1..=records.len()).contains(&exercise.shown), "{name}");
            assert_eq!(exercise.answer, worked_out(&exercise, &records), "{name}");
            let right = exercise.answer.to_string();
            assert_eq!(exercise.check(&right), Ok(true), "{name}: {right}");
            assert!(exercise.reasons.iter().all(|place| *place < records.len()), "{name}");
            assert!(!exercise.reasons.is_empty() && exercise.reasons.is_sorted(), "{name}");
            assert!(exercise.question.ends_with('?'), "{}", exercise.question);
            rights.insert(right);
        }
        let options = match exercise(*kind, 1).answer {
            Answer::Choice { options, .. } => options.len(),
            Answer::Number(_) => 6,
            Answer::Time(_) => 50,
        };
        assert!(rights.len() >= options.min(COUNT as usize), "{kind:?}: {rights:?}");
    }
}

/// What decides the answer is not among the records that are shown before it.
#[test]
fn what_is_hidden_is_not_shown() {
    for number in 1..=COUNT {
        let shown = |kind| {
            let Exercise { scenario, shown, .. } = exercise(kind, number);
            simulate(&scenario)[..shown].to_vec()
        };
        let last = shown(Kind::NextSend).pop().unwrap();
        assert!(matches!(last.what, What::Sent { .. }), "its wait would show when it ends");
        for kind in [Kind::Sends, Kind::Recovers, Kind::AnsweredSend] {
            assert_eq!(sends(&shown(kind), 1).len(), 1);
        }
        let given_up = |record: &Record| matches!(record.what, What::GaveUp { .. });
        assert!(!shown(Kind::FirstToGiveUp).iter().any(given_up));
    }
}

#[test]
fn an_exercise_is_drawn_again_the_same_and_another_is_different() {
    for kind in Kind::ALL {
        assert_eq!(exercise(*kind, 7), exercise(*kind, 7));
        assert_ne!(exercise(*kind, 7).scenario, exercise(*kind, 8).scenario);
    }
}

#[test]
fn answers_are_read_as_people_write_them() {
    let time = Answer::Time(Duration::from_micros(237_500));
    for (text, right) in [("237.5ms", Ok(true)), (" 0.238 s", Ok(true)), ("240ms", Ok(false))] {
        assert_eq!(time.is(text), right, "{text}");
    }
    assert_eq!(time.is("0.2375"), Err(AnswerError::Time));
    assert_eq!(Answer::Number(4).is(" 4 "), Ok(true));
    assert_eq!(Answer::Number(4).is("5"), Ok(false));
    assert_eq!(
        Answer::Number(4).is("four").unwrap_err().to_string(),
        "Write a whole number, such as 3."
    );
    let choice = Answer::Choice { options: ["a", "b"].map(String::from).to_vec(), right: 2 };
    assert_eq!((choice.is("2"), choice.is("1")), (Ok(true), Ok(false)));
    assert_eq!(choice.is("3").unwrap_err().to_string(), "Choose one of the 2 answers.");
}

#[test]
fn a_link_names_an_exercise() {
    for kind in Kind::ALL {
        assert_eq!(Kind::read(&format!("{}.12", kind.name())), Ok((*kind, 12)));
    }
    for (text, sentence) in [
        ("next-sent.3", "there is no exercise \"next-sent\"; did you mean next-send?"),
        (
            "x",
            "there is no exercise \"x\"; the kinds are next-send, sends, recovers, answered-send, \
             first-to-give-up, policy",
        ),
        ("sends.x", "\"x\" is not the number of an exercise; write sends.7, for example"),
        ("sends", "\"\" is not the number of an exercise; write sends.7, for example"),
    ] {
        assert_eq!(Kind::read(text).unwrap_err().to_string(), sentence);
    }
}

#[test]
fn a_code_holds_for_its_exercise_and_its_result_alone() {
    let (own, other) = (exercise(Kind::Sends, 3), exercise(Kind::Sends, 4));
    for solved in [false, true] {
        for attempts in 0..=Score::MAX_ATTEMPTS {
            let score = Score { solved, attempts };
            let code = score.code(&own);
            assert_eq!(code.len(), 10);
            assert_eq!(Score::read(&code, &own), Ok(score));
            assert_eq!(Score::read(&code, &other), Err(CodeError::Other));
        }
    }
    let score = Score { solved: true, attempts: 200 };
    let most = Score { attempts: 15, ..score };
    assert_eq!(Score::read(&score.code(&own), &own), Ok(most));
    let code = Score { solved: true, attempts: 2 }.code(&own);
    let spoken = code.to_lowercase().replace('0', "o").replace('1', "l").replace('-', " ");
    assert!(Score::read(&spoken, &own).is_ok(), "{spoken}");
}

#[test]
fn every_changed_symbol_of_a_code_is_noticed() {
    let own = exercise(Kind::Policy, 9);
    let code = Score { solved: true, attempts: 1 }.code(&own);
    for place in (0..code.len()).filter(|place| *place != 5) {
        for symbol in "0123456789ABCDEFGHJKMNPQRSTVWXYZ".chars() {
            let changed = format!("{}{symbol}{}", &code[..place], &code[place + 1..]);
            if changed != code {
                assert_eq!(Score::read(&changed, &own), Err(CodeError::Mistyped), "{changed}");
            }
        }
    }
    for (text, error) in [
        ("", CodeError::Length(0)),
        (&code[1..], CodeError::Length(8)),
        ("ABCDU-1234", CodeError::Symbol('U')),
        ("é", CodeError::Symbol('é')),
    ] {
        assert_eq!(Score::read(text, &own), Err(error));
    }
}
