//! Positions on the stage. Up to a dozen clients each have a lane of their own; more form a field of dots
//! whose packets fan out to the server.

use crate::timeline::{Side, Timeline, usual_latency};
use retrylab_core::scenario::Scenario;
use retrylab_core::trace::Direction;

pub(crate) use crate::paint::Point;

/// Maximum number of clients that have a lane each.
const MAX_LANES: u32 = 12;

/// Distance of what is on the stage from its edges, unless several lanes need the room.
const EDGE: f64 = 14.0;

/// A rectangle in CSS pixels.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Rect {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) w: f64,
    pub(crate) h: f64,
}

/// What is at a point.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Spot {
    Client(u32),
    Server,
}

/// The stage's geometry for one size and one number of clients.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    pub(crate) w: f64,
    pub(crate) h: f64,
    /// Number of clients drawn.
    pub(crate) clients: u32,
    /// The part of the stage with the servers.
    pub(crate) server: Rect,
    /// Number of servers.
    pub(crate) servers: u16,
    /// The clients' part of the stage.
    field: Rect,
    /// Number of clients per row of a field.
    columns: u32,
    /// The height of a lane, or the side of a dot's cell.
    cell: f64,
    linger: u64,
}

impl Layout {
    /// Places the first `clients` clients and the servers of `scenario` on a stage of this width and height.
    pub(crate) fn new(w: f64, h: f64, scenario: &Scenario, clients: u32) -> Self {
        let linger = (usual_latency(scenario) / 2).max(1);
        let narrow = w < 480.0;
        let edge = if narrow { 10.0 } else { 24.0 };
        // Below several lanes is room for the word about a reply that is lost on the last one, and for the length of a fold.
        let [top, bottom] =
            if (2..=MAX_LANES).contains(&clients) { [10.0, 30.0] } else { [EDGE; 2] };
        let inner = (h - top - bottom).max(20.0);
        let wide = if narrow { 96.0 } else { 132.0 };
        let mut layout = Self {
            w,
            h,
            clients,
            server: Rect { x: w - edge - wide, y: top, w: wide, h: (h - top - EDGE).max(20.0) },
            servers: scenario.servers.as_slice().len() as u16,
            field: Rect { x: edge, y: top, w: 0.0, h: inner },
            columns: 1,
            cell: inner / f64::from(clients.max(1)),
            linger,
        };
        if layout.is_crowd() {
            layout.field.w = (w * if narrow { 0.42 } else { 0.44 }).round();
            layout.fit_crowd();
        } else {
            // Rings with names next to or below them.
            let name = if clients == 1 || narrow { 0.0 } else { 64.0 };
            layout.field.w = name + 2.0 * layout.ring() + 12.0;
            if clients == 1 {
                layout.field.w += if narrow { 20.0 } else { 56.0 };
                let each = if scenario.takes_time() { 90.0 } else { 50.0 };
                layout.server.h = inner.min(82.0 + each * f64::from(layout.servers));
                layout.server.y = top + (inner - layout.server.h) / 2.0;
            }
        }
        layout
    }

    /// Finds the largest cells with which all clients fit.
    fn fit_crowd(&mut self) {
        let Rect { w, h, .. } = self.field;
        let count = f64::from(self.clients);
        let mut cell = (w * h / count).sqrt().min(26.0);
        // Whole columns and rows need extra room: shrink until both fit.
        while cell > 1.0 && (w / cell).floor() * (h / cell).floor() < count {
            cell *= 0.985;
        }
        self.cell = cell;
        self.columns = ((w / cell).floor() as u32).clamp(1, self.clients.max(1));
        let rows = self.clients.div_ceil(self.columns);
        let used = f64::from(rows) * cell;
        self.field.y += ((h - used) / 2.0).max(0.0);
        self.field.h = used;
    }

    /// Returns true if clients share the stage as a field of dots.
    pub(crate) const fn is_crowd(&self) -> bool {
        self.clients > MAX_LANES
    }

    /// Returns true if the names of clients, one below the other, do not overlap.
    pub(crate) fn has_room_for_names(&self) -> bool {
        self.cell >= 15.0
    }

    /// Returns the radius of a client's ring.
    pub(crate) fn ring(&self) -> f64 {
        if self.is_crowd() {
            self.cell * 0.36
        } else {
            let most = if self.w < 480.0 { 36.0 } else { 58.0 };
            let share = if self.clients == 1 { 0.26 } else { 0.38 };
            (self.cell * share).max(6.0).min(most)
        }
    }

