//! Adds the settings of a subcommand to its arguments.

use super::ConfigError;
use super::file::Setting;
use clap::error::ErrorKind;
use clap::parser::ValueSource;
use clap::{ArgMatches, Command};
use std::ffi::OsString;

/// Returns the arguments with the settings after the subcommand, which is at `at`. `given` is what the arguments alone say.
///
/// A setting that cannot be combined with the arguments, or that needs another flag, has no effect: clap decides that by the
/// rules for the flags themselves.
pub(super) fn add(
    root: &Command,
    mut args: Vec<OsString>,
    at: usize,
    settings: &[&Setting],
    given: &ArgMatches,
) -> Result<Vec<OsString>, ConfigError> {
    let is_given = |setting: &Setting| {
        let given = given.subcommand().map(|(_, given)| given);
        given.is_some_and(|given| given.value_source(&setting.id) == Some(ValueSource::CommandLine))
    };
    let mut waiting: Vec<&Setting> =
        settings.iter().filter(|setting| !is_given(setting)).copied().collect();
    loop {
        let mut unused = Vec::new();
        for setting in &waiting {
            let mut more = args.clone();
            more.insert(at + 1, setting.argument().into());
            match root.clone().try_get_matches_from(&more) {
                Ok(_) => args = more,
                Err(error) if may_yield(error.kind()) => unused.push(*setting),
                Err(error) => return Err(setting.place.refuse(reason(&error))),
            }
        }
        // What was added may be what another setting needs.
        if unused.is_empty() || unused.len() == waiting.len() {
            return Ok(args);
        }
        waiting = unused;
    }
}

const fn may_yield(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument)
}

/// Returns the first paragraph of clap's message as one line.
fn reason(error: &clap::Error) -> String {
    let message = error.to_string();
    let lines = message.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let line = lines.collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").map_or_else(|| line.clone(), str::to_string)
}
