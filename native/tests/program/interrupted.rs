//! Ctrl-C and SIGTERM while an exchange is in progress: the program ends within a bound, says what it has done, and has
//! the documented exit code. `streams` and `names` test that of servers.

use crate::common::{Folder, Running, retrylab, socket};
use std::net::TcpListener;
use std::time::{Duration, Instant};

/// More than the end takes on a busy machine, and less than the exchange.
const BOUND: Duration = Duration::from_secs(10);

#[test]
fn clients_end_with_their_outcome() {
    let folder = Folder::new("interrupted");
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let tcp = silent.local_addr().unwrap().to_string();
    let (_silent, udp) = socket();
    let url = format!("http://{tcp}/");
    let commands: [&[&str]; 4] = [
        &["http", &url, "--preset", "coap"],
        &["lookup", "a.example", "--server", &udp, "--preset", "coap"],
        &["send", &tcp, "--tcp", "--preset", "coap"],
        &["send", &tcp, "--tcp", "--preset", "coap", "--count", "3"],
    ];
    for args in commands {
        for signal in ["INT", "TERM"] {
            let path = folder.path("run.pcapng");
            let mut running =
                Running::start(retrylab(&[args, &["--json", "--pcapng", &path]].concat()));
            // The capture begins with the exchange.
            let begun = Instant::now();
            while std::fs::metadata(&path).map_or(0, |file| file.len()) < 300 {
                assert!(begun.elapsed() < BOUND, "{args:?} sends nothing");
                std::thread::sleep(Duration::from_millis(10));
            }
            running.close_stdin();
            running.signal(signal);
            let finished = running.finish(Instant::now());
            assert_eq!(finished.code, Some(130), "{args:?}: {finished:?}");
            assert!(finished.took < BOUND, "{args:?}: {finished:?}");
            let objects = finished.json();
            assert_eq!(objects[0]["outcome"], "interrupted", "{args:?}: {finished:?}");
            assert!(finished.stderr.contains("interrupted"), "{args:?}: {finished:?}");
            if args.contains(&"--count") {
                assert_eq!(objects[1]["event"], "summary", "{finished:?}");
            }
            std::fs::remove_file(&path).unwrap();
        }
    }
}
