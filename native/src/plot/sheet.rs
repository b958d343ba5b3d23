//! The page of a plot: its headings and captions, and the room that they leave.

use super::font;
use super::scene::{Anchor, Scene, Shape, Text};
use super::theme::{Colour, Paints, Theme};
use retrylab_core::value::Printable;

/// Error for a page on which the plot would be unreadable.
#[derive(Debug, thiserror::Error)]
#[error("--size: the plot does not fit; use a larger size, shorter texts or fewer lines")]
pub(crate) struct TooSmall;

/// What the user wants of the page.
pub(super) struct Page<'a> {
    pub(super) size: (u32, u32),
    pub(super) theme: Theme,
    pub(super) title: Option<&'a str>,
    pub(super) subtitle: Option<&'a str>,
    pub(super) caption: Option<&'a str>,
}

/// The texts that the data suggest.
pub(super) struct Words {
    pub(super) title: String,
    pub(super) subtitle: String,
    /// Explains what is drawn. It stays below the user's caption.
    pub(super) caption: String,
}

/// Distances from the left and the top.
#[derive(Clone, Copy, Debug)]
pub(super) struct Room {
    pub(super) left: f64,
    pub(super) top: f64,
    pub(super) right: f64,
    pub(super) bottom: f64,
}

impl Room {
    pub(super) const fn width(&self) -> f64 {
        self.right - self.left
    }

    pub(super) const fn height(&self) -> f64 {
        self.bottom - self.top
    }

    /// Returns the coordinate of a place from 0 at the left to 1 at the right.
    pub(super) const fn across(&self, place: f64) -> f64 {
        self.left + place * self.width()
    }

    /// Returns the coordinate of a place from 0 at the bottom to 1 at the top.
    pub(super) const fn up(&self, place: f64) -> f64 {
        self.bottom - place * self.height()
    }
}

/// A plot that is being drawn.
pub(super) struct Sheet {
    pub(super) scene: Scene,
    pub(super) theme: Theme,
    pub(super) paints: Paints,
    /// Length of what is 1 long in a plot of the default size: text grows with the plot, but less.
    pub(super) unit: f64,
    /// What the headings and captions leave.
    pub(super) room: Room,
}

/// Maximum number of characters of a heading or a caption.
const MAX_TEXT: usize = 1_000;

impl Sheet {
    /// Starts a plot with its headings and captions.
    pub(super) fn new(page: &Page<'_>, words: &Words) -> Self {
        let (width, height) = (f64::from(page.size.0), f64::from(page.size.1));
        let clean = |given: Option<&str>, text: &str| {
            Printable::new(given.unwrap_or(text)).at_most(MAX_TEXT).to_string()
        };
        let title = clean(page.title, &words.title);
        let subtitle = clean(page.subtitle, &words.subtitle);
        let caption = page.caption.map(|caption| clean(Some(caption), ""));
        let paints = page.theme.paints();
        let description = [subtitle.as_str(), caption.as_deref().unwrap_or(""), &words.caption];
        let scene = Scene {
            width,
            height,
            background: paints.background,
            title: title.clone(),
            description: description
                .into_iter()
                .filter(|text| !text.is_empty())
                .collect::<Vec<_>>()
                .join(". "),
            shapes: Vec::new(),
        };
        let unit = (width / 960.0).min(height / 540.0).sqrt().clamp(0.7, 2.0);
        let margin = 20.0 * unit;
        let room =
            Room { left: margin, top: margin, right: width - margin, bottom: height - 14.0 * unit };
        let mut sheet = Self { scene, theme: page.theme, paints, unit, room };
        let (text, muted) = (sheet.paints.text, sheet.paints.muted);
        sheet.heading(&title, 19.0, true, text);
        sheet.heading(&subtitle, 14.0, false, muted);
        sheet.room.top += 6.0 * unit;
        sheet.captions([caption.as_deref().unwrap_or(""), &words.caption]);
        sheet
    }

    /// Adds a heading below the last one.
    fn heading(&mut self, text: &str, size: f64, bold: bool, colour: Colour) {
        if text.is_empty() {
            return;
        }
        let size = size * self.unit;
        for line in font::wrap(text, self.room.width(), size, bold, 2) {
            self.room.top += size;
            let at = (self.room.left, self.room.top);
            let text =
                Text { at, text: line, size, bold, anchor: Anchor::Start, colour, angle: 0.0 };
            self.scene.shapes.push(Shape::Text(text));
            self.room.top += 0.35 * size;
        }
    }

    /// Adds captions at the bottom.
    fn captions(&mut self, captions: [&str; 2]) {
        let (size, colour) = (12.0 * self.unit, self.paints.muted);
        let lines: Vec<String> = captions
            .into_iter()
            .filter(|text| !text.is_empty())
            .flat_map(|text| font::wrap(text, self.room.width(), size, false, 3))
            .collect();
        for line in lines.iter().rev() {
            let at = (self.room.left, self.room.bottom - 0.2 * size);
            self.scene.text(at, Anchor::Start, line, size, colour);
            self.room.bottom -= 1.35 * size;
        }
        self.room.bottom -= 0.5 * size;
    }

    /// Returns the size of the text at axes and lines.
    pub(super) fn text_size(&self) -> f64 {
        13.0 * self.unit
    }

    /// Returns the room that a text at an axis or a line needs.
    pub(super) fn width(&self, text: &str) -> f64 {
        font::width(text, self.text_size(), false)
    }
}
