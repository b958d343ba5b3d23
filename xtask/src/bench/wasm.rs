//! The same workload natively, in wasm under Node, and there in several workers, each measured from inside the process,
//! because a page starts only once.

use anyhow::{Result, ensure};

use super::Effort;
use super::figure::{Figure, Target};
use super::process;
use super::programs::{self, FEW};
use super::rounds::{Contender, take_turns};
use crate::node;
use crate::paths::Paths;

/// Number of workers that share the clients. The target is for two cores.
const WORKERS: u32 = 4;

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    node::check(paths)?;
    let module = programs::build_wasm(paths)?;
    programs::build(paths)?;

    // Rates are comparable only if both runs are identical.
    let native = process::run(programs::simulation(paths, FEW))?;
    let wasm = process::run(programs::node(paths, &module, FEW))?;
    let workers = process::run(programs::node_workers(paths, &module, FEW, WORKERS))?;
    let [native, wasm, workers] = [&native, &wasm, &workers].map(|ran| ran.text("digest"));
    let (native, wasm, workers) = (native?, wasm?, workers?);
    ensure!(native == wasm, "the digest is {native} natively and {wasm} in wasm");
    ensure!(wasm == workers, "the digest is {wasm} on one thread and {workers} in workers");

    let inside = |cmd| process::run(cmd)?.rate();
    let mut contenders = [
        Contender { name: "native", run: Box::new(|| inside(programs::simulation(paths, FEW))) },
        Contender {
            name: "wasm under Node",
            run: Box::new(|| inside(programs::node(paths, &module, FEW))),
        },
        Contender {
            name: "one worker",
            run: Box::new(|| inside(programs::node_workers(paths, &module, FEW, 1))),
        },
        Contender {
            name: "four workers",
            run: Box::new(|| inside(programs::node_workers(paths, &module, FEW, WORKERS))),
        },
    ];
    let rates = take_turns(&mut contenders, effort.rounds)?;
    Ok(vec![
        Figure::new("in process, native, 1,000 clients", "exchanges/s", rates.of(0)),
        Figure::new("in process, wasm under Node, 1,000", "exchanges/s", rates.of(1)),
        Figure::new("  wasm to native", "times", &rates.ratios(1, 0)).target(Target::AtLeast(0.65)),
        Figure::new("in process, wasm in four workers", "exchanges/s", rates.of(3)),
        Figure::new("  four workers to one worker", "times", &rates.ratios(3, 2))
            .target(Target::AtLeast(1.7)),
    ])
}
