//! The files of the checkout that the rules read.

use std::cell::OnceCell;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::finding::Finding;

/// A text file.
pub(crate) struct File {
    /// Its path, relative to the checkout, with `/` between folders.
    pub(crate) path: String,
    pub(crate) text: String,
    /// The syntax tree, parsed when a rule first needs it.
    syntax: OnceCell<Result<syn::File, Finding>>,
}

impl File {
    /// Creates a file from a path and a text.
    pub(crate) fn new(path: String, text: String) -> Self {
        Self { path, text, syntax: OnceCell::new() }
    }

    /// Parses a Rust file. The error is a finding at the place that cannot be parsed.
    pub(crate) fn syntax(&self) -> Result<&syn::File, Finding> {
        let parse = || {
            syn::parse_file(&self.text).map_err(|error| {
                Finding::new(&self.path, error.span().start().line, error.to_string())
            })
        };
        self.syntax.get_or_init(parse).as_ref().map_err(Clone::clone)
    }

    /// Returns the part of the name after the last dot.
    pub(crate) fn extension(&self) -> &str {
        self.path.rsplit_once('.').map_or("", |(_, extension)| extension)
    }
}

/// All text files written by people, in the order of their paths.
pub(crate) struct Tree {
    files: Vec<File>,
}

/// The kinds of files that some rule reads.
const EXTENSIONS: [&str; 7] = ["css", "html", "js", "md", "mjs", "rs", "toml"];

/// Folders with build output or third-party files. Folders that begin with a dot are skipped too.
const SKIPPED: [&str; 4] = ["fuzz/target", "target", "www/dist", "www/node_modules"];

impl Tree {
    /// Reads the files under `root`.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut files = Vec::new();
        read_folder(root, "", &mut files)?;
        files.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { files })
    }

    /// Builds a tree from paths and texts.
    #[cfg(test)]
    pub(crate) fn of(files: &[(&str, &str)]) -> Self {
        let file = |(path, text): &(&str, &str)| File::new((*path).into(), (*text).into());
        Self { files: files.iter().map(file).collect() }
    }

    /// Returns the files in order.
    pub(crate) fn files(&self) -> &[File] {
        &self.files
    }

    /// Returns the file at `path`.
    pub(crate) fn get(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

fn read_folder(folder: &Path, prefix: &str, files: &mut Vec<File>) -> Result<()> {
    let unreadable = || format!("cannot read the folder {}", folder.display());
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let entry = entry.with_context(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = format!("{prefix}{name}");
        let kind = entry.file_type().with_context(unreadable)?;
        if kind.is_dir() {
            if !name.starts_with('.') && !SKIPPED.contains(&path.as_str()) {
                read_folder(&entry.path(), &format!("{path}/"), files)?;
            }
        } else if EXTENSIONS.iter().any(|extension| name.ends_with(&format!(".{extension}"))) {
            let text =
                fs::read_to_string(entry.path()).with_context(|| format!("cannot read {path}"))?;
            files.push(File::new(path, text));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::paths::Paths;

    #[test]
    fn a_file_that_does_not_parse_is_a_finding() {
        let file = File::new("a.rs".into(), "fn a() {}\nfn (".into());
        assert_eq!(file.syntax().err().unwrap().line, 2);
    }

    #[test]
    fn the_checkout_is_read_without_build_output() {
        let tree = Tree::read(&Paths::find().unwrap().root).unwrap();
        assert!(tree.get("core/src/lib.rs").is_some());
        assert!(tree.get("README.md").is_some());
        assert!(tree.files().iter().all(|file| !file.path.starts_with("target/")));
        assert!(tree.files().is_sorted_by(|a, b| a.path < b.path));
    }
}
