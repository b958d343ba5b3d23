//! The part file of a sweep: it is locked, its damaged lines are done again, and links are not followed.

use super::{begun, long};
use crate::common::{Finished, Folder, Running, assert_refused, retrylab, run};
use std::os::unix::process::CommandExt;
use std::time::Instant;

fn succeeded(finished: &Finished) {
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn a_second_process_is_refused_and_does_no_harm() {
    let folder = Folder::new("two");
    let (out, whole) = (folder.path("out.csv"), folder.path("whole.csv"));
    succeeded(&run(&long(&whole)));
    let first = begun(&out);
    for more in [&[][..], &["--restart"], &["--shard", "1/2"]] {
        let second = run(&[&long(&out)[..], more].concat());
        assert_eq!(second.code, Some(1), "{second:?}");
        let holder =
            format!("out.csv.part is in use: process {} has been writing it for", first.id());
        assert!(second.stderr.contains(&holder), "{second:?}");
        assert_eq!(second.stderr.lines().count(), 1, "{second:?}");
    }
    succeeded(&first.finish(Instant::now()));
    assert!(std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap());
    assert_eq!(folder.names(), ["out.csv", "whole.csv"]);
}

/// Of many that start at the same time, at least one does the work, and none damages it.
#[test]
fn many_may_start_at_the_same_time() {
    let folder = Folder::new("many");
    let (out, whole) = (folder.path("out.csv"), folder.path("whole.csv"));
    let args = |out| {
        ["sweep", "--vary", "server.drop=0..0.9/0.1", "--seeds", "5", "--overwrite", "--out", out]
    };
    succeeded(&run(&args(&whole)));
    for _ in 0..5 {
        let started: Vec<Running> = (0..8).map(|_| Running::start(retrylab(&args(&out)))).collect();
        let finished: Vec<Finished> =
            started.into_iter().map(|running| running.finish(Instant::now())).collect();
        for finished in &finished {
            let locked = finished.code == Some(1) && finished.stderr.contains("is in use: ");
            assert!(finished.code == Some(0) || locked, "{finished:?}");
        }
        assert!(finished.iter().any(|finished| finished.code == Some(0)), "{finished:?}");
        assert!(std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap());
        assert_eq!(folder.names(), ["out.csv", "whole.csv"]);
    }
}

/// The lock of a killed process is gone, and a byte that has changed costs one point.
#[test]
fn a_damaged_file_of_a_killed_sweep_resumes() {
    let folder = Folder::new("damaged");
    let (out, whole) = (folder.path("out.csv"), folder.path("whole.csv"));
    succeeded(&run(&long(&whole)));
    let running = begun(&out);
    running.signal("KILL");
    assert_eq!(running.finish(Instant::now()).code, None);
    let part = format!("{out}.part");
    let mut bytes = std::fs::read(&part).unwrap();
    let first = bytes.iter().position(|byte| *byte == b'\n').unwrap();
    // A digit of a measure.
    let at = first + 60;
    bytes[at] ^= 1;
    std::fs::write(&part, bytes).unwrap();
    let finished = run(&long(&out));
    succeeded(&finished);
    assert!(finished.stderr.contains("1 damaged line of"), "{finished:?}");
    assert!(std::fs::read(&out).unwrap() == std::fs::read(&whole).unwrap());
}

#[test]
fn links_are_not_followed() {
    let folder = Folder::new("links");
    let victim = folder.path("victim");
    fn args(out: &str) -> [&str; 5] {
        ["sweep", "--vary", "server.drop=0,0.1", "--out", out]
    }
    for (name, target) in [("a.csv.part", "victim"), ("b.csv.part", "missing")] {
        std::fs::write(&victim, "precious\n").unwrap();
        std::os::unix::fs::symlink(folder.path(target), folder.path(name)).unwrap();
        let out = folder.path(name.strip_suffix(".part").unwrap());
        for more in [&[][..], &["--restart"]] {
            let finished = run(&[&args(&out)[..], more].concat());
            assert_refused(&finished, &[name, "is not a regular file"]);
        }
    }
    for form in ["csv", "json", "parquet"] {
        let out = folder.path(&format!("c.{form}"));
        std::os::unix::fs::symlink(&victim, format!("{out}.tmp")).unwrap();
        succeeded(&run(&args(&out)));
        succeeded(&run(&["merge", &out, "--overwrite", "--out", &out]));
    }
    assert_eq!(std::fs::read_to_string(&victim).unwrap(), "precious\n");
    assert!(!folder.names().contains(&"missing".to_string()));
}

#[test]
fn a_folder_that_cannot_be_written_is_one_sentence() {
    let folder = Folder::new("read-only");
    let out = folder.path("out.csv");
    let mut command = retrylab(&["sweep", "--vary", "server.drop=0,0.1", "--out", &out]);
    // The rights of root would not be limited.
    command.uid(54_321).gid(54_321);
    let Ok(mut probe) = command.stderr(std::process::Stdio::null()).spawn() else {
        eprintln!("skipped: to run as another user needs the rights of root");
        return;
    };
    let _ = probe.wait();
    let finished = Running::start(command).finish(Instant::now());
    assert_eq!(finished.code, Some(1), "{finished:?}");
    assert!(finished.stderr.contains("out.csv.part: Permission denied"), "{finished:?}");
    assert_eq!(finished.stderr.lines().count(), 1, "{finished:?}");
}
