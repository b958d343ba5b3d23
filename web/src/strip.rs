//! The strip behind the scrubber: the whole run on one line, which shows where things happen.

use crate::charts::Pointed;
use crate::fields;
use crate::fold::{Fold, Folds};
use crate::numbers::span;
use crate::paint::{Align, Font, Paint, Point};
use crate::run::PageRun;
use crate::theme::Ink;
use crate::timeline::{Id, Timeline};
use retrylab_core::trace::{Direction, FrameStep, Record, What};

/// Width of a column of the strip in pixels.
const COLUMN: f64 = 3.0;

/// Minimum distance of the length of a fold from bars, in pixels.
const CLEAR: f64 = 4.0;

/// What happens within one column.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Bin {
    /// All sends, and the first ones of their exchanges.
    sent: u32,
    first: u32,
    lost: u32,
    answered: u32,
    gave_up: u32,
}

/// Draws the strip of a run, with play time across: sends upward from its middle, losses downward, answers and exchanges given up as ticks.
pub(crate) fn draw(
    paint: &Paint<'_>,
    (timeline, run): (&Timeline, &PageRun),
    folds: &Folds,
    pointed: &Pointed,
    (w, h): Point,
) {
    let records = run.records();
    let bins = bins(timeline, records, folds, (w / COLUMN) as usize);
    troubles(paint, timeline, folds, (w, h));
    if let Pointed::Times(from, to) = pointed {
        let (from, to) = (w * folds.share(*from), w * folds.share(*to));
        paint.alpha(0.25);
        paint.fill(Ink::Select, |path| path.rect((from, 0.0), to - from, h));
        paint.alpha(1.0);
        paint.stroke(Ink::Select, 1.5, |path| path.rect((from, 1.0), to - from, h - 2.0));
    }
    let middle = (h * 0.62).round();
    let most = bins.iter().map(|bin| bin.sent.max(bin.lost)).max().unwrap_or(1).max(1);
    // The square root keeps single packets visible next to bursts.
    let height = |n: u32, room: f64| (f64::from(n) / f64::from(most)).sqrt() * (room - 2.0);
    paint.fill(Ink::Line, |path| path.rect((0.0, middle - 0.5), w, 1.0));
    for (ink, pick) in [
        (Ink::Reply, (|bin| (bin.answered, true)) as fn(&Bin) -> (u32, bool)),
        (Ink::Lost, |bin| (bin.gave_up, true)),
        (Ink::RetryLine, |bin| (bin.sent, true)),
        // Over the sends together, the first ones of their exchanges.
        (Ink::Request, |bin| (bin.first, true)),
        (Ink::Lost, |bin| (bin.lost, false)),
    ] {
        paint.fill(ink, |path| {
            for (i, bin) in bins.iter().enumerate() {
                let (n, up) = pick(bin);
                if n == 0 {
                    continue;
                }
                let x = i as f64 * COLUMN;
                let room = if up { middle } else { h - middle };
                let high = height(n.min(most), room).max(3.0);
                let y = if up { middle - high } else { middle };
                path.rect((x, y), COLUMN - 1.0, high);
            }
        });
    }
    folded(paint, folds, bins.len(), (w, h));
    changes(paint, (timeline, run), folds, (w, h));
}

fn bins(timeline: &Timeline, records: &[Record], folds: &Folds, count: usize) -> Vec<Bin> {
    let mut bins = vec![Bin::default(); count.max(1)];
    let last = bins.len() - 1;
    for (at, id) in timeline.shown() {
        let bin = &mut bins[column(*at, folds, last)];
        let record = &records[*id as Id as usize];
        match record.what {
            What::Sent { direction: Direction::Request, .. } | What::Connecting => {
                bin.sent += 1;
                bin.first += u32::from(record.label.is_none_or(|label| label.send.get() == 1));
            }
            What::Dropped { .. } | What::Frame { step: FrameStep::Lost(_), .. } => bin.lost += 1,
            What::Answered { .. } => bin.answered += 1,
            What::GaveUp { .. } | What::Refused { .. } => bin.gave_up += 1,
            What::Sent { .. }
            | What::Delivered { .. }
            | What::Duplicated { .. }
            | What::Damaged { .. }
            | What::DelayedByHand { .. }
            | What::DuplicatedByHand { .. }
            | What::Frame { .. }
            | What::TimerArmed { .. }
            | What::TimerFired { .. }
            | What::Failed
            | What::LateReply
            | What::Stranger
            | What::Served { .. }
            | What::Down { .. }
            | What::Up
            | What::Written
            | What::Stale
            | What::Missing { .. }
            | What::Reordered
            | What::Repeated
            | What::Dead { .. }
            | What::Alive
            | What::Confirmed
            | What::Broken { .. }
            | What::Released
            | What::NotReleased
            | What::Accepted
            | What::Replied { .. }
            | What::Rejected
            | What::Limited { .. }
            | What::NameAnswered { .. }
            | What::NameResolved { .. }
            | What::Note { .. } => {}
        }
    }
    bins
}

