//! How a value is written: enough to derive a form, a flag, a completion and an error message from it.

use super::nearest;
use crate::time::Duration;
use alloc::format;
use alloc::string::{String, ToString};
use core::fmt;

/// Maximum number of words that may replace a value.
const MAX_WORDS: usize = 4;

/// How values of a type are written, and which ones are allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Shape {
    /// What is written.
    pub form: Form,
    /// Words that may be written instead, such as `none`.
    words: [Option<&'static str>; MAX_WORDS],
}

/// The form of a value's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Form {
    /// `true` or `false`.
    Bool,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// A whole number.
    Integer {
        /// The smallest.
        min: u64,
        /// The largest.
        max: u64,
    },
    /// A decimal number.
    Number(&'static Grammar),
    /// A duration with its unit.
    Time(&'static Grammar),
    /// Any text.
    Text {
        /// Its maximum length in bytes.
        max: usize,
    },
    /// Items separated by commas.
    List(&'static Grammar),
    /// A keyword with its parameters.
    Phrase(&'static Grammar),
}

/// Description of a type's values, in words and by examples.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Grammar {
    /// The name, with its article: `a duration`.
    pub noun: &'static str,
    /// Example values, each with an explanation, which may be empty.
    pub examples: &'static [(&'static str, &'static str)],
    /// Additional remarks, or nothing.
    pub limits: &'static str,
    /// The example that is a series of times, if any: a file of times can replace it.
    pub series: Option<TimeList>,
    /// How a list of such a value is written, if it can be one.
    pub items: Option<Items>,
}

/// A value that is a list, such as `list 1,3-5`: TOML and JSON can write it as an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Items {
    /// What begins the value, unless its first item begins with a word; empty for nothing.
    pub keyword: &'static str,
    /// What separates two items.
    pub separator: &'static str,
}

/// A value that is a series of times after a keyword, such as `table 9ms 10ms`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TimeList {
    /// The keyword.
    pub keyword: &'static str,
    /// What separates two times.
    pub separator: &'static str,
    /// Maximum number of times.
    pub max_len: usize,
    /// The longest time.
    pub max_time: Duration,
    /// Whether the times must be in ascending order.
    pub ordered: bool,
}

impl Grammar {
    /// Creates a grammar with these examples.
    #[must_use]
    pub const fn new(
        noun: &'static str,
        examples: &'static [(&'static str, &'static str)],
    ) -> Self {
        Self { noun, examples, limits: "", series: None, items: None }
    }

    /// Adds a remark that the examples do not show.
    #[must_use]
    pub const fn limits(self, limits: &'static str) -> Self {
        Self { limits, ..self }
    }

    /// Allows a series of times as the value.
    #[must_use]
    pub const fn series(self, series: TimeList) -> Self {
        let TimeList { keyword, separator, .. } = series;
        Self { series: Some(series), ..self }.items(keyword, separator)
    }

    /// Allows a list of items as the value.
    #[must_use]
    pub const fn items(self, keyword: &'static str, separator: &'static str) -> Self {
        Self { items: Some(Items { keyword, separator }), ..self }
    }
}

impl Shape {
    /// Creates the shape of this form.
    #[must_use]
    pub const fn new(form: Form) -> Self {
        Self { form, words: [None; MAX_WORDS] }
    }

    /// Allows `word` instead.
    ///
    /// # Panics
    /// If there are too many: in a constant, that does not compile.
    #[must_use]
    pub const fn or(mut self, word: &'static str) -> Self {
        let mut at = 0;
        while self.words[at].is_some() {
            at += 1;
        }
        self.words[at] = Some(word);
        self
    }

    /// Sets other bounds: those of an integer, or the length of a text.
    ///
    /// # Panics
    /// If it is neither: in a constant, such a bound does not compile.
    #[must_use]
    pub const fn within(self, min: u64, max: u64) -> Self {
        let form = match self.form {
            Form::Integer { .. } => Form::Integer { min, max },
            Form::Text { .. } => Form::Text { max: max as usize },
            _ => panic!("only integers and texts have bounds"),
        };
        Self { form, ..self }
    }

    /// Returns the words that may be written instead, such as `none`.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        self.words.into_iter().flatten()
    }

    /// Returns the allowed word that was probably meant by `text`.
    #[must_use]
    pub fn meant(&self, text: &str) -> Option<&'static str> {
        let choices = if let Form::Choice(words) = self.form { words } else { &[] };
        nearest(text, self.words().chain(choices.iter().copied()))
    }

    /// Returns its grammar, if it has one.
    #[must_use]
    pub const fn grammar(&self) -> Option<&'static Grammar> {
        match self.form {
            Form::Number(grammar)
            | Form::Time(grammar)
            | Form::List(grammar)
            | Form::Phrase(grammar) => Some(grammar),
            Form::Bool | Form::Choice(_) | Form::Integer { .. } | Form::Text { .. } => None,
        }
    }

    /// Returns the series of times that such a value may be.
    #[must_use]
    pub fn series(&self) -> Option<TimeList> {
        self.grammar()?.series
    }

    /// Returns whether such a value can be a list.
    #[must_use]
    pub fn is_list(&self) -> bool {
        self.grammar().is_some_and(|grammar| grammar.items.is_some())
    }

    /// Returns the text of a value whose list has these items; `None` if such a value cannot be a list.
    #[must_use]
    pub fn join(&self, items: &[String]) -> Option<String> {
        let Items { keyword, separator } = self.grammar()?.items?;
        let Some(first) = items.first() else { return Some("none".to_string()) };
        let list = items.join(separator);
        let has_word = first.trim_start().starts_with(char::is_alphabetic);
        Some(if keyword.is_empty() || has_word { list } else { format!("{keyword} {list}") })
    }

    /// Returns the end of a sentence that begins with a refused value: `is not a duration; try 100ms`.
    #[must_use]
    pub const fn refusal(&self) -> Refusal<'_> {
        Refusal(self)
    }
}

