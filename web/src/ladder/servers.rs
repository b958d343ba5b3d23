//! Draws what happens at the servers on their lane: requests that wait and are worked on, and what is wrong.

use super::{Columns, HEADER, View};
use crate::fields;
use crate::paint::{Align, Font, Paint, Point};
use crate::theme::Ink;
use crate::timeline::{Id, Job, Packet, Site, Timeline, Trouble};

/// Width of the bar of a request.
const BAR: f64 = 6.0;

/// Maximum number of bars next to each other; further ones share the last place.
const MAX_BARS: u8 = 3;

/// The font of what is wrong, and of what changes.
const BOLD: Font = Font::sans(12.0).bold();

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

/// Returns the stays that reach into a span of time, without those whose place is taken by earlier ones in all of it: in a long
/// queue, those are thousands.
fn in_sight(stays: &[Stay], jobs: &[Job], from: u64, to: u64) -> Vec<Stay> {
    let mut taken = [from; MAX_BARS as usize];
    let is_seen = |stay: &&Stay| {
        let Job { arrived, ended, .. } = jobs[stay.job as usize];
        let taken = &mut taken[usize::from(stay.place)];
        let is_seen = arrived <= to && ended.min(to) > *taken;
        *taken = (*taken).max(if is_seen { ended } else { 0 });
        is_seen
    };
    stays.iter().filter(is_seen).copied().collect()
}

/// Draws each request at a server as a bar: hollow while it waits, solid while it is worked on, and crossed out from the moment
/// on at which nobody needs it any more.
pub(super) fn bars(paint: &Paint<'_>, view: &View<'_>, from: u64, to: u64) {
    let jobs = view.timeline.servers().jobs();
    for Stay { job, place } in in_sight(&view.ladder.stays, jobs, from, to) {
        bar(paint, view, &jobs[job as usize], f64::from(place));
    }
    paint.ghosts(false);
}

/// Draws a request at a server.
#[inline(never)]
fn bar(paint: &Paint<'_>, view: &View<'_>, job: &Job, place: f64) {
    let request = view.timeline.packet(job.request);
    paint.ghosts(view.is_ghost(request.and_then(Packet::owner)));
    let x = view.columns.server - BAR / 2.0 - place * (BAR + 2.0);
    let last = view.timeline.end();
    // A request may wait for as long as many screens are high. `clamp` would add 20 kB, because its panic shows numbers.
    let y = |at: u64| (view.ladder.y(at.min(last)) - view.top).max(-BAR).min(view.h + BAR);
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

/// Draws a shaded band while something is wrong: on the lane of the clients or of the servers, or between them if it is the link.
pub(super) fn troubles(paint: &Paint<'_>, view: &View<'_>) {
    let last = view.timeline.end();
    // The middle of the last word on either place: words are below each other.
    let mut words = [0.0; 2];
    for trouble in view.timeline.servers().troubles().iter().filter(|trouble| trouble.from <= last)
    {
        band(paint, view, trouble, &mut words);
    }
}

/// Draws the band of a trouble; `words` are the middles of the last words.
#[inline(never)]
fn band(paint: &Paint<'_>, view: &View<'_>, trouble: &Trouble, words: &mut [f64; 2]) {
    let last = view.timeline.end();
    let y = |at: u64| view.ladder.y(at.min(last)) - view.top;
    let (top, bottom) = (y(trouble.from).max(HEADER), y(trouble.until).min(view.h));
    if bottom - top < 2.0 {
        return;
    }
    let Columns { client, server, .. } = view.columns;
    // The words of lanes are between them, and not over the bars next to a lane.
    let bars = f64::from(MAX_BARS) * (BAR + 2.0) + 6.0;
    let (x, half, align, to_word) = match trouble.site() {
        Site::Clients => (client, 9.0, Align::Left, 15.0),
        Site::Link => (f64::midpoint(client, server), 14.0, Align::Right, -20.0),
        Site::Servers => (server, 9.0, Align::Right, -bars),
    };
    paint.alpha(0.35);
    paint.stroke(Ink::Lost, 1.5, |path| {
        let texture = trouble.kind.texture();
        path.texture(texture, (x - half, top), 2.0 * half, bottom - top, 8.0);
    });
    paint.alpha(1.0);
    let before = &mut words[usize::from(trouble.site() == Site::Servers)];
    *before = (top + 9.0).max(*before + 16.0);
    let words = trouble.words(view.run.scenario());
    word(paint, (Ink::Lost, BOLD, align), (x + to_word, *before), &words);
}

/// Draws a line at each time at which settings change.
pub(super) fn changes(paint: &Paint<'_>, view: &View<'_>) {
    for (at, words) in &fields::changes(view.run.scenario()) {
        let y = view.ladder.y(*at) - view.top;
        if y < HEADER || y > view.h || *at > view.seen.min(view.timeline.end()) {
            continue;
        }
        change(paint, view, y, words);
    }
}

/// Draws the line of a change.
#[inline(never)]
fn change(paint: &Paint<'_>, view: &View<'_>, y: f64, words: &str) {
    paint.dash(&[6.0, 4.0]);
    paint.stroke(Ink::Select, 1.5, |path| path.line((0.0, y), (view.columns.w, y)));
    paint.dash(&[]);
    word(paint, (Ink::Select, BOLD, Align::Right), (view.columns.server - 12.0, y - 9.0), words);
}

/// Writes a word that is legible over lines.
pub(super) fn word(
    paint: &Paint<'_>,
    (ink, font, align): (Ink, Font, Align),
    (x, y): Point,
    word: &str,
) {
    let width = paint.width(font, word);
    let left = if align == Align::Left { x } else { x - width };
    paint.alpha(0.85);
    paint.fill(Ink::Ground, |path| path.card((left - 3.0, y - 8.0), width + 6.0, 16.0, 4.0));
    paint.alpha(1.0);
    paint.text(ink, font, align, (x, y), word);
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

    #[test]
    fn of_a_long_queue_a_bar_is_drawn_at_each_place() {
        let (scenario, errors) = Scenario::from_fragment(
            "exchanges=400&token=true&server.reply=mirror&workload.arrivals=constant+1000\
             &policy.initial_timeout=10s&policy.give_up_above=none&server.service=10ms",
        );
        assert_eq!(errors, []);
        let mut run = PageRun::new(scenario);
        while !run.advance(1_000) {}
        let timeline = Timeline::new(&run);
        let jobs = timeline.servers().jobs();
        let stays = stays(&timeline, 1);
        let (from, to) = (300_000_000, 325_000_000);
        let there: Vec<_> = (stays.iter().copied())
            .filter(|stay| {
                jobs[stay.job as usize].arrived <= to && jobs[stay.job as usize].ended > from
            })
            .collect();
        let seen = in_sight(&stays, jobs, from, to);
        assert!(there.len() > 200 && seen.len() < 10, "{} of {}", seen.len(), there.len());
        assert!(there.iter().all(|stay| seen.iter().any(|other| other.place == stay.place)));
        let all = in_sight(&stays, jobs, 0, timeline.end());
        assert_eq!(all.len(), stays.len(), "each ends later than the previous one");
    }
}
