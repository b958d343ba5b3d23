//! A thin layer over the canvas: shapes collected into one path per colour, text, lines.
//!
//! Every colour also has a shape, so that the picture is readable without colours: a first send is a disc,
//! a retry a triangle, a reply a square, a loss a cross.

use crate::theme::{Ink, Theme};
use crate::timeline::{Packet, Texture};
use retrylab_core::trace::Direction;
use std::cell::Cell;
use std::f64::consts::{FRAC_PI_2, TAU};
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::wasm_bindgen;
use web_sys::CanvasRenderingContext2d;

// `web-sys` catches what these methods throw, with a closure for each call: that takes a quarter of the time for a thousand
// packets. They throw only for a negative radius.
#[wasm_bindgen]
extern "C" {
    type Canvas;

    #[wasm_bindgen(method)]
    fn arc(this: &Canvas, x: f64, y: f64, r: f64, from: f64, to: f64);

    #[wasm_bindgen(method, js_name = arcTo)]
    fn arc_to(this: &Canvas, x1: f64, y1: f64, x2: f64, y2: f64, r: f64);
}

/// The shape of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Shape {
    Request,
    Retry,
    Reply,
}

impl Shape {
    pub(crate) const ALL: [Self; 3] = [Self::Request, Self::Retry, Self::Reply];

    pub(crate) fn of(packet: &Packet) -> Self {
        match packet.direction {
            _ if packet.is_retry() => Self::Retry,
            Direction::Reply => Self::Reply,
            Direction::Request => Self::Request,
        }
    }

    pub(crate) const fn ink(self) -> Ink {
        match self {
            Self::Request => Ink::Request,
            Self::Retry => Ink::Retry,
            Self::Reply => Ink::Reply,
        }
    }

    /// Returns the colour of what is thin, hollow or very small.
    pub(crate) const fn line_ink(self) -> Ink {
        if matches!(self, Self::Retry) { Ink::RetryLine } else { self.ink() }
    }

    pub(crate) const fn text_ink(self) -> Ink {
        match self {
            Self::Request => Ink::OnRequest,
            Self::Retry => Ink::OnRetry,
            Self::Reply => Ink::OnReply,
        }
    }

    /// Returns the dash pattern of its lines.
    const fn dash(self) -> &'static [f64] {
        match self {
            Self::Request => &[],
            Self::Retry => &[7.0, 3.0],
            Self::Reply => &[2.0, 3.0],
        }
    }
}

/// A point in CSS pixels.
pub(crate) type Point = (f64, f64);

/// Returns the length of a vector, without `hypot`'s care for extreme values.
pub(crate) fn length_of(dx: f64, dy: f64) -> f64 {
    (dx * dx + dy * dy).sqrt()
}

/// Where a text is relative to its point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Center,
    Right,
}

/// The font of a text.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Font {
    pub(crate) size: f64,
    pub(crate) bold: bool,
    pub(crate) mono: bool,
}

impl Font {
    pub(crate) const fn sans(size: f64) -> Self {
        Self { size, bold: false, mono: false }
    }

    pub(crate) const fn mono(size: f64) -> Self {
        Self { size, bold: false, mono: true }
    }

    pub(crate) const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }
}

/// Draws with a theme's colours on a canvas whose unit is the CSS pixel.
pub(crate) struct Paint<'a> {
    ctx: &'a CanvasRenderingContext2d,
    theme: &'a Theme,
    /// How strong colours are, from 0 to 1.
    strength: Cell<f64>,
}

/// How strong the colours of ghosts are.
const GHOST: f64 = 0.45;

impl<'a> Paint<'a> {
    /// Clears the canvas of `w` by `h` CSS pixels, each `ratio` device pixels wide.
    pub(crate) fn new(
        ctx: &'a CanvasRenderingContext2d,
        theme: &'a Theme,
        (w, h): Point,
        ratio: f64,
    ) -> Self {
        let _ = ctx.set_transform(ratio, 0.0, 0.0, ratio, 0.0, 0.0);
        ctx.set_global_alpha(1.0);
        ctx.clear_rect(0.0, 0.0, w, h);
        ctx.set_line_cap("round");
        ctx.set_line_join("round");
        ctx.set_text_baseline("middle");
        Self { ctx, theme, strength: Cell::new(1.0) }
    }

    pub(crate) fn alpha(&self, alpha: f64) {
        self.ctx.set_global_alpha(alpha * self.strength.get());
    }

    /// Draws ghosts from now on, or no longer: colours are faint, packets have only a dashed outline, and texts are muted.
    pub(crate) fn ghosts(&self, are_drawn: bool) {
        self.strength.set(if are_drawn { GHOST } else { 1.0 });
        self.alpha(1.0);
    }

