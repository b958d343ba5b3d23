//! The font of plots: how wide a text is, and the outlines of its characters.
//!
//! The font is part of the program, because a machine without a desktop has none. An SVG names it first and similar ones
//! after it, so that a text has nearly the measured width everywhere.

use std::sync::LazyLock;
use ttf_parser::{Face, GlyphId};

/// The fonts in an SVG.
pub(super) const FAMILY: &str = "Roboto, 'Helvetica Neue', Arial, 'Liberation Sans', sans-serif";

/// The regular and the bold face.
static FACES: LazyLock<[Option<Face<'static>>; 2]> = LazyLock::new(|| {
    let [regular, bold]: [&[u8]; 2] = [
        include_bytes!("../../assets/roboto/Roboto-Regular.ttf"),
        include_bytes!("../../assets/roboto/Roboto-Medium.ttf"),
    ];
    [regular, bold].map(|bytes| Face::parse(bytes, 0).ok())
});

/// Room for the fonts that a viewer has instead of this one.
const OTHER_FONTS: f64 = 1.04;

/// Returns the room that `text` needs in a font of `size`.
pub(super) fn width(text: &str, size: f64, bold: bool) -> f64 {
    advance(text, size, bold) * OTHER_FONTS
}

/// Returns the width of `text` in this font.
pub(super) fn advance(text: &str, size: f64, bold: bool) -> f64 {
    let mut width = 0.0;
    each(text, size, bold, |_, _, _, advance| width += advance);
    width
}

/// Calls `found` for each character with its glyph, the scale of the outlines, and its advance. What the font lacks is a
/// U+FFFD.
pub(super) fn each(
    text: &str,
    size: f64,
    bold: bool,
    mut found: impl FnMut(&Face<'static>, GlyphId, f64, f64),
) {
    let Some(face) = &FACES[usize::from(bold)] else { return };
    let scale = size / f64::from(face.units_per_em());
    for c in text.chars() {
        let glyph = face.glyph_index(c).or_else(|| face.glyph_index('\u{fffd}'));
        let glyph = glyph.unwrap_or_default();
        let advance = face.glyph_hor_advance(glyph).unwrap_or_default();
        found(face, glyph, scale, scale * f64::from(advance));
    }
}

/// Cuts `text` to `room`; the last character is then `…`.
pub(super) fn cut(text: &str, room: f64, size: f64, bold: bool) -> String {
    // A room that was made for the text may be smaller by rounding.
    if width(text, size, bold) <= room + 0.01 {
        return text.to_string();
    }
    let mut cut = "…".to_string();
    for (end, c) in text.char_indices() {
        let longer = format!("{}…", text[..end + c.len_utf8()].trim_end());
        if width(&longer, size, bold) > room {
            break;
        }
        cut = longer;
    }
    cut
}

/// Breaks `text` into at most `lines` lines of at most `room`. What is longer is cut.
pub(super) fn wrap(text: &str, room: f64, size: f64, bold: bool, lines: usize) -> Vec<String> {
    let mut wrapped: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match wrapped.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, bold) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => wrapped.push(word.to_string()),
        }
    }
    if wrapped.len() > lines {
        let rest = wrapped.split_off(lines - 1).join(" ");
        wrapped.push(rest);
    }
    wrapped.into_iter().map(|line| cut(&line, room, size, bold)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn widths_are_those_of_the_font() {
        assert!(FACES.iter().all(Option::is_some));
        // Digits of Roboto are all 1,151 of 2,048 units wide.
        let digits = width("0123456789", 2048.0, false);
        assert!((digits - 11_510.0 * OTHER_FONTS).abs() < 1e-6, "{digits}");
        assert!(width("iii", 12.0, false) < width("mmm", 12.0, false));
        assert!(width("median", 12.0, true) > width("median", 12.0, false));
        assert!(width("\u{4e2d}", 12.0, false) > 0.0, "a character that the font lacks");
    }

    #[test]
    fn long_texts_are_wrapped_and_cut() {
        let text = "Median of 20 seeds; band: 95 % confidence interval of the median";
        let lines = wrap(text, 150.0, 12.0, false, 9);
        assert!(lines.len() > 2 && lines.join(" ") == text, "{lines:?}");
        assert!(lines.iter().all(|line| width(line, 12.0, false) <= 150.0), "{lines:?}");
        let two = wrap(text, 150.0, 12.0, false, 2);
        assert!(two.len() == 2 && two[1].ends_with('…'), "{two:?}");
        assert!(two.iter().all(|line| width(line, 12.0, false) <= 150.0), "{two:?}");
        assert_eq!(cut("short", 100.0, 12.0, false), "short");
        assert_eq!(cut("no room at all", 1.0, 12.0, false), "…");
    }
}
