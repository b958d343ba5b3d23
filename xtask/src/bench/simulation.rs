//! Exchanges per second of `retrylab sim` and of the peer, each measured as a whole process.

use std::thread;

use anyhow::Result;

use super::Effort;
use super::figure::{Figure, Target};
use super::process;
use super::programs::{self, FEW, HUGE, MANY, Size};
use super::rounds::{Contender, take_turns};
use crate::paths::Paths;
use crate::run::Cmd;

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    programs::build(paths)?;
    programs::build_plain_peer(paths)?;
    programs::build_retrylab(paths)?;
    let times = |times: u32, cmd: fn(&Paths, Size) -> Cmd, size: Size| {
        Box::new(move || {
            let mut wall = 0.0;
            for _ in 0..times {
                wall += process::run(cmd(paths, size))?.wall;
            }
            Ok(size.total() * f64::from(times) / wall)
        })
    };
    let whole = |cmd, size| times(1, cmd, size);
    // A process that takes a sixth of a second is at the mercy of whatever else runs.
    let short = |cmd, size| times(7, cmd, size);
    let one: fn(&Paths, Size) -> Cmd = |paths, size| programs::retrylab(paths, size, Some(1));
    let all: fn(&Paths, Size) -> Cmd = |paths, size| programs::retrylab(paths, size, None);
    let huge = if effort.quick { MANY } else { HUGE };
    let mut contenders = [
        Contender { name: "tokio paused, 1,000", run: whole(programs::plain_tokio_paused, FEW) },
        Contender { name: "retrylab sim, 1,000", run: short(one, FEW) },
        Contender { name: "retrylab sim, 1,000,000", run: short(one, MANY) },
        Contender { name: "tokio paused, ours", run: whole(programs::tokio_paused, FEW) },
        Contender { name: "retrylab sim, 1,000, all cores", run: short(all, FEW) },
        Contender { name: "retrylab sim, 100,000,000", run: whole(one, huge) },
    ];
    let rates = take_turns(&mut contenders, effort.rounds)?;
    let unit = "exchanges/s";
    let cores = thread::available_parallelism().map_or(1, usize::from);
    Ok(vec![
        Figure::new("tokio paused, 1,000 clients", unit, rates.of(0)),
        Figure::new("  the same with our build settings", unit, rates.of(3)),
        Figure::new("retrylab sim, 1,000 clients, 1 thread", unit, rates.of(1)),
        Figure::new(format!("retrylab sim, 1,000, {cores} threads"), unit, rates.of(4)),
        Figure::new("retrylab sim, 1,000,000, 1 thread", unit, rates.of(2)),
        Figure::new(format!("retrylab sim, {}, 1 thread", huge.clients), unit, rates.of(5)),
        Figure::new("  retrylab to tokio paused, 1 thread", "times", &rates.ratios(1, 0))
            .target(Target::AtLeast(6.5)),
        Figure::new("  the same, both with our settings", "times", &rates.ratios(1, 3)),
        Figure::new("  retrylab, all cores, to tokio paused", "times", &rates.ratios(4, 0))
            .target(Target::AtLeast(10.0)),
        Figure::new("  retrylab, 1,000,000 to 1,000", "times", &rates.ratios(2, 1))
            .target(Target::AtLeast(0.95)),
        Figure::new("  retrylab, 100,000,000 to 1,000", "times", &rates.ratios(5, 1))
            .target(Target::AtLeast(0.9)),
    ])
}
