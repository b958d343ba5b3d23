//! Adds the settings of a subcommand to its arguments.

use super::file::Setting;
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
) -> Vec<OsString> {
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
                Err(_) => unused.push(*setting),
            }
        }
        // What was added may be what another setting needs.
        if unused.is_empty() || unused.len() == waiting.len() {
            return args;
        }
        waiting = unused;
    }
}
