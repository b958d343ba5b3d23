//! `retrylab plot` as scripts see it.

use crate::common::{Folder, assert_refused, run};

/// Sweeps into `out`.
fn swept(args: &[&str], out: &str) {
    let finished = run(&[&["sweep"], args, &["--out", out]].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
}

/// Returns the names of the elements in order, each end tag after its start tag.
fn elements(svg: &str) -> Vec<String> {
    let (mut open, mut all) = (Vec::new(), Vec::new());
    let mut rest = svg;
    while let Some((text, tag)) = rest.split_once('<') {
        assert!(!text.contains('>'), "{text}");
        for entity in text.split('&').skip(1) {
            let name = entity.split_once(';').expect("an entity's end").0;
            assert!(["amp", "lt", "gt", "quot"].contains(&name), "{name}");
        }
        let (tag, after) = tag.split_once('>').expect("a tag's end");
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        let name: String = tag.chars().take_while(|c| !" />".contains(*c)).collect();
        if let Some(end) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(end), "{tag}");
        } else {
            all.push(name.clone());
            if !tag.ends_with('/') {
                open.push(name);
            }
        }
        rest = after;
    }
    assert!(open.is_empty() && rest.trim().is_empty(), "{open:?}");
    all
}

#[test]
fn plots_are_pictures_of_the_medians() {
    let folder = Folder::new("plot");
    let mut pictures = Vec::new();
    for form in ["csv", "json", "parquet"] {
        let file = folder.path(&format!("a.{form}"));
        let drop = ["--set", "exchanges=40", "--vary", "server.drop=0..0.6/0.15"];
        let list = ["--vary", "server.drop_list=;1,3", "--seeds", "13"];
        swept(&[&drop[..], &list].concat(), &file);
        let picture = run(&["plot", &file, "--out", "-"]);
        assert_eq!(picture.code, Some(0), "{picture:?}");
        pictures.push(picture.stdout);
    }
    assert!(pictures.iter().all(|picture| *picture == pictures[0]), "the form does not show");
    let svg = &pictures[0];
    let elements = elements(svg);
    // A point for each of 5 x 2 medians, a line and a band for each of the two.
    assert_eq!(elements.iter().filter(|name| *name == "circle").count(), 10);
    assert_eq!(svg.matches("class=\"band").count(), 2);
    for part in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 500\"",
        "prefers-color-scheme: dark",
        "amplification over server.drop, by server.drop_list",
        "medians of 13 runs, with 95 % confidence intervals",
        ">0.6</text>",
        ">1,3</text>",
        "server.drop=0, server.drop_list=none: amplification 1, 1 to 1, of 13",
    ] {
        assert!(svg.contains(part), "{part} is not in {svg}");
    }
    let file = folder.path("a.csv");
    let out = folder.path("a.svg");
    let more = ["--x", "server.drop_list", "--by", "server.drop", "--y", "gave_up_share"];
    let categories = run(&[&["plot", &file, "--out", &out], &more[..]].concat());
    assert_eq!((categories.code, categories.stdout.as_str()), (Some(0), ""));
    let svg = std::fs::read_to_string(&out).unwrap();
    assert!(!svg.contains("class=\"band"), "error bars for categories");
    assert_eq!(self::elements(&svg).iter().filter(|name| *name == "circle").count(), 10);
}

