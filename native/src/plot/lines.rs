//! Draws lines over numbers or over time.

use super::axes::{Axes, Wanted};
use super::data::{Data, Line, middle};
use super::key::{Entry, Look, MAX_DIRECT, Names};
use super::quantity::Quantity;
use super::scale::{Shape, range};
use super::scene::{self, Place};
use super::series::Tracks;
use super::sheet::{Sheet, TooSmall};
use crate::sim::words::Unit;

/// Maximum number of points of a line that has markers.
const MAX_MARKED: usize = 40;

/// A point of a line.
struct Point {
    at: Place,
    /// The confidence interval.
    interval: Option<(f64, f64)>,
    tip: String,
}

/// A line, interrupted where nothing was measured.
struct Curve {
    label: String,
    runs: Vec<Vec<Point>>,
}

impl Curve {
    fn points(&self) -> impl Iterator<Item = &Point> + Clone {
        self.runs.iter().flatten()
    }
}

/// Lines with the quantities of their axes.
struct Curves<'a> {
    x: &'a Quantity,
    y: &'a Quantity,
    heading: &'a str,
    curves: Vec<Curve>,
    /// The range of x.
    range: (f64, f64),
    log: (bool, bool),
}

/// Draws medians over numbers, with their confidence intervals.
pub(super) fn draw(
    sheet: &mut Sheet,
    data: &Data,
    numbers: &[f64],
    log: (bool, bool),
) -> Result<(), TooSmall> {
    let curve = |(line, content): (usize, &Line)| {
        let runs = runs(content).map(|run| {
            let point = |place: usize| {
                let sample = &content.samples[place];
                let median = sample.median().unwrap_or_default();
                let interval = sample.median_interval();
                Point { at: (numbers[place], median), interval, tip: data.words(line, place) }
            };
            run.into_iter().map(point).collect()
        });
        Curve { label: content.label.clone(), runs: runs.collect() }
    };
    let curves = data.lines.iter().enumerate().map(curve).collect();
    let heading = data.by.as_ref().map(|by| by.label.as_str()).unwrap_or_default();
    let range = (numbers[0], numbers[numbers.len() - 1]);
    Curves { x: &data.x, y: &data.y, heading, curves, range, log }.draw(sheet)
}

/// Draws series over time.
pub(super) fn draw_tracks(
    sheet: &mut Sheet,
    tracks: &Tracks,
    log: (bool, bool),
) -> Result<(), TooSmall> {
    let time = Quantity::new("time", Unit::Seconds, "time", "");
    let point = |at: &Place| Point { at: *at, interval: None, tip: String::new() };
    let curves = tracks.tracks.iter().map(|track| Curve {
        label: track.label.clone(),
        runs: vec![track.points.iter().map(point).collect()],
    });
    // A logarithmic axis cannot begin at 0.
    let first = if log.0 { tracks.interval / 2.0 } else { tracks.span.0 };
    let range = (first, tracks.span.1);
    Curves { x: &time, y: &tracks.y, heading: "", curves: curves.collect(), range, log }.draw(sheet)
}

impl Curves<'_> {
    fn draw(&self, sheet: &mut Sheet) -> Result<(), TooSmall> {
        let banded = self.curves.len() <= MAX_DIRECT;
        let labels: Vec<&str> = self.curves.iter().map(|curve| curve.label.as_str()).collect();
        let right = Names::width(sheet, self.heading, &labels);
        let (log_x, log_y) = self.log;
        let x = Wanted {
            quantity: self.x,
            range: Some(self.range),
            shape: Shape { log: log_x, widened: false },
            categories: Vec::new(),
        };
        let y = Wanted {
            quantity: self.y,
            range: Some(range(self.y_range(banded), self.y, log_y)),
            shape: Shape { log: log_y, widened: true },
            categories: Vec::new(),
        };
        let axes = Axes::draw(sheet, x, y, right)?;
        let longest = self.curves.iter().map(|curve| curve.points().count()).max();
        let marked = longest.unwrap_or_default() <= MAX_MARKED;
        let looks: Vec<Look> =
            (0..self.curves.len()).map(|at| Look::new(sheet, at, marked)).collect();
        if banded {
            for (curve, look) in self.curves.iter().zip(&looks) {
                draw_bands(sheet, &axes, curve, *look);
            }
        }
        let mut entries = Vec::new();
        // The first line is above the others.
        for (curve, look) in self.curves.iter().zip(&looks).rev() {
            let end = draw_line(sheet, &axes, curve, *look);
            let heights = curve.points().map(|point| at(&axes, point.at).1);
            let level = heights.clone().sum::<f64>() / heights.count().max(1) as f64;
            let (label, look) = (curve.label.clone(), *look);
            entries.push(Entry { label, look, joined: true, end, level });
        }
        entries.reverse();
        Names::new(self.heading, entries).draw(sheet, axes.room)
    }

    fn y_range(&self, banded: bool) -> (f64, f64) {
        let ends = self.curves.iter().flat_map(Curve::points).flat_map(|point| {
            let (low, high) = point.interval.filter(|_| banded).unwrap_or((point.at.1, point.at.1));
            [point.at.1, low, high]
        });
        // An end that is longer than any is drawn at the upper edge, and a logarithmic axis cannot show 0.
        let ends = ends.filter(|end| end.is_finite() && !(self.log.1 && *end <= 0.0));
        ends.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
    }
}

