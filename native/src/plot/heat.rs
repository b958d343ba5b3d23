//! Draws a heat map: the colour of each cell is the median for the values of two keys.

use super::axes::{Axes, Wanted, fitted};
use super::data::{Data, middle};
use super::font;
use super::quantity::Quantity;
use super::scale::{Scale, Shape, range};
use super::scene::{self, Anchor, rectangle};
use super::sheet::{Room, Sheet, TooSmall};
use super::theme;

/// Number of steps in the legend of colours.
const STEPS: usize = 64;

/// Draws `data`, of which each line is a row.
pub(super) fn draw(sheet: &mut Sheet, data: &Data, log: bool) -> Result<(), TooSmall> {
    let (low, high) = data
        .medians()
        .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), y| (low.min(y), high.max(y)));
    let shape = Shape { log, widened: true };
    let size = sheet.text_size();
    let colours = range((low, high), &data.y, log);
    let length = 0.7 * sheet.room.height();
    let colours = fitted(colours, &data.y, shape, length, |_| 2.6 * size);
    let title = data.y.title(&colours.unit);
    let row = Quantity::new("", data.y.unit, "", "");
    let rows = data.by.as_ref().unwrap_or(&row);
    let categories = |quantity| Wanted {
        quantity,
        range: None,
        shape: Shape { log: false, widened: false },
        categories: Vec::new(),
    };
    let x = Wanted {
        categories: data.x_texts.iter().map(|text| data.x.value(text)).collect(),
        ..categories(&data.x)
    };
    let y = Wanted {
        categories: data.lines.iter().map(|line| line.label.clone()).collect(),
        ..categories(rows)
    };
    let widest = colours.ticks.iter().map(|tick| sheet.width(&tick.label)).fold(0.0, f64::max);
    let lines = font::wrap(&title, 0.2 * sheet.room.width(), size, false, 3);
    let words = lines.iter().map(|line| sheet.width(line)).fold(0.0, f64::max);
    let right = (widest + 30.0 * sheet.unit).max(words) + 22.0 * sheet.unit;
    let axes = Axes::draw(sheet, x, y, right)?;
    draw_cells(sheet, &axes, data, &colours);
    draw_legend(sheet, axes.room, &colours, &lines);
    Ok(())
}

fn draw_cells(sheet: &mut Sheet, axes: &Axes, data: &Data, colours: &Scale) {
    let (columns, rows) = (data.x_texts.len() as f64, data.lines.len() as f64);
    let (wide, high) = (axes.room.width() / columns, axes.room.height() / rows);
    let size = sheet.text_size();
    let texts = data.medians().map(|median| sheet.width(&data.y.shown(median)));
    // Numbers are in all cells or in none.
    let fits = texts.fold(0.0, f64::max) + 0.4 * size < wide && 1.3 * size < high;
    let gap = 0.5 * sheet.unit;
    for (row, line) in data.lines.iter().enumerate() {
        for (column, sample) in line.samples.iter().enumerate() {
            let (x, y) = (
                axes.room.left + column as f64 * wide,
                axes.room.bottom - (row as f64 + 1.0) * high,
            );
            let corners = rectangle(x + gap, y + gap, x + wide - gap, y + high - gap);
            let centre = (x + wide / 2.0, y + high / 2.0 + 0.35 * size);
            let Some(median) = middle(sample) else {
                let (empty, muted) = (sheet.paints.grid, sheet.paints.muted);
                sheet.scene.area(corners, empty, 1.0);
                sheet.scene.text(centre, Anchor::Middle, "\u{2013}", size, muted);
                continue;
            };
            let colour = theme::scale(colours.place(median));
            let tip = Some(data.words(row, column));
            sheet.scene.shapes.push(scene::Shape::Area { corners, colour, opacity: 1.0, tip });
            if fits {
                let text = data.y.shown(median);
                sheet.scene.text(centre, Anchor::Middle, &text, size, theme::on(colour));
            }
        }
    }
}

/// Draws the legend of colours to the right of `room`.
fn draw_legend(sheet: &mut Sheet, room: Room, colours: &Scale, title: &[String]) {
    let (size, unit) = (sheet.text_size(), sheet.unit);
    let (text, muted) = (sheet.paints.text, sheet.paints.muted);
    let left = room.right + 22.0 * unit;
    let mut top = room.top + 0.3 * size;
    for line in title {
        sheet.scene.text((left, top), Anchor::Start, line, size, text);
        top += 1.3 * size;
    }
    let bar = Room { left, top, right: left + 16.0 * unit, bottom: room.bottom };
    for step in 0..STEPS {
        let place = |at: usize| at as f64 / STEPS as f64;
        // The steps overlap, so that nothing shines through between them.
        let top = (bar.up(place(step + 1)) - 1.0).max(bar.top);
        let corners = rectangle(bar.left, top, bar.right, bar.up(place(step)));
        sheet.scene.area(corners, theme::scale(place(step) + 0.5 / STEPS as f64), 1.0);
    }
    for tick in &colours.ticks {
        let y = bar.up(tick.place);
        let ends = vec![(bar.right, y), (bar.right + 4.0 * unit, y)];
        sheet.scene.line(ends, muted, unit, &[]);
        let at = (bar.right + 8.0 * unit, y + 0.35 * size);
        sheet.scene.text(at, Anchor::Start, &tick.label, size, muted);
    }
}
