//! Running other programs: every command is shown before it runs, and a failure names it.

use std::env;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context, Result, bail};

use crate::paths::Paths;

/// A command line, with errors that repeat it.
pub(crate) struct Cmd(Command);

impl Cmd {
    /// A command that runs `program` in the folder `dir`.
    pub(crate) fn new(program: impl AsRef<OsStr>, dir: &Path) -> Self {
        let mut command = Command::new(program);
        command.current_dir(dir);
        Self(command)
    }

    /// The cargo that runs this program, in the checkout. The target folder is passed on in its
    /// absolute form, so that a relative `CARGO_TARGET_DIR` means one folder to every command.
    pub(crate) fn cargo(paths: &Paths) -> Self {
        let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        Self::new(cargo, &paths.root).env("CARGO_TARGET_DIR", &paths.target)
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.0.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.0.args(args);
        self
    }

    /// Arguments separated by blanks, for the many that are constants.
    pub(crate) fn words(self, words: &str) -> Self {
        self.args(words.split_whitespace())
    }

    pub(crate) fn env(mut self, key: &str, value: impl AsRef<OsStr>) -> Self {
        self.0.env(key, value);
        self
    }

    pub(crate) fn env_remove(mut self, key: &str) -> Self {
        self.0.env_remove(key);
        self
    }

    /// Shows the command and runs it with this program's own input and output.
    pub(crate) fn run(mut self) -> Result<()> {
        let line = self.line();
        eprintln!("$ {line}");
        let status = self.0.status().with_context(|| format!("`{line}` did not start"))?;
        if !status.success() {
            bail!("`{line}` failed, {status}");
        }
        Ok(())
    }

    /// Shows the command and starts it without any output.
    pub(crate) fn start(mut self) -> Result<Child> {
        let line = self.line();
        eprintln!("$ {line} # in the background");
        let silent = self.0.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        silent.spawn().with_context(|| format!("`{line}` did not start"))
    }

    /// Runs the command silently and returns what it printed, without blanks at the ends.
    pub(crate) fn output(mut self) -> Result<String> {
        let line = self.line();
        let output = self.0.output().with_context(|| format!("`{line}` did not start"))?;
        if !output.status.success() {
            bail!("`{line}` failed, {}", output.status);
        }
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }

    /// Shows the command and becomes it: Ctrl-C, other signals and the exit code are the
    /// command's alone, and no process of ours is left to pass them on. Where a process cannot
    /// be replaced, the command runs as a child that shares the console.
    pub(crate) fn become_it(mut self) -> Result<ExitCode> {
        let line = self.line();
        eprintln!("$ {line}");
        #[cfg(unix)]
        {
            use std::os::unix::process::CommandExt;
            Err(self.0.exec()).with_context(|| format!("`{line}` did not start"))
        }
        #[cfg(not(unix))]
        {
            let status = self.0.status().with_context(|| format!("`{line}` did not start"))?;
            let code = status.code().and_then(|code| u8::try_from(code).ok());
            Ok(code.map_or(ExitCode::FAILURE, ExitCode::from))
        }
    }

    /// The command as a person would type it.
    fn line(&self) -> String {
        // These two are plumbing: the first is in the person's own environment if it matters,
        // the second holds separators that no shell line can show.
        const HIDDEN: [&str; 2] = ["CARGO_TARGET_DIR", "CARGO_ENCODED_RUSTFLAGS"];
        let mut words = Vec::new();
        for (key, value) in self.0.get_envs() {
            if let Some(value) = value.filter(|_| !HIDDEN.iter().any(|hidden| key == *hidden)) {
                let value = if key == "PATH" { short_path(value) } else { quoted(value) };
                words.push(format!("{}={value}", key.to_string_lossy()));
            }
        }
        words.push(quoted(program_name(self.0.get_program())));
        words.extend(self.0.get_args().map(quoted));
        words.join(" ")
    }
}

/// Cargo names itself by its full path in `CARGO`; people type `cargo`.
fn program_name(program: &OsStr) -> &OsStr {
    if env::var_os("CARGO").is_some_and(|cargo| cargo == program) {
        return OsStr::new("cargo");
    }
    program
}

/// A changed `PATH` with the unchanged part of it left to the shell.
fn short_path(path: &OsStr) -> String {
    let inherited = env::var("PATH").unwrap_or_default();
    let path = path.to_string_lossy();
    match path.strip_suffix(&inherited) {
        Some(first) if !inherited.is_empty() => format!("\"{first}$PATH\""),
        _ => quoted(path.as_ref().as_ref()),
    }
}

/// `word` as a POSIX shell needs it.
fn quoted(word: &OsStr) -> String {
    let word = word.to_string_lossy();
    let plain = |c: char| c.is_alphanumeric() || "-_=./:,+@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.into_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

/// The first of `PATH`'s folders that has a program called `name`.
pub(crate) fn find_program(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    let file = format!("{name}{}", env::consts::EXE_SUFFIX);
    env::split_paths(&path).map(|dir| dir.join(&file)).find(|candidate| candidate.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_can_be_typed_again() {
        let cmd = Cmd::new("tool", Path::new("."))
            .words("run --all")
            .arg("two words")
            .env("FLAGS", "-D warnings")
            .env("CARGO_TARGET_DIR", "/hidden");
        assert_eq!(cmd.line(), "FLAGS='-D warnings' tool run --all 'two words'");
        let path = format!("/first:{}", env::var("PATH").unwrap());
        assert_eq!(
            Cmd::new("tool", Path::new(".")).env("PATH", path).line(),
            "PATH=\"/first:$PATH\" tool"
        );
        assert_eq!(quoted(OsStr::new("it's")), r"'it'\''s'");
        assert_eq!(quoted(OsStr::new("")), "''");
    }

    #[test]
    fn a_program_that_does_not_start_is_named() {
        let error = Cmd::new("no-such-program-here", Path::new(".")).output().unwrap_err();
        assert!(error.to_string().contains("`no-such-program-here` did not start"), "{error}");
    }
}