/// Marks the stretches in which time runs faster, and writes how long they are where there is room.
fn folded(paint: &Paint<'_>, folds: &Folds, columns: usize, (w, h): Point) {
    for fold in folds.folds() {
        let (from, to) = room(folds, *fold, columns, w);
        paint.stroke(Ink::Edge, 1.0, |path| {
            let mut slant = from - 3.0;
            while slant < to {
                path.line((slant, h - 1.0), (slant + 4.0, h - 7.0));
                slant += 5.0;
            }
        });
        let (font, text) = (Font::sans(10.0), span(fold.length()));
        let (x, wide) = (f64::midpoint(from, to).round(), paint.width(font, &text) + 4.0);
        if wide <= to - from {
            paint.fill(Ink::Ground, |path| path.rect((x - wide / 2.0, h - 19.0), wide, 11.0));
            paint.text(Ink::Muted, font, Align::Center, (x, h - 13.0), &text);
        }
    }
}

/// Returns where the room for slants and a word is within a fold: between the bars of the events around it, and before the end.
fn room(folds: &Folds, fold: Fold, columns: usize, w: f64) -> (f64, f64) {
    let bar = |at: u64| column(at, folds, columns - 1) as f64 * COLUMN;
    (bar(fold.from) + COLUMN - 1.0 + CLEAR, bar(fold.to).min(w) - CLEAR)
}

/// Marks the stretches in which something is wrong, and writes what where there is room.
fn troubles(paint: &Paint<'_>, timeline: &Timeline, folds: &Folds, (w, h): Point) {
    let end = timeline.end();
    // Where the last word ends.
    let mut written = 0.0;
    let x = |at: u64| w * folds.share(at.min(end));
    for trouble in timeline.servers().troubles().iter().filter(|trouble| trouble.from < end) {
        let (from, to) = (x(trouble.from), x(trouble.until));
        paint.alpha(0.4);
        paint.stroke(Ink::Lost, 1.0, |path| {
            path.texture(trouble.kind.texture(), (from, 0.0), to - from, h, 7.0);
        });
        paint.alpha(1.0);
        let (font, word) = (Font::sans(10.5).bold(), trouble.word());
        let wide = paint.width(font, &word) + 6.0;
        if from >= written && wide < to - from {
            written = from + wide;
            paint.fill(Ink::Ground, |path| path.rect((from + 1.0, 0.0), wide, 12.0));
            paint.text(Ink::Lost, font, Align::Left, (from + 4.0, 6.5), &word);
        }
    }
}

/// Marks the times at which settings change, and writes which ones where there is room.
fn changes(
    paint: &Paint<'_>,
    (timeline, run): (&Timeline, &PageRun),
    folds: &Folds,
    (w, h): Point,
) {
    let end = timeline.end();
    let mut written = 0.0;
    for (at, words) in &fields::changes(run.scenario()) {
        if *at > end {
            break;
        }
        let x = (w * folds.share(*at)).round();
        paint.fill(Ink::Select, |path| path.rect((x - 1.0, 0.0), 2.0, h));
        let font = Font::sans(10.5).bold();
        let wide = paint.width(font, words) + 6.0;
        let left = if x + wide < w { x + 1.0 } else { x - wide - 1.0 };
        if left >= written {
            written = left + wide;
            paint.fill(Ink::Ground, |path| path.rect((left, 0.0), wide, 12.0));
            paint.text(Ink::Select, font, Align::Left, (left + 3.0, 6.5), words);
        }
    }
}

/// Returns the column of a time, from 0 to `last`.
fn column(at: u64, folds: &Folds, last: usize) -> usize {
    ((folds.share(at) * last as f64) as usize).min(last)
}

#[cfg(test)]
mod tests {
    use super::*;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn every_event_falls_into_a_column() {
        let (scenario, _) = Scenario::from_fragment("clients=50&link.loss=0.5");
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let folds = Folds::new(timeline.moments(), timeline.end(), 10_000_000);
        for count in [0, 1, 7, 400] {
            let bins = bins(&timeline, run.records(), &folds, count);
            let sum =
                |pick: fn(&Bin) -> u32| bins.iter().map(|bin| u64::from(pick(bin))).sum::<u64>();
            assert_eq!(sum(|bin| bin.sent), run.summary().sends);
            assert_eq!(sum(|bin| bin.first), 50);
            assert_eq!(sum(|bin| bin.lost), run.summary().lost);
            assert_eq!(sum(|bin| bin.answered), run.summary().answered);
            assert_eq!(sum(|bin| bin.gave_up), run.summary().gave_up);
        }
        assert_eq!(column(u64::MAX, &folds, 99), 99);
        assert_eq!(column(0, &Folds::new(&[], 0, 1), 99), 0);
    }

    #[test]
    fn the_length_of_a_fold_keeps_clear_of_all_bars_and_of_the_end() {
        let (scenario, _) = Scenario::from_fragment("clients=5&link.loss=0.3&seed=3");
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let folds = Folds::new(timeline.moments(), timeline.end(), 10_000_000);
        assert!(folds.folds().len() > 2);
        for count in [20, 101, 400] {
            let w = count as f64 * COLUMN + 2.0;
            let bins = bins(&timeline, run.records(), &folds, count);
            let bars = (0..).zip(&bins).filter(|(_, bin)| **bin != Bin::default());
            let bars: Vec<f64> = bars.map(|(i, _)| f64::from(i) * COLUMN).collect();
            for fold in folds.folds() {
                let (from, to) = room(&folds, *fold, count, w);
                let is_clear =
                    |x: &f64| x + COLUMN - 1.0 + CLEAR <= from || *x >= to + CLEAR || from >= to;
                assert!(to <= w - CLEAR && bars.iter().all(is_clear), "{count}: {from} to {to}");
            }
        }
    }
}
