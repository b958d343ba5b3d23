//! The folder `www/dist/`: which files belong in it, and an update that writes only what differs.
//!
//! A file is written only when its content changed, and files that no longer belong are removed one by one: a browser
//! that has the page open, or a program that watches the folder, sees no gap.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Files by their path within a folder.
pub(crate) type Files = BTreeMap<PathBuf, Vec<u8>>;

/// A committed file, so that the folder exists before the first page build.
const KEPT: &str = ".gitignore";

/// Returns the files in `www` that need no build: the document and pictures.
pub(crate) fn sources(www: &Path) -> Result<Files> {
    let mut files = Files::new();
    for entry in entries(www)? {
        let extension = entry.extension().and_then(|extension| extension.to_str());
        if let (Some(name), Some("html" | "svg" | "png")) = (entry.file_name(), extension) {
            files.insert(name.into(), read(&entry)?);
        }
    }
    Ok(files)
}

/// Returns all files below `dir`.
pub(crate) fn tree(dir: &Path) -> Result<Files> {
    let mut files = Files::new();
    let mut folders = vec![dir.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in entries(&folder)? {
            if entry.is_dir() {
                folders.push(entry);
            } else {
                let name = entry.strip_prefix(dir)?.to_path_buf();
                files.insert(name, read(&entry)?);
            }
        }
    }
    Ok(files)
}

/// The changes that [`write()`] made.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Changes {
    written: usize,
    removed: usize,
}

impl fmt::Display for Changes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} written, {} removed", self.written, self.removed)
    }
}

/// Makes `dist` contain exactly `files` and [`KEPT`].
pub(crate) fn write(files: &Files, dist: &Path) -> Result<Changes> {
    let mut changes = Changes::default();
    for (name, content) in files {
        let path = dist.join(name);
        if fs::read(&path).is_ok_and(|old| old == *content) {
            continue;
        }
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)
                .with_context(|| format!("cannot make {}", folder.display()))?;
        }
        fs::write(&path, content).with_context(|| format!("cannot write {}", path.display()))?;
        changes.written += 1;
    }
    remove_others(files, dist, Path::new(""), &mut changes)?;
    Ok(changes)
}

/// Removes everything from `dist/below` that is not in `files`, and folders that become empty.
fn remove_others(files: &Files, dist: &Path, below: &Path, changes: &mut Changes) -> Result<()> {
    for entry in entries(&dist.join(below))? {
        let name = entry.strip_prefix(dist)?;
        if entry.is_dir() {
            remove_others(files, dist, name, changes)?;
            if entries(&entry)?.is_empty() {
                fs::remove_dir(&entry)?;
            }
        } else if !files.contains_key(name) && name != Path::new(KEPT) {
            fs::remove_file(&entry)
                .with_context(|| format!("cannot remove {}", entry.display()))?;
            changes.removed += 1;
        }
    }
    Ok(())
}

fn entries(dir: &Path) -> Result<Vec<PathBuf>> {
    let list = || fs::read_dir(dir)?.map(|entry| entry.map(|entry| entry.path())).collect();
    let list: std::io::Result<_> = list();
    list.with_context(|| format!("cannot list {}", dir.display()))
}

fn read(path: &Path) -> Result<Vec<u8>> {
    fs::read(path).with_context(|| format!("cannot read {}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Creates a new folder for one test.
    fn folder(test: &str) -> PathBuf {
        let dir = std::env::temp_dir().join(format!("xtask-{test}-{}", std::process::id()));
        let _ = fs::remove_dir_all(&dir);
        fs::create_dir_all(&dir).unwrap();
        dir
    }

    #[test]
    fn only_what_differs_is_written_and_strangers_go() {
        let dist = folder("dist");
        fs::write(dist.join(KEPT), "*").unwrap();
        fs::create_dir(dist.join("old")).unwrap();
        fs::write(dist.join("old/stale.js"), "x").unwrap();
        let files = Files::from([("a.js".into(), b"a".to_vec()), ("b/c.js".into(), b"c".to_vec())]);

        assert_eq!(write(&files, &dist).unwrap(), Changes { written: 2, removed: 1 });
        assert!(dist.join(KEPT).exists() && !dist.join("old").exists());

        let before = fs::metadata(dist.join("a.js")).unwrap().modified().unwrap();
        assert_eq!(write(&files, &dist).unwrap(), Changes::default());
        assert_eq!(fs::metadata(dist.join("a.js")).unwrap().modified().unwrap(), before);
        fs::remove_dir_all(dist).unwrap();
    }

    #[test]
    fn scripts_and_npm_stay_out_of_the_page() {
        let www = folder("www");
        for name in ["index.html", "icon.svg", "package.json", "js/app.js", "tests/app.test.js"] {
            fs::create_dir_all(www.join(name).parent().unwrap()).unwrap();
            fs::write(www.join(name), "").unwrap();
        }
        let names: Vec<PathBuf> = sources(&www).unwrap().into_keys().collect();
        assert_eq!(names, ["icon.svg", "index.html"].map(PathBuf::from));
        fs::remove_dir_all(www).unwrap();
    }
}
