//! The configuration file: which defaults it may have, and when they yield.

use crate::common::{Finished, Folder, assert_refused, retrylab, run, run_command};

/// Runs the program with this configuration.
fn configured(folder: &Folder, config: &str, args: &[&str]) -> Finished {
    std::fs::write(folder.path("config.toml"), config).unwrap();
    let mut command = retrylab(args);
    command.env("RETRYLAB_CONFIG", folder.path("config.toml"));
    run_command(command, b"")
}

#[test]
fn defaults_are_those_of_the_file_and_flags_win() {
    let folder = Folder::new("config");
    let config =
        "[sim]\njson = true\nseeds = 7\nthreads = 1\n[schedule]\nshow = 3\n[send]\ncount = 2\n";
    let seeds = |args: &[&str]| {
        let object = configured(&folder, config, args).object();
        object["seeds"]
            .as_array()
            .map(Vec::len)
            .or_else(|| object["seeds"]["count"].as_u64().map(|n| n as usize))
    };
    assert_eq!(seeds(&["sim"]), Some(7));
    assert_eq!(seeds(&["sim", "--seeds", "3"]), Some(3));
    // The flags are before or after, and other subcommands have tables of their own.
    assert_eq!(
        configured(&folder, config, &["schedule"]).stdout,
        run(&["schedule", "--show", "3"]).stdout
    );
    for args in [&["--no-config", "sim"][..], &["sim", "--no-config"]] {
        assert_eq!(configured(&folder, config, args).stdout, run(&["sim"]).stdout);
    }
    assert_eq!(configured(&folder, "", &["sim"]).stdout, run(&["sim"]).stdout);
    let off = configured(&folder, "[sim]\njson = false\n", &["sim"]);
    assert_eq!(off.stdout, run(&["sim"]).stdout);
}

#[test]
fn defaults_yield_to_flags_that_exclude_them() {
    let folder = Folder::new("config-yields");
    // A ladder excludes several seeds, and without them there is no need for threads.
    let config = "[sim]\nthreads = 2\nseeds = 7\n";
    let ladder = configured(&folder, config, &["sim", "--ladder"]);
    assert_eq!((ladder.code, ladder.stdout), (Some(0), run(&["sim", "--ladder"]).stdout));
    // Threads need seeds, which are on a later line.
    let one = configured(&folder, config, &["sim"]);
    assert!(one.stderr.contains("7 runs in") && one.stderr.contains("on 2 threads"), "{one:?}");
    let alone = configured(&folder, "[sim]\nthreads = 2\n", &["sim"]);
    assert_eq!((alone.code, alone.stdout), (Some(0), run(&["sim"]).stdout));
}

#[test]
fn what_is_wrong_is_named_with_its_line() {
    let folder = Folder::new("config-wrong");
    for (config, sentence) in [
        (
            "\n[sim]\nseed = 7\n",
            ":3: seed belongs to the scenario, and the same command must give the same run",
        ),
        ("[sim]\npreset = \"coap\"\n", ":2: preset belongs to the scenario"),
        ("[sim]\nset = \"server.drop=1\"\n", ":2: set belongs to the scenario"),
        ("[sim]\nserver.drop = 0.5\n", ":2: server belongs to the scenario"),
        ("[server]\ndrop = 0.5\n", ":1: server belongs to the scenario"),
        ("[serve]\ndrop = 0.5\n", ":2: drop belongs to the scenario"),
        ("[send]\ninitial_timeout = \"1s\"\n", ":2: initial_timeout belongs to the scenario"),
        ("[sweep]\nvary = \"a=1\"\n", ":2: vary belongs to the scenario"),
        ("\n[sin]\n", ":2: \"sin\" is not a subcommand; did you mean [sim]?"),
        ("[sim]\njsn = true\n", ":2: \"jsn\" is not a flag of `sim`; did you mean json?"),
        ("[sim]\nno_config = true\n", ":2: \"no_config\" is not a flag of `sim`"),
        ("[sim]\njson = 1\n", ":2: json has no value; write true or false"),
        ("[sim]\nseeds = [1]\n", ":2: seeds must be a text or a number"),
        (
            "[sim]\n\nseeds = 0\n",
            ":3: invalid value '0' for '--seeds <N>': it is not a whole number from 1",
        ),
        ("sim = 3\n", ":1: sim must be a table; write [sim]"),
        ("[sim\n", ":1: this is not TOML"),
        ("[sim]\n\"\\u001b[2J\" = 1\n", ":2: \"\\u{1b}[2J\" is not a flag of `sim`"),
    ] {
        let finished = configured(&folder, config, &["sim"]);
        assert_refused(&finished, &["the configuration ", "config.toml", sentence]);
        // Whatever the command.
        assert_eq!(configured(&folder, config, &["config"]).stderr, finished.stderr);
    }
    for (name, reason) in [("missing.toml", "No such file"), ("", "Is a directory")] {
        let mut command = retrylab(&["sim"]);
        command.env("RETRYLAB_CONFIG", folder.path(name));
        assert_refused(&run_command(command, b""), &[name, "cannot be read: ", reason]);
    }
    // Help, the version and completions do not need it.
    for args in [&["--version"][..], &["sim", "--help"], &["complete", "zsh", "retrylab", "s"]] {
        let finished = configured(&folder, "[sin]\n", args);
        assert_eq!((finished.code, &*finished.stderr), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn the_file_and_its_settings_are_shown() {
    let folder = Folder::new("config-shown");
    let path = folder.path("config.toml");
    let config = "[sim]\nseeds = 7\njson = true\n[lab]\nport = 8_061\n";
    let shown = configured(&folder, config, &["config"]).stdout;
    let lines = "retrylab sim --seeds 7\nretrylab sim --json\nretrylab lab --port 8061\n";
    assert_eq!(shown, format!("file: {path}\n{lines}"));
    let object = configured(&folder, config, &["config", "--json"]).object();
    assert_eq!((&object["file"], &object["exists"]), (&path.into(), &true.into()));
    assert_eq!(object["settings"][1]["flag"], "--json");
    assert_eq!(object["settings"][2]["value"], "8061");
    assert_eq!(run(&["config"]).stdout, "file: none\n");

    // The usual places.
    let usual = |name: &str, value: &str| {
        let mut command = retrylab(&["config"]);
        command.env_remove("RETRYLAB_CONFIG").env_remove("XDG_CONFIG_HOME").env(name, value);
        run_command(command, b"").stdout
    };
    let missing = "retrylab/config.toml (does not exist)";
    assert_eq!(usual("XDG_CONFIG_HOME", "/no/such"), format!("file: /no/such/{missing}\n"));
    assert_eq!(usual("HOME", "/no/home"), format!("file: /no/home/.config/{missing}\n"));
}
