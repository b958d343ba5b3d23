//! Shared by the tests: runs the real program under a deadline and always kills it at the end.

#![allow(dead_code, reason = "each test binary uses a part of it")]

pub(crate) mod forged;
#[cfg(target_os = "linux")]
pub(crate) mod namespace;

use serde_json::Value;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::UdpSocket;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Deadline of every test run, even on a slow machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A running program. It is killed at the end of the test, even if the test fails.
pub(crate) struct Running {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Receiver<String>,
    stderr: Receiver<String>,
}

/// The result of a finished program.
#[derive(Debug)]
pub(crate) struct Finished {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
    pub(crate) took: Duration,
}

impl Finished {
    /// Returns the lines of stdout as JSON. Every line must be JSON.
    pub(crate) fn json(&self) -> Vec<Value> {
        let parse = |line: &str| {
            serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
        };
        self.stdout.lines().map(parse).collect()
    }

    /// Returns the JSON objects of the exchanges of `send`, without the summary.
    pub(crate) fn exchanges(&self) -> Vec<Value> {
        self.json().into_iter().filter(|object| object["event"] != "summary").collect()
    }

    /// Returns the single JSON object on stdout.
    pub(crate) fn object(&self) -> Value {
        let mut objects = self.json();
        assert_eq!(objects.len(), 1, "{self:?}");
        objects.remove(0)
    }
}

/// Returns a command for `retrylab` with these arguments.
pub(crate) fn retrylab(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_retrylab"));
    command.args(args).env_remove("NO_COLOR").env_remove("CLICOLOR_FORCE");
    // Not the configuration of whoever runs the tests.
    command.env("RETRYLAB_CONFIG", "");
    command
}

/// Runs `retrylab` to its end.
pub(crate) fn run(args: &[&str]) -> Finished {
    run_with(args, b"")
}

/// Runs `retrylab` with `input` on stdin to its end.
pub(crate) fn run_with(args: &[&str], input: &[u8]) -> Finished {
    run_command(retrylab(args), input)
}

/// Runs `command` with `input` on stdin to its end.
pub(crate) fn run_command(command: Command, input: &[u8]) -> Finished {
    let begun = Instant::now();
    let mut running = Running::start(command);
    running.write(input);
    running.close_stdin();
    running.finish(begun)
}

/// Runs tshark on a capture, with checks of all checksums; returns what it prints.
pub(crate) fn tshark(path: &str, args: &[&str]) -> String {
    let mut command = Command::new("tshark");
    command.args(["-n", "-r", path]);
    for protocol in ["ip", "tcp", "udp"] {
        command.args(["-o", &format!("{protocol}.check_checksum:TRUE")]);
    }
    command.args(args);
    let finished = run_command(command, b"");
    assert_eq!(finished.code, Some(0), "{finished:?}");
    finished.stdout
}

impl Running {
    /// Starts `command` with pipes for stdin, stdout and stderr.
    ///
    /// # Panics
    /// If the program is missing. The message explains how to install it.
    pub(crate) fn start(mut command: Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // In its own process group, ncat's children end with it.
        command.process_group(0);
        let program = command.get_program().to_string_lossy().into_owned();
        let mut child = command.spawn().unwrap_or_else(|error| {
            panic!(
                "{program} does not start ({error}); `cargo xtask test` installs the programs that the \
                 tests need"
            )
        });
        let stdout = lines(child.stdout.take().unwrap());
        let stderr = lines(child.stderr.take().unwrap());
        Self { stdin: child.stdin.take(), child, stdout, stderr }
    }

    pub(crate) fn write(&mut self, input: &[u8]) {
        if let Some(stdin) = &mut self.stdin {
            // A program may ignore its stdin.
            let _ = stdin.write_all(input).and_then(|()| stdin.flush());
        }
    }

    pub(crate) fn close_stdin(&mut self) {
        self.stdin = None;
    }

    /// Returns the next line of stdout, with its line end if it has one.
    pub(crate) fn line(&mut self) -> String {
        self.stdout.recv_timeout(PATIENCE).expect("a line on stdout")
    }

    /// Returns the next line of stdout as JSON.
    pub(crate) fn json(&mut self) -> Value {
        let line = self.line();
        serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"))
    }

    /// Returns the next line of stderr.
    pub(crate) fn narration(&mut self) -> String {
        self.stderr.recv_timeout(PATIENCE).expect("a line on stderr")
    }

    /// Returns the number of the process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns the processor time that the program has used so far.
    #[cfg(target_os = "linux")]
    pub(crate) fn processor_time(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        // The name of the program comes first, in brackets. Then proc_pid_stat(5) counts from field 3.
        let fields: Vec<&str> = stat.rsplit(')').next().unwrap().split_whitespace().collect();
        let ticks = |field: usize| fields[field - 3].parse::<u64>().unwrap();
        // A tick is 10 ms, whatever the kernel uses itself.
        Duration::from_millis(10 * (ticks(14) + ticks(15)))
    }

    /// Sends a signal by its name: `INT`, `TERM`.
    pub(crate) fn signal(&self, name: &str) {
        let pid = self.child.id().to_string();
        let status = Command::new("kill").args([&format!("-{name}"), &pid]).status();
        assert!(status.expect("kill runs").success());
    }

    /// Sends a signal to a program that may have ended by itself.
    pub(crate) fn signal_if_running(&self, name: &str) {
        let pid = self.child.id().to_string();
        let _ = Command::new("kill").args(["-s", name, &pid]).stderr(Stdio::null()).status();
    }

    /// Waits until the program ends.
    pub(crate) fn finish(mut self, begun: Instant) -> Finished {
        let status = self.wait();
        let took = begun.elapsed();
        let rest = |lines: &Receiver<String>| lines.iter().collect::<String>();
        let (stdout, stderr) = (rest(&self.stdout), rest(&self.stderr));
        Finished { code: status.code(), stdout, stderr, took }
    }

