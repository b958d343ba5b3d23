//! Draws the visible rows of the ladder.

use super::{Columns, HEADER, LINE, Line, Row, STUB, View, lines, servers};
use crate::charts::{Exchange, exchange_of};
use crate::numbers::clock;
use crate::paint::{Align, Font, Paint, Point, Shape};
use crate::stage::{Pick, end_of};
use crate::theme::Ink;
use crate::timeline::{Ending, Id, Packet, Side};

/// Where a frame's name is, as a share of the way across; further along if its mark would be below it.
const NAME: f64 = 0.3;

/// Distance of the lines of a text that has to be broken: its row has room for one.
const CLOSE: f64 = 13.0;

/// Where a packet is drawn before it is sent and after it has arrived, as a share of the way across.
const START: f64 = 0.15;

/// Where it is drawn at least, so that it is clear of its lane.
const NEAR: f64 = 0.06;

impl View<'_> {
    /// Returns how thick the mark of something is, as a share of that of what is selected.
    fn mark(&self, pick: Pick) -> Option<f64> {
        if self.selected == Some(pick) {
            return Some(1.0);
        }
        (self.hovered == Some(pick)).then_some(0.6)
    }

    /// Returns true if an exchange is selected, and this is not it.
    pub(super) fn is_ghost(&self, exchange: Option<Exchange>) -> bool {
        self.own.is_some() && self.own != exchange
    }
}

pub(crate) fn draw(paint: &Paint<'_>, view: &View<'_>) {
    let rows = view.ladder.visible(view.top, view.top + view.h);
    let (Some(first), Some(last)) = (rows.first(), rows.last()) else {
        let middle = (view.columns.w / 2.0, view.h / 2.0);
        let text = "nothing of this client is kept";
        return paint.text(Ink::Muted, Font::sans(13.0), Align::Center, middle, text);
    };
    let has_playhead = view.at < u64::MAX;
    if has_playhead {
        current(paint, view);
    }
    lanes(paint, view);
    servers::troubles(paint, view);
    servers::changes(paint, view);
    waits(paint, view, first.at, last.at);
    servers::bars(paint, view, first.at, last.at);
    cover(paint, view);
    // What follows is drawn only as far as it is seen, and may reach over the cover.
    if has_playhead {
        playhead(paint, view);
    }
    let (from, to) = (first.at.min(view.seen), last.at.min(view.seen));
    for (id, packet) in view.ladder.packets_between(view.timeline, from, to) {
        paint.ghosts(view.is_ghost(packet.owner()));
        arrow(paint, view, id, packet);
    }
    paint.ghosts(false);
    for row in rows.iter().filter(|row| row.at <= view.seen) {
        words(paint, view, row);
    }
    header(paint, view);
}

/// Covers what the reader has not seen yet.
fn cover(paint: &Paint<'_>, view: &View<'_>) {
    let top = view.ladder.y_after(view.run, view.timeline, view.seen) - view.top;
    if top >= view.h || view.seen >= view.timeline.end() {
        return;
    }
    let Columns { w, client, server, .. } = view.columns;
    paint.fill(Ink::Ground, |path| path.rect((0.0, top), w, view.h - top));
    let bottom = (view.ladder.height - view.top - 8.0).min(view.h);
    paint.stroke(Ink::Edge, 1.5, |path| {
        for x in [client, server] {
            path.line((x, top.min(bottom)), (x, bottom));
        }
    });
}

/// Draws a band behind the row of the latest moment.
fn current(paint: &Paint<'_>, view: &View<'_>) {
    let Some((top, bottom)) = view.ladder.band(view.run, view.timeline, view.at) else { return };
    paint.alpha(0.1);
    paint.fill(Ink::Select, |path| {
        path.card((4.0, top - view.top), view.columns.w - 8.0, bottom - top, 5.0);
    });
    paint.alpha(1.0);
}

fn lanes(paint: &Paint<'_>, view: &View<'_>) {
    let bottom = (view.ladder.height - view.top - 8.0).min(view.h);
    paint.stroke(Ink::Edge, 1.5, |path| {
        for x in [view.columns.client, view.columns.server] {
            path.line((x, 0.0), (x, bottom));
        }
    });
}

