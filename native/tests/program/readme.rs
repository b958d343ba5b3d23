//! Checks that the README shows what the program prints: runs every ```console block and compares the output.
//!
//! `UPDATE_README=1 cargo test -p retrylab --test program readme` updates the outputs.

use crate::common::{Running, Server, page_is_built, retrylab, run};
use std::fmt::Write;
use std::time::Instant;

pub(crate) const PATH: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md");

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

/// Starts the name server of the README on free ports; returns its address for DNS.
fn name_server(args: &[&str]) -> (Running, String) {
    let args: Vec<&str> =
        args.iter().map(|arg| if *arg == NAME_SERVER_PORT { "0" } else { arg }).collect();
    let mut running = Running::start(retrylab(&[&args, &["--json"][..]].concat()));
    let address = running.json()["dns"].as_str().unwrap().to_string();
    (running, address)
}

/// Port of the name server in the README.
const NAME_SERVER_PORT: &str = "5353";

/// Servers of the README that run while their clients are shown.
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
        // The README shows this output before `send`, which causes it.
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
fn the_readme_shows_what_the_program_prints() {
    let readme = std::fs::read_to_string(PATH).expect("the README");
    let mut fresh = String::new();
    let mut blocks = 0;
    let mut servers = Servers::default();
    let mut rest = readme.as_str();
    while let Some((before, block)) = rest.split_once("```console\n$ retrylab ") {
        let (command, block) = block.split_once('\n').expect("a command");
        let (shown, after) = block.split_once("```").expect("the block's end");
        // The README shows only the head of long outputs.
        let (program, max) = match command.split_once(" | head -n ") {
            Some((program, max)) => (program, max.parse().expect("a number of lines")),
            None => (command, usize::MAX),
        };
        let args = words(program);
        let args: Vec<&str> = args.iter().map(String::as_str).collect();
        let printed = output(&args, &mut servers);
        let printed: String = printed.split_inclusive('\n').take(max).collect();
        // A program that was built without the page reports an error; see `tests/lab.rs`.
        let absent = args[0] == "lab" && !page_is_built();
        let live = matches!(args[0], "send" | "lab");
        let same = match args[0] {
            "serve" => true,
            _ if absent => true,
            _ if live => without_numbers(&printed) == without_numbers(shown),
            _ => printed == shown,
        };
        if std::env::var_os("UPDATE_README").is_none() {
            assert!(same, "retrylab {command} prints\n{printed}and the README shows\n{shown}");
        }
        let kept = if same { shown } else { &printed };
        write!(fresh, "{before}```console\n$ retrylab {command}\n{kept}```").unwrap();
        rest = after;
        blocks += 1;
    }
    fresh += rest;
    if std::env::var_os("UPDATE_README").is_some() {
        std::fs::write(PATH, &fresh).unwrap();
    }
    assert!(blocks >= 5, "{blocks} blocks");

    check_server(servers.echo.remove(0), &fresh);
    check_name_server(servers, &fresh);
}

/// Compares the output of the first `serve` during `send`.
fn check_server(server: Server, fresh: &str) {
    let Server { mut running, .. } = server;
    let shown = fresh.split_once("$ retrylab serve ").expect("serve").1;
    let shown = shown.split_once('\n').unwrap().1.split_once("```").unwrap().0;
    for line in shown.lines() {
        let event = running.json();
        let shown = ["dropped", "answered"].iter().find(|event| line.contains(**event)).unwrap();
        assert_eq!(event["event"], *shown, "{line}");
        assert!(line.starts_with(&format!("#{}", event["number"])), "{line}: {event}");
    }
    running.signal("TERM");
    let finished = running.finish(Instant::now());
    assert_eq!(finished.stdout.lines().count(), 1, "only the summary is left: {finished:?}");
}

/// Compares the output of `serve --dns` during `lookup`.
fn check_name_server(servers: Servers, fresh: &str) {
    let (mut running, _) = servers.names.expect("the README shows serve --dns");
    for line in block(fresh, "serve 0 --dns").lines() {
        let event = running.json();
        let (query, code) = (event["query"].as_str().unwrap(), event["code"].as_str().unwrap());
        let shown = format!("dns #{} from 127.0.0.1:", event["number"]);
        assert!(line.starts_with(&shown) && line.contains(&format!("{query}: {code}")), "{event}");
    }
}

/// Returns the output that the README shows for the command that begins like this.
fn block<'a>(readme: &'a str, command: &str) -> &'a str {
    let shown = readme.split_once(&format!("$ retrylab {command}")).expect(command).1;
    shown.split_once('\n').unwrap().1.split_once("```").unwrap().0
}
