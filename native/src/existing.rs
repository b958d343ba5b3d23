//! Files of results that exist already.

use crate::table::shown;
use std::path::Path;

/// The flag with which a command replaces a file.
#[derive(clap::Args, Clone, Copy, Debug)]
pub(crate) struct Overwrite {
    /// Replace the file of --out if it exists
    #[arg(long)]
    overwrite: bool,
}

/// Error for a file that would be replaced.
#[derive(Debug, thiserror::Error)]
#[error("--out: {0} exists already; use another name, or --overwrite to replace it")]
pub(crate) struct Exists(String);

impl Overwrite {
    /// Checks that results can go to `out`, where `-` is stdout: hours of work are not replaced by mistake. What is not a
    /// regular file, such as a terminal or a pipe, can always be written.
    pub(crate) fn check(self, out: &str) -> Result<(), Exists> {
        if !self.overwrite && exists(out) { Err(Exists(shown(Path::new(out)))) } else { Ok(()) }
    }
}

/// Returns whether a regular file would be replaced; `-` is stdout.
pub(crate) fn exists(out: &str) -> bool {
    out != "-" && Path::new(out).metadata().is_ok_and(|found| found.is_file())
}