    /// Returns the radius of a packet.
    pub(crate) fn packet(&self) -> f64 {
        if self.is_crowd() {
            (self.cell * 0.3).clamp(1.5, 5.0)
        } else {
            (self.cell * 0.17).clamp(4.0, 13.0)
        }
    }

    /// Returns the radius of a frame, whose name is next to it. A crowd has no room for names.
    pub(crate) fn frame(&self) -> f64 {
        if self.is_crowd() { self.packet() } else { self.packet() * 0.6 }
    }

    /// Returns the centre of client `flow`, and the radius of its ring.
    pub(crate) fn client(&self, flow: u32) -> (f64, f64, f64) {
        let index = flow.clamp(1, self.clients.max(1)) - 1;
        let ring = self.ring();
        if self.is_crowd() {
            let (row, column) = (index / self.columns, index % self.columns);
            let x = self.field.x + (f64::from(column) + 0.5) * self.cell;
            let y = self.field.y + (f64::from(row) + 0.5) * self.cell;
            return (x, y, ring);
        }
        let mut x = self.field.x + self.field.w - ring - 6.0;
        let mut y = self.field.y + (f64::from(index) + 0.5) * self.cell;
        if self.clients == 1 {
            // Its name is below it.
            x = self.field.x + self.field.w / 2.0;
            y -= 16.0;
        }
        (x, y, ring)
    }

    /// Returns the distance of either direction from the middle of its lane.
    pub(crate) fn offset(&self) -> f64 {
        if self.is_crowd() { 0.0 } else { (self.cell * 0.16).clamp(1.0, 17.0) }
    }

    /// Returns where packets of `flow` start and end: at the client and at the server.
    fn ends(&self, flow: u32, direction: Direction) -> (Point, Point) {
        let (x, y, ring) = self.client(flow);
        if self.is_crowd() {
            let inset = 0.08 * self.server.h;
            let share = (y - self.field.y) / self.field.h.max(1.0);
            let port = self.server.y + inset + share * (self.server.h - 2.0 * inset);
            return ((x, y), (self.server.x, port));
        }
        let y = match direction {
            Direction::Request => y - self.offset(),
            Direction::Reply => y + self.offset(),
        };
        let room = self.packet() + 8.0;
        ((x + ring + room, y), (self.server.x - room, y))
    }

    /// Returns the card of the server in this place, from 0.
    pub(crate) fn card(&self, place: u16) -> Rect {
        let count = f64::from(self.servers);
        let gap = if self.servers > 1 { 8.0 } else { 0.0 };
        let h = (self.server.h - gap * (count - 1.0)) / count;
        Rect { y: self.server.y + f64::from(place) * (h + gap), h, ..self.server }
    }

    /// Returns where a packet from or to the server in this place is after `share` of its way. Packets of several servers
    /// fan out from the lane to their cards.
    pub(crate) fn on_way(&self, place: u16, flow: u32, direction: Direction, share: f64) -> Point {
        let (client, mut server) = self.ends(flow, direction);
        let (near_server, sign) = match direction {
            Direction::Request => (share, -1.0),
            Direction::Reply => (1.0 - share, 1.0),
        };
        if self.servers > 1 && !self.is_crowd() {
            let Rect { y, h, .. } = self.card(place);
            server.1 = y + h / 2.0 + sign * self.offset().min(h / 4.0);
        }
        let along = |from: f64, to: f64| from + (to - from) * near_server;
        (along(client.0, server.0), along(client.1, server.1))
    }

    /// Returns where a frame is drawn that a host and its router exchange: above the lane if it travels to the right, and
    /// below if to the left. `before` others are drawn nearer to the lane.
    pub(crate) fn at_router(
        &self,
        flow: u32,
        side: Side,
        (direction, before): (Direction, u16),
    ) -> Point {
        let (client, server) = self.ends(flow, direction);
        let (x, y) = if side == Side::Client { client } else { server };
        // The name of what travels on the lane is next to the lane.
        let name = if self.has_room_at_routers() { 14.0 } else { 0.0 };
        let away = name + (1.0 + f64::from(before.min(3))) * (self.packet() + 11.0);
        (x, if direction == Direction::Request { y - away } else { y + away })
    }

    /// Returns true if there is room for the names of the frames that a host and its router exchange.
    pub(crate) fn has_room_at_routers(&self) -> bool {
        self.cell >= 90.0
    }

