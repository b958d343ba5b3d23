//! A part of a run: the result of some of its clients, in a file.

use super::setup::Setup;
use crate::exit::Exit;
use crate::fingerprint::fingerprint;
use crate::shard::Shard;
use retrylab_core::sim::Outcome;
use retrylab_core::sim::metrics::Metrics;
use retrylab_core::time::Duration;
use retrylab_core::value::Printable;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::io::{self, BufReader, Read};

/// The beginning of each file, apart from blanks.
const MARK: &[u8] = b"{\"retrylab_part\":";

/// A file with a part of a run. All of its numbers are exact.
#[derive(Serialize, Deserialize)]
struct PartFile {
    /// The version of the program that has written it.
    retrylab_part: String,
    /// Fingerprint of the rest.
    check: String,
    #[serde(flatten)]
    part: Part,
}

/// A part of a run.
#[derive(Serialize, Deserialize)]
pub(super) struct Part {
    pub(super) run: RunHeader,
    pub(super) shard: Shard,
    pub(super) outcome: Outcome<Metrics>,
}

/// The run that a part belongs to, with everything that its results depend on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct RunHeader {
    /// The scenario as the fragment of an address.
    pub(super) scenario: String,
    pub(super) setup: Setup,
    /// Length of the intervals of `--series`, if `merge` should be able to write it.
    pub(super) series_interval: Option<Duration>,
}

/// Error for a file that cannot be merged as a part of a run.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartFileError {
    #[error("cannot read {0}: {1}")]
    Read(String, io::Error),
    #[error(
        "{file} was written by retrylab {version}, and this is {own}; use the same version for all parts",
        own = VERSION, version = Printable::short(version)
    )]
    Version { file: String, version: String },
    #[error("{0} is damaged: {why}; run its shard again", why = Printable::new(.1).at_most(200))]
    Damaged(String, String),
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

impl PartFileError {
    /// Returns the exit code.
    pub(crate) fn exit(&self) -> Exit {
        if let Self::Read(_, error) = self { Exit::of(error) } else { Exit::Usage }
    }
}

/// What a file begins as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Beginning {
    /// A part of a run.
    Part,
    /// Less than the beginning of a part: nothing, or what was written before an interruption.
    Torn,
    Other,
}

impl Beginning {
    /// Reads the beginning of the file `name`.
    pub(crate) fn read(name: &str) -> io::Result<Self> {
        let mut begin = Vec::new();
        File::open(name)?.take(256).read_to_end(&mut begin)?;
        begin.retain(|byte| !byte.is_ascii_whitespace());
        Ok(Self::of(&begin))
    }

    fn of(bytes: &[u8]) -> Self {
        match bytes {
            part if part.starts_with(MARK) => Self::Part,
            torn if MARK.starts_with(torn) => Self::Torn,
            _ => Self::Other,
        }
    }
}

impl Part {
    /// Returns the text of its file.
    pub(super) fn into_json(self) -> serde_json::Result<String> {
        let check = self.check()?;
        serde_json::to_string(&PartFile { retrylab_part: VERSION.to_string(), check, part: self })
    }

    fn check(&self) -> serde_json::Result<String> {
        Ok(format!("{:016x}", fingerprint(&serde_json::to_vec(self)?)))
    }

    /// Reads the file `name`.
    pub(super) fn read(name: &str) -> Result<Self, PartFileError> {
        /// What every version writes.
        #[derive(Deserialize)]
        struct Version {
            retrylab_part: String,
        }
        let mut text = Vec::new();
        let file = File::open(name).and_then(|file| BufReader::new(file).read_to_end(&mut text));
        file.map_err(|error| PartFileError::Read(name.to_string(), error))?;
        let damaged =
            |error: serde_json::Error| PartFileError::Damaged(name.to_string(), error.to_string());
        let Version { retrylab_part: version } = serde_json::from_slice(&text).map_err(damaged)?;
        if version != VERSION {
            return Err(PartFileError::Version { file: name.to_string(), version });
        }
        let PartFile { check, part, .. } = serde_json::from_slice(&text).map_err(damaged)?;
        if part.check().map_err(damaged)? != check {
            let why = "its content does not match its field `check`".to_string();
            return Err(PartFileError::Damaged(name.to_string(), why));
        }
        Ok(part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_torn_part_is_recognised() {
        for (text, beginning) in [
            ("", Beginning::Torn),
            ("{\"retry", Beginning::Torn),
            ("{\"retrylab_part\":\"1", Beginning::Part),
            ("point,seed", Beginning::Other),
            ("{\"schema\":1}", Beginning::Other),
        ] {
            assert_eq!(Beginning::of(text.as_bytes()), beginning, "{text}");
        }
    }
}
