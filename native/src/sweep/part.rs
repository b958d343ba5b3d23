//! Opens and locks a part file, so that only one process writes it.
//!
//! The file begins with a signature of fixed length that names the process that holds the lock. The system releases
//! the lock when that process ends, in whatever way.

use crate::output::{OutputError, Rounded, warn};
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The beginning of the signature.
const MAGIC: &str = "retrylab part file of process ";

/// Length of the signature.
pub(super) const SIGNATURE: usize = 64;

/// Error that [`open`] returns.
#[derive(Debug, thiserror::Error)]
pub(crate) enum PartError {
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{name} is in use: {holder}; wait until it ends, or use another file for --out")]
    Locked { name: String, holder: String },
    #[error("{0} is not a regular file; remove it, or use another file for --out")]
    NotAFile(String),
}

/// Opens the part file at `path` or creates it, and locks it. Does not follow a link: the name of the file is not
/// the user's choice.
pub(super) fn open(path: &Path) -> Result<File, PartError> {
    let name = || path.display().to_string();
    let failed = |error| OutputError { name: name(), error };
    loop {
        if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
            return Err(PartError::NotAFile(name()));
        }
        let Some(file) = open_or_create(path).map_err(failed)? else { continue };
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let holder =
                    holder(&file).unwrap_or_else(|| "another process has locked it".to_string());
                return Err(PartError::Locked { name: name(), holder });
            }
            Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Unsupported => {
                warn(format_args!(
                    "{} cannot be locked ({error}); do not run this sweep twice at the same time",
                    name()
                ));
            }
            Err(TryLockError::Error(error)) => return Err(failed(error).into()),
        }
        // The previous holder may have completed the sweep and removed the file in the meantime.
        if is_at(path, &file).map_err(failed)? {
            return Ok(file);
        }
    }
}

/// Opens or creates the file. Returns `None` if another process removes it at the same time.
fn open_or_create(path: &Path) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    // Unlike `create`, `create_new` does not follow a link.
    match options.clone().create_new(true).open(path) {
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
        created => return created.map(Some),
    }
    match options.open(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        opened => opened.map(Some),
    }
}

/// Returns whether `path` names `file`, and not a link to it.
#[cfg(unix)]
fn is_at(path: &Path, file: &File) -> io::Result<bool> {
    use std::os::unix::fs::MetadataExt;
    match fs::symlink_metadata(path) {
        Ok(found) => {
            let file = file.metadata()?;
            Ok((found.dev(), found.ino()) == (file.dev(), file.ino()))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

#[cfg(not(unix))]
fn is_at(_path: &Path, _file: &File) -> io::Result<bool> {
    Ok(true)
}

/// Writes the signature: this process holds the lock from now on.
pub(super) fn sign(mut file: &File) -> io::Result<()> {
    let (process, since) = (std::process::id(), now().as_secs());
    let text = format!("{MAGIC}{process} since {since}");
    file.seek(SeekFrom::Start(0))?;
    file.write_all(format!("{text:<SIGNATURE$}").as_bytes())
}

/// Returns whether `text` can be the beginning of a part file.
pub(super) fn begins_part_file(text: &[u8]) -> bool {
    let length = text.len().min(MAGIC.len());
    text[..length] == MAGIC.as_bytes()[..length]
}

/// Returns which process holds the lock, and for how long, as the signature states it.
fn holder(mut file: &File) -> Option<String> {
    let mut text = [0; SIGNATURE];
    file.seek(SeekFrom::Start(0)).ok()?;
    file.read_exact(&mut text).ok()?;
    let text = str::from_utf8(&text).ok()?;
    let (process, since) = text.trim_end().strip_prefix(MAGIC)?.split_once(" since ")?;
    let (process, since): (u32, u64) = (process.parse().ok()?, since.parse().ok()?);
    let held = Rounded(now().saturating_sub(Duration::from_secs(since)));
    Some(format!("process {process} has been writing it for {held}"))
}

/// Returns the time since 1970. It is only shown.
fn now() -> Duration {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default()
}
