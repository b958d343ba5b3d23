//! What a step needs from the machine: looked for once, and installed if possible.

use std::cell::OnceCell;
use std::path::PathBuf;

use anyhow::{Error, Result};

use crate::install;
use crate::node;
use crate::paths::Paths;
use crate::toolchain::Toolchain;

/// A requirement of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Need {
    /// A toolchain that builds for wasm.
    Wasm,
    /// The programs that the integration tests talk to.
    Peers,
    /// Node, in a version that the page's tests support.
    Node,
    /// The browsers of the page's tests.
    Browsers,
}

/// What is known about the machine. Each answer is kept, so that an unmet need costs time only once and
/// gives the same error in every step.
pub(crate) struct Machine<'a> {
    pub(crate) paths: &'a Paths,
    wasm: OnceCell<Result<Toolchain, String>>,
    peers: OnceCell<Result<(), String>>,
    node: OnceCell<Result<node::Version, String>>,
    browsers: OnceCell<Result<[PathBuf; 2], String>>,
}

impl<'a> Machine<'a> {
    /// Creates a machine about which nothing is known.
    pub(crate) fn new(paths: &'a Paths) -> Self {
        Self {
            paths,
            wasm: OnceCell::new(),
            peers: OnceCell::new(),
            node: OnceCell::new(),
            browsers: OnceCell::new(),
        }
    }

    /// Meets `need` if that is possible without a question.
    pub(crate) fn set_up(&self, need: Need) -> Result<()> {
        match need {
            Need::Wasm => self.wasm().map(drop),
            Need::Peers => self.peers(),
            Need::Node => self.node().map(drop),
            Need::Browsers => self.browsers().map(drop),
        }
    }

    pub(crate) fn wasm(&self) -> Result<Toolchain> {
        once(&self.wasm, || Toolchain::find(self.paths))
    }

    pub(crate) fn peers(&self) -> Result<()> {
        once(&self.peers, || install::programs(&install::PEERS))
    }

    pub(crate) fn node(&self) -> Result<node::Version> {
        once(&self.node, || node::check(self.paths))
    }

    /// Returns the paths of Chromium and Firefox.
    pub(crate) fn browsers(&self) -> Result<[PathBuf; 2]> {
        once(&self.browsers, || Ok([install::CHROMIUM.path()?, install::FIREFOX.path()?]))
    }
}

/// Returns the kept answer. An error is kept as text, because errors cannot be cloned.
fn once<T: Clone>(
    cell: &OnceCell<Result<T, String>>,
    find: impl FnOnce() -> Result<T>,
) -> Result<T> {
    let answer = cell.get_or_init(|| find().map_err(|error| format!("{error:#}")));
    answer.clone().map_err(Error::msg)
}
