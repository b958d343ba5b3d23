//! Draws the stage.

use super::layout::{Layout, Point};
use super::server::servers;
use super::{Pick, Scene, Seen, Sight, density, place, sight};
use crate::paint::{Align, Font, Paint, Path, Shape};
use crate::theme::Ink;
use crate::timeline::{Packet, Side, Site, State, Wait};
use retrylab_core::machine::Timer;
use retrylab_core::trace::{Direction, words};

/// The radius of packets from which on they have numbers, and words where they are lost.
const NAMED: f64 = 7.5;

pub(crate) fn draw(paint: &Paint<'_>, scene: &Scene<'_>) {
    servers(paint, scene);
    if scene.layout.is_crowd() {
        crowd(paint, scene);
    } else {
        for flow in 1..=scene.layout.clients {
            lane(paint, scene.layout, flow);
            client(paint, scene, flow);
        }
    }
    troubles(paint, scene);
    packets(paint, scene);
}

/// Shades the middle of the way while something is wrong with the link, and its beginning while it is with the clients.
fn troubles(paint: &Paint<'_>, scene: &Scene<'_>) {
    if scene.timeline.servers().troubles_at(scene.at).next().is_some() {
        shade_way(paint, scene);
    }
}

#[inline(never)]
fn shade_way(paint: &Paint<'_>, scene: &Scene<'_>) {
    let (from, to, ..) = scene.layout.lane(1);
    let bottom = scene.layout.h - 8.0;
    for (site, x, word) in
        [(Site::Link, f64::midpoint(from, to), 14.0), (Site::Clients, from + 14.0, bottom - 6.0)]
    {
        let mut words = String::new();
        let all = scene.timeline.servers().troubles_at(scene.at);
        for trouble in all.filter(|trouble| trouble.site() == site) {
            paint.alpha(0.5);
            paint.stroke(Ink::Lost, 1.5, |path| {
                path.texture(trouble.kind.texture(), (x - 14.0, 26.0), 28.0, bottom - 42.0, 9.0);
            });
            paint.alpha(1.0);
            words = if words.is_empty() { trouble.word() } else { words + ", " + &trouble.word() };
        }
        let font = Font::sans(12.5).bold();
        paint.text(Ink::Lost, font, Align::Center, (x, word), &words);
    }
}

fn lane(paint: &Paint<'_>, layout: &Layout, flow: u32) {
    for direction in [Direction::Request, Direction::Reply] {
        for place in 0..layout.servers {
            let [from, to] = [0.0, 1.0].map(|share| layout.on_way(place, flow, direction, share));
            paint.stroke(Ink::Edge, 1.5, |path| {
                path.line(from, to);
                path.head(from, to, 6.0);
            });
        }
    }
}

fn client(paint: &Paint<'_>, scene: &Scene<'_>, flow: u32) {
    let (x, y, ring) = scene.layout.client(flow);
    let alone = scene.layout.clients == 1;
    let thick = (ring * 0.14).clamp(2.5, 6.0);
    let state = scene.timeline.state(flow, scene.at);
    paint.fill(Ink::Surface, |path| path.disc((x, y), ring));
    paint.stroke(Ink::Line, thick, |path| path.disc((x, y), ring));
    let mut under = "";
    match state {
        Some(State::Waiting(id)) => {
            // After its deadline, what the client waits for is not known yet.
            let wait = scene.timeline.wait(id).filter(|wait| wait.deadline > scene.at);
            if let Some(wait) = wait {
                countdown(paint, wait, scene.at, ((x, y), ring, thick));
                under = "waits";
            }
        }
        Some(State::Answered) => {
            paint.stroke(Ink::Reply, thick, |path| {
                path.disc((x, y), ring);
                path.check((x, y), ring * 0.4);
            });
            under = "answered";
        }
        Some(State::GaveUp | State::Refused) => {
            paint.stroke(Ink::Lost, thick, |path| {
                path.disc((x, y), ring);
                path.cross((x, y), ring * 0.32);
            });
            under = if state == Some(State::GaveUp) { "gave up" } else { "refused" };
        }
        None => {}
    }
    if alone {
        let narrow = scene.layout.w < 480.0;
        let below = y + ring + 20.0;
        paint.text(Ink::Text, Font::sans(14.0).bold(), Align::Center, (x, below), "client");
        let address = || scene.scenario.family.clients().address(flow).to_string();
        let text = if narrow { under.to_string() } else { address() };
        let font = if narrow { Font::sans(11.0) } else { Font::mono(11.0) };
        paint.text(Ink::Muted, font, Align::Center, (x, below + 18.0), &text);
    } else if scene.layout.w >= 480.0 {
        let chosen = flow == scene.client;
        let (ink, font) = if chosen {
            (Ink::Text, Font::sans(12.0).bold())
        } else if scene.layout.has_room_for_names() {
            (Ink::Muted, Font::sans(12.0))
        } else {
            return;
        };
        let name = format!("client {flow}");
        paint.text(ink, font, Align::Right, (x - ring - 10.0, y), &name);
    }
}

