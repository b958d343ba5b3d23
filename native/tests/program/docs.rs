//! Checks that the README and the guide show what the program prints: runs every ```console block and compares the
//! output.
//!
//! `UPDATE_DOCS=1 cargo test -p retrylab --test program docs` updates the outputs.

use crate::common::{Running, Server, page_is_built, retrylab, run};
use retrylab_core::trace::Cause;
use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Instant;

const ROOT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/..");

/// Returns the README and the files of the guide.
fn files() -> Vec<PathBuf> {
    let root = Path::new(ROOT);
    let guide = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
    let texts = guide.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let mut files: Vec<PathBuf> = texts.collect();
    files.sort();
    files.insert(0, root.join("README.md"));
    files
}

/// Returns the text of a file of the guide.
pub(crate) fn read(name: &str) -> String {
    fs::read_to_string(Path::new(ROOT).join("docs").join(name)).unwrap()
}

/// Splits the command of a block at spaces outside quotes.
pub(crate) fn words(command: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in command.chars() {
        match c {
            '\'' => quoted = !quoted,
            ' ' if !quoted => words.push(String::new()),
            c => words.last_mut().unwrap().push(c),
        }
    }
    words
}

/// Starts the name server of the guide on free ports; returns its address for DNS.
fn name_server(args: &[&str]) -> (Running, String) {
    let args: Vec<&str> =
        args.iter().map(|arg| if *arg == NAME_SERVER_PORT { "0" } else { arg }).collect();
    let mut running = Running::start(retrylab(&[&args, &["--json"][..]].concat()));
    let address = running.json()["dns"].as_str().unwrap().to_string();
    (running, address)
}

/// Port of the name server in the guide.
const NAME_SERVER_PORT: &str = "5353";

/// Servers of a file that run while their clients are shown.
#[derive(Default)]
struct Servers {
    echo: Vec<Server>,
    names: Option<(Running, String)>,
}

/// Returns what the program prints on stdout. Servers are stopped after the output that is shown.
fn output(args: &[&str], servers: &mut Servers) -> String {
    match args {
        ["serve", ..] if args.contains(&"--dns") => {
            servers.names = Some(name_server(args));
            String::new()
        }
        ["lookup", name, "--server", _] => {
            let (_, address) = servers.names.as_ref().expect("serve --dns comes before lookup");
            run(&["lookup", name, "--server", address]).stdout
        }
        // The text shows this output before `send`, which causes it.
        ["serve", rest @ ..] => {
            servers.echo.push(Server::start_at("0", rest));
            String::new()
        }
        ["send", "127.0.0.1", rest @ ..] => {
            let address = &servers.echo.last().expect("serve comes before send").address;
            run(&[&["send", address], rest].concat()).stdout
        }
        ["http", url, rest @ ..] => {
            let mut serve = Running::start(retrylab(&["serve", "0", "--http", "0", "--json"]));
            let listening = serve.json();
            let address = listening["http"].as_str().expect("the address of the server");
            let url = url.replace("localhost:8080", address);
            let body = run(&[&["http", &url], rest].concat()).stdout;
            // Where the terminal ends the line.
            if body.ends_with('\n') { body } else { body + "\n" }
        }
        ["lab", ..] if !page_is_built() => String::new(),
        ["lab", rest @ ..] => {
            let mut lab = Running::start(retrylab(&[&["lab", "--port", "0"], rest].concat()));
            lab.line()
        }
        _ => {
            let finished = run(args);
            assert_eq!(finished.code, Some(0), "{args:?}: {finished:?}");
            finished.stdout
        }
    }
}

/// Replaces numbers, which differ in each run on real sockets.
fn without_numbers(text: &str) -> String {
    let mut out = String::new();
    let mut number = false;
    for c in text.chars() {
        let digit = c.is_ascii_digit() || number && c == '.';
        if !digit {
            out.push(c);
        } else if !number {
            out.push('N');
        }
        number = digit;
    }
    out
}

