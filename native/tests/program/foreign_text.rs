//! Text that does not come from the program (arguments, files, peers) never controls the terminal, and long text is
//! cut.

use crate::common::{Finished, Folder, retry, retrylab, run, run_with, socket};
use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;
use std::path::Path;

/// Sequences of C0, ESC, DEL, C1 and the characters that change the direction of writing.
const EVIL: &str = "a\x1b[2J\x1b]0;b\x07\x7f\u{9b}31m\u{85}\u{202e}\u{2066}\u{200f}\u{2028}z";

/// Returns whether a terminal could act on a character. Output has lines and no colours here.
fn is_control(c: char) -> bool {
    let turns = matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
        | '\u{2066}'..='\u{2069}');
    c.is_control() && c != '\n' || turns
}

fn assert_printable(finished: &Finished) {
    let bad = |text: &str| text.contains(is_control);
    assert!(!bad(&finished.stdout) && !bad(&finished.stderr), "{finished:?}");
    assert!(matches!(finished.code, Some(0..=4)), "{finished:?}");
}

#[test]
fn arguments_are_escaped() {
    let evil = EVIL;
    let key = format!("{evil}=1");
    let value = format!("server.drop={evil}");
    let message = format!("message={evil}");
    for args in [
        &[evil][..],
        &["sim", evil],
        &["sim", "--link", &format!("{evil}=1")],
        &["sim", &format!("http://127.0.0.1/#{evil}=1")],
        &["sim", "--set", &key],
        &["sim", "--set", &value],
        &["sim", "--set", evil],
        &["sim", "--set", &format!("link.latency=@{evil}")],
        &["sim", "--seed", evil],
        &["sim", "--max-time", evil],
        &["sim", "--trace", &format!("/nowhere/{evil}")],
        &["sim", "--series", &format!("/nowhere/{evil}")],
        &["sim", "--versus", evil],
        &["sim", "--versus-set", &message, "--seeds", "2"],
        &["sim", "--versus-set", &message, "--seeds", "2", "--json"],
        &["sim", "--set", &message],
        &["sim", "--set", &message, "--json"],
        &["sim", "--set", &message, "--ladder"],
        &[&format!("--{evil}")],
        &["sweep", "--vary", &key, "--dry-run"],
        &["sweep", "--vary", &value, "--dry-run"],
        &["sweep", "--vary", &format!("message={evil};b"), "--dry-run"],
        &["sweep", "--out", evil],
        &["sweep", "--out", &format!("/nowhere/{evil}.csv")],
        &["sweep", "--out", "a.csv", "--shard", evil],
        &["merge", "--out", &format!("{evil}.csv"), &format!("{evil}.csv")],
        &["plot", &format!("{evil}.csv"), "--out", "a.svg"],
        &["plot", evil, "--out", evil],
        &["serve", evil],
        &["serve", "--set", &key],
        &["serve", "--drop", evil],
        &["serve", "--source-rate", evil],
        &["send", evil],
        &["send", &format!("{evil}:7")],
        &["send", &format!("host:{evil}")],
        &["send", "--json", "no-such\u{202e}host.invalid"],
        &["send", "no-such\u{9b}31mhost.invalid"],
        &["schedule", "--initial-timeout", evil],
        &["schedule", "--preset", evil],
        &["theory", evil],
        &["theory", "mm1k", &key],
        &["theory", "mm1k", &format!("load={evil}")],
        &["scenarios", evil],
        &["completions", evil],
        &["lab", "--port", evil],
    ] {
        assert_printable(&run(args));
    }
    // Invalid UTF-8.
    let mut command = retrylab(&["sim"]);
    command.arg(OsString::from_vec(b"a\xff\x1b[2J".to_vec()));
    let running = crate::common::Running::start(command);
    assert_printable(&running.finish(std::time::Instant::now()));
}

/// Returns a CSV table of a sweep with `cell` as the value of the varied key, `number` as a measure, and `end` as the
/// last column.
fn table(key: &str, cell: &str, number: &str, end: &str) -> String {
    let header = format!("point,\"{key}\",seed,amplification,ended_by,points,sweep\n");
    header + &format!("0,\"{cell}\",1,{number},{end},1,ab\n")
}

