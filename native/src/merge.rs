//! `retrylab merge`: the shards of a sweep become one table.

use crate::exit::Exit;
use crate::output::{Count, OutputError, narrate};
use crate::table::{self, Format, Header, Row, Table, TableError, Target, TargetError};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

const EXAMPLES: &str = "\
Examples:
  retrylab merge --out all.csv part-*.csv
  retrylab merge --out all.parquet part-*.parquet

The files are what `retrylab sweep --shard i/n` wrote, all n of them, in any order; all of them and the
output end alike. The output has the same bytes as that of the sweep without --shard.

Exit codes: 0 done, 1 the output cannot be written, 2 a file is missing, doubled, unreadable or of
another sweep.";

/// Join the shards of a sweep into one table
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Where the whole goes; `-` is CSV on stdout
    #[arg(long, value_name = "FILE")]
    out: String,
    /// The shards
    #[arg(value_name = "FILE", required = true)]
    files: Vec<String>,
}

/// Why there is no whole.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Target(#[from] TargetError),
    #[error(transparent)]
    Table(#[from] TableError),
    #[error(transparent)]
    Output(#[from] OutputError),
    #[error("{file} and --out {out} end differently; shards and output are of one form")]
    Form { file: String, out: String },
    #[error("{file} is of another sweep than {first}: its {differs} differs")]
    OtherSweep { file: String, first: String, differs: &'static str },
    #[error("there is no row in any of the files")]
    NoRows,
    #[error("point {point} of {points} is in none of the files{shard}")]
    Missing { point: u64, points: u64, shard: String },
    #[error("point {point} is in {first} and in {second}; each shard counts once")]
    Overlap { point: u64, first: String, second: String },
    #[error("{file}: point {point} comes after point {before}; a shard has them in their order")]
    Disorder { file: String, point: u64, before: u64 },
    #[error("{file} has point {point}, and its sweep has {points}, counted from 0")]
    Beyond { file: String, point: u64, points: u64 },
}

impl Error {
    pub(crate) const fn exit(&self) -> Exit {
        if let Self::Output(_) = self { Exit::Failed } else { Exit::Usage }
    }
}

/// Joins.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let target = Target::new(&args.out)?;
    let other = |file: &&String| Format::of(file).is_some_and(|form| form != target.format());
    if let Some(file) = args.files.iter().find(other) {
        return Err(Error::Form { file: file.clone(), out: args.out.clone() });
    }
    let tables = args.files.iter().map(|file| table::open(file));
    let tables: Vec<Table> = tables.collect::<Result<_, _>>()?;
    let header = common_header(&tables)?;
    let points = header.points;
    let merged = target.write(&header, Merge::new(tables, points)?);
    match merged {
        Err(Error::Output(failure)) if failure.is_broken_pipe() => return Ok(Exit::Success),
        merged => merged?,
    }
    let files = Count(args.files.len() as u64, "file");
    narrate!("{} from {files}: {}", Count(points, "point"), target.name());
    Ok(Exit::Success)
}

/// The header that all files share. A CSV file without rows says no more than its columns.
fn common_header(tables: &[Table]) -> Result<Header, Error> {
    let known = tables.iter().find_map(|table| Some((table, table.header.as_ref()?)));
    let (first, header) = known.ok_or(Error::NoRows)?;
    for table in tables {
        let differs = match &table.header {
            Some(other) => header.difference(other),
            None => (table.columns != first.columns).then_some("columns"),
        };
        if let Some(differs) = differs {
            let (file, first) = (table.name.clone(), first.name.clone());
            return Err(Error::OtherSweep { file, first, differs });
        }
    }
    Ok(header.clone())
}

/// The rows of all files in the order of their points, each of which has to be there once.
struct Merge {
    files: Vec<File>,
    /// The next row's point of each file that has one, the least first.
    heads: BinaryHeap<Reverse<(u64, usize)>>,
    points: u64,
    next: u64,
    /// The file of the point before `next`.
    last: usize,
}

struct File {
    table: Table,
    head: Option<Row>,
    /// The first point, and the distance to the second: the number of shards.
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

    /// Reads the next row of a file, whose point before was `before`.
    fn read(&mut self, at: usize, before: Option<u64>) -> Result<(), Error> {
        let file = &mut self.files[at];
        file.head = file.table.rows.next().transpose()?;
        let Some(point) = file.head.as_ref().and_then(table::point) else { return Ok(()) };
        let name = || file.table.name.clone();
        if let Some(before) = before.filter(|before| *before >= point) {
            return Err(Error::Disorder { file: name(), point, before });
        }
        if point >= self.points {
            return Err(Error::Beyond { file: name(), point, points: self.points });
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
            return if self.next == self.points { Ok(None) } else { Err(self.missing()) };
        };
        if point < self.next {
            let name = |at: usize| self.files[at].table.name.clone();
            return Err(Error::Overlap { point, first: name(self.last), second: name(at) });
        }
        if point > self.next {
            return Err(self.missing());
        }
        let row = self.files[at].head.take();
        self.read(at, Some(point))?;
        (self.next, self.last) = (point + 1, at);
        Ok(row)
    }

    /// Names the shard that point `next` is in, as far as the other files tell how many there are.
    fn missing(&self) -> Error {
        let (point, points) = (self.next, self.points);
        let stride = self.files.iter().find_map(|file| file.stride);
        let shard =
            stride.map(|n| format!(": shard {}/{n} is missing or not whole", point % n + 1));
        Error::Missing { point, points, shard: shard.unwrap_or_default() }
    }
}

impl Iterator for Merge {
    type Item = Result<Row, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.row().transpose()
    }
}
