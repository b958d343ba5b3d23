//! The results of a sweep as other programs read them: pandas, polars, duckdb and R.
//!
//! The programs are large, so `cargo xtask test --long` installs them; `RETRYLAB_READERS` is the folder of the Python
//! with the first three.

use crate::common::{Folder, run, run_command};
use serde_json::Value;
use std::process::Command;

/// Every type of a column, with and without empty cells.
const SWEEP: [&str; 11] = [
    "sweep",
    "--set=exchanges=40",
    "--set=server.service=2ms",
    "--set=link.latency=3ms",
    "--vary=link.rate=none,1mbit",
    "--vary=server.queue=none,5",
    "--vary=token=false,true",
    "--vary=policy.preset=textbook,coap",
    // With the last one, no exchange has a latency.
    "--vary=server.drop=0,4/11,1",
    "--seeds=2",
    "--out",
];

/// Returns the lines that a program prints about the files.
fn read(mut command: Command, files: &[String]) -> Vec<Value> {
    command.args(files);
    let finished = run_command(command, b"");
    assert_eq!(finished.code, Some(0), "{}", finished.stderr);
    finished.json()
}

/// Asserts that a program found the type and the values of a column.
fn same(table: &Value, column: &Value, rows: &[Value]) {
    let (reader, form, name) = (&table["reader"], &table["form"], column["name"].as_str().unwrap());
    let place = format!("{reader}, {form}, {name}");
    let found = table["columns"].as_array().unwrap().iter().find(|column| column["name"] == name);
    let found = found.unwrap_or_else(|| panic!("{place}: no such column"));
    // readr reads 15 digits of a number, and R has one type for all numbers.
    let error = if reader == "R" { 1e-14 } else { 0.0 };
    let kind = match column["type"].as_str().unwrap() {
        "integer" | "number" if reader == "R" => "numeric",
        kind => kind,
    };
    assert_eq!(found["kind"], kind, "{place}");
    let values = found["values"].as_array().unwrap();
    assert_eq!(values.len(), rows.len(), "{place}");
    for (value, row) in values.iter().zip(rows) {
        let expected = &row[name];
        let number = value.as_str().and_then(|text| text.parse().ok()).or_else(|| value.as_f64());
        let equal = match (number, expected.as_f64()) {
            (Some(value), Some(expected)) => (value - expected).abs() <= error * expected.abs(),
            _ => value == expected,
        };
        assert!(equal, "{place}: {value} instead of {expected} at point {}", row["point"]);
    }
}

#[test]
#[ignore = "long: installs pandas, polars, duckdb and R"]
fn other_programs_read_the_same_types_and_values() {
    let python = std::env::var("RETRYLAB_READERS").expect("`cargo xtask test --long test` runs it");
    let python = format!("{python}/bin/python");
    let folder = Folder::new("readers");
    let files = ["csv", "json", "parquet"].map(|form| folder.path(&format!("sweep.{form}")));
    for file in &files {
        let finished = run(&[&SWEEP[..], &[file]].concat());
        assert_eq!(finished.code, Some(0), "{finished:?}");
    }
    let sweep: Value = serde_json::from_slice(&std::fs::read(&files[1]).unwrap()).unwrap();
    let (columns, rows) = (sweep["columns"].as_array().unwrap(), sweep["rows"].as_array().unwrap());
    assert_eq!(rows.len(), 96);
    let script =
        |name: &str| format!("{}/tests/results/readers/{name}", env!("CARGO_MANIFEST_DIR"));
    let (mut of_python, mut of_r) = (Command::new(&python), Command::new("Rscript"));
    of_python.arg(script("read.py"));
    of_r.env("RETICULATE_PYTHON", &python).arg(script("read.R"));
    let tables = [read(of_python, &files), read(of_r, &files)].concat();
    assert_eq!(tables.len(), 12, "four programs read three formats");
    for table in &tables {
        for column in columns {
            same(table, column, rows);
        }
    }
}