/// Returns the consecutive points between gaps.
fn runs(line: &Line) -> impl Iterator<Item = Vec<usize>> {
    let places: Vec<usize> =
        (0..line.samples.len()).filter(|at| middle(&line.samples[*at]).is_some()).collect();
    let runs = places.chunk_by(|a, b| a + 1 == *b).map(<[usize]>::to_vec).collect::<Vec<_>>();
    runs.into_iter()
}

fn at(axes: &Axes, (x, y): Place) -> Place {
    (axes.room.across(axes.x.place(x, 0)), axes.room.up(axes.y.place(y, 0)))
}

/// Draws the confidence intervals: a band along a line, a bar at a point without neighbours.
fn draw_bands(sheet: &mut Sheet, axes: &Axes, curve: &Curve, look: Look) {
    let unit = sheet.unit;
    for run in &curve.runs {
        let ends = |point: &Point| point.interval.unwrap_or((point.at.1, point.at.1));
        if let [point] = run.as_slice() {
            if let Some((low, high)) = point.interval {
                let ends = vec![at(axes, (point.at.0, low)), at(axes, (point.at.0, high))];
                sheet.scene.line(ends, look.colour, 1.5 * unit, &[]);
            }
            continue;
        }
        if run.iter().all(|point| point.interval.is_none()) {
            continue;
        }
        let upper = run.iter().map(|point| at(axes, (point.at.0, ends(point).1)));
        let lower = run.iter().rev().map(|point| at(axes, (point.at.0, ends(point).0)));
        sheet.scene.area(upper.chain(lower).collect(), look.colour, 0.18);
    }
}

/// Draws a line and its points; returns its end.
fn draw_line(sheet: &mut Sheet, axes: &Axes, curve: &Curve, look: Look) -> Option<Place> {
    let unit = sheet.unit;
    for run in curve.runs.iter().filter(|run| run.len() > 1) {
        let way = thinned(run.iter().map(|point| at(axes, point.at)));
        sheet.scene.line(way, look.colour, 2.0 * unit, look.dash);
    }
    for point in curve.points() {
        let Some(marker) = look.marker else { break };
        let (at, tip) = (at(axes, point.at), Some(point.tip.clone()).filter(|tip| !tip.is_empty()));
        sheet.scene.shapes.push(scene::Shape::Dot {
            at,
            radius: 3.5 * unit,
            marker,
            colour: look.colour,
            opacity: 1.0,
            tip,
        });
    }
    curve.points().last().map(|point| at(axes, point.at))
}

/// Reduces points that lie too close together to be seen. Within each half unit of x, it keeps the first, the lowest,
/// the highest and the last point.
fn thinned(points: impl Iterator<Item = Place>) -> Vec<Place> {
    let points: Vec<Place> = points.collect();
    let column = |place: &Place| (2.0 * place.0).floor();
    let mut kept = Vec::new();
    for group in points.chunk_by(|a, b| column(a) == column(b)) {
        if group.len() <= 4 {
            kept.extend(group);
            continue;
        }
        let by_height = |a: &usize, b: &usize| group[*a].1.total_cmp(&group[*b].1);
        let low = (0..group.len()).min_by(by_height).unwrap_or_default();
        let high = (0..group.len()).max_by(by_height).unwrap_or_default();
        let mut few = vec![0, low, high, group.len() - 1];
        few.sort_unstable();
        few.dedup();
        kept.extend(few.into_iter().map(|at| group[at]));
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_lines_keep_their_extremes() {
        let points = (0..100_000).map(|n| (f64::from(n) / 1000.0, f64::from(n * 7919 % 1000)));
        let kept = thinned(points.clone());
        assert!(kept.len() <= 4 * 200, "{}", kept.len());
        assert!(kept.is_sorted_by(|a, b| a.0 < b.0));
        for column in 0..200 {
            let within = |point: &Place| (2.0 * point.0).floor() == f64::from(column);
            let all = points.clone().filter(within).map(|point| point.1);
            let few = kept.iter().copied().filter(within).map(|point| point.1);
            assert_eq!(all.clone().fold(0.0, f64::max), few.clone().fold(0.0, f64::max));
            assert_eq!(all.fold(1e9, f64::min), few.fold(1e9, f64::min));
        }
        let short = vec![(0.0, 1.0), (5.0, 2.0)];
        assert_eq!(thinned(short.clone().into_iter()), short);
    }
}
