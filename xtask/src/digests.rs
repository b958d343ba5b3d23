//! Compares the digests of the release build with the golden ones: optimization must not change a run.

use std::fs;

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::paths::Paths;
use crate::run::Cmd;

/// Files of links and their digests, and the flags to run each link with. The clients of the second file are independent:
/// they are simulated in one network, and by several threads.
const FILES: [(&str, &[&str]); 2] = [
    ("core/tests/digests.txt", &["--cells=auto"]),
    ("core/tests/cells.txt", &["--cells=one", "--threads=1", "--threads=2", "--threads=8"]),
];

/// Runs each link of the files with the release binary.
pub(crate) fn check(paths: &Paths) -> Result<()> {
    for (file, flags) in FILES {
        let golden = fs::read_to_string(paths.root.join(file))
            .with_context(|| format!("cannot read {file}"))?;
        let mut count = 0;
        for line in golden.lines().filter(|line| !line.starts_with('#')) {
            let (link, expected) = line.rsplit_once(' ').context("a line without a digest")?;
            for flag in flags {
                let digest = digest(paths, link, flag)?;
                ensure!(
                    digest == expected,
                    "the release build's digest of #{link} with {flag} is {digest} instead of {expected}"
                );
            }
            count += 1;
        }
        ensure!(count > 0, "{file} has no digests");
        println!("{file}: {count} digests of the release build are the golden ones");
    }
    Ok(())
}

fn digest(paths: &Paths, link: &str, flag: &str) -> Result<String> {
    let output = Cmd::new(paths.release_binary(), &paths.root)
        .args(["sim", "--json", flag, &format!("#{link}")])
        .output()?;
    let run: Value = serde_json::from_str(&output).with_context(|| format!("sim #{link}"))?;
    Ok(run["digest"].as_str().context("sim prints no digest")?.to_owned())
}
