//! What a plot of a sweep shows, and why it cannot.

use crate::table::{Cell, TableError};
use retrylab_core::scenario::FieldError;
use retrylab_core::value::{Printable, nearest};

/// Maximum number of lines. More could not be distinguished.
pub(super) const MAX_LINES: usize = 24;

/// Maximum number of rows of a heat map.
pub(super) const MAX_ROWS: usize = 60;

/// Maximum number of characters of a list within a sentence.
const MAX_LIST: usize = 1_000;

/// The keys and the measure to plot.
pub(super) struct Choice<'a> {
    pub(super) x: Option<&'a str>,
    pub(super) y: &'a str,
    pub(super) by: Option<&'a str>,
    /// Flag that `by` comes from.
    pub(super) by_flag: &'static str,
    pub(super) only: &'a [String],
    pub(super) log_x: bool,
    pub(super) log_y: bool,
}

/// Error that [`Data::read`] returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DataError {
    #[error(transparent)]
    Table(#[from] TableError),
    #[error("--where: {0}")]
    Pair(#[from] FieldError),
    #[error("--{flag}: {file} has no {what} `{name}`; {hint}")]
    Unknown { flag: &'static str, file: String, what: &'static str, name: String, hint: String },
    #[error("--y: {0} is `{1}`, which is not a number")]
    NoNumber(String, String),
    #[error("--x and --{flag} are both {key}; choose two different keys")]
    SameKey { flag: &'static str, key: String },
    #[error("--heat: {0} has only one varied key; a heat map needs two")]
    OneKey(String),
    #[error(
        "{key} varies too ({values}); select one value with --where {key}=VALUE, or use the key with --x or --by"
    )]
    Mixed { key: String, values: String },
    #[error("no row of {0} matches --where")]
    Empty(String),
    #[error("--y: nothing to draw: {y} has no value in the median run, for any {x} in {file}")]
    NoValue { file: String, x: String, y: String },
    #[error(
        "--{flag}: {key} has {lines} values; a plot shows at most {max} {what}; select some with --where {key}=VALUE, \
         which can be repeated"
    )]
    TooMany { flag: &'static str, key: String, lines: usize, max: usize, what: &'static str },
    #[error("--log-{axis}: {name} is {value}; a logarithmic axis needs numbers above 0")]
    Log { axis: char, name: String, value: String },
}

/// Returns the text of a varied key's cell, the same for every format: CSV has `0.0` for 0.
pub(super) fn label(cell: &Cell) -> String {
    let text = cell.text();
    match text.strip_suffix(".0") {
        _ if text.is_empty() => "none".to_string(),
        Some(whole) if whole.bytes().all(|b| b.is_ascii_digit()) => whole.to_string(),
        _ => text,
    }
}

/// Returns a cell or the name of a column as text within a sentence.
pub(super) fn short(text: &str) -> String {
    Printable::short(text).to_string()
}

/// Returns the name that was probably meant instead of `name`, or all of the known ones.
pub(super) fn hint(name: &str, known: &[&str]) -> String {
    match nearest(name, known.iter().copied()) {
        Some(meant) => format!("did you mean {}?", short(meant)),
        None => format!("choose one of {}", cut(&known.join(", "))),
    }
}

/// Returns a list as text within a sentence.
pub(super) fn cut(text: &str) -> String {
    Printable::new(text).at_most(MAX_LIST).to_string()
}