/// Returns what is allowed: ``a duration, such as `100ms`, or `none` ``.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.form {
            Form::Bool => f.write_str("`true` or `false`")?,
            Form::Choice(words) => join(f, words.len(), |f, i| write!(f, "`{}`", words[i]))?,
            Form::Integer { min, max } => write!(f, "a whole number from {min} to {max}")?,
            Form::Text { max } => write!(f, "text of at most {max} bytes")?,
            Form::Number(grammar) | Form::Time(grammar) | Form::List(grammar) => {
                write!(f, "{}, such as ", grammar.noun)?;
                grammar.write_examples(f, true)?;
            }
            Form::Phrase(grammar) => {
                write!(f, "{}: ", grammar.noun)?;
                grammar.write_examples(f, true)?;
            }
        }
        match (self.form, self.grammar().map_or("", |grammar| grammar.limits)) {
            (_, "") => {}
            (Form::Phrase(_), limits) => write!(f, "; {limits}")?,
            (_, limits) => write!(f, " ({limits})")?,
        }
        self.words().try_for_each(|word| write!(f, ", or `{word}`"))
    }
}

/// Reason why a value is refused; see [`Shape::refusal`].
#[derive(Clone, Copy, Debug)]
pub struct Refusal<'a>(&'a Shape);

impl fmt::Display for Refusal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shape = self.0;
        match shape.form {
            Form::Bool => f.write_str("is neither true nor false")?,
            Form::Choice(words) => {
                f.write_str("is not one of ")?;
                join(f, words.len(), |f, i| f.write_str(words[i]))?;
            }
            Form::Integer { min, max } => write!(f, "is not a whole number from {min} to {max}")?,
            Form::Text { max } => write!(f, "is longer than {max} bytes")?,
            Form::Number(grammar)
            | Form::Time(grammar)
            | Form::List(grammar)
            | Form::Phrase(grammar) => {
                write!(f, "is not {}; try ", grammar.noun)?;
                let quoted = grammar.examples.iter().any(|(text, _)| text.contains([' ', ',']));
                grammar.write_examples(f, quoted)?;
            }
        }
        shape.words().try_for_each(|word| write!(f, ", or {word}"))?;
        match shape.form {
            Form::Phrase(Grammar { limits, .. }) if !limits.is_empty() => write!(f, "; {limits}"),
            _ => Ok(()),
        }
    }
}

impl Grammar {
    fn write_examples(&self, f: &mut fmt::Formatter<'_>, quoted: bool) -> fmt::Result {
        join(f, self.examples.len(), |f, i| {
            let (text, meaning) = self.examples[i];
            let quote = if quoted { "`" } else { "" };
            write!(f, "{quote}{text}{quote}")?;
            if meaning.is_empty() { Ok(()) } else { write!(f, " ({meaning})") }
        })
    }
}

/// Writes `len` items as `a`, `a or b`, `a, b or c`.
fn join(
    f: &mut fmt::Formatter<'_>,
    len: usize,
    item: impl Fn(&mut fmt::Formatter<'_>, usize) -> fmt::Result,
) -> fmt::Result {
    for i in 0..len {
        f.write_str(match i {
            0 => "",
            _ if i + 1 == len => " or ",
            _ => ", ",
        })?;
        item(f, i)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::value::Value;

    const RULE: Grammar =
        Grammar::new("a rule", &[("tail", ""), ("red 5 15 0.1", "min, max, probability")])
            .limits("min is less than max");

    #[test]
    fn a_shape_says_what_is_allowed_and_why_a_value_is_refused() {
        let choice = Form::Choice(&["a", "b", "c"]);
        for (shape, allowed, refusal) in [
            (Shape::new(Form::Bool), "`true` or `false`", "is neither true nor false"),
            (Shape::new(choice), "`a`, `b` or `c`", "is not one of a, b or c"),
            (
                Option::<u32>::SHAPE.within(1, 5),
                "a whole number from 1 to 5, or `none`",
                "is not a whole number from 1 to 5, or none",
            ),
            (String::SHAPE.within(0, 9), "text of at most 9 bytes", "is longer than 9 bytes"),
            (
                Shape::new(Form::Phrase(&RULE)).or("none").or("same"),
                "a rule: `tail` or `red 5 15 0.1` (min, max, probability); min is less than max, or \
                 `none`, or `same`",
                "is not a rule; try `tail` or `red 5 15 0.1` (min, max, probability), or none, or \
                 same; min is less than max",
            ),
        ] {
            assert_eq!(shape.to_string(), allowed);
            assert_eq!(shape.refusal().to_string(), refusal);
        }
    }
}
