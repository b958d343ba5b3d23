//! Draws the servers: each is a card with its workers, its queue, its counts, and what is wrong with it.

use super::Scene;
use super::layout::Rect;
use crate::numbers::grouped;
use crate::paint::{Align, Font, Paint, Point, Shape};
use crate::theme::Ink;
use crate::timeline::{Job, Load, Packet, Trouble, TroubleKind};
use retrylab_core::sim::Summary;
use std::net::SocketAddr;

/// Width of a character of [`Font::mono`], as a share of the font's size.
const MONO: f64 = 0.6;

/// Maximum number of places drawn one by one; more are a bar.
const MAX_CELLS: usize = 40;

/// Height of a line of text.
const LINE: f64 = 15.0;

/// Distance of the places of workers from what is below them.
const GAP: f64 = 2.0;

/// Distance of a card's content from its sides.
const EDGE: f64 = 9.0;

/// The heights of a card from which on it shows its load, and its counts below that.
const WITH_LOAD: f64 = 58.0;
const WITH_COUNTS: f64 = 112.0;

pub(super) fn servers(paint: &Paint<'_>, scene: &Scene<'_>) {
    for place in 0..scene.layout.servers {
        server(paint, scene, place);
    }
}

fn server(paint: &Paint<'_>, scene: &Scene<'_>, place: u16) {
    let rect = scene.layout.card(place);
    let troubles = scene.timeline.servers().troubles_at(scene.at);
    let own = troubles.filter(|trouble| trouble.is_of_server(place));
    // A server that is down does not work, so that it does not matter how slowly.
    let trouble = own.min_by_key(|trouble| trouble.kind != TroubleKind::Down);
    card(paint, rect, trouble.is_some());
    let takes_time = scene.timeline.servers().takes_time;
    let counts = if scene.layout.servers == 1 { counts(scene) } else { Vec::new() };
    let top = match takes_time {
        true if rect.h < WITH_COUNTS => 3.0,
        true => 8.0,
        // It has few lines, which are in the middle.
        false => (rect.h - (2.0 + counts.len() as f64) * LINE).max(4.0) / 2.0,
    };
    let mut column = Column { paint, rect, y: rect.y + top };
    head(&mut column, scene, place, trouble);
    if takes_time && rect.h >= WITH_LOAD {
        let below = rect.h >= WITH_COUNTS;
        load(&mut column, scene, place, if below { counts.len() as f64 * LINE } else { 0.0 });
        if !below {
            return;
        }
        column.y = rect.y + rect.h - counts.len() as f64 * LINE - 5.0;
    }
    for Count { ink, text, is_wasted } in counts {
        let middle = column.middle();
        column.line(ink, Font::sans(11.5), &text);
        if is_wasted {
            let left = middle.0 - paint.width(Font::sans(11.5), &text) / 2.0 - 15.0;
            wasted(paint, (left, middle.1 - 5.0), 10.0);
        }
    }
}

/// What is written from top to bottom on a card.
struct Column<'a> {
    paint: &'a Paint<'a>,
    rect: Rect,
    /// The top of the next line.
    y: f64,
}

impl Column<'_> {
    /// Returns the middle of the next line.
    fn middle(&self) -> Point {
        (self.rect.x + self.rect.w / 2.0, self.y + LINE / 2.0)
    }

    fn line(&mut self, ink: Ink, font: Font, text: &str) {
        let room = self.rect.w - 6.0;
        self.paint.text_within(room, (ink, font, Align::Center), self.middle(), text);
        self.y += LINE;
    }
}

/// Draws an empty card; hatched if something is wrong with its server.
fn card(paint: &Paint<'_>, Rect { x, y, w, h }: Rect, is_wrong: bool) {
    paint.fill(Ink::Surface, |path| path.card((x, y), w, h, 10.0));
    if is_wrong {
        paint.alpha(0.35);
        paint.stroke(Ink::Lost, 1.5, |path| path.hatch((x + 2.0, y + 2.0), w - 4.0, h - 4.0, 9.0));
        paint.alpha(1.0);
    }
    let (ink, width) = if is_wrong { (Ink::Lost, 2.0) } else { (Ink::Line, 1.5) };
    paint.stroke(ink, width, |path| path.card((x, y), w, h, 10.0));
}

