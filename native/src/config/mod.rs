//! The configuration file: defaults for flags, with one table per subcommand.
//!
//! It has no keys of scenarios: a command, a scenario file and a link mean the same run on every machine.

mod defaults;
mod file;

use crate::exit::Exit;
use crate::hints;
use crate::output::{SCHEMA, Stdout};
use crate::scenario_file::FileError;
use clap::{ArgMatches, Command};
use file::Setting;
use retrylab_core::value::Printable;
use serde_json::json;
use std::ffi::OsString;
use std::io;
use std::path::PathBuf;

/// The variable that names another file.
const VARIABLE: &str = "RETRYLAB_CONFIG";

/// What `retrylab config --help` says.
pub(crate) const HELP: &str = "\
Examples:
  retrylab config                  show the path of the file and its settings
  retrylab sim --no-config         run a command without them

A configuration file has one table per subcommand, with the names of its flags:
  [sim]
  json = true
  seeds = 20
  [lab]
  port = 8061

A flag on the command line wins. A default that cannot be combined with the flags of the command
line has no effect. --no-config ignores the file.

It cannot set what belongs to a scenario, such as the seed, a preset or a key: a command, a file
and an address mean the same run everywhere.

The file is $XDG_CONFIG_HOME/retrylab/config.toml, or ~/.config/retrylab/config.toml if that
variable is not set; on Windows, %APPDATA%\\retrylab\\config.toml. RETRYLAB_CONFIG=FILE selects
another one, and an empty RETRYLAB_CONFIG none.

Exit codes: 0 shown, 1 stdout cannot be written, 2 the file is invalid.";

/// Reason why a configuration is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ConfigError {
    #[error("the configuration {0} cannot be read: {1}")]
    Read(String, io::Error),
    #[error("the configuration {0}")]
    Toml(#[from] FileError),
    #[error("the configuration {file}:{line}: {reason}")]
    Setting { file: String, line: usize, reason: String },
}

/// The file with its settings.
#[derive(Debug, Default)]
pub(crate) struct Config {
    /// `None` if there is nowhere to look.
    path: Option<PathBuf>,
    exists: bool,
    settings: Vec<Setting>,
}

impl Config {
    /// Reads the file, if there is one, and checks it.
    pub(crate) fn read(root: &Command) -> Result<Self, ConfigError> {
        let chosen = std::env::var_os(VARIABLE);
        let path = match &chosen {
            Some(path) if path.is_empty() => None,
            Some(path) => Some(PathBuf::from(path)),
            None => usual_path(),
        };
        let Some(path) = path else { return Ok(Self::default()) };
        // The folder of another user may be closed.
        if chosen.is_none() && !path.exists() {
            return Ok(Self { path: Some(path), ..Self::default() });
        }
        let name = Printable::new(&path.to_string_lossy()).to_string();
        let text = std::fs::read_to_string(&path);
        let text = text.map_err(|error| ConfigError::Read(name.clone(), error))?;
        let settings = file::settings(&name, &text, root)?;
        Ok(Self { path: Some(path), exists: true, settings })
    }

    /// Returns the arguments with the settings of their subcommand.
    pub(crate) fn add(
        &self,
        root: &Command,
        args: Vec<OsString>,
        given: &ArgMatches,
    ) -> Vec<OsString> {
        let Some((at, command)) = hints::subcommand(root, &args) else { return args };
        let is_of = |setting: &&Setting| setting.command == command.get_name();
        let settings: Vec<&Setting> = self.settings.iter().filter(is_of).collect();
        defaults::add(root, args, at, &settings, given)
    }

    /// Prints the path of the file and its settings.
    pub(crate) fn show(&self, as_json: bool) -> Exit {
        let mut out = Stdout::default();
        let path = self.path.as_ref().map(|path| path.to_string_lossy());
        if as_json {
            let setting = |Setting { command, flag, value, .. }: &Setting| json!({ "command": command, "flag": format!("--{flag}"), "value": value });
            let settings: Vec<_> = self.settings.iter().map(setting).collect();
            let (file, exists) = (path, self.exists);
            out.json(&json!({
                "schema": SCHEMA, "file": file, "exists": exists, "settings": settings,
            }));
            return out.finish(Exit::Success);
        }
        let state = if self.exists || path.is_none() { "" } else { " (does not exist)" };
        let path = path.as_deref().unwrap_or("none");
        out.line(format_args!("file: {}{state}", Printable::new(path)));
        for Setting { command, flag, value, .. } in &self.settings {
            let value = value.as_deref().map(|value| format!(" {}", Printable::new(value)));
            out.line(format_args!("retrylab {command} --{flag}{}", value.unwrap_or_default()));
        }
        out.finish(Exit::Success)
    }
}

/// Returns the path of the file for this user.
fn usual_path() -> Option<PathBuf> {
    let folder = |name| std::env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let folder = if cfg!(windows) {
        folder("APPDATA")
    } else {
        folder("XDG_CONFIG_HOME").or_else(|| Some(folder("HOME")?.join(".config")))
    };
    Some(folder?.join("retrylab").join("config.toml"))
}