#[test]
fn cells_and_names_of_files_are_escaped() {
    let folder = Folder::new("foreign");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path(name), text).unwrap();
        folder.path(name)
    };
    let good = write("good.csv", &table("link.loss", EVIL, "1.5", "finished"));
    let key = write("key.csv", &table(EVIL, "x", "1.5", "finished"));
    let number = write("number.csv", &table("link.loss", "x", EVIL, "finished"));
    let count = table("link.loss", "x", "1", "finished").replace(",1,ab", &format!(",{EVIL},ab"));
    let count = write("count.csv", &count);
    let json =
        write("a.json", &format!("{{\"{EVIL}\": 1, \"rows\": []}}").replace('\x1b', "\\u001b"));
    let two = table("link.loss", EVIL, "1", "x") + &format!("1,\"b{EVIL}\",1,1,x,1,ab\n");
    let two = write("two.csv", &two);
    let evil_name = write(&format!("{EVIL}.csv"), &table("link.loss", "x", "1", "finished"));
    let toml = write("a.toml", &format!("\"{}\" = 1\n", "a\\u001b[2Jb"));
    let raw = write("b.toml", &format!("message = {EVIL}\n"));
    let text = write("c.toml", "message = \"\\u001b[2J\\u202e\"\nserver.drop = \"\\u001b[2J\"\n");
    let samples = write("d.txt", &format!("{EVIL}\n"));
    let columns = write("e.csv", &format!("{EVIL},rtt_ms{EVIL}\n1,2\n"));
    let out = folder.path("out.svg");
    for args in [
        &["plot", &good, "--out", "-"][..],
        &["plot", &good, "--out", &out, "--x", EVIL],
        &["plot", &good, "--out", &out, "--log-x"],
        &["plot", &good, "--out", "-", "--where", &format!("link.loss={EVIL}")],
        &["plot", &key, "--out", "-"],
        &["plot", &key, "--out", &out, "--y", "x"],
        &["plot", &number, "--out", &out],
        &["plot", &count, "--out", &out],
        &["plot", &json, "--out", &out],
        &["plot", &two, "--out", &out, "--x", "seed", "--by", "seed"],
        &["plot", &two, "--out", &out, "--x", "seed"],
        &["plot", &evil_name, "--out", &format!("{out}{EVIL}.svg")],
        &["merge", &evil_name, "--out", &folder.path(&format!("{EVIL}-2.csv"))],
        &["merge", &count, "--out", &out.replace(".svg", ".csv")],
        &["merge", &evil_name, &evil_name, "--out", &out.replace(".svg", ".csv")],
        &["sweep", "--vary", "seed=1", "--out", &folder.path(&format!("{EVIL}-3.csv"))],
        &["sweep", "--vary", "server.drop=0,1", "--out", &folder.path(&format!("{EVIL}-4.csv"))],
        &["sim", &toml],
        &["sim", &raw],
        &["sim", &text],
        &["sim", "--set", &format!("link.latency=@{samples}")],
        &["sim", "--set", &format!("link.latency=@{columns}")],
        &["sim", "--set", &format!("link.latency=@{columns}:x")],
    ] {
        assert_printable(&run(args));
    }
    let input = format!("message = {EVIL}\n");
    assert_printable(&run_with(&["sim", "-"], input.as_bytes()));
    let svg = std::fs::read_to_string(Path::new(&format!("{out}{EVIL}.svg"))).unwrap();
    assert!(!svg.contains(is_control), "{svg}");
}

#[test]
fn replies_are_escaped() {
    let (server, address) = socket();
    for args in [&["send", &address][..], &["send", &address, "--json"]] {
        let running = crate::common::Running::start(retrylab(args));
        let (_, client) = retry(|| server.recv_from(&mut [0; 64])).unwrap();
        server.send_to(EVIL.as_bytes(), client).unwrap();
        let finished = running.finish(std::time::Instant::now());
        assert_printable(&finished);
        assert!(finished.stdout.contains("a\\u{1b}[2J") || finished.stdout.contains("a\\u001b[2J"));
        if args.len() == 3 {
            assert_eq!(finished.object()["reply"], EVIL);
        }
    }
}

/// A value of ten megabytes is cut, and the message states its length.
#[test]
fn long_text_is_cut() {
    let folder = Folder::new("long");
    let long = "x".repeat(10_000_000);
    let out = folder.path("out.svg");
    let tables = [
        ("number.csv", table("link.loss", "x", &long, "finished")),
        ("cell.csv", table("link.loss", &long, "-1", "finished")),
        ("key.csv", table(&long, "x", "1", "finished")),
        ("json.json", format!("{{\"schema\": \"{long}\", \"rows\": []}}")),
    ];
    for (name, text) in tables {
        let path = folder.path(name);
        std::fs::write(&path, text).unwrap();
        let finished = run(&["plot", &path, "--out", &out, "--log-x", "--y", "amplification"]);
        assert_eq!(finished.code, Some(2), "{}", finished.stderr.len());
        assert!(finished.stderr.len() < 2_000, "{name}: {} bytes", finished.stderr.len());
        if name != "key.csv" {
            assert!(finished.stderr.contains("… (10000"), "{}", finished.stderr);
        }
    }
    let argument = "x".repeat(100_000);
    for args in [
        &["sim", &argument][..],
        &["sim", "--set", &argument],
        &["sim", "--set", &format!("server.drop={argument}")],
        &["sim", "--link", &format!("{argument}=1")],
        &["send", &argument],
        &["serve", "--drop", &argument],
        &["sweep", "--vary", &argument, "--dry-run"],
        &["sweep", "--out", &argument],
        &["plot", &argument, "--out", &argument],
        &["theory", "mm1k", &format!("load={argument}")],
        &[&argument],
    ] {
        let finished = run(args);
        assert!(matches!(finished.code, Some(2 | 4)), "{finished:?}");
        assert!(finished.stderr.len() < 12_000, "{} bytes", finished.stderr.len());
        assert!(finished.stderr.contains("bytes)"), "{finished:?}");
    }
}

/// A table on a terminal is escaped; in a pipe it keeps the bytes of the file.
#[test]
fn a_table_on_a_terminal_is_escaped() {
    let folder = Folder::new("terminal");
    let path = folder.path("a.csv");
    std::fs::write(&path, table("link.loss", EVIL, "1", "finished")).unwrap();
    assert!(run(&["merge", &path, "--out", "-"]).stdout.contains(EVIL));
    let mut command = std::process::Command::new("script");
    let program = env!("CARGO_BIN_EXE_retrylab");
    let line = format!("{program} merge {path} --out -");
    let Ok(output) = command.args(["-qec", &line, "/dev/null"]).output() else {
        eprintln!("skipped: a terminal needs the program `script`");
        return;
    };
    assert!(output.status.success(), "{output:?}");
    let text = String::from_utf8(output.stdout).unwrap().replace("\r\n", "\n");
    assert!(text.contains("a\\u{1b}[2J") && !text.contains(is_control), "{text}");
}
