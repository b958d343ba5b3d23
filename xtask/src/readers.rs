//! The programs that read results in the long tests: pandas, polars and duckdb in a Python of their own, and R.

use std::path::PathBuf;

use anyhow::{Result, bail};

use crate::install;
use crate::paths::Paths;
use crate::run::Cmd;

/// Debian's packages of R, and Python's module for environments.
const DEBIAN: [&str; 5] =
    ["r-base-core", "r-cran-readr", "r-cran-jsonlite", "r-cran-reticulate", "python3-venv"];

/// Python's packages. pandas reads Parquet with pyarrow.
const PYTHON: [&str; 4] = ["pandas==3.1.1", "polars==2.1.0", "duckdb==2.0.1", "pyarrow==26.0.1"];

/// Makes sure that all of them can be run, and returns the folder of the Python.
pub(crate) fn install(paths: &Paths) -> Result<PathBuf> {
    let load = "library(readr); library(jsonlite); library(reticulate)";
    let has_r = || Cmd::new("Rscript", &paths.root).args(["-e", load]).output().is_ok();
    if !has_r() {
        if !install::may_use_apt() {
            bail!(
                "R with readr, jsonlite and reticulate not found; on Debian, run: {}",
                install::apt_command(&DEBIAN)
            );
        }
        install::apt_install(&DEBIAN)?;
    }
    let folder = paths.target.join("readers");
    let python = || Cmd::new(folder.join("bin/python"), &paths.root);
    if python().args(["-c", "import pandas, polars, duckdb, pyarrow"]).output().is_err() {
        Cmd::new("python3", &paths.root).words("-m venv").arg(&folder).run()?;
        python().words("-m pip install --quiet --disable-pip-version-check").args(PYTHON).run()?;
    }
    Ok(folder)
}
