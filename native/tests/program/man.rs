//! The manual pages, which mandoc reads.

use crate::common::{Folder, run, run_command};
use std::process::Command;

fn mandoc(args: &[&str]) -> String {
    let mut command = Command::new("mandoc");
    command.args(args);
    let finished = run_command(command, b"");
    assert_eq!((finished.code, &*finished.stderr), (Some(0), ""), "{finished:?}");
    finished.stdout
}

#[test]
fn every_command_has_a_page_without_a_remark_of_mandoc() {
    let folder = Folder::new("man");
    assert_eq!(run(&["man", "2026-01-31", &folder.path("")]).code, Some(0));
    let names = folder.names();
    assert!(names.len() >= 17 && names.contains(&"retrylab.1".to_string()), "{names:?}");
    let paths: Vec<String> = names.iter().map(|name| folder.path(name)).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    assert_eq!(mandoc(&[&["-T", "lint", "-W", "all"], &paths[..]].concat()), "");

    for (name, path) in names.iter().zip(&paths) {
        let page = shown(path);
        for title in ["NAME", "SYNOPSIS", "OPTIONS", "EXAMPLES", "EXIT STATUS", "FILES", "SEE ALSO"]
        {
            assert!(page.contains(&format!("\n{title}\n")), "{name} has no {title}: {page}");
        }
        assert!(page.contains("RETRYLAB_CONFIG") && page.contains("2026-01-31"), "{name}");
    }
}

/// Returns a page as text.
fn shown(path: &str) -> String {
    let page = mandoc(&["-T", "ascii", "-O", "width=78", path]);
    let mut shown = String::new();
    for c in page.chars() {
        // Bold is a character, a backspace and the character again.
        if c == '\u{8}' {
            shown.pop();
        } else {
            shown.push(c);
        }
    }
    shown
}

#[test]
fn pages_say_what_help_says() {
    let folder = Folder::new("man-help");
    assert_eq!(run(&["man", "2026-01-31", &folder.path("")]).code, Some(0));
    let page = shown(&folder.path("retrylab-sim.1"));
    for text in [
        "--series-interval TIME",
        "[default: 100ms]",
        "\n         retrylab sim --ladder --set server.drop_list=1-2\n",
        "0 the run ended",
    ] {
        assert!(page.contains(text), "{text} is not in {page}");
    }
    let overview = shown(&folder.path("retrylab.1"));
    assert!(
        overview.contains("retrylab-sim(1)") && !overview.contains("retrylab-man"),
        "{overview}"
    );
    std::fs::write(folder.path("file"), "").unwrap();
    let failed = run(&["man", "2026-01-31", &folder.path("file/pages")]);
    assert_eq!(failed.code, Some(1), "{failed:?}");
    assert!(failed.stderr.contains("cannot write"), "{failed:?}");
    let refused = run(&["man", "yesterday", &folder.path("")]);
    assert!(refused.stderr.contains("it is not a date; try 2026-01-31"), "{refused:?}");
}
