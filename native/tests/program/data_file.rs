//! `@FILE`: latencies and arrivals that were measured.

use crate::common::{Finished, Folder, Running, assert_refused, retrylab, run};
use std::time::Instant;

fn write(folder: &Folder, name: &str, text: &str) -> String {
    let path = folder.path(name);
    std::fs::write(&path, text).unwrap();
    path
}

/// Runs the program in `folder`.
fn run_in(folder: &Folder, args: &[&str]) -> Finished {
    let mut command = retrylab(args);
    command.current_dir(folder.path(""));
    let mut running = Running::start(command);
    running.close_stdin();
    running.finish(Instant::now())
}

#[test]
fn a_scenario_file_reads_times_from_its_own_folder() {
    let folder = Folder::new("times-next-to-it");
    write(&folder, "pings.txt", "# ping's times\nms\n9\n10.5\n12\n");
    write(&folder, "log.txt", "0s\n10ms # the second\n\n2s\n");
    let toml = "exchanges = 10\ntoken = true\nserver.reply = 'mirror'\n\
        link.latency = '@pings.txt'\nworkload.arrivals = '@log.txt'\n";
    let scenario = write(&folder, "x.toml", toml);
    let object = run(&["sim", &scenario, "--json"]).object();
    assert_eq!(object["scenario"]["link"]["latency"], "table 9ms 10.5ms 12ms");
    assert_eq!(object["scenario"]["workload"]["arrivals"], "times 0s, 10ms, 2s");
    assert_eq!((&object["exchanges"], &object["answered"]), (&3.into(), &3.into()));
    // The link holds the numbers: the same run without the files.
    let again = run(&["sim", "--json", "--link", object["link"].as_str().unwrap()]).object();
    assert_eq!(again["digest"], object["digest"]);
}

#[test]
fn flags_read_files_from_where_they_are_given() {
    let folder = Folder::new("times-here");
    write(&folder, "a.txt", "5ms\n");
    write(&folder, "b.txt", "us\n7000\n8000\n");
    let set = run_in(&folder, &["sim", "--set", "server.service=@a.txt", "--json"]).object();
    assert_eq!(set["scenario"]["server"]["service"], "table 5ms");
    let path = folder.path("");
    let name = path.rsplit('/').nth(1).unwrap();
    let parent = format!("link.latency=@../{name}/a.txt,@b.txt");
    let swept = run_in(&folder, &["sweep", "--vary", &parent, "--dry-run"]);
    assert_eq!(swept.code, Some(0), "{swept:?}");
    assert!(swept.stdout.contains("table 5ms") && swept.stdout.contains("table 7ms 8ms"));
    let versus = ["sim", "--versus-set", "link.reply_latency=@b.txt", "--seeds", "2", "--json"];
    let both = run_in(&folder, &versus).object();
    assert_eq!(both["variants"][1]["scenario"]["link"]["reply_latency"], "table 7ms 8ms");
    // A text may begin with `@`.
    let message = run_in(&folder, &["sim", "--set", "message=@a.txt", "--json"]).object();
    assert_eq!(message["scenario"]["message"], "@a.txt");
}

/// The text of the table that a run uses.
fn latency(folder: &Folder, value: &str) -> String {
    let finished = run_in(folder, &["sim", "--set", &format!("link.latency={value}"), "--json"]);
    finished.object()["scenario"]["link"]["latency"].as_str().unwrap().to_string()
}

