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
            assert!(sentence.starts_with("error: "), "{name}: {finished:?}");
        }
        // Nobody listens on the port that the test sends to.
        Some(3) if finished.stderr.contains("refused the datagram") => {}
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
    let [toml, new_csv, new_parquet, merged, svg, trace] =
        ["a.toml", "b.csv", "b.parquet", "m.csv", "p.svg", "t.jsonl"].map(|name| folder.path(name));
    let vary = "server.drop=0,0.1";
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["serve", "0"],
        vec!["serve", "localhost:0", "--json"],
        vec!["send", "127.0.0.1:9"],
        vec!["send", "localhost:9", "-"],
        vec!["sim", &toml, "--trace", &trace],
        vec!["sim", "--seeds", "3"],
        vec!["sim", "--versus-set", "policy.preset=coap", "--seeds", "2"],
        vec!["sweep", "--vary", vary, "--out", &new_csv],
        vec!["sweep", "--vary", vary, "--out", &new_parquet],
        vec!["sweep", "--vary", vary, "--out", "-"],
        vec!["sweep", "--vary", vary, "--dry-run"],
        vec!["merge", &csv, "--out", &merged],
        vec!["plot", &csv, "--out", &svg],
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
