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
    // A tooltip for each of 5 x 2 medians and a title, and a band for each of the two lines.
    assert_eq!(elements.iter().filter(|name| *name == "title").count(), 11);
    assert_eq!(svg.matches("fill-opacity=\"0.18\"").count(), 2);
    for part in [
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 960 540\"",
        ">Amplification against requests dropped by the server<",
        ">amplification (sends per exchange)<",
        "Median of 13 seeds; band: 95 % confidence interval of the median.",
        ">60 %</text>",
        ">server.drop_list</text>",
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
    assert!(!svg.contains("fill-opacity=\"0.18\""), "no bands for categories");
    assert_eq!(self::elements(&svg).iter().filter(|name| *name == "title").count(), 11);
    // The dots of one of five lines in two places, and the one in the list of names.
    assert_eq!(svg.matches("<circle").count(), 2 * 13 + 1);
    assert!(svg.contains("Dots: 13 seeds; thick bar: median; whiskers: 95 %"), "{svg}");
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
        ">latency of the link (one way, ms)<",
        "a&lt;&amp;&quot;b",
        "Median of 1 to 7 seeds; band: 95 % confidence interval of the median.",
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
    assert!(picture.contains("Points are missing where most runs"), "{picture}");
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
        (&["--where", "clients=1", "--y", "sends,calls"], &["--y", "one measure"]),
        (&["--scale", "2"], &["--scale", "an SVG has no pixels"]),
        (&["--heat", "clients", "--kind", "dots"], &["--heat", "--kind dots"]),
        (
            &["--x", "clients", "--where", "link.loss=0", "--kind", "dots", "--log-x"],
            &["--log-x", "--kind dots"],
        ),
        (&["--kind", "time"], &["--kind time: ", "sim --series"]),
        (&["--interval", "1s"], &["--interval: ", "sim --series"]),
    ] {
        assert_refused(&plot(args), parts);
    }
    assert_eq!(plot(&["--where", "clients=1"]).code, Some(0));
    for (args, part) in [
        (["--interval", "soon"], "use a duration above 0"),
        (["--size", "960"], "use WIDTHxHEIGHT from 320x240"),
        (["--scale", "9"], "1..=4"),
    ] {
        let refused = plot(&args);
        assert_eq!(refused.code, Some(2));
        assert!(refused.stderr.contains(args[0]) && refused.stderr.contains(part), "{refused:?}");
    }
    let huge = plot(&["--format", "png", "--size", "4000x4000", "--scale", "4"]);
    assert_refused(&huge, &["--scale", "256000000 pixels", "at most 64000000"]);
    assert_refused(&run(&["plot", &file, "--out", "a.pdf"]), &["a.pdf", ".svg or .png"]);
    assert_refused(&run(&["plot", "a.txt", "--out", "-"]), &["a.txt", ".csv, .json or .parquet"]);
}

#[test]
fn several_values_of_a_key_can_be_selected() {
    let folder = Folder::new("where");
    let file = folder.path("a.csv");
    let presets = ["--vary", "policy.preset=textbook,grpc,coap"];
    swept(&[&["--vary", "server.drop=0,0.1,0.2"], &presets[..]].concat(), &file);
    let plot = |args: &[&str]| run(&[&["plot", &file, "--out", "-"], args].concat());
    let two = ["--where", "policy.preset=grpc", "--where", "policy.preset=coap"];
    let lines = plot(&two);
    assert!(lines.stdout.contains(">grpc<") && lines.stdout.contains(">coap<"), "{lines:?}");
    assert!(!lines.stdout.contains("textbook"), "{lines:?}");
    let dots = plot(&["--x", "policy.preset", "--where", "server.drop=0.1"]);
    assert!(dots.stdout.contains(">requests dropped by the server: 10 %<"), "{dots:?}");
    assert_refused(&plot(&["--x", "policy.preset", "--kind", "lines"]), &["--kind lines", "dots"]);
    let (first, second) = (plot(&["--format", "png"]), plot(&["--format", "png"]));
    assert!(first.stdout.contains("PNG") && first.stdout == second.stdout);
    let small: Vec<String> = (0..20).map(|n| format!("0.{n:02}")).collect();
    let many = folder.path("b.csv");
    swept(&["--vary", "clients=1,2", "--vary", &format!("server.drop={}", small.join(","))], &many);
    let narrow = run(&["plot", &many, "--size", "480x240", "--out", "-"]);
    assert_refused(&narrow, &["--size: the plot does not fit", "larger size"]);
    let heat = run(&["plot", &many, "--heat", "server.drop", "--out", "-"]);
    assert!(heat.stdout.contains("clients=2, server.drop=19 %: amplification "), "{heat:?}");
    let single = folder.path("c.csv");
    swept(&["--vary", "clients=1,2"], &single);
    let no_map = run(&["plot", &single, "--kind", "heat", "--out", "-"]);
    assert_refused(&no_map, &["--heat: ", "only one varied key"]);
}

