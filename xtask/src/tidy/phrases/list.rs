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
use regex::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};

/// The whole list.
#[derive(Default)]
pub(crate) struct List {
    /// Phrases of prose.
    pub(crate) text: Section,
    /// Phrases of names in code.
    pub(crate) names: Section,
}

/// The entries of `[text]` or those of `[names]`.
#[derive(Default)]
pub(crate) struct Section {
    phrases: Vec<Phrase>,
    /// All patterns at once: one search finds out which of them occur in a text, and few do.
    any: RegexSet,
}

/// One entry of the list.
pub(crate) struct Phrase {
    source: String,
    pattern: Regex,
    /// Contexts in which the pattern is right.
    except: Vec<Regex>,
    pub(crate) instead: String,
}

/// Where a phrase is looked for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scope {
    Text,
    Names,
}

/// Reads the list. An error names the line.
pub(crate) fn parse(text: &str) -> Result<List> {
    let mut list = List::default();
    let mut scope = Scope::Text;
    for (index, line) in text.lines().enumerate() {
        let line = line.trim();
        match line {
            "[text]" => scope = Scope::Text,
            "[names]" => scope = Scope::Names,
            _ if line.is_empty() || line.starts_with('#') => {}
            entry => {
                let phrases = &mut list.section(scope).phrases;
                add(entry, scope, phrases).with_context(|| format!("line {}", index + 1))?;
            }
        }
    }
    for scope in [Scope::Text, Scope::Names] {
        list.section(scope).prepare(scope)?;
    }
    Ok(list)
}

/// Adds a phrase, or the context in which the last one is right.
fn add(entry: &str, scope: Scope, phrases: &mut Vec<Phrase>) -> Result<()> {
    if let Some(context) = entry.strip_prefix("except:") {
        let Some(last) = phrases.last_mut() else {
            bail!("`except:` comes after the pattern that it belongs to");
        };
        last.except.push(compile(&whole_words(context.trim(), scope), scope)?);
    } else if let Some((pattern, instead)) = entry.split_once(" => ") {
        let source = whole_words(pattern.trim(), scope);
        let pattern = compile(&source, scope)?;
        let instead = instead.trim().to_owned();
        phrases.push(Phrase { source, pattern, except: Vec::new(), instead });
    } else {
        bail!("expected `pattern => what to write instead`");
    }
    Ok(())
}

fn whole_words(pattern: &str, scope: Scope) -> String {
    let blank = if scope == Scope::Text { r"\s+" } else { " " };
    // An ASCII boundary, because the Unicode one is slow on other text.
    format!(r"(?-u:\b)(?:{})(?-u:\b)", pattern.replace(' ', blank))
}

fn compile(pattern: &str, scope: Scope) -> Result<Regex> {
    Ok(RegexBuilder::new(pattern).case_insensitive(scope == Scope::Text).build()?)
}

impl List {
    fn section(&mut self, scope: Scope) -> &mut Section {
        match scope {
            Scope::Text => &mut self.text,
            Scope::Names => &mut self.names,
        }
    }
}

impl Section {
    fn prepare(&mut self, scope: Scope) -> Result<()> {
        let sources = self.phrases.iter().map(|phrase| &phrase.source);
        self.any = RegexSetBuilder::new(sources).case_insensitive(scope == Scope::Text).build()?;
        Ok(())
    }

    /// Returns each occurrence of a phrase in `text`.
    pub(crate) fn find(&self, text: &str) -> Vec<(Range<usize>, &Phrase)> {
        let here = self.any.matches(text);
        let phrases = here.iter().map(|index| &self.phrases[index]);
        phrases
            .flat_map(|phrase| phrase.find(text).into_iter().map(move |place| (place, phrase)))
            .collect()
    }
}

impl Phrase {
    fn find(&self, text: &str) -> Vec<Range<usize>> {
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
        let mut list = parse(LIST).unwrap();
        let found = list.section(scope).find(text);
        found.into_iter().map(|(place, _)| text[place].to_owned()).collect()
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
