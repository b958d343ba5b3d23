//! The command line.

use crate::exit::Exit;
use crate::output::{Stdout, complain};
use crate::source::SourceError;
use crate::{
    completion, http, keys, lab, lookup, merge, plot, presets, scenarios, schedule, send, serve,
    sim, sweep, theory,
};
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;
use retrylab_core::scenario::FieldError;
use retrylab_core::theory::TheoryError;
use retrylab_core::value::Printable;
use std::ffi::{OsStr, OsString};

const START: &str = "\
Start here:
  retrylab serve --drop 0.5            start a server that drops half of the requests
  retrylab send 127.0.0.1 --ladder     send it a message and watch each send, wait and reply
  retrylab schedule --preset coap      show when a policy sends, waits and gives up
  retrylab sim --ladder                run client and server over a simulated network
  retrylab lab --open                  watch the simulation in the browser

Results go to stdout, progress messages to stderr. --json prints results as JSON. Colours appear
only on terminals; NO_COLOR turns them off. `retrylab COMMAND --help` shows examples, units and
exit codes.";

/// Maximum number of characters of an argument that a message shows.
const MAX_ARGUMENT: usize = 300;

/// What do I do when no reply comes?
///
/// A laboratory for retries: a client with a retry policy and a server that drops datagrams on
/// purpose. Both run on real sockets, over a simulated network and in a browser page.
#[derive(Parser, Debug)]
#[command(name = "retrylab", version, after_help = START, max_term_width = 100)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::Args),
    Send(send::Args),
    Lookup(lookup::Args),
    Http(http::Args),
    Sim(sim::Args),
    Sweep(sweep::Args),
    Merge(merge::Args),
    Plot(plot::Args),
    Lab(lab::Args),
    Schedule(schedule::Args),
    /// List the policies of standards and well-known clients
    Presets {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    Scenarios(scenarios::Args),
    Theory(theory::Args),
    /// Show every key of a scenario: its default, its meaning and its allowed values
    ///
    /// With PATTERN, only the keys that contain it in their names or meanings, such as `retrylab keys jitter`.
    Keys {
        /// Part of a name or of a meaning
        pattern: Option<String>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Print a completion script for a shell
    #[command(after_help = completion::INSTALL)]
    Completions {
        /// Shell to print the script for
        shell: Shell,
    },
    /// Print what may follow on a command line; the completion scripts ask
    #[command(hide = true)]
    Complete {
        /// Shell that asks
        shell: Shell,
        /// The words up to the cursor; with bash, the line and the part of it that is replaced
        #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
        words: Vec<OsString>,
    },
}

impl Cli {
    /// Runs the command. Every error is reported in one sentence on stderr.
    pub(crate) fn run(self) -> Exit {
        let result = match self.command {
            Command::Serve(args) => serve::run(&args).map_err(Error::from),
            Command::Send(args) => send::run(&args).map_err(Error::from),
            Command::Lookup(args) => lookup::run(&args).map_err(Error::from),
            Command::Http(args) => http::run(&args).map_err(Error::from),
            Command::Sim(args) => sim::run(&args).map_err(Error::from),
            Command::Sweep(args) => sweep::run(&args).map_err(Error::from),
            Command::Merge(args) => merge::run(&args).map_err(Error::from),
            Command::Plot(args) => plot::run(&args).map_err(Error::from),
            Command::Lab(args) => lab::run(&args).map_err(Error::from),
            Command::Schedule(args) => schedule::run(&args).map_err(Error::from),
            Command::Scenarios(args) => scenarios::run(&args).map_err(Error::from),
            Command::Theory(args) => theory::run(&args).map_err(Error::from),
            Command::Presets { json } => Ok(presets::run(json)),
            Command::Keys { pattern, json } => Ok(keys::run(pattern.as_deref(), json)),
            Command::Completions { shell } => Ok(completion::script(shell, &mut Cli::command())),
            Command::Complete { shell, words } => {
                Ok(completion::answer(shell, &mut Cli::command(), &words))
            }
        };
        result.unwrap_or_else(|error| {
            complain(&error);
            error.exit()
        })
    }
}

/// Prints the help or the version that was asked for, or what is wrong with the command line.
pub(crate) fn explain(error: &clap::Error) -> Exit {
    if error.use_stderr() {
        // The message quotes arguments. Reading them again, made safe to print, gives the same message.
        let args: Vec<String> = std::env::args_os().map(|arg| shown(&arg)).collect();
        let again = Cli::try_parse_from(args).err();
        let error = again.as_ref().filter(|again| again.use_stderr()).unwrap_or(error);
        // As for all messages on stderr, nothing can be done if it is closed.
        let _ = error.print();
        return Exit::Usage;
    }
    let mut out = Stdout::default();
    out.line(error.render().ansi().to_string().trim_end());
    out.finish(Exit::Success)
}

/// Returns an argument as text to show.
fn shown(arg: &OsStr) -> String {
    Printable::bytes(arg.as_encoded_bytes()).at_most(MAX_ARGUMENT).to_string()
}

/// An error of any command.
#[derive(Debug, thiserror::Error)]
enum Error {
    #[error(transparent)]
    Serve(#[from] serve::Error),
    #[error(transparent)]
    Send(#[from] send::Error),
    #[error(transparent)]
    Lookup(#[from] lookup::Error),
    #[error(transparent)]
    Http(#[from] http::Error),
    #[error(transparent)]
    Sim(#[from] sim::Error),
    #[error(transparent)]
    Sweep(#[from] sweep::Error),
    #[error(transparent)]
    Merge(#[from] merge::Error),
    #[error(transparent)]
    Plot(#[from] plot::Error),
    #[error(transparent)]
    Lab(#[from] lab::Error),
    #[error(transparent)]
    Schedule(#[from] FieldError),
    #[error(transparent)]
    Scenarios(#[from] SourceError),
    #[error(transparent)]
    Theory(#[from] TheoryError),
}

impl Error {
    fn exit(&self) -> Exit {
        match self {
            Self::Serve(error) => error.exit(),
            Self::Send(error) => error.exit(),
            Self::Lookup(error) => error.exit(),
            Self::Http(error) => error.exit(),
            Self::Sim(error) => error.exit(),
            Self::Sweep(error) => error.exit(),
            Self::Merge(error) => error.exit(),
            Self::Plot(error) => error.exit(),
            Self::Lab(error) => error.exit(),
            Self::Scenarios(error) => error.exit(),
            Self::Schedule(_) | Self::Theory(_) => Exit::Usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs clap's check for clashing names and invalid defaults.
    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    /// clap breaks lines that are longer than 100 characters, and a single word is then left on a line of its own.
    #[test]
    fn the_text_below_the_options_fits_its_width() {
        for command in Cli::command().get_subcommands() {
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in text.lines() {
                assert!(line.chars().count() <= 100, "{}: {line}", command.get_name());
            }
        }
    }
}
