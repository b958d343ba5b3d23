//! The cost of keeping every record of a run in memory, compared with counting and hashing alone, in one
//! network.

use anyhow::Result;

use super::Effort;
use super::figure::{Figure, Target};
use super::process;
use super::programs::{self, Size};
use super::rounds::{Contender, take_turns};
use crate::paths::Paths;

/// A hundred thousand exchanges make about 1.07 million records.
const SIZE: Size = Size::new(1_000, 100);

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    programs::build(paths)?;
    let inside = |cmd| process::run(cmd)?.rate();
    let mut contenders = [
        Contender {
            name: "trace off",
            run: Box::new(|| inside(programs::simulation(paths, SIZE).arg("network"))),
        },
        Contender {
            name: "trace kept",
            run: Box::new(|| inside(programs::simulation(paths, SIZE).arg("trace"))),
        },
    ];
    let rates = take_turns(&mut contenders, effort.rounds)?;
    Ok(vec![
        Figure::new("in process, trace off, 1,000 clients", "exchanges/s", rates.of(0)),
        Figure::new("in process, trace kept, 1,000 clients", "exchanges/s", rates.of(1)),
        Figure::new("  cost of keeping the trace", "times the time", &rates.ratios(0, 1))
            .target(Target::AtMost(3.0)),
    ])
}
