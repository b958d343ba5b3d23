//! `retrylab plot`: the results of a sweep as a picture.

mod axis;
mod data;
mod svg;

use crate::exit::Exit;
use crate::output::{Count, OutputError, Stdout, narrate, warn};
use crate::table::{self, TableError};
use data::{Choice, Data, DataError};
use std::fs;

const EXAMPLES: &str = "\
Examples:
  retrylab plot drop.csv --out drop.svg
  retrylab plot two.parquet --x link.loss --by policy.preset --y gave_up_share --out two.svg
  retrylab plot three.json --where clients=100 --log-x --out three.svg

A point is the mean over the seeds; around it is the interval that holds the true mean with 95 %
(Student's t), as a band, or as whiskers where x is no number. One seed has no interval.

Exit codes: 0 done, 1 the picture cannot be written, 2 usage, or results that do not give this picture.";

/// Draw the results of a sweep as SVG: means over seeds, with their 95 % intervals
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Results: a .csv, .json or .parquet file of `retrylab sweep` or `retrylab merge`
    #[arg(value_name = "FILE")]
    file: String,
    /// What goes to the right: a varied key, or `seed`; the first varied key without it
    #[arg(long, value_name = "KEY")]
    x: Option<String>,
    /// What goes up: a measure
    #[arg(long, value_name = "MEASURE", default_value = "amplification")]
    y: String,
    /// A line for each value of this key; the second varied key without it
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Only the rows with this value; may be given more than once
    #[arg(long = "where", value_name = "KEY=VALUE")]
    only: Vec<String>,
    /// Equal factors have equal distances to the right
    #[arg(long)]
    log_x: bool,
    /// Equal factors have equal distances upwards
    #[arg(long)]
    log_y: bool,
    /// Where the picture goes: an .svg file, or `-` for stdout
    #[arg(long, value_name = "FILE.svg")]
    out: String,
}

/// Why there is no picture.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--out: {0} does not end in .svg; `-` is stdout")]
    Extension(String),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        if let Self::Output(_) = self { Exit::Failed } else { Exit::Usage }
    }
}

/// Draws.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if args.out != "-" && !args.out.to_ascii_lowercase().ends_with(".svg") {
        return Err(Error::Extension(args.out.clone()));
    }
    let choice = Choice {
        x: args.x.as_deref(),
        y: &args.y,
        by: args.by.as_deref(),
        only: &args.only,
        log_x: args.log_x,
        log_y: args.log_y,
    };
    let data = Data::read(table::open(&args.file)?, &choice)?;
    if data.cut_short > 0 {
        let runs = Count(data.cut_short, "run");
        warn(format_args!("{runs} did not come to an end of their own; they count as they are"));
    }
    let picture = svg::draw(&data, args.log_x, args.log_y);
    if args.out == "-" {
        let mut out = Stdout::default();
        out.line(picture.trim_end());
        return Ok(out.finish(Exit::Success));
    }
    let failed = |error| OutputError { name: args.out.clone(), error };
    fs::write(&args.out, picture).map_err(failed)?;
    narrate!("{} of {}: {}", Count(data.rows, "run"), args.file, args.out);
    Ok(Exit::Success)
}
