//! The programs that read results in the long tests: pandas, polars and duckdb in a Python of their own, and R.

use std::path::PathBuf;

use anyhow::Result;

use crate::install;
use crate::paths::Paths;
use crate::run::Cmd;

/// Debian's packages of R.
const DEBIAN: [&str; 4] = ["r-base-core", "r-cran-readr", "r-cran-jsonlite", "r-cran-reticulate"];

/// Python's packages. pandas reads Parquet with pyarrow.
const PYTHON: [&str; 4] = ["pandas==3.1.1", "polars==2.1.0", "duckdb==2.0.1", "pyarrow==26.0.1"];

/// Makes sure that all of them can be run, and returns the folder of the Python.
pub(crate) fn install(paths: &Paths) -> Result<PathBuf> {
    let load = "library(readr); library(jsonlite); library(reticulate)";
    let has_r = || Cmd::new("Rscript", &paths.root).args(["-e", load]).output().is_ok();
    if !has_r() {
        install::debian("R with readr, jsonlite and reticulate", &DEBIAN)?;
    }
    install::python(paths, "readers", "pandas, polars, duckdb, pyarrow", &PYTHON)
}
