//! Rule `phrases`: plain English in everything that people read.
//!
//! The phrases are in `xtask/phrases.txt`, see [`mod@list`]. See [`mod@text`] for the parts of a file that are
//! searched.

mod list;
mod text;

use std::cmp::Reverse;
use std::fs;
use std::ops::Range;

use anyhow::{Context, Result};

use self::list::{List, Phrase};
use self::text::Text;
use super::finding::Finding;
use super::tree::{File, Tree};
use crate::paths::Paths;

const LIST: &str = "xtask/phrases.txt";

/// Reports the phrases in files whose paths begin with one of `prefixes`.
pub(crate) fn check(paths: &Paths, tree: &Tree, prefixes: &[String]) -> Result<Vec<Finding>> {
    Ok(findings(tree, &read(paths)?, prefixes))
}

fn read(paths: &Paths) -> Result<List> {
    let text = fs::read_to_string(paths.root.join(LIST));
    list::parse(&text.with_context(|| format!("cannot read {LIST}"))?).context(LIST)
}

fn findings(tree: &Tree, list: &List, prefixes: &[String]) -> Vec<Finding> {
    let named = |file: &&File| {
        prefixes.iter().any(|prefix| file.path.starts_with(prefix.trim_start_matches("./")))
    };
    tree.files().iter().filter(named).flat_map(|file| hits_of(file, list)).collect()
}

fn hits_of(file: &File, list: &List) -> Vec<Finding> {
    let Text { prose, code } = text::of(file);
    let mut findings = Vec::new();
    for (section, text) in [(&list.text, &prose), (&list.names, &code)] {
        let mut places: Vec<(Range<usize>, &Phrase)> = section.find(text);
        // Of overlapping phrases the first one is reported, or the longest of those that begin together.
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

#[cfg(test)]
mod tests {
    use super::super::finding::lines;
    use super::*;

    /// Returns the findings in these files, of those whose paths begin with `prefix`.
    fn reported(files: &[(&str, &str)], prefix: &str) -> Vec<String> {
        let list = list::parse("frob => gadget\n[names]\nFROB\\w* => GADGET").unwrap();
        lines(&findings(&Tree::of(files), &list, &[prefix.into()]))
    }

    const RUST: (&str, &str) = ("core/a.rs", "/// One frob.\nconst FROB_MAX: &str = \"a frob\";");

    #[test]
    fn comments_literals_and_names_are_reported_with_what_to_write() {
        assert_eq!(
            reported(&[RUST], ""),
            [
                "core/a.rs:1: \"frob\": gadget",
                "core/a.rs:2: \"frob\": gadget",
                "core/a.rs:2: \"FROB_MAX\": GADGET",
            ]
        );
    }

    #[test]
    fn only_phrases_in_prose_and_names_under_the_prefix_are_reported() {
        let clean = ("web/a.rs", "fn frob() {}");
        let files = [RUST, clean, ("README.md", "A frob.")];
        assert_eq!(reported(&files, "web"), [""; 0]);
        assert_eq!(reported(&files, "./README"), ["README.md:1: \"frob\": gadget"]);
        assert_eq!(reported(&files, "").len(), 4);
    }

    #[test]
    fn the_list_of_the_repository_can_be_read() {
        read(&Paths::find().unwrap()).unwrap();
    }
}
