//! Tables as other programs write and read them.

use super::{With, lines, swept};
use crate::common::{Folder, assert_refused, run};
use serde_json::Value;

/// A file whose rows or columns another program has moved.
#[test]
fn a_file_in_another_order_is_named() {
    let folder = Folder::new("order");
    let (file, other, out) = (folder.path("a.csv"), folder.path("b.csv"), folder.path("all.csv"));
    let write = |file: &str, points: &[u32]| {
        let rows: String = points.iter().map(|point| format!("{point},0,1,5,6,ab\n")).collect();
        std::fs::write(file, format!("point,server.drop,seed,sends,points,sweep\n{rows}")).unwrap();
    };
    for (points, more, part) in [
        (
            &[0, 2, 1, 3, 4, 5][..],
            &[][..],
            "a.csv: point 1 comes after point 2; sort the rows by point",
        ),
        (&[5, 4, 3, 2, 1, 0], &[], "a.csv: point 4 comes after point 5"),
        (&[1, 2, 3, 4, 5, 0], &[], "a.csv: point 0 comes after point 5"),
        (&[0, 4, 2], &[1, 3, 5], "a.csv: point 2 comes after point 4"),
        (&[0, 2, 4], &[5, 3, 1], "b.csv: point 3 comes after point 5"),
        (&[0, 2, 2, 4], &[1, 3, 5], "a.csv has point 2 twice"),
        // Sorted as text.
        (&[0, 2, 4], &[1, 3], "point 5 of 6 is missing"),
    ] {
        write(&file, points);
        write(&other, more);
        let files: &[&str] = if more.is_empty() { &[&file] } else { &[&file, &other] };
        assert_refused(&run(&[&["merge", "--out", &out], files].concat()), &[part]);
    }
    let columns = "seed,point,sends,points,sweep\n1,0,5,1,ab\n";
    std::fs::write(&file, columns).unwrap();
    assert_refused(&run(&["merge", "--out", &out, &file]), &["its first column is not point"]);
}

/// Spreadsheets put a byte order mark before the text, and quote names.
#[test]
fn a_byte_order_mark_is_skipped() {
    let folder = Folder::new("mark");
    for form in ["csv", "json"] {
        let whole = swept(&["--vary", "server.drop=0,0.5"], &folder.path("a").with(form));
        let marked = folder.path("b").with(form);
        std::fs::write(&marked, [b"\xEF\xBB\xBF", &whole[..]].concat()).unwrap();
        let merged = folder.path("c").with(form);
        assert_eq!(run(&["merge", "--out", &merged, &marked]).code, Some(0));
        assert!(std::fs::read(&merged).unwrap() == whole, "{form}");
        let plot = run(&["plot", &marked, "--y", "sends", "--out", "-"]);
        assert_eq!(plot.code, Some(0), "{plot:?}");
    }
    let toml = folder.path("a.toml");
    std::fs::write(&toml, "\u{feff}exchanges = 7\n").unwrap();
    assert_eq!(run(&["sim", &toml, "--json"]).object()["exchanges"], 7);
}

