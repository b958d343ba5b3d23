//! `--help` at several widths.

use crate::common::{retrylab, run, run_command};

const WIDTHS: [usize; 4] = [60, 80, 100, 200];

fn help(command: &str, width: usize) -> String {
    let mut program = retrylab(&[command, "--help"]);
    program.env("COLUMNS", width.to_string());
    let finished = run_command(program, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(!finished.stdout.contains('\u{a0}'), "{command} at {width}");
    finished.stdout
}

fn commands() -> Vec<String> {
    let overview = run(&["--help"]).stdout;
    let list = overview.split("Commands:\n").nth(1).unwrap().split("\n\n").next().unwrap();
    let names = list.lines().filter_map(|line| line.strip_prefix("  ")?.split(' ').next());
    names.filter(|name| !name.is_empty() && *name != "help").map(str::to_string).collect()
}

/// Whether a line is one that is copied, and so never broken.
fn is_copied(line: &str) -> bool {
    let begins = ["retrylab ", "head ", "Slurm", "Kubernetes"];
    line.starts_with("  ") && begins.iter().any(|begin| line.trim_start().starts_with(begin))
}

#[test]
fn help_fits_the_terminal() {
    let commands = commands();
    assert!(commands.len() >= 15, "{commands:?}");
    for command in &commands {
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        let widest = help(command, 200);
        for width in WIDTHS {
            let text = help(command, width);
            // The list of options is laid out again on a narrow terminal, but nothing is lost.
            assert_eq!(words(&text), words(&widest), "{command} at {width}");
            for line in text.lines() {
                let columns = line.chars().count();
                assert!(
                    columns <= width.min(100) || is_copied(line),
                    "{command} at {width}: {line}"
                );
            }
            check_paragraphs(command, &text, width.min(100));
        }
    }
}

/// Checks that no line of a paragraph ends before the next word would have needed it.
fn check_paragraphs(command: &str, text: &str, width: usize) {
    // At the width for which they are written, lines may be shorter.
    if width == 100 {
        return;
    }
    let lines: Vec<&str> = text.lines().collect();
    let is_text = |line: &str| !line.is_empty() && !line.starts_with(' ');
    for pair in lines.windows(2).filter(|pair| is_text(pair[0]) && is_text(pair[1])) {
        let word = pair[1].split(' ').next().unwrap();
        let columns = pair[0].chars().count() + 1 + word.chars().count();
        assert!(columns + 25 > width, "{command} at {width}: {} / {}", pair[0], pair[1]);
    }
}

#[test]
fn help_begins_with_what_the_command_does_and_has_examples() {
    for command in commands() {
        let text = help(&command, 100);
        let first = text.lines().next().unwrap();
        let second = text.lines().nth(1).unwrap();
        // One sentence of its own, which says what to do with the command: an imperative.
        assert!(second.is_empty() && !first.ends_with('.'), "{command}: {first}");
        let verb = first.split([' ', ',']).next().unwrap();
        assert!(!verb.ends_with('s'), "{command}: {first}");
        assert!(text.contains("\nUsage: retrylab "), "{command}");
        let (first_screen, _) = text.split_once("\nOptions:\n").unwrap();
        let examples = first_screen.matches("\n  retrylab ").count();
        assert!(
            first_screen.contains("\nExamples:\n") && examples > 0,
            "{command}: {first_screen}"
        );
        assert_eq!(
            text.lines().filter(|line| line.starts_with("Exit codes: 0 ")).count(),
            1,
            "{command}"
        );
    }
}
