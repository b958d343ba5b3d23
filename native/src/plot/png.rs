//! Writes a scene as PNG.
//!
//! Paths are rasterized by zeno, which does that and nothing else; the outlines of the text come from the font that the
//! program carries. Crates that draw whole charts or render SVG (plotters, resvg) take several times as long to
//! build and choose fonts from the system, so that the same data would look different on another machine.

use super::font;
use super::scene::{Marker, Place, Scene, Shape, Text};
use super::theme::Colour;
use miniz_oxide::deflate::{CompressionLevel, compress_to_vec_zlib};
use ttf_parser::OutlineBuilder;
use zeno::{Command, Join, Mask, PathBuilder, Stroke, Style, Transform, Vector};

/// Returns `scene` as the bytes of a PNG file, each side `scale` times as long.
pub(super) fn draw(scene: &Scene, scale: f64) -> Vec<u8> {
    let (width, height) = ((scene.width * scale) as usize, (scene.height * scale) as usize);
    let pixels = scene.background.repeat(width * height);
    let mut canvas = Canvas { pixels, width, height, scale: scale as f32 };
    for shape in &scene.shapes {
        canvas.shape(shape);
    }
    encode(&canvas)
}

struct Canvas {
    /// Red, green and blue, row by row.
    pixels: Vec<u8>,
    width: usize,
    height: usize,
    scale: f32,
}

impl Canvas {
    fn shape(&mut self, shape: &Shape) {
        match shape {
            Shape::Area { corners, colour, opacity, .. } => {
                self.paint(&polygon(corners), Style::default(), *colour, *opacity);
            }
            Shape::Line { points, colour, width, dash } => {
                let mut way: Vec<Command> = Vec::new();
                start(&mut way, points);
                let dashes: Vec<f32> = dash.iter().map(|length| *length as f32).collect();
                let mut stroke = Stroke::new(*width as f32);
                stroke.join(Join::Round).dash(&dashes, 0.0);
                self.paint(&way, stroke.into(), *colour, 1.0);
            }
            Shape::Dot { at, radius, marker: Marker::Circle, colour, opacity, .. } => {
                let mut circle: Vec<Command> = Vec::new();
                circle.add_circle((at.0 as f32, at.1 as f32), *radius as f32);
                self.paint(&circle, Style::default(), *colour, *opacity);
            }
            Shape::Dot { at, radius, marker, colour, opacity, .. } => {
                let corners = marker.corners(*at, *radius);
                self.paint(&polygon(&corners), Style::default(), *colour, *opacity);
            }
            Shape::Text(text) => self.text(text),
        }
    }

    fn text(&mut self, text: &Text) {
        let angle = zeno::Angle::from_degrees(text.angle as f32);
        let place = Vector::new(text.at.0 as f32, text.at.1 as f32);
        // The place is that of this font, whatever room was left for others.
        let width = font::advance(&text.text, text.size, text.bold);
        let mut start = text.offset(width);
        let mut outline: Vec<Command> = Vec::new();
        font::each(&text.text, text.size, text.bold, |face, glyph, scale, advance| {
            let mut pen = Pen { way: &mut outline, x: start as f32, scale: scale as f32 };
            face.outline_glyph(glyph, &mut pen);
            start += advance;
        });
        let turned = Transform::rotation(angle).then_translate(place.x, place.y);
        let outline: Vec<Command> = outline.iter().map(|part| part.transform(&turned)).collect();
        self.paint(&outline, Style::default(), text.colour, 1.0);
    }

    /// Paints a path over what is there.
    fn paint(&mut self, path: &[Command], style: Style<'_>, colour: Colour, opacity: f64) {
        let scaled = Transform::scale(self.scale, self.scale);
        let (mask, placement) = Mask::new(path).style(style).transform(Some(scaled)).render();
        let across = placement.width as usize;
        for (row, covers) in mask.chunks(across.max(1)).enumerate() {
            let y = i64::from(placement.top) + row as i64;
            for (column, cover) in covers.iter().enumerate().filter(|(_, cover)| **cover > 0) {
                let x = i64::from(placement.left) + column as i64;
                let within =
                    |at: i64, size: usize| usize::try_from(at).ok().filter(|at| *at < size);
                let (Some(x), Some(y)) = (within(x, self.width), within(y, self.height)) else {
                    continue;
                };
                let share = opacity * f64::from(*cover) / 255.0;
                let at = 3 * (y * self.width + x);
                for (pixel, part) in self.pixels[at..at + 3].iter_mut().zip(colour) {
                    let (below, above) = (f64::from(*pixel), f64::from(part));
                    *pixel = (below + share * (above - below)).round() as u8;
                }
            }
        }
    }
}

fn start(way: &mut Vec<Command>, points: &[Place]) {
    for (at, (x, y)) in points.iter().enumerate() {
        let place = (*x as f32, *y as f32);
        if at == 0 {
            way.move_to(place);
        } else {
            way.line_to(place);
        }
    }
}

fn polygon(corners: &[Place]) -> Vec<Command> {
    let mut way = Vec::new();
    start(&mut way, corners);
    way.close();
    way
}

/// Draws the outline of a character. In fonts, y grows upwards.
struct Pen<'a> {
    way: &'a mut Vec<Command>,
    x: f32,
    scale: f32,
}

impl Pen<'_> {
    fn at(&self, x: f32, y: f32) -> (f32, f32) {
        (self.x + self.scale * x, -self.scale * y)
    }
}

impl OutlineBuilder for Pen<'_> {
    fn move_to(&mut self, x: f32, y: f32) {
        self.way.move_to(self.at(x, y));
    }

    fn line_to(&mut self, x: f32, y: f32) {
        self.way.line_to(self.at(x, y));
    }

    fn quad_to(&mut self, x1: f32, y1: f32, x: f32, y: f32) {
        self.way.quad_to(self.at(x1, y1), self.at(x, y));
    }

    fn curve_to(&mut self, x1: f32, y1: f32, x2: f32, y2: f32, x: f32, y: f32) {
        self.way.curve_to(self.at(x1, y1), self.at(x2, y2), self.at(x, y));
    }

    fn close(&mut self) {
        self.way.close();
    }
}

/// Encodes the pixels (PNG, third edition): 8 bits of red, green and blue each, without filters.
fn encode(canvas: &Canvas) -> Vec<u8> {
    let mut out = b"\x89PNG\r\n\x1a\n".to_vec();
    let mut header = Vec::new();
    header.extend((canvas.width as u32).to_be_bytes());
    header.extend((canvas.height as u32).to_be_bytes());
    // Bits per sample, colour type, and the only methods of compression, filters and interlacing.
    header.extend([8, 2, 0, 0, 0]);
    chunk(&mut out, b"IHDR", &header);
    let rows = canvas.pixels.chunks(3 * canvas.width);
    // Each row begins with its filter.
    let rows: Vec<u8> = rows.flat_map(|row| [&[0], row].concat()).collect();
    let level = CompressionLevel::DefaultLevel as u8;
    chunk(&mut out, b"IDAT", &compress_to_vec_zlib(&rows, level));
    chunk(&mut out, b"IEND", &[]);
    out
}

fn chunk(out: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    out.extend(name);
    out.extend(data);
    let sum = name.iter().chain(data).fold(!0, |sum, byte| {
        let low = (0..8).fold((sum ^ u32::from(*byte)) & 0xff, |low, _| {
            if low & 1 == 1 { 0xedb8_8320 ^ (low >> 1) } else { low >> 1 }
        });
        low ^ (sum >> 8)
    });
    out.extend((!sum).to_be_bytes());
}
