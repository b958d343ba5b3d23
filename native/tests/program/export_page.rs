//! `retrylab export-page` writes the page as one file. The tests of the page open it in a browser.
//!
//! The program contains the page only if `cargo xtask page` ran before it was built.

use crate::common::{Folder, page_is_built, run};
use std::fs;

/// Writes a file that opens with these arguments, and returns its text.
fn exported(name: &str, args: &[&str]) -> String {
    let folder = Folder::new(name);
    let path = folder.path("lab.html");
    let finished = run(&[&["export-page", &path], args].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert!(finished.stderr.contains("open it in a browser"), "{finished:?}");
    fs::read_to_string(path).unwrap()
}

#[test]
fn a_program_without_the_page_says_so() {
    if page_is_built() {
        return;
    }
    let finished = run(&["export-page", "-"]);
    assert_eq!((finished.code, finished.stdout.as_str()), (Some(1), ""));
    assert!(finished.stderr.contains("cargo xtask page"), "{finished:?}");
}

#[test]
fn the_file_has_everything_inside_and_opens_with_the_scenario() {
    if !page_is_built() {
        return a_program_without_the_page_says_so();
    }
    let whole = exported("export-whole", &[]);
    assert!(!whole.contains("data-link") && whole.ends_with("</html>\n"));
    for outside in [" src=", "href=\"page", "href=\"http", "@import"] {
        assert!(!whole.split("<script type").next().unwrap().contains(outside), "{outside}");
    }
    let shipped = exported("export-shipped", &["retry-storm"]);
    assert!(shipped.contains("server.service=10ms"), "the link of the scenario");
    let link = exported("export-link", &["http://127.0.0.1:8060/?embed#seed=7&view.at=0.1"]);
    assert!(link.contains("data-link=\"seed=7&amp;view.at=0.1\""));
    let finished = run(&["export-page", "-"]);
    assert_eq!((finished.code, finished.stdout), (Some(0), whole));
}

#[test]
fn files_are_kept_and_errors_are_sentences() {
    let folder = Folder::new("export-errors");
    let path = folder.path("lab.html");
    fs::write(&path, "mine").unwrap();
    let finished = run(&["export-page", &path]);
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert!(finished.stderr.contains("--overwrite"), "{finished:?}");
    assert_eq!(fs::read_to_string(&path).unwrap(), "mine");
    for (scenario, sentence) in [
        ("server.dorp=1", "did you mean server.drop?"),
        ("no-such-scenario", "is neither a file nor a built-in scenario"),
    ] {
        let finished = run(&["export-page", "-", scenario]);
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished:?}");
        assert!(finished.stderr.contains(sentence), "{finished:?}");
    }
    if page_is_built() {
        let finished = run(&["export-page", "--overwrite", &path]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(fs::read_to_string(&path).unwrap().starts_with("<!doctype html>"));
        let finished = run(&["export-page", &folder.path("none/lab.html")]);
        assert_eq!(finished.code, Some(1), "{finished:?}");
        assert!(finished.stderr.contains("cannot write"), "{finished:?}");
        #[cfg(target_os = "linux")]
        {
            let finished = run(&["export-page", "/dev/full"]);
            assert_eq!(finished.code, Some(1), "{finished:?}");
            assert!(finished.stderr.contains("cannot write /dev/full"), "{finished:?}");
        }
    }
}