/// Draws what is left of a wait as a part of the client's ring, and in words if there is room.
fn countdown(paint: &Paint<'_>, wait: &Wait, at: u64, ((x, y), ring, thick): (Point, f64, f64)) {
    let left = wait.deadline - at;
    let share = left as f64 / (wait.deadline - wait.armed).max(1) as f64;
    let bad = matches!(wait.timer, Timer::GiveUp | Timer::Limits);
    let ink = if bad { Ink::Lost } else { Ink::Wait };
    paint.stroke(ink, thick, |path| path.ring((x, y), ring, share));
    if ring < 24.0 {
        return;
    }
    let font = Font::sans(if ring > 40.0 { 15.0 } else { 13.0 }).bold();
    // A small ring has room for one line.
    let has_word = ring >= 34.0;
    let up = if has_word { 6.0 } else { 0.0 };
    let style = (Ink::Text, font, Align::Center);
    paint.text_within(1.6 * ring, style, (x, y - up), &wait.left(at));
    if has_word {
        let word = words::countdown(wait.timer);
        paint.text(Ink::Muted, Font::sans(11.0), Align::Center, (x, y + 11.0), word);
    }
}

/// Draws a field of marks, hollow ones, because packets are filled: a client that waits is a circle, after a retry a
/// triangle; both shrink as their wait runs down. A square is answered, a crossed circle gave up or was refused.
#[inline(never)]
fn crowd(paint: &Paint<'_>, scene: &Scene<'_>) {
    let (mut waiting, mut again) = (Vec::new(), Vec::new());
    let (mut answered, mut gave_up) = (Vec::new(), Vec::new());
    for flow in 1..=scene.layout.clients {
        let (x, y, ring) = scene.layout.client(flow);
        match scene.timeline.state(flow, scene.at) {
            Some(State::Waiting(id)) => {
                let Some(wait) = scene.timeline.wait(id) else { continue };
                let left = wait.deadline.saturating_sub(scene.at);
                let share = left as f64 / (wait.deadline - wait.armed).max(1) as f64;
                let r = ring * (0.35 + 0.65 * share);
                let first = wait.label.is_none_or(|label| label.send.get() == 1);
                if first { &mut waiting } else { &mut again }.push(((x, y), r));
            }
            Some(State::Answered) => answered.push(((x, y), ring * 0.62)),
            Some(State::GaveUp | State::Refused) => gave_up.push((x, y)),
            None => {}
        }
    }
    let (x, y, ring) = scene.layout.client(scene.client);
    let width = (ring * 0.25).clamp(0.75, 2.0);
    // Clients that are done are drawn fainter than those that wait.
    for (shape, ink, alpha, spots) in [
        (Shape::Reply, Ink::Reply, 0.6, &answered),
        (Shape::Request, Ink::Wait, 1.0, &waiting),
        (Shape::Retry, Ink::RetryLine, 1.0, &again),
    ] {
        paint.alpha(alpha);
        let add = |path: &Path<'_>| spots.iter().for_each(|(at, r)| path.shape(shape, *at, *r));
        // Very small marks have no middle to leave out.
        if ring < 2.0 {
            paint.fill(ink, add);
        } else {
            paint.stroke(ink, width, add);
        }
    }
    paint.alpha(1.0);
    paint.stroke(Ink::Lost, (ring * 0.35).clamp(1.0, 2.5), |path| {
        for at in &gave_up {
            path.disc(*at, ring);
            path.cross(*at, ring * 0.4);
        }
    });
    paint.stroke(Ink::Select, 2.0, |path| path.disc((x, y), ring + 3.0));
}

