//! Joins the shards of a sweep into one table.

use crate::existing::{Exists, Overwrite};
use crate::exit::Exit;
use crate::output::{Count, OutputError, narrate};
use crate::signals;
use crate::table::{self, Format, Header, Row, Table, TableError, Target, TargetError};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::io;
use std::sync::atomic::Ordering;

/// Error that ends the merging of tables.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("cannot set up signal handlers and their thread: {0}")]
    Signals(io::Error),
    #[error("interrupted; nothing is written")]
    Interrupted,
    #[error(
        "{file} and --out {out} have different formats; shards and output must have the same one"
    )]
    Form { file: String, out: String },
    #[error("{file} and {first} belong to different sweeps: {differs} differs")]
    OtherSweep { file: String, first: String, differs: &'static str },
    #[error("the files have no rows")]
    NoRows,
    #[error("point {point} of {points} is missing{shard}")]
    Missing { point: u64, points: u64, shard: String },
    #[error("point {point} is in both {first} and {second}; pass each shard only once")]
    Overlap { point: u64, first: String, second: String },
    #[error(
        "{file}: point {point} comes after point {before}; sort the rows by point, as sweep wrote them"
    )]
    Disorder { file: String, point: u64, before: u64 },
    #[error("{file} has point {point} twice; each point must occur once")]
    Repeated { file: String, point: u64 },
    #[error("{file} has a point {point}, but its sweep has only {points} points, counted from 0")]
    Beyond { file: String, point: u64, points: u64 },
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Table(error) => error.exit(),
            Self::Output(_) | Self::Signals(_) => Exit::Failed,
            Self::Interrupted => Exit::Interrupted,
            _ => Exit::Usage,
        }
    }
}

/// Merges the files.
pub(super) fn run(out: &str, overwrite: &Overwrite, files: &[String]) -> Result<Exit, Error> {
    let target = Target::new(out)?;
    overwrite.check(out)?;
    let other = |file: &&String| Format::of(file).is_some_and(|form| form != target.format());
    if let Some(file) = files.iter().find(other) {
        return Err(Error::Form { file: file.clone(), out: out.to_string() });
    }
    let tables = files.iter().map(|file| table::open(file));
    let tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
    let header = common_header(&tables)?;
    let points = header.points;
    let interrupted = signals::flag().map_err(Error::Signals)?;
    let rows = Merge::new(tables, points)?
        .map(|row| if interrupted.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { row });
    let merged = target.write(&header, rows);
    match merged {
        Err(Error::Output(failure)) if failure.is_broken_pipe() => return Ok(Exit::Success),
        merged => merged?,
    }
    let files = Count(files.len() as u64, "file");
    narrate!("{} from {files}: {}", Count(points, "point"), target.name());
    Ok(Exit::Success)
}

/// Returns the header that all files share. A CSV file without rows has only its columns.
fn common_header(tables: &[Table]) -> Result<Header, Error> {
    let known = tables.iter().find_map(|table| Some((table, table.header.as_ref()?)));
    let (first, header) = known.ok_or(Error::NoRows)?;
    for table in tables {
        let differs = match &table.header {
            Some(other) => header.difference(other),
            None => (table.columns != first.columns).then_some("the list of columns"),
        };
        if let Some(differs) = differs {
            let (file, first) = (table.name.clone(), first.name.clone());
            return Err(Error::OtherSweep { file, first, differs });
        }
    }
    Ok(header.clone())
}

/// Iterator over the rows of all files in the order of their points. Each point must occur exactly once.
struct Merge {
    files: Vec<File>,
    /// The point of each file's next row, smallest first.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    points: u64,
    next: u64,
    /// The file of the previous point.
    last: usize,
}

struct File {
    table: Table,
    head: Option<Row>,
    /// The first point. `stride`, the distance to the second, is the number of shards.
    first: Option<u64>,
    stride: Option<u64>,
}

impl Merge {
    fn new(tables: Vec<Table>, points: u64) -> Result<Self, Error> {
        let file = |table| File { table, head: None, first: None, stride: None };
        let files: Vec<File> = tables.into_iter().map(file).collect();
        let heads = BinaryHeap::new();
        let mut merge = Self { files, heads, points, next: 0, last: 0 };
        for at in 0..merge.files.len() {
            merge.read(at, None)?;
        }
        Ok(merge)
    }

    /// Reads the next row of a file. `before` is the previous point of this file.
    fn read(&mut self, at: usize, before: Option<u64>) -> Result<(), Error> {
        let file = &mut self.files[at];
        file.head = file.table.rows.next().transpose()?;
        let Some(point) = file.head.as_ref().and_then(table::point) else { return Ok(()) };
        check_order(&file.table, before, point)?;
        if point >= self.points {
            let file = file.table.name.clone();
            return Err(Error::Beyond { file, point, points: self.points });
        }
        let first = *file.first.get_or_insert(point);
        if point > first {
            file.stride.get_or_insert(point - first);
        }
        self.heads.push(Reverse((point, at)));
        Ok(())
    }

    fn row(&mut self) -> Result<Option<Row>, Error> {
        let head = self.heads.pop();
        let Some(Reverse((point, at))) = head else {
            return if self.next == self.points { Ok(None) } else { Err(self.missing()?) };
        };
        if point < self.next {
            let name = |at: usize| self.files[at].table.name.clone();
            return Err(Error::Overlap { point, first: name(self.last), second: name(at) });
        }
        if point > self.next {
            return Err(self.missing()?);
        }
        let row = self.files[at].head.take();
        self.read(at, Some(point))?;
        (self.next, self.last) = (point + 1, at);
        Ok(row)
    }

    /// Returns the error for the missing point `next`. It names the shard if the number of shards is known.
    /// The point may also stand further down, in a file that is not in order: that is the error then.
    fn missing(&mut self) -> Result<Error, Error> {
        for File { table, head, .. } in &mut self.files {
            let mut before = head.as_ref().and_then(table::point);
            while let Some(row) = table.rows.next().transpose()? {
                let point = table::point(&row);
                if let Some(point) = point {
                    check_order(table, before, point)?;
                }
                before = point;
            }
        }
        let (point, points) = (self.next, self.points);
        let stride = self.files.iter().find_map(|file| file.stride);
        let shard =
            stride.map(|n| format!(": shard {}/{n} is missing or incomplete", point % n + 1));
        Ok(Error::Missing { point, points, shard: shard.unwrap_or_default() })
    }
}

/// Checks that a point of a file is greater than its predecessor.
fn check_order(table: &Table, before: Option<u64>, point: u64) -> Result<(), Error> {
    let file = || table.name.clone();
    match before {
        Some(before) if before == point => Err(Error::Repeated { file: file(), point }),
        Some(before) if before > point => Err(Error::Disorder { file: file(), point, before }),
        _ => Ok(()),
    }
}

impl Iterator for Merge {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row().transpose()
    }
}
