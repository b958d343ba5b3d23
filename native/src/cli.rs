//! The command line.

use crate::config::{self, Config, ConfigError};
use crate::exit::Exit;
use crate::output::{OutputError, Stdout, complain};
use crate::source::SourceError;
use crate::{
    check, completion, help, hints, http, keys, lab, lookup, man, merge, plot, presets, scenarios,
    schedule, send, serve, sim, sweep, theory,
};
use clap::error::ErrorKind;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use clap_complete::Shell;
use retrylab_core::scenario::FieldError;
use retrylab_core::theory::TheoryError;
use retrylab_core::value::Printable;
use std::ffi::{OsStr, OsString};
use std::io::Write as _;
use std::path::PathBuf;

const START: &str = "\
Start here:
  retrylab serve --drop 0.5            start a server that drops half of the requests
  retrylab send 127.0.0.1 --ladder     send it a message and watch each send, wait and reply
  retrylab schedule --preset coap      show when a policy sends, waits and gives up
  retrylab sim --ladder                run client and server over a simulated network
  retrylab lab --open                  watch the simulation in the browser

Results go to stdout, progress messages to stderr. --json prints results as JSON. Colours appear
only on terminals; NO_COLOR turns them off. `retrylab COMMAND --help` shows examples, units and
exit codes, and `retrylab config --help` how to set defaults for flags.";

/// Place among the flags of a subcommand.
const LAST: usize = 1_000;

/// Maximum number of characters of an argument that a message shows.
const MAX_ARGUMENT: usize = 300;

/// What do I do when no reply comes?
///
/// A laboratory for retries: a client with a retry policy and a server that drops datagrams on
/// purpose. Both run on real sockets, over a simulated network and in a browser page.
///
/// An exchange is one request with all its sends, until a reply arrives or the client gives up. A
/// ladder is a sequence diagram: time runs down, the client is left, the server right.
#[derive(Parser, Debug)]
#[command(name = "retrylab", version, after_help = START)]
#[command(arg_required_else_help = true, subcommand_required = true)]
pub(crate) struct Cli {
    /// Ignore the configuration file
    #[arg(long, global = true, display_order = LAST)]
    no_config: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand, Debug)]
enum Command {
    Serve(serve::Args),
    Send(send::Args),
    Lookup(lookup::Args),
    Http(http::Args),
    Sim(Box<sim::Args>),
    Sweep(sweep::Args),
    Merge(merge::Args),
    Plot(plot::Args),
    Lab(lab::Args),
    ExportPage(lab::export::Args),
    Check(check::Args),
    Schedule(schedule::Args),
    Presets(presets::Args),
    Scenarios(scenarios::Args),
    Theory(theory::Args),
    Keys(keys::Args),
    /// Show the configuration file: its path and its defaults for flags
    #[command(after_help = config::HELP)]
    Config {
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
    /// Write the manual pages to a folder
    #[command(hide = true)]
    Man {
        /// Date of the pages, as YYYY-MM-DD
        #[arg(value_parser = man::date)]
        date: String,
        /// Folder for the pages
        folder: PathBuf,
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
    /// Reads the command line, with the defaults of the configuration file.
    pub(crate) fn read() -> Result<Self, Refused> {
        let (root, args) = (command(), std::env::args_os().collect::<Vec<_>>());
        let matches = root.clone().try_get_matches_from(&args)?;
        let cli = Self::from_arg_matches(&matches)?;
        // These print what they know without defaults, or ignore errors.
        let is_independent =
            matches!(cli.command, Command::Complete { .. } | Command::Config { .. });
        if cli.no_config || is_independent {
            return Ok(cli);
        }
        let args = Config::read(&root)?.add(&root, args, &matches);
        Ok(Self::from_arg_matches(&root.try_get_matches_from(args)?)?)
    }

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
            Command::ExportPage(args) => lab::export::run(&args).map_err(Error::from),
            Command::Check(args) => check::run(&args).map_err(Error::from),
            Command::Schedule(args) => schedule::run(&args).map_err(Error::from),
            Command::Scenarios(args) => scenarios::run(&args).map_err(Error::from),
            Command::Theory(args) => theory::run(&args).map_err(Error::from),
            Command::Config { json } => {
                Config::read(&command()).map(|config| config.show(json)).map_err(Error::from)
            }
            Command::Presets(args) => Ok(presets::run(&args)),
            Command::Keys(args) => Ok(args.run()),
            Command::Man { date, folder } => man::write(Self::command(), &date, &folder)
                .map(|()| Exit::Success)
                .map_err(Error::from),
            Command::Completions { shell } => Ok(completion::script(shell, &mut command())),
            Command::Complete { shell, words } => {
                Ok(completion::answer(shell, &mut command(), &words))
            }
        };
        result.unwrap_or_else(|error| {
            match hints::flag(&command(), &arguments(), &error) {
                Some(sentence) => complain(sentence),
                None => complain(&error),
            }
            error.exit()
        })
    }
}