/// Writes a server's name, and what is wrong with it, or else its address, or its load if there is no room for more.
fn head(column: &mut Column<'_>, scene: &Scene<'_>, place: u16, trouble: Option<&Trouble>) {
    let all = &scene.scenario.servers;
    let own = &all.as_slice()[place as usize];
    let name = if all.is_several() { own.name.to_string() } else { "server".to_string() };
    column.line(Ink::Text, Font::sans(14.0).bold(), &name);
    let Some(trouble) = trouble else {
        let servers = scene.timeline.servers();
        if servers.takes_time && column.rect.h < WITH_LOAD {
            let Load { waiting, working, .. } = servers.load(place, scene.at);
            let text = format!("busy {working}, queue {waiting}");
            column.line(Ink::Text, Font::sans(11.5), &text);
        } else if column.rect.h >= 34.0 {
            let own = if all.is_several() { own.address } else { scene.scenario.server_address() };
            address(column, own);
        }
        return;
    };
    let (font, word, (x, y)) = (Font::sans(12.5).bold(), trouble.word(), column.middle());
    let half = column.paint.width(font, &word) / 2.0 + 6.0;
    column.paint.fill(Ink::Lost, |path| path.card((x - half, y - 8.0), 2.0 * half, 16.0, 8.0));
    column.line(Ink::Surface, font, &word);
    if column.rect.h >= WITH_COUNTS {
        column.y += 3.0;
    }
}

/// Writes a server's address; without the port if the card is too narrow.
fn address(column: &mut Column<'_>, address: SocketAddr) {
    let size = if column.rect.w < 110.0 { 9.5 } else { 11.0 };
    let mut text = address.to_string();
    if text.len() as f64 * size * MONO > column.rect.w - 6.0 {
        text = address.ip().to_string();
    }
    column.line(Ink::Muted, Font::mono(size), &text);
}

/// A number at the bottom of a card.
struct Count {
    ink: Ink,
    text: String,
    is_wasted: bool,
}

/// Returns what the only server of a run has done so far.
fn counts(scene: &Scene<'_>) -> Vec<Count> {
    let Summary { replies, server_dropped, .. } = scene.summary;
    let count = |ink, n, words: &str| Count {
        ink,
        text: grouped(n) + words,
        is_wasted: words == " wasted",
    };
    let mut out = vec![count(Ink::Text, replies, if replies == 1 { " reply" } else { " replies" })];
    let ink = if server_dropped > 0 { Ink::Lost } else { Ink::Muted };
    out.push(count(ink, server_dropped, " dropped"));
    let wasted = scene.timeline.servers().load(0, scene.at).wasted as u64;
    if wasted > 0 {
        out.push(count(Ink::Lost, wasted, " wasted"));
    }
    out
}

/// Draws the workers and the queue, and leaves `below` free at the bottom.
fn load(column: &mut Column<'_>, scene: &Scene<'_>, place: u16, below: f64) {
    let servers = scene.timeline.servers();
    let Load { waiting, working, .. } = servers.load(place, scene.at);
    let jobs = |begun: bool| {
        let all = servers.jobs_at(place, scene.at);
        all.filter(move |job| job.is_begun(scene.at) == begun)
    };
    let [workers, queue] = servers.limits(scene.at);
    let parts = [
        ("busy", working, workers, jobs(true).collect::<Vec<_>>()),
        ("queue", waiting, queue, jobs(false).collect()),
    ];
    let bottom = column.rect.y + column.rect.h - below - 8.0;
    for (what, count, limit, jobs) in parts {
        let text = match limit {
            Some(most) => format!("{what} {} of {}", grouped(count as u64), grouped(most.into())),
            None => format!("{what} {}", grouped(count as u64)),
        };
        column.line(Ink::Text, Font::sans(11.5), &text);
        // Both get their room in equal parts, but a few workers need only one row.
        let is_queue = what == "queue";
        let rest = bottom - column.y;
        let high = if is_queue { rest } else { ((rest - LINE) / 2.0).min(22.0) };
        if high < 9.0 {
            continue;
        }
        let area =
            Rect { x: column.rect.x + EDGE, y: column.y, w: column.rect.w - 2.0 * EDGE, h: high };
        let places = limit.map_or(count, |most| (most as usize).max(count));
        if places > MAX_CELLS {
            bar(column.paint, scene, Rect { h: high.min(12.0), ..area }, (&jobs, places));
        } else {
            cells(column.paint, scene, area, (&jobs, places, limit.is_some()));
        }
        column.y += high + GAP;
    }
}

