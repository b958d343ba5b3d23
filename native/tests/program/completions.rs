//! Completion in real shells: bash and zsh on a terminal, where a person presses TAB and Enter, and fish by its `complete`.

use crate::common::{Folder, Running, run, run_command};
use std::process::Command;

/// What is typed before TAB, and the last argument that the program gets after Enter.
const CASES: [(&str, &str); 21] = [
    ("sche", "schedule"),
    ("sim --series-i", "--series-interval"),
    ("sim --set policy.jit", "policy.jitter="),
    ("sim --set policy.jitter=dec", "policy.jitter=decorrelated"),
    ("sim --set token=t", "token=true"),
    ("sim --set policy.preset=coa", "policy.preset=coap"),
    ("sim --set link.latency=uni", "link.latency=uniform 5ms 15ms"),
    ("sim --set link.latency=10ms --versus-set server.drop_l", "server.drop_list="),
    ("sim --preset coa", "coap"),
    ("sim --preset=coa", "--preset=coap"),
    ("sim --json metast", "metastable"),
    ("sim my-sc", "my-scenario.toml"),
    ("sweep --vary policy.preset=coap,grpc-c", "policy.preset=coap,grpc-connect"),
    ("sweep --out x.csv backoff", "backoff-without-jitter"),
    ("scenarios aws", "aws-contention"),
    ("serve --set link.lo", "link.loss="),
    ("theory bern", "bernoulli"),
    ("theory bernoulli dro", "drop="),
    ("plot my.csv --y latency_p999", "latency_p999_s"),
    ("sim --assert ampl", "amplification"),
    ("keys policy.max_s", "policy.max_sends"),
];

/// A folder with the scripts and a file.
fn folder(name: &str) -> Folder {
    let folder = Folder::new(name);
    for shell in ["bash", "zsh", "fish"] {
        let script = run(&["completions", shell]);
        assert_eq!(script.code, Some(0), "{script:?}");
        std::fs::write(folder.path(shell), script.stdout).unwrap();
    }
    std::fs::write(folder.path("my-scenario.toml"), "").unwrap();
    folder
}

/// Returns a command that runs in `folder` and finds the program.
fn command(folder: &Folder, program: &str, args: &[&str]) -> Command {
    let build = std::path::Path::new(env!("CARGO_BIN_EXE_retrylab")).parent().unwrap();
    let path = format!("{}:{}", build.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new(program);
    command.args(args).current_dir(folder.path("")).env("PATH", path).env("TERM", "dumb");
    command.env("HOME", folder.path(""));
    command
}

/// A shell on a terminal of its own.
struct Terminal(Running);

impl Terminal {
    /// Starts a shell, and replaces the program by a function that shows its last argument.
    fn start(folder: &Folder, shell: &str, set_up: &str) -> Self {
        // Without these programs, the error names the one that is missing, not only socat.
        run_command(command(folder, shell.split(' ').next().unwrap(), &["-c", "true"]), b"");
        let address = format!("EXEC:{shell},pty,setsid,ctty,stderr,rawer");
        let mut running = Running::start(command(folder, "socat", &["-", &address]));
        let last = "retrylab() { shift $(($# - 1)); printf '\\n%s[%s]\\n' LAST \"$1\"; }";
        running.write(format!("PS1=\n{set_up}\n{last}\nprintf '%s\\n' REA''DY\n").as_bytes());
        while !running.line().trim_end().ends_with("READY") {}
        Self(running)
    }

    /// Types `retrylab`, `text`, TAB and Enter; returns the last argument.
    fn last_argument(&mut self, text: &str) -> String {
        self.0.write(format!("retrylab {text}\t\n").as_bytes());
        loop {
            let line = self.0.line();
            if let Some(argument) = line.trim_end().strip_prefix("LAST[") {
                return argument.strip_suffix(']').unwrap_or(argument).to_string();
            }
        }
    }
}

#[test]
fn bash_completes_what_is_typed() {
    let folder = folder("bash");
    let mut bash = Terminal::start(&folder, "bash --norc -i", ". ./bash");
    for (typed, last) in CASES {
        assert_eq!(bash.last_argument(typed), last, "{typed}");
    }
    // Inside a quote, which bash closes.
    assert_eq!(bash.last_argument("sim --set 'policy.jitter=dec"), "policy.jitter=decorrelated");
    assert_eq!(bash.last_argument("sim --set \"link.latency=uni"), "link.latency=uniform 5ms 15ms");
    // Nothing is added to what has no completion, and nothing is printed.
    assert_eq!(bash.last_argument("sim --set no.such=va"), "no.such=va");
    // A second TAB lists what is possible.
    bash.0.write(b"retrylab sim --set policy.jitter=\t\t");
    while !bash.0.line().contains("decorrelated") {}
}

#[test]
fn zsh_completes_what_is_typed() {
    let folder = folder("zsh");
    let set_up = "autoload -Uz compinit; compinit -D -u; . ./zsh";
    let mut zsh = Terminal::start(&folder, "zsh -f -i", set_up);
    for (typed, last) in CASES {
        assert_eq!(zsh.last_argument(typed), last, "{typed}");
    }
    assert_eq!(zsh.last_argument("sim --set 'policy.jitter=dec"), "policy.jitter=decorrelated");
    assert_eq!(zsh.last_argument("sim --set no.such=va"), "no.such=va");
}

#[test]
fn fish_completes_what_is_typed() {
    let folder = folder("fish");
    let typed: Vec<&str> = CASES.iter().map(|(typed, _)| *typed).collect();
    let lines = [&typed[..], &["sim --set 'policy.jitter=dec", "sim --set no.such=va"]].concat();
    let complete = |line: &&str| format!("echo; complete -C {:?}", format!("retrylab {line}"));
    let script: Vec<String> = lines.iter().map(complete).collect();
    let script = format!("source fish\n{}", script.join("\n"));
    let finished = run_command(command(&folder, "fish", &["--no-config", "-c", &script]), b"");
    assert_eq!(finished.stderr, "");
    let answers: Vec<&str> = finished.stdout.split("\n\n").map(str::trim_start).collect();
    let text = |answer: &&str| answer.split('\t').next().unwrap().trim_end().to_string();
    let found: Vec<String> = answers.iter().map(text).collect();
    let mut expected: Vec<&str> = CASES.iter().map(|(_, last)| *last).collect();
    expected.extend(["policy.jitter=decorrelated", ""]);
    assert_eq!(found, expected, "{}", finished.stdout);
}

#[test]
fn the_scripts_ask_silently() {
    for args in [
        &["complete", "zsh"][..],
        &["complete", "zsh", "retrylab", "no-such", "--help", "-x", "--set", "\u{1b}[31m="],
        &["complete", "bash", "retrylab sim --set 'a", "not the end"],
        &["complete", "bash", "", ""],
        &["complete", "fish", "retrylab", "--", "--set", ""],
    ] {
        let finished = run(args);
        assert_eq!((finished.code, &*finished.stderr), (Some(0), ""), "{args:?}");
    }
    let flags = run(&["complete", "zsh", "retrylab", "sim", "--ver"]).stdout;
    assert!(flags.lines().all(|line| line.starts_with("--versus")), "{flags}");
    assert_eq!(flags.lines().count(), 2, "{flags}");
    // After `--`, nothing is a flag.
    assert_eq!(run(&["complete", "zsh", "retrylab", "theory", "--", "--js"]).stdout, "");
}
