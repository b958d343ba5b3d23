//! The compressed page, `www/packed/`: for each file of the page one in Brotli and one in gzip.

use std::path::Path;

use anyhow::Result;

use crate::dist::Files;
use crate::paths::Paths;
use crate::run::Cmd;

/// Compresses each of `files` that a browser loads, unless that has been done before. Node brings both compressors.
pub(super) fn pack(paths: &Paths, files: &Files) -> Result<()> {
    Cmd::new("node", &paths.root)
        .arg("xtask/src/page/pack.mjs")
        .args([paths.short(&paths.dist()), paths.short(&paths.packed())])
        .args(files.keys().filter(|file| is_loaded(file)))
        .run()
}

/// Returns whether browsers load the file; types are for the type checker.
pub(super) fn is_loaded(file: &Path) -> bool {
    file.extension().is_none_or(|extension| extension != "ts")
}
