//! Pictures of plots, compared with those in `tests/golden`. `UPDATE_GOLDEN=1` writes them.

use crate::common::{Folder, run};
use miniz_oxide::inflate::decompress_to_vec_zlib;
use std::fs;
use std::path::Path;

/// Largest mean difference of a colour, of 255. Another processor may round the edges of lines in another way.
const MAX_MEAN: f64 = 0.05;

/// Largest share of pixels that may differ visibly.
const MAX_SHARE: f64 = 0.001;

struct Picture {
    width: usize,
    height: usize,
    /// Red, green and blue, row by row.
    pixels: Vec<u8>,
}

/// Reads a PNG as the program writes it: 8 bits per colour, no filters.
fn decode(bytes: &[u8]) -> Picture {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n").expect("a PNG");
    let (mut size, mut packed) = ((0, 0), Vec::new());
    while !rest.is_empty() {
        let number = |at: usize| u32::from_be_bytes(rest[at..at + 4].try_into().unwrap()) as usize;
        let (length, name) = (number(0), &rest[4..8]);
        let data = &rest[8..8 + length];
        match name {
            b"IHDR" => {
                size = (number(8), number(12));
                assert_eq!(data[8..], [8, 2, 0, 0, 0]);
            }
            b"IDAT" => packed.extend_from_slice(data),
            _ => assert_eq!(name, b"IEND"),
        }
        rest = &rest[12 + length..];
    }
    let (width, height) = size;
    let rows = decompress_to_vec_zlib(&packed).expect("a zlib stream");
    assert_eq!(rows.len(), height * (1 + 3 * width));
    let rows = rows.chunks(1 + 3 * width);
    let pixels = rows.flat_map(|row| {
        assert_eq!(row[0], 0, "a row's filter");
        &row[1..]
    });
    Picture { width, height, pixels: pixels.copied().collect() }
}

/// Compares the plot of `files` with the golden one.
fn compare(folder: &Folder, name: &str, args: &[&str]) {
    let out = folder.path(&format!("{name}.png"));
    let drawn = run(&[&["plot"], args, &["--size", "480x300", "--out", &out]].concat());
    assert_eq!(drawn.code, Some(0), "{drawn:?}");
    let bytes = fs::read(&out).unwrap();
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.png"));
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        fs::write(&golden, &bytes).unwrap();
    }
    let expected = fs::read(&golden).expect("UPDATE_GOLDEN=1 writes the golden pictures");
    let (found, expected) = (decode(&bytes), decode(&expected));
    assert_eq!((found.width, found.height), (expected.width, expected.height), "{name}");
    let differences: Vec<u8> =
        found.pixels.iter().zip(&expected.pixels).map(|(a, b)| a.abs_diff(*b)).collect();
    let sum: u64 = differences.iter().map(|difference| u64::from(*difference)).sum();
    let mean = sum as f64 / differences.len() as f64;
    let visible = differences.chunks(3).filter(|pixel| pixel.iter().any(|part| *part > 32)).count();
    let share = visible as f64 / (found.width * found.height) as f64;
    if mean > MAX_MEAN || share > MAX_SHARE {
        let kept = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{name}.png"));
        fs::write(&kept, &bytes).unwrap();
        panic!("{name}: mean {mean}, share {share}: see {}", kept.display());
    }
}

#[test]
fn plots_of_sweeps_look_like_the_golden_ones() {
    let folder = Folder::new("golden");
    let file = folder.path("a.csv");
    let vary = ["--vary", "server.drop=0..0.8/0.2", "--vary", "policy.preset=textbook,grpc,coap"];
    let more = ["--set", "exchanges=20", "--seeds", "7", "--out", &file];
    assert_eq!(run(&[&["sweep", "textbook"], &vary[..], &more].concat()).code, Some(0));
    let share = ["--y", "gave_up_share"];
    compare(&folder, "lines", &[&[file.as_str()], &share[..]].concat());
    let latency = ["--y", "latency_p99_s", "--log-y", "--theme", "dark"];
    compare(&folder, "lines-log", &[&[file.as_str()], &latency[..]].concat());
    let dots = ["--x", "policy.preset", "--where", "server.drop=0.4", "--where", "server.drop=0.8"];
    compare(&folder, "dots", &[&[file.as_str()], &dots[..]].concat());
    let heat = ["--heat", "policy.preset", "--title", "Who gave up?"];
    compare(&folder, "heat", &[&[file.as_str()], &share[..], &heat].concat());
}

#[test]
fn plots_over_time_look_like_the_golden_ones() {
    let folder = Folder::new("golden-time");
    let (storm, budget) = (folder.path("storm.csv"), folder.path("budget.csv"));
    for (scenario, file) in [("metastable", &storm), ("budget-saves-the-day", &budget)] {
        assert_eq!(run(&["sim", scenario, "--series", file]).code, Some(0));
    }
    compare(&folder, "time", &[&storm]);
    let [named, other] = [format!("no budget={storm}"), format!("retry budget={budget}")];
    compare(&folder, "time-files", &[&named, &other, "--interval", "5s", "--theme", "dark"]);
}