fn packets(paint: &Paint<'_>, scene: &Scene<'_>) {
    let Scene { layout, timeline, at, .. } = *scene;
    let seen: Vec<Seen<'_>> = timeline
        .around(at, layout.horizon(timeline))
        .filter_map(|(id, packet)| {
            let sight = sight(layout, timeline, packet, at)?;
            Some((id, packet, sight, place(layout, packet, sight)))
        })
        .collect();
    let in_flight = timeline.in_flight(at);
    if in_flight > density::MANY {
        return density::draw(paint, layout, &seen, in_flight);
    }
    let own = scene.selected.and_then(|pick| pick.exchange(timeline));
    for are_ghosts in [true, false] {
        let is_ghost = |packet: &Packet| own.is_some() && packet.owner() != own;
        let some = seen.iter().filter(|(_, packet, ..)| is_ghost(packet) == are_ghosts);
        paint.ghosts(are_ghosts);
        each(paint, layout, &some.copied().collect::<Vec<_>>());
    }
    mark(paint, scene, &seen, (scene.selected, 2.5));
    mark(paint, scene, &seen, (scene.hovered, 1.5));
    pointed(paint, scene, &seen);
}

/// Draws packets one by one.
fn each(paint: &Paint<'_>, layout: &Layout, seen: &[Seen<'_>]) {
    if !layout.is_crowd() {
        trails(paint, layout, seen);
    }
    losses(paint, layout, seen);
    let radius = layout.packet();
    for shape in Shape::ALL {
        let of_shape = |(_, packet, sight, _): &&Seen<'_>| {
            matches!(sight, Sight::Flying(_)) && Shape::of(packet) == shape
        };
        let spots = |is_small: bool| -> Vec<Point> {
            let of_size =
                seen.iter().filter(of_shape).filter(|(_, packet, ..)| is_small == is_frame(packet));
            of_size.map(|(.., spot)| *spot).collect()
        };
        paint.packets(shape, radius, &spots(false));
        paint.packets(shape, layout.frame(), &spots(true));
        if radius >= NAMED {
            for (_, packet, _, (x, y)) in seen.iter().filter(of_shape) {
                if let Some(carried) = packet.frame {
                    name(paint, layout, (packet, carried.noun()), (*x, *y));
                    continue;
                }
                let down = if shape == Shape::Retry { 2.0 } else { 0.5 };
                let font = Font::sans(11.0).bold();
                let text = packet.send().to_string();
                paint.text(shape.text_ink(), font, Align::Center, (*x, y + down), &text);
            }
        }
    }
}

