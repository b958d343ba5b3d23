//! `cargo xtask lab`: from a fresh checkout to the lab in a browser.

use std::ffi::OsString;
use std::process::ExitCode;

use anyhow::Result;

use crate::page;
use crate::paths::Paths;
use crate::run::Cmd;

/// Builds the page, then the program that embeds it, and replaces itself with `retrylab lab`.
pub(crate) fn lab(paths: &Paths, flags: &[OsString]) -> Result<ExitCode> {
    page::page(paths)?;
    Cmd::cargo(paths).words("build --release -p retrylab").run()?;
    let binary = paths.release_binary();
    Cmd::new(binary, &paths.root).arg("lab").args(flags).become_it()
}