#[test]
fn several_files_are_lines_of_one_plot() {
    let folder = Folder::new("files");
    let [one, two] = ["one.csv", "two.json"].map(|name| folder.path(name));
    swept(&["--vary", "server.drop=0,0.5"], &one);
    swept(&["--vary", "server.drop=0,0.5", "--set", "policy.max_sends=1"], &two);
    let plot = |args: &[&str]| run(&[&["plot", "--out", "-"], args].concat());
    let both = plot(&[&one, &format!("one send={two}")]);
    elements(&both.stdout);
    for part in [">one</text>", ">one send</text>", "file=one send: amplification 1, of 1<"] {
        assert!(both.stdout.contains(part), "{part}: {both:?}");
    }
    let by_file = plot(&[&one, &two, "--x", "file", "--by", "server.drop"]);
    assert!(by_file.stdout.contains("file=two, server.drop=50 %: amplification 1,"), "{by_file:?}");
    let crossed = plot(&[&one, &two, "--x", "seed", "--by", "server.drop"]);
    assert!(crossed.stdout.contains(">0.5, two</text>"), "{crossed:?}");
}

#[test]
fn series_are_lines_over_time() {
    let folder = Folder::new("series");
    let [series, table] = ["series.csv", "table.csv"].map(|name| folder.path(name));
    let rows = (0..600).map(|n| format!("{},0.1,{n},40,20,4\n", f64::from(n) / 10.0));
    let head = "from_s,interval_s,offered_per_s,offered_with_retries_per_s,goodput_per_s,begun\n";
    std::fs::write(&series, head.to_string() + &rows.collect::<String>()).unwrap();
    swept(&["--vary", "clients=1,2"], &table);
    let plot = |args: &[&str]| run(&[&["plot", "--out", "-", &series], args].concat());
    let all = plot(&[]);
    elements(&all.stdout);
    for part in [
        ">offered load</text>",
        ">offered load with retries</text>",
        ">goodput</text>",
        ">per second</text>",
        ">time (s)</text>",
        "Averages over intervals of 500 ms.",
    ] {
        assert!(all.stdout.contains(part), "{part}: {all:?}");
    }
    let one = plot(&["--y", "begun", "--interval", "6s", "--title", "Load <1>"]);
    for part in
        [">exchanges begun</text>", "Counts in intervals of 6 s.", "Load &lt;1&gt;", ">250</text>"]
    {
        assert!(one.stdout.contains(part), "{part}: {one:?}");
    }
    for (args, parts) in [
        (&["--y", "goodput_per_s,begun"][..], &["goodput_per_s and begun", "different units"][..]),
        (&["--y", "speed"], &["`speed`", "goodput_per_s"]),
        (&["--interval", "250ms"], &["250 ms is not a multiple of 100 ms"]),
        (&["--log-y", "--interval", "100ms"], &["--log-y: offered_per_s is 0"]),
        (&["--where", "clients=1"], &["--where", "time series"]),
        (&["--kind", "heat"], &["--kind", "time series"]),
        (&[&table], &["series.csv is a time series", "table.csv is not"]),
    ] {
        assert_refused(&plot(args), parts);
    }
    std::fs::write(&series, head.to_string() + "0,0.1,1,2,3,x\n").unwrap();
    assert_refused(&plot(&[]), &["line 2: begun is `x`, which is not a number"]);
    std::fs::write(&series, head).unwrap();
    assert_refused(&plot(&[]), &["has no intervals"]);
}