/// Returns the description of the command line as people see it.
fn command() -> clap::Command {
    let width = help::width();
    let lay_out = |command| help::lay_out(command, width);
    lay_out(Cli::command()).term_width(width).mut_subcommands(lay_out)
}

/// Returns the arguments as text to show.
fn arguments() -> Vec<String> {
    std::env::args_os().map(|arg| shown(&arg)).collect()
}

/// A command line that is not run.
#[derive(Debug)]
pub(crate) enum Refused {
    /// It is invalid, or asks for help or the version.
    ByClap(clap::Error),
    /// The configuration file is invalid.
    ByConfig(ConfigError),
}

impl From<clap::Error> for Refused {
    fn from(error: clap::Error) -> Self {
        Self::ByClap(error)
    }
}

impl From<ConfigError> for Refused {
    fn from(error: ConfigError) -> Self {
        Self::ByConfig(error)
    }
}

impl Refused {
    /// Prints the help or the version that was asked for, or what is wrong.
    pub(crate) fn explain(&self) -> Exit {
        let error = match self {
            Self::ByClap(error) => error,
            Self::ByConfig(error) => {
                complain(error);
                return Exit::Usage;
            }
        };
        if error.use_stderr() {
            explain(error);
            return Exit::Usage;
        }
        let mut out = Stdout::default();
        out.line(help::finish(error.render().ansi().to_string().trim_end()));
        out.finish(Exit::Success)
    }
}

/// Prints what is wrong with the command line.
fn explain(error: &clap::Error) {
    // The message quotes arguments. Reading them again, made safe to print, gives the same message.
    let (root, args) = (command(), arguments());
    // clap would list the hidden ones, too.
    if error.kind() == ErrorKind::MissingSubcommand {
        return complain("a subcommand is missing; `retrylab --help` lists them");
    }
    if let Some(sentence) = hints::key(&root, &args, error) {
        return complain(sentence);
    }
    let again = root.try_get_matches_from(args).err();
    let error = again.as_ref().filter(|again| again.use_stderr()).unwrap_or(error);
    // As for all messages on stderr, nothing can be done if it is closed.
    let _ = write!(anstream::stderr(), "{}", help::finish(&error.render().ansi().to_string()));
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
    ExportPage(#[from] lab::export::Error),
    #[error(transparent)]
    Check(#[from] check::Error),
    #[error(transparent)]
    Schedule(#[from] FieldError),
    #[error(transparent)]
    Scenarios(#[from] SourceError),
    #[error(transparent)]
    Theory(#[from] TheoryError),
    #[error(transparent)]
    Config(#[from] ConfigError),
    #[error(transparent)]
    Output(#[from] OutputError),
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
            Self::ExportPage(error) => error.exit(),
            Self::Scenarios(error) => error.exit(),
            Self::Output(_) => Exit::Failed,
            Self::Check(_) | Self::Schedule(_) | Self::Theory(_) | Self::Config(_) => Exit::Usage,
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
