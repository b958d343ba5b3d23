//! Draws what happens at the servers on their lane: requests that wait and are worked on, and what is wrong.

use super::{HEADER, View};
use crate::fields;
use crate::paint::{Align, Font, Paint};
use crate::theme::Ink;
use crate::timeline::{Id, Job, Timeline};

/// Width of the bar of a request.
const BAR: f64 = 6.0;

/// Maximum number of bars next to each other; further ones share the last place.
const MAX_BARS: u8 = 3;

/// A client's request at a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stay {
    job: Id,
    /// The place of its bar, away from the lane.
    place: u8,
}

/// Returns the stays of a client's requests, by arrival: each has the first place that is free.
pub(super) fn stays(timeline: &Timeline, flow: u32) -> Vec<Stay> {
    let mut free = [0; MAX_BARS as usize];
    let mut stays = Vec::new();
    for (job, Job { request, arrived, ended, .. }) in (0..).zip(timeline.servers().jobs()) {
        let own = timeline.packet(*request).is_some_and(|packet| packet.flow == flow);
        if own && ended > arrived {
            let place = free.iter().position(|time| time <= arrived).unwrap_or(free.len() - 1);
            free[place] = *ended;
            stays.push(Stay { job, place: place as u8 });
        }
    }
    stays
}

/// Draws each request at a server as a bar: hollow while it waits, solid while it is worked on, and crossed out from the moment
/// on at which nobody needs it any more.
pub(super) fn bars(paint: &Paint<'_>, view: &View<'_>, from: u64, to: u64) {
    let jobs =
        view.ladder.stays.iter().map(|stay| {
            (&view.timeline.servers().jobs()[stay.job as usize], f64::from(stay.place))
        });
    for (job, place) in jobs.filter(|(job, _)| job.arrived <= to && job.ended >= from) {
        let x = view.columns.server - BAR / 2.0 - place * (BAR + 2.0);
        let last = view.timeline.end();
        let y = |at: u64| view.ladder.y(at.min(last)) - view.top;
        let begun = job.begun.min(job.ended);
        let bar = |from: u64, to: u64| ((x, y(from)), y(to) - y(from));
        let now = |from: u64, to: u64| view.at.clamp(from, to);
        let ((x, top), h) = bar(job.arrived, begun);
        if h > 3.0 {
            let past = bar(job.arrived, now(job.arrived, begun)).1;
            paint.fill(Ink::Ground, |path| path.rect((x, top), BAR, h));
            paint.stroke(Ink::WaitSoft, 1.5, |path| path.rect((x, top), BAR, h));
            paint.stroke(Ink::Wait, 1.5, |path| path.rect((x, top), BAR, past));
        }
        if begun < job.ended {
            let ((x, top), h) = bar(begun, job.ended);
            let past = bar(begun, now(begun, job.ended)).1;
            paint.fill(Ink::WaitSoft, |path| path.rect((x, top), BAR, h));
            paint.fill(Ink::Wait, |path| path.rect((x, top), BAR, past));
        }
        if job.is_void(view.at) {
            let from = job.void.clamp(job.arrived, job.ended);
            let ((x, top), h) = bar(from, now(from, job.ended));
            paint.stroke(Ink::Lost, 1.5, |path| {
                path.hatch((x - 1.0, top), BAR + 2.0, h, 5.0);
                path.rect((x - 1.0, top), BAR + 2.0, h);
            });
        }
    }
}

/// Draws a hatched band while something is wrong: on the servers' lane, or between the lanes if it is the link.
pub(super) fn troubles(paint: &Paint<'_>, view: &View<'_>) {
    let last = view.timeline.end();
    // The middle of the last word on either place: words are below each other.
    let mut words = [0.0; 2];
    for trouble in view.timeline.servers().troubles() {
        if trouble.from > last {
            continue;
        }
        let y = |at: u64| view.ladder.y(at.min(last)) - view.top;
        let (top, bottom) = (y(trouble.from).max(HEADER), y(trouble.until).min(view.h));
        if bottom - top < 2.0 {
            continue;
        }
        let middle = f64::midpoint(view.columns.client, view.columns.server);
        let (x, half) =
            if trouble.is_of_link() { (middle, 14.0) } else { (view.columns.server, 9.0) };
        paint.alpha(0.35);
        paint.stroke(Ink::Lost, 1.5, |path| {
            path.hatch((x - half, top), 2.0 * half, bottom - top, 8.0);
        });
        paint.alpha(1.0);
        let before = &mut words[usize::from(trouble.is_of_link())];
        *before = (top + 9.0).max(*before + 16.0);
        // Not over the bars next to the lane.
        let bars = f64::from(MAX_BARS) * (BAR + 2.0);
        let words = trouble.words(view.run.scenario());
        word(paint, Ink::Lost, &words, (x - half.max(bars) - 6.0, *before));
    }
}

/// Draws a line at each time at which settings change.
pub(super) fn changes(paint: &Paint<'_>, view: &View<'_>) {
    for (at, words) in &fields::changes(view.run.scenario()) {
        let y = view.ladder.y(*at) - view.top;
        if y < HEADER || y > view.h || *at > view.seen.min(view.timeline.end()) {
            continue;
        }
        paint.dash(&[6.0, 4.0]);
        paint.stroke(Ink::Select, 1.5, |path| path.line((0.0, y), (view.columns.w, y)));
        paint.dash(&[]);
        word(paint, Ink::Select, words, (view.columns.server - 12.0, y - 9.0));
    }
}

fn word(paint: &Paint<'_>, ink: Ink, word: &str, (right, y): (f64, f64)) {
    let font = Font::sans(12.0).bold();
    let width = paint.width(font, word);
    paint.alpha(0.85);
    paint.fill(Ink::Ground, |path| {
        path.card((right - width - 3.0, y - 8.0), width + 6.0, 16.0, 4.0);
    });
    paint.alpha(1.0);
    paint.text(ink, font, Align::Right, (right, y), word);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::run::PageRun;
    use retrylab_core::scenario::Scenario;

    #[test]
    fn requests_at_the_server_at_once_have_bars_next_to_each_other() {
        let late = crate::lessons::lessons().find(|lesson| lesson.title == "A reply too late");
        let (scenario, _) = Scenario::from_fragment(late.unwrap().fragment);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let stays = stays(&Timeline::new(&run), 1);
        // Each second send finds the first at the server; that of the second exchange finds wasted work, too.
        let places: Vec<u8> = stays.iter().map(|stay| stay.place).collect();
        assert_eq!(places, [0, 1, 0, 2, 0, 1]);
        let (scenario, _) = Scenario::from_fragment("");
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        assert_eq!(self::stays(&Timeline::new(&run), 1), [], "its work takes no time");
    }
}
