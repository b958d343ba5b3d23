//! `retrylab plot`: draws the results of a sweep.

mod axis;
mod data;
mod svg;

use crate::existing::{Exists, Overwrite};
use crate::exit::Exit;
use crate::output::{Count, OutputError, Stdout, narrate, warn};
use crate::table::{self, TableError};
use data::{Choice, Data, DataError};
use retrylab_core::value::Printable;
use std::fs;

const EXAMPLES: &str = "\
Examples:
  retrylab plot drop.csv --out drop.svg
  retrylab plot two.parquet --x link.loss --by policy.preset --y gave_up_share --out two.svg
  retrylab plot three.json --where clients=100 --log-x --out three.svg

Each point is the median over the seeds. Its 95 % confidence interval is drawn as a band, or as an
error bar if x is not a number. Fewer than six seeds have no interval. A latency that no answered
exchange of a run has counts as longer than any; if the median is one of them, there is no point.

Exit codes: 0 done, 1 the plot cannot be written, 2 usage error or unsuitable results.";

/// Draw the results of a sweep as SVG: medians over seeds with 95 % confidence intervals
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Results of `retrylab sweep` or `retrylab merge`: a .csv, .json or .parquet file
    #[arg(value_name = "FILE")]
    file: String,
    /// Varied key on the x axis, or `seed` [default: the first varied key]
    #[arg(long, value_name = "KEY")]
    x: Option<String>,
    /// Measure on the y axis
    #[arg(long, value_name = "MEASURE", default_value = "amplification")]
    y: String,
    /// Varied key that gets one line per value [default: the second varied key]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Use only the rows with this value; can be repeated
    #[arg(long = "where", value_name = "KEY=VALUE")]
    only: Vec<String>,
    /// Use a logarithmic x axis
    #[arg(long)]
    log_x: bool,
    /// Use a logarithmic y axis
    #[arg(long)]
    log_y: bool,
    /// File for the plot, ending in .svg; `-` is stdout
    #[arg(long, value_name = "FILE.svg")]
    out: String,
    #[command(flatten)]
    overwrite: Overwrite,
}

/// Error that ends `plot`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("--out: {0} does not end in .svg; use an .svg file, or `-` for stdout")]
    Extension(String),
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Output(_) => Exit::Failed,
            Self::Table(error) | Self::Data(DataError::Table(error)) => error.exit(),
            _ => Exit::Usage,
        }
    }
}

/// Draws the plot.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    if args.out != "-" && !args.out.to_ascii_lowercase().ends_with(".svg") {
        return Err(Error::Extension(args.out.clone()));
    }
    args.overwrite.check(&args.out)?;
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
        warn(format_args!("{runs} ended early at a limit; only the part before it counts"));
    }
    let picture = svg::draw(&data, args.log_x, args.log_y);
    if args.out == "-" {
        let mut out = Stdout::default();
        out.line(picture.trim_end());
        return Ok(out.finish(Exit::Success));
    }
    let failed = |error| OutputError { name: args.out.clone(), error };
    fs::write(&args.out, picture).map_err(failed)?;
    let [file, out] = [&args.file, &args.out].map(|name| Printable::new(name));
    narrate!("{} of {file}: {out}", Count(data.rows, "run"));
    Ok(Exit::Success)
}
