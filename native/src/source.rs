//! Where the scenario comes from: a file or a link, then `--set`, then `--seed`.

use crate::data_file::{self, DataError};
use crate::exit::Exit;
use crate::scenario_file::{self, FileError};
use retrylab_core::scenario::{FieldError, SHIPPED, Scenario, Shipped};
use retrylab_core::value::nearest;
use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

/// Reason why a scenario cannot be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{0} cannot be read: {1}")]
    Read(String, io::Error),
    #[error("{0} is neither a file nor a built-in scenario; {hint}", hint = hint(.0))]
    NoSuch(String),
    #[error("{0} is longer than {max} bytes, the maximum", max = scenario_file::MAX_BYTES)]
    TooLong(String),
    #[error("the address: {0}")]
    Link(FieldError),
    #[error("--set: {0}")]
    Set(#[source] FieldError),
    #[error("{0}: {1}")]
    Data(&'static str, DataError),
    #[error("--versus: {0}")]
    Versus(#[source] Box<SourceError>),
    #[error("--versus-set: {0}")]
    VersusSet(#[source] FieldError),
    #[error("--seed: {0}")]
    Seed(FieldError),
    #[error("--preset: {0}")]
    Preset(FieldError),
}

impl SourceError {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Read(_, error) => Exit::of(error),
            Self::Versus(error) => error.exit(),
            _ => Exit::Usage,
        }
    }
}

/// The arguments that select a scenario.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Source<'a> {
    /// A file, or a link.
    pub(crate) scenario: Option<&'a str>,
    /// A link, or the part after its `#`.
    pub(crate) link: Option<&'a str>,
    /// A policy by name, applied to it.
    pub(crate) preset: Option<&'a str>,
    /// `key=value`, applied next.
    pub(crate) set: &'a [String],
    /// Applied last.
    pub(crate) seed: Option<&'a str>,
}

impl<'a> Source<'a> {
    /// Returns `scenario` with `--set` and `--seed`.
    pub(crate) fn complete(&self, mut scenario: Scenario) -> Result<Scenario, SourceError> {
        // All at once: two values may each contradict the default of the other.
        scenario.apply(self.sets()?).map_err(SourceError::Set)?;
        if let Some(seed) = self.seed {
            scenario.apply([("seed", seed)]).map_err(SourceError::Seed)?;
        }
        Ok(scenario)
    }

    /// Returns the scenario of the file or link with `--preset`, without `--set` and `--seed`.
    pub(crate) fn base(&self) -> Result<Scenario, SourceError> {
        let mut scenario = match (self.link, self.scenario) {
            (Some(link), _) => from_link(link)?,
            (None, Some(link)) if is_link(link) => from_link(link)?,
            (None, Some(file)) => from_file(file)?,
            (None, None) => Scenario::default(),
        };
        if let Some(preset) = self.preset {
            scenario.apply([("policy.preset", preset)]).map_err(SourceError::Preset)?;
        }
        Ok(scenario)
    }

    /// Returns the pairs of `--set`.
    pub(crate) fn sets(&self) -> Result<Vec<(&'a str, Cow<'a, str>)>, SourceError> {
        pairs("--set", self.set, SourceError::Set)
    }
}

/// Returns the pairs of a flag, with the times of their files; `wrong` creates the error.
pub(crate) fn pairs<'a>(
    flag: &'static str,
    texts: &'a [String],
    wrong: fn(FieldError) -> SourceError,
) -> Result<Vec<(&'a str, Cow<'a, str>)>, SourceError> {
    let read = |text: &'a String| {
        let (key, value) = pair(text).map_err(wrong)?;
        let value = data_file::expand(key, value, Path::new(""));
        Ok((key, value.map_err(|error| SourceError::Data(flag, error))?))
    };
    texts.iter().map(read).collect()
}

/// Splits `key=value`.
pub(crate) fn pair(text: &str) -> Result<(&str, &str), FieldError> {
    let (key, value) =
        text.split_once('=').ok_or_else(|| FieldError::NotAPair { text: text.to_string() })?;
    Ok((key.trim(), value))
}

/// Returns true if it is a link rather than the name of a file.
pub(crate) fn is_link(text: &str) -> bool {
    text.contains("://") || text.contains(['#', '?', '=']) && !Path::new(text).exists()
}

/// Reads a link. Any part that cannot be read is an error, because a partial scenario would mislead.
fn from_link(link: &str) -> Result<Scenario, SourceError> {
    let (scenario, errors) = Scenario::from_fragment(link);
    errors.into_iter().next().map_or(Ok(scenario), |error| Err(SourceError::Link(error)))
}

/// Returns the shipped scenario of this name, or the file. (A file of the same name is `./name`.)
fn from_file(path: &str) -> Result<Scenario, SourceError> {
    let mut scenario = Scenario::default();
    if let Some(shipped) = Shipped::find(path) {
        scenario_file::apply(&mut scenario, path, Path::new(""), shipped.toml)?;
        return Ok(scenario);
    }
    let failed = |error| SourceError::Read(path.to_string(), error);
    let mut text = String::new();
    // One byte more than allowed is enough to detect that it is too long.
    let most = scenario_file::MAX_BYTES + 1;
    let length = if path == "-" {
        io::stdin().lock().take(most).read_to_string(&mut text).map_err(failed)?
    } else {
        let file = File::open(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound if is_name(path) => SourceError::NoSuch(path.to_string()),
            _ => failed(error),
        })?;
        file.take(most).read_to_string(&mut text).map_err(failed)?
    };
    if length as u64 == most {
        return Err(SourceError::TooLong(path.to_string()));
    }
    let (name, folder) = if path == "-" {
        ("stdin", Path::new(""))
    } else {
        (path, Path::new(path).parent().unwrap_or(Path::new("")))
    };
    scenario_file::apply(&mut scenario, name, folder, &text)?;
    Ok(scenario)
}

/// Returns true if it could be meant as the name of a shipped scenario.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
}

/// Suggests the shipped scenario that was probably meant, and lists all of them.
fn hint(name: &str) -> String {
    let names = || SHIPPED.iter().map(|shipped| shipped.name);
    let known = names().collect::<Vec<_>>().join(", ");
    match nearest(name, names()) {
        Some(meant) => format!("did you mean {meant}? The built-in ones are {known}"),
        None => format!("the built-in ones are {known}"),
    }
}
