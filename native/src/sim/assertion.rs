//! `--assert`: bounds on the measures of a run, for scripts and CI.

use super::measure::{MEASURES, Measure, Measured};
use super::spread::{MIN_SEEDS, Spread};
use crate::output::{Count, seconds};
use crate::table::{Cell, ColumnKind};
use retrylab_core::time::parse_duration;
use retrylab_core::value::nearest;
use std::fmt;

/// What `--help` says about assertions.
pub(super) const HELP: &str = "\
Assertions are `MEASURE RELATION VALUE`, where RELATION is one of <= < >= > == !=:
  amplification <= 1.3          a number
  latency_p99_s < 500ms         a time, or a number of seconds
  gave_up_share <= 0.1%         a share, or a number from 0 to 1
  digest == 0e03fd3c7e2cf1e3    a text
  amplification <= 1.3 in 95% of seeds     with --seeds: in how many of the runs it must hold, or
                                           `in all seeds`
MEASURE is a column of `retrylab sweep`; a name that does not exist lists them all. Without `in …`,
the whole 95 % confidence interval of the median over the seeds must satisfy <=, <, >= or >, and
every seed must satisfy == and !=. A latency that no answered exchange has is longer than any. A run
that a --max-… limit has ended fails its assertions unless --allow-cut is given.";

/// How a measure relates to its bound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Relation {
    AtMost,
    Below,
    AtLeast,
    Above,
    Equal,
    Unequal,
}

/// The longer ones come first: `<` is the beginning of `<=`.
const RELATIONS: [(&str, Relation); 6] = [
    ("<=", Relation::AtMost),
    (">=", Relation::AtLeast),
    ("==", Relation::Equal),
    ("!=", Relation::Unequal),
    ("<", Relation::Below),
    (">", Relation::Above),
];

impl Relation {
    fn holds<T: PartialOrd + ?Sized>(self, value: &T, bound: &T) -> bool {
        match self {
            Self::AtMost => value <= bound,
            Self::Below => value < bound,
            Self::AtLeast => value >= bound,
            Self::Above => value > bound,
            Self::Equal => value == bound,
            Self::Unequal => value != bound,
        }
    }
}

/// What a measure is compared with.
#[derive(Clone, Debug, PartialEq)]
enum Bound {
    Number(f64),
    Text(String),
}

/// An assertion about a measure.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Assertion {
    /// As it was given.
    text: String,
    /// Index of the measure among [`MEASURES`].
    at: usize,
    relation: Relation,
    bound: Bound,
    /// The share of the seeds in which it must hold; `None` if it concerns the median.
    share: Option<f64>,
}

impl fmt::Display for Assertion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Reads an assertion.
pub(crate) fn parse(text: &str) -> Result<Assertion, String> {
    let found =
        RELATIONS.iter().filter_map(|(sign, relation)| Some((text.find(sign)?, sign, relation)));
    // The first one; of two at the same place, the longer one.
    let Some((place, sign, relation)) =
        found.min_by_key(|(place, sign, _)| (*place, 2 - sign.len()))
    else {
        return Err(
            "it has no relation; try `amplification <= 1.3`, with one of <= < >= > == !=".into()
        );
    };
    let (name, rest) = (text[..place].trim(), text[place + sign.len()..].trim());
    let at =
        MEASURES.iter().position(|measure| measure.name == name).ok_or_else(|| unknown(name))?;
    let (value, share) = match rest.split_once(" in ") {
        None => (rest, None),
        Some((value, seeds)) => (value.trim_end(), Some(share_of_seeds(seeds)?)),
    };
    let measure = &MEASURES[at];
    let bound = match measure.kind {
        ColumnKind::Text if !matches!(relation, Relation::Equal | Relation::Unequal) => {
            return Err(format!("{name} is a text: compare it with == or !="));
        }
        ColumnKind::Text if value.is_empty() => return Err("it has no value".into()),
        ColumnKind::Text => Bound::Text(value.to_string()),
        _ => Bound::Number(number(measure, value)?),
    };
    Ok(Assertion { text: text.trim().to_string(), at, relation: *relation, bound, share })
}

