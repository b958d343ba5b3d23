//! Reads the settings of a configuration file.

use super::ConfigError;
use crate::scenario_file;
use clap::error::ErrorKind;
use clap::{Arg, Command};
use retrylab_core::scenario::FIELDS;
use retrylab_core::value::{Printable, nearest};
use toml::de::DeValue;

/// A default for a flag.
#[derive(Debug)]
pub(super) struct Setting {
    pub(super) command: String,
    /// The flag's name, without dashes.
    pub(super) flag: String,
    /// clap's name of the flag.
    pub(super) id: String,
    /// `None` for a flag without a value.
    pub(super) value: Option<String>,
    pub(super) place: Place,
}

impl Setting {
    /// Returns the flag with its value, as one argument.
    pub(super) fn argument(&self) -> String {
        let value = self.value.as_ref().map(|value| format!("={value}"));
        format!("--{}{}", self.flag, value.unwrap_or_default())
    }
}

/// A line of the file.
#[derive(Clone, Debug)]
pub(super) struct Place {
    file: String,
    line: usize,
}

impl Place {
    /// Returns the error for what is on this line.
    pub(super) fn refuse(&self, reason: String) -> ConfigError {
        let Self { file, line } = self.clone();
        ConfigError::Setting { file, line, reason }
    }
}

/// Flags of the program itself.
const NOT_DEFAULTS: [&str; 3] = ["help", "version", "no-config"];

/// Returns the settings of a file, in its order.
pub(super) fn settings(
    file: &str,
    text: &str,
    root: &Command,
) -> Result<Vec<Setting>, ConfigError> {
    let document = scenario_file::parse(file, text)?;
    let place = |span| Place { file: file.to_string(), line: scenario_file::line_of(text, span) };
    let mut settings = Vec::new();
    for (name, table) in document.get_ref() {
        let refuse = |reason| place(name.span()).refuse(reason);
        let command = find(root, name.get_ref()).map_err(refuse)?;
        let DeValue::Table(table) = table.get_ref() else {
            let name = command.get_name();
            return Err(refuse(format!("{name} must be a table; write [{name}]")));
        };
        for (name, value) in table {
            let place = place(name.span());
            let setting = setting(command, name.get_ref(), value.get_ref(), &place);
            let setting = setting.and_then(|setting| check(root, setting));
            settings.extend(setting.map_err(|reason| place.refuse(reason))?);
        }
    }
    // The parser sorts by key.
    settings.sort_by_key(|setting| setting.place.line);
    Ok(settings)
}

/// Returns the subcommand of a table.
fn find<'a>(root: &'a Command, name: &str) -> Result<&'a Command, String> {
    let mut known = root.get_subcommands().filter(|command| !command.is_hide_set());
    if let Some(command) = known.find(|command| command.get_name() == name) {
        return Ok(command);
    }
    if is_key(name) {
        return Err(of_scenario(name));
    }
    let names = root.get_subcommands().map(Command::get_name);
    let hint = nearest(name, names).map_or_else(
        || "the tables are named as the subcommands in `retrylab --help`".to_string(),
        |meant| format!("did you mean [{meant}]?"),
    );
    Err(format!("\"{}\" is not a subcommand; {hint}", Printable::short(name)))
}

/// Reads a setting; `None` if it changes nothing.
fn setting(
    command: &Command,
    name: &str,
    value: &DeValue<'_>,
    place: &Place,
) -> Result<Option<Setting>, String> {
    let flag = name.replace('_', "-");
    let arg = arg(command, name, &flag)?;
    let value = match (value, arg.get_action().takes_values()) {
        (DeValue::Boolean(true), false) => None,
        (DeValue::Boolean(false), false) => return Ok(None),
        (_, false) => return Err(format!("{name} has no value; write true or false")),
        (DeValue::Boolean(truth), true) => Some(truth.to_string()),
        (value, true) => {
            let text = scenario_file::plain_text(value);
            Some(text.ok_or_else(|| format!("{name} must be a text or a number"))?)
        }
    };
    let (command, id) = (command.get_name().to_string(), arg.get_id().to_string());
    Ok(Some(Setting { command, flag, id, value, place: place.clone() }))
}

/// Checks the value of a setting.
fn check(root: &Command, setting: Option<Setting>) -> Result<Option<Setting>, String> {
    let Some(setting) = setting else { return Ok(None) };
    let args = [root.get_name(), &setting.command, &setting.argument()];
    match root.clone().try_get_matches_from(args) {
        Err(error) if !is_incomplete(error.kind()) => Err(reason(&error)),
        _ => Ok(Some(setting)),
    }
}

/// Returns whether other arguments are missing, which the command line may have.
const fn is_incomplete(kind: ErrorKind) -> bool {
    matches!(kind, ErrorKind::ArgumentConflict | ErrorKind::MissingRequiredArgument)
}

/// Returns the first paragraph of clap's message as one line.
fn reason(error: &clap::Error) -> String {
    let message = error.to_string();
    let lines = message.lines().take_while(|line| !line.is_empty()).map(str::trim);
    let line = lines.collect::<Vec<_>>().join(" ");
    line.strip_prefix("error: ").map_or_else(|| line.clone(), str::to_string)
}

/// Returns the flag of a setting, if it can have a default.
fn arg<'a>(command: &'a Command, name: &str, flag: &str) -> Result<&'a Arg, String> {
    let known = || {
        let flags = command.get_arguments().filter(|arg| !arg.is_hide_set());
        let flags = flags.filter_map(|arg| Some((arg, arg.get_long()?)));
        flags.filter(|(arg, long)| !NOT_DEFAULTS.contains(long) && !belongs_to_scenario(arg))
    };
    if let Some((arg, _)) = known().find(|(_, long)| *long == flag) {
        return Ok(arg);
    }
    let mut all = command.get_arguments();
    if is_key(name) || all.any(|arg| arg.get_long() == Some(flag) && belongs_to_scenario(arg)) {
        return Err(of_scenario(name));
    }
    let hint = nearest(flag, known().map(|(_, long)| long)).map_or_else(
        || format!("`retrylab {} --help` lists them", command.get_name()),
        |meant| format!("did you mean {meant}?"),
    );
    let name = Printable::short(name);
    Err(format!("\"{name}\" is not a flag of `{}`; {hint}", command.get_name()))
}

/// Returns whether a flag selects or changes a scenario.
fn belongs_to_scenario(arg: &Arg) -> bool {
    let value = arg.get_value_names().and_then(|names| names.first()).map_or("", |name| name);
    let is_scenario = value == "SCENARIO" || value.contains("KEY=VALUE");
    let id = arg.get_id().as_str();
    is_scenario || is_key(id) || ["link", "preset"].contains(&id)
}

/// Returns whether `name` is a key of scenarios, or a group of keys.
fn is_key(name: &str) -> bool {
    FIELDS.iter().any(|field| field.key == name || field.group() == name)
}

/// Returns the sentence about what cannot be a default.
fn of_scenario(name: &str) -> String {
    format!(
        "{} belongs to the scenario, and the same command must give the same run everywhere; use a scenario file or \
         the command line",
        Printable::short(name)
    )
}
