//! `retrylab merge`: joins the shards of a sweep into one table, and the parts of a run into its result.

mod tables;

use crate::existing::Overwrite;
use crate::exit::Exit;
use crate::sim::merged::{self, MergeError, Printing};
use crate::sim::part::Beginning;
use std::io;

const EXAMPLES: &str = "\
Examples:
  retrylab merge --out all.csv part-*.csv
  retrylab merge --out all.parquet part-*.parquet
  retrylab merge part-*.json                 the parts of a run, which `sim --shard` wrote
  retrylab merge --json part-*.json

For a sweep, pass all N files that `retrylab sweep --shard I/N` wrote, in any order. The files and
the output must have the same format. The output has the same bytes as that of the sweep without
--shard.

For a run, pass all N files that `retrylab sim --shard I/N` wrote, in any order. The result, digest
included, is what `sim` prints without --shard.

Exit codes: 0 done, 1 the output cannot be written, 2 a file is missing, repeated, unreadable,
damaged or part of something else, 5 an assertion does not hold, 130 interrupted.";

/// Join the shards of a sweep into one table, or the parts of a run into its result
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// File for the merged table; `-` prints CSV on stdout
    #[arg(long, value_name = "FILE")]
    out: Option<String>,
    #[command(flatten)]
    overwrite: Overwrite,
    /// Files with the shards
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
    #[command(flatten)]
    printing: Printing,
}

/// Error that ends `merge`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Tables(#[from] tables::Error),
    #[error(transparent)]
    Parts(#[from] MergeError),
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error("{0} is empty or damaged; run its shard again")]
    Torn(String),
    #[error(
        "{part} is a part of a run, and {table} is not; merge one run, or one sweep, at a time"
    )]
    Both { part: String, table: String },
    #[error("--out: a file for the merged table is missing; `-` prints CSV on stdout")]
    NoOut,
    #[error("--out is for tables of sweeps; the result of a run goes to stdout")]
    OutOfRun,
    #[error("--json, --series and --assert are for parts of a run; these are tables of a sweep")]
    PrintingTables,
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Tables(error) => error.exit(),
            Self::Parts(error) => error.exit(),
            Self::Read(_, error) => Exit::of(error),
            Self::Torn(_)
            | Self::Both { .. }
            | Self::NoOut
            | Self::OutOfRun
            | Self::PrintingTables => Exit::Usage,
        }
    }
}

/// Merges the files.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let mut kinds: [Option<&String>; 2] = [None; 2];
    for file in &args.files {
        let is_part = match Beginning::read(file) {
            Err(error) if args.out.is_none() => return Err(Error::Read(file.clone(), error)),
            Ok(Beginning::Torn) if args.out.is_none() => return Err(Error::Torn(file.clone())),
            Ok(beginning) => beginning == Beginning::Part,
            // A table's name is checked before it is read.
            Err(_) => false,
        };
        kinds[usize::from(is_part)].get_or_insert(file);
    }
    match (kinds, &args.out) {
        ([Some(table), Some(part)], _) => {
            Err(Error::Both { part: part.clone(), table: table.clone() })
        }
        ([None, _], Some(_)) => Err(Error::OutOfRun),
        ([None, _], None) => Ok(merged::run(&args.files, &args.printing)?),
        _ if args.printing.is_wanted() => Err(Error::PrintingTables),
        (_, None) => Err(Error::NoOut),
        (_, Some(out)) => Ok(tables::run(out, &args.overwrite, &args.files)?),
    }
}
