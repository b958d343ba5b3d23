//! The title of a plot and the caption that explains it.

use super::data::{Data, middle};
use super::key::MAX_DIRECT;
use super::kind::Kind;
use super::quantity::Quantity;
use super::series::Tracks;
use super::sheet::Words;
use crate::output::Count;
use crate::sim::words::Unit;
use retrylab_core::stats::Sample;

/// Returns the words of a plot of results.
pub(super) fn of_data(data: &Data, kind: Kind) -> Words {
    let of = match kind {
        Kind::Heat => data.y.label.clone(),
        Kind::Dots => format!("{} by {}", data.y.label, or_file(&data.x.label)),
        _ => format!("{} against {}", data.y.label, or_file(&data.x.label)),
    };
    Words { title: capital(&of), subtitle: data.only.join("; "), caption: caption(data, kind) }
}

/// Returns the words of a plot over time.
pub(super) fn of_tracks(tracks: &Tracks) -> Words {
    let label = match tracks.y.label.as_str() {
        "per second" => "rates",
        "" => "counts",
        label => label,
    };
    let intervals = Quantity::new("", Unit::Seconds, "", "").shown(tracks.interval);
    let what =
        if tracks.y.title("").contains("per second") { "Averages over" } else { "Counts in" };
    Words {
        title: capital(&format!("{label} over time")),
        subtitle: String::new(),
        caption: format!("{what} intervals of {intervals}."),
    }
}

fn or_file(label: &str) -> &str {
    if label.is_empty() { "file" } else { label }
}

fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}

/// Explains what is drawn.
fn caption(data: &Data, kind: Kind) -> String {
    let samples = || data.lines.iter().flat_map(|line| &line.samples);
    let counts = samples().map(|sample| sample.numbers().len()).filter(|count| *count > 0);
    let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
    let seeds = if least == most {
        Count(most as u64, "seed").to_string()
    } else {
        format!("{least} to {most} seeds")
    };
    let has_interval = samples().any(|sample| sample.median_interval().is_some());
    let interval = "95 % confidence interval of the median";
    let mut text = match (kind, most, has_interval) {
        (Kind::Heat, 1, _) => "Each colour is the result of one run.".to_string(),
        (Kind::Heat, ..) => format!("Each colour is the median of {seeds}."),
        (_, 1, _) => "Each point is the result of one run.".to_string(),
        (Kind::Dots, _, true) => format!("Dots: {seeds}; thick bar: median; whiskers: {interval}."),
        (Kind::Dots, ..) => format!("Dots: {seeds}; thick bar: median."),
        (_, _, true) if data.lines.len() <= MAX_DIRECT => {
            format!("Median of {seeds}; band: {interval}.")
        }
        (_, _, true) => format!(
            "Median of {seeds}. No confidence intervals are drawn for more than {MAX_DIRECT} lines."
        ),
        _ => format!("Median of {seeds}; a confidence interval needs six."),
    };
    if samples().any(lacks_median) {
        text +=
            " Points are missing where most runs answered too few exchanges to have this latency.";
    }
    if data.cut_short > 0 {
        let runs = Count(data.cut_short, "run");
        text += &format!(" {runs} ended early at a limit; only the part before it counts.");
    }
    text
}

/// Returns whether there are results, but no median that can be drawn.
fn lacks_median(sample: &Sample) -> bool {
    !sample.numbers().is_empty() && middle(sample).is_none()
}
