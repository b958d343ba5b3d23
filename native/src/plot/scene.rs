//! A picture as a list of shapes, which [`svg`](super::svg) and [`png`](super::png) write.

use super::theme::Colour;

/// A place in the picture: to the right and down.
pub(super) type Place = (f64, f64);

/// The shape of a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Wedge,
    Cross,
}

impl Marker {
    pub(super) const ALL: [Self; 6] =
        [Self::Circle, Self::Square, Self::Triangle, Self::Diamond, Self::Wedge, Self::Cross];

    /// Returns the corners around `(x, y)`; none for a circle. All shapes look equally large.
    pub(super) fn corners(self, (x, y): Place, radius: f64) -> Vec<Place> {
        let unit: &[Place] = match self {
            Self::Circle => &[],
            Self::Square => &[(-0.9, -0.9), (0.9, -0.9), (0.9, 0.9), (-0.9, 0.9)],
            Self::Triangle => &[(0.0, -1.25), (1.15, 0.8), (-1.15, 0.8)],
            Self::Diamond => &[(0.0, -1.3), (1.3, 0.0), (0.0, 1.3), (-1.3, 0.0)],
            Self::Wedge => &[(0.0, 1.25), (-1.15, -0.8), (1.15, -0.8)],
            Self::Cross => &[
                (-0.4, -1.2),
                (0.4, -1.2),
                (0.4, -0.4),
                (1.2, -0.4),
                (1.2, 0.4),
                (0.4, 0.4),
                (0.4, 1.2),
                (-0.4, 1.2),
                (-0.4, 0.4),
                (-1.2, 0.4),
                (-1.2, -0.4),
                (-0.4, -0.4),
            ],
        };
        unit.iter().map(|(dx, dy)| (x + radius * dx, y + radius * dy)).collect()
    }
}

/// Which part of a text is at its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Start,
    Middle,
    End,
}

/// A line of text. Its place is on the baseline.
#[derive(Clone, Debug)]
pub(super) struct Text {
    pub(super) at: Place,
    pub(super) text: String,
    pub(super) size: f64,
    pub(super) bold: bool,
    pub(super) anchor: Anchor,
    pub(super) colour: Colour,
    /// Degrees, clockwise.
    pub(super) angle: f64,
}

impl Text {
    /// Returns the distance from the place to the start of the text, along its baseline.
    pub(super) fn offset(&self, width: f64) -> f64 {
        match self.anchor {
            Anchor::Start => 0.0,
            Anchor::Middle => -width / 2.0,
            Anchor::End => -width,
        }
    }

    /// Returns the corners of the box around the text.
    #[cfg(test)]
    pub(super) fn corners(&self) -> [Place; 4] {
        let width = super::font::advance(&self.text, self.size, self.bold);
        let (left, (sin, cos)) = (self.offset(width), self.angle.to_radians().sin_cos());
        let (up, down) = (-0.75 * self.size, 0.21 * self.size);
        [(left, up), (left + width, up), (left + width, down), (left, down)]
            .map(|(x, y)| (self.at.0 + x * cos - y * sin, self.at.1 + x * sin + y * cos))
    }
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Area {
        corners: Vec<Place>,
        colour: Colour,
        opacity: f64,
        tip: Option<String>,
    },
    Line {
        points: Vec<Place>,
        colour: Colour,
        width: f64,
        dash: &'static [f64],
    },
    Dot {
        at: Place,
        radius: f64,
        marker: Marker,
        colour: Colour,
        opacity: f64,
        tip: Option<String>,
    },
    Text(Text),
}

/// The picture. Later shapes are above earlier ones.
#[derive(Clone, Debug)]
pub(super) struct Scene {
    pub(super) width: f64,
    pub(super) height: f64,
    pub(super) background: Colour,
    /// What a screen reader says.
    pub(super) title: String,
    pub(super) description: String,
    pub(super) shapes: Vec<Shape>,
}

impl Scene {
    pub(super) fn area(&mut self, corners: Vec<Place>, colour: Colour, opacity: f64) {
        self.shapes.push(Shape::Area { corners, colour, opacity, tip: None });
    }

    pub(super) fn line(
        &mut self,
        points: Vec<Place>,
        colour: Colour,
        width: f64,
        dash: &'static [f64],
    ) {
        self.shapes.push(Shape::Line { points, colour, width, dash });
    }

    /// Adds a text that begins, is centred or ends at its place.
    pub(super) fn text(
        &mut self,
        at: Place,
        anchor: Anchor,
        text: &str,
        size: f64,
        colour: Colour,
    ) {
        let text = text.to_string();
        self.shapes.push(Shape::Text(Text {
            at,
            text,
            size,
            bold: false,
            anchor,
            colour,
            angle: 0.0,
        }));
    }
}

/// Returns a rectangle's corners.
pub(super) fn rectangle(left: f64, top: f64, right: f64, bottom: f64) -> Vec<Place> {
    vec![(left, top), (right, top), (right, bottom), (left, bottom)]
}
