//! The same workload in wasm under Node and natively, each measured from inside the process, because a page
//! starts only once.

use anyhow::{Result, ensure};

use super::Effort;
use super::figure::{Figure, Target};
use super::process;
use super::programs::{self, FEW};
use super::rounds::{Contender, take_turns};
use crate::node;
use crate::paths::Paths;

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    node::check(paths)?;
    let module = programs::build_wasm(paths)?;
    programs::build(paths)?;

    // Rates are comparable only if both runs are identical.
    let native = process::run(programs::simulation(paths, FEW))?;
    let wasm = process::run(programs::node(paths, &module, FEW))?;
    let (native, wasm) = (native.text("digest")?, wasm.text("digest")?);
    ensure!(native == wasm, "the digest is {native} natively and {wasm} in wasm");

    let inside = |cmd| process::run(cmd)?.rate();
    let mut contenders = [
        Contender { name: "native", run: Box::new(|| inside(programs::simulation(paths, FEW))) },
        Contender {
            name: "wasm under Node",
            run: Box::new(|| inside(programs::node(paths, &module, FEW))),
        },
    ];
    let rates = take_turns(&mut contenders, effort.rounds)?;
    Ok(vec![
        Figure::new("in process, native, 1,000 clients", "exchanges/s", rates.of(0)),
        Figure::new("in process, wasm under Node, 1,000", "exchanges/s", rates.of(1)),
        Figure::new("  wasm to native", "times", &rates.ratios(1, 0)).target(Target::AtLeast(0.6)),
    ])
}
