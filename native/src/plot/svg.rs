//! Writes a scene as SVG, without scripts, style sheets and fonts: it looks the same alone and within a page.

use super::font;
use super::scene::{Anchor, Marker, Place, Scene, Shape, Text};
use super::theme::Colour;
use std::fmt::Write;

/// Writes to a string, which cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

/// Returns `scene` as an SVG document.
pub(super) fn draw(scene: &Scene) -> String {
    let Scene { width, height, .. } = scene;
    let (title, description) = (escaped(&scene.title), escaped(&scene.description));
    let mut out = String::new();
    put!(
        out,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" \
         width=\"{width}\" height=\"{height}\" role=\"img\" font-family=\"{}\">",
        font::FAMILY
    );
    put!(out, "<title>{title}</title>");
    put!(out, "<desc>{description}</desc>");
    let background = colour(scene.background);
    put!(out, "<rect width=\"{width}\" height=\"{height}\" fill=\"{background}\"/>");
    for shape in &scene.shapes {
        write_shape(&mut out, shape);
    }
    out + "</svg>\n"
}

fn write_shape(out: &mut String, shape: &Shape) {
    match shape {
        Shape::Area { corners, colour: fill, opacity, tip } => {
            let shape = format!("path d=\"{}Z\"", way(corners));
            filled(out, &shape, *fill, *opacity, tip.as_deref());
        }
        Shape::Line { points, colour: stroke, width, dash } => {
            let dashes: Vec<String> = dash.iter().map(ToString::to_string).collect();
            let dashes = match dash {
                [] => String::new(),
                _ => format!(" stroke-dasharray=\"{}\"", dashes.join(" ")),
            };
            let (way, stroke) = (way(points), colour(*stroke));
            put!(
                out,
                "<path d=\"{way}\" fill=\"none\" stroke=\"{stroke}\" stroke-width=\"{width}\" \
                 stroke-linejoin=\"round\"{dashes}/>"
            );
        }
        Shape::Dot { at, radius, marker: Marker::Circle, colour, opacity, tip } => {
            let circle = format!("circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"{radius}\"", at.0, at.1);
            filled(out, &circle, *colour, *opacity, tip.as_deref());
        }
        Shape::Dot { at, radius, marker, colour, opacity, tip } => {
            let shape = format!("path d=\"{}Z\"", way(&marker.corners(*at, *radius)));
            filled(out, &shape, *colour, *opacity, tip.as_deref());
        }
        Shape::Text(text) => write_text(out, text),
    }
}

fn filled(out: &mut String, shape: &str, fill: Colour, opacity: f64, tip: Option<&str>) {
    let fill = colour(fill);
    let opacity = match opacity {
        1.0 => String::new(),
        _ => format!(" fill-opacity=\"{opacity}\""),
    };
    match tip {
        None => put!(out, "<{shape} fill=\"{fill}\"{opacity}/>"),
        Some(tip) => {
            let name = shape.split(' ').next().unwrap_or_default();
            let tip = escaped(tip);
            put!(out, "<{shape} fill=\"{fill}\"{opacity}><title>{tip}</title></{name}>");
        }
    }
}

fn write_text(out: &mut String, text: &Text) {
    let Text { at: (x, y), size, bold, anchor, angle, .. } = text;
    let anchor = match anchor {
        Anchor::Start => "",
        Anchor::Middle => " text-anchor=\"middle\"",
        Anchor::End => " text-anchor=\"end\"",
    };
    let weight = if *bold { " font-weight=\"500\"" } else { "" };
    let turned = match *angle {
        0.0 => String::new(),
        angle => format!(" transform=\"rotate({angle} {x:.1} {y:.1})\""),
    };
    let (fill, words) = (colour(text.colour), escaped(&text.text));
    put!(
        out,
        "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"{size:.1}\" fill=\"{fill}\"{weight}{anchor}{turned}>{words}</text>"
    );
}

fn way(points: &[Place]) -> String {
    let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1} {y:.1}")).collect();
    format!("M{}", points.join("L"))
}

fn colour([red, green, blue]: Colour) -> String {
    format!("#{red:02x}{green:02x}{blue:02x}")
}

/// Escapes text for XML. Characters that XML does not allow become U+FFFD; control characters are escaped before.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for c in text.chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
