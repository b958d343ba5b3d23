//! Rule `phrases`: plain English in everything that people read.
//!
//! The phrases are in `xtask/phrases.txt`, see [`mod@list`]. What is read of a file, see [`mod@text`]. Until all
//! texts are clean, each folder has a budget, see [`budget`].

mod budget;
mod list;
mod text;

use std::cmp::Reverse;
use std::fs;
use std::ops::Range;

use anyhow::{Context, Result};

use self::budget::Counts;
use self::list::{Phrase, Scope};
use self::text::Text;
use super::finding::Finding;
use super::tree::{File, Tree};
use crate::paths::Paths;

const LIST: &str = "xtask/phrases.txt";
const BUDGET: &str = "xtask/phrases-budget.txt";

/// Reports the phrases of every folder that has more of them than its budget.
pub(crate) fn check(paths: &Paths, tree: &Tree) -> Result<Vec<Finding>> {
    let budget = budget::parse(&read(paths, BUDGET)?).context(BUDGET)?;
    Ok(over_budget(hits(tree, &phrases(paths)?), &budget))
}

/// Returns the phrases in files whose paths begin with one of `prefixes`, whatever the budget.
pub(crate) fn list(paths: &Paths, tree: &Tree, prefixes: &[String]) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    for (file, found) in hits(tree, &phrases(paths)?) {
        if prefixes.iter().any(|prefix| file.path.starts_with(prefix.trim_start_matches("./"))) {
            findings.extend(found);
        }
    }
    Ok(findings)
}

/// Lowers the budget to what is there.
pub(crate) fn update(paths: &Paths, tree: &Tree) -> Result<()> {
    let found = counts(&hits(tree, &phrases(paths)?));
    let lowered = budget::lowered(&read(paths, BUDGET)?, &found).context(BUDGET)?;
    fs::write(paths.root.join(BUDGET), lowered).with_context(|| format!("cannot write {BUDGET}"))
}

fn phrases(paths: &Paths) -> Result<Vec<Phrase>> {
    list::parse(&read(paths, LIST)?).context(LIST)
}

fn read(paths: &Paths, path: &str) -> Result<String> {
    fs::read_to_string(paths.root.join(path)).with_context(|| format!("cannot read {path}"))
}

/// The files that have phrases, with each place.
type Hits<'t> = Vec<(&'t File, Vec<Finding>)>;

fn hits<'t>(tree: &'t Tree, phrases: &[Phrase]) -> Hits<'t> {
    let of = |file: &'t File| (file, hits_of(file, phrases));
    tree.files().iter().map(of).filter(|(_, found)| !found.is_empty()).collect()
}

fn hits_of(file: &File, phrases: &[Phrase]) -> Vec<Finding> {
    let Text { prose, code } = text::of(file);
    let mut findings = Vec::new();
    for (scope, text) in [(Scope::Text, &prose), (Scope::Names, &code)] {
        let own = phrases.iter().filter(|phrase| phrase.scope == scope);
        let mut places: Vec<(Range<usize>, &Phrase)> = own
            .flat_map(|phrase| phrase.find(text).into_iter().map(move |place| (place, phrase)))
            .collect();
        // Of phrases that overlap the first is reported, the longer one of those that begin together.
        places.sort_by_key(|(place, _)| (place.start, Reverse(place.end)));
        let mut end = 0;
        for (place, phrase) in places {
            if place.start < end {
                continue;
            }
            end = place.end;
            let words = text[place.clone()].split_whitespace().collect::<Vec<_>>().join(" ");
            let instead = format!("\"{words}\": {}", phrase.instead);
            findings.push(Finding::new(&file.path, text::line(text, place.start), instead));
        }
    }
    findings.sort_by_key(|finding| finding.line);
    findings
}

fn counts(hits: &Hits<'_>) -> Counts {
    let mut counts = Counts::new();
    for (file, found) in hits {
        *counts.entry(file.folder().to_owned()).or_default() += found.len();
    }
    counts
}

fn over_budget(hits: Hits<'_>, budget: &Counts) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut over = Counts::new();
    for (folder, count) in counts(&hits) {
        let allowed = budget.get(&folder).copied().unwrap_or(0);
        if count > allowed {
            let text = format!("{count} phrases in {folder}, and its budget is {allowed}");
            findings.push(Finding::new(BUDGET, 1, text));
            over.insert(folder, count);
        }
    }
    let folders = hits.into_iter().filter(|(file, _)| over.contains_key(file.folder()));
    findings.splice(0..0, folders.flat_map(|(_, found)| found));
    findings
}

#[cfg(test)]
mod tests {
    use super::super::finding::lines;
    use super::*;

    /// What is reported of these files when `core` may have `allowed` phrases.
    fn reported(files: &[(&str, &str)], allowed: usize) -> Vec<String> {
        let phrases = list::parse("frob => gadget\n[names]\nFROB\\w* => GADGET").unwrap();
        let budget = Counts::from([("core".into(), allowed)]);
        lines(&over_budget(hits(&Tree::of(files), &phrases), &budget))
    }

    const RUST: (&str, &str) = ("core/a.rs", "/// One frob.\nconst FROB_MAX: &str = \"a frob\";");

    #[test]
    fn comments_literals_and_names_are_reported_with_what_to_write() {
        assert_eq!(
            reported(&[RUST], 0),
            [
                "core/a.rs:1: \"frob\": gadget",
                "core/a.rs:2: \"frob\": gadget",
                "core/a.rs:2: \"FROB_MAX\": GADGET",
                "xtask/phrases-budget.txt:1: 3 phrases in core, and its budget is 0",
            ]
        );
    }

    #[test]
    fn the_budget_is_kept_by_folder() {
        let clean = ("web/a.rs", "fn frob() {}");
        assert_eq!(reported(&[RUST, clean], 3), [""; 0]);
        assert_eq!(reported(&[RUST, clean, ("README.md", "A frob.")], 3).len(), 2);
    }

    #[test]
    fn the_kept_list_and_budget_can_be_read() {
        let paths = Paths::find().unwrap();
        assert!(phrases(&paths).unwrap().len() > 50);
        budget::parse(&read(&paths, BUDGET).unwrap()).unwrap();
    }
}
