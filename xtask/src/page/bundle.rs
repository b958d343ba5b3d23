//! The page's JavaScript and CSS in as few and as small files as possible, by esbuild.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use crate::dist::{self, Files};
use crate::paths::Paths;
use crate::run::Cmd;

/// What a document or a worker names: each becomes one file with all its imports.
/// `offline.js` is for exported pages only.
const ENTRIES: [&str; 5] =
    ["js/early.js", "js/main.js", "js/offline.js", "js/worker.js", "page.css"];

/// Returns the bundles of the page's own files, which learn the size of the second module, and of what wasm-bindgen wrote
/// (`glue`). They are made in the folder `out`.
pub(super) fn scripts(
    paths: &Paths,
    glue: &[PathBuf],
    packets: usize,
    out: &Path,
) -> Result<Files> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    let own = ENTRIES.map(|file| named(Path::new(file), file.as_ref()));
    let glue = glue.iter().map(|file| named(&Path::new("wasm").join(name(file)), file));
    Cmd::new("node", &paths.www())
        .arg("node_modules/esbuild/bin/esbuild")
        .args(own)
        .args(glue)
        .words("--bundle --minify --format=esm --target=es2022 --log-level=warning")
        .arg(format!("--define:PACKETS_BYTES={packets}"))
        .arg(format!("--outdir={}", out.display()))
        .run()?;
    dist::tree(out)
}

/// Returns an argument of esbuild: the file to write, and the one to read.
fn named(to: &Path, from: &Path) -> String {
    format!("{}={}", to.with_extension("").display(), from.display())
}

fn name(file: &Path) -> &Path {
    file.file_name().map_or(file, Path::new)
}
