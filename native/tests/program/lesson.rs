//! Runs each command of the guide's section "The lesson, command by command".

use crate::common::{Folder, Running, free_port, retrylab, run_command};
use crate::docs::{read, words};
use std::net::TcpListener;
use std::process::Command;
use std::time::Instant;

/// Returns a port that is free for UDP and TCP.
fn port() -> String {
    loop {
        let port = free_port();
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port.to_string();
        }
    }
}

#[test]
fn every_command_runs() {
    let guide = read("classroom.md");
    let section = guide.split_once("## The lesson, command by command").expect("the section").1;
    let script = section.split_once("```sh\n").unwrap().1.split_once("```").unwrap().0;
    let folder = Folder::new("lesson");
    let ports = ["1060", "1061", "1062", "8080", "5353"].map(|shown| (shown, port()));
    let (mut servers, mut paragraphs, mut clients) = (Vec::new(), 0, 0);
    for line in script.lines().filter(|line| !line.is_empty()) {
        if line.starts_with('#') {
            paragraphs += 1;
            continue;
        }
        let mut line = line.replace("SERVER", "127.0.0.1");
        // Placeholders first: a port that is inserted may contain one that the guide shows.
        for (place, (shown, _)) in ports.iter().enumerate() {
            line = line.replace(shown, &format!("<port {place}>"));
        }
        for (place, (_, port)) in ports.iter().enumerate() {
            line = line.replace(&format!("<port {place}>"), port);
        }
        let words = words(&line);
        let args: Vec<&str> = words[1..].iter().map(String::as_str).collect();
        let mut command = if words[0] == "retrylab" {
            retrylab(&args)
        } else {
            let mut other = Command::new(&words[0]);
            other.args(&args);
            other
        };
        command.current_dir(folder.path(""));
        if args[0] == "serve" {
            command.arg("--json");
            let mut server = Running::start(command);
            assert_eq!(server.json()["event"], "listening", "{line}");
            servers.push(server);
            continue;
        }
        let finished = run_command(command, b"");
        let refused = line.ends_with(&ports[2].1);
        assert_eq!(finished.code, Some(if refused { 3 } else { 0 }), "{line}: {finished:?}");
        assert!(refused || !finished.stdout.is_empty(), "{line}: {finished:?}");
        clients += 1;
    }
    assert_eq!((paragraphs, servers.len()), (8, 2));
    assert!(clients >= 12, "{clients}");
    for server in servers {
        server.signal("TERM");
        let finished = server.finish(Instant::now());
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
}
