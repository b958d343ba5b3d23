//! Draws the plot as one SVG without scripts and fonts. Its colours follow the light or dark mode of the system.

use super::axis::Axis;
use super::data::{Data, Line, Xs, middle};
use retrylab_core::stats::Sample;
use retrylab_core::value::Printable;
use std::fmt::Write;

const WIDTH: f64 = 800.0;
const HEIGHT: f64 = 500.0;
const LEFT: f64 = 84.0;
const TOP: f64 = 64.0;
const BOTTOM: f64 = 428.0;
/// Approximate width of a character.
const CHARACTER: f64 = 7.2;

/// Colours of lines on a light and on a dark background. They can be told apart with every common colour blindness.
const COLOURS: [(&str, &str); 8] = [
    ("#0072b2", "#56b4e9"),
    ("#d55e00", "#ff9a57"),
    ("#00805e", "#2fc493"),
    ("#b3478a", "#e59ac4"),
    ("#9a6b00", "#f0c04a"),
    ("#5b4bc4", "#b3a6ff"),
    ("#6b3e1f", "#d9a37c"),
    ("#5c6670", "#b4bec8"),
];
/// Dash patterns that distinguish lines of the same colour.
const DASHES: [&str; 3] = ["none", "7 4", "2 4"];

/// Draws `data`.
pub(super) fn draw(data: &Data, log_x: bool, log_y: bool) -> String {
    let mut picture = Picture::new(data, log_x, log_y);
    picture.head();
    picture.axes();
    for at in 0..data.lines.len() {
        picture.line(at);
    }
    picture.legend();
    picture.out + "</svg>\n"
}

struct Picture<'a> {
    data: &'a Data,
    /// `None` for categories.
    x: Option<Axis>,
    y: Axis,
    right: f64,
    out: String,
}

/// Writes to a string, which cannot fail.
macro_rules! put {
    ($out:expr, $($arg:tt)*) => {{ let _ = writeln!($out, $($arg)*); }};
}

impl<'a> Picture<'a> {
    fn new(data: &'a Data, log_x: bool, log_y: bool) -> Self {
        let (mut low, mut high) = (f64::INFINITY, f64::NEG_INFINITY);
        for sample in data.lines.iter().flat_map(|line| &line.samples) {
            let Some(median) = middle(sample) else { continue };
            let (least, most) = interval(sample, median);
            // An end that is longer than any is drawn at the upper edge.
            let most = if most.is_finite() { most } else { median };
            // A logarithmic axis cannot show an interval that reaches 0 or below.
            let least = if log_y && least <= 0.0 { median } else { least };
            (low, high) = (low.min(least), high.max(most));
        }
        // The axis starts at 0 if that takes little space, so that heights can be compared.
        if !log_y && low > 0.0 && low < 0.4 * high {
            low = 0.0;
        }
        let x = match &data.xs {
            Xs::Categories => None,
            Xs::Numbers(numbers, _) => {
                let (first, last) = (numbers[0], numbers[numbers.len() - 1]);
                Some(Axis::new(first, last, log_x, false))
            }
        };
        let longest = data.lines.iter().map(|line| line.label.chars().count()).max();
        let longest =
            longest.into_iter().chain(data.by.as_ref().map(|by| by.chars().count())).max();
        let legend = match data.by {
            Some(_) => 52.0 + CHARACTER * longest.unwrap_or_default().min(26) as f64,
            None => 28.0,
        };
        Self {
            data,
            x,
            y: Axis::new(low, high, log_y, true),
            right: WIDTH - legend,
            out: String::new(),
        }
    }

