//! The names of lines, at their ends or as a list.

use super::font;
use super::scene::{Anchor, Marker, Place, Shape};
use super::sheet::{Room, Sheet, TooSmall};
use super::spread::spread;
use super::theme::Colour;

/// Maximum number of lines whose names are at their ends, and that have bands.
pub(super) const MAX_DIRECT: usize = 8;

/// Largest share of the width for names.
const MAX_WIDTH: f64 = 0.32;

/// How a line looks. No two of the first 24 look the same, even without colours.
#[derive(Clone, Copy)]
pub(super) struct Look {
    pub(super) colour: Colour,
    pub(super) dash: &'static [f64],
    /// `None` if markers would hide the line, because it has many points.
    pub(super) marker: Option<Marker>,
}

const DASHES: [&[f64]; 4] = [&[], &[7.0, 3.0], &[2.0, 2.5], &[9.0, 3.0, 2.0, 3.0]];

impl Look {
    pub(super) fn new(sheet: &Sheet, at: usize, marked: bool) -> Self {
        let shapes = Marker::ALL.len();
        let (dash, marker) =
            if marked { (at / shapes, Some(Marker::ALL[at % shapes])) } else { (at, None) };
        Self { colour: sheet.theme.line(at), dash: DASHES[dash % DASHES.len()], marker }
    }
}

/// The name of a line.
pub(super) struct Entry {
    pub(super) label: String,
    pub(super) look: Look,
    /// Whether a line is drawn, not only points.
    pub(super) joined: bool,
    /// Where the line ends, if it is drawn.
    pub(super) end: Option<Place>,
    /// Mean height of its points, by which a list is ordered.
    pub(super) level: f64,
}

/// The names next to a plot.
pub(super) struct Names {
    heading: String,
    entries: Vec<Entry>,
}

impl Names {
    /// Creates the names of lines. A single line without a name needs none.
    pub(super) fn new(heading: &str, mut entries: Vec<Entry>) -> Self {
        if let [only] = entries.as_slice()
            && only.label.is_empty()
        {
            entries.clear();
        }
        Self { heading: heading.to_string(), entries }
    }

    /// Returns the width that names need, with their distance from the plot.
    pub(super) fn width(sheet: &Sheet, heading: &str, labels: &[&str]) -> f64 {
        if let [""] = labels {
            return 0.0;
        }
        let widths = labels.iter().map(|label| sheet.width(label) + Self::sample(sheet));
        // A long heading takes several lines.
        let heading = sheet.width(heading).min(8.0 * sheet.text_size());
        (widths.fold(heading, f64::max) + Self::distance(sheet)).min(MAX_WIDTH * sheet.room.width())
    }

    /// Returns the distance from the plot to the names.
    fn distance(sheet: &Sheet) -> f64 {
        26.0 * sheet.unit
    }

    /// Returns the width of a sample of a line, with its distance from the name.
    fn sample(sheet: &Sheet) -> f64 {
        30.0 * sheet.unit
    }

    /// Draws the names to the right of `room`: at the ends of the lines if they are few and do not end together, otherwise as a list.
    pub(super) fn draw(&self, sheet: &mut Sheet, room: Room) -> Result<(), TooSmall> {
        if self.entries.is_empty() {
            return Ok(());
        }
        let size = sheet.text_size();
        let left = room.right + Self::distance(sheet);
        let heading = font::wrap(&self.heading, sheet.room.right - left, size, false, 3);
        let (muted, axis) = (sheet.paints.muted, sheet.paints.axis);
        let line = 1.3 * size;
        let head = match self.heading.as_str() {
            "" => 0.0,
            _ => heading.len() as f64 * line + 0.3 * size,
        };
        let limits = (room.top + head, room.bottom);
        if limits.1 - limits.0 < size * (self.entries.len() - 1) as f64 {
            return Err(TooSmall);
        }
        let direct = self.at_ends(1.35 * size, limits);
        let places = direct.clone().unwrap_or_else(|| self.listed(1.45 * size, limits));
        let first = places.iter().copied().fold(f64::INFINITY, f64::min);
        for (at, text) in heading.iter().enumerate() {
            let y = first - head + 0.35 * size + at as f64 * line;
            sheet.scene.text((left, y), Anchor::Start, text, size, muted);
        }
        for (entry, y) in self.entries.iter().zip(places) {
            if let Some(end) = entry.end.filter(|_| direct.is_some()) {
                let gap = 5.0 * sheet.unit;
                let leader = vec![(end.0 + gap, end.1), (left - gap, y)];
                sheet.scene.line(leader, axis, 0.7 * sheet.unit, &[]);
            }
            Self::entry(sheet, entry, (left, y));
        }
        Ok(())
    }

    /// Returns the heights of names at the ends of the lines; `None` if they would be too far from them.
    fn at_ends(&self, gap: f64, limits: (f64, f64)) -> Option<Vec<f64>> {
        let ends: Vec<f64> =
            self.entries.iter().map(|entry| entry.end.map(|end| end.1)).collect::<Option<_>>()?;
        let places = spread(&ends, gap, limits);
        let near = |(place, end): (&f64, &f64)| (place - end).abs() <= 1.2 * gap;
        (ends.len() <= MAX_DIRECT && places.iter().zip(&ends).all(near)).then_some(places)
    }

    /// Returns the heights of names in a list, which begins at the top.
    fn listed(&self, gap: f64, limits: (f64, f64)) -> Vec<f64> {
        let mut order: Vec<usize> = (0..self.entries.len()).collect();
        order.sort_by(|a, b| self.entries[*a].level.total_cmp(&self.entries[*b].level));
        let gap = gap.min((limits.1 - limits.0) / (order.len() - 1).max(1) as f64);
        let mut places = vec![0.0; order.len()];
        for (rank, at) in order.into_iter().enumerate() {
            places[at] = limits.0 + rank as f64 * gap;
        }
        places
    }

    fn entry(sheet: &mut Sheet, entry: &Entry, (left, y): Place) {
        let (size, unit) = (sheet.text_size(), sheet.unit);
        let Look { colour, dash, marker } = entry.look;
        let right = left + Self::sample(sheet) - 7.0 * unit;
        if entry.joined {
            sheet.scene.line(vec![(left, y), (right, y)], colour, 2.0 * unit, dash);
        }
        if let Some(marker) = marker {
            let at = ((left + right) / 2.0, y);
            let radius = 3.5 * unit;
            sheet.scene.shapes.push(Shape::Dot {
                at,
                radius,
                marker,
                colour,
                opacity: 1.0,
                tip: None,
            });
        }
        let start = left + Self::sample(sheet);
        let label = font::cut(&entry.label, sheet.room.right - start, size, false);
        let colour = sheet.paints.text;
        sheet.scene.text((start, y + 0.35 * size), Anchor::Start, &label, size, colour);
    }
}
