//! This checkout compared with another one, natively and in wasm, in one interleaved run: what did a change cost?

use std::path::Path;

use anyhow::{Result, ensure};

use super::Effort;
use super::figure::Figure;
use super::process;
use super::programs::{self, FEW, MANY};
use super::rounds::{Contender, take_turns};
use crate::node;
use crate::paths::Paths;

pub(super) fn measure(paths: &Paths, effort: Effort, other: &Path) -> Result<Vec<Figure>> {
    let root = std::path::absolute(other)?;
    ensure!(root.join("bench").is_dir(), "{} is not a checkout of retrylab", other.display());
    let old = Paths { target: root.join("target"), root };
    node::check(paths)?;
    programs::build(paths)?;
    programs::build(&old)?;
    let modules = [programs::build_wasm(paths)?, programs::build_wasm(&old)?];
    let inside = |cmd| process::run(cmd)?.rate();
    let native = |paths, size| Box::new(move || inside(programs::simulation(paths, size)));
    let wasm = |module| Box::new(move || inside(programs::node(paths, module, FEW)));
    let mut contenders = [
        Contender { name: "1,000 clients, here", run: native(paths, FEW) },
        Contender { name: "1,000 clients, there", run: native(&old, FEW) },
        Contender { name: "1,000,000 clients, here", run: native(paths, MANY) },
        Contender { name: "1,000,000 clients, there", run: native(&old, MANY) },
        Contender { name: "wasm, here", run: wasm(&modules[0]) },
        Contender { name: "wasm, there", run: wasm(&modules[1]) },
    ];
    let rates = take_turns(&mut contenders, effort.rounds)?;
    let memory = |paths| process::run(programs::simulation(paths, MANY))?.peak();
    Ok(vec![
        Figure::new("native, 1,000 clients, here to there", "times", &rates.ratios(0, 1)),
        Figure::new("native, 1,000,000, here to there", "times", &rates.ratios(2, 3)),
        Figure::new("wasm, 1,000, here to there", "times", &rates.ratios(4, 5)),
        Figure::new("resident, 1,000,000 clients, here", "bytes", &[memory(paths)?]),
        Figure::new("resident, 1,000,000 clients, there", "bytes", &[memory(&old)?]),
    ])
}
