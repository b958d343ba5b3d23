//! Finds out what the word at the cursor is: a subcommand, a flag or a value of one.

use super::values::{self, Place};
use super::{Answer, Candidate};
use clap::{Arg, Command};

/// Returns what is possible in place of the last of `words`, which begin with the name of the program.
pub(super) fn answer(root: &Command, words: &[String]) -> Answer {
    let Some((current, before)) = words.split_last() else { return Answer::default() };
    let mut walk = Walk { command: root, positionals: Vec::new(), flag: None, escaped: false };
    for word in before.iter().skip(1) {
        walk.step(word);
    }
    let mut answer = walk.answer(current);
    answer.candidates.retain(|candidate| candidate.text.starts_with(current));
    answer
}

/// What the words before the cursor mean.
struct Walk<'a> {
    command: &'a Command,
    positionals: Vec<&'a str>,
    /// The flag whose value is next.
    flag: Option<&'a Arg>,
    /// Whether `--` has ended the flags.
    escaped: bool,
}

impl<'a> Walk<'a> {
    fn step(&mut self, word: &'a str) {
        if self.flag.take().is_some() {
            return;
        }
        match word.strip_prefix("--") {
            Some("") => self.escaped = true,
            Some(name) if !self.escaped => self.flag = self.long(name).filter(|arg| has_value(arg)),
            _ if !self.escaped && word.len() > 1 && word.starts_with('-') => {
                let last = word.chars().last();
                let is_it = |arg: &&Arg| arg.get_short() == last;
                self.flag = self.command.get_arguments().find(is_it).filter(|arg| has_value(arg));
            }
            _ => match self.command.find_subcommand(word) {
                Some(command) if self.positionals.is_empty() => self.command = command,
                _ => self.positionals.push(word),
            },
        }
    }

    fn long(&self, name: &str) -> Option<&'a Arg> {
        self.command.get_arguments().find(|arg| arg.get_long() == Some(name))
    }

    fn answer(&self, current: &str) -> Answer {
        if let Some(flag) = self.flag {
            return self.values(flag, current);
        }
        if current.starts_with('-') && !self.escaped {
            let written = current.trim_start_matches('-').split_once('=');
            let flag = written.and_then(|(name, value)| Some((name, value, self.long(name)?)));
            return match flag {
                Some((name, value, flag)) => {
                    let mut answer = self.values(flag, value);
                    for candidate in &mut answer.candidates {
                        candidate.text.insert_str(0, &format!("--{name}="));
                    }
                    answer
                }
                None => Answer { candidates: self.flags(), files: false },
            };
        }
        let mut answer = match self.positional() {
            Some(positional) => self.values(positional, current),
            None => Answer::default(),
        };
        answer.candidates.extend(self.subcommands());
        if answer.candidates.is_empty() && !answer.files && !self.escaped {
            answer.candidates = self.flags();
        }
        answer
    }

    /// Returns the positional argument at the cursor; the last one may be repeated.
    fn positional(&self) -> Option<&'a Arg> {
        let mut positionals = self.command.get_positionals();
        let next = positionals.nth(self.positionals.len());
        let repeats = |arg: &&Arg| arg.get_num_args().is_some_and(|n| n.max_values() > 1);
        next.or_else(|| self.command.get_positionals().last().filter(repeats))
    }

    fn values(&self, arg: &Arg, current: &str) -> Answer {
        let place = Place { command: self.command.get_name(), first: self.positionals.first() };
        values::answer(arg, &place, current)
    }

    fn flags(&self) -> Vec<Candidate> {
        let flags = self.command.get_arguments().filter(|arg| !arg.is_hide_set());
        let flags = flags.filter_map(|arg| Some((arg, arg.get_long()?)));
        let candidate = |(arg, name): (&Arg, &str)| {
            let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
            let equals = if arg.is_require_equals_set() && has_min_values(arg) { "=" } else { "" };
            Candidate::new(format!("--{name}{equals}"), &help)
        };
        flags.map(candidate).collect()
    }

    fn subcommands(&self) -> impl Iterator<Item = Candidate> {
        let is_first = self.positionals.is_empty();
        let shown = self.command.get_subcommands().filter(move |c| is_first && !c.is_hide_set());
        shown.map(|command| {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            Candidate::new(command.get_name(), &about)
        })
    }
}

/// Returns whether the word after a flag is its value.
fn has_value(arg: &Arg) -> bool {
    has_min_values(arg) && !arg.is_require_equals_set()
}

/// Returns whether a flag must have a value.
fn has_min_values(arg: &Arg) -> bool {
    arg.get_num_args().is_some_and(|n| n.min_values() > 0)
}
