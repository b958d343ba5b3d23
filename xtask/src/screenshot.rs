//! `cargo xtask screenshot`: the README's picture, taken by the page's own tests.

use std::fs;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::step::Step;
use crate::test::test;

/// The picture that the page's tests take of the whole lab in its light colours.
const PICTURE: &str = "lab-light.png";

/// Builds what the page's tests need, runs them, and keeps their picture as `docs/lab.png`.
pub(crate) fn screenshot(paths: &Paths) -> Result<ExitCode> {
    let picture = paths.page_tests().join(PICTURE);
    // A picture from an earlier run must not be mistaken for a new one.
    if picture.exists() {
        fs::remove_file(&picture)
            .with_context(|| format!("cannot remove {}", picture.display()))?;
    }
    let code = test(paths, &[Step::Page, Step::Release, Step::Browser], false);
    if code != ExitCode::SUCCESS {
        return Ok(code);
    }
    let docs = paths.root.join("docs");
    fs::create_dir_all(&docs).with_context(|| format!("cannot make {}", docs.display()))?;
    let kept = docs.join("lab.png");
    fs::copy(&picture, &kept)
        .with_context(|| format!("the tests left no {}", paths.short(&picture).display()))?;
    println!("{}", paths.short(&kept).display());
    Ok(code)
}