#[test]
fn the_docs_show_what_the_program_prints() {
    let mut blocks = 0;
    let update = std::env::var_os("UPDATE_DOCS").is_some();
    for path in files() {
        let text = fs::read_to_string(&path).unwrap();
        let mut servers = Servers::default();
        let fresh = fresh(&text, &mut servers, |command, shown, printed| {
            let path = path.display();
            assert!(update, "{path}: retrylab {command} prints\n{printed}and not\n{shown}");
        });
        blocks += text.matches(BLOCK).count();
        if update {
            fs::write(&path, &fresh).unwrap();
        }
        if !servers.echo.is_empty() {
            check_server(servers.echo.remove(0), &fresh);
        }
        if let Some((running, _)) = servers.names.take() {
            check_name_server(running, &fresh);
        }
    }
    assert!(blocks >= 20, "{blocks} blocks");
}

/// The start of a block that is checked.
const BLOCK: &str = "```console\n$ retrylab ";

/// Returns `text` with what its commands print now, and reports each block that differs.
fn fresh(text: &str, servers: &mut Servers, differs: impl Fn(&str, &str, &str)) -> String {
    let mut fresh = String::new();
    let mut rest = text;
    while let Some((before, block)) = rest.split_once(BLOCK) {
        let (command, block) = block.split_once('\n').expect("a command");
        let (shown, after) = block.split_once("```").expect("the block's end");
        // Only the head of long outputs is shown.
        let (program, max) = match command.split_once(" | head -n ") {
            Some((program, max)) => (program, max.parse().expect("a number of lines")),
            None => (command, usize::MAX),
        };
        let args = words(program);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let printed = output(&args, servers);
        let printed: String = printed.split_inclusive('\n').take(max).collect();
        let same = match args[0] {
            "serve" => true,
            // A program that was built without the page reports an error; see `tests/lab.rs`.
            "lab" if !page_is_built() => true,
            "send" | "lab" => without_numbers(&printed) == without_numbers(shown),
            _ => printed == shown,
        };
        if !same {
            differs(command, shown, &printed);
        }
        let kept = if same { shown } else { &printed };
        write!(fresh, "{before}{BLOCK}{command}\n{kept}```").unwrap();
        rest = after;
    }
    fresh + rest
}

/// Compares the output of the first `serve` during `send`, if it is shown.
fn check_server(server: Server, fresh: &str) {
    let Server { mut running, .. } = server;
    let shown = block(fresh, "serve ");
    for line in shown.lines() {
        let event = running.json();
        let shown = ["dropped", "answered"].iter().find(|event| line.contains(**event)).unwrap();
        assert_eq!(event["event"], *shown, "{line}");
        assert!(line.starts_with(&format!("#{}", event["number"])), "{line}: {event}");
        if let Some(name) = event["cause"].as_str() {
            let cause = Cause::ALL.iter().find(|cause| cause.name() == name).expect(name);
            assert!(line.ends_with(&format!(": {cause}")), "{line}: {event}");
        }
    }
    running.signal("TERM");
    let finished = running.finish(Instant::now());
    let all = shown.is_empty() || finished.stdout.lines().count() == 1;
    assert!(all, "only the summary is left: {finished:?}");
}

/// Compares the output of `serve --dns` during `lookup`.
fn check_name_server(mut running: Running, fresh: &str) {
    for line in block(fresh, "serve 0 --dns").lines() {
        let event = running.json();
        let (query, code) = (event["query"].as_str().unwrap(), event["code"].as_str().unwrap());
        let shown = format!("dns #{} from 127.0.0.1:", event["number"]);
        assert!(line.starts_with(&shown) && line.contains(&format!("{query}: {code}")), "{event}");
    }
}

/// Returns the output that is shown for the command that begins like this.
fn block<'a>(text: &'a str, command: &str) -> &'a str {
    let shown = text.split_once(&format!("$ retrylab {command}")).expect(command).1;
    shown.split_once('\n').unwrap().1.split_once("```").unwrap().0
}
