//! Files that appear only when they are complete.

use crate::output::OutputError;
use crate::seed;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

/// Writes a file at `path` with `write`, and replaces an earlier one. Nothing changes if that fails.
pub(crate) fn write<E: From<OutputError>>(
    path: &Path,
    write: impl FnOnce(File) -> Result<(), E>,
) -> Result<(), E> {
    let failed = |error| OutputError { name: path.display().to_string(), error };
    let (file, temporary) = create_temporary(path).map_err(failed)?;
    let written = file.try_clone().map_err(failed).map_err(E::from).and_then(|clone| {
        write(clone)?;
        // The content must be on the disk before the rename. Otherwise a power cut could leave an empty file with the
        // final name.
        file.sync_all().map_err(failed)?;
        Ok(fs::rename(&temporary, path).map_err(failed)?)
    });
    if written.is_err() {
        let _ = fs::remove_file(&temporary);
    }
    written
}

/// Creates a new file with a random name next to `path`. A link that somebody else has placed there is not followed.
fn create_temporary(path: &Path) -> io::Result<(File, PathBuf)> {
    loop {
        let number = seed::random();
        let temporary = with_suffix(path, &format!(".{number:016x}.tmp"));
        match File::create_new(&temporary) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            created => return created.map(|file| (file, temporary)),
        }
    }
}

/// Returns `path` with `suffix` appended to the file name.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}
