//! Draws the schedule.

use super::{Schedule, until};
use crate::numbers::{grouped, spread};
use crate::paint::{Align, Font, Paint, Shape};
use crate::theme::Ink;
use retrylab_core::policy::{JitterRange, PlannedSend, ScheduleEnd};
use retrylab_core::time::{Duration, nanos};

/// Font of everything except the end.
const SMALL: Font = Font::sans(11.0);

/// Layout of the picture at a given size.
#[derive(Clone, Copy, Debug)]
struct Places {
    /// The right edge of the sends' numbers.
    number: f64,
    /// The right edge of the waits.
    label: f64,
    /// Where time begins and ends.
    left: f64,
    right: f64,
    /// The height of a row.
    step: f64,
    reach: u64,
}

/// The height of the head.
const HEAD: f64 = 15.0;

impl Places {
    fn new(schedule: &Schedule, w: f64, h: f64) -> Self {
        let longest = schedule.rows.iter().map(|row| label(row).chars().count()).max();
        // Few widths, or the picture would shiver while a slider moves.
        let label = match longest.unwrap_or(0) {
            0..8 => 70.0,
            8..11 => 92.0,
            _ => 108.0,
        };
        let last = usize::from(schedule.end != ScheduleEnd::Never);
        let rows = schedule.rows.len() + usize::from(schedule.more.is_some()) + last;
        Self {
            number: 17.0,
            label,
            left: label + 12.0,
            right: (w - 7.0).max(label + 20.0),
            step: ((h - HEAD) / rows.max(1) as f64).min(22.0),
            reach: schedule.reach(),
        }
    }

    fn x(&self, at: Duration) -> f64 {
        self.left + (self.right - self.left) * (nanos(at) as f64 / self.reach as f64)
    }

    fn y(&self, row: usize) -> f64 {
        HEAD + (row as f64 + 0.5) * self.step
    }

    /// The radius of a mark.
    fn radius(&self) -> f64 {
        (self.step * 0.27).clamp(3.0, 4.5)
    }
}

/// The wait of a row.
fn label(row: &PlannedSend) -> String {
    spread(nanos(row.wait.least), nanos(row.wait.most), "–")
}

/// Draws it on a canvas of `w` by `h` CSS pixels.
pub(crate) fn draw(paint: &Paint<'_>, schedule: &Schedule, w: f64, h: f64) {
    let places = Places::new(schedule, w, h);
    let text = |align, x: f64, text: &str| {
        paint.text(Ink::Muted, SMALL, align, (x, 6.0), text);
    };
    text(Align::Left, 0.0, "send");
    text(Align::Right, places.label, "waits");
    text(Align::Center, places.left, "0");
    text(Align::Right, w, &spread(places.reach, places.reach, ""));

    let bands = schedule.rows.iter().map(|row| row.at).chain(schedule.drawn_end()).enumerate();
    band(paint, &places, bands);
    stairs(paint, &places, schedule);
    sends(paint, &places, schedule);
    ending(paint, &places, schedule);
}

/// The numbers and the waits of the sends, and a mark where each goes out.
fn sends(paint: &Paint<'_>, places: &Places, schedule: &Schedule) {
    for (i, row) in schedule.rows.iter().enumerate() {
        let y = places.y(i);
        let ink = if row.certain { Ink::Text } else { Ink::Muted };
        paint.text(ink, SMALL, Align::Right, (places.number, y), &(i + 1).to_string());
        paint.text(ink, SMALL, Align::Right, (places.label, y), &label(row));
    }
    let marks = schedule.rows.iter().enumerate().filter(|(_, row)| row.certain);
    let mut marks = marks.map(|(i, row)| (places.x(row.at.nominal), places.y(i)));
    let first: Vec<_> = marks.by_ref().take(1).collect();
    paint.packets(Shape::Request, places.radius(), &first);
    paint.packets(Shape::Retry, places.radius(), &marks.collect::<Vec<_>>());
}