fn unknown(name: &str) -> String {
    let names = || MEASURES.iter().map(|measure| measure.name);
    match nearest(name, names()) {
        Some(meant) => format!("there is no measure {name:?}; did you mean {meant}?"),
        None => {
            format!(
                "there is no measure {name:?}; the measures are {}",
                names().collect::<Vec<_>>().join(", ")
            )
        }
    }
}

/// Reads what follows ` in `: `all seeds`, `95% of seeds`.
fn share_of_seeds(text: &str) -> Result<f64, String> {
    if text.trim() == "all seeds" {
        return Ok(1.0);
    }
    let share =
        text.trim().strip_suffix("of seeds").and_then(|share| share.trim().strip_suffix('%'));
    let share =
        share.and_then(|percent| percent.trim().parse::<f64>().ok()).map(|percent| percent / 100.0);
    share.filter(|share| (0.0..=1.0).contains(share)).ok_or_else(|| {
        format!("{text:?} is not a share of seeds; try `in 95% of seeds` or `in all seeds`")
    })
}

/// Reads the value of a measure, with the units that such a measure may have.
fn number(measure: &Measure, text: &str) -> Result<f64, String> {
    let plain = || text.parse::<f64>().ok();
    let is_share = measure.name.ends_with("_share") || measure.name == "utilisation";
    let (value, units) = if measure.name.ends_with("_s") {
        let time = || parse_duration(text).map(seconds);
        (plain().or_else(time), ", a time such as 500ms or a number of seconds")
    } else if is_share {
        let percent =
            || text.strip_suffix('%')?.trim().parse::<f64>().ok().map(|percent| percent / 100.0);
        (plain().or_else(percent), ", such as 5% or 0.05")
    } else {
        (plain(), "")
    };
    value
        .filter(|value| value.is_finite())
        .ok_or_else(|| format!("{text:?} is not a value of {}{units}", measure.name))
}

/// The result of an assertion.
#[derive(Debug, serde::Serialize)]
pub(super) struct Check {
    /// The scenario of a comparison that is asserted; null without a comparison.
    pub(super) variant: Option<String>,
    #[serde(rename = "assert")]
    pub(super) assertion: String,
    pub(super) holds: bool,
    /// What was found, in words.
    pub(super) found: String,
    /// A seed whose run does not keep the assertion; null if there is none.
    pub(super) seed: Option<u64>,
    /// The command that shows it again; null if the assertion holds.
    pub(super) repeat: Option<String>,
    /// The page's address for that run; null if the assertion holds.
    pub(super) address: Option<String>,
}

impl Check {
    fn new(assertion: &Assertion, (holds, found): (bool, String), seed: Option<u64>) -> Self {
        let seed = seed.filter(|_| !holds);
        let (variant, repeat, address) = (None, None, None);
        Self { variant, assertion: assertion.to_string(), holds, found, seed, repeat, address }
    }

    /// The same result, of a scenario of a comparison.
    pub(super) fn of_variant(self, name: &str) -> Self {
        Self { variant: Some(name.to_string()), ..self }
    }

    /// Returns the assertion, with the name of the scenario in a comparison.
    pub(super) fn title(&self) -> String {
        let Self { variant, assertion, .. } = self;
        variant.as_ref().map_or_else(|| assertion.clone(), |name| format!("{name}: {assertion}"))
    }

    /// The same result; if the assertion does not hold, `command` shows it again, and so does the page at `address`.
    pub(super) fn with_repeat(self, command: String, address: String) -> Self {
        if self.holds {
            return self;
        }
        Self { repeat: Some(command), address: Some(address), ..self }
    }
}

impl Assertion {
    /// Returns the same assertion for a single run.
    pub(super) fn of_one_run(&self) -> Self {
        let text = self.text.split_once(" in ").map_or(&*self.text, |(text, _)| text.trim_end());
        Self { text: text.to_string(), share: None, ..self.clone() }
    }