#[test]
fn files_are_read_as_programs_write_them() {
    let folder = Folder::new("times-as-written");
    let ping = "PING 192.0.2.1 (192.0.2.1) 56(84) bytes of data.\n\
        64 bytes from 192.0.2.1: icmp_seq=1 ttl=57 time=12.3 ms\n\
        64 bytes from 192.0.2.1: icmp_seq=2 ttl=57 time=9.05 ms\n\n\
        --- 192.0.2.1 ping statistics ---\n\
        2 packets transmitted, 2 received, 0% packet loss, time 1001ms\n\
        rtt min/avg/max/mdev = 9.05/10.7/12.3/1.6 ms\n";
    write(&folder, "ping.txt", ping);
    write(&folder, "cut.txt", "12.3 ms\n9.05 ms\n");
    write(&folder, "fping.txt", "192.0.2.1 : 12.3 - 9.05\n");
    write(&folder, "a:b.csv", "\u{feff}seq,rtt_ms,ttl\r\n1,12.3,57\r\n2,9.05,57\r\n3,,\r\n");
    for value in
        ["@ping.txt", "@cut.txt", "@fping.txt", "@a:b.csv", "@a:b.csv:rtt_ms", "@a:b.csv:2"]
    {
        assert_eq!(latency(&folder, value), "table 9.05ms 12.3ms", "{value}");
    }
    // A round trip is not a latency.
    let twice = run_in(&folder, &["sim", "--set", "link.latency=@ping.txt"]);
    assert!(twice.stderr.contains("link.latency is a one-way time"), "{}", twice.stderr);
    let rtt = run_in(&folder, &["sim", "--set", "link.rtt=@ping.txt", "--json"]);
    assert_eq!(rtt.object()["scenario"]["link"]["rtt"], "table 9.05ms 12.3ms");
    assert!(!rtt.stderr.contains("one-way"), "{}", rtt.stderr);
    let service = run_in(&folder, &["sim", "--set", "server.service=@ping.txt"]);
    assert!(!service.stderr.contains("one-way"), "{}", service.stderr);
}

#[test]
fn a_file_may_have_many_times() {
    let folder = Folder::new("times-many");
    let lines: Vec<String> = (0..30_000).map(|n| format!("{n} us")).collect();
    write(&folder, "many.txt", &lines.join("\n"));
    let table = latency(&folder, "@many.txt");
    assert!(table.starts_with("table 0s 1us 2us ") && table.ends_with(" 29.999ms"));
}

#[test]
fn what_cannot_be_read_is_one_sentence_with_file_line_and_key() {
    let folder = Folder::new("times-wrong");
    write(&folder, "bad.txt", "1ms\n12\n");
    write(&folder, "back.txt", "s\n2\n1\n");
    write(&folder, "two.csv", "a,b\n1ms,2ms\n");
    write(&folder, "x.toml", "seed = 1\n[link]\nlatency = '@bad.txt'\n");
    let folder_path = folder.path("");
    for (args, parts) in [
        (
            &["sim", "x.toml"][..],
            &["x.toml:3: link.latency: bad.txt:2: \"12\" is not a duration; try 12.5ms"][..],
        ),
        (
            &["sim", "--set", "workload.arrivals=@back.txt"],
            &["--set: workload.arrivals: back.txt:3: \"1\" is earlier"],
        ),
        (
            &["sim", "--set", "workload.think=@none.txt"],
            &["--set: workload.think: none.txt cannot be read: "],
        ),
        (&["sim", "--set", "link.latency=@"], &["--set: link.latency: `@` does not name a file"]),
        (
            &["sim", "--set", &format!("link.latency=@{folder_path}")],
            &["--set: link.latency: ", " cannot be read: "],
        ),
        (
            &["sim", "--versus-set", "link.latency=@bad.txt"],
            &["--versus-set: link.latency: bad.txt:2: "],
        ),
        (
            &["sweep", "--vary", "link.latency=1ms,@bad.txt", "--dry-run"],
            &["--vary: link.latency: bad.txt:2: "],
        ),
        (
            &["sim", "--set", "link.latency=@two.csv"],
            &[
                "--set: link.latency: two.csv:1: no column is named like a time; select one of a, b with",
            ],
        ),
        (
            &["sim", "--set", "link.latency=@two.csv:c"],
            &[
                "--set: link.latency: two.csv:1: the table has no column \"c\"; its columns are a, b",
            ],
        ),
        // A link may come from a stranger, so it must not read files.
        (
            &["sim", "--link", "link.latency=@bad.txt"],
            &["the address: link.latency: \"@bad.txt\" is not a distribution of times; try"],
        ),
    ] {
        assert_refused(&run_in(&folder, args), parts);
    }
    let keys = run(&["keys"]).stdout;
    assert_eq!(keys.matches("or `@FILE` with measured times").count(), 6, "{keys}");
}
