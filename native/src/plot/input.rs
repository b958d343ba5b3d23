//! The files of a plot, and how it is drawn.

use super::choice::{Choice, DataError, short};
use super::data::Data;
use super::kind::Kind;
use super::scene::Scene;
use super::series::{Series, SeriesError, Tracks, Wish, is_series};
use super::sheet::{Page, Sheet, TooSmall, Words};
use super::{Args, dots, heat, lines, words};
use crate::table;
use std::path::Path;

/// Error for files or flags that do not match.
#[derive(Debug, thiserror::Error)]
pub(crate) enum InputError {
    #[error(transparent)]
    Data(#[from] DataError),
    #[error(transparent)]
    Series(#[from] SeriesError),
    #[error("{0} is a time series of a run, and {1} is not; draw a plot of each")]
    Mixed(String, String),
    #[error("--{flag}: {file} is a time series of a run, which has no {what}")]
    NotInSeries { flag: &'static str, file: String, what: &'static str },
    #[error(
        "--{0}: {1} has results of a sweep; a time series comes from `retrylab sim --series FILE.csv`"
    )]
    NotSeries(&'static str, String),
    #[error("--kind lines: {0} has values that are not numbers; use --kind dots")]
    Categories(String),
    #[error("--y: results of a sweep are drawn for one measure; draw a plot of each")]
    ManyMeasures,
    #[error("--heat: a heat map is not of --kind {0}; leave one of them out")]
    OtherKind(&'static str),
    #[error("--log-x: the x axis of --kind {0} has no numbers to scale; leave one of them out")]
    LogX(&'static str),
    #[error(transparent)]
    TooSmall(#[from] TooSmall),
}

/// What is drawn.
pub(super) enum Content {
    Results(Box<Data>, Kind),
    Time(Tracks),
}

impl Content {
    /// Reads the files.
    pub(super) fn read(args: &Args) -> Result<Self, InputError> {
        let files = named(&args.files);
        let series: Vec<bool> = files.iter().map(|(_, path)| is_series(path)).collect();
        if let (Some(yes), Some(no)) =
            (series.iter().position(|is| *is), series.iter().position(|is| !*is))
        {
            return Err(InputError::Mixed(short(files[yes].1), short(files[no].1)));
        }
        if series[0] { Self::time(args, &files) } else { Self::results(args, files) }
    }

    fn time(args: &Args, files: &[(String, &str)]) -> Result<Self, InputError> {
        for (flag, given, what) in [
            ("x", args.x.is_some(), "varied keys"),
            ("by", args.by.is_some(), "varied keys"),
            ("heat", args.heat.is_some(), "varied keys"),
            ("where", !args.only.is_empty(), "varied keys"),
            ("kind", args.kind.is_some_and(|kind| kind != Kind::Time), "seeds and varied keys"),
        ] {
            if given {
                return Err(InputError::NotInSeries { flag, file: short(files[0].1), what });
            }
        }
        let mut all: Vec<(String, Series)> = Vec::new();
        for (name, path) in files {
            let name = |variant: Option<String>| match variant {
                Some(variant) if files.len() == 1 => variant,
                Some(variant) => format!("{variant}, {name}"),
                None => name.clone(),
            };
            let series = Series::read(path).map_err(InputError::from)?;
            all.extend(series.into_iter().map(|(variant, series)| (name(variant), series)));
        }
        let wish = Wish { columns: &args.y, interval: args.interval, log_y: args.log_y };
        Ok(Self::Time(Tracks::new(&all, &wish)?))
    }

    fn results(args: &Args, files: Vec<(String, &str)>) -> Result<Self, InputError> {
        let y = match args.y.as_slice() {
            [] => "amplification",
            [y] => y,
            _ => return Err(InputError::ManyMeasures),
        };
        if args.kind == Some(Kind::Time) {
            return Err(InputError::NotSeries("kind time", short(files[0].1)));
        }
        if args.interval.is_some() {
            return Err(InputError::NotSeries("interval", short(files[0].1)));
        }
        if let (Some(kind), Some(_)) = (args.kind.filter(|kind| *kind != Kind::Heat), &args.heat) {
            return Err(InputError::OtherKind(kind.name()));
        }
        let is_heat = args.heat.is_some() || args.kind == Some(Kind::Heat);
        let choice = Choice {
            x: args.x.as_deref(),
            y,
            by: args.heat.as_deref().or(args.by.as_deref()),
            by_flag: if is_heat { "heat" } else { "by" },
            only: &args.only,
            log_x: args.log_x,
            log_y: args.log_y,
        };
        let open = |(name, path): (String, &str)| Ok((name, table::open(path)?));
        let tables = files.into_iter().map(open).collect::<Result<_, DataError>>()?;
        let data = Data::read(tables, &choice)?;
        let kind = match (args.kind, &data.numbers) {
            _ if is_heat => Kind::Heat,
            (Some(Kind::Lines), None) => return Err(InputError::Categories(data.x.name)),
            (Some(kind), _) => kind,
            (None, Some(_)) => Kind::Lines,
            (None, None) => Kind::Dots,
        };
        if args.log_x && kind != Kind::Lines {
            return Err(InputError::LogX(kind.name()));
        }
        Ok(Self::Results(Box::new(data), kind))
    }

    /// Draws the plot on a page.
    pub(super) fn draw(&self, page: &Page<'_>, log: (bool, bool)) -> Result<Scene, InputError> {
        let mut sheet = Sheet::new(page, &self.words());
        match self {
            Self::Time(tracks) => lines::draw_tracks(&mut sheet, tracks, log)?,
            Self::Results(data, kind) => match (kind, &data.numbers) {
                (Kind::Heat, _) => heat::draw(&mut sheet, data, log.1)?,
                (Kind::Lines, Some(numbers)) => lines::draw(&mut sheet, data, numbers, log)?,
                _ => dots::draw(&mut sheet, data, log.1)?,
            },
        }
        Ok(sheet.scene)
    }

    fn words(&self) -> Words {
        match self {
            Self::Time(tracks) => words::of_tracks(tracks),
            Self::Results(data, kind) => words::of_data(data, *kind),
        }
    }
}

/// Returns each file with its name: of `NAME=FILE` the given one, otherwise that of the file without its extension, if no
/// other one has it.
fn named(files: &[String]) -> Vec<(String, &str)> {
    let split =
        |text: &String| -> Option<usize> { text.find('=').filter(|_| !Path::new(text).exists()) };
    let path = |text: &'_ String| split(text).map_or(0, |at| at + 1);
    let stem = |file: &str| {
        let stem = Path::new(file).file_stem().map(|stem| stem.to_string_lossy().into_owned());
        stem.unwrap_or_else(|| file.to_string())
    };
    let stems: Vec<String> = files.iter().map(|text| stem(&text[path(text)..])).collect();
    let name = |(at, text): (usize, &String)| match split(text) {
        Some(end) => text[..end].to_string(),
        None if stems.iter().filter(|other| **other == stems[at]).count() > 1 => text.clone(),
        None => stems[at].clone(),
    };
    let names: Vec<String> = files.iter().enumerate().map(name).collect();
    names.iter().map(|name| short(name)).zip(files.iter().map(|text| &text[path(text)..])).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_short_and_different_names() {
        let files = ["a/one.csv", "new=b/two.csv", "c/two.csv", "d/two.json"].map(String::from);
        assert_eq!(
            named(&files),
            [
                ("one".to_string(), "a/one.csv"),
                ("new".to_string(), "b/two.csv"),
                ("c/two.csv".to_string(), "c/two.csv"),
                ("d/two.json".to_string(), "d/two.json"),
            ]
        );
    }
}
