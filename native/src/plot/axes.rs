//! Draws the axes around the room for data.

use super::font;
use super::quantity::Quantity;
use super::scale::{Scale, Shape, Tick};
use super::scene::{self, Anchor};
use super::sheet::{Room, Sheet, TooSmall};

/// What is along an axis.
pub(super) enum Axis {
    Numbers(Scale),
    /// Labels of categories, which have equal room.
    Categories(Vec<Tick>),
}

impl Axis {
    /// Creates an axis of categories.
    pub(super) fn categories(labels: impl ExactSizeIterator<Item = String>) -> Self {
        let count = labels.len() as f64;
        let tick = |(at, label)| Tick { place: (at as f64 + 0.5) / count, label };
        Self::Categories(labels.enumerate().map(tick).collect())
    }

    fn ticks(&self) -> &[Tick] {
        match self {
            Self::Numbers(scale) => &scale.ticks,
            Self::Categories(ticks) => ticks,
        }
    }

    /// Returns the position of a number, or of category `at`: 0 at the low end, 1 at the high end.
    pub(super) fn place(&self, number: f64, at: usize) -> f64 {
        match self {
            Self::Numbers(scale) => scale.place(number),
            Self::Categories(ticks) => ticks[at].place,
        }
    }

    fn unit(&self) -> &str {
        match self {
            Self::Numbers(scale) => &scale.unit,
            Self::Categories(_) => "",
        }
    }
}

/// Returns a scale along `length`, on which labels that need `room` each do not overlap.
pub(super) fn fitted(
    range: (f64, f64),
    quantity: &Quantity,
    shape: Shape,
    length: f64,
    room: impl Fn(&str) -> f64,
) -> Scale {
    Scale::new(range, quantity, shape, |ticks| {
        ticks.windows(2).all(|pair| {
            let needed = (room(&pair[0].label) + room(&pair[1].label)) / 2.0;
            (pair[1].place - pair[0].place) * length >= needed
        })
    })
}

/// Both axes, with the room between them.
pub(super) struct Axes {
    pub(super) x: Axis,
    pub(super) y: Axis,
    pub(super) room: Room,
}

/// An axis that is not made yet.
pub(super) struct Wanted<'a> {
    pub(super) quantity: &'a Quantity,
    /// Lowest and highest number; `None` for categories.
    pub(super) range: Option<(f64, f64)>,
    pub(super) shape: Shape,
    pub(super) categories: Vec<String>,
}

/// Angle of the labels of categories that do not fit side by side, in degrees.
const SLANT: f64 = -35.0;

/// Largest share of the width for the labels of y, and of the height for slanted ones of x.
const MAX_LABELS: f64 = 0.25;

impl Axes {
    /// Draws axes; `right` is what labels on the right need.
    pub(super) fn draw(
        sheet: &mut Sheet,
        x: Wanted<'_>,
        y: Wanted<'_>,
        right: f64,
    ) -> Result<Self, TooSmall> {
        let (size, unit) = (sheet.text_size(), sheet.unit);
        let mut room = sheet.room;
        room.right -= right;
        // The title of y is above its axis, where it needs no turning.
        room.top += 1.9 * size;
        let longest = MAX_LABELS * sheet.room.width();
        let slanted = Self::slanted(sheet, &x.categories, 0.85 * room.width());
        room.bottom -= 2.0 * size + slanted.unwrap_or(1.5 * size);
        if room.height() < 4.0 * size || room.width() < 12.0 * size {
            return Err(TooSmall);
        }
        let y_axis = match y.range {
            Some(range) => {
                let length = room.height();
                Axis::Numbers(fitted(range, y.quantity, y.shape, length, |_| 2.6 * size))
            }
            None => {
                let labels = y.categories.iter();
                Axis::categories(labels.map(|label| font::cut(label, longest, size, false)))
            }
        };
        let widths = y_axis.ticks().iter().map(|tick| sheet.width(&tick.label));
        room.left += widths.fold(0.0, f64::max) + 8.0 * unit;
        let x_axis = match x.range {
            Some(range) => {
                // The first and the last point are not on the edges.
                room.left += 10.0 * unit;
                room.right -= 10.0 * unit;
                let length = room.width();
                let needed = |label: &str| sheet.width(label) + 1.6 * size;
                Axis::Numbers(fitted(range, x.quantity, x.shape, length, needed))
            }
            None => {
                let labels = x.categories.iter();
                let most = MAX_LABELS * sheet.room.height();
                let cut = |label: &String| match slanted {
                    Some(_) => font::cut(label, most, size, false),
                    None => label.clone(),
                };
                Axis::categories(labels.map(cut))
            }
        };
        if slanted.is_some() {
            room.left += Self::overhang(sheet, x_axis.ticks(), room);
        }
        let axes = Self { x: x_axis, y: y_axis, room };
        axes.draw_y(sheet, y.quantity);
        axes.draw_x(sheet, x.quantity, slanted);
        Ok(axes)
    }

