//! `retrylab check`: verifies the code of an exercise's result.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout, complain};
use retrylab_core::exercise::{CodeError, Exercise, Kind, NAME, NameError, Score};
use retrylab_core::scenario::{FieldError, Scenario};
use retrylab_core::sim;
use serde_json::json;

const HELP: &str = "\
Examples:
  retrylab check HH0HJ-B79R 'http://127.0.0.1:8060/#view.exercise=sends.17'
  retrylab check hh0hjb79r view.exercise=sends.17 --json

A code covers the exercise, its right answer, whether that was found, and the number of answers. It
is a checksum: it reveals typing errors, and codes of other exercises. It is not a proof, because
everyone who solves the same exercise with as many answers has the same code. Give each student a
number of their own, such as view.exercise=sends.17.

Exit codes: 0 the code is valid, 1 it is not, or stdout cannot be written, 2 usage error.";

/// Check the code that an exercise of the page ended with
#[derive(clap::Args, Debug)]
#[command(after_help = HELP)]
pub(crate) struct Args {
    /// The code; dashes and upper case are optional
    #[arg(value_name = "CODE")]
    code: String,
    /// Address of the exercise, or the part after its `#`
    #[arg(value_name = "ADDRESS")]
    link: String,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Reason why an address names no exercise.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("the address: {0}")]
    Link(#[from] FieldError),
    #[error("the address names no exercise; it must contain one, as in view.{NAME}=sends.17")]
    NoExercise,
    #[error("the address: view.{NAME}: {0}")]
    Name(#[from] NameError),
}

/// Prints what a code says about its exercise.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let exercise = exercise(&args.link)?;
    let score = Score::read(&args.code, &exercise);
    let mut out = Stdout::default();
    if args.json {
        out.json(&describe(&exercise, &score));
    } else {
        match &score {
            Ok(score) => out.line(words(&exercise, *score)),
            Err(error) => complain(format_args!("the code is not valid: {error}")),
        }
    }
    Ok(out.finish(if score.is_ok() { Exit::Success } else { Exit::Failed }))
}

fn exercise(link: &str) -> Result<Exercise, Error> {
    let link = Scenario::from_link(link);
    if let Some(error) = link.errors.into_iter().next() {
        return Err(error.into());
    }
    let named = link.view.iter().find(|(name, _)| name == NAME);
    let (kind, number) = Kind::read(&named.ok_or(Error::NoExercise)?.1)?;
    Ok(Exercise::new(kind, number, &|scenario| sim::run(scenario, Vec::new()).sink))
}

/// Returns `valid: sends.17, "How many …?": solved at the second attempt`, for example.
fn words(exercise: &Exercise, score: Score) -> String {
    let Score { solved, attempts } = score;
    let most = if attempts == Score::MAX_ATTEMPTS { "at least " } else { "" };
    let result = match (solved, attempts) {
        (true, 1) => "solved with the first answer".to_string(),
        (true, _) => format!("solved with {most}{attempts} answers"),
        (false, 0) => "not solved: the solution was shown before an answer".to_string(),
        (false, 1) => "not solved: the solution was shown after one answer".to_string(),
        (false, _) => format!("not solved: the solution was shown after {most}{attempts} answers"),
    };
    let Exercise { kind, number, .. } = exercise;
    format!("valid: exercise {} ({}), {result}", kind.named(*number), kind.title())
}

fn describe(exercise: &Exercise, score: &Result<Score, CodeError>) -> serde_json::Value {
    let name = exercise.kind.named(exercise.number);
    match score {
        Ok(Score { solved, attempts }) => json!({
            "schema": SCHEMA,
            "exercise": name,
            "valid": true,
            "solved": solved,
            "attempts": attempts,
            "answer": exercise.answer.words(),
        }),
        Err(error) => json!({
            "schema": SCHEMA,
            "exercise": name,
            "valid": false,
            "why": error.to_string(),
        }),
    }
}