/// Draws the places of a queue or of workers one by one, with the requests that are there.
fn cells(
    paint: &Paint<'_>,
    scene: &Scene<'_>,
    area: Rect,
    (jobs, places, are_limited): (&[&Job], usize, bool),
) {
    // Cells of an unlimited number of places get smaller in steps.
    let count = if are_limited { places } else { places.next_multiple_of(10).max(10) } as f64;
    let mut size = 22.0f64.min(area.h);
    while size > 4.0 && (area.w / size).floor() * (area.h / size).floor() < count {
        size -= 0.5;
    }
    let most = (area.w / size).floor().min(count).max(1.0);
    // Rows of equal length: two of five rather than one of nine and one of one.
    let columns = (count / (count / most).ceil()).ceil();
    let left = area.x + (area.w - columns * size) / 2.0;
    let corner = |place: usize| {
        let (row, column) = (place / columns as usize, place % columns as usize);
        (left + column as f64 * size + 1.0, area.y + row as f64 * size + 1.0)
    };
    let side = size - 2.0;
    if are_limited {
        paint.alpha(0.5);
        paint.stroke(Ink::Muted, 1.0, |path| {
            (0..places).for_each(|place| path.card(corner(place), side, side, 2.0));
        });
        paint.alpha(1.0);
    }
    for (place, job) in jobs.iter().enumerate() {
        let (x, y) = corner(place);
        let middle = (x + side / 2.0, y + side / 2.0);
        if let Some(request) = scene.timeline.packet(job.request) {
            paint.packets(Shape::of(request), side * 0.32, &[middle]);
        }
        if job.is_begun(scene.at) {
            let left = job.left(scene.at);
            paint.stroke(Ink::Wait, 2.0, |path| path.ring(middle, side * 0.5, left));
        }
        if job.is_void(scene.at) {
            wasted(paint, (x, y), side);
        }
    }
}

/// Draws the mark of work that nobody needs.
fn wasted(paint: &Paint<'_>, at: Point, side: f64) {
    paint.stroke(Ink::Lost, 1.25, |path| {
        path.hatch(at, side, side, 3.5);
        path.rect(at, side, side);
    });
}

/// Draws many places as a bar: first sends, retries, and requests that nobody needs any more.
fn bar(
    paint: &Paint<'_>,
    scene: &Scene<'_>,
    Rect { x, y, w, h }: Rect,
    (jobs, places): (&[&Job], usize),
) {
    let mut counts = [0.0; 3];
    for job in jobs {
        let is_retry = scene.timeline.packet(job.request).is_some_and(Packet::is_retry);
        counts[if job.is_void(scene.at) { 2 } else { usize::from(is_retry) }] += 1.0;
    }
    let mut from = x;
    for (count, ink) in counts.into_iter().zip([Ink::Request, Ink::Retry, Ink::Lost]) {
        let wide = count / places as f64 * w;
        if ink == Ink::Lost {
            paint.stroke(ink, 1.25, |path| path.hatch((from, y), wide, h, 4.0));
        } else {
            paint.fill(ink, |path| path.rect((from, y), wide, h));
        }
        from += wide;
    }
    paint.stroke(Ink::Muted, 1.0, |path| path.rect((x, y), w, h));
}