/// The types that other programs find in a CSV file are those of JSON and Parquet.
#[test]
fn a_csv_file_shows_its_types() {
    let args = ["--vary", "link.latency=0s,12ms", "--vary", "server.queue=none,5", "--vary"];
    let args = [&args[..], &["server.drop=0,1", "--vary", "token=false,true"]].concat();
    let folder = Folder::new("types");
    let table = swept(&args, &folder.path("a.csv"));
    let rows = lines(&table);
    assert_eq!(
        rows[0][..6],
        ["point", "link.latency_s", "server.queue", "server.drop", "token", "seed"]
    );
    assert_eq!(rows[1][..6], ["0", "0.0", "", "0.0", "false", "1"]);
    assert_eq!(rows[16][..6], ["15", "0.012", "5", "1.0", "true", "1"]);
    for row in &rows[1..] {
        let share = row[rows[0].iter().position(|name| *name == "gave_up_share").unwrap()];
        assert!(["0.0", "1.0"].contains(&share), "{share}");
        assert!(row.last().unwrap().starts_with('x'), "{row:?}");
    }
    let json: Value = serde_json::from_slice(&swept(&args, &folder.path("a.json"))).unwrap();
    let row = &json["rows"][15];
    assert_eq!((&row["link.latency_s"], &row["server.queue"]), (&0.012.into(), &5.into()));
    assert_eq!((&row["server.drop"], &row["token"]), (&1.0.into(), &true.into()));
    assert_eq!(json["rows"][0]["server.queue"], Value::Null);
    assert_eq!(json["columns"][1]["name"], "link.latency_s");
    // The key without its unit, and a duration.
    let file = folder.path("a.csv");
    let only =
        ["--where", "link.latency=12ms", "--where", "server.queue=none", "--where", "token=true"];
    let plot = ["plot", &file, "--y", "sends", "--out", "-", "--x", "server.drop"];
    let plot = run(&[&plot[..], &only].concat());
    assert_eq!(plot.code, Some(0), "{plot:?}");
    assert!(plot.stdout.contains(">requests dropped by the server</text>"), "{plot:?}");
    let times = run(&[
        "plot",
        &file,
        "--y",
        "sends",
        "--out",
        "-",
        "--x",
        "link.latency",
        "--where",
        "server.drop=0",
        "--where",
        "token=true",
    ]);
    assert!(times.stdout.contains("link.latency_s"), "{times:?}");
}

/// A variant is an axis: its rows are those of `sim --variant`, and a file that knows scenarios says what it is.
#[test]
fn variants_are_a_column() {
    let folder = Folder::new("sweep-variants");
    let base = ["--set", "exchanges=20", "--set", "server.drop=0.5"];
    let variants =
        ["--variant", "one=policy.max_sends=1", "--variant", "coap=policy.preset=coap,clients=2"];
    let out = folder.path("variants.json");
    let more = ["--vary", "link.loss=0,0.1", "--seeds", "2", "--out", &out];
    let finished = run(&[&["sweep"], &base[..], &variants, &more].concat());
    assert_eq!(finished.code, Some(0), "{finished:?}");
    let table: Value = serde_json::from_str(&std::fs::read_to_string(&out).unwrap()).unwrap();
    let links = serde_json::json!([
        { "name": "one", "link": "exchanges=20&policy.max_sends=1&server.drop=0.5" },
        { "name": "coap", "link": "clients=2&exchanges=20&policy.preset=coap&server.drop=0.5" },
    ]);
    assert_eq!(table["variants"], links);
    let rows = table["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 8);
    let names: Vec<&str> = rows.iter().map(|row| row["variant"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "one", "one", "one", "coap", "coap", "coap", "coap"]);
    // The last row, by `sim`.
    let args = ["--set", "link.loss=0.1", "--seed", "2", "--seeds", "1", "--json"];
    let object = run(&[&["sim"], &base[..], &variants, &args].concat()).object();
    let digest = object["variants"][1]["runs"][0]["digest"].as_str().unwrap();
    assert_eq!(rows[7]["digest"], format!("x{digest}"));
    for (args, said) in [
        (["--variant", "a=link.loss=0"], "link.loss is set by the variant a and varied by --vary"),
        (
            ["--variant", "a=link.los=0"],
            "--variant: a: unknown key \"link.los\"; did you mean link.loss?",
        ),
        (
            ["--variant", "link.loss=0"],
            "--variant: link.loss is a key, not a name; try --variant 0=link.loss=0",
        ),
    ] {
        let finished =
            run(&[&["sweep", "--vary", "link.loss=0,0.1", "--out", "-"], &args[..]].concat());
        assert_eq!((finished.code, finished.stdout.as_str()), (Some(2), ""), "{finished:?}");
        assert!(finished.stderr.contains(said), "{finished:?}");
    }
}
