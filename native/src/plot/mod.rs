//! `retrylab plot`: draws the results of sweeps and the time series of runs.
//!
//! | module | contents |
//! |---|---|
//! | [`input`], [`kind`] | the files, and which kind of plot they make |
//! | [`choice`], [`columns`], [`data`], [`series`] | what is drawn |
//! | [`quantity`], [`words`] | units, labels and captions |
//! | [`scale`], [`axes`], [`spread`], [`key`] | where it is drawn |
//! | [`lines`], [`dots`], [`heat`] | the kinds of plots |
//! | [`sheet`], [`scene`], [`theme`], [`font`] | the page, its shapes and its colours |
//! | [`svg`], [`png`] | the formats |

mod axes;
mod choice;
mod columns;
mod data;
mod dots;
mod font;
mod heat;
mod input;
mod key;
mod kind;
mod lines;
mod output;
mod png;
mod quantity;
mod scale;
mod scene;
mod series;
mod sheet;
mod spread;
mod svg;
#[cfg(test)]
mod tests;
mod theme;
mod words;

use crate::existing::{Exists, Overwrite};
use crate::exit::Exit;
use crate::output::{Count, OutputError, narrate, warn};
use choice::DataError;
use input::{Content, InputError};
use kind::Kind;
use output::{Format, FormatError};
use retrylab_core::time::Duration;
use retrylab_core::value::Printable;
use sheet::Page;
use theme::Theme;

const EXAMPLES: &str = "\
Examples:
  retrylab plot drop.csv --out drop.svg
  retrylab plot two.parquet --x link.loss --by policy.preset --y gave_up_share --out two.png
  retrylab plot two.parquet --x link.loss --heat server.drop --y goodput_per_s --out map.svg
  retrylab plot before=a.csv after=b.csv --y latency_p99_s --log-y --out both.png --scale 2
  retrylab plot outage.csv --y offered_per_s,goodput_per_s --theme dark --out outage.svg

The last one draws a time series, which `retrylab sim --series outage.csv` writes.

Kinds: lines for a key with numbers: medians over the seeds, with their 95 % confidence intervals as
bands, which need six seeds; dots for other keys: every seed, median and interval; heat for two
keys; time for series. A latency that no answered exchange of a run has counts as longer than any;
if the median is one of them, there is no point.

Exit codes: 0 done, 1 the plot cannot be written, 2 usage error or unsuitable results.";

/// Draw the results of sweeps, or time series of runs, as SVG or PNG
#[derive(clap::Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Args {
    /// Results of `retrylab sweep` or `merge` (.csv, .json, .parquet), or series of `sim --series` (.csv);
    /// several files are drawn in one plot, and NAME= before a file names it
    #[arg(value_name = "[NAME=]FILE", required = true)]
    files: Vec<String>,
    /// Varied key on the x axis, `seed`, or `file` [default: the first varied key]
    #[arg(long, value_name = "KEY")]
    x: Option<String>,
    /// Measure on the y axis [default: amplification]; of series, one or several columns
    #[arg(long, value_name = "MEASURE", value_delimiter = ',')]
    y: Vec<String>,
    /// Varied key that gets one line per value [default: the files, or the second varied key]
    #[arg(long, value_name = "KEY")]
    by: Option<String>,
    /// Varied key on the vertical axis of a heat map, whose colours are the measure
    #[arg(long, value_name = "KEY", conflicts_with = "by")]
    heat: Option<String>,
    /// Length of the intervals of a time series [default: at most 240 intervals]
    #[arg(long, value_name = "TIME", value_parser = output::interval)]
    interval: Option<Duration>,
    /// Kind of the plot [default: as the data suggest]
    #[arg(long)]
    kind: Option<Kind>,
    /// Use only the rows with this value; can be repeated, for one key to allow several values
    #[arg(long = "where", value_name = "KEY=VALUE")]
    only: Vec<String>,
    /// Use a logarithmic x axis
    #[arg(long)]
    log_x: bool,
    /// Use a logarithmic y axis, or colours
    #[arg(long)]
    log_y: bool,
    /// Title [default: what is drawn]; "" for none
    #[arg(long, value_name = "TEXT")]
    title: Option<String>,
    /// Line below the title [default: the values of --where]
    #[arg(long, value_name = "TEXT")]
    subtitle: Option<String>,
    /// Text below the plot, above the line that explains its points
    #[arg(long, value_name = "TEXT")]
    caption: Option<String>,
    /// Width and height, 320x240 to 4000x4000
    #[arg(long, value_name = "WxH", default_value = "960x540", value_parser = output::size)]
    size: (u32, u32),
    /// Pixels of a PNG per unit of its size, 1 to 4 [default: 1]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u8).range(1..=4))]
    scale: Option<u8>,
    /// Colours of the background and the text
    #[arg(long, value_enum, default_value_t = Theme::Light)]
    theme: Theme,
    /// Format [default: by the name of --out; SVG on stdout]
    #[arg(long)]
    format: Option<Format>,
    /// File for the plot, ending in .svg or .png; `-` is stdout
    #[arg(long, value_name = "FILE")]
    out: String,
    #[command(flatten)]
    overwrite: Overwrite,
}

impl Args {
    /// Returns the page to draw on.
    fn page(&self) -> Page<'_> {
        Page {
            size: self.size,
            theme: self.theme,
            title: self.title.as_deref(),
            subtitle: self.subtitle.as_deref(),
            caption: self.caption.as_deref(),
        }
    }
}

/// Error that ends `plot`.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error(transparent)]
    Format(#[from] FormatError),
    #[error(transparent)]
    Exists(#[from] Exists),
    #[error(transparent)]
    Input(#[from] InputError),
    #[error(transparent)]
    Output(#[from] OutputError),
}

impl Error {
    pub(crate) fn exit(&self) -> Exit {
        match self {
            Self::Output(_) => Exit::Failed,
            Self::Input(InputError::Data(DataError::Table(error))) => error.exit(),
            _ => Exit::Usage,
        }
    }
}

/// Draws the plot.
pub(crate) fn run(args: &Args) -> Result<Exit, Error> {
    let format = Format::of(args.format, &args.out)?;
    let scale = format.scale(args.scale, args.size)?;
    args.overwrite.check(&args.out)?;
    let content = Content::read(args)?;
    let count = match &content {
        Content::Results(data, _) if data.cut_short > 0 => {
            let runs = Count(data.cut_short, "run");
            warn(format_args!("{runs} ended early at a limit; only the part before it counts"));
            data.rows
        }
        Content::Results(data, _) => data.rows,
        Content::Time(tracks) => tracks.runs,
    };
    let scene = content.draw(&args.page(), (args.log_x, args.log_y))?;
    if !output::write(&scene, format, scale, &args.out)? {
        return Ok(Exit::Success);
    }
    let files = args.files.join(", ");
    let [files, out] = [&files, &args.out].map(|name| Printable::new(name));
    narrate!("{} of {files}: {out}", Count(count, "run"));
    Ok(Exit::Success)
}