    /// Returns the height of slanted labels, if the labels do not fit side by side in `width`.
    fn slanted(sheet: &Sheet, labels: &[String], width: f64) -> Option<f64> {
        let room = width / labels.len().max(1) as f64;
        let longest = labels.iter().map(|label| sheet.width(label)).fold(0.0, f64::max);
        let cut = longest.min(MAX_LABELS * sheet.room.height());
        let turned = cut * SLANT.to_radians().sin().abs() + sheet.text_size();
        (longest + 0.6 * sheet.text_size() > room).then_some(turned)
    }

    /// Returns how far slanted labels reach beyond the left side.
    fn overhang(sheet: &Sheet, ticks: &[Tick], room: Room) -> f64 {
        let beyond = ticks.iter().map(|tick| {
            let length = sheet.width(&tick.label) * SLANT.to_radians().cos();
            sheet.room.left - (room.across(tick.place) - length)
        });
        beyond.fold(0.0, f64::max)
    }

    /// Returns the ends of the axes: points may be a little within.
    fn edges(&self, sheet: &Sheet) -> (f64, f64) {
        let beyond = match self.x {
            Axis::Numbers(_) => 10.0 * sheet.unit,
            Axis::Categories(_) => 0.0,
        };
        (self.room.left - beyond, self.room.right + beyond)
    }

    fn draw_y(&self, sheet: &mut Sheet, quantity: &Quantity) {
        let (size, unit) = (sheet.text_size(), sheet.unit);
        let (left, right) = self.edges(sheet);
        let (grid, muted, text) = (sheet.paints.grid, sheet.paints.muted, sheet.paints.text);
        // Labels of categories are at least a line apart.
        let rows = self.room.height() / self.y.ticks().len().max(1) as f64;
        let every = match self.y {
            Axis::Numbers(_) => 1,
            Axis::Categories(_) => (1.2 * size / rows).ceil().max(1.0) as usize,
        };
        for tick in self.y.ticks().iter().step_by(every) {
            let y = self.room.up(tick.place);
            if matches!(self.y, Axis::Numbers(_)) {
                sheet.scene.line(vec![(left, y), (right, y)], grid, unit, &[]);
            }
            let at = (left - 7.0 * unit, y + 0.35 * size);
            sheet.scene.text(at, Anchor::End, &tick.label, size, muted);
        }
        let title = quantity.title(self.y.unit());
        let title = font::cut(&title, sheet.room.width(), size, false);
        let at = (sheet.room.left, self.room.top - 1.0 * size);
        sheet.scene.text(at, Anchor::Start, &title, size, text);
    }

    fn draw_x(&self, sheet: &mut Sheet, quantity: &Quantity, slanted: Option<f64>) {
        let (size, unit) = (sheet.text_size(), sheet.unit);
        let Room { bottom, .. } = self.room;
        let (left, right) = self.edges(sheet);
        let (axis, muted, text) = (sheet.paints.axis, sheet.paints.muted, sheet.paints.text);
        sheet.scene.line(vec![(left, bottom), (right, bottom)], axis, unit, &[]);
        let slots = self.room.width() / self.x.ticks().len().max(1) as f64;
        // Slanted labels are at least a line apart.
        let every = slanted.map_or(1, |_| (1.7 * size / slots).ceil() as usize).max(1);
        for tick in self.x.ticks().iter().step_by(every) {
            let x = self.room.across(tick.place);
            sheet.scene.line(vec![(x, bottom), (x, bottom + 4.0 * unit)], axis, unit, &[]);
            if slanted.is_none() {
                let at = (x, bottom + 1.45 * size);
                sheet.scene.text(at, Anchor::Middle, &tick.label, size, muted);
                continue;
            }
            sheet.scene.shapes.push(scene::Shape::Text(scene::Text {
                at: (x + 0.3 * size, bottom + 1.1 * size),
                text: tick.label.clone(),
                size,
                bold: false,
                anchor: Anchor::End,
                colour: muted,
                angle: SLANT,
            }));
        }
        let title = quantity.title(self.x.unit());
        let title = font::cut(&title, right - sheet.room.left, size, false);
        let half = sheet.width(&title) / 2.0;
        // In the middle of the axis, but not in the names on the right.
        let middle = ((left + right) / 2.0).min(right - half).max(sheet.room.left + half);
        let at = (middle, sheet.room.bottom - 0.4 * size);
        sheet.scene.text(at, Anchor::Middle, &title, size, text);
    }
}
