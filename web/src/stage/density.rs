//! Draws very many packets: how many are where on their way, for each lane.

use super::layout::Layout;
use super::{Seen, Sight};
use crate::numbers::grouped;
use crate::paint::{Align, Font, Paint, Shape};
use crate::theme::Ink;
use retrylab_core::trace::Direction;

/// Number of packets from which on their density is drawn.
pub(super) const MANY: usize = 5_000;

/// Number of parts of a way.
const PARTS: usize = 40;

/// Number of packets in each part of each lane's way, by shape.
type Parts = Vec<[[u32; PARTS]; Shape::ALL.len()]>;

/// Draws the density of packets, requests above the middle of their lane and replies below; a crowd has one lane.
pub(super) fn draw(paint: &Paint<'_>, layout: &Layout, seen: &[Seen<'_>], in_flight: usize) {
    let lanes = if layout.is_crowd() { 1 } else { layout.clients };
    let mut parts: Parts = vec![[[0; PARTS]; Shape::ALL.len()]; lanes as usize];
    let mut lost = 0u64;
    for (_, packet, sight, _) in seen {
        let Sight::Flying(share) = *sight else {
            lost += 1;
            continue;
        };
        let along = if packet.direction == Direction::Request { share } else { 1.0 - share };
        let lane = packet.flow.clamp(1, lanes) as usize - 1;
        let part = ((along * PARTS as f64) as usize).min(PARTS - 1);
        parts[lane][Shape::of(packet) as usize][part] += 1;
    }
    let most = parts.iter().flatten().flatten().copied().max().unwrap_or(1).max(1);
    for (lane, of_lane) in (1..).zip(&parts) {
        let (from, to, middle, half) = layout.lane(lane);
        let step = (to - from) / PARTS as f64;
        paint.fill(Ink::Line, |path| path.rect((from, middle - 0.5), to - from, 1.0));
        // Retries are on top of first sends, which have half of the room above.
        for (shape, base, room) in [
            (Shape::Request, middle, half / 2.0),
            (Shape::Retry, middle - half / 2.0, half / 2.0),
            (Shape::Reply, middle, half / 2.0),
        ] {
            paint.fill(shape.ink(), |path| {
                for (part, count) in of_lane[shape as usize].iter().enumerate() {
                    let high = f64::from(*count) / f64::from(most) * (room - 2.0);
                    let top = if shape == Shape::Reply { base + 1.0 } else { base - high };
                    path.rect((from + part as f64 * step, top), step - 1.0, high);
                }
            });
        }
    }
    let mut note = grouped(in_flight as u64) + " packets on their way";
    if lost > 0 {
        note += &format!(", {} just lost", grouped(lost));
    }
    let (from, to, ..) = layout.lane(1);
    let at = (f64::midpoint(from, to), 10.0);
    paint.text_within(to - from, (Ink::Text, Font::sans(12.0), Align::Center), at, &note);
}
