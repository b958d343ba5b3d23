//! This checkout compared with another one, natively and in wasm, in one interleaved run: what did a change cost?
//! Scenarios in which clients influence each other are measured as well.

use std::path::Path;

use anyhow::{Result, ensure};

use super::Effort;
use super::figure::Figure;
use super::process;
use super::programs::{self, FEW, MANY};
use super::rounds::{Contender, take_turns};
use crate::node;
use crate::paths::Paths;

/// Scenarios in which clients influence each other, and numbers of seeds that take about a second.
const COUPLED: [(&str, u32); 3] =
    [("metastable", 20), ("retry-storm", 20), ("thundering-herd", 500)];

pub(super) fn measure(paths: &Paths, effort: Effort, other: &Path) -> Result<Vec<Figure>> {
    let root = std::path::absolute(other)?;
    ensure!(root.join("bench").is_dir(), "{} is not a checkout of retrylab", other.display());
    let old = Paths { target: root.join("target"), root };
    node::check(paths)?;
    programs::build(paths)?;
    programs::build(&old)?;
    programs::build_retrylab(paths)?;
    programs::build_retrylab(&old)?;
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
    let mut coupled = Vec::new();
    for (name, seeds) in COUPLED {
        let runs = |paths| {
            Box::new(move || {
                Ok(f64::from(seeds) / process::run(programs::shipped(paths, name, seeds))?.wall)
            })
        };
        let mut contenders = [
            Contender { name: "coupled, here", run: runs(paths) },
            Contender { name: "coupled, there", run: runs(&old) },
        ];
        let rates = take_turns(&mut contenders, effort.rounds)?;
        let name = format!("retrylab sim {name}, here to there");
        coupled.push(Figure::new(name, "times", &rates.ratios(0, 1)));
    }
    let memory = |paths| process::run(programs::simulation(paths, MANY))?.peak();
    let figures = [
        Figure::new("native, 1,000 clients, here to there", "times", &rates.ratios(0, 1)),
        Figure::new("native, 1,000,000, here to there", "times", &rates.ratios(2, 3)),
        Figure::new("wasm, 1,000, here to there", "times", &rates.ratios(4, 5)),
        Figure::new("resident, 1,000,000 clients, here", "bytes", &[memory(paths)?]),
        Figure::new("resident, 1,000,000 clients, there", "bytes", &[memory(&old)?]),
    ];
    Ok(figures.into_iter().chain(coupled).collect())
}