    /// Returns whether it concerns the interval of a median.
    const fn needs_interval(&self) -> bool {
        self.share.is_none() && !matches!(self.relation, Relation::Equal | Relation::Unequal)
    }

    /// Checks that the number of seeds allows a conclusion.
    pub(super) fn check_seeds(&self, seeds: u64) -> Result<(), String> {
        if self.needs_interval() && seeds < MIN_SEEDS as u64 {
            return Err(format!(
                "{:?}: the median of fewer than {MIN_SEEDS} seeds has no confidence interval; run more seeds, or add \
                 `in all seeds`",
                self.text
            ));
        }
        Ok(())
    }

    /// Returns whether a run keeps it, and what the run's value is.
    fn of(&self, run: &Measured, allow_cut: bool) -> (bool, String) {
        let name = MEASURES[self.at].name;
        if !run.ended_by.is_finished() && !allow_cut {
            return (false, format!("the run was ended by {}", run.ended_by));
        }
        match (&self.bound, &run.cells[self.at], run.number(self.at)) {
            (Bound::Text(bound), Cell::Text(value), _) => {
                (self.relation.holds(value.as_str(), bound), format!("{name} is {value}"))
            }
            (Bound::Number(bound), _, Some(value)) if value.is_infinite() => (
                self.relation.holds(&value, bound),
                format!("{name} is longer than any: too few exchanges were answered"),
            ),
            (Bound::Number(bound), _, Some(value)) => {
                (self.relation.holds(&value, bound), format!("{name} is {value}"))
            }
            _ => (false, format!("{name} has no value in this run")),
        }
    }

    /// Checks a single run.
    pub(super) fn check_run(&self, seed: u64, run: &Measured, allow_cut: bool) -> Check {
        Check::new(self, self.of(run, allow_cut), Some(seed))
    }

    /// Checks the runs of several seeds.
    pub(super) fn check_runs(&self, runs: &[(u64, &Measured)], allow_cut: bool) -> Check {
        if self.needs_interval() {
            return Check::new(self, self.of_median(runs, allow_cut), None);
        }
        let results: Vec<_> =
            runs.iter().map(|(seed, run)| (*seed, self.of(run, allow_cut))).collect();
        let worst = results.iter().find(|(_, (holds, _))| !holds);
        let kept = results.iter().filter(|(_, (holds, _))| *holds).count();
        let share = self.share.unwrap_or(1.0);
        let holds = kept as f64 >= share * runs.len() as f64;
        let seeds = Count(runs.len() as u64, "seed");
        let first = worst.map(|(seed, (_, found))| format!("; with seed {seed}, {found}"));
        let result = (holds, format!("it holds in {kept} of {seeds}{}", first.unwrap_or_default()));
        Check::new(self, result, worst.map(|(seed, _)| *seed))
    }

    fn of_median(&self, runs: &[(u64, &Measured)], allow_cut: bool) -> (bool, String) {
        let name = MEASURES[self.at].name;
        let cut = runs.iter().filter(|(_, run)| !run.ended_by.is_finished()).count();
        if cut > 0 && !allow_cut {
            return (
                false,
                format!("{cut} of {} were ended by a limit", Count(runs.len() as u64, "run")),
            );
        }
        let spread: Spread = runs.iter().filter_map(|(_, run)| run.number(self.at)).collect();
        let all = spread.count + spread.unanswered;
        let (Bound::Number(bound), Some((low, high)), true) =
            (&self.bound, spread.median_95, all == runs.len() as u64)
        else {
            let seeds = Count(runs.len() as u64, "seed");
            return (false, format!("{name} has no value in {} of {seeds}", seeds.0 - all));
        };
        let holds = self.relation.holds(&low, bound) && self.relation.holds(&high, bound);
        (holds, format!("the median of {name} is between {low} and {high} (95 % confidence)"))
    }
}