/// Of seven numbers, the interval of the median is from the first to the last: it is outside of them in one of 64
/// cases.
#[test]
fn a_plot_shows_its_numbers() {
    let folder = Folder::new("numbers");
    let file = folder.path("a.csv");
    let sends = [4, 5, 9, 8, 6, 2, 7];
    let row = |(n, sends): (usize, &i32)| format!("{n},20ms,a<&\"b,{n},{sends},9,ab\n");
    let rows = "point,link.latency,message,seed,sends,points,sweep\n".to_string()
        + &sends.iter().enumerate().map(row).collect::<String>()
        + "7,1ms,a<&\"b,1,7,9,ab\n8,1ms,a<&\"b,2,,9,ab\n";
    std::fs::write(&file, rows.replace("a<&\"b", "\"a<&\"\"b\"")).unwrap();
    let plot =
        |more: &[&str]| run(&[&["plot", &file, "--out", "-", "--y", "sends"], more].concat());
    let picture = plot(&[]);
    assert_eq!(picture.code, Some(0), "{picture:?}");
    elements(&picture.stdout);
    for part in [
        "link.latency (ms)",
        "a&lt;&amp;&quot;b",
        "medians of 1 to 7 runs, with 95 % confidence intervals",
    ] {
        assert!(picture.stdout.contains(part), "{part}: {picture:?}");
    }
    assert!(picture.stdout.contains(": sends 7, of 1<"), "{picture:?}");
    assert!(picture.stdout.contains(": sends 6, 2 to 9, of 7<"), "{picture:?}");
    assert_eq!(plot(&["--log-x", "--log-y"]).code, Some(0));
}

/// The 99th percentile of all exchanges is longer than any in runs in which one of 20 gives up: in most runs at a drop of
/// 0.6, in no run at 0.
#[test]
fn a_plot_counts_latencies_without_a_reply() {
    let folder = Folder::new("unanswered");
    let file = folder.path("a.csv");
    let drop = ["--vary", "server.drop=0,0.02,0.6", "--set", "policy.max_sends=2", "--seeds", "9"];
    swept(&[&drop[..], &["--set", "exchanges=20"]].concat(), &file);
    let picture = run(&["plot", &file, "--y", "all_p99_s", "--out", "-"]).stdout;
    assert_eq!(picture.matches("<circle").count(), 2, "{picture}");
    assert!(picture.contains("server.drop=0: all_p99_s 0.02, 0.02 to 0.02, of 9"), "{picture}");
    assert!(picture.contains("server.drop=0.02: all_p99_s 0."), "{picture}");
    assert!(!picture.contains("server.drop=0.6: "), "{picture}");
    let file = folder.path("b.csv");
    swept(&["--vary", "server.drop=1", "--seeds", "9"], &file);
    let nothing = run(&["plot", &file, "--y", "latency_p50_s", "--out", "-"]);
    assert_refused(&nothing, &["nothing to draw: latency_p50_s has no value in the median run"]);
}

#[test]
fn impossible_plots_are_refused() {
    let folder = Folder::new("no-plot");
    let file = folder.path("a.csv");
    let three =
        ["--vary", "server.drop=0,0.1", "--vary", "link.loss=0,0.1", "--vary", "clients=1,2"];
    swept(&three, &file);
    let plot = |args: &[&str]| run(&[&["plot", &file, "--out", "-"], args].concat());
    for (args, parts) in [
        (&["--x", "policy.preset"][..], &["--x", "policy.preset", "server.drop, link.loss"][..]),
        (&["--y", "speed"], &["--y", "`speed`", "amplification"]),
        (&["--y", "digest"], &["digest", "not a number"]),
        (&["--by", "server.drop"], &["--x and --by are both server.drop"]),
        (&[], &["clients varies too (1, 2)", "--where clients=VALUE"]),
        (&["--where", "clients=7"], &["matches --where"]),
        (&["--where", "clients"], &["\"clients\"", "key=value"]),
        (&["--where", "clients=1", "--log-x"], &["--log-x: server.drop is 0"]),
        (&["--where", "clients=1", "--log-y", "--y", "gave_up"], &["--log-y: gave_up is 0"]),
    ] {
        assert_refused(&plot(args), parts);
    }
    assert_eq!(plot(&["--where", "clients=1"]).code, Some(0));
    assert_refused(&run(&["plot", &file, "--out", "a.png"]), &["a.png", ".svg"]);
    assert_refused(&run(&["plot", "a.txt", "--out", "-"]), &["a.txt", ".csv, .json or .parquet"]);
}
