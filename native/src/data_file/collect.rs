//! Collects the times of a file, and says what is wrong with one.

use retrylab_core::time::{Duration, WithUnit};
use retrylab_core::value::{Printable, TimeList};

/// Reason why a file is refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Why {
    #[error("has no times; write one per line")]
    Empty,
    #[error("has more than {0} times, the maximum; keep fewer of them, for example every tenth")]
    TooMany(usize),
    #[error("has no reply in ping's output: every request was lost")]
    NoReplies,
    #[error("\"{0}\" is not a duration; try 12.5ms, or put the unit alone on the first line")]
    NoTime(String),
    #[error("\"{0}\" is not a number of {1} from 0")]
    NoNumber(String, String),
    #[error("\"{0}\" is too long; a time is at most {max}", max = WithUnit(*.1))]
    TooLong(String, Duration),
    #[error("\"{0}\" is earlier than the previous time; times must be in ascending order")]
    Order(String),
    #[error("the times are of two hosts, \"{0}\" and \"{1}\"; keep the lines of one of them")]
    Hosts(String, String),
    #[error("\"{0}\" is a time between lines of ping; keep one kind of line")]
    Mixed(String),
    #[error("this is not a table: {0}")]
    Table(String),
    #[error("the table has no column \"{0}\"; its columns are {1}")]
    NoColumn(String, String),
    #[error("no column is named like a time; select one of {0} with @FILE:COLUMN")]
    NoTimes(String),
    #[error("several columns could be meant; select one of {0} with @FILE:COLUMN")]
    Ambiguous(String),
    #[error(
        "\"{0}\" has no unit; write 12.5ms, or end the column's name in the unit, such as rtt_ms"
    )]
    NoUnit(String),
}

/// The line, if there is one at fault, and the reason.
pub(super) type Refused = (Option<usize>, Why);

/// Returns text of the file for an error message.
pub(super) fn shown(text: &str) -> String {
    Printable::short(text).to_string()
}

/// Collects times and checks that they suit a key.
pub(super) struct Collector<'a> {
    pub(super) series: &'a TimeList,
    pub(super) list: Vec<Duration>,
}

impl Collector<'_> {
    /// Adds a time, or refuses what was written instead of one.
    pub(super) fn add(
        &mut self,
        line: usize,
        written: &str,
        time: Option<Duration>,
    ) -> Result<(), Refused> {
        let wrong = |why: fn(String) -> Why| (Some(line), why(shown(written)));
        let time = time.ok_or_else(|| wrong(Why::NoTime))?;
        if time > self.series.max_time {
            return Err((Some(line), Why::TooLong(shown(written), self.series.max_time)));
        }
        if self.series.ordered && self.list.last().is_some_and(|before| time < *before) {
            return Err(wrong(Why::Order));
        }
        if self.list.len() == self.series.max_len {
            return Err((None, Why::TooMany(self.series.max_len)));
        }
        self.list.push(time);
        Ok(())
    }

    /// Adds the time of a cell in a column with this unit, or without one if it is empty.
    pub(super) fn add_cell(
        &mut self,
        line: usize,
        written: &str,
        unit: &str,
        time: Option<Duration>,
    ) -> Result<(), Refused> {
        if time.is_some() {
            return self.add(line, written, time);
        }
        let is_number = written.parse::<f64>().is_ok();
        Err((
            Some(line),
            match unit {
                "" if is_number => Why::NoUnit(shown(written)),
                "" => Why::NoTime(shown(written)),
                unit => Why::NoNumber(shown(written), unit.to_string()),
            },
        ))
    }
}
