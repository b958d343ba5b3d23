//! A process that may open few files or start few threads either works or ends with one sentence.

use crate::common::{Folder, PATIENCE, Running, page_is_built, retrylab, run};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::time::{Duration, Instant};

/// A user without processes of their own: the limit on threads counts those of all processes of a user.
const USER: u32 = 54_321;

/// Returns the command under a limit of the shell, as `ulimit` sets it.
fn limited(limit: &str, args: &[&str]) -> Command {
    let program = retrylab(args);
    let mut command = Command::new("bash");
    command.args(["-c", &format!("ulimit {limit}; exec \"$0\" \"$@\"")]);
    command.arg(program.get_program()).args(program.get_args());
    command
}

/// What clients report when nobody listens.
const REFUSED: [&str; 3] =
    ["refused the datagram", "onnection refused", "no name server can be reached"];

/// Runs a command, a server until SIGTERM, and checks how it ends.
fn ends_well(mut command: Command, is_server: bool, name: &str) {
    command.stdin(std::process::Stdio::null());
    let mut running = Running::start(command);
    running.close_stdin();
    if is_server {
        std::thread::sleep(Duration::from_millis(500));
        running.signal_if_running("TERM");
    }
    let finished = running.finish(Instant::now());
    assert!(finished.took < PATIENCE);
    assert!(!finished.stderr.contains("panicked"), "{name}: {finished:?}");
    match finished.code {
        Some(0) => {}
        Some(1) => {
            let sentence = finished.stderr.lines().last().unwrap_or_default();
            let is_error = sentence.starts_with("error: ");
            // A client names the cause at the end of its exchange.
            let names_cause = sentence.starts_with("gave up after ")
                && sentence.ends_with("Too many open files (os error 24)");
            assert!(is_error || names_cause, "{name}: {finished:?}");
        }
        // Nobody listens on the port that the test sends to.
        Some(3) if REFUSED.iter().any(|words| finished.stderr.contains(words)) => {}
        Some(130) => {}
        // The signal came before the handlers were installed: the machine is busy.
        None if is_server => {}
        code => panic!("{name} ends with {code:?}: {finished:?}"),
    }
}

/// Calls `test` with every command that reads or writes something.
fn each_command(folder: &Folder, test: impl Fn(&[&str], bool) + Sync) {
    let [csv, parquet] = ["in.csv", "in.parquet"].map(|name| folder.path(name));
    for out in [&csv, &parquet] {
        let finished = run(&["sweep", "--vary", "server.drop=0,0.1", "--out", out]);
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    std::fs::write(folder.path("a.toml"), "seed = 1\n").unwrap();
    let [toml, new_csv, new_parquet, merged, svg, trace, capture, client] =
        ["a.toml", "b.csv", "b.parquet", "m.csv", "p.svg", "t.jsonl", "s.pcapng", "c.pcapng"]
            .map(|name| folder.path(name));
    let vary = "server.drop=0,0.1";
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["serve", "0"],
        vec!["serve", "localhost:0", "--json"],
        vec!["serve", "0", "--tcp", "0", "--http", "0"],
        vec!["serve", "0", "--dns", "0", "--record", "a=192.0.2.1", "--json"],
        vec!["serve", "0", "--tcp", "0", "--http", "0", "--dns", "0", "--pcapng", &capture],
        vec!["send", "127.0.0.1:9", "--tcp", "--pcapng", &client],
        vec!["http", "http://127.0.0.1:9/", "--preset", "textbook"],
        vec!["http", "http://localhost:9/", "--preset", "textbook", "--data", "-"],
        vec!["lookup", "a", "--server", "127.0.0.1:9"],
        vec!["lookup", "localhost"],
        vec!["send", "127.0.0.1:9"],
        vec!["send", "localhost:9", "-"],
        vec!["sim", &toml, "--trace", &trace],
        vec!["sim", "--seeds", "3"],
        vec!["sim", "--versus-set", "policy.preset=coap", "--seeds", "2"],
        vec!["sweep", "--vary", vary, "--overwrite", "--out", &new_csv],
        vec!["sweep", "--vary", vary, "--overwrite", "--out", &new_parquet],
        vec!["sweep", "--vary", vary, "--out", "-"],
        vec!["sweep", "--vary", vary, "--dry-run"],
        vec!["merge", &csv, "--overwrite", "--out", &merged],
        vec!["plot", &csv, "--overwrite", "--out", &svg],
        vec!["plot", &parquet, "--out", "-"],
        vec!["schedule", "--samples", "10"],
        vec!["theory"],
        vec!["keys"],
    ];
    if page_is_built() {
        commands.push(vec!["lab", "--port", "0"]);
    }
    std::thread::scope(|scope| {
        commands.iter().for_each(|args| {
            scope.spawn(|| test(args, ["serve", "lab"].contains(&args[0])));
        });
    });
}

#[test]
fn descriptors_may_run_out() {
    let folder = Folder::new("descriptors");
    // With fewer than five, the loader does not find the program's libraries.
    each_command(&folder, |args, is_server| {
        for count in 5..16 {
            let limit = format!("-n {count}");
            ends_well(limited(&limit, args), is_server, &format!("{args:?} with ulimit {limit}"));
        }
    });
}

#[test]
fn threads_may_run_out() {
    let folder = Folder::new("threads-limit");
    let mut id = Command::new("true");
    if id.uid(USER).status().is_err() {
        eprintln!("skipped: to run as another user needs the rights of root");
        return;
    }
    each_command(&folder, |args, is_server| {
        for count in 1..5 {
            let limit = format!("-u {count}");
            let mut command = limited(&limit, args);
            command.uid(USER).gid(USER).current_dir("/");
            ends_well(command, is_server, &format!("{args:?} with ulimit {limit}"));
        }
    });
}