/// Draws each wait as a bar on the client's lane, filled as far as it has run.
fn waits(paint: &Paint<'_>, view: &View<'_>, from: u64, to: u64) {
    let ladder = view.ladder;
    let armed = |id: &Id| view.timeline.waits()[*id as usize].armed;
    // Waits of a client follow each other: the wait before the first visible row may reach into it.
    let first = ladder.waits.partition_point(|id| armed(id) < from).saturating_sub(1);
    let last = ladder.waits.partition_point(|id| armed(id) <= to);
    for id in &ladder.waits[first..last] {
        let wait = &view.timeline.waits()[*id as usize];
        let y = |at: u64| ladder.y(at) - view.top;
        let ended = wait.ended.min(wait.deadline).min(view.timeline.end());
        let (top, bottom) = (y(wait.armed) + 2.0, y(ended) - 2.0);
        let now = y(view.at.max(wait.armed).min(ended)).max(top).min(bottom);
        let bar = |ink, from: f64, to: f64| {
            if to > from {
                let x = view.columns.client - 3.0;
                paint.fill(ink, |path| path.card((x, from), 6.0, to - from, 3.0));
            }
        };
        paint.ghosts(view.is_ghost(wait.owner()));
        bar(Ink::WaitSoft, top, bottom);
        if view.at > wait.armed {
            bar(Ink::Wait, top, now);
        }
        paint.ghosts(false);
        if let Some(share) = view.mark(Pick::Wait(*id)) {
            let x = view.columns.client - 6.0;
            paint.stroke(Ink::Select, 2.0 * share, |path| {
                path.card((x, top - 2.0), 12.0, bottom - top + 4.0, 6.0);
            });
        }
    }
}

/// Draws a packet that the reader has seen leaving.
fn arrow(paint: &Paint<'_>, view: &View<'_>, id: Id, packet: &Packet) {
    let (mut from, mut to) = view.ladder.segment(&view.columns, view.timeline, (id, packet));
    from.1 -= view.top;
    to.1 -= view.top;
    let shape = Shape::of(packet);
    let cause = if let Ending::Lost(cause) = packet.ending { Some(cause) } else { None };
    let lost = cause.is_some();
    let dropped = matches!(packet.ending_at(view.seen), Ending::Dropped(_));
    let sent = view.at >= packet.sent;
    let end = end_of(packet, view.timeline);
    // The share of its way after which it is at a time.
    let share = |at: u64| {
        (at.saturating_sub(packet.sent) as f64 / (end - packet.sent).max(1) as f64).min(1.0)
    };
    let is_over = |at: u64| at >= end && packet.ending != Ending::Unknown;
    let (over, ends) = (is_over(view.at), is_over(view.seen));
    let wide = !view.columns.narrow;
    let along = |share: f64| (from.0 + (to.0 - from.0) * share, from.1 + (to.1 - from.1) * share);
    let known = if ends { 1.0 } else { share(view.seen) };
    let line = |alpha: f64, width: f64, to: Point, head: bool| {
        paint.alpha(alpha);
        paint.stroke_as(shape, width, |path| path.line(from, to));
        if head {
            paint.stroke(shape.line_ink(), width, |path| path.head(from, to, 8.0));
        }
        paint.alpha(1.0);
    };
    if let Some(share) = view.mark(Pick::Packet(id)) {
        paint.alpha(0.25);
        paint.stroke(Ink::Select, 12.0 * share, |path| path.line(from, along(known)));
        paint.alpha(1.0);
    }
    if !over {
        line(0.45, 1.25, along(known), ends && !lost);
    }
    // The packet itself: near its start, or at its current position.
    let mut spot = along(if lost { 2.0 * START } else { START }.min(known).max(NEAR));
    if over {
        line(1.0, 2.0, to, !lost);
    } else if sent {
        spot = along(share(view.at).max(NEAR));
        line(1.0, 2.0, spot, false);
    }
    if ends && (lost || dropped) {
        let ink = if view.at >= packet.settled { Ink::Lost } else { Ink::Muted };
        paint.stroke(ink, 2.5, |path| path.cross(to, 5.0));
        if let (Some(cause), true) = (cause, wide) {
            cause_of_loss(paint, view, (ink, over), (from, to), &cause.to_string());
        }
    }
    match packet.frame {
        Some(_) => {
            frame_marker(paint, shape, spot, sent);
            name(paint, &view.columns, packet, (from, to), sent);
        }
        None => marker(paint, shape, packet.send(), spot, sent),
    }
}

