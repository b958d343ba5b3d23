//! `cargo xtask page`: from `web/` and `www/` to the finished page.
//!
//! Cargo builds the crate `retrylab-web` for wasm, and wasm-bindgen (as a library, in the version that the crate uses)
//! writes the JavaScript that loads it. There are two modules: a first visit loads the small one, and the page loads
//! the one with TCP/IP stacks when a run needs it. The small one is divided into what a first visit runs and the rest.
//!
//!
//! | module | part |
//! |---|---|
//! | [`bundle`] | makes one file of the page's JavaScript modules, and takes out what only people read |
//! | [`crate::dist`] | writes the page's files to `www/dist/` |
//! | [`pack`] | compresses each of them into `www/packed/`, which the native program embeds |
//! | [`visit`] | finds out which functions a first visit runs |
//! | [`split`] | divides a module by that |
//! | [`sections`] | reads what is in a module, by crate |
//! | [`size`] | prints what a visitor downloads, and its limits |

mod bundle;
mod pack;
mod sections;
mod size;
mod split;
mod visit;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use wasm_bindgen_cli_support::Bindgen;

use crate::dist::{self, Files};
use crate::node;
use crate::paths::Paths;
use crate::toolchain::{Std, Toolchain};
use sections::Contents;
use size::Limit;

/// The file that cargo makes, without its extension.
const LIBRARY: &str = "retrylab_web";

/// A module of the page.
struct Module {
    /// Its files without their extensions.
    name: &'static str,
    /// Features of the crate.
    features: &'static str,
    /// Whether what a first visit does not run is in a file of its own.
    is_divided: bool,
    limit: Option<Limit>,
}

/// The module of a first visit, then the one with TCP/IP stacks.
const MODULES: [Module; 2] = [
    Module {
        name: "retrylab_web",
        features: "",
        is_divided: true,
        // It has to be at most 150 kB, and has 149.3 with Rust 1.95; other compilers differ by a percent.
        limit: Some(Limit { goal: 120_000, limit: 152_000 }),
    },
    Module {
        name: "retrylab_packets",
        features: "--features packets",
        is_divided: false,
        limit: None,
    },
];

/// Finds the wasm toolchain, then builds the page.
pub(crate) fn page(paths: &Paths) -> Result<()> {
    node::check(paths)?;
    build(paths, Toolchain::find(paths)?)
}

/// Builds the page with a known toolchain, prints its sizes, and returns an error if one is above its limit.
pub(crate) fn build(paths: &Paths, toolchain: Toolchain) -> Result<()> {
    let (files, contents) = assemble(paths, toolchain)?;
    size::check(paths, &files, &contents)
}

/// Builds the page without a look at its sizes; returns its files, and the contents of its modules.
pub(crate) fn assemble(paths: &Paths, toolchain: Toolchain) -> Result<(Files, Vec<Contents>)> {
    node::packages(paths)?;
    let target = toolchain.target_dir(paths);
    let wasm = target.join("wasm32-unknown-unknown/wasm").join(LIBRARY).with_extension("wasm");
    let mut files = dist::sources(&paths.www())?;
    let (mut glue, mut contents, mut last_size) = (Vec::new(), Vec::new(), 0);
    for Module { name, features, is_divided, .. } in MODULES {
        toolchain
            .cargo(paths, "build", Std::Full)
            .words("--profile wasm --package retrylab-web --lib")
            .words(features)
            .run()?;
        // The next build writes to the same file.
        let bound = bind(&wasm, name, &target.join("bindgen").join(name))?;
        let mut module = read(&bound.join(format!("{name}_bg.wasm")))?;
        let file = |ending| Path::new("wasm").join(format!("{name}{ending}"));
        if is_divided {
            let ran = visit::functions(paths, &bound, name, &module)?;
            contents.push(sections::of(&module, |function| ran.contains(&function))?);
            let parts = split::split(&module, &ran)?;
            module = parts.first;
            files.insert(file("_rest.wasm"), parts.rest);
        } else {
            contents.push(sections::of(&module, |_| true)?);
            module = sections::without_names(&module)?;
        }
        last_size = module.len();
        files.insert(file("_bg.wasm"), module);
        files.insert(file(".d.ts"), read(&bound.join(format!("{name}.d.ts")))?);
        glue.push(bound.join(format!("{name}.js")));
    }
    files.extend(bundle::scripts(paths, &glue, last_size, &target.join("bundle"))?);
    let changes = dist::write(&files, &paths.dist())?;
    pack::pack(paths, &files)?;
    println!("page: {}: {changes}", paths.short(&paths.dist()).display());
    Ok((files, contents))
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
        .remove_producers_section(true)
        .generate(out)
        .with_context(|| format!("wasm-bindgen failed on {}", wasm.display()))?;
    Ok(out.to_path_buf())
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}