/// Draws a ring around everything that the cursor of a chart points at.
fn pointed(paint: &Paint<'_>, Scene { layout, pointed, .. }: &Scene<'_>, seen: &[Seen<'_>]) {
    paint.stroke(Ink::Select, 1.5, |path| {
        for (_, packet, _, spot) in seen {
            if pointed.covers(packet.sent, packet.owner()) {
                path.disc(*spot, layout.packet() + 6.0);
            }
        }
        for flow in (1..=layout.clients).filter(|flow| pointed.concerns(*flow)) {
            let (x, y, ring) = layout.client(flow);
            path.disc((x, y), ring + if layout.is_crowd() { 2.0 } else { 6.0 });
        }
    });
}

/// Draws a ring around a packet, a client that waits, or a client; nothing around what is not there at the moment.
fn mark(
    paint: &Paint<'_>,
    scene: &Scene<'_>,
    seen: &[Seen<'_>],
    (pick, width): (Option<Pick>, f64),
) {
    let flow = match pick {
        Some(Pick::Packet(id)) => {
            if let Some((.., spot)) = seen.iter().find(|(own, ..)| *own == id) {
                let radius = scene.layout.packet() + 6.0;
                paint.stroke(Ink::Select, width, |path| path.disc(*spot, radius));
            }
            None
        }
        Some(Pick::Wait(id)) => {
            let flow = scene.timeline.wait(id).map(|wait| wait.flow);
            flow.filter(|flow| scene.timeline.state(*flow, scene.at) == Some(State::Waiting(id)))
        }
        Some(Pick::Client(flow)) => Some(flow),
        None => None,
    };
    if let Some(flow) = flow {
        let (x, y, ring) = scene.layout.client(flow);
        paint.stroke(Ink::Select, width, |path| path.disc((x, y), ring + 6.0));
    }
}

/// Frames are drawn smaller, because their names are next to them.
const fn is_frame(packet: &Packet) -> bool {
    packet.frame.is_some()
}

/// Writes the name of a frame next to it, off the lane; those that travel together one above the other.
#[inline(never)]
fn name(paint: &Paint<'_>, layout: &Layout, (packet, name): (&Packet, &str), (x, y): Point) {
    let radius = layout.frame();
    let font = Font::sans(if layout.w < 480.0 { 10.5 } else { 12.0 });
    if let Some(side) = packet.local {
        if !layout.has_room_at_routers() {
            return;
        }
        let (from, to) = layout.between(packet.flow);
        let (align, x, room) = match side {
            Side::Client => (Align::Left, x + radius + 5.0, to - x - radius - 11.0),
            Side::Server => (Align::Right, x - radius - 5.0, x - from - radius - 11.0),
        };
        return paint.text_within(room, (Ink::Text, font, align), (x, y), name);
    }
    let away = radius + 9.0 + 13.0 * f64::from(packet.behind.min(3));
    let y = if packet.direction == Direction::Request { y - away } else { y + away };
    // Not over the client's ring, nor over the server's card.
    let half = paint.width(font, name) / 2.0;
    let (from, to) = layout.between(packet.flow);
    let x = x.min(to - half - 6.0).max(from + half + 6.0);
    paint.text(Ink::Text, font, Align::Center, (x, y), name);
}

/// Draws the path that each packet has travelled.
fn trails(paint: &Paint<'_>, layout: &Layout, seen: &[Seen<'_>]) {
    paint.alpha(0.55);
    for shape in Shape::ALL {
        paint.stroke_as(shape, 2.5, |path| {
            for (_, packet, _, spot) in seen {
                if Shape::of(packet) == shape && packet.local.is_none() {
                    let start = layout.on_way(packet.server, packet.flow, packet.direction, 0.0);
                    path.line(start, *spot);
                }
            }
        });
    }
    paint.alpha(1.0);
}

/// Draws crosses, fresh ones before fading ones; where there is room, each names what was lost.
fn losses(paint: &Paint<'_>, layout: &Layout, seen: &[Seen<'_>]) {
    let radius = layout.packet();
    let width = (radius * 0.38).clamp(1.2, 4.0);
    for (from, to, alpha) in [(0.5, 1.1, 1.0), (0.0, 0.5, 0.7)] {
        paint.alpha(alpha);
        paint.stroke(Ink::Lost, width, |path| {
            for (.., sight, spot) in seen {
                if matches!(sight, Sight::Gone(left) if (from..to).contains(left)) {
                    path.cross(*spot, radius * 0.8);
                }
            }
        });
    }
    paint.alpha(1.0);
    if radius < NAMED {
        return;
    }
    for (_, packet, sight, (x, y)) in seen {
        if matches!(sight, Sight::Gone(_)) {
            let what = match packet.direction {
                Direction::Request => "send",
                Direction::Reply => "reply",
            };
            // The words for what is wrong with the link are above all lanes.
            let is_above = packet.direction == Direction::Request && y - radius > 40.0;
            let dy = if is_above { -radius - 11.0 } else { radius + 12.0 };
            let word = if layout.is_at_server(*x) { "dropped" } else { "lost" };
            let text = match packet.frame {
                Some(carried) => format!("{} {word}", carried.noun()),
                None => format!("{what} {} {word}", packet.send()),
            };
            let align = if layout.is_at_server(*x) { Align::Right } else { Align::Center };
            let x = if align == Align::Right { x + radius } else { *x };
            paint.text(Ink::Lost, Font::sans(12.0).bold(), align, (x, y + dy), &text);
        }
    }
}
