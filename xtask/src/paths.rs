//! Where things are: the checkout, the page's source and build, cargo's output.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The folders that the other modules work in; all are absolute.
pub(crate) struct Paths {
    /// The checkout: the folder of the workspace's `Cargo.toml`.
    pub(crate) root: PathBuf,
    /// Cargo's output: `CARGO_TARGET_DIR`, or `target/` in the checkout.
    pub(crate) target: PathBuf,
}

impl Paths {
    /// Finds the checkout from the variable that `cargo run` sets, so that two checkouts that
    /// share a target folder do not build each other.
    pub(crate) fn find() -> Result<Self> {
        let manifest_dir = env::var_os("CARGO_MANIFEST_DIR")
            .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
        let root = manifest_dir.parent().context("xtask's folder has no parent")?.to_path_buf();
        let target = match env::var_os("CARGO_TARGET_DIR").filter(|dir| !dir.is_empty()) {
            Some(dir) => {
                std::path::absolute(dir).context("CARGO_TARGET_DIR is not a usable path")?
            }
            None => root.join("target"),
        };
        Ok(Self { root, target })
    }

    /// Returns the page's source: HTML, style, modules, tests, and npm's files.
    pub(crate) fn www(&self) -> PathBuf {
        self.root.join("www")
    }

    /// Returns the built page.
    pub(crate) fn dist(&self) -> PathBuf {
        self.root.join("www").join("dist")
    }

    /// Returns the built page, compressed, which the native binary embeds.
    pub(crate) fn packed(&self) -> PathBuf {
        self.root.join("www").join("packed")
    }

    /// Returns the release build of the command-line program.
    pub(crate) fn release_binary(&self) -> PathBuf {
        self.target.join("release").join(format!("retrylab{}", env::consts::EXE_SUFFIX))
    }

    /// Where the page's tests leave their pictures. This does not depend on
    /// `CARGO_TARGET_DIR`, because the tests know only the checkout.
    pub(crate) fn page_tests(&self) -> PathBuf {
        self.root.join("target").join("page-tests")
    }

    /// `path` as a person would type it from the checkout.
    pub(crate) fn short<'a>(&self, path: &'a Path) -> &'a Path {
        path.strip_prefix(&self.root).unwrap_or(path)
    }
}
