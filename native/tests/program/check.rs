//! `retrylab check`, as teachers and scripts see it.

use crate::common::run;
use retrylab_core::exercise::{Exercise, Kind, Score};
use retrylab_core::sim;

/// Returns the code of a result of `sends.17`.
fn code(solved: bool, attempts: u8) -> String {
    let simulate = |scenario: &_| sim::run(scenario, Vec::new()).sink;
    Score { solved, attempts }.code(&Exercise::new(Kind::Sends, 17, &simulate))
}

const LINK: &str = "http://127.0.0.1:8060/#view.exercise=sends.17";

#[test]
fn the_first_example_of_the_help_is_a_valid_code() {
    let help = run(&["check", "--help"]).stdout;
    let example =
        help.lines().find_map(|line| line.trim().strip_prefix("retrylab check ")).unwrap();
    let (code, address) = example.split_once(' ').unwrap();
    let finished = run(&["check", code, address.trim_matches('\'')]);
    assert_eq!(finished.code, Some(0), "{finished:?}; such as {}", self::code(true, 1));
}

#[test]
fn a_code_says_how_the_exercise_was_solved() {
    for (solved, attempts, result) in [
        (true, 1, "solved with the first answer"),
        (true, 3, "solved with 3 answers"),
        (true, 15, "solved with at least 15 answers"),
        (false, 0, "not solved: the solution was shown before an answer"),
        (false, 2, "not solved: the solution was shown after 2 answers"),
    ] {
        let finished = run(&["check", &code(solved, attempts), LINK]);
        let line = format!("valid: exercise sends.17 (How many sends does it take?), {result}\n");
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(0), line.as_str()));
    }
    let spoken = code(true, 2).to_lowercase().replace('-', "");
    let object = run(&["check", &spoken, "view.exercise=sends.17", "--json"]).object();
    assert_eq!((&object["valid"], &object["attempts"]), (&true.into(), &2.into()));
    assert_eq!(object["exercise"], "sends.17");
}

#[test]
fn a_code_that_does_not_hold_is_refused() {
    let code = code(true, 1);
    let last = if code.ends_with('0') { "1" } else { "0" };
    let mistyped = format!("{}{last}", &code[..code.len() - 1]);
    for (code, link, sentence) in [
        (mistyped.as_str(), LINK, "the code is not valid: a letter or digit of the code is wrong"),
        (&code, "view.exercise=sends.18", "the code belongs to another exercise"),
        (&code, "view.exercise=recovers.17", "the code belongs to another exercise"),
        ("abc", LINK, "a code has 9 letters and digits, this one has 3"),
        ("\u{1b}[31m", LINK, "a code has no '\\u{1b}'"),
    ] {
        let finished = run(&["check", code, link]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{}", finished.stderr);
    }
    let object = run(&["check", &mistyped, LINK, "--json"]);
    assert_eq!(object.code, Some(1));
    assert_eq!(object.object()["valid"], false);
}

#[test]
fn an_address_without_an_exercise_is_a_usage_error() {
    for (link, sentence) in [
        (
            "seed=7",
            "the address names no exercise; it must contain one, as in view.exercise=sends.17",
        ),
        ("http://127.0.0.1:8060/", "has no scenario"),
        (
            "view.exercise=next-sent.1",
            "there is no exercise \"next-sent\"; did you mean next-send?",
        ),
        ("view.exercise=sends", "write sends.7, for example"),
        ("view.exercise=%1b.1", "there is no exercise \"\\u{1b}\""),
    ] {
        let finished = run(&["check", &code(true, 1), link]);
        assert_eq!(finished.code, Some(2), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{}", finished.stderr);
    }
}
