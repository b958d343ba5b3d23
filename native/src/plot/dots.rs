//! Draws the result of every seed, with the median and its confidence interval, for each value of a key.

use super::axes::{Axes, Wanted};
use super::data::{Data, middle};
use super::key::{Entry, Look, Names};
use super::scale::{Shape, range};
use super::scene::{self, Place};
use super::sheet::{Sheet, TooSmall};
use retrylab_core::stats::Sample;

/// Share of the room of a value that its dots may take.
const FILLED: f64 = 0.8;

/// Draws `data`.
pub(super) fn draw(sheet: &mut Sheet, data: &Data, log_y: bool) -> Result<(), TooSmall> {
    let heading = data.by.as_ref().map(|by| by.label.clone()).unwrap_or_default();
    let labels: Vec<&str> = data.lines.iter().map(|line| line.label.as_str()).collect();
    let right = Names::width(sheet, &heading, &labels);
    let x = Wanted {
        quantity: &data.x,
        range: None,
        shape: Shape { log: false, widened: false },
        categories: data.x_texts.iter().map(|text| data.x.value(text)).collect(),
    };
    let y = Wanted {
        quantity: &data.y,
        range: Some(range(drawn(data, log_y), &data.y, log_y)),
        shape: Shape { log: log_y, widened: true },
        categories: Vec::new(),
    };
    let axes = Axes::draw(sheet, x, y, right)?;
    let looks: Vec<Look> = (0..data.lines.len()).map(|at| Look::new(sheet, at, true)).collect();
    let slot = axes.room.width() / data.x_texts.len() as f64;
    let lane = FILLED * slot / data.lines.len() as f64;
    for (at, look) in looks.iter().enumerate() {
        let aside = (at as f64 - (data.lines.len() as f64 - 1.0) / 2.0) * lane;
        for (place, sample) in data.lines[at].samples.iter().enumerate() {
            let x = axes.room.across(axes.x.place(0.0, place)) + aside;
            // The interval is next to the dots, and hides none of them.
            let left = draw_dots(sheet, &axes, sample, (x + 0.12 * lane, 0.7 * lane), *look, log_y);
            draw_median(sheet, &axes, sample, (left, lane), data.words(at, place));
        }
    }
    let entry = |(at, look): (usize, Look)| {
        let label = labels[at].to_string();
        Entry { label, look, joined: false, end: None, level: at as f64 }
    };
    let entries = looks.into_iter().enumerate().map(entry).collect();
    Names::new(&heading, entries).draw(sheet, axes.room)
}

/// Returns the lowest and the highest number to draw.
fn drawn(data: &Data, log_y: bool) -> (f64, f64) {
    let samples = data.lines.iter().flat_map(|line| &line.samples);
    let all = samples.flat_map(Sample::numbers).copied();
    let all = all.filter(|number| number.is_finite() && !(log_y && *number <= 0.0));
    all.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)))
}

/// Draws a dot for each number, side by side where they would overlap; returns the left end of the dots.
fn draw_dots(
    sheet: &mut Sheet,
    axes: &Axes,
    sample: &Sample,
    (x, lane): (f64, f64),
    look: Look,
    log_y: bool,
) -> f64 {
    let radius = (3.2 * sheet.unit).min(lane / 5.0);
    let numbers = sample.numbers().iter().copied();
    let numbers = numbers.filter(|number| number.is_finite() && !(log_y && *number <= 0.0));
    let heights: Vec<f64> = numbers.map(|number| axes.room.up(axes.y.place(number, 0))).collect();
    let mut left = x;
    for at in swarm(&heights, x, radius, lane / 2.0 - radius) {
        left = left.min(at.0 - radius);
        sheet.scene.shapes.push(scene::Shape::Dot {
            at,
            radius,
            marker: look.marker.unwrap_or(scene::Marker::Circle),
            colour: look.colour,
            opacity: 0.7,
            tip: None,
        });
    }
    left
}

/// Returns the places of dots at `heights`, which are sorted, around `x`: the nearest ones without an overlap, but at most
/// `reach` away.
fn swarm(heights: &[f64], x: f64, radius: f64, reach: f64) -> Vec<Place> {
    let step = 2.0 * radius;
    let most = (reach / step).floor().max(0.0) as usize;
    let mut placed: Vec<Place> = Vec::new();
    for height in heights {
        let sides = (0..=2 * most).map(|n| {
            let distance = n.div_ceil(2) as f64 * step;
            if n % 2 == 1 { x + distance } else { x - distance }
        });
        let near = placed.iter().rev().take_while(|place| (place.1 - height).abs() < step);
        let near: Vec<Place> = near.copied().collect();
        let free = sides.clone().find(|side| {
            near.iter().all(|place| (place.0 - side).hypot(place.1 - height) > 0.95 * step)
        });
        // With more dots than room, they overlap evenly.
        let side = free.or_else(|| sides.clone().nth(placed.len() % (2 * most + 1)));
        placed.push((side.unwrap_or(x), *height));
    }
    placed
}

/// Draws the median as a thick bar to the left of `right`, with its confidence interval.
fn draw_median(
    sheet: &mut Sheet,
    axes: &Axes,
    sample: &Sample,
    (right, lane): (f64, f64),
    tip: String,
) {
    let Some(median) = middle(sample) else { return };
    let (unit, colour) = (sheet.unit, sheet.paints.text);
    let up = |number: f64| axes.room.up(axes.y.place(number, 0));
    let half = (7.0 * unit).min(0.12 * lane);
    let x = right - 1.4 * half;
    if let Some((low, high)) = sample.median_interval() {
        let (low, high) = (up(low), up(high));
        sheet.scene.line(vec![(x, low), (x, high)], colour, 1.2 * unit, &[]);
        for end in [low, high] {
            sheet.scene.line(
                vec![(x - half / 2.0, end), (x + half / 2.0, end)],
                colour,
                1.2 * unit,
                &[],
            );
        }
    }
    let thick = 1.4 * unit;
    sheet.scene.shapes.push(scene::Shape::Area {
        corners: scene::rectangle(x - half, up(median) - thick, x + half, up(median) + thick),
        colour,
        opacity: 1.0,
        tip: Some(tip),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_do_not_overlap_while_there_is_room() {
        let heights: Vec<f64> = (0..40).map(|n| f64::from(n / 5) * 4.0).collect();
        let dots = swarm(&heights, 100.0, 3.0, 40.0);
        for (at, dot) in dots.iter().enumerate() {
            assert!((dot.0 - 100.0).abs() <= 40.0);
            let distance = |other: &Place| (dot.0 - other.0).hypot(dot.1 - other.1);
            assert!(dots[..at].iter().all(|other| distance(other) > 5.6), "{dot:?} {dots:?}");
        }
        assert_eq!(dots[0], (100.0, 0.0), "the first one is in the middle");
        let crowd = swarm(&[1.0; 500], 0.0, 3.0, 10.0);
        assert!(crowd.iter().all(|dot| dot.0.abs() <= 10.0));
    }
}