    fn draws_ghosts(&self) -> bool {
        self.strength.get() < 1.0
    }

    /// Fills what `add` collects.
    pub(crate) fn fill(&self, ink: Ink, add: impl FnOnce(&Path<'_>)) {
        self.ctx.set_fill_style_str(self.theme.ink(ink));
        self.ctx.begin_path();
        add(&Path(self.ctx));
        self.ctx.fill();
    }

    /// Strokes what `add` collects.
    pub(crate) fn stroke(&self, ink: Ink, width: f64, add: impl FnOnce(&Path<'_>)) {
        self.ctx.begin_path();
        add(&Path(self.ctx));
        self.outline(ink, width);
    }

    /// Strokes the latest path.
    fn outline(&self, ink: Ink, width: f64) {
        self.ctx.set_stroke_style_str(self.theme.ink(ink));
        self.ctx.set_line_width(width);
        self.ctx.stroke();
    }

    /// Strokes with the dash pattern of `shape`.
    pub(crate) fn stroke_as(&self, shape: Shape, width: f64, add: impl FnOnce(&Path<'_>)) {
        self.dash(shape.dash());
        self.stroke(shape.line_ink(), width, add);
        self.dash(&[]);
    }

    /// Strokes with a dash pattern.
    pub(crate) fn dash(&self, dash: &[f64]) {
        let list = js_sys::Array::new();
        for length in dash {
            list.push(&(*length).into());
        }
        let _ = self.ctx.set_line_dash(&list);
    }

    /// Draws many packets of one shape in one path, with an outline for shapes that need one.
    pub(crate) fn packets(&self, shape: Shape, radius: f64, at: &[Point]) {
        if at.is_empty() {
            return;
        }
        let add = |path: &Path<'_>| at.iter().for_each(|at| path.shape(shape, *at, radius));
        if self.draws_ghosts() {
            self.dash(&[2.0, 2.5]);
            self.stroke(shape.line_ink(), 1.5, add);
            return self.dash(&[]);
        }
        let is_outlined = radius >= 3.0;
        self.fill(if is_outlined { shape.ink() } else { shape.line_ink() }, add);
        if is_outlined {
            self.outline(Ink::Text, if radius >= 6.0 { 1.25 } else { 0.75 });
        }
    }

    /// Draws one line of text, centered on `y`.
    pub(crate) fn text(&self, ink: Ink, font: Font, align: Align, at: Point, text: &str) {
        self.text_within(f64::INFINITY, (ink, font, align), at, text);
    }

    /// Draws one line of text as [`text`](Self::text) does, with narrow letters if it is wider than `room`.
    pub(crate) fn text_within(
        &self,
        room: f64,
        (ink, font, align): (Ink, Font, Align),
        (x, y): Point,
        text: &str,
    ) {
        self.font(font);
        let is_faint = self.draws_ghosts();
        if is_faint {
            // A faint text could not be read.
            self.ctx.set_global_alpha(1.0);
        }
        self.ctx.set_fill_style_str(self.theme.ink(if is_faint { Ink::Muted } else { ink }));
        self.ctx.set_text_align(match align {
            Align::Left => "left",
            Align::Center => "center",
            Align::Right => "right",
        });
        let _ = if room.is_finite() {
            self.ctx.fill_text_with_max_width(text, x, y, room.max(1.0))
        } else {
            self.ctx.fill_text(text, x, y)
        };
        if is_faint {
            self.alpha(1.0);
        }
    }

    /// Returns the width of a text in CSS pixels.
    pub(crate) fn width(&self, font: Font, text: &str) -> f64 {
        self.font(font);
        self.ctx.measure_text(text).map_or(0.0, |measured| measured.width())
    }

    fn font(&self, font: Font) {
        let family = if font.mono { self.theme.mono() } else { self.theme.sans() };
        let weight = if font.bold { "600 " } else { "" };
        // Tenths of a pixel, without the float formatter.
        let tenths = (font.size * 10.0) as u32;
        self.ctx.set_font(&format!("{weight}{}.{}px {family}", tenths / 10, tenths % 10));
    }
}

/// A path under construction.
pub(crate) struct Path<'a>(&'a CanvasRenderingContext2d);

impl Path<'_> {
    pub(crate) fn line(&self, from: Point, to: Point) {
        self.0.move_to(from.0, from.1);
        self.0.line_to(to.0, to.1);
    }

    pub(crate) fn rect(&self, (x, y): Point, w: f64, h: f64) {
        self.0.rect(x, y, w, h);
    }

    /// Adds slanted lines over a rectangle, `step` apart. Of a negative height, they lean the other way.
    pub(crate) fn hatch(&self, (x, y): Point, w: f64, h: f64, step: f64) {
        let rise = h.abs();
        let mut foot = step - rise;
        while foot < w {
            let (from, to) = (foot.max(0.0), (foot + rise).min(w));
            let at = |along: f64| (x + along, y + h - (along - foot) * h.signum());
            self.line(at(from), at(to));
            foot += step;
        }
    }

    /// Adds a texture over a rectangle, with lines `step` apart.
    pub(crate) fn texture(&self, texture: Texture, (x, y): Point, w: f64, h: f64, step: f64) {
        match texture {
            Texture::Slanted => self.hatch((x, y), w, h, step),
            Texture::Crossed => {
                self.hatch((x, y), w, h, step);
                // The same upside down.
                self.hatch((x, y + h), w, -h, step);
            }
            Texture::Level => {
                let mut row = y + step / 2.0;
                while row < y + h {
                    self.line((x, row), (x + w, row));
                    row += step;
                }
            }
            Texture::Upright => {
                let mut column = x + step / 2.0;
                while column < x + w {
                    self.line((column, y), (column, y + h));
                    column += step;
                }
            }
        }
    }

    /// Adds a rectangle with round corners.
    pub(crate) fn card(&self, (x, y): Point, w: f64, h: f64, radius: f64) {
        let r = radius.min(w / 2.0).min(h / 2.0).max(0.0);
        let canvas: &Canvas = self.0.unchecked_ref();
        self.0.move_to(x + r, y);
        canvas.arc_to(x + w, y, x + w, y + h, r);
        canvas.arc_to(x + w, y + h, x, y + h, r);
        canvas.arc_to(x, y + h, x, y, r);
        canvas.arc_to(x, y, x + w, y, r);
        self.0.close_path();
    }

    pub(crate) fn disc(&self, (x, y): Point, r: f64) {
        self.0.move_to(x + r, y);
        self.arc((x, y), r, 0.0, TAU);
    }

    /// Adds the last `share` of a circle, what is left of a wait, ending at twelve o'clock. It must be the
    /// first shape of its path, or a line would lead to it.
    pub(crate) fn ring(&self, (x, y): Point, r: f64, share: f64) {
        let from = -FRAC_PI_2 + TAU * (1.0 - share.clamp(0.0, 1.0));
        self.arc((x, y), r, from, TAU - FRAC_PI_2);
    }

    fn arc(&self, (x, y): Point, r: f64, from: f64, to: f64) {
        self.0.unchecked_ref::<Canvas>().arc(x, y, r.max(0.0), from, to);
    }

    pub(crate) fn cross(&self, (x, y): Point, r: f64) {
        self.line((x - r, y - r), (x + r, y + r));
        self.line((x + r, y - r), (x - r, y + r));
    }

    /// Adds a check mark.
    pub(crate) fn check(&self, (x, y): Point, r: f64) {
        self.0.move_to(x - r, y + 0.1 * r);
        self.0.line_to(x - 0.25 * r, y + 0.8 * r);
        self.0.line_to(x + r, y - 0.7 * r);
    }

    /// Adds a triangle that points to the right, with its flat side at `x`.
    pub(crate) fn pointer(&self, (x, y): Point, size: f64) {
        self.0.move_to(x, y - size / 2.0);
        self.0.line_to(x + size * 0.9, y);
        self.0.line_to(x, y + size / 2.0);
        self.0.close_path();
    }

    /// Adds an arrow's head at `at`, for a line that comes from `from`.
    pub(crate) fn head(&self, from: Point, at: Point, size: f64) {
        let (dx, dy) = (at.0 - from.0, at.1 - from.1);
        let length = length_of(dx, dy).max(1e-6);
        let (ux, uy) = (dx / length * size, dy / length * size);
        self.0.move_to(at.0 - ux - uy * 0.55, at.1 - uy + ux * 0.55);
        self.0.line_to(at.0, at.1);
        self.0.line_to(at.0 - ux + uy * 0.55, at.1 - uy - ux * 0.55);
    }

    /// Adds a packet's shape; all shapes of one radius look equally large.
    pub(crate) fn shape(&self, shape: Shape, (x, y): Point, r: f64) {
        match shape {
            _ if r < 1.6 => self.rect((x - r, y - r), 2.0 * r, 2.0 * r),
            Shape::Request => self.disc((x, y), r),
            Shape::Reply => {
                let side = 0.88 * r;
                self.rect((x - side, y - side), 2.0 * side, 2.0 * side);
            }
            Shape::Retry => {
                let r = 1.18 * r;
                self.0.move_to(x, y - r);
                self.0.line_to(x + r, y + 0.75 * r);
                self.0.line_to(x - r, y + 0.75 * r);
                self.0.close_path();
            }
        }
    }
}