/// Writes why a packet is lost next to its cross, in bold once that has happened.
fn cause_of_loss(
    paint: &Paint<'_>,
    view: &View<'_>,
    (ink, over): (Ink, bool),
    (from, to): (Point, Point),
    words: &str,
) {
    let [font, small] = [12.0, 10.5].map(|size| {
        let font = Font::sans(size);
        if over { font.bold() } else { font }
    });
    let (align, away, room) = if from.0 < to.0 {
        (Align::Left, 13.0, view.columns.server - to.0)
    } else {
        (Align::Right, -13.0, to.0 - view.columns.client)
    };
    // Clear of the cross and of the other side's wait.
    let fits = |font: Font| paint.width(font, words) <= room - 24.0;
    let (font, words) = match (fits(font), fits(small)) {
        (true, _) => (font, words),
        (false, true) => (small, words),
        (false, false) => (font, "lost"),
    };
    servers::word(paint, (ink, font, align), (to.0 + away, to.1), words);
}

/// Draws a frame's mark, hollow until it is sent; its name is drawn separately.
#[inline(never)]
fn frame_marker(paint: &Paint<'_>, shape: Shape, at: Point, sent: bool) {
    let radius = 4.5;
    if sent {
        paint.packets(shape, radius, &[at]);
    } else {
        paint.fill(Ink::Ground, |path| path.shape(shape, at, radius));
        paint.stroke(shape.line_ink(), 1.25, |path| path.shape(shape, at, radius));
    }
}

/// Writes the name of a frame on its line, behind the mark's first place; next to the line, if that ends at a router.
#[inline(never)]
fn name(
    paint: &Paint<'_>,
    columns: &Columns,
    packet: &Packet,
    (from, to): (Point, Point),
    sent: bool,
) {
    let Some(carried) = packet.frame else { return };
    let wide = !columns.narrow;
    let font = Font::sans(if wide { 12.0 } else { 10.5 });
    let name = carried.noun();
    let name = if wide { name } else { name.trim_start_matches("TCP ") };
    let inner = columns.server - columns.client;
    let width = paint.width(font, name).min(inner - STUB - 24.0);
    let half = width / 2.0;
    let ink = if sent { Ink::Text } else { Ink::Muted };
    let (x, y) = match packet.local {
        Some(Side::Client) => (from.0.max(to.0) + half + 6.0, from.1),
        Some(Side::Server) => (from.0.min(to.0) - half - 6.0, from.1),
        None => {
            let (dx, dy) = (to.0 - from.0, to.1 - from.1);
            let along = (NAME * inner).min(dx.abs());
            let away = along.max(START * inner + half + 10.0);
            // Of parallel lines, all names have the same height above or on them.
            (from.0 + away.copysign(dx), from.1 + dy * along / dx.abs().max(1.0))
        }
    };
    paint.alpha(0.85);
    paint.fill(Ink::Ground, |path| {
        path.card((x - half - 2.0, y - 7.0), width + 4.0, 14.0, 4.0);
    });
    paint.alpha(1.0);
    paint.text_within(width, (ink, font, Align::Center), (x, y + 0.5), name);
}

/// Draws the packet with the number of its send; hollow until it is sent.
fn marker(paint: &Paint<'_>, shape: Shape, send: u32, (x, y): Point, sent: bool) {
    let (radius, font) = (8.5, Font::sans(10.5).bold());
    let text = send.to_string();
    let down = if shape == Shape::Retry { 2.0 } else { 0.5 };
    if sent {
        paint.packets(shape, radius, &[(x, y)]);
        paint.text(shape.text_ink(), font, Align::Center, (x, y + down), &text);
    } else {
        paint.fill(Ink::Ground, |path| path.shape(shape, (x, y), radius));
        paint.stroke(shape.line_ink(), 1.5, |path| path.shape(shape, (x, y), radius));
        paint.text(Ink::Muted, font, Align::Center, (x, y + down), &text);
    }
}