    fn head(&mut self) {
        let Data { x, y, by, only, lines, .. } = self.data;
        let by = by.as_ref().map(|by| format!(", by {by}")).unwrap_or_default();
        let title = format!("{y} over {x}{by}");
        let counts =
            lines.iter().flat_map(|line| &line.samples).map(|sample| sample.numbers().len());
        let counts = counts.filter(|count| *count > 0);
        let (least, most) = (counts.clone().min().unwrap_or(0), counts.max().unwrap_or(0));
        let mut remark = match (least, most) {
            (1, 1) => "one run each".to_string(),
            _ if least == most => format!("medians of {most} runs"),
            _ => format!("medians of {least} to {most} runs"),
        };
        if lines.iter().flat_map(|line| &line.samples).any(|s| s.median_interval().is_some()) {
            remark += ", with 95 % confidence intervals";
        }
        for pair in only {
            let _ = write!(remark, "; {pair}");
        }
        let (title, remark) = (escaped(&title, 84), escaped(&remark, 100));
        let out = &mut self.out;
        put!(
            out,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" \
             width=\"{WIDTH}\" height=\"{HEIGHT}\" role=\"img\">"
        );
        put!(out, "<title>{title}</title>");
        put!(out, "<style>\n{}</style>", style());
        put!(out, "<rect class=\"back\" width=\"{WIDTH}\" height=\"{HEIGHT}\"/>");
        put!(out, "<text class=\"title\" x=\"{LEFT}\" y=\"28\">{title}</text>");
        put!(out, "<text class=\"remark\" x=\"{LEFT}\" y=\"48\">{remark}</text>");
    }

    fn axes(&mut self) {
        let right = self.right;
        for (number, text) in self.y.ticks.clone() {
            let y = self.up(number);
            put!(self.out, "<path class=\"grid\" d=\"M{LEFT} {y:.1}H{right:.1}\"/>");
            let (x, y) = (LEFT - 8.0, y + 4.5);
            put!(self.out, "<text text-anchor=\"end\" x=\"{x}\" y=\"{y:.1}\">{text}</text>");
        }
        if let Some(axis) = self.x.clone() {
            for (number, text) in &axis.ticks {
                self.mark(self.across(axis.place(*number)), text, false);
            }
        } else {
            self.categories();
        }
        put!(self.out, "<path class=\"axis\" d=\"M{LEFT} {TOP}V{BOTTOM}H{right:.1}\"/>");
        let unit = match &self.data.xs {
            Xs::Numbers(_, Some(unit)) => format!(" ({unit})"),
            _ => String::new(),
        };
        let (x, name) = ((LEFT + right) / 2.0, escaped(&format!("{}{unit}", self.data.x), 60));
        put!(self.out, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"488\">{name}</text>");
        let (y, name) = ((TOP + BOTTOM) / 2.0, escaped(&self.data.y, 44));
        put!(
            self.out,
            "<text text-anchor=\"middle\" transform=\"translate(22 {y}) rotate(-90)\">{name}</text>"
        );
    }

    /// Draws a tick on the x axis with its label.
    fn mark(&mut self, x: f64, text: &str, slanted: bool) {
        let below = BOTTOM + 5.0;
        put!(self.out, "<path class=\"axis\" d=\"M{x:.1} {BOTTOM}V{below}\"/>");
        if slanted {
            let (y, text) = (BOTTOM + 15.0, escaped(text, 12));
            put!(
                self.out,
                "<text class=\"small\" text-anchor=\"end\" \
                 transform=\"translate({x:.1} {y}) rotate(-30)\">{text}</text>"
            );
        } else {
            let (y, text) = (BOTTOM + 21.0, escaped(text, 60));
            put!(self.out, "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y}\">{text}</text>");
        }
    }

    fn categories(&mut self) {
        let texts = &self.data.x_texts;
        let room = (self.right - LEFT) / texts.len() as f64;
        let longest = texts.iter().map(|text| text.chars().count()).max().unwrap_or_default();
        let slanted = longest as f64 * CHARACTER > room - 8.0;
        let every = (22.0 / room).ceil().max(1.0) as usize;
        for (at, text) in texts.iter().enumerate().step_by(every) {
            self.mark(self.middle(at), text, slanted);
        }
    }

