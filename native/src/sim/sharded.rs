//! `--shard`: simulates some of the clients of a run, and writes their result as a part of it.

use super::cells::Cells;
use super::meter::Meter;
use super::part::{Part, RunHeader};
use super::run::{self, EndedBy, Limits};
use super::{Args, Error, INTERVAL, predicted, series};
use crate::exit::Exit;
use crate::output::{Count, OutputError, Rounded, Stdout, narrate, warn};
use crate::shard::Shard;
use crate::whole_file;
use retrylab_core::scenario::Scenario;
use retrylab_core::sim;
use std::io::Write as _;
use std::path::Path;
use std::time::Instant;

/// Simulates the clients of `shard` and writes the part.
pub(super) fn run(
    args: &Args,
    scenario: &Scenario,
    shard: Shard,
    limits: &Limits,
) -> Result<Exit, Error> {
    let cells = Cells::new(scenario, args.setup.cells);
    if let (Some(key), false) = (scenario.coupled_by(), shard.is_whole()) {
        return Err(Error::CoupledShards(key));
    }
    let metrics = match args.series_interval {
        Some(interval) => {
            predicted::metrics(scenario, interval, limits).with_max_intervals(series::MAX_INTERVALS)
        }
        None => predicted::metrics(scenario, INTERVAL, limits),
    };
    let clients = shard.clients(scenario.clients);
    let count = clients.clone().count() as u64;
    let each = |all: u64| all / u64::from(scenario.clients) * count;
    let total = scenario.total().map(each);
    let mut meter = Meter::new(total);
    let begun = Instant::now();
    let show = |finished| meter.show(finished);
    let (ended_by, outcome) = run::measure_clients(scenario, clients, metrics, cells, limits, show);
    meter.clear();
    let done = Count(outcome.summary.finished(), "exchange");
    match ended_by {
        EndedBy::Itself(sim::EndedBy::Finished) => {}
        EndedBy::Itself(sim::EndedBy::Time) => {
            warn(format_args!("shard {shard} was ended by {ended_by}"));
        }
        EndedBy::Interrupted => {
            let of = total.map_or_else(String::new, |total| format!(" of {total}"));
            warn(format_args!("shard {shard}: interrupted after {done}{of}; no part is written"));
            return Ok(Exit::Interrupted);
        }
        // Where it ends the whole run is not known.
        EndedBy::Itself(_) | EndedBy::Output => return Err(Error::CutShard(ended_by)),
    }
    let wall = Rounded(begun.elapsed());
    let header = RunHeader {
        scenario: scenario.to_fragment(),
        setup: args.setup.clone(),
        series_interval: args.series_interval,
    };
    let part = Part { run: header, shard, outcome };
    let exit = write(args.out.as_deref().unwrap_or("-"), part)?;
    let clients = Count(count, "client");
    narrate!("shard {shard}: {done} of {clients} in {wall} of wall time");
    Ok(exit)
}

/// Writes the part to `out`; `-` is stdout.
fn write(out: &str, part: Part) -> Result<Exit, OutputError> {
    let failed = |error| OutputError { name: out.to_string(), error };
    let text = part.into_json().map_err(|error| failed(error.into()))?;
    if out == "-" {
        let mut stdout = Stdout::default();
        stdout.line(text);
        return Ok(stdout.finish(Exit::Success));
    }
    whole_file::write(Path::new(out), |mut file| writeln!(file, "{text}").map_err(failed))?;
    Ok(Exit::Success)
}
