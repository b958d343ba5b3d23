//! Completion: what may follow on a command line that is being written.
//!
//! The scripts in this folder ask the program at each TAB, so that completions know the same keys, values, presets and
//! scenarios as the program. The name of a value in `--help`, such as `KEY=VALUE`, decides how it is completed.

mod line;
mod values;
mod walk;

use crate::exit::Exit;
use crate::output::Stdout;
use clap::Command;
use clap_complete::Shell;
use std::ffi::OsString;

/// How to install the scripts.
pub(crate) const INSTALL: &str = "\
Examples:
  retrylab completions bash > ~/.local/share/bash-completion/completions/retrylab
  retrylab completions zsh > ~/.zfunc/_retrylab      in a folder of $fpath, before compinit
  retrylab completions fish > ~/.config/fish/completions/retrylab.fish

In bash, zsh and fish, TAB completes subcommands, flags, keys and their values, presets, scenarios,
models and measures. The scripts ask the program each time, so they stay up to date.

Exit codes: 0 printed, 1 stdout cannot be written, 2 usage error.";

/// A possible word at the cursor.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Candidate {
    text: String,
    /// A few words about it; may be empty.
    help: String,
}

impl Candidate {
    fn new(text: impl Into<String>, help: &str) -> Self {
        Self { text: text.into(), help: brief(help) }
    }
}

/// Everything that is possible at the cursor.
#[derive(Debug, Default, PartialEq, Eq)]
struct Answer {
    candidates: Vec<Candidate>,
    /// Whether the name of a file is possible as well.
    files: bool,
}

/// The line that stands for the names of files, which each shell completes by itself.
const FILES: &str = ":files";

/// Maximum number of characters of the help of a candidate.
const MAX_HELP: usize = 60;

/// Prints the completion script of a shell.
pub(crate) fn script(shell: Shell, command: &mut Command) -> Exit {
    let script = match shell {
        Shell::Bash => include_str!("retrylab.bash").to_string(),
        Shell::Zsh => include_str!("retrylab.zsh").to_string(),
        Shell::Fish => include_str!("retrylab.fish").to_string(),
        _ => {
            // The script is generated in memory first, because the generator panics on a broken pipe.
            let mut script = Vec::new();
            clap_complete::generate(shell, command, "retrylab", &mut script);
            String::from_utf8_lossy(&script).into_owned()
        }
    };
    let mut out = Stdout::default();
    out.line(script.trim_end());
    out.finish(Exit::Success)
}

/// Prints the candidates for the last word, one per line. For bash, `words` are the line up to the cursor and the part of
/// it that bash replaces; for other shells, they are the words up to the cursor, with their help after a tab.
pub(crate) fn answer(shell: Shell, command: &mut Command, words: &[OsString]) -> Exit {
    command.build();
    let mut words: Vec<String> =
        words.iter().map(|word| word.to_string_lossy().into_owned()).collect();
    let mut out = Stdout::default();
    let answer = if let (Shell::Bash, [line, replaced]) = (shell, &words[..]) {
        let line = line::Line::read(line);
        let mut answer = walk::answer(command, &line.words);
        for candidate in &mut answer.candidates {
            candidate.text = line.rest(replaced, &candidate.text);
            candidate.help.clear();
        }
        answer
    } else {
        // The last word is the one at the cursor; it may be empty, but not missing.
        if words.is_empty() {
            words.push(String::new());
        }
        walk::answer(command, &words)
    };
    for Candidate { text, help } in answer.candidates {
        let tab = if help.is_empty() { "" } else { "\t" };
        out.line(format_args!("{text}{tab}{help}"));
    }
    if answer.files {
        out.line(FILES);
    }
    out.finish(Exit::Success)
}

/// Returns the first words of a help text.
fn brief(help: &str) -> String {
    let line = help.lines().next().unwrap_or_default();
    let end = ["; ", ". ", ": ", " ["].iter().filter_map(|end| line.find(end)).min();
    let part = &line[..end.unwrap_or(line.len())];
    if part.chars().count() <= MAX_HELP {
        return part.to_string();
    }
    let cut: String = part.chars().take(MAX_HELP).collect();
    format!("{}…", cut.rsplit_once(' ').map_or(&*cut, |(words, _)| words))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn help_is_cut_to_its_first_words() {
        assert_eq!(brief("first words; more\nand more"), "first words");
        assert_eq!(brief("Number of seeds [default: 1]"), "Number of seeds");
        let long = brief(&"word ".repeat(30));
        assert!(long.ends_with("word…") && long.chars().count() <= MAX_HELP, "{long}");
    }
}