    /// Draws a line with its band, or points with error bars.
    fn line(&mut self, at: usize) {
        let line = &self.data.lines[at];
        let (colour, dash) = (at % COLOURS.len(), at / COLOURS.len() % DASHES.len());
        let places = self.places(at);
        // Points without a measurement interrupt the line.
        let joined = self.x.is_some();
        for run in runs(line).filter(|run| joined && run.len() > 1) {
            let median = |place: &usize| line.samples[*place].median().unwrap_or_default();
            let interval = |place: &usize| interval(&line.samples[*place], median(place));
            let at = |place: &usize, number: f64| {
                format!("{:.1} {:.1}", places[*place], self.up(number))
            };
            let upper = run.iter().map(|place| at(place, interval(place).1));
            let lower = run.iter().rev().map(|place| at(place, interval(place).0));
            let band = upper.chain(lower).collect::<Vec<_>>().join("L");
            let way = run.iter().map(|place| at(place, median(place)));
            let way = way.collect::<Vec<_>>().join("L");
            if run.iter().any(|place| line.samples[*place].median_interval().is_some()) {
                put!(self.out, "<path class=\"band f{colour}\" d=\"M{band}Z\"/>");
            }
            put!(self.out, "<path class=\"line l{colour} d{dash}\" d=\"M{way}\"/>");
        }
        let alone: Vec<usize> = runs(line).filter(|run| run.len() == 1).flatten().collect();
        for (place, sample) in line.samples.iter().enumerate() {
            let Some(median) = middle(sample) else { continue };
            let (x, y) = (places[place], self.up(median));
            if let Some((low, high)) = sample.median_interval()
                && (!joined || alone.contains(&place))
            {
                let (low, high, left, right) = (self.up(low), self.up(high), x - 4.0, x + 4.0);
                put!(
                    self.out,
                    "<path class=\"line l{colour}\" d=\"M{left:.1} {low:.1}H{right:.1}M{x:.1} {low:.1}\
                     V{high:.1}M{left:.1} {high:.1}H{right:.1}\"/>"
                );
            }
            let said = self.words(line, place, sample, median);
            put!(
                self.out,
                "<circle class=\"f{colour}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.5\">\
                 <title>{said}</title></circle>"
            );
        }
    }

    /// Returns the tooltip of a point.
    fn words(&self, line: &Line, place: usize, sample: &Sample, median: f64) -> String {
        let Data { x, y, by, x_texts, .. } = self.data;
        let by = by.as_ref().map(|by| format!(", {by}={}", line.label)).unwrap_or_default();
        let interval = sample.median_interval();
        let interval = interval.map(|(low, high)| format!(", {low} to {high}")).unwrap_or_default();
        let count = sample.numbers().len();
        let text = format!("{x}={}{by}: {y} {median}{interval}, of {count}", x_texts[place]);
        escaped(&text, 400)
    }

    fn legend(&mut self) {
        let Some(by) = &self.data.by else { return };
        let x = self.right + 18.0;
        let (y, name) = (TOP + 6.0, escaped(by, 26));
        put!(self.out, "<text class=\"small\" x=\"{x:.1}\" y=\"{y}\">{name}</text>");
        // The spacing shrinks if the legend would be too long.
        let step = 20f64.min((BOTTOM - TOP - 14.0) / self.data.lines.len() as f64);
        for (at, line) in self.data.lines.iter().enumerate() {
            let (colour, dash) = (at % COLOURS.len(), at / COLOURS.len() % DASHES.len());
            let y = TOP + 26.0 + at as f64 * step;
            let (end, middle, text) = (x + 20.0, y - 4.0, x + 26.0);
            put!(
                self.out,
                "<path class=\"line l{colour} d{dash}\" d=\"M{x:.1} {middle:.1}H{end:.1}\"/>"
            );
            let label = escaped(&line.label, 26);
            put!(self.out, "<text class=\"small\" x=\"{text:.1}\" y=\"{y:.1}\">{label}</text>");
        }
    }

