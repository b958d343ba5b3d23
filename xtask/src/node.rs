//! Node: it bundles and compresses the page, type-checks its modules and runs its tests.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use anyhow::{Context, Result, bail};

use crate::paths::Paths;
use crate::run::Cmd;

/// Minimum version of Node for the tests and their packages.
const OLDEST: u32 = 20;

/// Node's major and minor version.
pub(crate) type Version = (u32, u32);

/// Checks that Node is installed and new enough, and returns its version.
pub(crate) fn check(paths: &Paths) -> Result<Version> {
    let answer = Cmd::new("node", &paths.root).arg("--version").output().ok();
    match answer.as_deref().map(|text| (text, version(text))) {
        Some((_, Some(version))) if version.0 >= OLDEST => Ok(version),
        Some((text, _)) => bail!("Node {OLDEST} or newer is needed; this machine has {text}"),
        None => bail!("Node {OLDEST} or newer is needed; this machine has none in PATH"),
    }
}

/// Returns the version in the output of `node --version`, such as `v20.19.0`.
fn version(answer: &str) -> Option<Version> {
    let mut numbers = answer.strip_prefix('v')?.split('.');
    Some((numbers.next()?.parse().ok()?, numbers.next()?.parse().ok()?))
}

/// Installs the packages of `package-lock.json`, unless an installation newer than that file exists.
pub(crate) fn packages(paths: &Paths) -> Result<()> {
    let www = paths.www();
    let wanted =
        modified(&www.join("package-lock.json")).context("www has no package-lock.json")?;
    // npm writes this file after it has installed everything.
    let installed = modified(&www.join("node_modules/.package-lock.json"));
    if installed.is_some_and(|installed| installed >= wanted) {
        return Ok(());
    }
    Cmd::new(NPM, &www).arg("ci").run()
}

const NPM: &str = if cfg!(windows) { "npm.cmd" } else { "npm" };

/// The version of Lighthouse whose scores the page's goals are.
const LIGHTHOUSE: &str = "12.8.2";

/// Installs Lighthouse, unless that has been done before, and returns its program. It is larger than all the page's packages
/// together, and only the benchmark needs it.
pub(crate) fn lighthouse(paths: &Paths) -> Result<PathBuf> {
    let folder = paths.target.join("lighthouse").join(LIGHTHOUSE);
    // npm writes this file after it has installed everything.
    if !folder.join("node_modules/.package-lock.json").is_file() {
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {}", folder.display()))?;
        Cmd::new(NPM, &folder)
            .words("install --no-audit --no-fund --no-save --prefix .")
            .arg(format!("lighthouse@{LIGHTHOUSE}"))
            .run()
            .context("the benchmark needs Lighthouse from npm's registry")?;
    }
    Ok(folder.join("node_modules/lighthouse/cli/index.js"))
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).and_then(|metadata| metadata.modified()).ok()
}

/// Type-checks the page's modules and tests against the types that wasm-bindgen wrote.
pub(crate) fn types(paths: &Paths) -> Result<()> {
    if !paths.dist().join("wasm/retrylab_web.d.ts").is_file() {
        bail!("the page is not built, and its types with it; run: cargo xtask page");
    }
    packages(paths)?;
    Cmd::new("node", &paths.root)
        .args(["www/node_modules/typescript/bin/tsc", "--project", "www"])
        .run()
}

/// Runs the page's tests in Chromium and Firefox against the release binary.
pub(crate) fn browser(
    paths: &Paths,
    version: Version,
    [chromium, firefox]: &[PathBuf; 2],
    long: bool,
) -> Result<()> {
    let binary = paths.release_binary();
    if !binary.is_file() {
        bail!("no {}; run: cargo xtask test page release", paths.short(&binary).display());
    }
    packages(paths)?;
    // Node accepts patterns only since version 21, so the files are listed one by one.
    let (alone, together): (Vec<_>, Vec<_>) = test_files(&paths.www().join("tests"))?
        .into_iter()
        .partition(|file: &PathBuf| file.ends_with(ALONE));
    for (files, concurrency) in [(alone, 1), (together, TOGETHER)] {
        let mut node = Cmd::new("node", &paths.www())
            .env("RETRYLAB_BIN", &binary)
            .env("CHROMIUM", chromium)
            .env("FIREFOX", firefox)
            .args(["--test", "--test-reporter=spec"])
            .args(flags(version, concurrency));
        if long {
            node = node.env("RETRYLAB_LONG", "1");
        }
        node.args(files).run()?;
    }
    Ok(())
}

/// This file measures frames per second, so no other test runs at the same time.
const ALONE: &str = "pace.test.js";

/// Number of other files that run at a time. The tests wait most of the time.
const TOGETHER: usize = 3;

/// Returns flags that early versions of Node do not have: the number of files at a time, and those that end a
/// run that would otherwise hang, because a test that fails before it closes its browser keeps Node alive
/// forever.
fn flags(version: Version, concurrency: usize) -> Vec<String> {
    if version < (20, 14) || version.0 == 21 {
        return Vec::new();
    }
    // Limit in milliseconds for a whole file of tests.
    let limits = ["--test-force-exit", "--test-timeout=600000"];
    let concurrency = format!("--test-concurrency={concurrency}");
    limits.into_iter().map(String::from).chain([concurrency]).collect()
}

/// Returns `tests/*.test.js` in order. Finding no test is an error.
fn test_files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    if dir.is_dir() {
        for entry in fs::read_dir(dir)? {
            let name = entry?.file_name();
            if name.to_string_lossy().ends_with(".test.js") {
                files.push(Path::new("tests").join(name));
            }
        }
    }
    if files.is_empty() {
        bail!("www/tests has no *.test.js");
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_read_as_node_prints_it() {
        assert_eq!(version("v20.19.0"), Some((20, 19)));
        assert_eq!(version("v9.1.0"), Some((9, 1)));
        assert_eq!(version("20.19.0"), None);
    }

    #[test]
    fn flags_are_given_only_to_a_node_that_knows_them() {
        assert!(flags((20, 13), 1).is_empty() && flags((21, 7), 1).is_empty());
        assert!(!flags((20, 14), 1).is_empty() && !flags((22, 0), 1).is_empty());
    }
}
