//! `cargo xtask test tidy`: rules for the structure and the language of the code that no compiler checks.
//!
//! | rule | requirement |
//! |---|---|
//! | [`layers`] | a module of core uses only modules above it in the crate doc's table |
//! | [`cycles`] | no files of core, native or web use each other in a cycle |
//! | [`lengths`] | files of at most 500 lines, functions of at most 60 |
//! | [`phrases`] | plain English: no phrase of `xtask/phrases.txt` |

mod cycles;
mod finding;
mod layers;
mod lengths;
mod modules;
mod phrases;
mod source;
mod tree;
mod uses;

use anyhow::{Result, bail};

use self::finding::Finding;
use self::tree::Tree;
use crate::paths::Paths;

/// Checks all rules and prints each violation. The error contains their number.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    let tree = Tree::read(&paths.root)?;
    let mut findings = layers::check(&tree);
    findings.extend(cycles::check(&tree));
    findings.extend(lengths::check(&tree));
    findings.extend(phrases::check(paths, &tree, &[String::new()])?);
    report(&findings)
}

/// Lists the phrases in files whose paths begin with one of `prefixes`.
pub(crate) fn list(paths: &Paths, prefixes: &[String]) -> Result<()> {
    report(&phrases::check(paths, &Tree::read(&paths.root)?, prefixes)?)
}

fn report(findings: &[Finding]) -> Result<()> {
    for finding in findings {
        println!("{finding}");
    }
    match findings.len() {
        0 => Ok(()),
        1 => bail!("1 violation"),
        n => bail!("{n} violations"),
    }
}