    fn up(&self, number: f64) -> f64 {
        BOTTOM - self.y.place(number) * (BOTTOM - TOP)
    }

    fn across(&self, place: f64) -> f64 {
        LEFT + 12.0 + place * (self.right - LEFT - 24.0)
    }

    /// Returns the middle of a category.
    fn middle(&self, at: usize) -> f64 {
        LEFT + (at as f64 + 0.5) * (self.right - LEFT) / self.data.x_texts.len() as f64
    }

    /// Returns the x coordinates of the points of a line.
    fn places(&self, line: usize) -> Vec<f64> {
        match (&self.x, &self.data.xs) {
            (Some(axis), Xs::Numbers(numbers, _)) => {
                numbers.iter().map(|number| self.across(axis.place(*number))).collect()
            }
            _ => {
                // The lines are drawn side by side, so that no error bar hides another one.
                let count = self.data.lines.len() as f64;
                let room = (self.right - LEFT) / self.data.x_texts.len() as f64;
                let step = 12f64.min(0.7 * room / count);
                let aside = (line as f64 - (count - 1.0) / 2.0) * step;
                (0..self.data.x_texts.len()).map(|at| self.middle(at) + aside).collect()
            }
        }
    }
}

/// Returns the confidence interval of the median, or the median twice if it has none.
fn interval(sample: &Sample, median: f64) -> (f64, f64) {
    sample.median_interval().unwrap_or((median, median))
}

/// Returns the consecutive points between gaps.
fn runs(line: &Line) -> impl Iterator<Item = Vec<usize>> {
    let places: Vec<usize> =
        (0..line.samples.len()).filter(|at| middle(&line.samples[*at]).is_some()).collect();
    let runs = places.chunk_by(|a, b| a + 1 == *b).map(<[usize]>::to_vec).collect::<Vec<_>>();
    runs.into_iter()
}

fn style() -> String {
    let mut out = String::from(
        "text { font: 14px system-ui, sans-serif; fill: #24292f }\n\
         .title { font-size: 17px; font-weight: 600 }\n\
         .remark, .small { font-size: 13px }\n\
         .remark { fill: #57606a }\n\
         .back { fill: #ffffff }\n\
         .grid { stroke: #d8dee4; fill: none }\n\
         .axis { stroke: #57606a; fill: none }\n\
         .line { fill: none; stroke-width: 2 }\n\
         .band { opacity: 0.2 }\n",
    );
    for (at, dash) in DASHES.iter().enumerate() {
        put!(out, ".d{at} {{ stroke-dasharray: {dash} }}");
    }
    let colours = |out: &mut String, colour: fn(&(&'static str, &'static str)) -> &'static str| {
        for (at, pair) in COLOURS.iter().enumerate() {
            let colour = colour(pair);
            put!(out, ".l{at} {{ stroke: {colour} }} .f{at} {{ fill: {colour} }}");
        }
    };
    colours(&mut out, |pair| pair.0);
    out += "@media (prefers-color-scheme: dark) {\n\
            text { fill: #e6edf3 }\n\
            .remark { fill: #9ea7b0 }\n\
            .back { fill: #0d1117 }\n\
            .grid { stroke: #30363d }\n\
            .axis { stroke: #8b949e }\n";
    colours(&mut out, |pair| pair.1);
    out + "}\n"
}

/// Escapes at most `max` characters as XML text. Characters that XML does not allow become U+FFFD.
fn escaped(text: &str, max: usize) -> String {
    // A cell may be very long.
    let begin: String = text.chars().take(max + 1).collect();
    let text = Printable::new(&begin).to_string();
    let mut out = String::new();
    let long = text.chars().count() > max;
    for c in text.chars().take(if long { max - 1 } else { max }) {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    if long {
        out.push('…');
    }
    out
}
