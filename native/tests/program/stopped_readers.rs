//! A reader that stops reading freezes no command: servers go on answering, and every command ends soon after a
//! signal.

use crate::common::{
    Folder, PATIENCE, Server, free_port, page_is_built, retry, retrylab, run, socket,
    within_three_tries,
};
use serde_json::Value;
use std::io::{BufRead, BufReader, PipeReader, Write};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// The capacity of a pipe on Linux.
const PIPE: usize = 1 << 16;

/// Returns a full pipe that nobody reads.
fn full_pipe() -> (PipeReader, Stdio) {
    let (reader, mut writer) = std::io::pipe().unwrap();
    writer.write_all(&[b'x'; PIPE]).unwrap();
    (reader, writer.into())
}

/// A running program that is killed at the end of the test.
struct Killed(Child);

impl Killed {
    fn signal(&self, name: &str) {
        let pid = self.0.id().to_string();
        // The program may have ended by itself.
        let _ = Command::new("kill").args(["-s", name, &pid]).stderr(Stdio::null()).status();
    }

    /// Waits until it ends; `None` if it does not.
    fn try_wait(&mut self) -> Option<ExitStatus> {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.0.try_wait().unwrap() {
                return Some(status);
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        None
    }

    fn wait(&mut self) -> ExitStatus {
        self.try_wait().expect("the program ends")
    }
}

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Starts a command with full pipes for stdout, stderr or both, sends it a signal, and checks that it ends within
/// a second.
fn ends_within_a_second(args: &[&str], full: (bool, bool), signal: &str) -> Result<(), String> {
    let (_stdout, out) = if full.0 { full_pipe() } else { no_pipe() };
    let (_stderr, err) = if full.1 { full_pipe() } else { no_pipe() };
    let mut command = retrylab(args);
    command.stdin(Stdio::piped()).stdout(out).stderr(err);
    let mut program = Killed(command.spawn().unwrap());
    std::thread::sleep(Duration::from_millis(300));
    program.signal(signal);
    let begun = Instant::now();
    let mut words = format!("{args:?} with full pipes {full:?} after {signal}");
    let status = program.try_wait().ok_or_else(|| format!("{words}: it does not end"))?;
    let took = begun.elapsed();
    words += &format!(": {status}, {took:?}");
    // `None`: the signal has its default action.
    assert!(matches!(status.code(), None | Some(0 | 1 | 130)), "{words}");
    if took > Duration::from_secs(1) { Err(words) } else { Ok(()) }
}

/// Returns whether programs that this process starts ignore a signal, as below `nohup`.
fn is_ignored(number: u32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    mask.is_some_and(|mask| mask >> (number - 1) & 1 == 1)
}

fn no_pipe() -> (PipeReader, Stdio) {
    (std::io::pipe().unwrap().0, Stdio::null())
}

#[test]
fn every_command_ends_soon_after_a_signal_whatever_its_pipes_do() {
    let folder = Folder::new("stopped-readers");
    let table = folder.path("a.csv");
    let sweep = run(&["sweep", "--vary", "server.drop=0..0.5/0.001", "--out", &table]);
    assert_eq!(sweep.code, Some(0), "{sweep:?}");
    let server = Server::start(&["-q"]);
    let (_silent, nobody) = socket();
    let out = folder.path("b.csv");
    let many = ["sweep", "--set", "exchanges=1000000", "--seeds", "1000", "--out", &out];
    let mut commands: Vec<Vec<&str>> = vec![
        vec!["serve", "0"],
        vec!["serve", "0", "--json"],
        vec!["send", &server.address, "--count", "10000000"],
        vec!["send", &server.address, "--count", "10000000", "--json", "--ladder"],
        vec!["send", &nobody, "--ladder", "--give-up-above", "none"],
        vec!["send", "127.0.0.1", "-"],
        vec!["sim", "--set", "exchanges=1000000000"],
        vec!["sim", "--set", "exchanges=1000000", "--trace", "-"],
        vec!["sim", "--set", "exchanges=1000000", "--ladder", "--json"],
        vec!["sim", "--seeds", "20", "--each"],
        vec!["sim", "textbook", "--versus-set", "policy.preset=coap", "--seeds", "100000"],
        vec!["sweep", "--vary", "server.drop=0..0.5/0.0001", "--out", "-"],
        many.to_vec(),
        vec!["merge", &table, "--out", "-"],
        vec!["plot", &table, "--out", "-"],
        vec!["schedule"],
        vec!["presets"],
        vec!["scenarios"],
        vec!["keys", "--json"],
        vec!["theory"],
        vec!["completions", "bash"],
        vec!["--help"],
    ];
    if page_is_built() {
        commands.push(vec!["lab", "--port", "0"]);
    }
    for args in &commands {
        let signals = [("INT", 2), ("TERM", 15), ("HUP", 1)].into_iter();
        let each = signals.filter(|(_, number)| !is_ignored(*number)).flat_map(|(name, _)| {
            [(true, false), (false, true), (true, true)].map(|full| (full, name))
        });
        std::thread::scope(|scope| {
            for (full, signal) in each {
                scope.spawn(move || {
                    within_three_tries(|| ends_within_a_second(args, full, signal));
                });
            }
        });
    }
}

/// Starts `retrylab serve` with a full pipe as its log; returns it with its port and the pipe.
fn serve_into_full_pipe(args: &[&str]) -> (Killed, String, PipeReader) {
    let address = format!("127.0.0.1:{}", free_port());
    let (reader, out) = full_pipe();
    let mut command = retrylab(&[&["serve", &address], args].concat());
    let mut program = Killed(command.stdout(out).stderr(Stdio::piped()).spawn().unwrap());
    let mut narration = BufReader::new(program.0.stderr.take().unwrap());
    let mut line = String::new();
    narration.read_line(&mut line).unwrap();
    assert!(line.starts_with("listening on"), "{line}");
    program.0.stderr = Some(narration.into_inner());
    (program, address, reader)
}

/// The log holds more lines than its pipe and its queue, nobody reads it, and each request is answered. When the
/// reader reads again, the log and its summary account for every datagram.
#[test]
fn a_server_answers_while_nobody_reads_its_log() {
    let (mut program, address, reader) = serve_into_full_pipe(&["--json"]);
    let (client, _) = socket();
    let sent = 20_000;
    for _ in 0..sent {
        client.send_to(b"hello", &address).unwrap();
        retry(|| client.recv(&mut [0; 64])).expect("an answer");
    }
    let mut lines = BufReader::new(reader).lines().map(Result::unwrap);
    let mut logged = 0;
    let mut left_out = 0;
    let mut count = |line: &str| {
        let line: Value = serde_json::from_str(line.trim_start_matches('x')).unwrap();
        match line["event"].as_str().unwrap() {
            "answered" => logged += 1,
            "left_out" => left_out += line["lines"].as_u64().unwrap(),
            "listening" => {}
            "summary" => {
                assert_eq!(
                    (&line["datagrams"], &line["answered"]),
                    (&(sent + 1).into(), &(sent + 1).into())
                );
                assert_eq!(line["log_lines_left_out"], left_out, "{line}");
                return true;
            }
            other => panic!("{other}"),
        }
        false
    };
    // The first lines free the queue for one more request's line, with the note before it.
    for line in lines.by_ref().take(5_000) {
        assert!(!count(&line));
    }
    client.send_to(b"hello", &address).unwrap();
    retry(|| client.recv(&mut [0; 64])).expect("an answer");
    program.signal("TERM");
    assert!(lines.any(|line| count(&line)), "a summary");
    assert_eq!(program.wait().code(), Some(0));
    assert!(left_out > 0, "{logged} lines fit into the queue");
    assert_eq!(logged + left_out, sent + 1);
}

/// The summary goes to stderr if stdout does not take it, and that is a failure.
#[test]
fn a_summary_that_nobody_reads_is_reported() {
    let (mut program, _, _reader) = serve_into_full_pipe(&[]);
    program.signal("TERM");
    let status = program.wait();
    let narration = std::io::read_to_string(program.0.stderr.take().unwrap()).unwrap();
    assert_eq!(status.code(), Some(1), "{narration}");
    assert!(narration.contains("0 datagrams in "), "{narration}");
    assert!(
        narration.contains("cannot write stdout: its reader has stopped reading"),
        "{narration}"
    );
}

/// A client continues with its exchanges after its reader has stopped, and then ends at a signal.
#[test]
fn a_client_goes_on_while_nobody_reads_its_results() {
    let (server, address) = socket();
    let (_stdout, out) = full_pipe();
    let (_stderr, err) = full_pipe();
    let args = ["send", &address, "--count", "100000000", "--json"];
    let mut program = Killed(retrylab(&args).stdout(out).stderr(err).spawn().unwrap());
    // The queue of the results holds fewer than that.
    for _ in 0..10_000 {
        let (_, client) = retry(|| server.recv_from(&mut [0; 64])).unwrap();
        server.send_to(b"answer", client).unwrap();
    }
    program.signal("INT");
    assert_eq!(program.wait().code(), Some(130));
}

/// `nohup` makes a program ignore SIGHUP, and it still does.
#[test]
fn a_program_started_with_nohup_ignores_the_hang_up() {
    let mut command = Command::new("nohup");
    command.arg(env!("CARGO_BIN_EXE_retrylab")).args(["serve", "0", "--json"]);
    let mut program = Killed(command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap());
    let mut lines = BufReader::new(program.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    assert!(lines.next().unwrap().contains("listening"));
    program.signal("HUP");
    std::thread::sleep(Duration::from_millis(300));
    assert!(program.0.try_wait().unwrap().is_none(), "it still runs");
    program.signal("TERM");
    assert!(lines.next().unwrap().contains("summary"));
    assert_eq!(program.wait().code(), Some(0));
}