    fn wait(&mut self) -> ExitStatus {
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if let Some(status) = self.child.try_wait().expect("the exit status of the program") {
                return status;
            }
            std::thread::sleep(Duration::from_millis(1));
        }
        panic!("the program runs for longer than {PATIENCE:?}");
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let group = format!("-{}", self.child.id());
        let mut kill = Command::new("kill");
        let _ = kill.args(["-KILL", "--", &group]).stderr(Stdio::null()).status();
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Reads lines on a separate thread, so that no pipe fills up. The last line may have no line end.
fn lines(pipe: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        let mut pipe = BufReader::new(pipe);
        loop {
            let mut bytes = Vec::new();
            match pipe.read_until(b'\n', &mut bytes) {
                Ok(0) | Err(_) => return,
                Ok(_) => {
                    let _ = sender.send(String::from_utf8_lossy(&bytes).into_owned());
                }
            }
        }
    });
    receiver
}

/// `retrylab serve` on a free port of the loopback.
pub(crate) struct Server {
    pub(crate) running: Running,
    pub(crate) address: String,
    pub(crate) port: u16,
}

impl Server {
    /// Starts `retrylab serve 0 --json` with more arguments, and waits until it listens.
    pub(crate) fn start(args: &[&str]) -> Self {
        Self::start_at("0", args)
    }

    /// Like `start`, with an address.
    pub(crate) fn start_at(address: &str, args: &[&str]) -> Self {
        Self::listening(Running::start(retrylab(&[&["serve", address, "--json"], args].concat())))
    }

    /// Waits until the server that was started with `--json` listens.
    pub(crate) fn listening(mut running: Running) -> Self {
        let listening = running.json();
        assert_eq!(listening["event"], "listening");
        let address = listening["addr"].as_str().unwrap().to_string();
        let port = u16::try_from(listening["port"].as_u64().unwrap()).unwrap();
        Self { running, address, port }
    }

    /// Ends it with SIGTERM; returns the rest of its output, the summary last.
    pub(crate) fn stop(self) -> Vec<Value> {
        self.running.signal("TERM");
        let finished = self.running.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
        assert!(!finished.stderr.contains("cannot write"), "{finished:?}");
        finished.json()
    }
}

/// Returns a new socket on the loopback interface.
pub(crate) fn socket() -> (UdpSocket, String) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let address = socket.local_addr().unwrap().to_string();
    (socket, address)
}

/// Repeats a call on a socket until it is not interrupted. Linux interrupts a call with a timeout when a process that was
/// stopped continues.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

/// Returns true if the program was built with the page.
pub(crate) fn page_is_built() -> bool {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../www/packed/index.html.gz")).exists()
}

/// Returns a port of the loopback where nobody listens.
///
/// It is below the range from which the system takes ports for clients (32768 and above on Linux):
/// no client of another test can take it before the caller does.
pub(crate) fn free_port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let first = u16::try_from(std::process::id() % 10_000).unwrap();
    (0..10_000)
        .map(|_| 20_000 + (first + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000)
        .find(|&port| UdpSocket::bind(("127.0.0.1", port)).is_ok())
        .expect("a free port")
}

/// Tries a measurement up to three times: the machine may be busy for a moment, but a wrong program fails
/// each time.
pub(crate) fn within_three_tries(measure: impl Fn() -> Result<(), String>) {
    let mut failures = Vec::new();
    for _ in 0..3 {
        match measure() {
            Ok(()) => return,
            Err(failure) => failures.push(failure),
        }
    }
    panic!("three tries: {failures:#?}");
}

/// Starts a server that mirrors the first datagram only after the second one, which it mirrors as well; returns its
/// thread and its address.
pub(crate) fn late_mirror() -> (JoinHandle<()>, String) {
    let (server, address) = socket();
    let answering = std::thread::spawn(move || {
        let mut buf = [0; 64];
        let (len, client) = retry(|| server.recv_from(&mut buf)).unwrap();
        let late = buf[..len].to_vec();
        // The first send of the second exchange shows that the first exchange is over.
        let (len, _) = retry(|| server.recv_from(&mut buf)).unwrap();
        server.send_to(&late, client).unwrap();
        server.send_to(&buf[..len], client).unwrap();
    });
    (answering, address)
}

/// Returns true if the times are within 5 ms of the expected ones.
pub(crate) fn close(times: &[f64], expected: &[f64]) -> Result<(), String> {
    let far = |(time, expected): (&f64, &f64)| (time - expected).abs() > 0.005;
    if times.len() != expected.len() || times.iter().zip(expected).any(far) {
        return Err(format!("{times:?} instead of {expected:?}"));
    }
    Ok(())
}

/// Returns the numbers of a JSON array.
pub(crate) fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|number| number.as_f64().unwrap()).collect()
}

/// A folder for this test only, removed at its end.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new(name: &str) -> Self {
        let name = format!("retrylab-{}-{name}", std::process::id());
        let path = std::env::temp_dir().join(name);
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    pub(crate) fn path(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_string()
    }

    pub(crate) fn names(&self) -> Vec<String> {
        let entries = std::fs::read_dir(&self.0).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// Asserts that the command was refused with one sentence that contains these parts.
pub(crate) fn assert_refused(finished: &Finished, parts: &[&str]) {
    assert_eq!(finished.code, Some(2), "{finished:?}");
    assert_eq!(finished.stdout, "");
    assert_eq!(finished.stderr.trim_end().lines().count(), 1, "one sentence: {finished:?}");
    for part in parts {
        assert!(finished.stderr.contains(part), "{part} is not in {finished:?}");
    }
}
