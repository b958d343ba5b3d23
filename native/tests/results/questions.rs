//! Runs the commands of `docs/questions.md`, and compares the pictures of the guide and the README with what they draw.
//!
//! `UPDATE_DOCS=1 cargo test --release -p retrylab --test results questions` draws the pictures again.

use crate::common::{Folder, Server, retrylab};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Maximum number of commands of an answer.
const MAX_COMMANDS: usize = 2;

/// A question of the guide, with the commands that answer it.
struct Question {
    title: String,
    commands: Vec<String>,
}

fn docs() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs")
}

fn questions() -> Vec<Question> {
    let text = fs::read_to_string(docs().join("questions.md")).unwrap();
    let question = |section: &str| {
        let (title, body) = section.split_once('\n').unwrap();
        let blocks = body.split("```sh\n").skip(1).map(|block| block.split_once("```").unwrap().0);
        let script = blocks.collect::<String>().replace("\\\n", " ");
        let commands = script.lines().map(ToString::to_string).collect();
        Question { title: title.to_string(), commands }
    };
    text.split("\n## ").skip(1).map(question).collect()
}

/// Runs a command line in a shell, in which `retrylab` is the tested program. `I` is the number of the shard.
#[track_caller]
fn succeed(line: &str, folder: &Folder, shard: u32) -> String {
    let program = retrylab(&[]).get_program().to_owned();
    let path = Path::new(&program).parent().unwrap().to_str().unwrap();
    let mut shell = Command::new("sh");
    shell.args(["-c", line]).current_dir(folder.path(""));
    shell.env("PATH", format!("{path}:{}", std::env::var("PATH").unwrap()));
    shell.env("I", shard.to_string()).env("RETRYLAB_CONFIG", "");
    let output = shell.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (stdout, stderr) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "{line}: {}\n{stdout}{stderr}", output.status);
    stdout
}

#[test]
fn two_commands_are_enough_for_each_question() {
    let questions = questions();
    assert_eq!(questions.len(), 10);
    for Question { title, commands } in &questions {
        let folder = Folder::new("question");
        assert!((1..=MAX_COMMANDS).contains(&commands.len()), "{title}: {commands:?}");
        let mut server: Option<Server> = None;
        for line in commands {
            assert!(line.starts_with("retrylab "), "{title}: {line}");
            if let Some(flags) = line.strip_prefix("retrylab serve ") {
                server = Some(Server::start_at("0", &flags.split(' ').collect::<Vec<_>>()));
                continue;
            }
            let mut line = line.clone();
            if let Some(server) = &server {
                // The worst exchange decides the exit code.
                line = line.replace("127.0.0.1", &server.address) + "; test $? -le 1";
            }
            let shards = if line.contains("$I") { 2 } else { 1 };
            let outputs: Vec<String> =
                (1..=shards).map(|shard| succeed(&line, &folder, shard)).collect();
            check(title, &outputs.concat(), &folder);
        }
        if title.contains("melt down") {
            compare(
                "goodput",
                "load.csv --x workload.rate --by variant --y goodput_per_s",
                &folder,
            );
        } else if title.contains("fleet") {
            compare("fleet", "fleet.csv --y offered_with_retries_per_s", &folder);
        }
    }
}

/// Checks that an output has what the text says.
fn check(title: &str, output: &str, folder: &Folder) {
    let expected: &[&str] = match title {
        _ if title.contains("99.99") => &["p99.99 "],
        _ if title.contains("fleet") && !output.is_empty() => {
            &["simulated_s ", "peak_sends_per_s "]
        }
        _ if title.contains("colleague") => &["gave up after", "address  "],
        _ if title.contains("Pinger") => &["10 exchanges, "],
        _ if title.contains("honestly") => &["no retries answers ", "retry budget answers "],
        _ => &[],
    };
    for part in expected {
        assert!(output.contains(part), "{title}: no {part:?} in {output}");
    }
    if title.contains("CI") {
        let report = fs::read_to_string(folder.path("retries.xml")).unwrap();
        assert!(report.contains("tests=\"1\" failures=\"0\""), "{report}");
    }
}

/// Compares the pictures of the guide in both themes with the plot of these results.
fn compare(name: &str, args: &str, folder: &Folder) {
    for theme in ["light", "dark"] {
        let file = format!("{name}-{theme}.svg");
        succeed(&format!("retrylab plot {args} --theme {theme} --out {file}"), folder, 1);
        let drawn = fs::read_to_string(folder.path(&file)).unwrap();
        let kept = docs().join(&file);
        if std::env::var_os("UPDATE_DOCS").is_some() {
            fs::write(&kept, &drawn).unwrap();
        }
        let kept = fs::read_to_string(&kept).unwrap_or_default();
        assert!(
            drawn == kept,
            "docs/{file} is not what the commands draw; see the top of this test's file"
        );
    }
}
