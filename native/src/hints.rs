//! What was probably meant where a flag was written instead of a key of the scenario, or a key instead of a flag.

use crate::flags;
use clap::Command;
use clap::error::{ContextKind, ContextValue, ErrorKind};
use retrylab_core::scenario::FieldError;
use retrylab_core::value::Printable;
use std::error::Error;
use std::ffi::OsStr;

/// Returns the subcommand among the arguments, with its place.
pub(crate) fn subcommand<'a, T: AsRef<OsStr>>(
    root: &'a Command,
    args: &[T],
) -> Option<(usize, &'a Command)> {
    let find = |(at, arg): (usize, &T)| Some((at, root.find_subcommand(arg)?));
    args.iter().enumerate().skip(1).find_map(find)
}

/// Returns the sentence about an unknown flag that has the name of a key.
pub(crate) fn key(root: &Command, args: &[String], error: &clap::Error) -> Option<String> {
    let (_, command) = subcommand(root, args)?;
    let Some(ContextValue::String(flag)) = error.get(ContextKind::InvalidArg) else { return None };
    let has_set = command.get_arguments().any(|arg| arg.get_long() == Some("set"));
    if error.kind() != ErrorKind::UnknownArgument || !has_set {
        return None;
    }
    let name = flag.strip_prefix("--")?.replace('-', "_");
    let is_meant =
        |key: &str| key.replace('.', "_") == name || key.rsplit('.').next() == Some(&name);
    let keys = flags::settable(command.get_name()).map(|field| field.key);
    let value = value(args, flag).unwrap_or("VALUE");
    let set = |key| format!("`--set {}`", quoted(format!("{key}={value}")));
    let sets: Vec<String> = keys.filter(|key| is_meant(key)).map(set).collect();
    if sets.is_empty() {
        return None;
    }
    let command = command.get_name();
    Some(format!("`{flag}` is not a flag of `{command}`; set the key with {}", sets.join(" or ")))
}

/// Returns the value that was given to an unknown flag.
fn value<'a>(args: &'a [String], flag: &str) -> Option<&'a str> {
    let at = args.iter().position(|arg| arg.split('=').next() == Some(flag))?;
    match args[at].split_once('=') {
        Some((_, value)) => Some(value),
        None => args.get(at + 1).map(String::as_str).filter(|value| !value.starts_with('-')),
    }
}

/// Quotes an argument for the shell, if it needs that.
fn quoted(argument: String) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || "-_./=,:@%+".contains(c);
    if argument.chars().all(is_plain) { argument } else { format!("'{argument}'") }
}

/// Returns the sentence about an unknown key that has the name of a flag.
pub(crate) fn flag(
    root: &Command,
    args: &[String],
    error: &(dyn Error + 'static),
) -> Option<String> {
    let (_, command) = subcommand(root, args)?;
    let mut errors = std::iter::successors(Some(error), |error| (*error).source());
    let key = errors.find_map(|error| match error.downcast_ref() {
        Some(FieldError::UnknownKey { key, .. }) => Some(key),
        _ => None,
    })?;
    let flag = key.replace('_', "-");
    let known = command.get_arguments().any(|arg| arg.get_long() == Some(&flag));
    let (key, name) = (Printable::short(key), command.get_name());
    known
        .then(|| format!("\"{key}\" is not a key of the scenario but a flag of `{name}`: --{flag}"))
}