    /// Returns where the room between a client's ring and the servers begins and ends.
    pub(crate) fn between(&self, flow: u32) -> (f64, f64) {
        let (x, _, ring) = self.client(flow);
        (x + ring, self.server.x)
    }

    /// Returns where the room for the packets of `flow` begins and ends, its middle, and half of its height. A crowd shares it.
    pub(crate) fn lane(&self, flow: u32) -> (f64, f64, f64, f64) {
        let (from, to) = self.between(flow);
        if self.is_crowd() {
            let from = self.field.x + self.field.w + 8.0;
            return (from, to - 8.0, self.h / 2.0 + 4.0, self.h / 2.0 - 24.0);
        }
        (from + 8.0, to - 8.0, self.client(flow).1, self.cell * 0.45)
    }

    /// Returns true if requests end at `x`.
    pub(crate) fn is_at_server(&self, x: f64) -> bool {
        x > self.server.x - self.packet() - 12.0
    }

    /// Returns how long a loss stays visible if nobody waits for it, or in a crowd.
    pub(crate) const fn linger(&self) -> u64 {
        self.linger
    }

    /// Returns for how long after its end a packet is still drawn.
    pub(crate) fn horizon(&self, timeline: &Timeline) -> u64 {
        if self.is_crowd() { self.linger } else { self.linger.max(timeline.longest_wait()) }
    }

    /// Returns how near a click has to be to a packet.
    pub(crate) fn reach(&self) -> f64 {
        (self.packet() + 6.0).max(if self.is_crowd() { 7.0 } else { 16.0 })
    }

    /// Returns what is at a point, apart from packets.
    pub(crate) fn spot(&self, x: f64, y: f64) -> Option<Spot> {
        let Rect { x: sx, y: sy, w, h } = self.server;
        if (sx..=sx + w).contains(&x) && (sy..=sy + h).contains(&y) {
            return Some(Spot::Server);
        }
        if x < self.field.x || x > self.field.x + self.field.w + 6.0 || y < self.field.y {
            return None;
        }
        let row = ((y - self.field.y) / self.cell) as u32;
        let index = if self.is_crowd() {
            let column = ((x - self.field.x) / self.cell) as u32;
            if column >= self.columns {
                return None;
            }
            row * self.columns + column
        } else {
            row
        };
        (index < self.clients).then(|| Spot::Client(index + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(w: f64, h: f64, clients: u32) -> Layout {
        let mut scenario = Scenario::default();
        scenario.clients = clients;
        Layout::new(w, h, &scenario, clients)
    }

    #[test]
    fn everything_is_on_the_stage_at_every_size() {
        for (w, h) in [(1200.0, 400.0), (720.0, 230.0), (358.0, 220.0), (320.0, 120.0)] {
            for clients in [1, 2, 5, 12, 13, 100, 1_000, 10_000] {
                let layout = layout(w, h, clients);
                for flow in [1, layout.clients / 2 + 1, layout.clients] {
                    let (x, y, ring) = layout.client(flow);
                    assert!(x - ring >= 0.0 && y - ring >= 0.0, "{w}x{h} {clients}: {x} {y}");
                    assert!(x + ring < layout.server.x && y + ring <= h, "{w}x{h} {clients}: {y}");
                    let (from, to) = layout.ends(flow, Direction::Request);
                    assert!(
                        from.0 + 20.0 < to.0,
                        "{w}x{h} {clients}: no way between {from:?} {to:?}"
                    );
                    assert!(to.1 >= layout.server.y && to.1 <= layout.server.y + layout.server.h);
                }
            }
        }
    }

    #[test]
    fn dots_do_not_overlap() {
        for clients in [13, 200, 1_000, 5_000] {
            let layout = layout(720.0, 230.0, clients);
            let (a, b) = (layout.client(1), layout.client(2));
            assert!(b.0 - a.0 >= 2.0 * layout.ring(), "{clients}");
            assert!(layout.cell >= 3.0, "{clients}: {}", layout.cell);
        }
    }

    #[test]
    fn requests_and_replies_keep_to_their_side_of_a_lane() {
        let layout = layout(720.0, 230.0, 3);
        let (out, back) = (
            layout.on_way(0, 2, Direction::Request, 0.25),
            layout.on_way(0, 2, Direction::Reply, 0.75),
        );
        assert!((out.0 - back.0).abs() < 1e-9 && out.1 < back.1);
        assert_eq!(
            layout.on_way(0, 2, Direction::Reply, 1.0).0,
            layout.on_way(0, 2, Direction::Request, 0.0).0
        );
    }
}
