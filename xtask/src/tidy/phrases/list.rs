//! The list of phrases to avoid, each with what to write instead.
//!
//! The form of `xtask/phrases.txt`:
//!
//! ```text
//! # A comment.
//! [text]                        phrases of prose; [names] for names in code
//! frobs? => gadget              a pattern, and what to write instead
//!     except: frob of Euler     a context in which it is right, also a pattern
//! ```
//!
//! Patterns are regular expressions that match whole words. In prose case does not matter, and a blank
//! stands for any white space, line ends included; in names case matters.

use std::ops::Range;

use anyhow::{Context, Result, bail};
use regex::{Regex, RegexBuilder};

/// Where a phrase is looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Scope {
    Text,
    Names,
}

/// One entry of the list.
pub(crate) struct Phrase {
    pub(crate) scope: Scope,
    pattern: Regex,
    /// Contexts in which the pattern is right.
    except: Vec<Regex>,
    pub(crate) instead: String,
}

/// Reads the list. An error names the line.
pub(crate) fn parse(text: &str) -> Result<Vec<Phrase>> {
    let mut phrases: Vec<Phrase> = Vec::new();
    let mut scope = Scope::Text;
    for (index, line) in text.lines().enumerate() {
        let place = || format!("line {}", index + 1);
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if line == "[text]" {
            scope = Scope::Text;
        } else if line == "[names]" {
            scope = Scope::Names;
        } else if let Some(context) = line.strip_prefix("except:") {
            let Some(last) = phrases.last_mut() else {
                bail!("{}: `except:` comes after the pattern that it belongs to", place());
            };
            last.except.push(compile(context.trim(), scope).with_context(place)?);
        } else if let Some((pattern, instead)) = line.split_once(" => ") {
            let pattern = compile(pattern.trim(), scope).with_context(place)?;
            let instead = instead.trim().to_owned();
            phrases.push(Phrase { scope, pattern, except: Vec::new(), instead });
        } else {
            bail!("{}: expected `pattern => what to write instead`", place());
        }
    }
    Ok(phrases)
}

fn compile(pattern: &str, scope: Scope) -> Result<Regex> {
    let blank = if scope == Scope::Text { r"\s+" } else { " " };
    // An ASCII boundary, because the Unicode one is slow on other text.
    let pattern = format!(r"(?-u:\b)(?:{})(?-u:\b)", pattern.replace(' ', blank));
    let insensitive = scope == Scope::Text;
    Ok(RegexBuilder::new(&pattern).case_insensitive(insensitive).build()?)
}

impl Phrase {
    /// Returns each occurrence of the phrase in `text`, in order.
    pub(crate) fn find(&self, text: &str) -> Vec<Range<usize>> {
        let mut found: Vec<_> = self.pattern.find_iter(text).map(|hit| hit.range()).collect();
        if !found.is_empty() {
            for context in self.except.iter().flat_map(|except| except.find_iter(text)) {
                found.retain(|hit| hit.start < context.start() || context.end() < hit.end);
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIST: &str = "# words\n[text]\nfrobs? => gadget\n  except: frob of Euler\nto and fro => back\n\
                        [names]\nFROB(?:_[A-Z]+)? => GADGET\n";

    fn words(scope: Scope, text: &str) -> Vec<String> {
        let phrases = parse(LIST).unwrap();
        let own = phrases.iter().filter(|phrase| phrase.scope == scope);
        own.flat_map(|phrase| phrase.find(text)).map(|place| text[place].to_owned()).collect()
    }

    #[test]
    fn prose_is_matched_by_whole_words_in_any_case_and_over_line_ends() {
        assert_eq!(words(Scope::Text, "A Frob, two frobs; frobbing"), ["Frob", "frobs"]);
        assert_eq!(words(Scope::Text, "walks to\n  and fro"), ["to\n  and fro"]);
    }

    #[test]
    fn a_context_excepts_only_what_is_inside_it() {
        assert_eq!(words(Scope::Text, "the frob\nof Euler, and a frob"), ["frob"]);
        assert_eq!(words(Scope::Text, "the frob of Euler"), [""; 0]);
    }

    #[test]
    fn names_are_matched_in_their_case() {
        assert_eq!(words(Scope::Names, "FROB_SIZE frob FROB"), ["FROB_SIZE", "FROB"]);
    }

    #[test]
    fn an_error_of_the_list_names_the_line() {
        for (list, line) in
            [("a\n", "line 1"), ("a => b\n( => c", "line 2"), ("except: a", "line 1")]
        {
            assert!(parse(list).err().unwrap().to_string().contains(line), "{list}");
        }
    }
}