fn words(paint: &Paint<'_>, view: &View<'_>, row: &Row) {
    let Columns { w, time, client, server, narrow } = view.columns;
    let y = row.y - view.top;
    let records = view.ladder.records_of(row);
    let owner = |id: &Id| exchange_of(&view.run.records()[*id as usize]);
    let is_ghost = records.iter().all(|id| view.is_ghost(owner(id)));
    let ink = if row.at <= view.at && !is_ghost { Ink::Text } else { Ink::Muted };
    let at = clock(row.at, view.places);
    paint.text(ink, Font::mono(if narrow { 10.0 } else { 11.5 }), Align::Right, (time, y), &at);
    let text = lines(view.run, view.timeline, records);
    let font = Font::sans(if narrow { 11.0 } else { 12.5 });
    let side = |lines: &[Line], x: f64, align: Align| {
        let room = if align == Align::Right { x - time - 8.0 } else { w - x - 4.0 };
        let top = y - (lines.len() as f64 - 1.0) * LINE / 2.0;
        for (i, line) in lines.iter().enumerate() {
            let is_wide = |text: &str| paint.width(font, text) > room;
            let text = if is_wide(&line.long) { &line.short } else { &line.long };
            let at = (x, top + i as f64 * LINE);
            if is_wide(text) {
                squeeze(paint, (room, ink, font, align), at, (text, lines.len() == 1));
            } else {
                paint.text(ink, font, align, at, text);
            }
        }
    };
    side(&text.client, client - 12.0, Align::Right);
    side(&text.server, server + 10.0, Align::Left);
}

/// Writes a text that is too wide: in two lines if its row has no other, and with narrow letters if that is not enough.
#[inline(never)]
fn squeeze(
    paint: &Paint<'_>,
    (room, ink, font, align): (f64, Ink, Font, Align),
    (x, y): Point,
    (text, is_alone): (&str, bool),
) {
    let (first, rest) = if is_alone { broken(text) } else { (text, "") };
    let up = if rest.is_empty() { 0.0 } else { CLOSE / 2.0 };
    for (part, y) in [(first, y - up), (rest, y + up)] {
        paint.text_within(room, (ink, font, align), (x, y), part);
    }
}

/// Returns a text in two lines, broken at the last space before its middle; the second one is empty if there is none.
fn broken(text: &str) -> (&str, &str) {
    let mut before = text.as_bytes().iter().take(text.len() / 2 + 1);
    match before.rposition(|byte| *byte == b' ') {
        Some(space) => (&text[..space], &text[space + 1..]),
        None => (text, ""),
    }
}

/// Draws the playhead: a line where there are no words, and a pointer at the times.
fn playhead(paint: &Paint<'_>, view: &View<'_>) {
    let y = (view.ladder.y(view.at) - view.top).round() + 0.5;
    let Columns { client, server, .. } = view.columns;
    paint.stroke(Ink::Select, 1.5, |path| path.line((client - 6.0, y), (server + 4.0, y)));
    paint.fill(Ink::Select, |path| path.pointer((3.0, y), 8.0));
}

/// Draws the names of the columns, which stay visible.
fn header(paint: &Paint<'_>, view: &View<'_>) {
    let Columns { w, time, client, server, .. } = view.columns;
    paint.fill(Ink::Ground, |path| path.rect((0.0, 0.0), w, HEADER));
    paint.stroke(Ink::Line, 1.0, |path| path.line((0.0, HEADER - 0.5), (w, HEADER - 0.5)));
    let y = HEADER / 2.0;
    let bold = Font::sans(12.0).bold();
    paint.text(Ink::Muted, Font::sans(11.0), Align::Right, (time, y), "seconds");
    let name = if view.run.scenario().clients > 1 {
        format!("client {}", view.ladder.flow)
    } else {
        "client".to_string()
    };
    paint.text(Ink::Text, bold, Align::Center, (client, y), &name);
    let several = view.run.scenario().servers.is_several();
    let name = if several { "servers" } else { "server" };
    paint.text(Ink::Text, bold, Align::Center, (server, y), name);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_broken_near_its_middle() {
        assert_eq!(broken("works 2 ms"), ("works", "2 ms"));
        assert_eq!(broken("no room in the queue"), ("no room in", "the queue"));
        assert_eq!(broken("rejects"), ("rejects", ""));
        assert_eq!(broken(""), ("", ""));
    }
}
