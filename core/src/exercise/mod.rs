//! Exercises: a run with something hidden, a question about it, the right answer, and the reasons for it.
//!
//! A kind and a number name an exercise. They draw the scenario and what is hidden; the answer is read from the simulated
//! run, so it cannot differ from what the run shows. Each instance has exactly one right answer: where there would be none or
//! two, others are drawn.
//!
//! What it does not do: hold an examination. A [`Score`]'s code reveals mistakes and codes of other exercises, but anyone with
//! this crate can make one.
//!
//! ```
//! # #[cfg(feature = "sim")] {
//! use retrylab_core::exercise::{Exercise, Kind, Score};
//! use retrylab_core::sim;
//!
//! let simulate = |scenario: &_| sim::run(scenario, Vec::new()).sink;
//! let exercise = Exercise::new(Kind::Sends, 1, &simulate);
//! assert!(exercise.question.ends_with('?'));
//! assert_eq!(exercise.check("0"), Ok(false));
//! assert_eq!(exercise.check(&exercise.answer.to_string()), Ok(true));
//!
//! let score = Score { solved: true, attempts: 2 };
//! assert_eq!(Score::read(&score.code(&exercise), &exercise), Ok(score));
//! # }
//! ```
//!
//! | file | what it is |
//! |---|---|
//! | `name` | how a link names an exercise |
//! | `draw` | draws instances |
//! | `kinds` | a file for each kind |
//! | `answer` | right answers, and what people write |
//! | `score` | the code of a result |

mod answer;
mod draw;
mod kinds;
mod name;
mod score;
#[cfg(all(test, feature = "sim"))]
mod tests;

pub use answer::{Answer, AnswerError};
pub use name::{Kind, NAME, NameError};
pub use score::{CodeError, Score};

use crate::random::{Direction, Name, Purpose};
use crate::scenario::Scenario;
use crate::trace::Record;
use alloc::string::String;
use alloc::vec::Vec;
use draw::Draw;

/// Returns all records of a scenario's run.
pub type Simulate<'a> = &'a dyn Fn(&Scenario) -> Vec<Record>;

/// A question about a run.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Exercise {
    /// What it asks for.
    pub kind: Kind,
    /// Its number among those of its kind.
    pub number: u32,
    /// The scenario of the run.
    pub scenario: Scenario,
    /// Number of records that may be shown before the answer.
    pub shown: usize,
    /// What the reader has to know, in sentences.
    pub given: Vec<String>,
    /// The question.
    pub question: String,
    /// The right answer.
    pub answer: Answer,
    /// Why it is the right one, in a sentence or two.
    pub why: String,
    /// The records that show why: their places in the trace.
    pub reasons: Vec<usize>,
}

impl Exercise {
    /// Draws the exercise with this number; `simulate` runs scenarios of less than 500 records.
    #[must_use]
    pub fn new(kind: Kind, number: u32, simulate: Simulate<'_>) -> Self {
        let mut index = 0;
        loop {
            let name = Name {
                seed: number.into(),
                flow: kind as u32,
                direction: Direction::Request,
                index,
            };
            let stream = name.stream(Purpose::Exercise);
            if let Some(drawn) = kinds::draw(kind, &mut Draw { stream, simulate }) {
                return Self { kind, number, ..drawn };
            }
            index += 1;
        }
    }

    /// Returns true if the answer that someone wrote is right.
    ///
    /// # Errors
    /// If it is not an answer to this question.
    pub fn check(&self, answer: &str) -> Result<bool, AnswerError> {
        self.answer.is(answer)
    }
}
