//! Writes the plot to a file or to stdout.

use super::scene::Scene;
use super::{png, svg};
use crate::output::OutputError;
use retrylab_core::time::{Duration, parse_duration};
use std::ffi::OsStr;
use std::fs;
use std::io::{self, IsTerminal, Write};
use std::path::Path;

/// Maximum number of pixels, each of which takes 3 bytes of memory twice.
const MAX_PIXELS: u64 = 64_000_000;

/// The format of a plot.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    Svg,
    Png,
}

/// Error for an output that cannot have the format.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FormatError {
    #[error(
        "--out: {0} does not end in .svg or .png; use such a name, --format, or `-` for stdout"
    )]
    Extension(String),
    #[error("--scale: an SVG has no pixels; leave --scale out, or use --out FILE.png")]
    Scale,
    #[error("--scale: the PNG would have {0} pixels; it has at most {MAX_PIXELS}")]
    Pixels(u64),
    #[error("--format png: a terminal cannot show a PNG; redirect stdout, or use --out FILE.png")]
    Terminal,
}

impl Format {
    /// Returns the given format, or that of the name of `out`.
    pub(super) fn of(given: Option<Self>, out: &str) -> Result<Self, FormatError> {
        let extension = Path::new(out).extension().map(OsStr::to_ascii_lowercase);
        let format = match extension.as_ref().and_then(|text| text.to_str()) {
            _ if given.is_some() => given,
            _ if out == "-" => Some(Self::Svg),
            Some("svg") => Some(Self::Svg),
            Some("png") => Some(Self::Png),
            _ => None,
        };
        let format = format.ok_or_else(|| FormatError::Extension(out.to_string()))?;
        if format == Self::Png && out == "-" && io::stdout().is_terminal() {
            return Err(FormatError::Terminal);
        }
        Ok(format)
    }

    /// Returns the number of pixels per unit of a plot of this size.
    pub(super) fn scale(self, given: Option<u8>, size: (u32, u32)) -> Result<u8, FormatError> {
        let scale = given.unwrap_or(1);
        let pixels = u64::from(size.0) * u64::from(size.1) * u64::from(scale).pow(2);
        match self {
            Self::Svg if given.is_some() => Err(FormatError::Scale),
            Self::Png if pixels > MAX_PIXELS => Err(FormatError::Pixels(pixels)),
            _ => Ok(scale),
        }
    }
}

/// Writes the plot, and returns whether it went to a file. A reader of stdout that closes the pipe is not an error.
pub(super) fn write(
    scene: &Scene,
    format: Format,
    scale: u8,
    out: &str,
) -> Result<bool, OutputError> {
    let bytes = match format {
        Format::Svg => svg::draw(scene).into_bytes(),
        Format::Png => png::draw(scene, f64::from(scale)),
    };
    let name = if out == "-" { "stdout" } else { out }.to_string();
    if out != "-" {
        return fs::write(out, bytes).map(|()| true).map_err(|error| OutputError { name, error });
    }
    let mut stdout = io::stdout().lock();
    let written = stdout.write_all(&bytes).and_then(|()| stdout.flush());
    match written.map_err(|error| OutputError { name, error }) {
        Err(error) if !error.is_broken_pipe() => Err(error),
        _ => Ok(false),
    }
}

/// Reads a size such as `960x540`.
pub(super) fn size(text: &str) -> Result<(u32, u32), String> {
    let parts = text.split_once('x').and_then(|(width, height)| {
        Some((width.parse::<u32>().ok()?, height.parse::<u32>().ok()?))
    });
    parts
        .filter(|(width, height)| (320..=4000).contains(width) && (240..=4000).contains(height))
        .ok_or_else(|| "use WIDTHxHEIGHT from 320x240 to 4000x4000, such as 960x540".to_string())
}

/// Reads a duration above 0.
pub(super) fn interval(text: &str) -> Result<Duration, String> {
    let interval = parse_duration(text).filter(|interval| !interval.is_zero());
    interval.ok_or_else(|| "use a duration above 0, such as 1s".to_string())
}
