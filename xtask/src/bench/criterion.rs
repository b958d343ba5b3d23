//! Runs criterion's benchmarks of the core. Their output goes directly to the terminal.

use anyhow::Result;

use super::Effort;
use super::figure::Figure;
use crate::paths::Paths;
use crate::run::Cmd;

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    let cmd = Cmd::cargo(paths).words("bench -p retrylab-core --bench network --bench policy");
    let cmd = if effort.quick { cmd.words("-- --quick") } else { cmd };
    cmd.run()?;
    Ok(Vec::new())
}
