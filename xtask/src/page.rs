//! `cargo xtask page`: from `web/` and `www/` to the finished page in `www/dist/`.
//!
//! Three parts: cargo builds the crate `retrylab-web` for wasm, wasm-bindgen (as a library, in
//! the version that the crate uses) writes the JavaScript that loads it, and [`crate::dist`] puts
//! both into the folder of the page. There are two modules: a first visit loads the small one, and the page loads
//! the one with TCP/IP stacks when a run needs it. There is no bundler: the JavaScript files are small, and the browser's
//! debugger shows the same files as the repository.

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use flate2::Compression;
use flate2::write::GzEncoder;
use wasm_bindgen_cli_support::Bindgen;

use crate::dist::{self, Files};
use crate::paths::Paths;
use crate::toolchain::{Std, Toolchain};

/// The file that cargo makes, without its extension.
const LIBRARY: &str = "retrylab_web";

/// A module of the page: the name of its files without their extensions, and the features of the crate.
struct Module {
    name: &'static str,
    features: &'static str,
}

const MODULES: [Module; 2] = [
    Module { name: "retrylab_web", features: "" },
    Module { name: "retrylab_packets", features: "--features packets" },
];

/// Finds the wasm toolchain, then builds the page.
pub(crate) fn page(paths: &Paths) -> Result<()> {
    build(paths, Toolchain::find(paths)?)
}

/// Builds the page with a known toolchain and prints its sizes in one line.
pub(crate) fn build(paths: &Paths, toolchain: Toolchain) -> Result<()> {
    let target = toolchain.target_dir(paths);
    let wasm = target.join("wasm32-unknown-unknown/wasm").join(LIBRARY).with_extension("wasm");
    let mut files = dist::sources(&paths.www())?;
    for Module { name, features } in MODULES {
        toolchain
            .cargo(paths, "build", Std::Full)
            .words("--profile wasm --package retrylab-web --lib")
            .words(features)
            .run()?;
        // The next build writes to the same file.
        let bound = bind(&wasm, name, &target.join("bindgen").join(name))?;
        for (file, content) in dist::tree(&bound)? {
            files.insert(Path::new("wasm").join(file), content);
        }
    }
    let changes = dist::write(&files, &paths.dist())?;
    println!("page: {}; {}: {changes}", sizes(&files)?, paths.short(&paths.dist()).display());
    Ok(())
}

/// Runs wasm-bindgen on `wasm`, calls the module `name`, and returns the folder with its output.
///
/// It runs every time, because checking whether it is necessary would take longer.
fn bind(wasm: &Path, name: &str, out: &Path) -> Result<PathBuf> {
    if out.exists() {
        fs::remove_dir_all(out).with_context(|| format!("cannot empty {}", out.display()))?;
    }
    Bindgen::new()
        .input_path(wasm)
        .out_name(name)
        .web(true)?
        .typescript(true)
        // `init()` finds the wasm next to its JavaScript, so the page does not need the file name.
        .omit_default_module_path(false)
        // The names of Rust functions help only in a debugger, and every visitor would download them.
        .remove_name_section(true)
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {}", wasm.display()))?;
    Ok(out.to_path_buf())
}

/// Returns the size of the page, raw and compressed for transfer: each module, and the rest.
fn sizes(files: &Files) -> Result<String> {
    let (mut modules, mut text_gzip) = (Vec::new(), 0);
    for (path, content) in files {
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("wasm") => {
                let name = path.file_stem().unwrap_or_default().to_string_lossy();
                let (raw, gzip) = (kilobytes(content.len()), kilobytes(gzip_len(content)?));
                modules.push(format!("{} {raw} ({gzip} gzip)", name.trim_end_matches("_bg")));
            }
            Some("html" | "css" | "js") => text_gzip += gzip_len(content)?,
            _ => {}
        }
    }
    modules.push(format!("html + css + js {} gzip", kilobytes(text_gzip)));
    Ok(modules.join(", "))
}

fn gzip_len(content: &[u8]) -> Result<usize> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(content)?;
    Ok(encoder.finish()?.len())
}

fn kilobytes(bytes: usize) -> String {
    format!("{}.{} kB", bytes / 1000, bytes % 1000 / 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_of_what_is_loaded() {
        let files = Files::from([
            ("wasm/m_bg.wasm".into(), vec![0; 12_345]),
            ("wasm/m.d.ts".into(), vec![0; 99_999]),
            ("index.html".into(), b"<!doctype html>".to_vec()),
        ]);
        let line = sizes(&files).unwrap();
        assert!(line.starts_with("m 12.3 kB ("), "{line}");
        assert!(line.ends_with("html + css + js 0.0 kB gzip"), "{line}");
    }
}
