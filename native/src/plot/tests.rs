//! Draws plots of many shapes and sizes, and looks where their texts are.

use super::Args;
use super::input::Content;
use super::scene::{Place, Scene, Shape, Text};
use clap::Parser;
use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

#[derive(Parser)]
struct Command {
    #[command(flatten)]
    args: Args,
}

/// A file in the folder for temporary files, removed at the end.
struct File(PathBuf);

impl File {
    fn new(name: &str, text: &str) -> Self {
        let path = std::env::temp_dir().join(format!("retrylab-{}-{name}", std::process::id()));
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// Draws `file` with more arguments; `None` if the page is too small.
fn draw(file: &File, more: &[&str]) -> Option<Scene> {
    let path = file.0.to_str().unwrap();
    let args = Command::parse_from([&["plot", path, "--out", "-"], more].concat()).args;
    let content = Content::read(&args).unwrap_or_else(|error| panic!("{more:?}: {error}"));
    content.draw(&args.page(), (args.log_x, args.log_y)).ok()
}

/// Returns results of `seeds` seeds for `xs` and for lines.
fn results(xs: &[&str], lines: &[String], seeds: u32, y: impl Fn(u32, u32, u32) -> f64) -> String {
    let mut out = "point,server.drop,policy.preset,seed,gave_up_share,points,sweep\n".to_string();
    for (x, text) in (0..).zip(xs) {
        for (line, name) in (0..).zip(lines) {
            for seed in 0..seeds {
                let _ = writeln!(out, "0,{text},{name},{seed},{:?},9,ab", y(x, line, seed));
            }
        }
    }
    out
}

fn texts(scene: &Scene) -> Vec<&Text> {
    let shapes = scene.shapes.iter();
    shapes
        .filter_map(|shape| if let Shape::Text(text) = shape { Some(text) } else { None })
        .collect()
}

/// Returns whether two boxes overlap: no side of one separates them.
fn overlap(a: &[Place; 4], b: &[Place; 4]) -> bool {
    let sides = [a, b].into_iter().flat_map(|corners| {
        [(corners[0], corners[1]), (corners[1], corners[2])]
            .map(|(from, to)| (to.0 - from.0, to.1 - from.1))
    });
    for (x, y) in sides {
        let along = |corners: &[Place; 4]| {
            let all = corners.map(|corner| corner.0 * x + corner.1 * y);
            let low = all.into_iter().fold(f64::INFINITY, f64::min);
            (low, all.into_iter().fold(f64::NEG_INFINITY, f64::max))
        };
        let (a, b) = (along(a), along(b));
        if a.1 <= b.0 || b.1 <= a.0 {
            return false;
        }
    }
    true
}

/// Checks that the texts are within the picture and do not overlap.
fn check(scene: &Scene, what: &str) {
    let texts: Vec<_> = texts(scene).into_iter().map(|text| (&text.text, text.corners())).collect();
    for (at, (text, corners)) in texts.iter().enumerate() {
        for (x, y) in corners {
            let within = (0.0..=scene.width).contains(x) && (0.0..=scene.height).contains(y);
            assert!(within, "{what}: {text:?} is at {corners:?}");
        }
        for (other, others) in &texts[..at] {
            assert!(!overlap(corners, others), "{what}: {text:?} is over {other:?}");
        }
    }
    for shape in &scene.shapes {
        let places = match shape {
            Shape::Area { corners, .. } => corners.as_slice(),
            Shape::Line { points, .. } => points.as_slice(),
            Shape::Dot { at, .. } => std::slice::from_ref(at),
            Shape::Text(_) => &[],
        };
        let within =
            |(x, y): &Place| (0.0..=scene.width).contains(x) && (0.0..=scene.height).contains(y);
        assert!(places.iter().all(within), "{what}: {shape:?}");
    }
}

const SIZES: [&str; 5] = ["320x240", "480x900", "800x450", "1600x900", "4000x300"];

#[test]
fn texts_of_lines_and_dots_do_not_overlap() {
    let mut drawn = 0;
    for count in [1, 3, 9, 24] {
        let xs = ["0", "0.1", "0.2", "0.5", "0.9"];
        let names: Vec<String> =
            (0..count).map(|n| format!("policy-{n}{}", "-long".repeat(4 - n % 5))).collect();
        let together = results(&xs, &names, 7, |x, _, seed| f64::from(x * 10 + seed) / 100.0);
        let apart = results(&xs, &names, 7, |x, line, seed| f64::from(x * line + seed) / 200.0);
        for (at, table) in [together, apart].into_iter().enumerate() {
            let file = File::new(&format!("{count}-{at}.csv"), &table);
            for size in SIZES {
                for more in [
                    &["--by", "policy.preset"][..],
                    &["--by", "policy.preset", "--kind", "dots", "--title", ""],
                    &["--x", "policy.preset", "--by", "server.drop", "--theme", "dark"],
                    &[
                        "--heat",
                        "policy.preset",
                        "--caption",
                        "What we saw on that day. ".repeat(9).as_str(),
                    ],
                    &[
                        "--x",
                        "policy.preset",
                        "--heat",
                        "server.drop",
                        "--title",
                        "Long ".repeat(40).as_str(),
                    ],
                ] {
                    let flags = ["--y", "gave_up_share", "--size", size];
                    let flags = [&flags[..], more].concat();
                    if let Some(scene) = draw(&file, &flags) {
                        check(&scene, &format!("{count} {at} {flags:?}"));
                        drawn += 1;
                    } else {
                        assert!(
                            ["320x240", "4000x300"].contains(&size) || count > 16,
                            "{count} {flags:?}"
                        );
                    }
                }
            }
        }
    }
    assert!(drawn > 140, "{drawn}");
}

#[test]
fn texts_of_time_series_do_not_overlap() {
    let mut table =
        "from_s,interval_s,offered_per_s,offered_with_retries_per_s,goodput_per_s,begun\n"
            .to_string();
    for n in 0..5_000_u32 {
        let (a, b) = (n % 97, if n > 1_000 { 300 } else { 0 });
        let _ = writeln!(table, "{},0.1,{a},{},{},7", f64::from(n) / 10.0, a + b, a / 2);
    }
    let file = File::new("series.csv", &table);
    for size in SIZES {
        for more in [&[][..], &["--y", "begun", "--log-y"], &["--interval", "100ms", "--log-x"]] {
            let flags = [&["--size", size], more].concat();
            let scene = draw(&file, &flags).unwrap_or_else(|| panic!("{flags:?}"));
            check(&scene, &format!("{flags:?}"));
        }
    }
}

/// A share never leaves 0 to 1, and a count is never negative, whatever the results are.
#[test]
fn axes_show_only_possible_numbers() {
    let file = File::new(
        "bounds.csv",
        &results(&["0", "1"], &["a".to_string()], 1, |x, _, _| f64::from(x)),
    );
    let scene = draw(&file, &["--y", "gave_up_share"]).unwrap();
    let labels: Vec<&str> = texts(&scene).iter().map(|text| text.text.as_str()).collect();
    assert!(labels.contains(&"0 %") && labels.contains(&"100 %"), "{labels:?}");
    assert!(
        !labels.iter().any(|label| label.contains("110") || label.starts_with('-')),
        "{labels:?}"
    );
    let one = File::new("one.csv", &results(&["0", "1"], &["a".to_string()], 9, |_, _, _| 1.0));
    let scene = draw(&one, &["--y", "gave_up_share"]).unwrap();
    let labels: Vec<&str> = texts(&scene).iter().map(|text| text.text.as_str()).collect();
    assert!(
        labels.contains(&"100 %") && !labels.iter().any(|text| text.starts_with("1.")),
        "{labels:?}"
    );
}