/// The rows below the sends: how many are not shown, and the end.
fn ending(paint: &Paint<'_>, places: &Places, schedule: &Schedule) {
    let mut y = places.y(schedule.rows.len());
    let arrow = |ink, y: f64| {
        paint.stroke(ink, 1.5, |path| {
            let (from, to) = ((places.right - 16.0, y), (places.right, y));
            path.line(from, to);
            path.head(from, to, 5.0);
        });
    };
    if let Some(more) = schedule.more {
        let more = match more {
            Some(n) => format!("… and {} more", grouped(n)),
            None => "… and so on".to_string(),
        };
        paint.text(Ink::Text, SMALL, Align::Left, (5.0, y), &more);
        arrow(Ink::Wait, y);
        y += places.step;
    }
    if schedule.end == ScheduleEnd::Never {
        return;
    }
    let bold = SMALL.bold();
    paint.text(Ink::Lost, bold, Align::Right, (places.label, y), "gives up");
    if let Some(end) = schedule.drawn_end() {
        let x = places.x(end.nominal);
        return paint.stroke(Ink::Lost, 2.5, |path| path.cross((x, y), places.radius()));
    }
    if let ScheduleEnd::At { at, .. } = schedule.end {
        let at = spread(nanos(at.least), nanos(at.most), "–");
        paint.text(Ink::Lost, bold, Align::Right, (places.right - 22.0, y), &at);
    }
    arrow(Ink::Lost, y);
}

/// Where each send may fall: a band with an edge at either end.
fn band(paint: &Paint<'_>, places: &Places, rows: impl Iterator<Item = (usize, JitterRange)>) {
    let rows: Vec<_> = rows.filter(|(_, at)| at.least < at.most).collect();
    let high = places.step * 0.66;
    let box_of = |(i, at): &(usize, JitterRange)| {
        let (from, to) = (places.x(at.least), places.x(at.most).min(places.right));
        (from, to, places.y(*i) - high / 2.0)
    };
    paint.fill(Ink::Line, |path| {
        for (from, to, top) in rows.iter().map(box_of) {
            path.rect((from, top), to - from, high);
        }
    });
    paint.stroke(Ink::Muted, 1.5, |path| {
        for (from, to, top) in rows.iter().map(box_of) {
            path.line((from, top), (from, top + high));
            path.line((to, top), (to, top + high));
        }
    });
}

/// The waits, and from the end of each a hairline down to the send that follows.
fn stairs(paint: &Paint<'_>, places: &Places, schedule: &Schedule) {
    let sure = || schedule.rows.iter().enumerate().filter(|(_, row)| row.certain);
    paint.stroke(Ink::Muted, 1.0, |path| {
        for (i, row) in sure() {
            let x = places.x(until(row));
            path.line((x, places.y(i)), (x, places.y(i + 1)));
        }
    });
    let high = (places.step * 0.3).clamp(3.5, 6.0);
    paint.fill(Ink::Wait, |path| {
        for (i, row) in sure() {
            let (from, to) = (places.x(row.at.nominal), places.x(until(row)));
            path.rect((from, places.y(i) - high / 2.0), to - from, high);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::super::MAX_ROWS;
    use super::*;
    use retrylab_core::policy::Preset;

    #[test]
    fn every_preset_has_a_picture() {
        for preset in Preset::ALL {
            let schedule = Schedule::new(&preset.policy());
            assert!((1..=MAX_ROWS).contains(&schedule.rows.len()), "{preset}");
            let places = Places::new(&schedule, 218.0, 150.0);
            let mut x = 0.0;
            for (i, row) in schedule.rows.iter().enumerate() {
                let here = places.x(row.at.nominal);
                assert!(here >= x && here <= places.right, "{preset}: send {i} at {here}");
                assert!(row.at.least <= row.at.nominal && row.at.nominal <= row.at.most);
                x = here;
            }
            assert!(places.y(schedule.rows.len() - 1) + places.step / 2.0 <= 150.0, "{preset}");
        }
    }
}
