//! Which functions of a module a first visit runs: `www/build/first-visit.js` does what one does, in Node.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::split;
use crate::paths::Paths;
use crate::run::Cmd;

/// Returns the indices of the functions that a first visit runs. `module` is the one that wasm-bindgen wrote to the folder
/// `bound` with the JavaScript that loads it.
pub(super) fn functions(
    paths: &Paths,
    bound: &Path,
    name: &str,
    module: &[u8],
) -> Result<BTreeSet<u32>> {
    let counted = bound.join("counted.wasm");
    fs::write(&counted, split::count(module)?)?;
    // Node takes the JavaScript for a module.
    fs::write(bound.join("package.json"), r#"{ "type": "module" }"#)?;
    let ran = Cmd::new("node", &paths.www())
        .arg("build/first-visit.js")
        .arg(bound.join(name).with_extension("js"))
        .arg(counted)
        .output()?;
    serde_json::from_str(&ran).context("www/build/first-visit.js printed no list of functions")
}
