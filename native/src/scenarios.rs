//! `retrylab scenarios`: lists the built-in scenarios.

use crate::exit::Exit;
use crate::output::{SCHEMA, Stdout};
use crate::source::SourceError;
use retrylab_core::scenario::{SHIPPED, Shipped};
use serde::Serialize;

const EXAMPLES: &str = "\
Examples:
  retrylab scenarios                       list the scenarios, each with its question
  retrylab scenarios retry-storm           print its file: keys, and variants to try
  retrylab sim retry-storm                 run it
  retrylab scenarios metastable > mine.toml      write it to a file, to edit and run

Exit codes: 0 printed, 1 stdout cannot be written, 2 usage error or no such scenario.";

/// List the built-in scenarios, or print the file of one
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Scenario whose file to print
    #[arg(value_name = "SCENARIO")]
    name: Option<String>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct List {
    schema: u32,
    scenarios: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    name: &'static str,
    question: &'static str,
    toml: &'static str,
}

impl From<&Shipped> for Entry {
    fn from(shipped: &Shipped) -> Self {
        Self { name: shipped.name, question: shipped.question(), toml: shipped.toml }
    }
}

/// Lists the scenarios, or prints one.
pub(crate) fn run(args: &Args) -> Result<Exit, SourceError> {
    let mut out = Stdout::default();
    let shown: Vec<&Shipped> = match &args.name {
        None => SHIPPED.iter().collect(),
        Some(name) => {
            vec![Shipped::find(name).ok_or_else(|| SourceError::NoSuch(name.clone()))?]
        }
    };
    if args.json {
        let scenarios = shown.into_iter().map(Entry::from).collect();
        out.json(&List { schema: SCHEMA, scenarios });
    } else if let (Some(_), [shipped]) = (&args.name, &shown[..]) {
        out.line(shipped.toml.trim_end());
    } else {
        for shipped in shown {
            out.line(format_args!("{:<24}{}", shipped.name, shipped.question()));
        }
    }
    Ok(out.finish(Exit::Success))
}
