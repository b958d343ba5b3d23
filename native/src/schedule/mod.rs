//! `retrylab schedule`: shows when a policy sends, waits and gives up.

mod picture;
mod report;
mod times;

use crate::exit::Exit;
use crate::flags::{self, Flags};
use crate::output::Stdout;
use report::ScheduleReport;
use retrylab_core::scenario::{FieldError, Scenario};
use times::Times;

const EXAMPLES: &str = "\
Examples:
  retrylab schedule                          the policy `textbook`: 0, 0.1, 0.3, 0.7, 1.5 s
  retrylab schedule --preset coap            a random first wait between 2 and 3 s
  retrylab schedule --preset stun --deadline 10s
  retrylab schedule --initial-timeout 1s --jitter full --max-sends 4 --give-up-above none
  retrylab schedule --preset aws-standard --json --samples 100000

The schedule is that of an exchange without a reply. `at` shows the times without jitter;
earliest and latest are the bounds with jitter, and mean is the mean of the samples. Retry
budgets, circuit breakers, hints and adaptive timeouts depend on earlier exchanges; the schedule
shows a first exchange. `retrylab presets` lists the presets.

Exit codes: 0 shown, 1 stdout cannot be written, 2 usage error or invalid policy.";

/// Show when a policy sends, how long it waits, and when it gives up
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Seed for the random draws of the samples
    #[arg(long, value_name = "N", value_parser = flags::parser("seed"), default_value = "1")]
    #[arg(allow_negative_numbers = true)]
    seed: String,
    /// Number of exchanges to draw for the means of a policy with jitter
    #[arg(long, value_name = "N", default_value = "1000", allow_negative_numbers = true)]
    #[arg(value_parser = flags::samples)]
    samples: u32,
    /// Maximum number of sends to show [default: 20; with --json all, or 20 if the schedule never ends]
    #[arg(long, value_name = "N", value_parser = flags::shown, allow_negative_numbers = true)]
    show: Option<usize>,
    /// Print one JSON object; times are in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    policy: Flags<flags::Policy>,
}

/// Prints the schedule.
pub(crate) fn run(args: &Args) -> Result<Exit, FieldError> {
    let mut scenario = Scenario::default();
    scenario.apply(args.policy.pairs.iter().map(|(key, value)| (*key, value.as_str())))?;
    scenario.apply([("seed", &args.seed)])?;
    let all = args.json && !scenario.policy.never_gives_up();
    let show = args.show.unwrap_or(if all { flags::MAX_SHOWN } else { 20 });
    let times = Times::new(&scenario, show, args.samples);
    let report = ScheduleReport::new(&scenario, &times);
    let mut out = Stdout::default();
    if args.json {
        out.json(&report);
    } else {
        report::show(&scenario, &times, |line| out.line(line));
    }
    Ok(out.finish(Exit::Success))
}
