//! `retrylab sweep` and `merge` as scripts see them.

mod part_files;
mod tables;

use crate::common::{Finished, Folder, Running, assert_refused, retrylab, run, run_with};
use serde_json::Value;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// 5 x 2 x 13 points: more than 64, and not a multiple of it.
const SMALL: [&str; 10] = [
    "--set",
    "exchanges=10",
    "--vary",
    "server.drop=0..0.6/0.15",
    "--vary",
    "server.drop_list=;1,3",
    "--seeds",
    "13",
    "--seed",
    "5",
];

fn sweep(args: &[&str], more: &[&str]) -> Finished {
    run(&[&["sweep"], args, more].concat())
}

/// Sweeps into `out`.
fn swept(args: &[&str], out: &str) -> Vec<u8> {
    let finished = sweep(args, &["--out", out, "--overwrite"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
    assert_eq!(finished.stdout, "");
    std::fs::read(out).unwrap()
}

fn lines(bytes: &[u8]) -> Vec<Vec<&str>> {
    std::str::from_utf8(bytes).unwrap().lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn a_row_is_what_sim_says_of_its_point() {
    let folder = Folder::new("row");
    let args = ["--set", "exchanges=300", "--vary", "server.drop=0.2,0.4", "--seeds", "2"];
    let table = swept(&args, &folder.path("a.csv"));
    let rows = lines(&table);
    assert_eq!(rows.len(), 5);
    let column = |name: &str| rows[0].iter().position(|column| *column == name).unwrap();
    for (row, (drop, seed)) in
        rows[1..].iter().zip([("0.2", "1"), ("0.2", "2"), ("0.4", "1"), ("0.4", "2")])
    {
        assert_eq!((row[column("server.drop")], row[column("seed")]), (drop, seed));
        let set = format!("server.drop={drop}");
        let sim = ["sim", "--set", "exchanges=300", "--set", &set, "--seed", seed, "--json"];
        let sim = run(&sim).object();
        for name in ["answered", "gave_up", "refused", "sends", "replies", "late_replies", "lost"] {
            assert_eq!(row[column(name)], sim[name].to_string(), "{name}");
        }
        for name in ["exchanges", "server_dropped", "events"] {
            assert_eq!(row[column(name)], sim[name].to_string(), "{name}");
        }
        for name in ["amplification", "gave_up_share", "answered_share", "simulated_s"] {
            let number: f64 = row[column(name)].parse().unwrap();
            assert_eq!(number, sim[name].as_f64().unwrap(), "{name}");
        }
        assert_eq!(row[column("ended_by")], sim["ended_by"].as_str().unwrap());
        // With an `x`, or other programs would read some digests as numbers.
        assert_eq!(row[column("digest")], format!("x{}", sim["digest"].as_str().unwrap()));
    }
    assert_eq!(folder.names(), ["a.csv"], "no part file stays");
    let stdout = sweep(&args, &["--out", "-"]);
    assert_eq!(stdout.stdout.as_bytes(), table, "{}", stdout.stderr);
}

#[test]
fn threads_do_not_show() {
    let folder = Folder::new("threads");
    for form in ["csv", "json", "parquet"] {
        let one = swept(&[&SMALL[..], &["--threads", "1"]].concat(), &folder.path("a").with(form));
        for threads in ["2", "8"] {
            let args = [&SMALL[..], &["--threads", threads]].concat();
            assert!(swept(&args, &folder.path("b").with(form)) == one, "{form}, {threads} threads");
        }
    }
}

/// `a` becomes `a.csv`.
trait With {
    fn with(&self, form: &str) -> String;
}

impl With for String {
    fn with(&self, form: &str) -> String {
        format!("{self}.{form}")
    }
}

#[test]
fn shards_merge_to_the_whole() {
    let folder = Folder::new("shards");
    for form in ["csv", "json", "parquet"] {
        let whole = swept(&SMALL, &folder.path("whole").with(form));
        // 150 shards of 130 points: some have none.
        for count in if form == "csv" { &[3, 150][..] } else { &[7] } {
            let parts: Vec<String> = (1..=*count)
                .map(|i| {
                    let part = folder.path(&format!("{count}-{i}")).with(form);
                    swept(&[&SMALL[..], &["--shard", &format!("{i}/{count}")]].concat(), &part);
                    part
                })
                .collect();
            let merged = folder.path("merged").with(form);
            let mut args = vec!["merge", "--overwrite", "--out", &merged];
            // In any order.
            args.extend(parts.iter().rev().map(String::as_str));
            let finished = run(&args);
            assert_eq!(finished.code, Some(0), "{finished:?}");
            assert!(std::fs::read(&merged).unwrap() == whole, "{form}, {count} shards");
        }
    }
}

#[test]
fn merge_refuses_an_incomplete_set() {
    let folder = Folder::new("merge");
    let path = |name: &str| folder.path(name);
    for (form, other) in [("csv", "parquet"), ("json", "csv"), ("parquet", "json")] {
        let args = ["--vary", "server.drop=0..0.9/0.1"];
        let part = |i: u32| path(&format!("{i}")).with(form);
        for i in 1..=3 {
            swept(&[&args[..], &["--shard", &format!("{i}/3")]].concat(), &part(i));
        }
        let half = path("half").with(form);
        swept(&[&args[..], &["--shard", "2/2"]].concat(), &half);
        let strange = path("strange").with(form);
        let set = ["--set", "link.loss=0.1", "--shard", "3/3"];
        swept(&[&args[..], &set].concat(), &strange);
        let out = path("all").with(form);
        let merge = |files: &[&String]| {
            let files: Vec<&str> = files.iter().map(|file| file.as_str()).collect();
            run(&[&["merge", "--out", &out], &files[..]].concat())
        };
        let (one, two, three) = (part(1), part(2), part(3));
        assert_eq!(merge(&[&one, &two, &three]).code, Some(0));
        std::fs::remove_file(&out).unwrap();
        assert_refused(&merge(&[&one, &three]), &["point 1 of 10", "shard 2/3"]);
        assert_refused(&merge(&[&one, &two]), &["point 2 of 10", "shard 3/3"]);
        let twice = [&one, &two, &three, &half];
        assert_refused(&merge(&twice), &["point 1 is in", &half, &two]);
        assert_refused(&merge(&[&one, &two, &strange]), &[&strange, "different sweeps", &one]);
        assert_refused(&merge(&[&one, &two, &path("3").with(other)]), &["different formats"]);
        let lines = path("lines").with(form);
        std::fs::write(&lines, "point,seed\n1,2,3\n").unwrap();
        assert_refused(&merge(&[&one, &two, &lines]), &[&lines, "not a table of sweep results"]);
        std::fs::write(&lines, "").unwrap();
        assert_refused(&merge(&[&lines]), &[&lines]);
        assert_refused(&merge(&[&path("none").with(form)]), &["cannot read", "none"]);
        assert!(!Path::new(&out).exists());
        assert!(!folder.names().iter().any(|name| name.ends_with(".tmp")), "nothing is left");
    }
}

/// A CSV file that was edited by hand: in each case one sentence, and no panic.
#[test]
fn csv_that_is_not_a_shard_is_refused() {
    let folder = Folder::new("edited");
    let (file, out) = (folder.path("a.csv"), folder.path("all.csv"));
    let head = "point,server.drop,seed,sends,points,sweep";
    for (rows, part) in [
        ("", "have no rows"),
        ("0,0,1,5,2,ab\n", "point 1 of 2"),
        ("0,0,1,5,1,ab\n1,0,1,5,1,ab\n", "has a point 1, but its sweep has only 1"),
        ("0,0,1,5,2,ab\n0,0,1,5,2,ab\n", "a.csv has point 0 twice"),
        ("0,0,1,5,2,ab\n1,0,1,5,2,cd\n", "line 3 belongs to a different sweep"),
        ("x,0,1,5,2,ab\n", "line 2: point is `x`"),
        ("0,0,1,5,-2,ab\n", "line 2: points is `-2`"),
        ("0,0,1\n", "fields"),
    ] {
        std::fs::write(&file, format!("{head}\n{rows}")).unwrap();
        assert_refused(&run(&["merge", "--out", &out, &file]), &[part]);
    }
}

/// A sweep of some seconds, so that it can be interrupted.
const LONG: [&str; 8] = [
    "--set",
    if cfg!(debug_assertions) { "exchanges=2000" } else { "exchanges=150000" },
    "--vary",
    "server.drop=0..0.45/0.05",
    "--seeds",
    "6",
    "--threads",
    "2",
];

/// Returns the arguments of the long sweep.
fn long(out: &str) -> Vec<&str> {
    [&["sweep"], &LONG[..], &["--out", out]].concat()
}

/// Starts the long sweep and waits until some of its points are in the part file.
fn begun(out: &str) -> Running {
    let running = Running::start(retrylab(&long(out)));
    let part = format!("{out}.part");
    let since = Instant::now();
    while std::fs::read(&part).map_or(0, |bytes| lines(&bytes).len()) < 4 {
        assert!(since.elapsed() < crate::common::PATIENCE, "no points in {part}");
        std::thread::sleep(Duration::from_millis(2));
    }
    running
}

#[test]
fn a_killed_sweep_resumes() {
    let folder = Folder::new("kill");
    for form in ["csv", "parquet"] {
        let whole = swept(&LONG, &folder.path("whole").with(form));
        let out = folder.path("out").with(form);
        let running = begun(&out);
        running.signal("KILL");
        assert_eq!(running.finish(Instant::now()).code, None);
        assert!(!Path::new(&out).exists(), "no result before it is whole");
        // A line that was being written when the power failed.
        let part = format!("{out}.part");
        let mut torn = std::fs::read(&part).unwrap();
        while torn.last() != Some(&b'\n') {
            torn.pop();
        }
        let done = lines(&torn).len() - 1;
        torn.extend_from_slice(b"[59,[1,2");
        std::fs::write(&part, torn).unwrap();
        let finished = sweep(&LONG, &["--out", &out]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(
            finished.stderr.contains(&format!("{done} of 60 points are already in")),
            "{finished:?}"
        );
        assert!(finished.stderr.contains(&format!("{} points in", 60 - done)), "{finished:?}");
        assert!(std::fs::read(&out).unwrap() == whole, "{form}");
        assert!(!Path::new(&part).exists());
    }
}

#[test]
fn ctrl_c_explains_how_to_resume() {
    let folder = Folder::new("interrupt");
    let out = folder.path("out.csv");
    let running = begun(&out);
    running.signal("INT");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.code, Some(130), "{finished:?}");
    for part in ["of 60 points", "out.csv.part", "rerun the same command"] {
        assert!(finished.stderr.contains(part), "{finished:?}");
    }
    // Another sweep's part file is not touched.
    let other = ["--vary", "server.drop=0.5", "--seeds", "6"];
    let before = std::fs::read(format!("{out}.part")).unwrap();
    let refused = sweep(&other, &["--out", &out]);
    assert_refused(&refused, &["out.csv.part", "different sweep", "vary differs", "--restart"]);
    let shard = sweep(&LONG, &["--out", &out, "--shard", "1/2"]);
    assert_refused(&shard, &["different sweep", "shard differs"]);
    assert_eq!(std::fs::read(format!("{out}.part")).unwrap(), before);
    let restarted = sweep(&other, &["--out", &out, "--restart"]);
    assert_eq!(restarted.code, Some(0), "{restarted:?}");
    assert_eq!(folder.names(), ["out.csv"]);
    // A file that is not a part file is not touched.
    std::fs::write(format!("{out}.part"), "my notes\n").unwrap();
    assert_refused(
        &sweep(&other, &["--out", &out, "--overwrite"]),
        &["out.csv.part:1 is not a line of a part file"],
    );
}

#[test]
fn a_finished_file_is_replaced_only_on_request() {
    let folder = Folder::new("finished");
    let (table, plot) = (folder.path("a.csv"), folder.path("a.svg"));
    let sweeping = ["sweep", "--vary", "server.drop=0.1,0.2", "--out", &table];
    let merging = ["merge", &folder.path("part.csv"), "--out", &table];
    let drawing = ["plot", &table, "--out", &plot];
    assert_eq!(run(&sweeping).code, Some(0));
    std::fs::copy(&table, folder.path("part.csv")).unwrap();
    assert_eq!(run(&drawing).code, Some(0));
    for (command, file) in [(&sweeping[..], &table), (&merging, &table), (&drawing, &plot)] {
        let before = std::fs::read(file).unwrap();
        let time = || std::fs::metadata(file).unwrap().modified().unwrap();
        let written = time();
        let refused = run(command);
        assert_refused(&refused, &[file, "exists already", "--overwrite"]);
        assert_eq!((std::fs::read(file).unwrap(), time()), (before, written));
        let replaced = run(&[command, &["--overwrite"]].concat());
        assert_eq!(replaced.code, Some(0), "{replaced:?}");
        assert!(time() > written, "{command:?}");
    }
    // What is not a regular file is not replaced.
    let finished = run(&["merge", &folder.path("part.csv"), "--out", "-"]);
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

#[test]
fn every_point_is_checked_before_any_runs() {
    let folder = Folder::new("refused");
    let out = folder.path("a.csv");
    for (args, parts) in [
        (
            &["--vary", "server.drop=0.5,2"][..],
            &["server.drop", "\"2\"", "a probability from 0"][..],
        ),
        (&["--vary", "server.drup=0.5"], &["server.drup", "did you mean server.drop?"]),
        (&["--vary", "server.drop"], &["\"server.drop\"", "key=value"]),
        (
            &["--vary", "server.drop=0..1"],
            &["server.drop", "\"0..1\"", "no step", "try 0..0.5/0.1"],
        ),
        (&["--vary", "server.drop="], &["server.drop", "\"\""]),
        (&["--set", "server.drop=2"], &["--set: server.drop", "\"2\""]),
        (&["--vary", "seed=1,2"], &["--seeds"]),
        (&["--vary", "clients=1", "--vary", "clients=2"], &["clients", "twice"]),
        (&["--vary", "clients=1", "--set", "clients=2"], &["clients", "--set", "--vary"]),
        (&["--vary", "server.drop=0.1,0.10"], &["server.drop", "`0.1` twice"]),
        (&["--vary", "clients=1..100000/1", "--seeds", "101"], &["10100000", "at most 10000000"]),
        (
            &["--seed", "9223372036854775807", "--seeds", "2"],
            &[
                "--seeds: 2 from 9223372036854775807 up would exceed 9223372036854775807, the last seed",
            ],
        ),
        (&["--seed", "18446744073709551615"], &["--seeds: 1 from 18446744073709551615 up"]),
        (
            &["--vary", "server.drop_first=1,9223372036854775808"],
            &[
                "--vary: server.drop_first is 9223372036854775808; in a sweep it is at most 92233720",
            ],
        ),
        (
            &["--vary", "policy.give_up_above=20s,1s", "--set", "policy.initial_timeout=5s"],
            &["with policy.give_up_above=1s", "it must not be below policy.initial_timeout, 5s"],
        ),
        (&["/no/such/file.toml"], &["/no/such/file.toml"]),
    ] {
        assert_refused(&sweep(args, &["--out", &out]), parts);
    }
    assert_refused(&sweep(&[], &["--out", "a.txt"]), &["a.txt", ".csv, .json or .parquet"]);
    for (flag, value, sentence) in [
        ("--shard", "3/2", "it is not I/N with I from 1 to N; try 1/64"),
        ("--seeds", "0", "it is not a whole number from 1 to 10000000"),
        ("--threads", "0", "it is not a whole number from 1 to 1024"),
    ] {
        let finished = sweep(&[], &["--out", &out, flag, value]);
        assert_eq!(finished.code, Some(2));
        assert!(finished.stderr.contains(flag) && finished.stderr.contains(sentence));
    }
    let unwritable = sweep(&[], &["--out", "/no/such/folder/a.csv"]);
    assert_eq!(unwritable.code, Some(1), "{unwritable:?}");
    assert!(unwritable.stderr.contains("/no/such/folder/a.csv"), "{unwritable:?}");
    assert!(folder.names().is_empty(), "nothing has run");
}

#[test]
fn a_scenario_comes_from_wherever_sim_takes_it() {
    let folder = Folder::new("source");
    let text = "exchanges = 30\n[server]\ndrop = 0.25\n";
    let args = ["sweep", "-", "--seeds", "2", "--out", "-"];
    let from_stdin = run_with(&args, text.as_bytes());
    assert_eq!(from_stdin.code, Some(0), "{from_stdin:?}");
    let file = folder.path("x.toml");
    std::fs::write(&file, text).unwrap();
    assert_eq!(sweep(&[&file], &["--seeds", "2", "--out", "-"]).stdout, from_stdin.stdout);
    let link = ["--link", "exchanges=30&server.drop=0.25", "--seeds", "2", "--out", "-"];
    assert_eq!(sweep(&[], &link).stdout, from_stdin.stdout);
}

#[test]
fn a_row_names_the_limit_that_ended_its_run() {
    let endless = ["--set", "policy.give_up_above=none", "--set", "policy.multiplier=1"];
    let more = ["--vary", "server.drop=0,1", "--max-events", "1000", "--out", "-"];
    let finished = sweep(&endless, &more);
    let rows = lines(finished.stdout.as_bytes());
    let column = |name: &str| rows[0].iter().position(|column| *column == name).unwrap();
    assert_eq!(rows[1][column("ended_by")], "finished");
    assert_eq!(rows[2][column("ended_by")], "event_limit");
    assert_eq!(rows[2][column("events")], "1000");
    // If no exchange has finished, the number of sends per exchange is unknown: the field is empty, not 0.
    assert_eq!(rows[2][column("amplification")], "");
}

#[test]
fn endless_files_are_refused() {
    let folder = Folder::new("endless");
    let endless = |name: &str| {
        std::os::unix::fs::symlink("/dev/zero", folder.path(name)).unwrap();
    };
    let out = folder.path("a.csv");
    endless("a.csv.part");
    assert_refused(&sweep(&[], &["--out", &out]), &["a.csv.part is not a regular file"]);
    for form in ["csv", "json", "parquet"] {
        let name = format!("b.{form}");
        endless(&name);
        let merged =
            run(&["merge", "--out", &folder.path(&format!("c.{form}")), &folder.path(&name)]);
        assert_refused(&merged, &[&name, "not a table of sweep results"]);
    }
}

/// A reader that closes the pipe, such as `head`, ends the sweep without a message.
#[test]
fn a_broken_pipe_is_no_error() {
    let mut command = retrylab(&["sweep", "--set", "exchanges=1", "--seeds", "2000", "--out", "-"]);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!((output.status.code(), &output.stderr[..]), (Some(0), &b""[..]));
}

#[test]
fn json_holds_the_whole_sweep() {
    let folder = Folder::new("json");
    let bytes = swept(&SMALL, &folder.path("a.json"));
    let object: Value = serde_json::from_slice(&bytes).unwrap();
    assert_eq!(object["schema"], 1);
    assert_eq!(object["points"], 130);
    assert_eq!(object["seeds"], 13);
    assert_eq!(object["scenario"]["exchanges"], 10);
    assert_eq!(object["vary"][1]["key"], "server.drop_list");
    assert_eq!(object["vary"][1]["values"][1], "1,3");
    let rows = object["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 130);
    for (point, row) in rows.iter().enumerate() {
        assert_eq!(row["point"], point);
        assert_eq!(row["seed"], 5 + point % 13);
        assert_eq!(row["server.drop_list"], ["none", "1,3"][point / 13 % 2]);
        assert_eq!(row["server.drop"].as_f64(), Some([0.0, 0.15, 0.3, 0.45, 0.6][point / 26]));
    }
    let dry = sweep(&SMALL, &["--dry-run"]);
    assert_eq!(dry.code, Some(0));
    assert!(
        dry.stdout.starts_with("130 points: 5 of server.drop x 2 of server.drop_list"),
        "{dry:?}"
    );
    assert_eq!(dry.stdout.lines().count(), 1 + 1 + 3 + 1 + 3);
}
