//! `cargo xtask man`: the manual pages of the program.

use std::path::{Path, absolute};

use anyhow::{Context, Result};

use crate::paths::Paths;
use crate::run::Cmd;

/// Writes one page for the program and one for each subcommand. Their date is that of the last commit, so that the same
/// sources give the same pages.
pub(crate) fn man(paths: &Paths, folder: Option<&Path>) -> Result<()> {
    let folder = match folder {
        Some(folder) => absolute(folder).context("the folder's path is not usable")?,
        None => paths.target.join("man"),
    };
    let date = Cmd::new("git", &paths.root).words("log -1 --format=%cs").output()?;
    Cmd::cargo(paths).words("run -q -p retrylab -- man").arg(date).arg(&folder).run()?;
    eprintln!("read one with `man -l {}`", paths.short(&folder.join("retrylab.1")).display());
    Ok(())
}
