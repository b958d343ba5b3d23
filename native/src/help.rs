//! The texts of `--help` around the options, at the width of the terminal.
//!
//! They are written for [`MAX_WIDTH`] columns. On a narrower terminal, paragraphs and remarks are filled again, and commands
//! stay on one line, so that they can be copied.

use clap::Command;
use terminal_size::{Width, terminal_size};

/// Maximum width of all help: longer lines are hard to read.
pub(crate) const MAX_WIDTH: usize = 100;

/// Minimum width that is assumed.
const MIN_WIDTH: usize = 40;

/// Minimum width of a remark that follows a command on its line; otherwise it begins on the next line.
const MIN_REMARK: usize = 20;

/// A space at which clap does not break a line.
const SOLID: char = '\u{a0}';

/// Returns the width of help: that of the terminal or, without a terminal, `COLUMNS`.
pub(crate) fn width() -> usize {
    let terminal = terminal_size().map(|(Width(width), _)| usize::from(width));
    let columns = || std::env::var("COLUMNS").ok()?.parse().ok();
    terminal.or_else(columns).unwrap_or(MAX_WIDTH).clamp(MIN_WIDTH, MAX_WIDTH)
}

/// Lays out the help of a command: what it does, its usage and examples come first, the text below its options last.
pub(crate) fn lay_out(command: Command, width: usize) -> Command {
    let Some(text) = command.get_after_help().map(ToString::to_string) else { return command };
    let (examples, rest) = text.split_once("\n\n").unwrap_or((&text, ""));
    let examples = fill(examples, width);
    let template = format!(
        "{{before-help}}{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{examples}\n\n\
         {{all-args}}{{after-help}}"
    );
    command.help_template(template).after_help(fill(rest, width))
}

/// Fills a text for lines of at most `width` columns. Lines that stay longer have solid spaces; see [`finish`].
pub(crate) fn fill(text: &str, width: usize) -> String {
    let mut filled: Vec<String> = Vec::new();
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let mut block = vec![line];
        let indent = indentation(line);
        let continues = |next: &&str| {
            let deep = indentation(next);
            !line.is_empty()
                && !next.is_empty()
                && if indent == 0 { deep == 0 } else { deep > indent }
        };
        while let Some(next) = lines.next_if(continues) {
            block.push(next);
        }
        if block.iter().all(|line| columns(line) <= width) {
            filled.extend(block.into_iter().map(str::to_string));
        } else {
            fill_block(&block, width, &mut filled);
        }
    }
    filled.join("\n")
}

/// Returns a filled text as it is printed.
pub(crate) fn finish(filled: &str) -> String {
    filled.replace(SOLID, " ")
}

/// Fills a paragraph, or a command with its remark.
fn fill_block(block: &[&str], width: usize, filled: &mut Vec<String>) {
    let first = block[0];
    let rest = block[1..].iter().flat_map(|line| line.split_whitespace());
    let indent = indentation(first);
    let Some(remark) = remark(first) else {
        if block.len() == 1 && indent > 0 {
            filled.push(first.replace(' ', &SOLID.to_string()));
            return;
        }
        let words = first.split_whitespace().chain(rest);
        let hang = block.get(1).map_or(indent, |line| indentation(line));
        fill_words(" ".repeat(indent), words, hang, width, filled);
        return;
    };
    let words = first[remark..].split_whitespace().chain(rest);
    let hang = columns(&first[..remark]);
    if hang + MIN_REMARK <= width {
        return fill_words(first[..remark].to_string(), words, hang, width, filled);
    }
    filled.push(first[..remark].trim_end().replace(' ', &SOLID.to_string()));
    let hang = indent + 4;
    fill_words(" ".repeat(hang), words, hang, width, filled);
}

/// Appends `words` to `line`, and begins more lines with `hang` spaces.
fn fill_words<'a>(
    mut line: String,
    words: impl Iterator<Item = &'a str>,
    hang: usize,
    width: usize,
    filled: &mut Vec<String>,
) {
    let mut is_first = true;
    for word in words {
        if !is_first && columns(&line) + 1 + columns(word) > width {
            filled.push(std::mem::replace(&mut line, " ".repeat(hang)));
            is_first = true;
        }
        if !is_first {
            line.push(' ');
        }
        line += word;
        is_first = false;
    }
    filled.push(line);
}

/// Returns where the remark of an indented line begins: after two spaces, or after the dash of a list.
fn remark(line: &str) -> Option<usize> {
    let indent = indentation(line);
    if indent == 0 {
        return None;
    }
    if line[indent..].starts_with("- ") {
        return Some(indent + 2);
    }
    let gap = indent + line[indent..].find("  ")?;
    Some(gap + indentation(&line[gap..]))
}

fn indentation(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

fn columns(text: &str) -> usize {
    text.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "\
Examples:
  retrylab sim --set server.drop=0.5 --json      print one object
  retrylab sim --set server.drop=0.5 --set exchanges=1000000

A paragraph of two lines, which is
filled again:
  final   nobody listens on the port, or the
          host is unreachable
  - an item of a list that is quite long";

    #[test]
    fn a_text_that_fits_stays() {
        assert_eq!(fill(TEXT, 70), TEXT);
    }

    #[test]
    fn paragraphs_and_remarks_are_filled_and_commands_stay() {
        let expected = "\
Examples:
  retrylab sim --set server.drop=0.5 --json
      print one object
  retrylab sim --set server.drop=0.5 --set exchanges=1000000

A paragraph of two lines, which
is filled again:
  final   nobody listens on the
          port, or the host is
          unreachable
  - an item of a list that is
    quite long";
        assert_eq!(finish(&fill(TEXT, 32)), expected);
        assert!(fill(TEXT, 32).contains("--set\u{a0}server.drop"));
    }
}
