//! Peak resident memory of the process, as the kernel reports it. It hardly varies, so each program runs once.

use anyhow::{Context, Result};

use super::Effort;
use super::figure::{Figure, Target};
use super::process;
use super::programs::{self, HUGE, MANY, Size};
use crate::paths::Paths;
use crate::run::Cmd;

const MILLION: u32 = 1_000_000;

pub(super) fn measure(paths: &Paths, effort: Effort) -> Result<Vec<Figure>> {
    programs::build(paths)?;
    let peak = |name: &str, cmd: fn(&Paths, Size) -> Cmd, size: Size| -> Result<f64> {
        let finished = process::run(cmd(paths, size)).with_context(|| name.to_owned())?;
        let peak = finished.peak()?;
        let Size { clients, exchanges } = size;
        eprintln!("{name}, {clients} x {exchanges}: {:.1} MB", peak / 1e6);
        Ok(peak)
    };
    let ours = |size| peak("simulation", programs::simulation, size);
    let network: fn(&Paths, Size) -> Cmd =
        |paths, size| programs::simulation(paths, size).arg("network");
    let network = |size| peak("simulation in one network", network, size);
    let theirs = |size| peak("tokio paused", programs::tokio_paused, size);
    let per_client = |many: f64, one: f64| (many - one) / f64::from(MILLION);

    let huge = if effort.quick { MANY } else { HUGE };
    let huge = ours(huge)?;
    let (one, many) = (network(Size::new(1, 1))?, network(MANY)?);
    let (short, long) = (Size::new(1_000, 100), Size::new(1_000, 10_000));
    let more = long.total() - short.total();
    let (short, long) = (network(short)?, network(long)?);
    let peer = per_client(theirs(MANY)?, theirs(Size::new(1, 1))?);
    Ok(vec![
        Figure::new("resident, 100,000,000 clients in cells", "MiB", &[huge / f64::from(1 << 20)])
            .target(Target::AtMost(64.0)),
        Figure::new(
            "resident in one network, 1,000,000 clients minus 1",
            "bytes/client",
            &[per_client(many, one)],
        )
        .target(Target::AtMost(160.0)),
        Figure::new("  the same for tokio paused", "bytes/client", &[peer]),
        Figure::new("resident in one network, 1,000 clients x 100", "kB", &[short / 1e3]),
        Figure::new("resident in one network, 1,000 clients x 10,000", "kB", &[long / 1e3]),
        // Detects a leak of one byte per ten exchanges, but ignores what the queue keeps because times in
        // a long run are later.
        Figure::new("  memory per further exchange", "bytes", &[(long - short) / more])
            .target(Target::AtMost(0.1)),
    ])
}
