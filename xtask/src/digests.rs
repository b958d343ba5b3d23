//! Compares the digests of the release build with the golden ones: optimization must not change a run.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::paths::Paths;
use crate::run::Cmd;

/// Runs each link of `core/tests/digests.txt` with the release binary.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    let file = paths.root.join("core/tests/digests.txt");
    let golden = fs::read_to_string(&file)
        .with_context(|| format!("cannot read {}", paths.short(&file).display()))?;
    let mut count = 0;
    for line in golden.lines().filter(|line| !line.starts_with('#')) {
        let (link, expected) = line.rsplit_once(' ').context("a line without a digest")?;
        let digest = digest(paths, link)?;
        ensure!(digest == expected, "the digest of #{link} is {digest} instead of {expected}");
        count += 1;
    }
    ensure!(count > 0, "{} has no digests", paths.short(&file).display());
    println!("{count} digests of the release build are the golden ones");
    Ok(())
}

fn digest(paths: &Paths, link: &str) -> Result<String> {
    let output = Cmd::new(paths.release_binary(), &paths.root)
        .args(["sim", "--json", &format!("#{link}")])
        .output()?;
    let run: Value = serde_json::from_str(&output).with_context(|| format!("sim #{link}"))?;
    Ok(run["digest"].as_str().context("sim prints no digest")?.to_owned())
}
